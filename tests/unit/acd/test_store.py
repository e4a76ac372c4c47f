from collections import UserDict
from typing import TYPE_CHECKING, cast

import pytest

from acd.model import Call
from acd.phases import Phase
from acd.store import SQL, CallStore, _call
from core.facts import (
    AgentLeft,
    CallFinished,
    CallOffered,
    CallPlaced,
    CallQueued,
    CallUsedFallback,
    Fact,
    OfferEnded,
    OfferStarted,
    TalkEnded,
    TalkStarted,
)
from core.plan import Priority
from core.vocabulary import AbandonStage, AgentId, CallId, OfferId, OfferResult, Outcome, Phone, QueueName

if TYPE_CHECKING:
    from asyncpg import Record

    from db.pool import Database

X, CITIZENS = CallId("x"), QueueName("citizens")


class FakeWriter:
    """Keeps what is submitted, by the name of its query."""

    def __init__(self) -> None:
        self.names = {text: name for name, text in SQL.items()}
        self.rows: list[tuple[object, ...]] = []

    def submit(self, query: str, *args: object) -> None:
        self.rows.append((self.names[query], *args))

    async def flush(self) -> None:
        """Nothing is under way."""


def written(*facts: Fact) -> list[tuple[object, ...]]:
    writer = FakeWriter()
    store = CallStore(cast("Database", None), writer)
    for fact in facts:
        store.record(fact)
    return writer.rows


def finished(outcome: Outcome, stage: AbandonStage | None, at: float) -> CallFinished:
    return CallFinished(
        X, CITIZENS, "138", "12345", outcome, "caller_hangup", stage, 10.0, 11.0, None, None, at
    )


@pytest.mark.parametrize(
    ("fact", "row"),
    [
        (
            CallOffered(X, "u", "138", "12345", CITIZENS, 10.0),
            ("call_offered", "x", "u", "138", "12345", "citizens", 10.0),
        ),
        (
            CallPlaced(X, Priority.HIGH, 9.5, "supervisor:boss", 11.0),
            ("call_placed", "x", "high", 9.5),
        ),
        (CallQueued(X, CITIZENS, 10.5, 11.0), ("call_queued", "x", 11.0, 10.5)),
        (CallUsedFallback(X, 12.0), ("call_used_fallback", "x", 12.0)),
        (
            OfferStarted(X, OfferId(7), AgentId(1), Phone("1001"), 11.0),
            ("offer_started", 7, "x", 1, "1001", 11.0),
        ),
        (OfferEnded(X, OfferId(7), OfferResult.BUSY, 12.0), ("offer_ended", 7, "busy", 12.0)),
        (
            TalkStarted(X, AgentId(1), Phone("1001"), "138", "12345", CITIZENS, 10.0, 11.0, 13.0),
            ("talk_started", "x", 13.0, 1, "1001", 11.0),
        ),
        (TalkEnded(X, AgentId(1), 14.0), ("talk_ended", "x", 14.0)),
        (
            finished(Outcome.ANSWERED, None, 15.0),
            ("call_finished", "x", "answered", "caller_hangup", 15.0),
        ),
    ],
)
def test_each_fact_is_one_statement(fact: Fact, row: tuple[object, ...]) -> None:
    assert written(fact) == [row]


def test_an_abandoned_call_is_on_the_list_for_ringing_back() -> None:
    first, second = written(finished(Outcome.ABANDONED, AbandonStage.WAITING, 15.0))
    assert first[0] == "call_finished"
    assert second == ("call_abandoned", "x", "138", "12345", "citizens", "waiting", 5.0, 15.0)


def test_a_clock_that_went_back_does_not_make_a_negative_wait() -> None:
    assert written(finished(Outcome.ABANDONED, AbandonStage.WAITING, 9.0))[1][6] == 0.0


def test_facts_about_agents_are_not_the_call_stores() -> None:
    assert written(AgentLeft(AgentId(1), Phone("1001"), 5.0)) == []


def test_a_rating_is_a_statement() -> None:
    writer = FakeWriter()
    CallStore(cast("Database", None), writer).rated(X, 3)
    assert writer.rows == [("call_rated", "x", 3)]


class Row(UserDict[str, object]):
    """A row as the database gives it."""


def restored(**more: object) -> Call:
    row = {
        "call_id": "x",
        "uniqueid": "u",
        "caller": "138",
        "dialled": "12345",
        "queue": "citizens",
        "arrived_at": 10.0,
        "priority": "high",
        "direction": "inbound",
        "place_at": 8.0,
        "notice_at": None,
        "queued_at": None,
        "fallback_at": None,
        "answered_at": None,
        "agent_id": None,
        "phone": None,
        "talk_ended_at": None,
    }
    return _call(cast("Record", Row({**row, **more})))


@pytest.mark.parametrize(
    ("times", "phase"),
    [
        ({}, Phase.ANNOUNCEMENT),
        ({"queued_at": 11.0}, Phase.UNCERTAIN),
        ({"queued_at": 11.0, "answered_at": 12.0}, Phase.TALKING),
        ({"queued_at": 11.0, "answered_at": 12.0, "talk_ended_at": 13.0}, Phase.AFTER),
    ],
)
def test_the_phase_is_what_the_record_proves(times: dict[str, object], phase: Phase) -> None:
    assert restored(**times).phase is phase


def test_a_restored_call_has_its_place_and_its_agent() -> None:
    call = restored(queued_at=11.0, answered_at=12.0, agent_id=1, phone="1001")
    assert (call.arrived_at, call.agent_id, call.phone, call.channel) == (10.0, 1, "1001", "")
    assert (call.priority, call.place_at) == (Priority.HIGH, 8.0)
