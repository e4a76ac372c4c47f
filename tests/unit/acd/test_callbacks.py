"""Call-back in queue: the table, who is offered one, the line, retries, and what must never happen."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd import callbacks
from acd.callout_model import OutRules
from acd.phases import Phase
from core.callbacks import (
    OPEN,
    TRANSITIONS,
    TRYING,
    CallBack,
    CallBackId,
    CallBackInput,
    CallBackSource,
    CallBackState,
    next_state,
)
from core.commands import HangUpLeg, MarkCall, SendAway, StartCallout
from core.events import (
    CallArrived,
    CallBackAsked,
    CallBackCancelAsked,
    CallerChose,
    CallLeaving,
    CalloutConnected,
    CalloutUnreached,
    PhoneNotReached,
    PhonePickedUp,
    PhoneRinging,
    Tick,
)
from core.facts import CallBackChanged, CallFinished, CalloutPlaced, Refused
from core.plan import CallBackRules
from core.vocabulary import AgentState, CallId, Direction, Outcome, QueueName, Seconds
from tests.unit.acd.world import CITIZENS, World, live, phone_of, waiting

NUMBER = "13800138001"
OTHER = "13900139000"
RULES = CallBackRules(offer_above=0.0, tries=2, retry_after=100.0, expires_after=1000.0)

GRID = """
              due    ring          agent_missed picked_up connected not_reached exhausted cancel    expire
