"""Breaks, wrap-up, two logins and days through the web layer, the real engine and a real PostgreSQL."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from acd.engine import decide
from acd.live import Live
from acd.model import State
from acd.service import restore
from agents.api import PeopleApi
from agents.api import endpoints as people_endpoints
from agents.service import AgentService
from agents.store import SQL, AgentStore
from core.events import CallAnswered, CallHungUp, Event, PhoneReachability, Tick
from core.facts import BreakWarned, Fact
from core.identity import Role
from core.vocabulary import AgentId, AgentState, CallId, Phone
from db.pool import Database
from db.writer import OrderedWriter
from hotline import conservation, state_parts
from hotline.inbox import Inbox
from hotline.settings import Settings
from tests.fixtures_postgres import database, dsn, fresh_database, postgres_folder, postgres_server
from tests.unit.acd.world import World, arrived, new_state, waiting
from web.app import create_app

__all__ = ["database", "dsn", "fresh_database", "postgres_folder", "postgres_server"]

pytestmark = pytest.mark.integration

START = 1_795_449_600.0  # 2026-11-24 00:00 in Shanghai
CALL = CallId("11111111-1111-4111-8111-111111111111")
WHO = {"zhang": Role.AGENT, "li": Role.AGENT, "wang": Role.SUPERVISOR, "zhao": Role.ADMINISTRATOR}


class NoTickets:
    async def ticket_of(self, _call_id: CallId) -> int | None:
        return None


@dataclass
class Desk:
    """Browsers, the engine with its clock, and the record."""

    client: TestClient[Any, Any]
    state: State
    inbox: Inbox
    store: AgentStore
    states: state_parts.StateParts
    writer: OrderedWriter
    database: Database
    ids: dict[str, AgentId]
    tokens: dict[str, str]
    facts: list[Fact] = field(default_factory=list)
    now: float = START + 1000.0

    def decide(self, event: Event) -> Sequence[Fact]:
        facts = decide(self.state, event, self.now).facts
        for fact in facts:
            self.store.record(fact)
        self.facts += facts
        return facts

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.inbox.put(Tick(self.now))

    async def call(
        self, who: str, method: str, path: str, body: object = None, status: int = 200, if_match: str = ""
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        if if_match:
            headers["If-Match"] = f'"{if_match}"'
        options: dict[str, Any] = {} if body is None else {"json": body}
        response = await self.client.request(method, f"/api/v1{path}", headers=headers, **options)
        answer = {} if response.status == 204 else await response.json()
        assert response.status == status, answer
        return dict(answer)

    async def sit(self, who: str, phone: str, **more: object) -> dict[str, Any]:
        return await self.call(who, "PUT", "/me/seat", {"phone": phone, **more})

    async def ask(self, who: str, state: str, reason: str = "") -> dict[str, Any]:
        return dict((await self.call(who, "PUT", "/me/state", {"state": state, "reason": reason}))["state"])

    async def restarted(self) -> World:
        """The memory of a process that starts now."""
        await self.writer.flush()
        state = new_state(online=False)
        restore(state, await self.store.load_seats(), [], [], [])
        await self.states.restore(state, self.now)
        return World(state, self.now)


@pytest.fixture
async def desk(database: Database, dsn: str, tmp_path: Path) -> AsyncIterator[Desk]:
    writer = OrderedWriter(dsn, tmp_path / "spool")
    await writer.start()
    state, inbox = new_state(), Inbox()
    people, store = AgentService(database, ["citizens"], 3600), AgentStore(database, writer)
    there: list[Desk] = []
    live = Live(state, frozenset({"1001", "1002", "1003"}), lambda: there[0].now)
    api = PeopleApi(
        service=people,
        store=store,
        inbox=inbox,
        live=live,
        phones=live,
        tickets=NoTickets(),
        now=lambda: there[0].now,
    )
    states = state_parts.build(Settings(), database, inbox, live, lambda: there[0].now)
    ids, tokens = {}, {}
    for login, role in WHO.items():
        row = await database.fetchrow(SQL["create_account"], login, login.title(), role, "x", [])
        assert row is not None
        ids[login] = AgentId(row["id"])
        tokens[login] = (await people.sessions.open(ids[login])).token
    app = create_app([*people_endpoints(api), *states.endpoints], people.sessions)
    async with TestClient(TestServer(app)) as client:
        here = Desk(client, state, inbox, store, states, writer, database, ids, tokens)
        there.append(here)
        await states.restore(state, here.now)
        inbox.connect(here.decide)
        for phone in ("1001", "1002", "1003"):
            inbox.put(PhoneReachability(Phone(phone), reachable=True, at=here.now))
        yield here
        await writer.flush()
        assert await conservation.broken_chains(database, 0.0) == []
        assert writer.dead == 0
    await writer.stop()


def talks(desk: Desk, seconds: float) -> None:
    """A caller is offered to whoever is ready, answered, and hangs up after so long."""
    desk.inbox.put(arrived(CALL, desk.now))
    desk.inbox.put(waiting(CALL, desk.now))
    call = desk.state.calls[CALL]
    assert call.phone is not None
    desk.inbox.put(CallAnswered(CALL, call.phone, f"PJSIP/{call.phone}-1", desk.now))
    desk.pass_time(seconds)
    desk.inbox.put(CallHungUp(CALL, call.channel, 16, desk.now, agent_left=False))


# --- breaks --------------------------------------------------------------------------------------


async def test_a_break_with_its_reason_and_what_is_left_of_it(desk: Desk) -> None:
    await desk.sit("zhang", "1001")
    state = await desk.ask("zhang", "BREAK")
    assert (state["reason"], state["break_use"]["title_zh"]) == ("rest", "小休")
    refused = await desk.call("zhang", "PUT", "/me/state", {"state": "BREAK", "reason": "lunch"}, 409)
    assert (refused["code"], refused["errors"][0]["field"]) == ("unknown_break_reason", "reason")
    desk.pass_time(480.0)
    shown = (await desk.call("zhang", "GET", "/me"))["state"]["break_use"]
    assert (shown["present"], shown["allowance"], shown["left_seconds"]) == ("soon", "far", 1320.0)
    desk.pass_time(120.0)
    assert [fact.nearness for fact in desk.facts if isinstance(fact, BreakWarned)] == ["soon", "used_up"]
    assert (await desk.call("zhang", "GET", "/me"))["state"]["state"] == "BREAK", "nobody is sent back"


async def test_reasons_are_rows_that_people_change(desk: Desk) -> None:
    body = {"title_zh": "哺乳", "title_en": "Nursing", "allowance_seconds": 3600, "productive": True}
    made = await desk.call("zhao", "POST", "/break-reasons", {**body, "code": "nursing"}, 201)
    assert (made["version"], made["period"], made["default"]) == (1, "duty", False)
    again = await desk.call("zhao", "POST", "/break-reasons", {**body, "code": "nursing"}, 409)
    assert again["code"] == "code_taken"
    await desk.sit("zhang", "1001")
    assert (await desk.ask("zhang", "BREAK", "nursing"))["reason"] == "nursing", "it counts at once"
    one = "/break-reasons/nursing"
    await desk.call("zhao", "PUT", one, body, 428)
    await desk.call("zhao", "PUT", one, body, 412, if_match="9")
    changed = await desk.call("zhao", "PUT", one, {**body, "default": True}, if_match="1")
    assert (changed["version"], changed["default"]) == (2, True)
    refused = await desk.call("zhao", "PUT", one, body, 409, if_match="2")
    assert refused["code"] == "default_needed"
    assert (await desk.call("zhao", "DELETE", one, status=409))["code"] == "default_needed"
    await desk.call("zhao", "DELETE", "/break-reasons/rest", status=204)
    items = (await desk.call("zhang", "GET", "/break-reasons"))["items"]
    assert {item["code"]: item["retired"] for item in items}["rest"] is True
    await desk.call("zhang", "PUT", "/me/state", {"state": "BREAK", "reason": "rest"}, 409)
    await desk.call("zhao", "GET", "/break-reasons/none", status=404)
    rows = await desk.database.fetch(
        "SELECT actor, action FROM audit WHERE object LIKE 'break_reason:%' ORDER BY id"
    )
    assert [tuple(row) for row in rows] == [
        ("zhao", "break_reason.create"),
        ("zhao", "break_reason.change"),
        ("zhao", "break_reason.retire"),
    ]


@pytest.mark.parametrize("who", ["zhang", "wang"])
async def test_only_who_manages_the_plan_changes_reasons(desk: Desk, who: str) -> None:
    body = {"title_zh": "x", "title_en": "x", "code": "x"}
    assert (await desk.call(who, "POST", "/break-reasons", body, 403))["code"] == "not_permitted"
    await desk.call(who, "DELETE", "/break-reasons/rest", status=403)


async def test_allowances_survive_a_restart(desk: Desk) -> None:
    await desk.sit("zhang", "1001")
    await desk.ask("zhang", "BREAK")
    desk.pass_time(400.0)
    await desk.ask("zhang", "READY")
    desk.pass_time(60.0)
    await desk.ask("zhang", "BREAK")
    desk.pass_time(100.0)
    world = await desk.restarted()
    live = Live(world.state, frozenset(), lambda: desk.now)
    view = live.agent(desk.ids["zhang"])
    assert view is not None
    assert view.break_use is not None
    assert (view.break_use.used, view.break_use.present) == (500.0, 100.0)
    world.apply(Tick(desk.now + 380.0))
    assert [(fact.limit, fact.used) for fact in world.told(BreakWarned)] == [("break", 480.0)]


# --- wrap-up and next state ----------------------------------------------------------------------


async def test_more_time_after_a_call_and_an_early_end(desk: Desk) -> None:
    await desk.sit("zhang", "1001")
    await desk.ask("zhang", "READY")
    talks(desk, 30.0)
    before = (await desk.call("zhang", "GET", "/me"))["state"]
    assert (before["state"], before["extensions_left"]) == ("WRAP_UP", 3)
    after = await desk.call("zhang", "POST", "/me/wrap-up/extension")
    assert (after["since"], after["extensions_left"]) == (before["since"], 2)
    world = await desk.restarted()
    agent = world.agent(desk.ids["zhang"])
    assert (agent.state, agent.extensions) == (AgentState.WRAP_UP, 1)
    assert (agent.since, agent.until) == (desk.now, desk.now + 10.0 + 60.0)
    for _ in range(2):
        await desk.call("zhang", "POST", "/me/wrap-up/extension")
    refused = await desk.call("zhang", "POST", "/me/wrap-up/extension", status=409)
    assert refused["code"] == "no_extension_left"
    assert (await desk.call("zhang", "DELETE", "/me/wrap-up"))["state"] == "READY"
    assert (await desk.call("zhang", "DELETE", "/me/wrap-up", status=409))["code"] == "not_in_wrap_up"


async def test_a_next_state_is_shown_kept_and_taken_back(desk: Desk) -> None:
    await desk.sit("zhang", "1001")
    await desk.ask("zhang", "READY")
    desk.inbox.put(arrived(CALL, desk.now))
    desk.inbox.put(waiting(CALL, desk.now))
    noted = await desk.ask("zhang", "BREAK", "meal")
    assert (noted["state"], noted["next_state"], noted["next_reason"]) == ("RINGING", "BREAK", "meal")
    agent = (await desk.restarted()).agent(desk.ids["zhang"])
    assert (agent.next_state, agent.next_cause) == (AgentState.BREAK, "agent:next_state")
    assert (await desk.call("zhang", "DELETE", "/me/next-state"))["next_state"] is None
    assert (await desk.restarted()).agent(desk.ids["zhang"]).next_state is None
    assert (await desk.call("zhang", "DELETE", "/me/next-state", status=409))["code"] == "no_next_state"


# --- two logins ----------------------------------------------------------------------------------


async def test_two_browsers_show_one_seat_and_the_last_one_leaves_it(desk: Desk) -> None:
    await desk.sit("zhang", "1001")
    second = (await AgentService(desk.database, [], 3600).sessions.open(desk.ids["zhang"])).token
    first, desk.tokens["zhang"] = desk.tokens["zhang"], second
    assert (await desk.call("zhang", "GET", "/me"))["seat"]["phone"] == "1001"
    await desk.call("zhang", "DELETE", "/sessions/current", status=204)
    desk.tokens["zhang"] = first
    await desk.ask("zhang", "READY")
    desk.inbox.put(arrived(CALL, desk.now))
    desk.inbox.put(waiting(CALL, desk.now))
    refused = await desk.call("zhang", "DELETE", "/sessions/current", status=409)
    assert refused["code"] == "call_in_progress"
    assert (await desk.call("zhang", "GET", "/me"))["state"]["state"] == "RINGING"
    desk.inbox.put(CallHungUp(CALL, desk.state.calls[CALL].channel, 16, desk.now, agent_left=False))
    await desk.call("zhang", "DELETE", "/sessions/current", status=204)
    assert desk.state.agents == {}


async def test_a_supervisor_takes_the_phone_of_somebody_on_a_break(desk: Desk) -> None:
    await desk.sit("zhang", "1001")
    taken = {"phone": "1001", "take_over": True}
    assert (await desk.call("li", "PUT", "/me/seat", taken, 409))["code"] == "phone_taken"
    desk.now += 1.0
    await desk.sit("wang", "1001", take_over=True)
    desk.now += 1.0
    await desk.sit("wang", "1002", take_over=True)
    await desk.writer.flush()
    rows = await desk.database.fetch(
        "SELECT actor, action, object FROM audit WHERE action IN ('seat.take', 'agent.force_out') ORDER BY id"
    )
    zhang, wang = f"account:{desk.ids['zhang']}", f"account:{desk.ids['wang']}"
    assert [tuple(row) for row in rows] == [
        ("zhang", "seat.take", zhang),
        ("wang", "agent.force_out", zhang),
        ("wang", "seat.take", wang),
        ("wang", "seat.take", wang),
    ]
    (seat,) = await desk.store.load_seats()
    assert (seat.agent_id, seat.phone) == (desk.ids["wang"], "1002")


# --- days ----------------------------------------------------------------------------------------


async def test_the_day_of_an_agent(desk: Desk) -> None:
    await desk.sit("zhang", "1001")
    desk.now += 100.0
    await desk.ask("zhang", "READY")
    desk.now += 50.0
    talks(desk, 30.0)
    desk.pass_time(10.0)
    await desk.ask("zhang", "BREAK", "meal")
    desk.now += 300.0
    await desk.writer.flush()
    day = await desk.call("zhang", "GET", "/me/day")
    assert (day["day"], day["name"]) == ("2026-11-24", "Zhang")
    states = {name: seconds for name, seconds in day["seconds_in_state"].items() if seconds}
    assert states == {"BREAK": 400.0, "READY": 50.0, "TALKING": 30.0, "WRAP_UP": 10.0}
    meal = next(one for one in day["breaks"] if one["code"] == "meal")
    assert (meal["count"], meal["seconds"], meal["left_seconds"]) == (1, 300.0, 3300.0)
    assert (day["staffed_seconds"], day["not_responding"]) == (490.0, 0)
    assert await desk.call("wang", "GET", f"/agents/{desk.ids['zhang']}/day") == day
    assert (await desk.call("wang", "GET", "/agent-days"))["items"] == [day]
    before = await desk.call("zhang", "GET", "/me/day?day=2026-11-23")
    assert before["staffed_seconds"] == 0.0
    assert (await desk.call("wang", "GET", "/agent-days?day=2026-11-23"))["items"] == []
    await desk.call("wang", "GET", "/agents/999/day", status=404)
    for path in ("/agent-days", f"/agents/{desk.ids['zhang']}/day"):
        await desk.call("li", "GET", path, status=403)
    for bad in ("0001-01-01", "9999-12-31", "yesterday"):
        await desk.call("zhang", "GET", f"/me/day?day={bad}", status=422)


async def test_a_log_out_that_was_cut_short_is_completed(desk: Desk) -> None:
    await desk.sit("zhang", "1001")
    await desk.writer.flush()
    await desk.database.execute(
        "INSERT INTO agent_states (key, agent_id, from_state, to_state, reason, cause, at)"
        " VALUES ('cut', $1, 'BREAK', 'OFFLINE', '', 'agent', to_timestamp($2))",
        desk.ids["zhang"],
        desk.now + 5,
    )
    assert await desk.store.load_seats() == []
    await desk.writer.flush()
    assert await desk.database.fetchval("SELECT count(*) FROM seats WHERE until IS NULL") == 0
