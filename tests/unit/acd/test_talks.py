"""Talks in the engine: what agents ask for, what legs do, and that nobody is lost whatever the order."""

from dataclasses import replace
from typing import Any

import pytest

from acd.phases import Phase
from acd.talk_model import TalkState
from core.commands import MoveLegs, OfferCall, RequestReconcile, RingThird, SetSound
from core.events import (
    AgentLegEnded,
    CallAnswered,
    ConsultOver,
    TalkAsked,
    TalkFailed,
    ThirdAnswered,
    ThirdLegEnded,
    Tick,
)
from core.facts import (
    CallFinished,
    CallHandedOver,
    EmergencyCalled,
    EmergencyOver,
    EmergencyReached,
    Refused,
    SegmentEnded,
    SegmentStarted,
    TalkEnded,
    TalkMarked,
)
from core.talk import MarkKind, Sound, TalkAction
from core.vocabulary import AgentId, AgentState, CallId, Phone
from tests.unit.acd.world import BUSINESS, CITIZENS, World, channel_of, phone_of, waiting

LEG = "PJSIP/1001-a"


@pytest.fixture
def world() -> World:
    """Agent 1 talks to call ``a`` since 10; agent 2 is ready."""
    world = World()
    world.seat(1)
    world.wait("a", 1.0)
    world.answer("a", 1, 10.0)
    world.seat(2, 11.0)
    return world


def ask(world: World, action: TalkAction, at: float, agent: int = 1, **more: Any) -> list[str]:  # noqa: ANN401 - fields
    decision = world.apply(TalkAsked(AgentId(agent), action, at, **more))
    return [fact.code for fact in decision.facts if isinstance(fact, Refused)]


def state(world: World) -> TalkState:
    return world.call("a").talk.state


def consult(world: World, at: float = 20.0) -> None:
    assert ask(world, TalkAction.CONSULT, at, phone=phone_of(2)) == []
    world.apply(CallAnswered(CallId("a"), phone_of(2), "PJSIP/1002-a", at + 1))


def test_hold_moves_both_legs_at_once_and_resume_connects_them(world: World) -> None:
    assert ask(world, TalkAction.HOLD, 20.0) == []
    (group,) = world.ordered(MoveLegs)[-1].groups
    assert [(leg.channel, leg.context) for leg in group] == [
        (channel_of("a"), "talk-hold"),
        (LEG, "talk-wait"),
    ]
    assert ask(world, TalkAction.HOLD, 21.0) == ["talk_not_so"]
    assert ask(world, TalkAction.RESUME, 25.0) == []
    began, ended = world.told(TalkMarked)
    assert (began.kind, began.started_at, began.ended_at) == (MarkKind.HOLD, 20.0, None)
    assert (ended.ended_at, ended.record_at) == (25.0, 10.0)
    world.hang_up("a", 30.0)
    assert world.told(SegmentEnded)[0].record_at == 15.0


@pytest.mark.parametrize("action", [a for a in TalkAction if a is not TalkAction.HANG_UP])
def test_whose_talk_it_is_not_may_do_nothing(world: World, action: TalkAction) -> None:
    assert ask(world, action, 20.0, agent=2) == ["no_talk"]
    consult(world)
    assert ask(world, action, 22.0, agent=2) == ["not_your_talk"]


def test_nothing_is_moved_while_asterisk_is_away(world: World) -> None:
    world.lose_connection(19.0)
    assert ask(world, TalkAction.TRANSFER, 20.0, phone=phone_of(2)) == ["talk_not_settled"]
    assert world.call("a").phase is Phase.TALKING


def test_a_held_caller_whose_agent_leaves_comes_back_first(world: World) -> None:
    world.ask(2, AgentState.BREAK, 12.0)
    ask(world, TalkAction.HOLD, 20.0)
    world.leg_ends("a", 1, 22.0)
    assert world.call("a").phase is Phase.TALKING
    assert world.agent(1).state is AgentState.WRAP_UP
    world.wait("b", 0.5)
    world.apply(back("agent_left", 23.0))
    assert world.told(TalkEnded) == []
    world.ask(2, AgentState.READY, 24.0)
    assert world.offers[-1] == ("a", 2)
    world.answer("a", 2, 26.0)
    assert [s.began for s in world.told(SegmentStarted)] == ["answered", "returned"]
    assert world.told(CallHandedOver)[-1].agent_id == 2


def back(reason: str, at: float) -> Any:  # noqa: ANN401 - an event
    return replace(waiting("a", at, entered_at=1.0), reason=reason)


