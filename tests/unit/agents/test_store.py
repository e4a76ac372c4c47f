from dataclasses import replace

import pytest

from agents.store import SQL, AgentStore
from core.facts import AgentLeft, AgentSatDown, AgentStateChanged, CallQueued, NextStateDropped, NextStateSet
from core.vocabulary import AgentId, AgentState, CallId, Phone, QueueName
from db.pool import Database

AGENT, PHONE = AgentId(7), Phone("1001")
CALL = CallId("11111111-1111-4111-8111-111111111111")
CHANGED = AgentStateChanged(
    *("k1", AGENT, AgentState.TALKING, AgentState.BREAK, "lunch", "agent", CALL, None, None, 20.5)
)


class FakeWriter:
    """Keeps what is submitted, by the query's name."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, tuple[object, ...]]] = []
        self._names = {sql: name for name, sql in SQL.items()}

    def submit(self, query: str, *args: object) -> None:
        self.lines.append((self._names[query], args))

    async def flush(self) -> None:
        return


@pytest.fixture
def writer() -> FakeWriter:
    return FakeWriter()


@pytest.fixture
def store(writer: FakeWriter) -> AgentStore:
    return AgentStore(Database("postgresql://unused"), writer)


def test_sitting_down_closes_what_a_crash_left_open(store: AgentStore, writer: FakeWriter) -> None:
    store.record(AgentSatDown(AGENT, PHONE, (QueueName("citizens"),), 10.5))
    assert writer.lines == [
        ("seat_superseded", (7, "1001", 10.5)),
        ("seat_taken", (7, "1001", ["citizens"], 10.5)),
    ]


def test_leaving_closes_the_seat(store: AgentStore, writer: FakeWriter) -> None:
    store.record(AgentLeft(AGENT, PHONE, 11.5))
    assert writer.lines == [("seat_left", (7, 11.5))]


def test_a_state_is_a_row_and_ends_the_wish_before_it(store: AgentStore, writer: FakeWriter) -> None:
    store.record(CHANGED)
    assert writer.lines == [
        ("state_changed", ("k1", 7, "TALKING", "BREAK", "lunch", "agent", CALL, None, None, 20.5)),
        ("next_state_done", (7, 20.5)),
    ]


@pytest.mark.parametrize("state", [AgentState.RINGING, AgentState.TALKING, AgentState.WRAP_UP])
def test_a_wish_outlives_the_states_of_a_call(
    store: AgentStore, writer: FakeWriter, state: AgentState
) -> None:
    store.record(replace(CHANGED, to_state=state))
    assert [name for name, _ in writer.lines] == ["state_changed"]


def test_a_wish_is_noted(store: AgentStore, writer: FakeWriter) -> None:
    store.record(NextStateSet(AGENT, AgentState.BREAK, "lunch", 12.5))
    assert writer.lines == [("next_state_set", (7, "BREAK", "lunch", 12.5, "agent:next_state"))]


def test_a_wish_that_is_taken_back_is_noted_no_longer(store: AgentStore, writer: FakeWriter) -> None:
    store.record(NextStateDropped(AGENT, 13.5))
    assert writer.lines == [("next_state_done", (7, 13.5))]


def test_facts_about_calls_are_not_its_business(store: AgentStore, writer: FakeWriter) -> None:
    store.record(CallQueued(CALL, QueueName("citizens"), None, 1.0))
    assert writer.lines == []


def test_an_audit_row_keeps_its_moment(store: AgentStore, writer: FakeWriter) -> None:
    store.note("wang", "agent.force_state", AGENT, 12.5, state="BREAK")
    assert writer.lines == [
        ("audit_at", (12.5, "wang", "agent.force_state", "account:7", '{"state": "BREAK"}'))
    ]


def test_what_is_submitted_can_be_kept_as_json(store: AgentStore, writer: FakeWriter) -> None:
    from db.writer import _is_plain  # noqa: PLC0415

    store.record(CHANGED)
    store.record(AgentSatDown(AGENT, PHONE, (QueueName("citizens"),), 10.5))
    assert all(_is_plain(arg) for _, args in writer.lines for arg in args)
