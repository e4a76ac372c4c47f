import json

import pytest
from aiohttp import web
from pydantic import ValidationError

from core.errors import (
    Conflict,
    HotlineError,
    InvalidInput,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    PreconditionFailed,
    PreconditionRequired,
    TooManyRequests,
    Unavailable,
)
from tests.unit.web.samples import ThingBody
from web import problems


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InvalidInput("no"), 422, "invalid_input"),
        (NotAuthenticated("no"), 401, "not_authenticated"),
        (NotPermitted("no"), 403, "not_permitted"),
        (NotFound("no"), 404, "not_found"),
        (Conflict("no"), 409, "conflict"),
        (Conflict("no", code="phone_taken"), 409, "phone_taken"),
        (PreconditionFailed("no"), 412, "precondition_failed"),
        (PreconditionRequired("no"), 428, "precondition_required"),
        (TooManyRequests("no"), 429, "too_many_requests"),
        (Unavailable("no"), 503, "unavailable"),
        (HotlineError("no"), 500, "internal_error"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_every_error_of_ours_has_its_status_and_code(error: HotlineError, status: int, code: str) -> None:
    response = problems.from_error(error)
    body = json.loads(response.body)  # type: ignore[arg-type]
    assert (response.status, body["status"], body["code"]) == (status, status, code)
    assert body["errors"] == []


def test_the_field_of_an_error_becomes_an_entry() -> None:
    body = json.loads(problems.from_error(InvalidInput("unknown", field="phone")).body)  # type: ignore[arg-type]
    assert body["errors"] == [{"field": "phone", "rule": "unknown"}]


def test_a_pause_becomes_retry_after() -> None:
    error = TooManyRequests("wait")
    error.retry_after = 12.4  # type: ignore[attr-defined]
    assert problems.from_error(error).headers["Retry-After"] == "12"
    assert problems.from_error(Unavailable("away")).headers["Retry-After"] == "1"
    assert "Retry-After" not in problems.from_error(NotFound("no")).headers


def test_pydantic_s_findings_become_names_and_sentences() -> None:
    with pytest.raises(ValidationError) as caught:
        ThingBody.model_validate({"parts": [{"name": 1}], "colour": 1})
    found = {error.field: error.rule for error in problems.field_errors(caught.value)}
    assert set(found) == {"name", "parts.0.name", "colour"}
    assert found["name"] == "is required"
    assert found["colour"] == "no such field"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (web.HTTPNotFound(), "not_found"),
        (web.HTTPBadRequest(text="<script>"), "bad_request"),
        (web.HTTPRequestEntityTooLarge(1, 2), "body_too_large"),
        (web.HTTPBadGateway(), "internal_error"),
    ],
)
def test_aiohttp_s_errors_become_problems_without_their_text(error: web.HTTPException, code: str) -> None:
    response = problems.from_http(error)
    body = json.loads(response.body)  # type: ignore[arg-type]
    assert (response.status, body["code"]) == (error.status, code)
    assert "<script>" not in body["detail"]
