"""Breaks in the engine: which reason, and when the agent is told that a limit is near."""

import pytest

from acd import breaks
from agents.breaks import Ledger
from agents.timesheet import Spell
from core.breaks import BreakReason, Limit, Nearness, Period
from core.events import AgentStateAsked, BreakReasonsChanged, Tick
from core.facts import AgentStateChanged, BreakWarned, NextStateSet, Refused
from core.vocabulary import AgentId, AgentState
from tests.unit.acd.world import World

S = AgentState
REST = BreakReason("rest", "小休", "Break", allowance=1000.0, each=600.0, period=Period.DUTY, default=True)
MEAL = BreakReason("meal", "用餐", "Meal")


@pytest.fixture
def world() -> World:
    there = World()
    there.apply(BreakReasonsChanged((REST, MEAL), 0.0))
    there.seat(1)
    return there


def warned(world: World) -> list[tuple[Limit, Nearness, float]]:
    return [(fact.limit, fact.nearness, fact.at) for fact in world.told(BreakWarned)]


# --- which reason --------------------------------------------------------------------------------


def test_a_known_reason_is_the_reason_of_the_row(world: World) -> None:
    world.ask(1, S.BREAK, 5.0, "meal")
    assert world.told(AgentStateChanged)[-1].reason == "meal"


def test_no_reason_is_the_default_one(world: World) -> None:
    world.ask(1, S.BREAK, 5.0)
    assert world.agent(1).reason == "rest"


@pytest.mark.parametrize("reason", ["lunch", "login", "REST"])
def test_an_unknown_reason_is_refused_and_named(world: World, reason: str) -> None:
    (refused,) = world.ask(1, S.BREAK, 5.0, reason).facts
    assert isinstance(refused, Refused)
    assert (refused.code, refused.field) == ("unknown_break_reason", "reason")
    assert "meal, rest" in refused.message
    assert world.agent(1).state is S.READY


def test_the_next_state_has_its_reason_looked_at_as_well(world: World) -> None:
    world.wait("x", 10.0)
    world.answer("x", 1, 12.0)
    (refused,) = world.ask(1, S.BREAK, 13.0, "lunch").facts
    assert isinstance(refused, Refused)
    (noted,) = world.ask(1, S.BREAK, 14.0).facts
    assert isinstance(noted, NextStateSet)
    assert noted.reason == "rest"


def test_a_supervisor_says_why_in_his_own_words(world: World) -> None:
    world.apply(AgentStateAsked(AgentId(1), S.BREAK, "come to my desk", "supervisor:wang", 5.0))
    assert (world.agent(1).state, world.agent(1).reason) == (S.BREAK, "come to my desk")
    world.apply(Tick(100_000.0))
    assert warned(world) == []


def test_without_any_reasons_every_text_will_do() -> None:
    world = World()
    world.seat(1)
    world.ask(1, S.BREAK, 5.0, "lunch")
    assert world.agent(1).reason == "lunch"


def test_the_same_break_asked_for_twice_goes_on(world: World) -> None:
    world.ask(1, S.BREAK, 5.0, "rest")
    assert world.ask(1, S.BREAK, 300.0).facts == []
    assert world.agent(1).since == 5.0
    world.ask(1, S.BREAK, 400.0, "meal")
    assert (world.agent(1).reason, world.agent(1).since) == ("meal", 400.0)


# --- limits --------------------------------------------------------------------------------------


def test_the_agent_is_told_at_each_limit_once_and_nobody_is_sent_back(world: World) -> None:
    world.ask(1, S.BREAK, 10.0, "rest")
    ticks = 0
    while world.state.timers.next_at() is not None and ticks < 50:
        ticks += 1
        world.apply(Tick(world.state.timers.next_at() or 0.0))
    assert warned(world) == [
        (Limit.BREAK, Nearness.SOON, 10.0 + 480.0),
        (Limit.BREAK, Nearness.USED_UP, 10.0 + 600.0),
        (Limit.ALLOWANCE, Nearness.SOON, 10.0 + 800.0),
        (Limit.ALLOWANCE, Nearness.USED_UP, 10.0 + 1000.0),
    ]
    assert world.agent(1).state is S.BREAK


