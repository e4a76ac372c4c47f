import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from agents.permissions import PERMISSIONS
from core.errors import Unavailable
from core.identity import Account, Permission, Role
from core.vocabulary import AgentId
from tests.fixtures_postgres import database, dsn, fresh_database, postgres_folder, postgres_server
from tests.integration.tickets_bench import (
    ARRIVED,
    CALLER,
    Bench,
    answered,
    bench,
    offered,
    talk_started,
    writer,
)
from tests.unit.tickets.samples import call_id
from tickets.api import endpoints
from tickets.model import TicketView
from tickets.rules import recording_id
from tickets.store import TicketStore
from web.app import create_app

__all__ = ["bench", "database", "dsn", "fresh_database", "postgres_folder", "postgres_server", "writer"]

pytestmark = pytest.mark.integration

CALL = call_id(1)
TICKETS = "/api/v1/tickets"
RECORDINGS = "/api/v1/recordings"


class Sessions:
    """Tokens are logins."""

    def __init__(self, *people: Account) -> None:
        self._people = {person.login: person for person in people}

    async def account_of(self, token: str) -> Account | None:
        return self._people.get(token)


@dataclass
class Desk:
    """Zhang and Li (agents), Wang (supervisor), and Zhao, who sees all but handles only the own."""

    bench: Bench
    client: TestClient[Any, Any]
    zhang: AgentId
    li: AgentId
    ticket_id: int = 0

    @property
    def ticket(self) -> str:
        return f"{TICKETS}/{self.ticket_id}"

    @property
    def recording(self) -> str:
        return f"{RECORDINGS}/{recording_id(CALL)}"

    async def get(self, login: str, path: str, **headers: str) -> ClientResponse:
        return await self.client.get(path, headers={"Authorization": f"Bearer {login}", **headers})

    async def patch(
        self, login: str, body: object, etag: str | None = '"1"', path: str | None = None
    ) -> ClientResponse:
        headers = {"Authorization": f"Bearer {login}"} | ({} if etag is None else {"If-Match": etag})
        return await self.client.patch(path or self.ticket, json=body, headers=headers)

    async def take(self, number: int = 1, agent: AgentId | None = None) -> None:
        """A finished call with a recording of one second; Zhang's unless said otherwise."""
        call = call_id(number)
        self.bench.speak(call)
        self.bench.state(*answered(call, agent or self.zhang, ARRIVED + number))
        await self.bench.settle()

    async def rows(self) -> list[dict[str, Any]]:
        tables = ("tickets", "recordings", "audit", "recording_accesses")
        return [
            dict(row)
            for table in tables
            for row in await self.bench.database.fetch(f"SELECT * FROM {table} ORDER BY id")  # noqa: S608 - tables named here
        ]

    async def accesses(self) -> list[tuple[str, int]]:
        rows = await self.bench.database.fetch(
            "SELECT byte_range, account_id FROM recording_accesses ORDER BY id"
        )
        return [(row["byte_range"], row["account_id"]) for row in rows]


def person(number: AgentId, login: str, role: Role) -> Account:
    return Account(number, login, login, role, (), PERMISSIONS[role])


@pytest.fixture
async def desk(bench: Bench) -> AsyncIterator[Desk]:
    zhang, li = await bench.account("zhang"), await bench.account("li")
    wang = await bench.account("wang", "supervisor")
    own = PERMISSIONS[Role.AGENT]
    sessions = Sessions(
        person(zhang, "zhang", Role.AGENT),
        person(li, "li", Role.AGENT),
        person(wang, "wang", Role.SUPERVISOR),
        Account(AgentId(wang + 1), "zhao", "zhao", Role.AGENT, (), own | {Permission.SEE_ALL_CALLS}),
    )
    app = create_app(endpoints(bench.tickets), sessions)
    async with TestClient(TestServer(app)) as client:
        desk = Desk(bench, client, zhang, li)
        await desk.take()
        desk.ticket_id = int((await bench.row("tickets", CALL))["id"])
        yield desk


async def problem(response: ClientResponse, status: int, field: str | None = None) -> dict[str, Any]:
    assert response.status == status, await response.text()
    assert response.content_type == "application/problem+json"
    answer: dict[str, Any] = await response.json(content_type=None)
    named = [
        error["field"].rpartition(".")[2] for error in answer.get("errors", [])
    ]  # without the part it was in
    assert named[:1] == ([] if field is None else [field])
    return answer


