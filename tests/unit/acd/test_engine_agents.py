"""Scenarios: seats, states asked for, wrap-up, phones."""

import pytest

from core.commands import MirrorMember
from core.events import AgentLogin, Tick
from core.facts import AgentLeft, AgentSatDown, AgentStateChanged, Fact, NextStateSet, Refused
from core.vocabulary import AgentId, AgentState, QueueName
from tests.unit.acd.world import BUSINESS, CITIZENS, WRAP_UP, World, new_state, phone_of

S = AgentState


@pytest.fixture
def world() -> World:
    return World()


def talking(world: World, agent: int = 1) -> None:
    world.seat(agent)
    world.wait("x", 10.0)
    world.answer("x", agent, 12.0)


def refusal(facts: list[Fact]) -> tuple[str, str | None]:
    (fact,) = facts
    assert isinstance(fact, Refused)
    assert fact.message
    return fact.code, fact.field


# --- log-in and log-out ------------------------------------------------------------------------


def test_an_agent_takes_a_seat_in_break_and_is_known_to_the_native_queues(world: World) -> None:
    world.phone(1, 1.0, reachable=True)
    out = world.apply(AgentLogin(AgentId(1), "Li", phone_of(1), (BUSINESS,), 2.0))
    assert out.facts == [
        AgentSatDown(AgentId(1), phone_of(1), (BUSINESS,), 2.0),
        AgentStateChanged("run-1", AgentId(1), S.OFFLINE, S.BREAK, "login", "agent", None, None, None, 2.0),
    ]
    assert out.commands == [MirrorMember(AgentId(1), phone_of(1), (BUSINESS,), paused=True)]


def test_without_queues_an_agent_serves_all(world: World) -> None:
    world.seat(1)
    assert world.ordered(MirrorMember)[-1].queues == (CITIZENS, BUSINESS)


def test_logging_in_again_at_the_same_phone_is_no_news(world: World) -> None:
    world.seat(1)
    out = world.apply(AgentLogin(AgentId(1), "Li", phone_of(1), (), 5.0))
    assert (out.facts, out.commands) == ([], [])


@pytest.mark.parametrize(
    ("agent", "phone", "code"),
    [(1, 2, "already_seated"), (2, 1, "phone_taken"), (3, 3, "phone_not_registered")],
)
def test_conflicts_at_log_in(world: World, agent: int, phone: int, code: str) -> None:
    world.seat(1)
    world.phone(2, 1.0, reachable=True)
    before = dict(world.state.by_phone)
    out = world.apply(AgentLogin(AgentId(agent), "Li", phone_of(phone), (), 5.0))
    assert refusal(out.facts) == (code, "phone")
    assert (world.state.by_phone, out.commands) == (before, [])


def test_a_phone_that_is_gone_again_cannot_be_taken(world: World) -> None:
    world.phone(1, 1.0, reachable=True)
    world.phone(1, 2.0, reachable=False)
    out = world.apply(AgentLogin(AgentId(1), "Li", phone_of(1), (), 3.0))
    assert refusal(out.facts) == ("phone_not_registered", "phone")


def test_log_out_frees_the_phone(world: World) -> None:
    world.seat(1)
    out = world.leave(1, 5.0)
    assert out.facts[-1] == AgentLeft(AgentId(1), phone_of(1), 5.0)
    assert out.commands[-1] == MirrorMember(AgentId(1), phone_of(1), (), paused=True)
    world.wait("x", 6.0)
    assert world.offers == []
    world.apply(AgentLogin(AgentId(2), "Wang", phone_of(1), (), 7.0))
    assert world.agent(2).state is S.BREAK


def test_log_out_is_refused_in_a_call(world: World) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    assert refusal(world.leave(1, 11.0).facts) == ("call_in_progress", None)
    world.answer("x", 1, 12.0)
    assert refusal(world.leave(1, 13.0).facts) == ("call_in_progress", None)
    assert world.agent(1).state is S.TALKING
    world.leg_ends("x", 1, 14.0)
    assert isinstance(world.leave(1, 15.0).facts[-1], AgentLeft)
    world.hang_up("x", 16.0)
    world.apply(Tick(14.0 + WRAP_UP))
    assert world.state.agents == {}


