"""The simulated centre: callers and agents behave as the scenario says, and the engine is told so."""

import math
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from core.facts import AgentStateChanged, CallFinished, Fact, TalkStarted
from core.plan import CallBackRules, OverflowRule, Relief
from core.vocabulary import AgentState
from hotline.simulate.centre import Centre, SimulationError
from hotline.simulate.distributions import Constant, Exponential
from hotline.simulate.figures import FIGURES, Measured
from hotline.simulate.scenario import HALF_HOUR, Break, Callers, Demand, Habits, Scenario, Shift
from tests.unit.hotline.simulate.small import CITIZENS, plan

HOUR = 3600.0


def hours(calls: float, agents: int, **changes: Any) -> Scenario:  # noqa: ANN401 - any field
    """Four hours from midnight, everybody there, short calls."""
    callers = Callers(Exponential(60.0), Exponential(60.0))
    given: dict[str, Any] = {
        "title": "four hours",
        "plan": plan(),
        "demand": (Demand("12345", (calls,) * 8, callers),),
        "shifts": (Shift("all", agents, 0.0, 4 * HOUR, daily=False),),
        "end": 4 * HOUR,
    }
    return Scenario(**{**given, **changes})


def played(scenario: Scenario, seed: int = 1) -> tuple[Measured, list[Fact], Centre]:
    centre = Centre(scenario, seed, 0)
    facts: list[Fact] = []
    record = centre.tally.record

    def listen(fact: Fact) -> None:
        facts.append(fact)
        record(fact)

    centre.tally.record = listen  # type: ignore[method-assign] # to hear what is counted
    return centre.run(), facts, centre


def number(measured: Measured, name: str) -> float:
    value = measured.total[name]
    assert value is not None
    return value


def test_every_call_has_one_outcome_and_half_hours_add_up() -> None:
    measured, facts, centre = played(hours(100, 3))
    ended = [fact.call_id for fact in facts if isinstance(fact, CallFinished)]
    assert len(ended) == len(set(ended)) == number(measured, "offered") > 700
    parts = ("answered", "abandoned", "overflowed", "called_back", "failed")
    assert sum(number(measured, part) for part in parts) == number(measured, "offered")
    for name in ("offered", *parts):
        assert sum(row[name] or 0 for row in measured.slots) == number(measured, name)
    assert not centre.state.calls
    assert all(agent.state is AgentState.READY for agent in centre.state.agents.values())


def test_the_same_seed_is_the_same_day_and_another_is_not() -> None:
    scenario = hours(60, 3, habits=Habits(no_answer=0.1), day_cv=0.2)
    assert played(scenario)[0] == played(scenario)[0]
    assert played(scenario)[0] != played(scenario, seed=2)[0]


def test_the_engine_that_forgets_ends_is_noticed() -> None:
    centre = Centre(hours(60, 3), 1, 0)
    record = centre.tally.record
    centre.tally.record = lambda fact: (  # type: ignore[method-assign] # every end is lost
        None if isinstance(fact, CallFinished) else record(fact)
    )
    with pytest.raises(SimulationError, match="calls have no outcome"):
        centre.run()


def test_nobody_there_nobody_answered() -> None:
    measured, _, _ = played(hours(30, 0))
    assert number(measured, "abandoned") == number(measured, "offered")
    assert measured.total["occupancy"] is None
    assert measured.total["asa"] is None
    assert measured.total["agents"] == 0


def test_phones_that_ring_out_cost_the_agent_his_place_and_the_caller_time() -> None:
    habits = Habits(no_answer=0.3, return_after=Constant(30.0), ring=Constant(1.0))
    _, facts, _ = played(hours(60, 6, habits=habits))
    states = Counter(fact.to_state for fact in facts if isinstance(fact, AgentStateChanged))
    share = states[AgentState.NOT_RESPONDING] / states[AgentState.RINGING]
    stays = math.exp(-15.0 / 60.0)  # of the callers, while it rings out
    assert share == pytest.approx(0.3 * stays, abs=0.05)


def test_wrap_up_lasts_as_the_habit_says_and_at_most_as_long_as_granted() -> None:
    long = hours(40, 8, plan=plan(wrap_up_seconds=30.0), habits=Habits(wrap_up=Constant(90.0)))
    short = replace(long, habits=Habits(wrap_up=Constant(10.0)))
    exact = replace(long, habits=Habits())
    writing = [number(played(one)[0], "aht") for one in (short, long, exact)]
    assert writing[1] == pytest.approx(writing[0] + 20.0, abs=1.0)
    assert writing[2] == pytest.approx(writing[1], abs=0.5)


