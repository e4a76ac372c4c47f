import asyncio
from typing import Any, cast

import pytest

from acd.caller_desk import CallerDesk
from agents.permissions import PERMISSIONS
from core.clock import monotonic
from core.errors import Unavailable
from core.facts import OfferStarted
from core.identity import Account, Role
from core.vocabulary import AgentId, CallId, OfferId, Phone
from tests.fakes.telephony import until

AGENT = Account(AgentId(1), "li", "Li", Role.AGENT, (), PERMISSIONS[Role.AGENT])
CALLS = [CallId(f"c{place}") for place in range(5)]


class FakeDatabase:
    """Answers every question with one open ticket, when its gate is open."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.away = False

    async def fetch(self, _query: str, calls: list[str], _callers: list[str], _now: float) -> list[Any]:
        self.asked.append(calls)
        await self.gate.wait()
        if self.away:
            raise Unavailable("away")
        ticket = '[{"id": 7, "title": "Heating", "state": "DRAFT", "topic": "", "opened_at": 1.0}]'
        return [
            {"call_id": call, "tickets": ticket, "calls": "[]", "flags": "[]", "lists": "[]"}
            for call in calls
        ]


@pytest.fixture
def database() -> FakeDatabase:
    return FakeDatabase()


@pytest.fixture
def desk(database: FakeDatabase) -> CallerDesk:
    return CallerDesk(cast("Any", database), lambda call: f"13800{call}", lambda: 0.0)


def offer(desk: CallerDesk, call: CallId) -> None:
    desk.record(OfferStarted(call, OfferId(1), AgentId(1), Phone("1001"), 0.0))


async def test_an_offer_looks_up_the_caller_and_the_screen_finds_him(
    desk: CallerDesk, database: FakeDatabase
) -> None:
    offer(desk, CALLS[0])
    card = await desk.card(CALLS[0], "13800c0", AGENT)
    assert card is not None
    assert [ticket.id for ticket in card.open_tickets] == [7]
    assert await desk.card(CALLS[0], "13800c0", AGENT) == card
    assert database.asked == [["c0"]]


async def test_what_is_offered_meanwhile_is_asked_about_in_one_statement(
    desk: CallerDesk, database: FakeDatabase
) -> None:
    database.gate.clear()
    for call in CALLS:
        offer(desk, call)
        await asyncio.sleep(0)
    database.gate.set()
    assert await desk.card(CALLS[-1], "13800c4", AGENT) is not None
    assert database.asked == [["c0"], ["c1", "c2", "c3", "c4"]]


async def test_a_slow_database_keeps_nobody_waiting(desk: CallerDesk, database: FakeDatabase) -> None:
    database.gate.clear()
    began = monotonic()
    assert await desk.card(CALLS[0], "13800c0", AGENT) is None
    assert monotonic() - began < 1.0
    database.gate.set()
    assert await desk.card(CALLS[0], "13800c0", AGENT) is not None


async def test_after_an_outage_it_is_asked_again(desk: CallerDesk, database: FakeDatabase) -> None:
    database.away = True
    offer(desk, CALLS[0])
    await until(lambda: database.asked)
    assert await desk.card(CALLS[0], "13800c0", AGENT) is None
    database.away = False
    assert await desk.card(CALLS[0], "13800c0", AGENT) is not None


async def test_of_a_withheld_number_nothing_is_known(desk: CallerDesk, database: FakeDatabase) -> None:
    assert await desk.card(CALLS[0], "", AGENT) is None
    assert (await desk.fresh(CALLS[0], "", AGENT)).open_tickets == []
    assert database.asked == []