requested     queued ringing_agent .            .         .         .           .         cancelled expired
queued        .      ringing_agent .            .         .         requested   .         cancelled expired
ringing_agent .      .             queued       dialling  done      requested   failed    cancelled .
dialling      .      .             .            .         done      requested   failed    cancelled .
done          .      .             .            .         .         .           .         .         .
failed        .      .             .            .         .         .           .         .         .
cancelled     .      .             .            .         .         .           .         .         .
expired       .      .             .            .         .         .           .         .         .
"""


def cells() -> list[tuple[CallBackState, CallBackInput, CallBackState | None]]:
    header, *rows = [line.split() for line in GRID.strip().splitlines()]
    return [
        (CallBackState(row[0]), CallBackInput(given_), None if cell == "." else CallBackState(cell))
        for row in rows
        for given_, cell in zip(header, row[1:], strict=True)
    ]


@pytest.mark.parametrize(("state", "given_", "expected"), cells())
def test_every_pair_leads_where_the_grid_says(
    state: CallBackState, given_: CallBackInput, expected: CallBackState | None
) -> None:
    assert next_state(state, given_) is expected


def test_the_grid_holds_every_pair_once_and_only_open_ones_move() -> None:
    pairs = [(state, given_) for state, given_, _ in cells()]
    assert sorted(pairs) == sorted((state, given_) for state in CallBackState for given_ in CallBackInput)
    assert {state for state, _ in TRANSITIONS} == OPEN


# --- a small centre ------------------------------------------------------------------------------


def centre(rules: CallBackRules | None = RULES) -> World:
    world = World()
    world.state.out.rules = OutRules(possible=True)
    world.configure(CITIZENS, call_back=rules)
    return world


def tick(world: World, at: Seconds) -> None:
    world.apply(Tick(at))


def asks(world: World, at: Seconds, number: str = NUMBER, ident: str = "r1") -> None:
    world.apply(CallBackAsked(CallBackId(ident), number, "12345", CITIZENS, "chief", None, None, at, at, at))
    tick(world, at)


def states(world: World) -> list[CallBackState]:
    return [fact.callback.state for fact in world.told(CallBackChanged)]


def last_start(world: World) -> StartCallout:
    return world.ordered(StartCallout)[-1]


def pick_up(world: World, at: Seconds) -> StartCallout:
    started = last_start(world)
    channel = f"PJSIP/{started.phone}-0000000a"
    world.apply(PhoneRinging(started.call_id, started.phone, channel, at))
    world.apply(
        PhonePickedUp(
            started.call_id,
            started.phone,
            channel,
            started.number,
            started.dialled,
            started.queue,
            started.entered_at,
            started.offer_id,
            at,
        )
    )
    return started


def connect(world: World, at: Seconds) -> StartCallout:
    started = last_start(world)
    channel = f"PJSIP/{started.phone}-0000000a"
    world.apply(
        CalloutConnected(started.call_id, "PJSIP/outside-0000000b", "u9", started.phone, channel, at, at)
    )
    return started


def in_vain(world: World, at: Seconds, status: str = "NOANSWER", cause: int = 19) -> None:
    started = last_start(world)
    world.apply(CalloutUnreached(started.call_id, status, cause, at))
    agent = world.state.by_phone[started.phone]
    world.leg_ends(started.call_id, agent, at)


# --- offered -------------------------------------------------------------------------------------


def offered(world: World) -> bool:
    return any(("HOTLINE_SAY", "call_back") in mark.variables for mark in world.ordered(MarkCall))


def test_who_would_wait_is_asked_once() -> None:
    world = centre(replace(RULES, offer_above=30.0))
    world.wait("a", 1.0)
    tick(world, 16.0)
    tick(world, 31.0)
    assert not offered(world)
    tick(world, 46.0)
    assert offered(world)
    world.commands.clear()
    tick(world, 400.0)
    assert not offered(world)


@pytest.mark.parametrize("why", ["no rules", "no way out", "anonymous", "abroad", "somebody is ready"])
def test_who_would_not_wait_or_cannot_be_called_is_not_asked(why: str) -> None:
    world = centre(None if why == "no rules" else RULES)
    if why == "no way out":
        world.state.out.rules = OutRules(possible=False)
    if why == "somebody is ready":
        world.seat(1)
        world.wait("a", 1.0)
    else:
        caller = {"anonymous": "", "abroad": "0012025550123"}.get(why, NUMBER)
        world.apply(replace(waiting("a", 1.0), caller=caller))
    tick(world, 100.0)
    tick(world, 200.0)
    assert not offered(world)


@pytest.mark.parametrize("who", ["picture", "journal"])
def test_a_promise_that_only_asterisk_knows_of_is_kept_once(who: str) -> None:
    world = centre()
    if who == "picture":
        leaving = replace(live("a", "leaving", entered_at=1.0), leaving="call_back")
        world.picture(5.0, leaving)
        world.picture(6.0, leaving)
    else:
        world.wait("a", 1.0)
        world.apply(CallLeaving(CallId("a"), "call_back", 5.0))
        world.apply(CallLeaving(CallId("a"), "call_back", 5.0))
    assert [fact.callback.place_at for fact in world.told(CallBackChanged)] == [1.0]
    world.hang_up("a", 7.0)
    assert [(fact.outcome, fact.cause) for fact in world.told(CallFinished)] == [
        (Outcome.CALLED_BACK, "callback_requested")
    ]


def test_choosing_ends_the_call_and_puts_a_request_at_its_place() -> None:
    world = centre()
    world.wait("a", 1.0)
    world.apply(CallerChose(CallId("a"), "call_back", "", 60.0))
    assert world.ordered(SendAway)[-1].cause == "call_back"
    world.seat(1, 61.0)
    assert world.ordered(StartCallout) == []  # he is still on the line
    tick(world, 64.0)
    assert world.ordered(StartCallout) == []
    world.hang_up("a", 65.0)
    (finished,) = world.told(CallFinished)
    assert (finished.outcome, finished.cause) == (Outcome.CALLED_BACK, "callback_requested")
    assert finished.unreached_stage is None
    tick(world, 80.0)
    (request,) = world.state.out.callbacks.values()
    assert (request.place_at, request.number, request.origin) == (1.0, "13800138000", "a")
    assert last_start(world).number == request.number
    assert request.state is CallBackState.RINGING_AGENT


def test_choosing_while_the_phone_rings_for_him_changes_nothing() -> None:
    world = centre()
    world.wait("a", 1.0)
    world.seat(1, 2.0)
    world.apply(CallerChose(CallId("a"), "call_back", "", 3.0))
    assert world.call("a").phase is Phase.OFFERING
    assert world.state.out.callbacks == {}


# --- the line ------------------------------------------------------------------------------------


def test_its_place_is_that_of_the_caller() -> None:
    world = centre()
    asks(world, 1.0)
    world.wait("later", 5.0)
    world.seat(1, 10.0)
    assert last_start(world).number == NUMBER
    assert world.offers == []
    world.seat(2, 11.0)
    assert world.offers == [("later", 2)]


def test_a_talk_makes_it_done_and_the_call_is_accounted_for() -> None:
    world = centre()
    asks(world, 1.0)
    world.seat(1, 2.0)
    started = pick_up(world, 3.0)
    assert world.agent(1).state is AgentState.OUTBOUND
    connect(world, 4.0)
    assert world.call(started.call_id).phase is Phase.TALKING
    assert states(world) == [
        CallBackState.REQUESTED,
        CallBackState.QUEUED,
        CallBackState.RINGING_AGENT,
        CallBackState.DIALLING,
        CallBackState.DONE,
    ]
    world.leg_ends(started.call_id, 1, 9.0)
    world.hang_up(started.call_id, 9.0, agent_left=True)
    assert world.agent(1).state is AgentState.WRAP_UP
    (finished,) = world.told(CallFinished)
    assert (finished.direction, finished.outcome, finished.cause) == (
        Direction.OUTBOUND,
        Outcome.ANSWERED,
        "agent_hangup",
    )
    assert [fact.call_id for fact in world.told(CalloutPlaced)] == [started.call_id]
    assert world.state.out.callouts == {}
    assert world.state.out.by_number == {}


def test_an_agent_who_misses_it_is_blamed_and_the_next_one_rings_for_the_same_call() -> None:
    world = centre()
    asks(world, 1.0)
    world.seat(1, 2.0)
    first = last_start(world)
    world.apply(PhoneNotReached(first.call_id, 3, 20.0))
    assert world.agent(1).state is AgentState.NOT_RESPONDING
    world.seat(2, 21.0)
    assert last_start(world).call_id == first.call_id
    assert last_start(world).phone == phone_of(2)
    assert len(world.told(CalloutPlaced)) == 1


def test_tried_as_often_as_the_rules_say_and_the_agent_has_no_wrap_up() -> None:
    world = centre()
    asks(world, 1.0)
    world.seat(1, 2.0)
    first = pick_up(world, 3.0)
    in_vain(world, 10.0)
    assert world.agent(1).state is AgentState.READY
    (request,) = world.state.out.callbacks.values()
    assert (request.tries, request.due_at, request.cause) == (1, 110.0, "no_answer")
    tick(world, 109.0)
    assert last_start(world).call_id == first.call_id
    tick(world, 110.0)
    assert last_start(world).call_id != first.call_id
    pick_up(world, 111.0)
    in_vain(world, 115.0, "BUSY", 17)
    assert states(world)[-1] is CallBackState.FAILED
    assert [fact.cause for fact in world.told(CallFinished)] == ["no_answer", "busy"]
    assert world.state.calls == {}


def test_what_was_not_the_citizens_doing_uses_no_try_up() -> None:
    world = centre()
    asks(world, 1.0)
    world.seat(1, 2.0)
    started = pick_up(world, 3.0)
    world.leg_ends(started.call_id, 1, 4.0)  # the agent hung up while it was dialled
    (request,) = world.state.out.callbacks.values()
    assert (request.tries, request.cause, request.due_at) == (0, "agent_hangup", 14.0)


def test_a_number_is_in_the_line_once() -> None:
    world = centre()
    asks(world, 1.0)
    asks(world, 2.0, ident="r2")
    assert [fact.code for fact in world.told(Refused)] == ["already_in_line"]
    assert list(world.state.out.callbacks) == ["r1"]


# --- over ----------------------------------------------------------------------------------------


def arrive(world: World, call: str, at: Seconds, caller: str = NUMBER) -> None:
    world.apply(CallArrived(CallId(call), f"PJSIP/trunk-{call}", "u", caller, "12345", CITIZENS, at))


def test_a_citizen_who_rings_in_gets_the_place_and_the_request_ends() -> None:
    world = centre()
    asks(world, 1.0)
    world.wait("between", 5.0)
    arrive(world, "own", 9.0, caller=f"86{NUMBER}")
    assert states(world)[-1] is CallBackState.CANCELLED
    assert world.call("own").place_at == 1.0
    assert [call for call in world.state.calls.values() if call.awaits_callout] == []
    assert world.told(CallFinished) == []


def test_ringing_in_while_an_agents_phone_rings_hangs_that_up() -> None:
    world = centre()
    asks(world, 1.0)
    world.seat(1, 2.0)
    started = last_start(world)
    world.apply(PhoneRinging(started.call_id, started.phone, "PJSIP/1001-0000000a", 3.0))
    arrive(world, "own", 4.0)
    assert world.ordered(HangUpLeg) == [HangUpLeg(started.call_id, "PJSIP/1001-0000000a")]
    world.leg_ends(started.call_id, 1, 4.1)
    world.apply(PhoneNotReached(started.call_id, 0, 4.2))
    (finished,) = world.told(CallFinished)
    assert (finished.outcome, finished.cause) == (Outcome.FAILED, "citizen_called")
    assert world.agent(1).state is AgentState.READY


def test_withdrawn_between_two_agents_the_placed_call_is_accounted_for() -> None:
    world = centre()
    asks(world, 1.0)
    world.seat(1, 2.0)
    world.apply(PhoneNotReached(last_start(world).call_id, 3, 20.0))
    world.apply(CallBackCancelAsked(CallBackId("r1"), "withdrawn", 21.0))
    (finished,) = world.told(CallFinished)
    assert (finished.outcome, finished.cause) == (Outcome.FAILED, "withdrawn")
    assert world.state.calls == {}


def test_it_expires_in_the_line_but_not_while_it_is_tried() -> None:
    world = centre()
    asks(world, 1.0)
    asks(world, 2.0, OTHER, "r2")
    world.seat(1, 500.0)
    pick_up(world, 501.0)
    tick(world, 1002.0)
    assert [fact.callback.callback_id for fact in world.told(CallBackChanged) if not fact.callback.open] == [
        "r2"
    ]
    in_vain(world, 1003.0)
    tick(world, 1103.0)
    assert states(world)[-1] is CallBackState.EXPIRED
    assert world.state.out.callbacks == {}


# --- restart -------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", sorted(OPEN))
def test_a_restart_goes_on_with_every_open_request(state: CallBackState) -> None:
    world = centre()
    request = CallBack(
        callback_id=CallBackId("r1"),
        number=NUMBER,
        queue=CITIZENS,
        dialled="12345",
        source=CallBackSource.CALLER,
        requested_by="",
        requested_at=1.0,
        place_at=1.0,
        due_at=5.0,
        expires_at=1000.0,
        state=state,
        call_id=CallId("old") if state in TRYING else None,
        attempt=1,
    )
    callbacks.restore(world.state, [request], 100.0)
    world.seat(1, 101.0)
    tick(world, 101.0)
    tick(world, 120.0)
    assert last_start(world).number == NUMBER
    assert request.attempt == 2


# --- what must never happen ----------------------------------------------------------------------

STEP = st.tuples(st.sampled_from("aspmnxurchl"), st.integers(0, 2), st.floats(0.5, 40.0))


@settings(max_examples=150, deadline=None)
@given(st.lists(STEP, max_size=40))
def test_never_two_calls_at_an_agent_nor_two_requests_for_a_number(
    steps: list[tuple[str, int, float]],
) -> None:
    world = centre()
    for agent in (1, 2):
        world.seat(agent)
    at = 1.0
    for number, (what, which, pause) in enumerate(steps):
        at += pause
        _do(world, what, which, at, number)
        tick(world, at)
        _check(world)


def _do(world: World, what: str, which: int, at: Seconds, number: int) -> None:  # noqa: C901 - one case per step
    started = world.ordered(StartCallout)
    match what:
        case "a" | "s":
            asks(world, at, (NUMBER, OTHER, "13700137000")[which], f"r{number}")
        case "r":
            arrive(world, f"c{number}", at, (NUMBER, OTHER, "13700137000")[which])
        case "c":
            world.apply(CallBackCancelAsked(CallBackId(f"r{number - which - 1}"), "withdrawn", at))
        case "h":
            world.ask(1 + which % 2, AgentState.READY, at)
        case _ if not started:
            return
        case "p":
            pick_up(world, at)
        case "m" | "n":
            world.apply(PhoneNotReached(started[-1].call_id, 3 * (what == "m"), at))
        case "x":
            connect(world, at)
        case "u":
            in_vain(world, at)
        case "l":
            world.hang_up(started[-which % len(started)].call_id, at)


def _check(world: World) -> None:
    requests = list(world.state.out.callbacks.values())
    assert len({request.number for request in requests}) == len(requests)
    assert {r.number: r.callback_id for r in requests} == world.state.out.by_number
    assert all(request.open for request in requests)
    placing = [
        call
        for call in world.state.calls.values()
        if call.direction is Direction.OUTBOUND and not call.awaits_callout
    ]
    held = [
        call.agent_id for call in placing if call.phase in (Phase.OFFERING, Phase.DIALLING, Phase.TALKING)
    ]
    assert len(held) == len(set(held)) <= len(world.state.agents)
    assert set(world.state.out.callouts) == {
        call.call_id for call in world.state.calls.values() if call.direction is Direction.OUTBOUND
    }
    finished = [fact.call_id for fact in world.told(CallFinished)]
    assert len(finished) == len(set(finished))
    known = {*finished, *world.state.calls}
    assert {fact.call_id for fact in world.told(CalloutPlaced)} <= known


def test_queue_names_stay_known() -> None:
    world = centre()
    world.apply(
        CallBackAsked(CallBackId("r"), NUMBER, "", QueueName("gone"), "chief", None, None, 1.0, 1.0, 1.0)
    )
    (request,) = world.state.out.callbacks.values()
    assert (request.queue, request.dialled) == (CITIZENS, "12345")
