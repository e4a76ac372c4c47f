from collections.abc import Callable, Sequence

import pytest

from core.errors import Conflict, Unavailable
from core.events import AgentStateAsked, Event, Tick
from core.facts import Fact, NextStateSet, Refused
from core.vocabulary import AgentId, AgentState
from hotline.inbox import Inbox

ASKED = AgentStateAsked(AgentId(1), AgentState.READY, "", "agent", 5.0)
NOTED = NextStateSet(AgentId(1), AgentState.READY, "", 5.0)


def recording(
    seen: list[Event], then: Callable[[Event], Sequence[Fact]] = lambda _event: ()
) -> Callable[[Event], Sequence[Fact]]:
    def handle(event: Event) -> Sequence[Fact]:
        seen.append(event)
        return then(event)

    return handle


def ticks(*at: float) -> list[Event]:
    return [Tick(moment) for moment in at]


def test_events_are_handled_in_the_order_of_arrival_and_at_once() -> None:
    inbox, seen = Inbox(), []  # type: ignore[var-annotated] # list of events
    inbox.connect(recording(seen))
    inbox.put(Tick(1.0))
    assert seen == ticks(1.0)
    inbox.put(Tick(2.0))
    assert (seen, inbox.handled, inbox.failed) == (ticks(1.0, 2.0), 2, 0)


def test_what_was_put_before_connecting_is_kept_in_order() -> None:
    inbox, seen = Inbox(), []  # type: ignore[var-annotated] # list of events
    inbox.put(Tick(1.0))
    inbox.put(Tick(2.0))
    assert inbox.handled == 0
    inbox.connect(recording(seen))
    assert seen == ticks(1.0, 2.0)


def test_what_is_put_while_handling_waits_its_turn() -> None:
    inbox, seen, done = Inbox(), [], []

    def handle(event: Event) -> Sequence[Fact]:
        seen.append(event)
        if event == Tick(1.0):
            inbox.put(Tick(2.0))
            inbox.put(Tick(3.0))
            assert seen == ticks(1.0), "not in the middle of this one"
        done.append(event)
        return ()

    inbox.connect(handle)
    inbox.put(Tick(1.0))
    assert seen == done == ticks(1.0, 2.0, 3.0)


def test_an_event_that_cannot_be_handled_does_not_stop_the_rest() -> None:
    inbox, seen = Inbox(), []  # type: ignore[var-annotated] # list of events

    def fail(event: Event) -> Sequence[Fact]:
        if event.at == 1.0:
            inbox.put(Tick(2.0))
            raise RuntimeError("a bug")
        return ()

    inbox.connect(recording(seen, fail))
    inbox.put(Tick(1.0))
    inbox.put(Tick(3.0))
    assert seen == ticks(1.0, 2.0, 3.0)
    assert (inbox.handled, inbox.failed) == (3, 1)


async def test_a_request_gets_the_facts_it_led_to() -> None:
    inbox = Inbox()
    inbox.connect(lambda _event: [NOTED])
    assert await inbox.ask(ASKED) == [NOTED]


async def test_a_request_that_changes_nothing_gets_nothing() -> None:
    inbox = Inbox()
    inbox.connect(lambda _event: [])
    assert await inbox.ask(ASKED) == []


async def test_a_refusal_is_a_conflict_with_the_engines_code() -> None:
    inbox = Inbox()
    inbox.connect(lambda _event: [Refused("phone_taken", "another agent is at this phone", "phone")])
    with pytest.raises(Conflict) as caught:
        await inbox.ask(ASKED)
    assert (caught.value.code, caught.value.field, caught.value.status) == ("phone_taken", "phone", 409)
    assert caught.value.message == "another agent is at this phone"


async def test_before_connecting_a_request_is_told_to_come_later() -> None:
    inbox, seen = Inbox(), []  # type: ignore[var-annotated] # list of events
    with pytest.raises(Unavailable):
        await inbox.ask(ASKED)
    inbox.connect(recording(seen))
    assert seen == [], "a refused request is not carried out later"


async def test_a_request_that_fails_says_so_and_the_next_one_works() -> None:
    inbox, seen = Inbox(), []  # type: ignore[var-annotated] # list of events

    def fail(_event: Event) -> Sequence[Fact]:
        if len(seen) == 1:
            raise RuntimeError("a bug")
        return [NOTED]

    inbox.connect(recording(seen, fail))
    with pytest.raises(Unavailable):
        await inbox.ask(ASKED)
    assert await inbox.ask(ASKED) == [NOTED]


async def test_what_a_request_leads_to_is_handled_and_its_failure_is_not_the_requests() -> None:
    inbox, seen = Inbox(), []  # type: ignore[var-annotated] # list of events

    def handle(event: Event) -> Sequence[Fact]:
        if event is ASKED:
            inbox.put(Tick(6.0))
            return []
        raise RuntimeError("a bug")

    inbox.connect(recording(seen, handle))
    assert await inbox.ask(ASKED) == []
    assert seen == [ASKED, Tick(6.0)]
    assert inbox.failed == 1


async def test_a_request_from_inside_the_handling_is_refused() -> None:
    inbox, errors = Inbox(), []

    def handle(event: Event) -> Sequence[Fact]:
        if event.at == 1.0:
            try:
                inbox.ask(ASKED).send(None)
            except Unavailable as error:
                errors.append(error)
        return ()

    inbox.connect(handle)
    inbox.put(Tick(1.0))
    assert len(errors) == 1
    assert await inbox.ask(ASKED) == ()
