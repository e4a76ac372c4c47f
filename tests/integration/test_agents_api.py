"""People through the whole web layer and a real PostgreSQL; the engine is played by a fake of its inbox."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher
from openapi_spec_validator import OpenAPIV31SpecValidator

from agents.api import PeopleApi, endpoints
from agents.service import AccountChange, AgentService
from agents.store import SQL, AgentStore
from core.errors import Conflict, Unavailable
from core.events import AgentLogin, AgentLogout, AgentStateAsked, ApiEvent
from core.facts import AgentLeft, AgentSatDown, AgentStateChanged, Fact, NextStateSet
from core.identity import Role
from core.ports import AgentView, QueueView
from core.vocabulary import AgentId, AgentState, CallId, Phone, QueueName
from db.pool import Database
from db.writer import OrderedWriter
from web.app import create_app

pytestmark = pytest.mark.integration

NOW = 1795463036.25
CALL = CallId("11111111-1111-4111-8111-111111111111")
PASSWORD = "correct horse battery"
HASH = PasswordHasher().hash(PASSWORD)
"""Made once: hashing is slow on purpose."""
PHONES = {"1001": True, "1002": True, "1003": False}


@dataclass
class FakeCentre:
    """The engine as the API sees it: inbox, live view, phones and tickets in one."""

    asked: list[ApiEvent] = field(default_factory=list)
    seats: dict[AgentId, AgentView] = field(default_factory=dict)
    refuse: Exception | None = None
    ticket: int | None = 42
    tickets_away: bool = False

    async def ask(self, event: ApiEvent) -> Sequence[Fact]:
        self.asked.append(event)
        if self.refuse is not None:
            raise self.refuse
        match event:
            case AgentLogin():
                self.seats[event.agent_id] = view(event)
            case AgentLogout():
                del self.seats[event.agent_id]
            case AgentStateAsked():
                before = self.seats[event.agent_id]
                self.seats[event.agent_id] = replace(
                    before, state=event.state, reason=event.reason, cause=event.cause, since=event.at
                )
        return []

    def agent(self, agent_id: AgentId) -> AgentView | None:
        return self.seats.get(agent_id)

    def agents(self) -> Sequence[AgentView]:
        return list(self.seats.values())

    def queues(self) -> Sequence[QueueView]:
        return []

    def exists(self, phone: Phone) -> bool:
        return phone in PHONES

    def reachable(self, phone: Phone) -> bool:
        return PHONES[phone]

    async def ticket_of(self, _call_id: CallId) -> int | None:
        if self.tickets_away:
            raise Unavailable("away")
        return self.ticket


def view(event: AgentLogin) -> AgentView:
    return AgentView(
        agent_id=event.agent_id,
        name=event.name,
        phone=event.phone,
        queues=event.queues,
        state=AgentState.BREAK,
        reason="",
        cause="agent",
        since=event.at,
        until=None,
        next_state=None,
        call_id=None,
        caller="",
        dialled="",
        queue="",
        answered_at=None,
    )


@dataclass
class Office:
    """Everything a test needs: people, their tokens, the fake engine."""

    client: TestClient[Any, Any]
    centre: FakeCentre
    service: AgentService
    store: AgentStore
    writer: OrderedWriter
    database: Database
    ids: dict[str, AgentId]
    tokens: dict[str, str]

    async def call(
        self, who: str, method: str, path: str, body: object = None, **headers: str
    ) -> ClientResponse:
        """One request; ``who`` is a login, or ``""`` for nobody."""
        if who:
            headers["Authorization"] = f"Bearer {self.tokens[who]}"
        options = {} if body is None else {"json": body}
        return await self.client.request(method, f"/api/v1{path}", headers=headers, **options)  # type: ignore[arg-type]

    async def audit(self) -> list[tuple[str, str, str]]:
        """Actor, action and object of everything but logging in."""
        await self.writer.flush()
        rows = await self.database.fetch(
            "SELECT actor, action, object FROM audit WHERE action <> 'session.open' ORDER BY id"
        )
        return [(row["actor"], row["action"], row["object"]) for row in rows]

    async def accounts(self) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.database.fetch("SELECT * FROM accounts ORDER BY id")]


@pytest.fixture
async def office(database: Database, dsn: str, tmp_path: Path) -> AsyncIterator[Office]:
    writer = OrderedWriter(dsn, tmp_path / "spool")
    await writer.start()
    service = AgentService(database, ["citizens", "business"], 3600)
    store = AgentStore(database, writer)
    centre = FakeCentre()
    api = PeopleApi(
        service=service,
        store=store,
        inbox=centre,
        live=centre,
        phones=centre,
        tickets=centre,
        now=lambda: NOW,
    )
    app = create_app(endpoints(api), service.sessions)
    roles = {"zhang": Role.AGENT, "li": Role.AGENT, "wang": Role.SUPERVISOR, "zhao": Role.ADMINISTRATOR}
    ids, tokens = {}, {}
    for login, role in roles.items():
        queues = ["citizens"] if login == "zhang" else []
        row = await database.fetchrow(SQL["create_account"], login, login.title(), role, HASH, queues)
        assert row is not None
        ids[login] = AgentId(row["id"])
        tokens[login] = (await service.sessions.open(ids[login])).token
    async with TestClient(TestServer(app)) as client:
        yield Office(client, centre, service, store, writer, database, ids, tokens)
    await writer.stop()


async def problem(response: ClientResponse, status: int, code: str, *fields: str) -> None:
    assert (response.status, (await response.json())["code"]) == (status, code)
    assert [error["field"] for error in (await response.json())["errors"]] == list(fields)


# --- sessions ----------------------------------------------------------------------------------


async def log_in(office: Office, login: str, password: str) -> ClientResponse:
    return await office.call("", "POST", "/sessions", {"login": login, "password": password})


async def test_logging_in_and_out(office: Office) -> None:
    response = await log_in(office, "zhang", PASSWORD)
    assert response.status == 201
    opened = await response.json()
    assert opened["account"] == {
        "id": office.ids["zhang"],
        "login": "zhang",
        "display_name": "Zhang",
        "role": "agent",
        "queues": ["citizens"],
    }
    assert len(opened["token"]) == 43
    office.tokens["zhang"] = opened["token"]
    assert (await office.call("zhang", "GET", "/me")).status == 200
    assert (await office.call("zhang", "DELETE", "/sessions/current")).status == 204
    await problem(await office.call("zhang", "GET", "/me"), 401, "session_invalid")
    assert (await office.audit())[-1] == ("zhang", "session.end", f"account:{office.ids['zhang']}")


async def test_the_token_is_nowhere_in_the_database(office: Office) -> None:
    token = (await (await log_in(office, "zhang", PASSWORD)).json())["token"]
    for table in ("sessions", "audit", "accounts"):
        rows = await office.database.fetch(f"SELECT t::text AS row FROM {table} t")  # noqa: S608 - named here
        assert not any(token in row["row"] or PASSWORD in row["row"] for row in rows)


@pytest.mark.parametrize(("login", "password"), [("zhang", "wrong horse battery"), ("nobody", PASSWORD)])
async def test_a_wrong_login_is_refused_alike(office: Office, login: str, password: str) -> None:
    response = await log_in(office, login, password)
    await problem(response, 401, "wrong_login")
    assert (await response.json())["detail"] == "the login or the password is wrong"


async def test_an_inactive_account_cannot_log_in(office: Office) -> None:
    await office.call(
        "zhao", "PATCH", f"/accounts/{office.ids['li']}", {"active": False}, **{"If-Match": '"1"'}
    )
    await problem(await log_in(office, "li", PASSWORD), 401, "wrong_login")
    await problem(await office.call("li", "GET", "/me"), 401, "session_invalid")


async def test_guessing_is_slowed_down_with_a_hint_when_to_come_back(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.throttle.FIRST_WAIT", 30.0)
    for _ in range(5):
        await problem(await log_in(office, "zhang", "wrong horse battery"), 401, "wrong_login")
    response = await log_in(office, "zhang", "wrong horse battery")
    await problem(response, 429, "too_many_logins")
    assert 1 <= int(response.headers["Retry-After"]) <= 30
    assert (await log_in(office, "li", PASSWORD)).status == 201


BAD_LOGINS: list[tuple[dict[str, object], str]] = [
    ({"login": "zhang"}, "password"),
    ({"password": PASSWORD}, "login"),
    ({"login": "", "password": PASSWORD}, "login"),
    ({"login": "x" * 41, "password": PASSWORD}, "login"),
    ({"login": "zhang", "password": ""}, "password"),
    ({"login": "zhang", "password": "x" * 129}, "password"),
    ({"login": "zhang", "password": "x\x00y"}, "password"),
    ({"login": "zh\x00ang", "password": PASSWORD}, "login"),
    ({"login": ["zhang"], "password": PASSWORD}, "login"),
    ({"login": "zhang", "password": 12345678901}, "password"),
    ({"login": "zhang", "password": PASSWORD, "role": "administrator"}, "role"),
]


async def test_a_bad_login_body_is_named(office: Office) -> None:
    for body, name in BAD_LOGINS:
        await problem(await office.call("", "POST", "/sessions", body), 422, "invalid_input", name)


# --- one's own seat and state ------------------------------------------------------------------


async def test_away_from_a_phone_there_is_only_the_account(office: Office) -> None:
    me = await (await office.call("zhang", "GET", "/me")).json()
    assert (me["account"]["login"], me["seat"], me["state"], me["call"]) == ("zhang", None, None, None)


async def test_taking_and_leaving_a_seat(office: Office) -> None:
    response = await office.call("zhang", "PUT", "/me/seat", {"phone": "1001"})
    assert response.status == 200
    me = await response.json()
    assert me["seat"] == {"phone": "1001", "queues": ["citizens"]}
    assert me["state"]["state"] == "BREAK"
    assert me["state"]["since"] == "2026-11-23T19:43:56.250000Z"
    zhang = office.ids["zhang"]
    expected = AgentLogin(zhang, "Zhang", Phone("1001"), (QueueName("citizens"),), NOW, login="zhang")
    assert office.centre.asked == [expected]
    assert (await office.call("zhang", "DELETE", "/me/seat")).status == 204
    assert office.centre.asked[-1] == AgentLogout(zhang, "agent", NOW)
    assert (await office.audit())[-2:] == [
        ("zhang", "seat.take", f"account:{zhang}"),
        ("zhang", "seat.leave", f"account:{zhang}"),
    ]


BAD_SEATS: list[tuple[dict[str, object], int, str, str]] = [
    ({"phone": "9999"}, 422, "unknown_phone", "phone"),
    ({"phone": "1003"}, 409, "phone_not_registered", "phone"),
    ({"phone": ""}, 422, "invalid_input", "phone"),
    ({"phone": "1"}, 422, "invalid_input", "phone"),
    ({"phone": "12345678901"}, 422, "invalid_input", "phone"),
    ({"phone": "10a1"}, 422, "invalid_input", "phone"),
    ({"phone": "1001\r\nAction: Hangup"}, 422, "invalid_input", "phone"),
    ({"phone": "10\x0001"}, 422, "invalid_input", "phone"),
    ({"phone": "１００１"}, 422, "invalid_input", "phone"),
    ({"phone": 1001}, 422, "invalid_input", "phone"),
    ({"phone": None}, 422, "invalid_input", "phone"),
    ({}, 422, "invalid_input", "phone"),
    ({"phone": "1001", "queues": ["vip"]}, 422, "invalid_input", "queues"),
]


async def test_only_a_proper_phone_reaches_the_engine(office: Office) -> None:
    for body, status, code, name in BAD_SEATS:
        response = await office.call("zhang", "PUT", "/me/seat", body)
        await problem(response, status, code, name)
        assert office.centre.asked == []
        assert await office.audit() == []


@pytest.mark.parametrize("code", ["phone_taken", "already_seated", "call_in_progress", "not_seated"])
async def test_what_the_engine_refuses_is_a_409_and_no_audit_row(office: Office, code: str) -> None:
    office.centre.refuse = Conflict("no", code=code, field="phone")
    await problem(await office.call("zhang", "PUT", "/me/seat", {"phone": "1001"}), 409, code, "phone")
    await problem(await office.call("zhang", "DELETE", "/me/seat"), 409, code, "phone")
    await problem(await office.call("zhang", "PUT", "/me/state", {"state": "READY"}), 409, code, "phone")
    assert await office.audit() == []


async def test_asking_for_a_state(office: Office) -> None:
    await office.call("zhang", "PUT", "/me/seat", {"phone": "1001"})
    response = await office.call("zhang", "PUT", "/me/state", {"state": "BREAK", "reason": "小休"})
    assert (await response.json())["state"]["reason"] == "小休"
    zhang = office.ids["zhang"]
    assert office.centre.asked[-1] == AgentStateAsked(zhang, AgentState.BREAK, "小休", "agent", NOW)


BAD_STATES: list[tuple[dict[str, object], str]] = [
    ({}, "state"),
    ({"state": "ready"}, "state"),
    ({"state": "RINGING"}, "state"),
    ({"state": "TALKING"}, "state"),
    ({"state": "OFFLINE"}, "state"),
    ({"state": "NOT_RESPONDING"}, "state"),
    ({"state": None}, "state"),
    ({"state": 1}, "state"),
    ({"state": "BREAK", "reason": "x" * 81}, "reason"),
    ({"state": "BREAK", "reason": "a\nb"}, "reason"),
    ({"state": "BREAK", "reason": "a\x00b"}, "reason"),
    ({"state": "BREAK", "reason": None}, "reason"),
    ({"state": "BREAK", "cause": "supervisor"}, "cause"),
]


async def test_only_a_proper_state_reaches_the_engine(office: Office) -> None:
    for body, name in BAD_STATES:
        await problem(await office.call("zhang", "PUT", "/me/state", body), 422, "invalid_input", name)
        forced: dict[str, object] = {"reason": "break over", **body}
        path = f"/agents/{office.ids['zhang']}/state"
        await problem(await office.call("wang", "PUT", path, forced), 422, "invalid_input", name)
        assert office.centre.asked == []


async def test_the_call_at_the_phone_shows_with_its_ticket(office: Office) -> None:
    await office.call("zhang", "PUT", "/me/seat", {"phone": "1001"})
    seat = office.centre.seats[office.ids["zhang"]]
    call = {"call_id": CALL, "caller": "13800138000", "dialled": "12345", "queue": "citizens"}
    ringing = replace(
        seat, state=AgentState.RINGING, call_id=CALL, caller="13800138000", dialled="12345", queue="citizens"
    )
    office.centre.seats[seat.agent_id] = ringing
    shown = (await (await office.call("zhang", "GET", "/me")).json())["call"]
    assert shown == {**call, "answered_at": None, "ticket_id": None, "known": None}
    office.centre.seats[seat.agent_id] = replace(ringing, state=AgentState.TALKING, answered_at=NOW)
    shown = (await (await office.call("zhang", "GET", "/me")).json())["call"]
    assert (shown["ticket_id"], shown["answered_at"]) == (42, "2026-11-23T19:43:56.250000Z")
    office.centre.tickets_away = True
    response = await office.call("zhang", "GET", "/me")
    assert (response.status, (await response.json())["call"]["ticket_id"]) == (200, None)


# --- supervision -------------------------------------------------------------------------------


async def test_supervisors_see_everybody_and_no_caller(office: Office) -> None:
    await office.call("zhang", "PUT", "/me/seat", {"phone": "1001"})
    seat = office.centre.seats[office.ids["zhang"]]
    office.centre.seats[seat.agent_id] = replace(seat, call_id=CALL, caller="13800138000")
    response = await office.call("wang", "GET", "/agents")
    (item,) = (await response.json())["items"]
    assert (item["agent_id"], item["name"], item["seat"]["phone"]) == (seat.agent_id, "Zhang", "1001")
    assert item["call_id"] == CALL
    assert "13800138000" not in await response.text()


async def test_supervisors_set_states_with_a_reason(office: Office) -> None:
    zhang = office.ids["zhang"]
    await office.call("zhang", "PUT", "/me/seat", {"phone": "1001"})
    body = {"state": "READY", "reason": "break over"}
    response = await office.call("wang", "PUT", f"/agents/{zhang}/state", body)
    assert response.status == 200
    asked = AgentStateAsked(zhang, AgentState.READY, "break over", "supervisor:wang", NOW)
    assert office.centre.asked[-1:] == [asked]
    assert (await office.audit())[-1] == ("wang", "agent.force_state", f"account:{zhang}")
    assert (await office.call("wang", "DELETE", f"/agents/{zhang}/seat")).status == 204
    assert office.centre.asked[-1:] == [AgentLogout(zhang, "supervisor:wang", NOW)]
    assert (await office.audit())[-1] == ("wang", "agent.force_out", f"account:{zhang}")


@pytest.mark.parametrize("reason", [None, "", "   "])
async def test_a_forced_state_needs_a_reason(office: Office, reason: str | None) -> None:
    body = {"state": "READY"} if reason is None else {"state": "READY", "reason": reason}
    path = f"/agents/{office.ids['zhang']}/state"
    await problem(await office.call("wang", "PUT", path, body), 422, "invalid_input", "reason")


async def test_who_is_not_at_a_phone_cannot_be_moved(office: Office) -> None:
    body = {"state": "READY", "reason": "x"}
    for path in (f"/agents/{office.ids['zhang']}", "/agents/999999"):
        await problem(await office.call("wang", "PUT", f"{path}/state", body), 404, "not_found")
        await problem(await office.call("wang", "DELETE", f"{path}/seat"), 404, "not_found")


WITH_ID = [
    ("PUT", "/agents/{}/state", "agent_id"),
    ("DELETE", "/agents/{}/seat", "agent_id"),
    ("GET", "/accounts/{}", "account_id"),
    ("PATCH", "/accounts/{}", "account_id"),
    ("GET", "/accounts/{}/states", "account_id"),
]


async def test_a_bad_id_is_named(office: Office) -> None:
    for bad in ("0", "-1", "x", "1.5", str(2**63), "1%00"):
        for method, path, name in WITH_ID:
            response = await office.call("zhao", method, path.format(bad), {"state": "READY", "reason": "x"})
            await problem(response, 422, "invalid_input", name)


# --- roles -------------------------------------------------------------------------------------

NEW: dict[str, object] = {"login": "sun", "display_name": "Sun", "role": "agent", "password": PASSWORD}
SUPERVISION = [("GET", "/agents"), ("PUT", "/agents/1/state"), ("DELETE", "/agents/1/seat")]
MANAGEMENT = [("POST", "/accounts"), ("GET", "/accounts"), ("GET", "/accounts/1"), ("PATCH", "/accounts/1")]
OWN = [("GET", "/me"), ("PUT", "/me/seat"), ("DELETE", "/me/seat"), ("PUT", "/me/state")]


@pytest.mark.parametrize(
    ("who", "routes"),
    [("zhang", SUPERVISION + MANAGEMENT), ("wang", MANAGEMENT)],
    ids=["agent", "supervisor"],
)
async def test_a_role_without_the_right_is_refused(
    office: Office, who: str, routes: list[tuple[str, str]]
) -> None:
    before = await office.accounts()
    for method, path in routes:
        await problem(await office.call(who, method, path, NEW), 403, "not_permitted")
    assert await office.accounts() == before
    assert office.centre.asked == []


async def test_without_a_session_nothing_is_open_but_logging_in(office: Office) -> None:
    history = [("GET", "/accounts/1/states"), ("DELETE", "/sessions/current")]
    for method, path in OWN + SUPERVISION + MANAGEMENT + history:
        await problem(await office.call("", method, path), 401, "not_authenticated")


# --- accounts ----------------------------------------------------------------------------------


async def test_creating_an_account(office: Office) -> None:
    response = await office.call("zhao", "POST", "/accounts", {**NEW, "queues": ["business"]})
    assert (response.status, response.headers["ETag"]) == (201, '"1"')
    made = await response.json()
    assert {key: made[key] for key in ("login", "display_name", "role", "queues", "active", "version")} == {
        **{key: NEW[key] for key in ("login", "display_name", "role")},
        "queues": ["business"],
        "active": True,
        "version": 1,
    }
    assert "password" not in json.dumps(made)
    assert (await office.audit())[-1] == ("zhao", "account.create", f"account:{made['id']}")
    assert (await log_in(office, "sun", PASSWORD)).status == 201
    shown = await office.call("zhao", "GET", f"/accounts/{made['id']}")
    assert (await shown.json(), shown.headers["ETag"]) == (made, '"1"')


BAD_NEW_ACCOUNTS: list[tuple[dict[str, object], int, str]] = [
    ({"login": "zhang"}, 409, "login"),
    ({"login": "Sun"}, 422, "login"),
    ({"login": "s"}, 422, "login"),
    ({"login": "x" * 41}, 422, "login"),
    ({"login": "sun shine"}, 422, "login"),
    ({"login": "sun\x00"}, 422, "login"),
    ({"login": 5}, 422, "login"),
    ({"login": None}, 422, "login"),
    ({"display_name": ""}, 422, "display_name"),
    ({"display_name": "   "}, 422, "display_name"),
    ({"display_name": "x" * 81}, 422, "display_name"),
    ({"display_name": "a\nb"}, 422, "display_name"),
    ({"display_name": "a\x00b"}, 422, "display_name"),
    ({"display_name": {"a": 1}}, 422, "display_name"),
    ({"role": "boss"}, 422, "role"),
    ({"role": ""}, 422, "role"),
    ({"role": None}, 422, "role"),
    ({"password": "short"}, 422, "password"),
    ({"password": ""}, 422, "password"),
    ({"password": "x" * 129}, 422, "password"),
    ({"password": "aaaaaaaaaaaaaa"}, 422, "password"),
    ({"password": "my-sun-password"}, 422, "password"),
    ({"password": "tab\tin-password"}, 422, "password"),
    ({"password": 1234567890}, 422, "password"),
    ({"queues": ["nowhere"]}, 422, "queues"),
    ({"queues": ["Citizens"]}, 422, "queues.0"),
    ({"queues": "citizens"}, 422, "queues"),
    ({"queues": [1]}, 422, "queues.0"),
    ({"queues": None}, 422, "queues"),
    ({"queues": ["citizens"] * 201}, 422, "queues"),
    ({"active": False}, 422, "active"),
    ({"id": 1}, 422, "id"),
]


async def test_a_bad_new_account_is_named_and_nothing_changes(office: Office) -> None:
    for change, status, name in BAD_NEW_ACCOUNTS:
        before = await office.accounts()
        response = await office.call("zhao", "POST", "/accounts", {**NEW, **change})
        await problem(response, status, "login_taken" if status == 409 else "invalid_input", name)
        assert await office.accounts() == before
        assert await office.audit() == []


@pytest.mark.parametrize("missing", ["login", "display_name", "role", "password"])
async def test_a_new_account_needs_these_fields(office: Office, missing: str) -> None:
    body = {key: value for key, value in NEW.items() if key != missing}
    await problem(await office.call("zhao", "POST", "/accounts", body), 422, "invalid_input", missing)


async def test_two_who_create_the_same_login_at_once_make_one(office: Office) -> None:
    responses = await asyncio.gather(*(office.call("zhao", "POST", "/accounts", NEW) for _ in range(4)))
    assert sorted(response.status for response in responses) == [201, 409, 409, 409]


async def test_pages_of_accounts(office: Office) -> None:
    first = await (await office.call("zhao", "GET", "/accounts?limit=3")).json()
    assert [item["login"] for item in first["items"]] == ["zhang", "li", "wang"]
    second = await (
        await office.call("zhao", "GET", f"/accounts?limit=3&cursor={first['next_cursor']}")
    ).json()
    assert ([item["login"] for item in second["items"]], second["next_cursor"]) == (["zhao"], None)


BAD_PAGES = [
    ("limit=0", "limit"),
    ("limit=101", "limit"),
    ("limit=x", "limit"),
    ("limit=1&limit=2", "limit"),
    ("cursor=x", "cursor"),
    ("cursor=", "cursor"),
    ("cursor=-1", "cursor"),
    ("cursor=" + "9" * 19, "cursor"),
    ("offset=1", "offset"),
]


async def test_a_bad_page_is_named(office: Office) -> None:
    for query, name in BAD_PAGES:
        for path in ("/accounts", f"/accounts/{office.ids['zhang']}/states"):
            await problem(await office.call("zhao", "GET", f"{path}?{query}"), 422, "invalid_input", name)


async def test_an_unknown_account_is_404(office: Office) -> None:
    for path in ("/accounts/999999", "/accounts/999999/states"):
        await problem(await office.call("zhao", "GET", path), 404, "not_found")
    response = await office.call("zhao", "PATCH", "/accounts/999999", {"active": True}, **{"If-Match": '"1"'})
    await problem(response, 404, "not_found")


async def patch(office: Office, login: str, body: object, etag: str = '"1"') -> ClientResponse:
    path = f"/accounts/{office.ids[login]}"
    return await office.call("zhao", "PATCH", path, body, **{"If-Match": etag})


async def test_changing_an_account(office: Office) -> None:
    response = await patch(office, "li", {"display_name": "Li Si", "queues": ["business"]})
    assert (response.status, response.headers["ETag"]) == (200, '"2"')
    changed = await response.json()
    assert (changed["display_name"], changed["queues"], changed["role"]) == ("Li Si", ["business"], "agent")
    assert (await office.call("li", "GET", "/me")).status == 200, "the session goes on"
    row = await office.database.fetchrow("SELECT actor, detail FROM audit ORDER BY id DESC LIMIT 1")
    assert row is not None
    assert (row["actor"], json.loads(row["detail"])) == ("zhao", {"changed": ["display_name", "queues"]})


@pytest.mark.parametrize("change", [{"role": "supervisor"}, {"password": "another horse battery"}])
async def test_a_change_of_rights_ends_the_sessions(office: Office, change: dict[str, str]) -> None:
    assert (await office.call("li", "GET", "/me")).status == 200
    assert (await patch(office, "li", change)).status == 200
    await problem(await office.call("li", "GET", "/me"), 401, "session_invalid")
    assert (await log_in(office, "li", change.get("password", PASSWORD))).status == 201


async def test_two_editors_do_not_overwrite_each_other(office: Office) -> None:
    assert (await patch(office, "li", {"display_name": "First"})).status == 200
    await problem(
        await patch(office, "li", {"display_name": "Second"}), 412, "precondition_failed", "If-Match"
    )
    path = f"/accounts/{office.ids['li']}"
    response = await office.call("zhao", "PATCH", path, {"display_name": "Third"})
    await problem(response, 428, "precondition_required", "If-Match")
    assert (await (await office.call("zhao", "GET", path)).json())["display_name"] == "First"


BAD_ETAGS = ["", "*", '"x"', '"1", "2"', "1.0", '"99999999999"']


async def test_a_bad_if_match_is_named(office: Office) -> None:
    for etag in BAD_ETAGS:
        await problem(
            await patch(office, "li", {"display_name": "X"}, etag), 422, "invalid_input", "If-Match"
        )


BAD_CHANGES: list[tuple[dict[str, object], str]] = [
    ({}, "body"),
    ({"display_name": ""}, "display_name"),
    ({"display_name": None}, "display_name"),
    ({"display_name": "a\x00b"}, "display_name"),
    ({"role": "boss"}, "role"),
    ({"role": None}, "role"),
    ({"password": "short"}, "password"),
    ({"password": None}, "password"),
    ({"queues": ["nowhere"]}, "queues"),
    ({"queues": None}, "queues"),
    ({"active": "false"}, "active"),
    ({"active": 0}, "active"),
    ({"active": None}, "active"),
    ({"login": "other"}, "login"),
    ({"version": 9}, "version"),
    ({"display_name": "Good", "role": "boss"}, "role"),
]


async def test_a_bad_change_is_named_and_nothing_changes(office: Office) -> None:
    for body, name in BAD_CHANGES:
        before = await office.accounts()
        await problem(await patch(office, "li", body), 422, "invalid_input", name)
        assert await office.accounts() == before
        assert (await office.call("li", "GET", "/me")).status == 200
        assert await office.audit() == []


@pytest.mark.parametrize(("change", "field"), [({"active": False}, "active"), ({"role": "agent"}, "role")])
async def test_the_last_administrator_stays(office: Office, change: dict[str, object], field: str) -> None:
    await problem(await patch(office, "zhao", change), 409, "last_administrator", field)
    assert (await office.call("zhao", "GET", "/accounts")).status == 200
    assert (await patch(office, "li", {"role": "administrator"})).status == 200
    assert (await patch(office, "zhao", change)).status == 200


async def test_two_administrators_cannot_remove_each_other(office: Office) -> None:
    assert (await patch(office, "wang", {"role": "administrator"})).status == 200
    off = AccountChange(active=False)
    results = await asyncio.gather(
        office.service.change_account(office.ids["wang"], 2, off, "zhao"),
        office.service.change_account(office.ids["zhao"], 1, off, "wang"),
        return_exceptions=True,
    )
    refused = [result for result in results if isinstance(result, BaseException)]
    assert [getattr(error, "code", error) for error in refused] == ["last_administrator"]


async def test_a_deactivated_agent_gets_no_further_calls(office: Office) -> None:
    await office.call("li", "PUT", "/me/seat", {"phone": "1002"})
    assert (await patch(office, "li", {"active": False})).status == 200
    assert office.centre.asked[-1] == AgentLogout(office.ids["li"], "supervisor:zhao", NOW)
    assert office.ids["li"] not in office.centre.seats


async def test_a_deactivated_agent_s_call_goes_on_and_a_break_follows(office: Office) -> None:
    await office.call("li", "PUT", "/me/seat", {"phone": "1002"})

    class InACall(FakeCentre):
        async def ask(self, event: ApiEvent) -> Sequence[Fact]:
            self.asked.append(event)
            if isinstance(event, AgentLogout):
                raise Conflict("no", code="call_in_progress")
            return []

    office.centre.__class__ = InACall
    assert (await patch(office, "li", {"active": False})).status == 200
    asked = office.centre.asked[-1]
    assert isinstance(asked, AgentStateAsked)
    assert (asked.agent_id, asked.state) == (office.ids["li"], AgentState.BREAK)


# --- facts, restore, history -------------------------------------------------------------------


def changed(
    agent: AgentId, key: str, to: AgentState, at: float, before: AgentState = AgentState.BREAK
) -> AgentStateChanged:
    return AgentStateChanged(key, agent, before, to, "r", "agent", None, None, None, at)


def record(office: Office, *facts: Fact) -> None:
    for fact in facts:
        office.store.record(fact)


async def test_seats_come_back_as_they_were(office: Office) -> None:
    zhang, li = office.ids["zhang"], office.ids["li"]
    talking = AgentStateChanged(
        *("k2", zhang, AgentState.RINGING, AgentState.TALKING, "", "telephony", CALL, None, None, NOW + 2)
    )
    facts: list[Fact] = [
        AgentSatDown(zhang, Phone("1001"), (QueueName("citizens"),), NOW),
        changed(zhang, "k1", AgentState.READY, NOW + 1),
        talking,
        NextStateSet(zhang, AgentState.BREAK, "lunch", NOW + 3),
        AgentSatDown(li, Phone("1002"), (), NOW),
        changed(li, "k3", AgentState.READY, NOW),
        AgentLeft(li, Phone("1002"), NOW + 4),
        changed(li, "k4", AgentState.OFFLINE, NOW + 4),
    ]
    record(office, *facts, *facts)
    await office.writer.flush()
    (seat,) = await office.store.load_seats()
    assert (seat.agent_id, seat.name, seat.phone, seat.queues) == (zhang, "Zhang", "1001", ("citizens",))
    assert (seat.state, seat.since, seat.call_id) == (AgentState.TALKING, NOW + 2, CALL)
    assert (seat.next_state, seat.next_reason) == (AgentState.BREAK, "lunch")
    assert await office.database.fetchval("SELECT count(*) FROM agent_states") == 4
    assert office.writer.dead == 0


async def test_a_wish_that_took_effect_does_not_come_back(office: Office) -> None:
    zhang = office.ids["zhang"]
    record(
        office,
        AgentSatDown(zhang, Phone("1001"), (), NOW),
        changed(zhang, "k1", AgentState.TALKING, NOW + 1),
        NextStateSet(zhang, AgentState.BREAK, "lunch", NOW + 2),
        changed(zhang, "k2", AgentState.WRAP_UP, NOW + 3),
        changed(zhang, "k3", AgentState.BREAK, NOW + 4),
    )
    await office.writer.flush()
    (seat,) = await office.store.load_seats()
    assert (seat.state, seat.next_state, seat.next_reason) == (AgentState.BREAK, None, "")


async def test_a_log_in_cut_short_leads_to_a_break(office: Office) -> None:
    zhang = office.ids["zhang"]
    record(
        office,
        changed(zhang, "yesterday", AgentState.OFFLINE, NOW - 80_000),
        AgentSatDown(zhang, Phone("1001"), (), NOW),
        AgentSatDown(office.ids["li"], Phone("1002"), (), NOW),
    )
    await office.writer.flush()
    seats = await office.store.load_seats()
    assert [(seat.state, seat.since) for seat in seats] == [(AgentState.BREAK, NOW)] * 2


async def test_a_seat_left_open_by_a_crash_makes_room(office: Office) -> None:
    zhang, li = office.ids["zhang"], office.ids["li"]
    record(
        office,
        AgentSatDown(zhang, Phone("1001"), (), NOW),
        AgentSatDown(li, Phone("1001"), (), NOW + 5),
        AgentSatDown(li, Phone("1002"), (), NOW + 9),
    )
    await office.writer.flush()
    (seat,) = await office.store.load_seats()
    assert (seat.agent_id, seat.phone) == (li, "1002")
    assert office.writer.dead == 0


async def test_the_latest_row_counts_even_if_its_moment_is_a_little_earlier(office: Office) -> None:
    zhang = office.ids["zhang"]
    record(
        office,
        AgentSatDown(zhang, Phone("1001"), (), NOW),
        changed(zhang, "k1", AgentState.READY, NOW + 1.002),
        changed(zhang, "k2", AgentState.RINGING, NOW + 1.001),
    )
    await office.writer.flush()
    (seat,) = await office.store.load_seats()
    assert seat.state is AgentState.RINGING


async def test_an_agent_s_history_page_by_page(office: Office) -> None:
    zhang = office.ids["zhang"]
    order = [AgentState.READY, AgentState.BREAK, AgentState.READY]
    record(office, *(changed(zhang, f"k{n}", state, NOW + n) for n, state in enumerate(order)))
    await office.writer.flush()
    path = f"/accounts/{zhang}/states?limit=2"
    first = await (await office.call("zhang", "GET", path)).json()
    assert [item["to_state"] for item in first["items"]] == ["READY", "BREAK"]
    assert first["items"][0]["at"] == "2026-11-23T19:43:58.250000Z"
    second = await (await office.call("wang", "GET", f"{path}&cursor={first['next_cursor']}")).json()
    assert ([item["to_state"] for item in second["items"]], second["next_cursor"]) == (["READY"], None)
    await problem(await office.call("li", "GET", path), 404, "not_found")


# --- the database is away, the description is whole --------------------------------------------


async def test_agents_work_on_while_the_database_is_away(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await office.call("zhang", "GET", "/me")).status == 200

    async def away(*_: object) -> None:
        raise Unavailable("the database is away")

    for name in ("fetchrow", "fetch", "execute"):
        monkeypatch.setattr(office.database, name, away)
    monkeypatch.setattr("agents.sessions.CACHE_SECONDS", 0.0)
    assert (await office.call("zhang", "PUT", "/me/seat", {"phone": "1001"})).status == 200
    assert (await office.call("zhang", "PUT", "/me/state", {"state": "READY"})).status == 200
    await problem(await office.call("li", "GET", "/me"), 503, "unavailable")
    await problem(await log_in(office, "zhang", PASSWORD), 503, "unavailable")
    monkeypatch.undo()
    assert ("zhang", "seat.take", f"account:{office.ids['zhang']}") in await office.audit()


async def test_the_api_is_described_validly(office: Office) -> None:
    described = await (await office.client.get("/openapi.json")).json()
    OpenAPIV31SpecValidator(described).validate()
    assert len([method for path in described["paths"].values() for method in path]) == 14