@pytest.mark.parametrize("leg_first", [True, False])
def test_a_phone_that_dies(world: World, leg_first: bool) -> None:  # noqa: FBT001 - a case
    events = [
        AgentLegEnded(CallId("a"), phone_of(1), LEG, 30.0, cause=44),
        back("phone_lost", 30.0),
    ]
    for event in events if leg_first else events[::-1]:
        world.apply(event)
        world.apply(event)
    agent = world.agent(1)
    assert (agent.state, agent.cause) == (AgentState.NOT_RESPONDING, "system:phone_died")
    assert world.offers[-1] == ("a", 2)
    world.answer("a", 2, 31.0)
    world.hang_up("a", 40.0)
    assert [s.ended for s in world.told(SegmentEnded)] == ["phone_lost", "hang_up"]
    (ended,) = world.told(TalkEnded)
    assert ended.at == 40.0
    assert len(world.told(CallFinished)) == 1


def test_a_caller_who_gives_up_after_the_phone_died_was_answered_and_his_talk_ended(world: World) -> None:
    world.ask(2, AgentState.BREAK, 12.0)
    world.apply(AgentLegEnded(CallId("a"), phone_of(1), LEG, 30.0, cause=44))
    world.apply(back("phone_lost", 30.0))
    world.hang_up("a", 35.0)
    (ended,), (finished,) = world.told(TalkEnded), world.told(CallFinished)
    assert (ended.at, finished.talk_ended_at, finished.outcome) == (30.0, 30.0, "answered")


def test_who_is_asked_is_offered_nothing_else(world: World) -> None:
    consult(world)
    assert state(world) is TalkState.CONSULTING
    assert world.agent(2).state is AgentState.TALKING
    world.wait("b", 22.0)
    assert [call for call, _ in world.offers] == ["a"]


def test_complete_hands_over_call_segment_and_wrap_up(world: World) -> None:
    consult(world)
    assert ask(world, TalkAction.COMPLETE, 25.0) == []
    call = world.call("a")
    assert (call.agent_id, call.agent_channel, state(world)) == (2, "PJSIP/1002-a", TalkState.CONNECTED)
    assert world.agent(1).state is AgentState.WRAP_UP
    move = world.ordered(MoveLegs)[-1]
    assert move.hang_up == (LEG,)
    assert move.variables == (("HOTLINE_PEER", "PJSIP/1002-a"),)
    world.apply(ConsultOver(CallId("a"), phone_of(1), "ANSWER", 25.1))
    world.leg_ends("a", 1, 25.2)
    assert world.agent(2).state is AgentState.TALKING
    world.leg_ends("a", 2, 30.0)
    assert world.call("a").phase is Phase.AFTER
    assert [(s.agent_id, s.ended) for s in world.told(SegmentEnded)] == [(1, "transfer"), (2, "hang_up")]


@pytest.mark.parametrize(
    ("status", "left"), [("NOANSWER", AgentState.NOT_RESPONDING), ("CANCEL", AgentState.READY)]
)
def test_nobody_answers_a_consultation(world: World, status: str, left: AgentState) -> None:
    ask(world, TalkAction.CONSULT, 20.0, phone=phone_of(2))
    world.leg_ends("a", 2, 25.0)
    world.apply(ConsultOver(CallId("a"), phone_of(1), status, 25.0))
    assert state(world) is TalkState.HELD
    assert world.agent(2).state is left
    assert ask(world, TalkAction.RESUME, 26.0) == []


def test_cancel_frees_the_colleague(world: World) -> None:
    consult(world)
    assert ask(world, TalkAction.CANCEL, 25.0) == []
    assert state(world) is TalkState.CONNECTED
    assert world.agent(2).state is AgentState.WRAP_UP


def test_blind_transfer_to_a_colleague_is_an_offer(world: World) -> None:
    assert ask(world, TalkAction.TRANSFER, 20.0, phone=phone_of(2)) == []
    assert world.call("a").phase is Phase.OFFERING
    assert world.ordered(OfferCall)[-1].phone == phone_of(2)
    assert world.ordered(MoveLegs)[-1].hang_up == (LEG,)
    world.leg_ends("a", 1, 20.1)
    world.answer("a", 2, 22.0)
    assert [s.began for s in world.told(SegmentStarted)] == ["answered", "transfer"]


@pytest.mark.parametrize("phone", [phone_of(1), Phone("1099")])
def test_nobody_is_there_to_transfer_to(world: World, phone: Phone) -> None:
    assert ask(world, TalkAction.TRANSFER, 20.0, phone=phone) == ["nobody_there"]
    assert ask(world, TalkAction.CONSULT, 20.0, phone=phone) == ["nobody_there"]


def test_a_colleague_who_is_not_free_is_not_rung(world: World) -> None:
    world.ask(2, AgentState.BREAK, 12.0)
    assert ask(world, TalkAction.CONSULT, 20.0, phone=phone_of(2)) == ["agent_not_free"]
    assert ask(world, TalkAction.TRANSFER, 20.0, phone=phone_of(2)) == ["agent_not_free"]
    assert world.call("a").phase is Phase.TALKING


