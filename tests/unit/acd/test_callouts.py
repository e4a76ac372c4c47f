"""Calls that agents place: who may, what ends them, what a picture or the journal says of them."""

from dataclasses import replace

import pytest

from acd import journal
from acd.callout_model import OutRules
from acd.callouts import DIAL_CAUSES, Q850_CAUSES, cause_of
from acd.numbers import NumberKind, kind_of, normal
from acd.outcomes import meaning
from acd.phases import Phase
from core.commands import HangUpLeg, RequestReconcile, StartCallout
from core.events import (
    AgentLegEnded,
    CalloutAsked,
    CalloutConnected,
    CalloutDropped,
    CalloutUnreached,
    CitizenAnswered,
    Event,
    OfferFailed,
    PhoneNotReached,
    PhonePickedUp,
    PhoneRinging,
)
from core.facts import (
    CallFinished,
    CallOffered,
    CalloutPlaced,
    NoticePlayed,
    OfferStarted,
    Refused,
    TalkStarted,
)
from core.vocabulary import AgentId, AgentState, CallId, Direction, OfferId, Outcome, Phone, Seconds
from tests.unit.acd.world import CITIZENS, World, live

NUMBER = "13800138001"
LEG, CITIZEN = "PJSIP/1001-0000000a", "PJSIP/outside-0000000b"


def centre(state: AgentState = AgentState.READY) -> World:
    world = World()
    world.state.out.rules = OutRules(possible=True)
    world.seat(1, ready=state is AgentState.READY)
    if state is not AgentState.READY:
        world.ask(1, state, 0.0)
    return world


def place(world: World, at: Seconds = 1.0, number: str = NUMBER, ticket: int | None = None) -> None:
    world.apply(CalloutAsked(CallId("x"), AgentId(1), number, "", CITIZENS, ticket, None, None, at))


def picked_up(at: Seconds = 2.0, call: str = "x") -> PhonePickedUp:
    return PhonePickedUp(CallId(call), Phone("1001"), LEG, NUMBER, "12345", CITIZENS, 1.0, OfferId(1000), at)


def test_first_the_agents_phone_then_the_citizen_then_the_talk() -> None:
    world = centre()
    place(world, ticket=7)
    (placed,) = world.told(CalloutPlaced)
    assert (placed.agent_id, placed.ticket_id, placed.dialled) == (1, 7, "12345")
    assert world.told(CallOffered) == []
    assert world.told(OfferStarted) == []
    assert world.agent(1).state is AgentState.OUTBOUND
    (started,) = world.ordered(StartCallout)
    assert (started.phone, started.number, started.phone_seconds) == ("1001", NUMBER, 15.0)
    world.apply(PhoneRinging(CallId("x"), Phone("1001"), LEG, 1.5))
    world.apply(picked_up())
    assert world.call("x").phase is Phase.DIALLING
    world.apply(CitizenAnswered(CallId("x"), CITIZEN, "u", 5.0))
    assert world.told(TalkStarted) == []
    world.apply(CalloutConnected(CallId("x"), CITIZEN, "u", Phone("1001"), LEG, 8.0, 8.1))
    (talk,) = world.told(TalkStarted)
    assert (talk.direction, talk.agent_id, talk.at) == (Direction.OUTBOUND, 1, 8.1)
    assert [fact.at for fact in world.told(NoticePlayed)] == [8.0]
    assert world.agent(1).state is AgentState.OUTBOUND
    world.leg_ends("x", 1, 20.0)
    assert world.agent(1).state is AgentState.WRAP_UP
    world.hang_up("x", 20.1)
    (finished,) = world.told(CallFinished)
    assert (finished.outcome, finished.cause, finished.unreached_stage) == (
        Outcome.ANSWERED,
        "caller_hangup",
        None,
    )


