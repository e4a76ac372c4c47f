"""Requests through the whole application: what gets in, what comes out, what the log says."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs

from core.api import Endpoint
from core.identity import Permission
from tests.unit.web.samples import Sessions, Things, endpoints
from web.app import create_app, create_metrics_app
from web.inputs import BODY_LIMIT_BYTES

Client = TestClient[web.Request, web.Application]

AGENT = {"Authorization": "Bearer agent"}
ADMIN = {"Authorization": "Bearer administrator"}
THING = "/api/v1/things/3"
GOOD = {"name": "供热", "state": "READY", "size": 1, "story": "one\n\ttwo", "parts": [{"name": "a"}]}


@pytest.fixture
def things() -> Things:
    return Things()


@pytest.fixture
async def client(things: Things) -> AsyncIterator[Client]:
    async with TestClient(TestServer(create_app(endpoints(things), Sessions(), version="9"))) as made:
        yield made


async def problem(response: ClientResponse, status: int, code: str, *fields: str) -> dict[str, Any]:
    """Check that a response is a whole problem document about these fields."""
    assert response.status == status
    assert response.content_type == "application/problem+json"
    body: dict[str, Any] = json.loads(await response.text())
    assert set(body) == {"type", "title", "status", "detail", "code", "errors"}
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"] == f"urn:hotline:problem:{code}"
    assert [error["field"] for error in body["errors"]] == list(fields)
    assert all(error["rule"] for error in body["errors"])
    return body


# --- the plain way -----------------------------------------------------------------------------


async def test_a_request_reaches_its_handler_validated(client: Client, things: Things) -> None:
    response = await client.put(THING + "?limit=7", json=GOOD, headers=AGENT)
    assert response.status == 200
    assert await response.json() == {"thing_id": 3, "name": "供热", "who": "agent", "story": "one\n\ttwo"}
    assert response.headers["ETag"] == '"7"'
    (request,) = things.reached
    assert (request.path.thing_id, request.query.limit, request.body.parts[0].name) == (3, 7, "a")
    assert request.remote == "127.0.0.1"


async def test_a_public_endpoint_needs_no_session(client: Client, things: Things) -> None:
    response = await client.get(THING, params={"word": "heat"})
    assert (await response.json())["name"] == "heat"
    assert things.reached[0].session is None


async def test_nothing_to_show_is_204(client: Client) -> None:
    response = await client.delete(THING, headers=ADMIN)
    assert (response.status, await response.read()) == (204, b"")


# --- who asks ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic agent",
        "agent",
        "Bearer a b",
        "Bearer \xe9",
        f"Bearer {'x' * 201}",
    ],
)
async def test_without_a_sensible_token_it_is_401(client: Client, things: Things, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    response = await client.put(THING, json=GOOD, headers=headers)
    await problem(response, 401, "not_authenticated")
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert things.reached == []


async def test_an_unknown_token_is_401_and_not_repeated(client: Client, things: Things) -> None:
    response = await client.put(THING, json=GOOD, headers={"Authorization": "Bearer stranger"})
    body = await problem(response, 401, "session_invalid")
    assert "stranger" not in json.dumps(body)
    assert things.reached == []


async def test_a_role_without_the_permission_is_403(client: Client, things: Things) -> None:
    await problem(await client.delete(THING, headers=AGENT), 403, "not_permitted")
    assert things.reached == []


async def test_who_may_not_do_it_learns_nothing_about_the_input(client: Client) -> None:
    await problem(await client.delete("/api/v1/things/zero", headers=AGENT), 403, "not_permitted")


async def test_sessions_that_cannot_be_looked_up_are_503(client: Client) -> None:
    response = await client.put(THING, json=GOOD, headers={"Authorization": "Bearer away"})
    await problem(response, 503, "unavailable")
    assert response.headers["Retry-After"] == "1"


# --- inputs ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"name": ""}, ["name"]),
        ({"name": "x" * 81}, ["name"]),
        ({"name": None}, ["name"]),
        ({"name": 5}, ["name"]),
        ({"name": ["a"]}, ["name"]),
        ({"name": "a\x00b"}, ["name"]),
        ({"name": "a\nb"}, ["name"]),
        ({"name": "a\tb"}, ["name"]),
        ({"name": "a\x7fb"}, ["name"]),
        ({"name": "a\x85b"}, ["name"]),
        ({"story": "a\x00b"}, ["story"]),
        ({"story": "a\rb"}, ["story"]),
        ({"story": "a\x1bb"}, ["story"]),
        ({"state": "ASLEEP"}, ["state"]),
        ({"state": "ready"}, ["state"]),
        ({"size": "1"}, ["size"]),
        ({"size": 1.5}, ["size"]),
        ({"size": True}, ["size"]),
        ({"parts": {}}, ["parts"]),
        ({"parts": [{"name": "a"}] * 4}, ["parts"]),
        ({"parts": [{"name": "a\x01"}]}, ["parts.0.name"]),
        ({"parts": [{"name": "a"}, {"title": "b"}]}, ["parts.1.name", "parts.1.title"]),
        ({"colour": "red"}, ["colour"]),
        ({"name": "", "size": "x", "colour": "red"}, ["name", "size", "colour"]),
    ],
)
async def test_a_value_that_breaks_a_rule_is_named(
    client: Client, things: Things, change: dict[str, object], fields: list[str]
) -> None:
    response = await client.put(THING, json={**GOOD, **change}, headers=AGENT)
    await problem(response, 422, "invalid_input", *fields)
    assert things.reached == []


async def test_a_missing_field_is_named(client: Client) -> None:
    body = await problem(await client.put(THING, json={}, headers=AGENT), 422, "invalid_input", "name")
    assert body["errors"] == [{"field": "name", "rule": "is required"}]


async def test_refused_values_are_not_repeated(client: Client) -> None:
    response = await client.put(THING, json={**GOOD, "size": "13800138000"}, headers=AGENT)
    assert "13800138000" not in await response.text()


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/api/v1/things/0", "thing_id"),
        ("/api/v1/things/x", "thing_id"),
        ("/api/v1/things/1.5", "thing_id"),
        ("/api/v1/things/1%00", "thing_id"),
        ("/api/v1/things/1?limit=0", "limit"),
        ("/api/v1/things/1?limit=", "limit"),
        ("/api/v1/things/1?limit=1&limit=2", "limit"),
        ("/api/v1/things/1?word=a%00b", "word"),
        ("/api/v1/things/1?word=a%0Ab", "word"),
        ("/api/v1/things/1?word=" + "x" * 21, "word"),
        ("/api/v1/things/1?colour=red", "colour"),
    ],
)
async def test_path_and_query_are_checked_alike(
    client: Client, things: Things, path: str, field: str
) -> None:
    await problem(await client.get(path), 422, "invalid_input", field)
    assert things.reached == []


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "bad_json"),
        (b"{", "bad_json"),
        (b"nonsense", "bad_json"),
        (b'{"name": "a", "name": "b"}', "bad_json"),
        (b'{"name": "a", "size": NaN}', "bad_json"),
        (b'{"name": "a", "size": Infinity}', "bad_json"),
        (b'{"name": "\xff"}', "bad_json"),
        (b'{"name": "a\x00b"}', "bad_json"),
        (b'{"size": ' + b"9" * 5000 + b"}", "bad_json"),
        (b"[" * 100_000, "bad_json"),
        (b"[" * 17 + b"]" * 17, "json_too_deep"),
        (b'{"name": "a", "size": ' + b"[" * 16 + b"1" + b"]" * 16 + b"}", "json_too_deep"),
        (b'{"a":' * 17 + b"1" + b"}" * 17, "json_too_deep"),
    ],
)
async def test_what_is_no_proper_json_is_400(client: Client, things: Things, raw: bytes, code: str) -> None:
    response = await client.put(THING, data=raw, headers={**AGENT, "Content-Type": "application/json"})
    await problem(response, 400, code)
    assert things.reached == []


@pytest.mark.parametrize("raw", [b"[]", b"null", b'"text"', b"1", b'{"name": "\\ud800"}'])
async def test_json_of_the_wrong_shape_is_422(client: Client, things: Things, raw: bytes) -> None:
    response = await client.put(THING, data=raw, headers={**AGENT, "Content-Type": "application/json"})
    assert response.status == 422
    assert things.reached == []


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "text/json", ""])
async def test_another_content_type_is_415(client: Client, kind: str) -> None:
    response = await client.put(THING, data=b"{}", headers={**AGENT, "Content-Type": kind})
    await problem(response, 415, "unsupported_media_type")


async def test_a_body_that_is_too_large_is_413(client: Client, things: Things) -> None:
    body = json.dumps({**GOOD, "story": "x" * BODY_LIMIT_BYTES})
    response = await client.put(THING, data=body, headers={**AGENT, "Content-Type": "application/json"})
    await problem(response, 413, "body_too_large")
    assert things.reached == []


# --- other ends --------------------------------------------------------------------------------


async def test_an_unknown_path_is_404(client: Client) -> None:
    await problem(await client.get("/api/v1/nothing"), 404, "not_found")


async def test_a_wrong_method_is_405_and_names_the_right_ones(client: Client) -> None:
    response = await client.post(THING, json=GOOD, headers=AGENT)
    await problem(response, 405, "method_not_allowed")
    assert response.headers["Allow"] == "DELETE,GET,PUT"


async def test_a_conflict_keeps_its_code_and_field(client: Client) -> None:
    body = await problem(await client.get("/api/v1/clash", headers=AGENT), 409, "phone_taken", "phone")
    assert body["detail"] == "the phone is taken"


@pytest.mark.parametrize("path", ["/api/v1/crash", "/api/v1/lie"])
async def test_a_fault_of_ours_shows_nothing_but_its_request_id(client: Client, path: str) -> None:
    with capture_logs() as lines:
        response = await client.get(path, headers=AGENT)
    body = await problem(response, 500, "internal_error")
    assert "secret" not in json.dumps(body)
    assert "Traceback" not in json.dumps(body)
    assert [line["event"] for line in lines] == ["request_crashed", "http_request"]


# --- around every answer -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status"), [(THING, 200), ("/nothing", 404), ("/healthz", 200), ("/openapi.json", 200)]
)
async def test_every_answer_carries_the_security_headers(client: Client, path: str, status: int) -> None:
    response = await client.get(path)
    assert response.status == status
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert response.headers["Server"] == "hotline"
    assert len(response.headers["X-Request-Id"]) == 32


async def test_the_access_log_has_the_route_and_no_personal_data(client: Client) -> None:
    with capture_logs() as lines:
        await client.put(THING + "?word=13800138000", json={**GOOD, "name": "Zhang San"}, headers=AGENT)
    (line,) = [line for line in lines if line["event"] == "http_request"]
    assert (line["method"], line["route"], line["status"], line["account_id"]) == (
        "PUT",
        "/api/v1/things/{thing_id}",
        200,
        1,
    )
    written = json.dumps(lines)
    for private in ("13800138000", "Zhang", "agent", "Bearer"):
        assert private not in written


async def test_health_checks_do_not_fill_the_log(client: Client) -> None:
    with capture_logs() as lines:
        assert (await client.get("/healthz")).status == 200
        assert (await client.get("/readyz")).status == 200
    assert lines == []


def test_an_endpoint_declared_twice_is_refused(things: Things) -> None:
    twice = Endpoint("GET", "/api/v1/clash", Permission.ANY, "Again", things.clash)
    with pytest.raises(ValueError, match="GET /api/v1/clash is declared twice"):
        create_app([*endpoints(things), twice], Sessions())


# --- health and metrics ------------------------------------------------------------------------


async def test_readiness_says_which_part_is_missing_and_not_why() -> None:
    async def good() -> bool:
        return True

    async def silent() -> None:
        return

    async def bad() -> bool:
        return False

    async def broken() -> None:
        raise OSError("password is hunter2")

    ready = create_app([], Sessions(), checks={"good": good, "silent": silent})
    async with TestClient(TestServer(ready)) as client:
        response = await client.get("/readyz")
        assert response.status == 200
        assert await response.json() == {"status": "ok", "checks": {"good": "ok", "silent": "ok"}}
    missing = create_app([], Sessions(), checks={"good": good, "bad": bad, "broken": broken})
    async with TestClient(TestServer(missing)) as client:
        response = await client.get("/readyz")
        assert response.status == 503
        checks = {"good": "ok", "bad": "failed", "broken": "failed"}
        assert await response.json() == {"status": "unavailable", "checks": checks}
        assert (await client.get("/healthz")).status == 200


async def test_a_check_that_hangs_counts_as_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.health.CHECK_SECONDS", 0.05)

    async def hang() -> None:
        await asyncio.Event().wait()

    async with TestClient(TestServer(create_app([], Sessions(), checks={"hang": hang}))) as client:
        response = await client.get("/readyz")
        assert (response.status, (await response.json())["checks"]) == (503, {"hang": "failed"})


async def test_metrics_come_as_they_are_rendered() -> None:
    app = create_metrics_app(lambda: (b"calls_total 1.0\n", "text/plain; version=1.0.0; charset=utf-8"))
    async with TestClient(TestServer(app)) as client:
        response = await client.get("/metrics")
        assert response.headers["Content-Type"] == "text/plain; version=1.0.0; charset=utf-8"
        assert await response.read() == b"calls_total 1.0\n"
        assert (await client.get("/api/v1/me")).status == 404