def test_a_colleague_without_the_certificate_may_be_asked_but_not_given_the_call(world: World) -> None:
    world.configure(CITIZENS, certificate="housing")
    assert ask(world, TalkAction.TRANSFER, 20.0, phone=phone_of(2)) == ["agent_not_certified"]
    assert state(world) is TalkState.CONNECTED
    assert ask(world, TalkAction.CONSULT, 21.0, phone=phone_of(2)) == []


def test_transfer_to_a_queue_waits_there(world: World) -> None:
    world.ask(2, AgentState.BREAK, 12.0)
    assert ask(world, TalkAction.TRANSFER, 20.0, queue="nowhere") == ["unknown_queue"]
    assert ask(world, TalkAction.TRANSFER, 20.0, queue=BUSINESS) == []
    world.apply(back("transfer", 20.1))
    assert world.call("a").phase is Phase.WAITING
    assert world.call("a").queue == BUSINESS


def test_conference_goes_on_without_the_agent(world: World) -> None:
    assert ask(world, TalkAction.CONSULT, 20.0, number="03121234567") == []
    world.apply(ThirdAnswered(CallId("a"), "PJSIP/third-1", 22.0))
    assert ask(world, TalkAction.CONFERENCE, 23.0) == []
    pair, citizen = world.ordered(MoveLegs)[-1].groups
    assert {leg.channel for leg in pair} == {LEG, "PJSIP/third-1"}
    assert [leg.channel for leg in citizen] == [channel_of("a")]
    assert ask(world, TalkAction.HANG_UP, 30.0) == []
    world.leg_ends("a", 1, 30.1)
    assert state(world) is TalkState.OUTSIDE
    assert world.agent(1).state is AgentState.WRAP_UP
    world.hang_up("a", 40.0)
    assert "PJSIP/third-1" in world.ordered(MoveLegs)[-1].hang_up
    assert [s.kind for s in world.told(SegmentEnded)] == ["agent", "outside"]


def test_emergency_is_three_at_once(world: World) -> None:
    assert ask(world, TalkAction.EMERGENCY, 20.0, number="120", service="120", note="fall") == []
    assert state(world) is TalkState.CONFERENCE
    assert world.ordered(RingThird)[-1].dial == "120"
    world.apply(ThirdAnswered(CallId("a"), "PJSIP/third-1", 22.0))
    world.apply(ThirdLegEnded(CallId("a"), "PJSIP/third-1", 30.0))
    assert state(world) is TalkState.CONNECTED
    for kind in (EmergencyCalled, EmergencyReached, EmergencyOver):
        assert len(world.told(kind)) == 1


def test_an_emergency_service_that_cannot_be_rung_leaves_the_talk_as_it_is(world: World) -> None:
    ask(world, TalkAction.EMERGENCY, 20.0, number="120", service="120", note="fall")
    world.apply(ThirdLegEnded(CallId("a"), "", 20.1))
    assert state(world) is TalkState.CONNECTED
    assert world.told(EmergencyReached) == []


def test_the_recording_goes_on_by_itself(world: World) -> None:
    assert ask(world, TalkAction.RECORD_RESUME, 19.0) == ["talk_not_so"]
    ask(world, TalkAction.RECORD_PAUSE, 20.0, seconds=60.0)
    ask(world, TalkAction.RECORD_PAUSE, 30.0, seconds=60.0)
    world.apply(Tick(80.0))
    assert world.ordered(SetSound)[-1].sound is Sound.RECORD_PAUSE
    world.apply(Tick(90.0))
    assert world.ordered(SetSound)[-1].sound is Sound.RECORD_RESUME
    assert world.told(TalkMarked)[-1].ended_at == 90.0


def test_a_move_that_fails_takes_the_state_back(world: World) -> None:
    ask(world, TalkAction.HOLD, 20.0)
    number = world.ordered(MoveLegs)[-1].number
    world.apply(TalkFailed(CallId("a"), number, "gone", 20.1))
    assert state(world) is TalkState.CONNECTED
    assert world.ordered(RequestReconcile)
    world.apply(TalkFailed(CallId("a"), number - 1, "late", 20.2))
    assert state(world) is TalkState.CONNECTED


def test_hang_up_ends_the_call_of_a_citizen_on_hold(world: World) -> None:
    ask(world, TalkAction.HOLD, 20.0)
    assert ask(world, TalkAction.HANG_UP, 22.0) == []
    move = world.ordered(MoveLegs)[-1]
    assert move.groups[0][0].context == "after-call"
    world.leg_ends("a", 1, 22.1)
    world.hang_up("a", 22.2, agent_left=True)
    assert world.told(CallFinished)[0].cause == "agent_hangup"