def test_everything_twice_and_late_changes_nothing() -> None:
    world = centre()
    place(world)
    events: list[Event] = [
        picked_up(),
        CitizenAnswered(CallId("x"), CITIZEN, "u", 5.0),
        CalloutConnected(CallId("x"), CITIZEN, "u", Phone("1001"), LEG, 8.0, 8.1),
    ]
    for event in (*events, *events, *reversed(events)):
        world.apply(event)
    assert len(world.told(TalkStarted)) == 1
    assert world.call("x").phase is Phase.TALKING
    world.leg_ends("x", 1, 9.0)
    world.hang_up("x", 9.1)
    for event in events:
        world.apply(event)
    assert len(world.told(CallFinished)) == 1
    assert world.state.calls == {}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("nowhere", "no_outside_line"),
        ("premium", "number_not_allowed"),
        ("abroad", "number_not_allowed"),
        ("emergency", "number_not_allowed"),
        ("away", "switch_away"),
        ("phone", "phone_not_registered"),
        ("talking", "transition_not_allowed"),
        ("stress room", "transition_not_allowed"),
    ],
)
def test_who_may_not_call_is_told_why(change: str, code: str) -> None:
    world = centre(AgentState.STRESS_ROOM if change == "stress room" else AgentState.BREAK)
    number = {"premium": "16812345", "abroad": "0012025550123", "emergency": "110"}.get(change, NUMBER)
    if change == "nowhere":
        world.state.out.rules = OutRules(possible=False)
    if change == "away":
        world.lose_connection(0.5)
    if change == "phone":
        world.phone(1, 0.5, reachable=False)
    if change == "talking":
        world.ask(1, AgentState.READY, 0.5)
        world.wait("a", 0.6)
        world.answer("a", 1, 0.7)
    place(world, number=number)
    assert [fact.code for fact in world.told(Refused)] == [code]
    assert CallId("x") not in world.state.calls


def test_from_a_break_back_into_the_break() -> None:
    world = centre(AgentState.BREAK)
    place(world)
    world.apply(picked_up())
    world.apply(CalloutUnreached(CallId("x"), "BUSY", 17, 3.0))
    assert world.told(CallFinished) == []  # his phone is not free yet
    world.leg_ends("x", 1, 3.1)
    assert world.told(CallFinished)[0].cause == "busy"
    assert world.agent(1).state is AgentState.WRAP_UP
    assert world.agent(1).next_state is AgentState.BREAK


def test_given_up_while_whichever_phone_rings() -> None:
    world = centre()
    place(world)
    world.apply(CalloutDropped(AgentId(1), 1.2))
    assert world.ordered(HangUpLeg) == []  # nothing is known to ring yet
    world.apply(PhoneRinging(CallId("x"), Phone("1001"), LEG, 1.3))
    assert world.ordered(HangUpLeg) == [HangUpLeg(CallId("x"), LEG)]
    world.leg_ends("x", 1, 1.4)
    assert (world.told(CallFinished)[0].outcome, world.told(CallFinished)[0].cause) == (
        Outcome.FAILED,
        "dropped",
    )
    world.apply(CalloutDropped(AgentId(1), 1.5))
    assert world.told(Refused)[-1].code == "no_callout"


def test_a_citizen_who_leaves_during_the_notice_and_an_agent_who_does() -> None:
    for leaver, cause in ((CITIZEN, "citizen_hangup"), (LEG, "agent_hangup")):
        world = centre()
        place(world)
        world.apply(PhoneRinging(CallId("x"), Phone("1001"), LEG, 1.5))
        world.apply(picked_up())
        world.apply(CitizenAnswered(CallId("x"), CITIZEN, "u", 5.0))
        if leaver == CITIZEN:
            world.hang_up("x", 6.0)
            assert world.ordered(HangUpLeg) == [HangUpLeg(CallId("x"), LEG)]
        world.leg_ends("x", 1, 6.1)
        assert world.told(CallFinished)[0].cause == cause


def test_the_citizens_leg_that_ends_while_it_only_rings_says_nothing() -> None:
    world = centre()
    place(world)
    world.apply(picked_up())
    world.hang_up("x", 3.0, cause=0)
    assert world.told(CallFinished) == []


def test_a_call_that_the_switch_did_not_place() -> None:
    world = centre()
    place(world)
    world.apply(OfferFailed(CallId("x"), OfferId(1000), "timeout", 2.0))
    assert world.told(CallFinished)[0].cause == "not_placed"
    assert world.agent(1).state is AgentState.WRAP_UP
    world.apply(picked_up(3.0))  # it rang after all
    assert world.ordered(HangUpLeg) == [HangUpLeg(CallId("x"), LEG)]


def test_an_agent_who_does_not_pick_up_for_his_own_call() -> None:
    world = centre()
    place(world)
    world.apply(PhoneNotReached(CallId("x"), 3, 20.0))
    assert world.told(CallFinished)[0].cause == "agent_no_answer"
    assert world.agent(1).state is AgentState.NOT_RESPONDING