# --- reading ---------------------------------------------------------------------------------------


async def test_a_ticket_shows_its_call_its_recording_and_its_version(desk: Desk) -> None:
    await desk.bench.database.execute("UPDATE calls SET rating = 3 WHERE call_id = $1", CALL)
    response = await desk.get("zhang", desk.ticket)
    answer = await response.json()
    file = next(desk.bench.archive.rglob("*.flac"))
    assert response.headers["ETag"] == '"1"'
    assert (answer["id"], answer["state"], answer["caller"], answer["dialled"]) == (
        desk.ticket_id, "DRAFT", CALLER, "12345",
    )  # fmt: skip
    assert (answer["call"]["rating"], answer["call"]["used_fallback"]) == (3, False)
    assert answer["call"]["arrived_at"].endswith("Z")
    recording = answer["recording"]
    assert recording["id"] == str(recording_id(CALL))
    assert (recording["state"], recording["duration_s"], recording["channels"]) == ("ready", 1.0, 2)
    assert recording["size_bytes"] == file.stat().st_size
    assert recording["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert "path_key" not in recording
    assert await (await desk.get("zhang", desk.recording)).json() == recording


async def test_showing_the_full_number_is_noted_and_lists_mask_it(desk: Desk) -> None:
    before = await desk.bench.count("audit")
    listed = await (await desk.get("wang", TICKETS)).json()
    assert listed["items"][0]["caller"] == "138****5678"
    assert CALLER not in str(listed)
    assert await desk.bench.count("audit") == before
    assert (await (await desk.get("wang", desk.ticket)).json())["caller"] == "138****5678"
    assert await desk.bench.count("audit") == before
    assert (await (await desk.get("zhang", desk.ticket)).json())["caller"] == CALLER
    noted = await desk.bench.database.fetchrow(
        "SELECT actor, action, object, detail FROM audit ORDER BY id DESC LIMIT 1"
    )
    assert noted is not None
    assert tuple(noted) == ("zhang", "ticket.caller_shown", f"ticket:{desk.ticket_id}", "{}")


async def test_the_list_is_paged_newest_first_without_gaps(desk: Desk) -> None:
    for number in range(2, 8):
        await desk.take(number)
    seen: list[str] = []
    page: dict[str, Any] = {}
    for size in (3, 3, 1):
        cursor = f"&cursor={page['next_cursor']}" if page else ""
        page = await (await desk.get("zhang", f"{TICKETS}?limit=3{cursor}")).json()
        assert len(page["items"]) == size
        seen += [item["call_id"] for item in page["items"]]
    assert page["next_cursor"] is None
    assert seen == [str(call_id(number)) for number in range(7, 0, -1)]


async def test_filters(desk: Desk) -> None:
    await desk.take(2, desk.li)
    await desk.patch("zhang", {"title": "T", "state": "REGISTERED"})

    async def found(login: str, query: str) -> set[str]:
        answer = await (await desk.get(login, f"{TICKETS}?{query}")).json()
        return {item["call_id"] for item in answer["items"]}

    first, second = str(call_id(1)), str(call_id(2))
    assert await found("wang", "") == {first, second}
    assert await found("wang", "state=REGISTERED") == {first}
    assert await found("wang", f"agent_id={desk.li}") == {second}
    assert await found("wang", f"call_id={second}") == {second}
    assert await found("wang", "queue=citizens") == {first, second}
    assert await found("wang", "queue=other") == set()
    assert await found("zhang", "") == {first}
    assert await found("zhang", f"agent_id={desk.li}") == set()
    assert await found("zhang", f"call_id={second}") == set()


async def test_a_bad_filter_is_refused_with_its_name(desk: Desk) -> None:
    bad = {
        "state=draft": "state",
        "agent_id=x": "agent_id",
        "agent_id=0": "agent_id",
        "agent_id=99999999999999999999": "agent_id",
        "queue=Ci%20ti": "queue",
        "call_id=1": "call_id",
        "cursor=abc": "cursor",
        "cursor=%00": "cursor",
        "limit=0": "limit",
        "limit=101": "limit",
        "limit=ten": "limit",
        "limit=1&limit=2": "limit",
        "colour=red": "colour",
    }
    for query, field in bad.items():
        await problem(await desk.get("wang", f"{TICKETS}?{query}"), 422, field)


async def test_what_one_may_not_know_of_is_not_found(desk: Desk) -> None:
    await problem(await desk.get("li", desk.ticket), 404)
    await problem(await desk.get("li", desk.recording), 404)
    await problem(await desk.get("li", f"{desk.recording}/audio"), 404)
    await problem(await desk.patch("li", {"title": "mine"}), 404)
    await problem(await desk.get("wang", f"{TICKETS}/999999"), 404)
    await problem(await desk.get("wang", f"{RECORDINGS}/{uuid4()}/audio"), 404)
    assert await desk.accesses() == []
    assert (await desk.bench.row("tickets", CALL))["version"] == 1


async def test_who_only_sees_neither_edits_nor_hears_nor_learns_the_number(desk: Desk) -> None:
    assert (await (await desk.get("zhao", desk.ticket)).json())["caller"] == "138****5678"
    await problem(await desk.patch("zhao", {"title": "T"}), 403)
    assert (await desk.get("zhao", desk.recording)).status == 200
    await problem(await desk.get("zhao", f"{desk.recording}/audio"), 403)
    assert await desk.accesses() == []
    assert await desk.bench.count("audit") == 0


async def test_a_call_of_nobody_is_for_those_who_see_all(desk: Desk) -> None:
    desk.bench.state(*answered(call_id(2), None))
    await desk.bench.settle()
    path = f"{TICKETS}/{(await desk.bench.row('tickets', call_id(2)))['id']}"
    assert (await desk.get("wang", path)).status == 200
    await problem(await desk.get("zhang", path), 404)


async def test_a_bad_id_is_refused_with_its_name(desk: Desk) -> None:
    for bad in ("0", "-1", "x", "9223372036854775808", "1%00"):
        await problem(await desk.get("wang", f"{TICKETS}/{bad}"), 422, "ticket_id")
    for bad in ("1", "..%2f..%2fetc%2fpasswd", "%0d%0a"):
        await problem(await desk.get("wang", f"{RECORDINGS}/{bad}"), 422, "recording_id")
        await problem(await desk.get("wang", f"{RECORDINGS}/{bad}/audio"), 422, "recording_id")


# --- editing ---------------------------------------------------------------------------------------


async def test_an_edit_is_kept_with_a_new_version_and_an_audit_row_without_contents(desk: Desk) -> None:
    texts = {
        "citizen_name": "王女士",
        "title": "暖气不热",
        "body": "一行\n二行",
        "topic": "供热",
        "place": "莲池区",
    }
    response = await desk.patch("zhang", texts | {"state": "REGISTERED"})
    assert response.status == 200
    assert response.headers["ETag"] == '"2"'
    answer = await response.json()
    assert {name: answer[name] for name in texts} == texts
    row = await desk.bench.row("tickets", CALL)
    assert (row["state"], row["version"]) == ("REGISTERED", 2)
    assert {name: row[name] for name in texts} == texts
    noted = await desk.bench.database.fetch("SELECT * FROM audit WHERE action = 'ticket.registered'")
    assert len(noted) == 1
    assert (noted[0]["actor"], noted[0]["object"]) == ("zhang", f"ticket:{desk.ticket_id}")
    assert noted[0]["detail"] == (
        '{"fields": ["citizen_name", "title", "body", "topic", "place", "state"], "version": 2}'
    )


async def test_an_edit_without_a_difference_writes_nothing(desk: Desk) -> None:
    await desk.patch("zhang", {"title": "T"})
    response = await desk.patch("zhang", {"title": "T", "state": "DRAFT"}, '"2"')
    assert response.headers["ETag"] == '"2"'
    assert (
        await desk.bench.database.fetchval("SELECT count(*) FROM audit WHERE action = 'ticket.edited'") == 1
    )


async def test_a_supervisor_may_edit_and_another_agent_may_not(desk: Desk) -> None:
    assert (await desk.patch("wang", {"title": "by Wang"})).status == 200
    await problem(await desk.patch("li", {"title": "by Li"}, '"2"'), 404)


async def test_of_two_who_edit_at_once_one_is_told(desk: Desk) -> None:
    answers = await asyncio.gather(
        desk.patch("zhang", {"title": "from Zhang"}), desk.patch("wang", {"title": "from Wang"})
    )
    assert sorted(answer.status for answer in answers) == [200, 412]
    row = await desk.bench.row("tickets", CALL)
    winner = [await answer.json() for answer in answers if answer.status == 200][0]  # noqa: RUF015 - asynchronous
    assert (row["title"], row["version"]) == (winner["title"], 2)
    assert (
        await desk.bench.database.fetchval("SELECT count(*) FROM audit WHERE action = 'ticket.edited'") == 1
    )


async def test_the_version_is_checked_while_writing_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    both_have_read, get = asyncio.Barrier(2), TicketStore.get
    reads = iter((True, True))

    async def get_together(store: TicketStore, ticket_id: int) -> TicketView | None:
        view = await get(store, ticket_id)
        if next(reads, False):
            await both_have_read.wait()
        return view

    monkeypatch.setattr(TicketStore, "get", get_together)
    answers = await asyncio.gather(
        desk.patch("zhang", {"title": "from Zhang"}), desk.patch("wang", {"title": "from Wang"})
    )
    assert sorted(answer.status for answer in answers) == [200, 412]
    assert (await desk.bench.row("tickets", CALL))["version"] == 2


async def test_the_end_of_the_call_does_not_get_in_the_way_of_an_edit(desk: Desk) -> None:
    desk.bench.state(*offered(call_id(2)), talk_started(call_id(2), desk.zhang))
    path = f"{TICKETS}/{await desk.bench.tickets.ticket_of(call_id(2))}"
    etag = (await desk.get("zhang", path)).headers["ETag"]
    await desk.take(2)
    assert (await desk.patch("zhang", {"title": "T"}, etag, path)).status == 200


@pytest.mark.parametrize(
    ("etag", "status"),
    [(None, 428), ("*", 428), ("1", 422), ('"0"', 412), ('"2"', 412), ('W/"1"', 412), ('"x"', 412)],
)
async def test_without_the_right_etag_nothing_changes(desk: Desk, etag: str | None, status: int) -> None:
    before = await desk.rows()
    await problem(await desk.patch("zhang", {"title": "T"}, etag), status, "If-Match")
    assert await desk.rows() == before


TEXTS = ("citizen_name", "title", "body", "topic", "place")

BAD_EDITS: list[tuple[object, str]] = [
    *[({name: "x" * 20_001}, name) for name in TEXTS],
    *[({name: "a\x00b"}, name) for name in TEXTS],
    ({"title": "a\ud800"}, "body"),
    *[({name: "a\u2028b"}, name) for name in TEXTS],
    *[({name: bad}, name) for name in (*TEXTS, "state") for bad in (None, 7, ["x"], {"x": 1})],
    ({"title": "a\nb"}, "title"),
    ({"state": "CLOSED"}, "state"),
    ({"state": "REGISTERED"}, "title"),
    ({"state": "REGISTERED", "title": "   "}, "title"),
    ({"caller": "110"}, "caller"),
    ({"agent_id": 1}, "agent_id"),
    ({"title": "good", "place": "bad\x07"}, "place"),
    ({}, "body"),
    ([], "body"),
    ("text", "body"),
]


async def test_a_bad_edit_names_its_field_and_changes_nothing(desk: Desk) -> None:
    before = await desk.rows()
    for body, field in BAD_EDITS:
        await problem(await desk.patch("zhang", body), 422, field)
    assert await desk.rows() == before


async def test_what_is_not_json_changes_nothing(desk: Desk) -> None:
    headers = {"Authorization": "Bearer zhang", "If-Match": '"1"'}
    await problem(await desk.client.patch(desk.ticket, data="title=T", headers=headers), 415)
    headers["Content-Type"] = "application/json"
    await problem(await desk.client.patch(desk.ticket, data="{", headers=headers), 400)
    await problem(await desk.client.patch(desk.ticket, data="{}" * 200_000, headers=headers), 413)
    assert (await desk.bench.row("tickets", CALL))["version"] == 1


async def test_a_registered_ticket_is_no_draft_again(desk: Desk) -> None:
    await desk.patch("zhang", {"title": "T", "state": "REGISTERED"})
    await problem(await desk.patch("zhang", {"state": "DRAFT"}, '"2"'), 409, "state")
    await problem(await desk.patch("zhang", {"title": ""}, '"2"'), 422, "title")
    assert (await desk.bench.row("tickets", CALL))["version"] == 2


# --- listening -------------------------------------------------------------------------------------


async def test_the_whole_recording(desk: Desk) -> None:
    response = await desk.get("zhang", f"{desk.recording}/audio")
    content = await response.read()
    recording = await desk.bench.row("recordings", CALL)
    assert response.status == 200
    assert hashlib.sha256(content).hexdigest() == recording["sha256"]
    assert response.headers["Content-Type"] == "audio/flac"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Accept-Ranges"] == "bytes"
    size = len(content)
    assert await desk.accesses() == [(f"0-{size - 1}/{size}", desk.zhang)]


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-99", 0, 100),
        ("bytes=100-", 100, None),
        ("bytes=-50", -50, None),
        ("bytes=10-99999999", 10, None),
    ],
)
async def test_a_part_of_the_recording_and_its_access_row(
    desk: Desk, asked: str, start: int, stop: int | None
) -> None:
    content = next(desk.bench.archive.rglob("*.flac")).read_bytes()
    response = await desk.get("wang", f"{desk.recording}/audio", Range=asked)
    assert response.status == 206
    assert await response.read() == content[start:stop]
    part = response.headers["Content-Range"].removeprefix("bytes ")
    assert [row[0] for row in await desk.accesses()] == [part]


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=5-4", "seconds=1-2"])
async def test_a_part_that_is_not_there(desk: Desk, asked: str) -> None:
    size = next(desk.bench.archive.rglob("*.flac")).stat().st_size
    response = await desk.get("zhang", f"{desk.recording}/audio", Range=asked)
    await problem(response, 416, "Range")
    assert response.headers["Content-Range"] == f"bytes */{size}"
    assert await desk.accesses() == []