def test_who_is_not_seated_is_told_so(world: World) -> None:
    assert refusal(world.leave(1, 1.0).facts) == ("not_seated", None)
    assert refusal(world.ask(1, S.READY, 1.0).facts) == ("not_seated", None)


# --- states asked for --------------------------------------------------------------------------


def test_a_break_is_a_row_with_its_reason(world: World) -> None:
    world.seat(1)
    out = world.ask(1, S.BREAK, 5.0, reason="lunch")
    (fact,) = out.facts
    assert isinstance(fact, AgentStateChanged)
    assert (fact.from_state, fact.to_state, fact.reason, fact.cause) == (S.READY, S.BREAK, "lunch", "agent")
    assert [command.paused for command in out.commands if isinstance(command, MirrorMember)] == [True]
    world.wait("x", 6.0)
    assert world.offers == []
    world.ask(1, S.READY, 7.0)
    assert world.offers == [("x", 1)]


def test_asking_for_ready_when_ready_keeps_the_place(world: World) -> None:
    world.seat(1, 1.0)
    world.seat(2, 2.0)
    assert world.ask(1, S.READY, 3.0).facts == []
    world.wait("x", 5.0)
    assert world.offers == [("x", 1)]


@pytest.mark.parametrize("state", [S.OFFLINE, S.RINGING, S.TALKING, S.NOT_RESPONDING, S.OUTBOUND])
def test_states_that_only_the_system_sets(world: World, state: AgentState) -> None:
    world.seat(1)
    assert refusal(world.ask(1, state, 5.0).facts) == ("state_not_askable", "state")


def test_a_transition_that_the_table_lacks(world: World) -> None:
    world.seat(1)
    world.ask(1, S.STRESS_ROOM, 5.0)
    assert refusal(world.ask(1, S.WRAP_UP, 6.0).facts) == ("transition_not_allowed", "state")
    assert world.agent(1).state is S.STRESS_ROOM


def test_ready_without_a_phone_is_refused(world: World) -> None:
    world.seat(1, ready=False)
    world.phone(1, 2.0, reachable=False)
    assert refusal(world.ask(1, S.READY, 3.0).facts) == ("phone_not_registered", "state")
    assert world.agent(1).state is S.BREAK


def test_a_break_asked_for_while_talking_follows_wrap_up(world: World) -> None:
    talking(world)
    out = world.ask(1, S.BREAK, 20.0, reason="lunch")
    assert out.facts == [NextStateSet(AgentId(1), S.BREAK, "lunch", 20.0)]
    world.leg_ends("x", 1, 30.0)
    assert (world.agent(1).state, world.agent(1).next_state) == (S.WRAP_UP, S.BREAK)
    world.apply(Tick(30.0 + WRAP_UP))
    agent = world.agent(1)
    assert (agent.state, agent.reason, agent.cause) == (S.BREAK, "lunch", "agent:next_state")
    assert agent.next_state is None


def test_a_later_wish_replaces_the_earlier(world: World) -> None:
    talking(world)
    world.ask(1, S.BREAK, 20.0)
    world.ask(1, S.READY, 21.0)
    world.leg_ends("x", 1, 30.0)
    world.apply(Tick(30.0 + WRAP_UP))
    assert world.agent(1).state is S.READY


def test_what_is_asked_for_in_wrap_up_overrides_the_wish(world: World) -> None:
    talking(world)
    world.ask(1, S.BREAK, 20.0)
    world.leg_ends("x", 1, 30.0)
    world.ask(1, S.READY, 31.0)
    assert (world.agent(1).state, world.agent(1).next_state) == (S.READY, None)


def test_wrap_up_cannot_be_the_next_state(world: World) -> None:
    talking(world)
    assert refusal(world.ask(1, S.WRAP_UP, 20.0).facts) == ("state_not_askable", "state")
    assert world.agent(1).next_state is None


@pytest.mark.parametrize(
    ("wanted", "status", "ends_in"),
    [
        (S.BREAK, "NOANSWER", S.BREAK),
        (S.STRESS_ROOM, "CANCEL", S.STRESS_ROOM),
        (S.READY, "NOANSWER", S.NOT_RESPONDING),
    ],
)
def test_a_state_asked_for_while_it_rings(
    world: World, wanted: AgentState, status: str, ends_in: AgentState
) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    world.ask(1, wanted, 11.0)
    world.back("x", status, 25.0)
    assert (world.agent(1).state, world.agent(1).next_state) == (ends_in, None)
    assert world.offers == [("x", 1)]


