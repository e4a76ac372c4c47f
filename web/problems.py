"""Every error as RFC 9457 problem+json, with a stable ``code``; nothing of our insides shows."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import HotlineError

MEDIA_TYPE = "application/problem+json"


class FieldError(BaseModel):
    """One input that breaks a rule."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: str
    """Its name in path, query or body, with a dot for what lies inside: ``phone``, ``queues.0``."""
    rule: str
    """What is asked of it, as a sentence."""


class Problem(BaseModel):
    """The body of every answer that is not a success."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
    """``urn:hotline:problem:<code>``."""
    title: str
    status: int
    detail: str
    code: str
    """Stable; what a program should look at."""
    errors: tuple[FieldError, ...] = ()


class RequestRefused(HotlineError):
    """A request that is wrong before any feature sees it.

    Args:
        status: HTTP status.
        code: stable code.
        message: one sentence.
        errors: the inputs that are wrong.
    """

    def __init__(self, status: int, code: str, message: str, errors: Iterable[FieldError] = ()) -> None:
        super().__init__(message, code=code)
        self.status = status
        self.errors = tuple(errors)


def invalid(errors: Iterable[FieldError]) -> RequestRefused:
    """Inputs break rules: 422."""
    found = tuple(errors)
    names = ", ".join(dict.fromkeys(error.field for error in found))
    return RequestRefused(422, "invalid_input", f"the request is not valid: {names}", found)


def field_errors(error: ValidationError) -> list[FieldError]:
    """What pydantic found, in the API's notation; the refused values themselves are not repeated."""
    return [
        FieldError(field=_name(item["loc"]), rule=_rule(item["type"], item["msg"]))
        for item in error.errors(include_url=False, include_input=False, include_context=False)
    ]


def _name(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location)) or "body"


def _rule(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "no such field"
    if kind == "missing":
        return "is required"
    return message.removeprefix("Value error, ")


def from_error(error: HotlineError) -> web.Response:
    """An error of ours as a response."""
    errors: tuple[FieldError, ...] = getattr(error, "errors", ())
    if not errors and error.field is not None:
        errors = (FieldError(field=error.field, rule=error.message),)
    headers = {}
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    retry_after = getattr(error, "retry_after", 1 if error.status == HTTPStatus.SERVICE_UNAVAILABLE else None)
    if retry_after is not None:
        headers["Retry-After"] = str(max(1, round(retry_after)))
    return respond(error.status, error.code, error.message, errors, headers)


_HTTP_CODES = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}


def from_http(error: web.HTTPException) -> web.Response:
    """An error of aiohttp's own (no such path, wrong method, body too large) as a response."""
    code = _HTTP_CODES.get(error.status, "bad_request" if error.status < 500 else "internal_error")  # noqa: PLR2004 - HTTP's own border
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    return respond(error.status, code, _SENTENCES.get(code, HTTPStatus(error.status).phrase), (), headers)


_SENTENCES = {
    "not_found": "there is nothing at this path",
    "method_not_allowed": "this path does not know this method",
    "body_too_large": "the body is larger than allowed",
}


def internal() -> web.Response:
    """A fault of ours; what it was is in the log, under the request's id."""
    return respond(500, "internal_error", "the request failed; the log has the reason under its request id")


def respond(
    status: int,
    code: str,
    detail: str,
    errors: Iterable[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """A problem+json response."""
    problem = Problem(
        type=f"urn:hotline:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        errors=tuple(errors),
    )
    return web.Response(
        status=status,
        body=problem.model_dump_json().encode(),
        content_type=MEDIA_TYPE,
        headers=headers,
    )


def schema() -> dict[str, Any]:
    """JSON schema of a problem, for OpenAPI."""
    return Problem.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