def test_breaks_are_taken_and_end() -> None:
    pause = Break(1 * HOUR, 3 * HOUR, HALF_HOUR)
    wrap = plan(wrap_up_seconds=30.0)
    scenario = hours(
        80,
        4,
        plan=wrap,
        habits=Habits(wrap_up=Exponential(20.0)),
        shifts=(Shift("all", 4, 0.0, 4 * HOUR, breaks=(pause,), daily=False),),
    )
    measured, _, centre = played(scenario)
    at_work = [row["agents"] or 0.0 for row in measured.slots]
    assert sum(at_work) == pytest.approx(8 * 4 - 4, abs=0.2)
    assert at_work[0] == at_work[7] == pytest.approx(4.0)
    states = {agent.state for agent in centre.state.agents.values()}
    assert states <= {AgentState.READY, AgentState.WRAP_UP}


def test_shifts_end_after_the_call_in_hand() -> None:
    shifts = (
        Shift("first", 3, 0.0, 2 * HOUR, daily=False),
        Shift("second", 3, 2 * HOUR, 4 * HOUR, daily=False),
    )
    measured, facts, centre = played(hours(80, 0, shifts=shifts, plan=plan(wrap_up_seconds=20.0)))
    assert len(centre.state.agents) == 3
    left = [
        fact for fact in facts if isinstance(fact, AgentStateChanged) and fact.to_state is AgentState.OFFLINE
    ]
    assert len(left) == 3
    assert all(2 * HOUR <= fact.at < 2.2 * HOUR for fact in left)
    assert number(measured, "agents") == pytest.approx(3.0, abs=0.05)


def test_the_stress_room_takes_its_share() -> None:
    habits = Habits(stress_share=0.05, stress_stay=Constant(300.0))
    measured, facts, _ = played(hours(60, 6, habits=habits))
    visits = sum(
        isinstance(fact, AgentStateChanged) and fact.to_state is AgentState.STRESS_ROOM for fact in facts
    )
    assert visits / number(measured, "answered") == pytest.approx(0.05, abs=0.03)
    assert number(measured, "agents") == pytest.approx(6 - visits * 300 / (4 * HOUR), abs=0.1)


def test_who_does_not_get_through_calls_again() -> None:
    callers = Callers(Exponential(60.0), Exponential(20.0), redial_share=1.0, redial_after=Constant(120.0))
    once = hours(60, 1, demand=(Demand("12345", (60.0,) * 8, replace(callers, redial_share=0.0)),))
    again = replace(once, demand=(Demand("12345", (60.0,) * 8, callers),))
    first, second = played(once)[0], played(again)[0]
    assert number(second, "offered") > number(first, "offered") + 0.8 * number(first, "abandoned")


def test_the_notice_is_part_of_the_wait() -> None:
    plain, told = (played(hours(20, 8, notice=notice))[0] for notice in (0.0, 6.0))
    assert number(told, "asa") == pytest.approx(number(plain, "asa") + 6.0, abs=0.2)


def test_ways_out_of_the_queue_are_counted() -> None:
    rule = OverflowRule(Relief.MESSAGE, longer_than=3)
    measured, facts, _ = played(hours(120, 1, plan=plan(overflow=(rule,))))
    assert number(measured, "overflowed") > 100
    causes = {fact.cause for fact in facts if isinstance(fact, CallFinished) and fact.outcome == "overflowed"}
    assert causes == {"overflow_message"}


def test_who_takes_a_call_back_is_called_and_talks() -> None:
    callers = Callers(Exponential(60.0), Exponential(300.0), takes_call_back=1.0, answers_call_back=0.8)
    quiet = (120.0,) * 2 + (5.0,) * 6
    measured, facts, centre = played(
        hours(
            0,
            2,
            plan=plan(call_back=CallBackRules(offer_above=30.0, tries=1), wrap_up_seconds=5.0),
            demand=(Demand("12345", quiet, callers),),
        )
    )
    promised = number(measured, "called_back")
    assert promised > 20
    talks = [fact for fact in facts if isinstance(fact, TalkStarted) and fact.direction == "outbound"]
    assert (
        len(talks) == centre.tally.reached_by_call_back == pytest.approx(0.8 * promised, abs=0.15 * promised)
    )
    assert not centre.state.calls
    assert {agent.state for agent in centre.state.agents.values()} <= {AgentState.READY, AgentState.WRAP_UP}
    assert number(measured, "agents") == pytest.approx(2.0)


def test_an_outcome_told_twice_is_noticed() -> None:
    centre = Centre(hours(60, 3), 1, 0)
    record = centre.tally.record

    def twice(fact: Fact) -> None:
        record(fact)
        if isinstance(fact, CallFinished):
            record(fact)

    centre.tally.record = twice  # type: ignore[method-assign] # an engine that repeats itself
    with pytest.raises(SimulationError, match="has one already"):
        centre.run()


def test_the_time_of_agents_is_accounted_for_to_the_second() -> None:
    measured, _, _ = played(hours(90, 5, plan=plan(wrap_up_seconds=15.0)))
    assert [row["agents"] for row in measured.slots] == pytest.approx([5.0] * 8)
    assert set(measured.total) == {figure.name for figure in FIGURES}
    assert list(measured.queues) == [CITIZENS]
    assert measured.queues[CITIZENS]["offered"] == measured.total["offered"]
