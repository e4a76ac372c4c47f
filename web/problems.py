"""Every error as problem+json (RFC 9457): a stable ``code``, a sentence, and the fields that were wrong."""

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from core.errors import HotlineError

CONTENT_TYPE = "application/problem+json"

LOWEST_SERVER_ERROR = 500

CODES = {
    400: "bad_request",
    401: "not_authenticated",
    403: "not_permitted",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
    422: "invalid_input",
    500: "internal_error",
}
"""Codes of problems that no feature has named."""


def problem(
    status: int,
    code: str,
    detail: str,
    errors: Iterable[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """A problem+json answer.

    Args:
        status: HTTP status.
        code: stable, for programs.
        detail: one sentence, for people.
        errors: ``{"field": ..., "rule": ...}`` for each value that breaks a rule.
        headers: further headers.
    """
    body: dict[str, Any] = {
        "type": f"urn:hotline:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    listed = [dict(error) for error in errors]
    if listed:
        body["errors"] = listed
    text = json.dumps(body, ensure_ascii=False)
    return web.Response(status=status, text=text, content_type=CONTENT_TYPE, headers=headers)


def of_error(error: HotlineError) -> web.Response:
    """One of our own errors."""
    errors = [{"field": error.field, "rule": error.message}] if error.field else []
    headers = {"Retry-After": "1"} if error.status in (429, 503) else None
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers = {"WWW-Authenticate": "Bearer"}
    return problem(error.status, error.code, error.message, errors, headers)


def of_validation(error: ValidationError) -> web.Response:
    """Values that break the declared rules; the values themselves are not repeated."""
    errors = [
        {"field": ".".join(str(part) for part in item["loc"]) or "body", "rule": item["msg"]}
        for item in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    first = errors[0]
    return problem(422, CODES[422], f"{first['field']}: {first['rule']}", errors)


def of_http(error: web.HTTPException) -> web.Response:
    """An error that aiohttp raised: unknown path, wrong method, body too large."""
    allow = error.headers.get("Allow")
    headers = {"Allow": allow} if allow else None
    code = CODES.get(error.status, "bad_request")
    return problem(error.status, code, error.reason, headers=headers)