async def test_without_an_access_row_there_is_no_sound(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise Unavailable("the database is away")

    monkeypatch.setattr("tickets.store.TicketStore.recording_opened", away)
    response = await desk.get("zhang", f"{desk.recording}/audio")
    await problem(response, 503)
    assert b"fLaC" not in await response.read()


async def test_a_recording_that_is_not_closed_yet(desk: Desk) -> None:
    desk.bench.state(*offered(call_id(2)), talk_started(call_id(2), desk.zhang))
    await desk.bench.settle()
    path = f"{RECORDINGS}/{recording_id(call_id(2))}"
    assert (await (await desk.get("zhang", path)).json())["state"] == "pending"
    answer = await problem(await desk.get("zhang", f"{path}/audio"), 409)
    assert answer["code"] == "recording_not_ready"


async def test_a_recording_that_was_never_made(desk: Desk) -> None:
    desk.bench.state(*answered(call_id(2), desk.zhang))
    await desk.bench.settle()
    answer = await problem(await desk.get("zhang", f"{RECORDINGS}/{recording_id(call_id(2))}/audio"), 404)
    assert answer["code"] == "recording_missing"


async def test_a_file_that_was_tampered_with_is_not_served(desk: Desk) -> None:
    file = next(desk.bench.archive.rglob("*.flac"))
    with file.open("ab") as tampered:
        tampered.write(b"x")
    assert (await problem(await desk.get("zhang", f"{desk.recording}/audio"), 503))[
        "code"
    ] == "recording_damaged"
    file.unlink()
    assert (await problem(await desk.get("zhang", f"{desk.recording}/audio"), 503))[
        "code"
    ] == "recording_damaged"
    assert await desk.accesses() == []


@pytest.mark.parametrize("key", ["../../../../etc/passwd", "/etc/passwd"])
async def test_a_forged_path_in_the_row_leads_nowhere(desk: Desk, key: str) -> None:
    await desk.bench.database.execute("UPDATE recordings SET path_key = $1", key)
    assert (await problem(await desk.get("zhang", f"{desk.recording}/audio"), 503))[
        "code"
    ] == "recording_damaged"


async def test_no_session_no_answer(desk: Desk) -> None:
    for path in (TICKETS, desk.ticket, desk.recording, f"{desk.recording}/audio"):
        assert (await desk.get("nobody", path)).status == 401