def test_breaks_add_up_over_log_outs(world: World) -> None:
    world.ask(1, S.BREAK, 100.0, "rest")
    world.leave(1, 500.0)
    world.seat(1, 600.0)
    world.ask(1, S.BREAK, 1000.0, "rest")
    world.apply(Tick(1400.0))
    assert warned(world) == [(Limit.ALLOWANCE, Nearness.SOON, 1400.0)]
    fact = world.told(BreakWarned)[0]
    assert (fact.reason, fact.used, fact.most) == ("rest", 800.0, 1000.0)


def test_a_break_that_begins_with_nothing_left_says_so_at_once(world: World) -> None:
    world.ask(1, S.BREAK, 0.0, "rest")
    world.ask(1, S.READY, 2000.0)
    world.facts.clear()
    world.ask(1, S.BREAK, 2100.0, "rest")
    assert warned(world) == [(Limit.ALLOWANCE, Nearness.USED_UP, 2100.0)]


def test_a_break_that_is_over_is_not_spoken_of(world: World) -> None:
    world.ask(1, S.BREAK, 10.0, "rest")
    world.ask(1, S.READY, 200.0)
    world.apply(Tick(5000.0))
    assert warned(world) == []


def test_a_reason_without_limits_is_never_spoken_of(world: World) -> None:
    world.ask(1, S.BREAK, 10.0, "meal")
    assert world.state.timers.next_at() is None


def test_other_limits_hold_for_the_break_that_goes_on(world: World) -> None:
    world.ask(1, S.BREAK, 10.0, "meal")
    short = BreakReason("meal", "用餐", "Meal", each=100.0)
    world.apply(BreakReasonsChanged((REST, short), 50.0))
    world.apply(Tick(90.0))
    assert warned(world) == [(Limit.BREAK, Nearness.SOON, 90.0)]
    world.apply(BreakReasonsChanged((REST,), 95.0))
    world.apply(Tick(200.0))
    assert len(warned(world)) == 1, "the reason is retired: nothing more is said"


def test_midnight_gives_a_day_its_allowance_back() -> None:
    world = World()
    world.state.breaks.zone = "UTC"
    midnight = 86_400.0
    daily = BreakReason("rest", "小休", "Break", allowance=1000.0, period=Period.DAY)
    world.apply(BreakReasonsChanged((daily,), 0.0))
    world.seat(1, midnight - 1000)
    world.ask(1, S.BREAK, midnight - 500, "rest")
    world.apply(Tick(midnight + 300.0))
    assert warned(world) == [], "800 s since it began, but only 300 today"
    world.apply(Tick(midnight + 800.0))
    assert warned(world) == [(Limit.ALLOWANCE, Nearness.SOON, midnight + 800.0)]


# --- after a restart -----------------------------------------------------------------------------


def test_after_a_restart_only_limits_that_are_ahead_are_told(world: World) -> None:
    world.ask(1, S.BREAK, 10.0, "rest")
    world.state.timers.heap.clear()
    world.state.breaks.told.clear()
    world.state.breaks.look_at.clear()
    used = Ledger([Spell(S.BREAK, "rest", "agent", -400.0, -100.0)], duty_since=-500.0)
    breaks.restore(world.state, (REST, MEAL), {AgentId(1): used}, 560.0)
    assert warned(world) == []
    world.apply(Tick(610.0))
    world.apply(Tick(710.0))
    assert warned(world) == [
        (Limit.BREAK, Nearness.USED_UP, 610.0),
        (Limit.ALLOWANCE, Nearness.USED_UP, 710.0),
    ]


def test_what_somebody_has_used_of_everything(world: World) -> None:
    world.ask(1, S.BREAK, 100.0, "rest")
    found = {use.reason.code: use for use in breaks.all_uses(world.state, AgentId(1), 400.0)}
    assert (found["rest"].used, found["rest"].present) == (300.0, 300.0)
    assert (found["meal"].used, found["meal"].present) == (0.0, None)
    assert breaks.all_uses(world.state, AgentId(9), 400.0)[0].used == 0.0
