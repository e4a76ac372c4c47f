import pytest

from acd.disconnects import CAUSE
from acd.talk_model import TalkState
from core.callers import DisconnectResult, FlagCode
from core.commands import StopWarning, WarnCaller
from core.events import CallHungUp, DisconnectAsked, DisconnectStopped, WarningFailed
from core.facts import CallFinished, DisconnectEnded, DisconnectWarned, Refused, TalkMarked
from core.talk import MarkKind
from core.vocabulary import AgentId, AgentState, CallId, Outcome
from tests.unit.acd.world import World, channel_of, live, phone_of

AGENT = AgentId(1)


def ask(world: World, at: float = 20.0, agent: int = 1) -> None:
    world.apply(DisconnectAsked(AgentId(agent), FlagCode.ABUSIVE, "shouts", at))


def stop(world: World, at: float, agent: int = 1) -> None:
    world.apply(DisconnectStopped(AgentId(agent), at))


@pytest.fixture
def talk() -> World:
    world = World()
    world.seat(1, 0.0)
    world.wait("a", 10.0)
    world.answer("a", 1, 12.0)
    return world


def refusals(world: World) -> list[str]:
    return [refused.code for refused in world.told(Refused)]


def results(world: World) -> list[DisconnectResult]:
    return [ended.result for ended in world.told(DisconnectEnded)]


def test_the_caller_is_warned_and_the_talk_has_not_ended(talk: World) -> None:
    ask(talk)
    assert talk.ordered(WarnCaller) == [WarnCaller(CallId("a"), channel_of("a"), f"PJSIP/{phone_of(1)}-a")]
    assert talk.told(DisconnectWarned) == [
        DisconnectWarned(CallId("a"), AGENT, FlagCode.ABUSIVE, "shouts", 20.0)
    ]
    assert talk.agent(1).state is AgentState.TALKING


def test_asked_twice_the_caller_is_warned_once(talk: World) -> None:
    ask(talk)
    ask(talk, 21.0)
    assert len(talk.ordered(WarnCaller)) == 1
    assert refusals(talk) == []


def test_after_the_warning_the_call_has_a_cause_of_its_own_and_the_agent_wraps_up(talk: World) -> None:
    ask(talk)
    talk.apply(CallHungUp(CallId("a"), channel_of("a"), 16, 35.0, disconnected=True))
    (finished,) = talk.told(CallFinished)
    assert (finished.outcome, finished.cause) == (Outcome.ANSWERED, CAUSE)
    assert talk.told(DisconnectEnded) == [
        DisconnectEnded(CallId("a"), AGENT, 20.0, DisconnectResult.DISCONNECTED, 35.0)
    ]
    assert talk.agent(1).state is AgentState.WRAP_UP


def test_taken_back_in_time_the_talk_goes_on(talk: World) -> None:
    ask(talk)
    stop(talk, 25.0)
    assert talk.ordered(StopWarning) == [StopWarning(CallId("a"), channel_of("a"))]
    assert results(talk) == [DisconnectResult.STOPPED]
    assert talk.agent(1).state is AgentState.TALKING
    talk.hang_up("a", 60.0)
    assert talk.told(CallFinished)[0].cause == "caller_hangup"
    assert results(talk) == [DisconnectResult.STOPPED]


def test_it_can_be_asked_for_again_after_it_was_taken_back(talk: World) -> None:
    ask(talk)
    stop(talk, 25.0)
    ask(talk, 30.0)
    assert len(talk.ordered(WarnCaller)) == 2


def test_a_caller_who_leaves_during_the_warning_has_hung_up_himself(talk: World) -> None:
    ask(talk)
    talk.hang_up("a", 23.0)
    assert talk.told(CallFinished)[0].cause == "caller_hangup"
    assert results(talk) == [DisconnectResult.CALLER_LEFT]


def test_a_warning_that_could_not_begin_changes_nothing(talk: World) -> None:
    ask(talk)
    talk.apply(WarningFailed(CallId("a"), "No such channel", 20.1))
    talk.apply(WarningFailed(CallId("a"), "No such channel", 20.1))
    assert results(talk) == [DisconnectResult.FAILED]
    assert talk.agent(1).state is AgentState.TALKING


def test_only_a_talk_can_be_ended_so(talk: World) -> None:
    talk.seat(2, 13.0)
    ask(talk, agent=2)
    ask(talk, agent=99)
    assert refusals(talk) == ["no_talk", "no_talk"]
    talk.wait("b", 30.0)
    ask(talk, 31.0, agent=2)  # it only rings
    assert refusals(talk)[2:] == ["no_talk"]
    talk.hang_up("a", 40.0)
    ask(talk, 41.0)
    assert refusals(talk)[3:] == ["no_talk"]


@pytest.mark.parametrize("agent", [1, 99])
def test_what_was_not_begun_cannot_be_taken_back(talk: World, agent: int) -> None:
    stop(talk, 20.0, agent)
    assert refusals(talk) == ["no_warning"]


def test_a_call_without_a_known_leg_cannot_be_warned_yet(talk: World) -> None:
    talk.call("a").agent_channel = ""
    ask(talk)
    assert refusals(talk) == ["talk_not_settled"]
    assert talk.ordered(WarnCaller) == []


@pytest.mark.parametrize("stage", ["warning", "ending"])
def test_a_picture_taken_during_the_warning_changes_nothing(talk: World, stage: str) -> None:
    ask(talk)
    told = len(talk.facts)
    for at in (22.0, 52.0, 82.0):
        talk.picture(at, live("a", stage, agent=1), busy=[1])
    assert talk.facts[told:] == []
    assert talk.agent(1).state is AgentState.TALKING
    stop(talk, 90.0)
    assert results(talk) == [DisconnectResult.STOPPED]


def test_whoever_is_on_hold_is_taken_back_first(talk: World) -> None:
    talk.call("a").talk.state = TalkState.HELD
    ask(talk)
    assert refusals(talk) == ["talk_not_so"]


def test_the_warning_is_marked_and_not_in_the_recording(talk: World) -> None:
    ask(talk, 20.0)
    stop(talk, 30.0)
    marks = [(mark.kind, mark.ended_at, mark.record_at) for mark in talk.told(TalkMarked)]
    assert marks == [(MarkKind.WARNING, None, 8.0), (MarkKind.WARNING, 30.0, 8.0)]
