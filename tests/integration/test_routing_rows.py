"""What a restart needs to route as before: priority, place, memory of callers, calls taken (PostgreSQL)."""

import json

import pytest

from acd.memory import CallerMemory
from acd.store import CallStore
from core.facts import CallFinished, CallOffered, CallPlaced, CallQueued, TalkEnded, TalkStarted
from core.plan import Priority
from core.vocabulary import AbandonStage, AgentId, CallId, Outcome, Phone, Seconds
from db.pool import Database
from tests.fixtures_postgres import database, dsn, fresh_database, postgres_folder, postgres_server
from tests.integration.test_relief_rows import Direct
from tests.unit.acd.world import BUSINESS, CITIZENS

__all__ = ["database", "dsn", "fresh_database", "postgres_folder", "postgres_server"]

pytestmark = pytest.mark.integration

NOW: Seconds = 1_700_000_000.0
PHONE = Phone("1001")


def call_id(number: int) -> CallId:
    return CallId(f"00000000-0000-4000-8000-{number:012d}")


def comes(store: CallStore, number: int, caller: str, at: Seconds) -> None:
    store.record(CallOffered(call_id(number), "u", caller, "12345", CITIZENS, at))
    store.record(CallQueued(call_id(number), CITIZENS, None, at + 1))


def ends(store: CallStore, number: int, at: Seconds, agent: AgentId | None = None) -> None:
    if agent is not None:
        store.record(
            TalkStarted(call_id(number), agent, PHONE, "", "12345", CITIZENS, at - 10, at - 9, at - 5)
        )
        store.record(TalkEnded(call_id(number), agent, at - 1))
    outcome, stage = (Outcome.ABANDONED, AbandonStage.WAITING) if agent is None else (Outcome.ANSWERED, None)
    moments = (at - 10, at - 9, None, None, at)
    store.record(
        CallFinished(call_id(number), CITIZENS, "", "12345", outcome, "caller_hangup", stage, *moments)
    )


async def seat(database: Database, login: str, since: Seconds) -> AgentId:
    agent = await database.fetchval(
        "INSERT INTO accounts (login, display_name, role, password_hash)"
        " VALUES ($1, $1, 'agent', 'x') RETURNING id",
        login,
    )
    await database.execute(
        "INSERT INTO seats (agent_id, phone, queues, since) VALUES ($1, $2, '{}', to_timestamp($3))",
        agent,
        str(1000 + agent),
        since,
    )
    return AgentId(agent)


async def test_priority_and_place_come_back_and_the_latest_counts(database: Database) -> None:
    writer = Direct(database)
    store = CallStore(database, writer)
    comes(store, 1, "138", NOW)
    comes(store, 2, "139", NOW + 1)
    store.record(CallPlaced(call_id(2), Priority.LOW, NOW + 1, "plan", NOW + 1))
    store.record(CallPlaced(call_id(2), Priority.URGENT, NOW - 60, "supervisor:boss", NOW + 5))
    await writer.flush()
    await writer.flush()
    first, second = await store.open_calls()
    assert (first.priority, first.place_at) == (Priority.NORMAL, NOW)
    assert (second.priority, second.place_at, second.arrived_at) == (Priority.URGENT, NOW - 60, NOW + 1)


async def test_a_supervisors_change_leaves_its_audit_row(database: Database) -> None:
    writer = Direct(database)
    store = CallStore(database, writer)
    comes(store, 1, "138", NOW)
    store.audit_priority("boss", call_id(1), Priority.HIGH, NOW)
    await writer.flush()
    (row,) = await database.fetch("SELECT actor, object, detail FROM audit WHERE action = 'call.priority'")
    assert (row["actor"], row["object"]) == ("boss", f"call:{call_id(1)}")
    assert json.loads(row["detail"]) == {"priority": "high"}
    assert await store.exists(call_id(1))
    assert not await store.exists(call_id(2))


async def test_the_memory_of_callers_is_read_back(database: Database) -> None:
    agent = await seat(database, "agent.one", NOW - 3600)
    writer = Direct(database)
    store = CallStore(database, writer)
    for number, caller in enumerate(("gave_up", "talked", "", "talked_then_gave_up", "talked_then_gave_up")):
        comes(store, number, caller, NOW + number)
    store.record(CallPlaced(call_id(0), Priority.NORMAL, NOW - 50, "redial", NOW))
    ends(store, 0, NOW + 20)
    ends(store, 1, NOW + 21, agent)
    ends(store, 2, NOW + 22)
    ends(store, 3, NOW + 23, agent)
    ends(store, 4, NOW + 24)
    await writer.flush()
    memory = CallerMemory()
    await store.remember_callers(memory)
    assert memory.kept_place("gave_up", BUSINESS, NOW + 30, 60) is None
    assert memory.kept_place("gave_up", CITIZENS, NOW + 30, 60) == NOW - 50
    assert memory.kept_place("talked_then_gave_up", CITIZENS, NOW + 30, 60) == NOW + 4
    assert memory.last_agent("talked_then_gave_up", NOW + 30, 60) == agent
    assert memory.last_agent("talked", NOW + 20 + 60, 60) == agent
    assert memory.last_agent("talked", NOW + 20.1 + 60, 60) is None
    assert set(memory.gave_up) | set(memory.talked) == {"talked", "talked_then_gave_up"}


async def test_calls_taken_are_counted_from_the_log_in_on(database: Database) -> None:
    early, late = await seat(database, "agent.one", NOW), await seat(database, "agent.two", NOW + 100)
    writer = Direct(database)
    store = CallStore(database, writer)
    for number, (agent, at) in enumerate(((early, 50.0), (early, 150.0), (late, 50.0), (late, 160.0))):
        comes(store, number, "138", NOW + at - 10)
        ends(store, number, NOW + at, agent)
    await writer.flush()
    assert await store.taken() == {early: 2, late: 1}
