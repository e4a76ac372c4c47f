"""The time after a call: prolonged within the queue's rules, finished early, taken by hand."""

import pytest

from agents.rules import IN_A_CALL
from core.events import AgentStateAsked, NextStateCancelled, Tick, WrapUpExtensionAsked, WrapUpFinished
from core.facts import AgentStateChanged, NextStateDropped, Refused
from core.vocabulary import AgentId, AgentState
from tests.unit.acd.world import CITIZENS, WRAP_UP, World

S = AgentState
STEP, TIMES = 30.0, 2


@pytest.fixture
def world() -> World:
    """Agent 1 in wrap-up since 20.0."""
    there = World()
    there.configure(CITIZENS, wrap_up_step_seconds=STEP, wrap_up_extensions=TIMES)
    there.seat(1)
    there.wait("x", 10.0)
    there.answer("x", 1, 12.0)
    there.leg_ends("x", 1, 20.0)
    there.hang_up("x", 20.0)
    there.facts.clear()
    return there


def extend(world: World, at: float, cause: str = "agent") -> list[object]:
    return list(world.apply(WrapUpExtensionAsked(AgentId(1), cause, at)).facts)


def refusal(facts: list[object]) -> str:
    (fact,) = facts
    assert isinstance(fact, Refused)
    return fact.code


def test_each_extension_is_one_step_and_a_row(world: World) -> None:
    (fact,) = extend(world, 25.0)
    assert isinstance(fact, AgentStateChanged)
    assert (fact.from_state, fact.to_state) == (S.WRAP_UP, S.WRAP_UP)
    assert (fact.reason, fact.cause, fact.until) == ("extension", "agent", 20.0 + WRAP_UP + STEP)
    assert (world.agent(1).since, world.agent(1).until) == (20.0, 60.0)
    world.apply(Tick(30.0))
    assert world.agent(1).state is S.WRAP_UP, "the first deadline is void"
    world.apply(Tick(60.0))
    assert world.agent(1).state is S.READY


def test_the_queue_says_how_often(world: World) -> None:
    for _ in range(TIMES):
        extend(world, 25.0)
    assert refusal(extend(world, 26.0)) == "no_extension_left"
    assert world.agent(1).until == 20.0 + WRAP_UP + TIMES * STEP


def test_a_supervisor_may_prolong_beyond_it(world: World) -> None:
    for _ in range(TIMES):
        extend(world, 25.0)
    (fact,) = extend(world, 26.0, "supervisor:wang")
    assert isinstance(fact, AgentStateChanged)
    assert fact.cause == "supervisor:wang"
    assert world.agent(1).extensions == TIMES


def test_the_next_call_has_its_own_extensions(world: World) -> None:
    for _ in range(TIMES):
        extend(world, 25.0)
    world.apply(Tick(1000.0))
    world.wait("y", 1001.0)
    world.answer("y", 1, 1002.0)
    world.leg_ends("y", 1, 1010.0)
    assert world.agent(1).extensions == 0
    extend(world, 1011.0)
    assert world.agent(1).until == 1010.0 + WRAP_UP + STEP


def test_asking_for_the_state_again_is_asking_for_more_time(world: World) -> None:
    world.ask(1, S.WRAP_UP, 25.0)
    assert (world.agent(1).until, world.agent(1).extensions) == (20.0 + WRAP_UP + STEP, 1)


def test_a_noted_next_state_waits_for_the_longer_wrap_up(world: World) -> None:
    world.apply(Tick(1000.0))
    world.wait("y", 1001.0)
    world.answer("y", 1, 1002.0)
    world.ask(1, S.BREAK, 1003.0, "meal")
    world.leg_ends("y", 1, 1010.0)
    extend(world, 1011.0)
    world.apply(Tick(1010.0 + WRAP_UP))
    assert world.agent(1).state is S.WRAP_UP
    world.apply(Tick(1010.0 + WRAP_UP + STEP))
    assert (world.agent(1).state, world.agent(1).reason) == (S.BREAK, "meal")


# --- early, and by hand --------------------------------------------------------------------------


def finish(world: World, at: float) -> list[object]:
    return list(world.apply(WrapUpFinished(AgentId(1), "agent", at)).facts)


def test_finished_early_leads_to_ready(world: World) -> None:
    finish(world, 22.0)
    assert (world.agent(1).state, world.agent(1).cause) == (S.READY, "agent")


def test_finished_early_leads_to_what_was_noted(world: World) -> None:
    world.apply(Tick(1000.0))
    world.wait("y", 1001.0)
    world.answer("y", 1, 1002.0)
    world.ask(1, S.BREAK, 1003.0, "meal")
    world.leg_ends("y", 1, 1010.0)
    finish(world, 1011.0)
    agent = world.agent(1)
    assert (agent.state, agent.reason, agent.cause) == (S.BREAK, "meal", "agent:next_state")


def test_finished_early_without_a_phone_is_not_ready(world: World) -> None:
    world.phone(1, 21.0, reachable=False)
    finish(world, 22.0)
    assert (world.agent(1).state, world.agent(1).cause) == (S.NOT_RESPONDING, "system:phone_lost")


def test_by_hand_it_lasts_a_step_where_calls_grant_nothing() -> None:
    world = World()
    world.configure(CITIZENS, wrap_up_seconds=0.0, wrap_up_step_seconds=STEP)
    world.seat(1)
    world.ask(1, S.WRAP_UP, 5.0)
    assert world.agent(1).until == 5.0 + STEP
    world.apply(Tick(5.0 + STEP))
    assert world.agent(1).state is S.READY


@pytest.mark.parametrize("event", [WrapUpExtensionAsked, WrapUpFinished])
def test_only_a_wrap_up_is_prolonged_or_finished(
    event: type[WrapUpExtensionAsked] | type[WrapUpFinished],
) -> None:
    world = World()
    assert refusal(list(world.apply(event(AgentId(1), "agent", 1.0)).facts)) == "not_seated"
    world.seat(1)
    assert refusal(list(world.apply(event(AgentId(1), "agent", 1.0)).facts)) == "not_in_wrap_up"
    assert world.agent(1).state is S.READY


# --- the next state ------------------------------------------------------------------------------


def talking() -> World:
    world = World()
    world.seat(1)
    world.wait("x", 10.0)
    world.answer("x", 1, 12.0)
    return world


def cancel(world: World, at: float) -> list[object]:
    return list(world.apply(NextStateCancelled(AgentId(1), at)).facts)


def test_a_noted_state_is_taken_back() -> None:
    world = talking()
    world.ask(1, S.BREAK, 13.0, "meal")
    assert cancel(world, 14.0) == [NextStateDropped(AgentId(1), 14.0)]
    world.leg_ends("x", 1, 20.0)
    world.apply(Tick(20.0 + WRAP_UP))
    assert world.agent(1).state is S.READY


def test_nothing_noted_nothing_to_take_back() -> None:
    world = talking()
    assert refusal(cancel(world, 14.0)) == "no_next_state"
    assert refusal(list(World().apply(NextStateCancelled(AgentId(1), 1.0)).facts)) == "not_seated"
    assert world.agent(1).state in IN_A_CALL


def test_what_a_supervisor_notes_is_the_supervisors_row() -> None:
    world = talking()
    world.apply(AgentStateAsked(AgentId(1), S.BREAK, "come here", "supervisor:wang", 13.0))
    world.leg_ends("x", 1, 20.0)
    world.apply(Tick(20.0 + WRAP_UP))
    agent = world.agent(1)
    assert (agent.state, agent.reason, agent.cause) == (S.BREAK, "come here", "supervisor:wang")