def test_a_picture_adopts_what_an_earlier_run_placed() -> None:
    world = centre()
    seen = replace(live("x", "dialling", agent=1), channel="", direction=Direction.OUTBOUND, caller=NUMBER)
    world.picture(5.0, seen, busy=[1])
    assert world.call("x").phase is Phase.DIALLING
    assert world.agent(1).state is AgentState.OUTBOUND
    assert len(world.told(CalloutPlaced)) == 1
    world.picture(6.0, replace(seen, channel=CITIZEN, talking=True), busy=[1])
    assert world.call("x").phase is Phase.TALKING


def test_what_waits_in_the_line_or_has_just_been_placed_is_in_no_picture() -> None:
    world = centre()
    place(world)
    world.picture(0.9)
    world.picture(60.0)
    assert CallId("x") in world.state.calls
    world.picture(90.0)
    (finished,) = world.told(CallFinished)
    assert finished.cause == "callout_interrupted"
    assert world.agent(1).state is AgentState.WRAP_UP
    assert world.ordered(RequestReconcile) != []


# --- causes, numbers, journal --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "q850", "cause"),
    [
        ("NOANSWER", 0, "no_answer"),
        ("BUSY", 17, "busy"),
        ("CHANUNAVAIL", 1, "invalid_number"),
        ("CHANUNAVAIL", 21, "rejected"),
        ("CHANUNAVAIL", 0, "unreachable"),
        ("CONGESTION", 34, "network"),
        ("CANCEL", 16, "agent_hangup"),
        ("", 0, "network"),
    ],
)
def test_why_a_citizen_was_not_reached(status: str, q850: int, cause: str) -> None:
    assert cause_of(CalloutUnreached(CallId("x"), status, q850, 1.0)) == cause


def test_every_cause_is_a_line_of_the_table_of_outcomes() -> None:
    for cause in {*Q850_CAUSES.values(), *DIAL_CAUSES.values()}:
        assert meaning(Outcome.FAILED, cause) is not None


@pytest.mark.parametrize(
    ("given", "number", "kind"),
    [
        ("13800138001", "13800138001", NumberKind.MOBILE),
        ("+86 138-0013-8001", "13800138001", NumberKind.MOBILE),
        ("8613800138001", "13800138001", NumberKind.MOBILE),
        ("+861012345678", "01012345678", NumberKind.LANDLINE),
        ("0312 5031234", "03125031234", NumberKind.LANDLINE),
        ("5031234", "5031234", NumberKind.LOCAL),
        ("95588", "95588", NumberKind.SERVICE),
        ("4001234567", "4001234567", NumberKind.SERVICE),
        ("110", "110", NumberKind.EMERGENCY),
        ("16801234", "16801234", NumberKind.PREMIUM),
        ("02116812345", "02116812345", NumberKind.PREMIUM),
        ("16612345678", "16612345678", NumberKind.MOBILE),
        ("+12025550123", "0012025550123", NumberKind.INTERNATIONAL),
        ("1", "1", None),
        ("12#34", "12#34", None),
        ("", "", None),
    ],
)
def test_numbers(given: str, number: str, kind: NumberKind | None) -> None:
    assert normal(given) == number
    assert kind_of(number) is kind
    assert normal(number) == number


CALL = "0b0f7c9e-0000-4000-8000-000000000001"


def line(kind: str, at: float, channel: str, extra: str = "") -> str:
    wrapped = '{""extra"":""' + extra + '""}' if extra else ""
    return f'"{kind}","{at}","{CALL}","u","u","{channel}","s","acd-out","","","{wrapped}"'


def test_the_journal_tells_a_placed_call_and_no_answer_of_a_leg_is_its_talk() -> None:
    lines = [
        line("ANSWER", 1.0, LEG),
        line(
            "HOTLINE_DIALLING",
            1.1,
            LEG,
            f"queue=citizens dialled=12345 caller={NUMBER} entered_at=0.5 offer=77",
        ),
        line("ANSWER", 3.0, CITIZEN),
        line("HOTLINE_TALKING", 6.0, CITIZEN, f"peer={LEG} notice_at=5.9"),
        line("HANGUP", 9.0, LEG),
    ]
    events = journal.replay(journal.parse(lines), lambda endpoint: endpoint == "1001")
    assert [type(event) for event in events] == [PhonePickedUp, CalloutConnected, AgentLegEnded]
    world = centre()
    for event in events:
        world.apply(event)
    assert len(world.told(TalkStarted)) == 1
    unreached = [lines[1], line("HOTLINE_UNREACHED", 4.0, LEG, "status=BUSY q850=17")]
    told = journal.replay(journal.parse(unreached), lambda endpoint: endpoint == "1001")
    assert told[-1] == CalloutUnreached(CallId(CALL), "BUSY", 17, 4.0)
