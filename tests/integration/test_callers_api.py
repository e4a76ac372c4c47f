"""Caller lists, flags and the caller's history through the whole web layer and a real PostgreSQL."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from acd.caller_desk import CallerDesk
from acd.callers_api import CallerListApi, endpoints
from acd.callers_store import SQL, CallersStore, flag_id
from agents.permissions import PERMISSIONS
from core.callers import DisconnectResult, FlagCode, ListKind, Treatment
from core.events import CallerListsChanged, Event
from core.facts import CallerTreated, DisconnectEnded, DisconnectWarned, OfferStarted
from core.identity import Account, Role
from core.vocabulary import AgentId, CallId, OfferId, Phone
from db.writer import OrderedWriter
from tests.fixtures_postgres import database, dsn, fresh_database, postgres_folder, postgres_server
from tests.integration.tickets_bench import Bench, bench, writer
from tests.unit.acd.world import World
from tests.unit.tickets.samples import call_id
from web.app import create_app

__all__ = ["bench", "database", "dsn", "fresh_database", "postgres_folder", "postgres_server", "writer"]

pytestmark = pytest.mark.integration

LISTS = "/api/v1/caller-lists"
NUMBER = "13800138000"
NOW = 1_795_463_036.25
DAY = 86_400.0
CALL, LATER_CALL = call_id(1), call_id(2)


class Sessions:
    """Tokens are logins."""

    def __init__(self, people: dict[str, Account]) -> None:
        self._people = people

    async def account_of(self, token: str) -> Account | None:
        return self._people.get(token)


@dataclass
class Office:
    """Zhang and Li (agents), Wang, Zhao and Qian (supervisors)."""

    bench: Bench
    writer: OrderedWriter
    client: TestClient[Any, Any]
    store: CallersStore
    people: dict[str, Account]
    now: float = NOW
    told: list[CallerListsChanged] = field(default_factory=list)

    def put(self, event: Event) -> None:
        assert isinstance(event, CallerListsChanged)
        self.told.append(event)

    async def call(self, who: str, method: str, path: str, body: object = None) -> ClientResponse:
        headers = {"Authorization": f"Bearer {who}"}
        return await self.client.request(method, f"{LISTS}{path}", json=body, headers=headers)

    async def propose(self, who: str = "zhang", **changes: Any) -> ClientResponse:  # noqa: ANN401 - any field
        body = {
            "number": NUMBER,
            "kind": "senior",
            "reason_code": "abuse",
            "reason": "insults every agent",
            "expires_at": datetime.fromtimestamp(self.now + DAY, UTC).isoformat(),
        }
        return await self.call(who, "POST", "", body | changes)

    async def proposed(self, who: str = "zhang") -> int:
        answer = await self.propose(who)
        assert answer.status == 201
        found: int = (await answer.json())["id"]
        return found

    async def step(self, who: str, entry: int, step: str, **body: object) -> tuple[int, dict[str, Any]]:
        answer = await self.call(who, "POST", f"/{entry}/{step}", {"note": "looked into", **body})
        return answer.status, await answer.json()

    async def active(self) -> int:
        entry = await self.proposed()
        assert (await self.step("wang", entry, "decision", approve=True))[0] == 200
        return entry

    async def audit(self) -> list[str]:
        rows = await self.bench.database.fetch("SELECT action FROM audit ORDER BY id")
        return [row["action"] for row in rows]


@pytest.fixture
async def office(bench: Bench, writer: OrderedWriter) -> AsyncIterator[Office]:
    roles = dict.fromkeys(("zhang", "li"), Role.AGENT)
    roles |= dict.fromkeys(("wang", "zhao", "qian"), Role.SUPERVISOR)
    people = {
        name: Account(await bench.account(name, role), name, name, role, (), PERMISSIONS[role])
        for name, role in roles.items()
    }
    store = CallersStore(bench.database, writer)
    holder: list[Office] = []

    def put(event: Event) -> None:
        holder[0].put(event)

    api = CallerListApi(bench.database, store, put, lambda: holder[0].now, 90)
    async with TestClient(TestServer(create_app(endpoints(api), Sessions(people)))) as client:
        holder.append(Office(bench, writer, client, store, people))
        yield holder[0]


async def put_call(office: Office, call: CallId, caller: str = NUMBER, *, ended: bool = True) -> None:
    await office.bench.database.execute(
        "INSERT INTO calls (call_id, uniqueid, caller, dialled, queue, arrived_at, answered_at, ended_at, "
        "outcome) VALUES ($1::uuid, $1, $2, '12345', 'citizens', to_timestamp($3::float8 - 60), "
        "to_timestamp($3::float8 - 50), CASE WHEN $4 THEN to_timestamp($3::float8) END, "
        "CASE WHEN $4 THEN 'answered' END)",
        call,
        caller,
        office.now,
        ended,
    )


async def test_an_entry_acts_when_a_second_person_has_approved_it(office: Office) -> None:
    entry = await office.proposed()
    assert office.told == []
    status, body = await office.step("wang", entry, "decision", approve=True)
    assert (status, body["state"]) == (200, "active")
    (told,) = office.told
    assert [(e.entry_id, e.number, e.kind) for e in told.entries] == [(entry, NUMBER, ListKind.SENIOR)]
    assert await office.audit() == ["caller_list.proposed", "caller_list.approved"]


async def test_whoever_proposed_it_does_not_approve_it(office: Office) -> None:
    entry = await office.proposed("wang")
    status, body = await office.step("wang", entry, "decision", approve=True)
    assert (status, body["code"]) == (403, "second_person_needed")
    assert await office.store.in_force(NOW) == ()
    assert await office.audit() == ["caller_list.proposed"]


async def test_agents_propose_and_appeal_but_do_not_decide(office: Office) -> None:
    entry = await office.proposed()
    assert (await office.step("li", entry, "decision", approve=True))[0] == 403
    assert (await office.step("li", entry, "withdrawal"))[0] == 404
    assert (await office.call("li", "GET", f"/{entry}")).status == 404
    assert (await (await office.call("li", "GET", "")).json())["items"] == []
    await office.step("wang", entry, "decision", approve=True)
    assert (await office.step("li", entry, "appeal"))[0] == 200


async def test_a_refused_entry_never_acts_and_is_decided_once(office: Office) -> None:
    entry = await office.proposed()
    assert (await office.step("wang", entry, "decision", approve=False))[1]["state"] == "refused"
    status, body = await office.step("zhao", entry, "decision", approve=True)
    assert (status, body["code"]) == (409, "entry_not_open")
    assert all(told.entries == () for told in office.told)


async def test_an_appeal_is_judged_by_a_third_person_and_the_entry_acts_until_then(office: Office) -> None:
    entry = await office.active()
    await office.step("zhao", entry, "appeal")
    assert len(await office.store.in_force(NOW)) == 1
    for who in ("wang", "zhao"):
        assert (await office.step(who, entry, "judgement", lift=True))[0] == 403
    status, body = await office.step("qian", entry, "judgement", lift=True)
    assert (status, body["state"]) == (200, "lifted")
    assert office.told[-1].entries == ()
    assert (await office.audit())[-2:] == ["caller_list.appealed", "caller_list.lifted"]


async def test_an_entry_ends_by_itself_and_makes_room_for_another(office: Office) -> None:
    entry = await office.active()
    assert (await office.propose("li")).status == 409
    office.now += DAY
    assert await office.store.in_force(office.now) == ()
    listed = await (await office.call("wang", "GET", "?state=expired")).json()
    assert [(item["id"], item["state"]) for item in listed["items"]] == [(entry, "expired")]
    assert (await office.step("zhao", entry, "appeal"))[0] == 409
    assert (await office.propose("li")).status == 201
    assert "caller_list.expired" in await office.audit()


async def test_numbers_are_masked_in_lists_and_shown_with_an_audit_row(office: Office) -> None:
    entry = await office.proposed()
    listed = await (await office.call("wang", "GET", "")).json()
    assert listed["items"][0]["number"] == "138****8000"
    shown = await (await office.call("wang", "GET", f"/{entry}")).json()
    assert shown["number"] == NUMBER
    assert (await office.audit())[-1] == "caller_list.number_shown"
    details = await office.bench.database.fetch("SELECT detail::text FROM audit")
    assert all(NUMBER not in row["detail"] for row in details)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"number": "12ab"}, "number"),
        ({"number": "138"}, "number"),
        ({"kind": "outlaw"}, "kind"),
        ({"reason": ""}, "reason"),
        ({"evidence_calls": [call_id(9)]}, "evidence_calls"),
        ({"evidence_tickets": [99]}, "evidence_tickets"),
        ({"expires_at": datetime.fromtimestamp(NOW - 1, UTC).isoformat()}, "expires_at"),
        ({"expires_at": datetime.fromtimestamp(NOW + 91 * DAY, UTC).isoformat()}, "expires_at"),
    ],
)
async def test_what_is_wrong_is_named(office: Office, changes: dict[str, Any], field: str) -> None:
    answer = await office.propose(**changes)
    assert answer.status == 422
    assert field in json.dumps(await answer.json())
    assert await office.audit() == []


async def test_the_history_of_a_caller(office: Office) -> None:
    await put_call(office, CALL)
    await put_call(office, LATER_CALL, ended=False)
    await office.active()
    zhang = office.people["zhang"]
    ident = flag_id(CALL, zhang.id, "key")
    for _ in range(2):
        office.store.flag(ident, CALL, zhang.id, FlagCode.CLINGING, "again", NOW)
    await office.writer.flush()
    desk = CallerDesk(office.bench.database, lambda _call: NUMBER, lambda: NOW)
    desk.record(OfferStarted(LATER_CALL, OfferId(1), zhang.id, Phone("1001"), NOW))
    card = await desk.card(LATER_CALL, NUMBER, office.people["wang"])
    assert card is not None
    assert [str(call.call_id) for call in card.last_calls] == [CALL]
    assert [(flag.code, str(flag.call_id)) for flag in card.flags] == [(FlagCode.CLINGING, CALL)]
    assert [(listed.kind, listed.reason_code) for listed in card.lists] == [(ListKind.SENIOR, "abuse")]
    for_agent = await desk.card(LATER_CALL, NUMBER, zhang)
    assert for_agent is not None
    assert for_agent.lists[0].reason_code is None
    assert await desk.card(call_id(3), "", zhang) is None


async def test_the_record_gives_the_engine_its_memory_back(office: Office) -> None:
    entry = await office.active()
    world = World()
    world.state.callers.frequency.calls.clear()
    await put_call(office, CALL)
    await put_call(office, LATER_CALL, ended=False)
    zhang = office.people["zhang"].id
    for _ in range(2):
        office.store.record(CallerTreated(LATER_CALL, Treatment.SENIOR, f"list:{entry}", NOW))
        office.store.record(DisconnectWarned(LATER_CALL, zhang, FlagCode.ABUSIVE, "", NOW))
    await office.writer.flush()
    world.wait(LATER_CALL, NOW - 60)
    world.call(LATER_CALL).extra_needs = ()
    await office.store.load(world.state, NOW)
    book = world.state.callers
    assert book.lists.find(NUMBER, NOW) is not None
    assert len(book.frequency.calls[NUMBER]) == 2
    assert world.call(LATER_CALL).extra_needs != ()
    assert book.warnings[LATER_CALL].asked_at == pytest.approx(NOW, abs=1e-5)


@pytest.mark.parametrize(
    ("result", "flags"), [(DisconnectResult.DISCONNECTED, 1), (DisconnectResult.STOPPED, 0)]
)
async def test_a_disconnect_leaves_its_rows_once(
    office: Office, result: DisconnectResult, flags: int
) -> None:
    await put_call(office, CALL)
    zhang = AgentId(office.people["zhang"].id)
    for _ in range(2):
        office.store.record(DisconnectWarned(CALL, zhang, FlagCode.ABUSIVE, "insults", NOW))
        office.store.record(DisconnectEnded(CALL, zhang, NOW, result, NOW + 12))
    await office.writer.flush()
    rows = await office.bench.database.fetch("SELECT result FROM call_disconnects")
    assert [row["result"] for row in rows] == [result]
    found = await office.bench.database.fetch(SQL["flags_of_call"], CALL)
    assert len(found) == flags