# --- wrap-up -----------------------------------------------------------------------------------


def test_wrap_up_ends_at_its_deadline_and_not_before(world: World) -> None:
    talking(world)
    world.leg_ends("x", 1, 30.0)
    world.wait("y", 31.0)
    world.apply(Tick(30.0 + WRAP_UP - 0.001))
    assert world.agent(1).state is S.WRAP_UP
    world.apply(Tick(30.0 + WRAP_UP))
    assert world.offers[-1] == ("y", 1)


def test_without_wrap_up_the_next_caller_is_offered_in_the_same_decision() -> None:
    world = World(new_state(wrap_up=0.0))
    talking(world)
    world.wait("y", 20.0)
    world.leg_ends("x", 1, 30.0)
    assert world.offers[-1] == ("y", 1)
    states = [fact.to_state for fact in world.told(AgentStateChanged) if fact.at == 30.0]
    assert states == [S.WRAP_UP, S.READY, S.RINGING]


def test_ready_early_ends_wrap_up_and_its_deadline_is_void(world: World) -> None:
    talking(world)
    world.leg_ends("x", 1, 30.0)
    world.ask(1, S.READY, 31.0)
    world.ask(1, S.BREAK, 32.0)
    world.apply(Tick(30.0 + WRAP_UP))
    assert world.agent(1).state is S.BREAK


def test_wrap_up_taken_by_hand_lasts_as_long_as_after_a_call(world: World) -> None:
    world.seat(1)
    world.ask(1, S.WRAP_UP, 5.0)
    assert world.agent(1).until == 5.0 + WRAP_UP
    world.apply(Tick(5.0 + WRAP_UP))
    assert world.agent(1).state is S.READY


def test_each_queue_has_its_own_wrap_up(world: World) -> None:
    world.configure(BUSINESS, wrap_up_seconds=99.0)
    world.seat(1)
    world.wait("x", 10.0, BUSINESS)
    world.answer("x", 1, 11.0)
    world.leg_ends("x", 1, 20.0)
    assert world.agent(1).until == 119.0


# --- phones ------------------------------------------------------------------------------------


def test_a_lost_phone_takes_no_calls_and_comes_back_by_itself(world: World) -> None:
    world.seat(1)
    world.phone(1, 5.0, reachable=False)
    assert (world.agent(1).state, world.agent(1).cause) == (S.NOT_RESPONDING, "system:phone_lost")
    world.wait("x", 6.0)
    assert world.offers == []
    world.phone(1, 7.0, reachable=True)
    assert world.offers == [("x", 1)]


def test_a_phone_lost_in_a_break_matters_when_the_agent_wants_calls(world: World) -> None:
    world.seat(1, ready=False)
    world.phone(1, 2.0, reachable=False)
    assert world.agent(1).state is S.BREAK
    world.phone(1, 3.0, reachable=True)
    assert world.agent(1).state is S.BREAK
    assert world.ask(1, S.READY, 4.0).facts


def test_a_phone_lost_while_talking_counts_after_wrap_up(world: World) -> None:
    talking(world)
    world.phone(1, 20.0, reachable=False)
    assert world.agent(1).state is S.TALKING
    world.leg_ends("x", 1, 30.0)
    world.apply(Tick(30.0 + WRAP_UP))
    assert world.agent(1).state is S.NOT_RESPONDING
    world.phone(1, 50.0, reachable=True)
    assert world.agent(1).state is S.READY


def test_a_phone_lost_as_the_caller_leaves(world: World) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    world.phone(1, 11.0, reachable=False)
    world.hang_up("x", 12.0)
    assert (world.agent(1).state, world.agent(1).cause) == (S.NOT_RESPONDING, "system:phone_lost")


def test_a_phone_nobody_sits_at_is_only_noted(world: World) -> None:
    out = world.phone(7, 1.0, reachable=True)
    assert (out.facts, out.commands) == ([], [])
    assert phone_of(7) in world.state.reachable


def test_a_call_of_a_queue_removed_meanwhile_still_has_wrap_up(world: World) -> None:
    assert world.state.rules(QueueName("gone")).wrap_up_seconds == WRAP_UP
