"""Staffing: pools, first guess, covering shifts, and a target that is really met."""

from dataclasses import replace

import pytest

from core.plan import Line, QueueRules, RoutingPlan
from core.vocabulary import QueueName
from hotline.simulate.distributions import Constant, Exponential, Never
from hotline.simulate.erlang import Target
from hotline.simulate.replicate import Effort, replicate
from hotline.simulate.scenario import Break, Callers, Demand, Habits, Scenario, Shift, rostered
from hotline.simulate.staffing import (
    coverage,
    fill,
    first_guess,
    load_of,
    pools,
    simulated,
    staff,
    staffed,
)

HOUR = 3600.0
CITIZENS, HEATING, TAX = QueueName("citizens"), QueueName("heating"), QueueName("tax")
TARGET = Target(0.8, 15.0, 0.05)
CALLERS = Callers(Exponential(90.0), Exponential(120.0))


def scenario(*shifts: Shift, calls: tuple[float, ...] = (20.0, 60.0, 40.0, 10.0)) -> Scenario:
    rules = {name: QueueRules(name, 10.0, 15.0) for name in (CITIZENS, HEATING, TAX)}
    lines = {"96777": Line("96777", HEATING), "12366": Line("12366", TAX)}
    return Scenario(
        title="two hours",
        plan=RoutingPlan(rules, CITIZENS, lines),
        demand=(Demand("12345", calls, CALLERS), Demand("96777", calls, CALLERS)),
        shifts=shifts,
        habits=Habits(ring=Constant(1.0)),
        end=len(calls) * HOUR / 2,
        target=TARGET,
    )


def shift(name: str, agents: int, start: float, end: float, *queues: QueueName) -> Shift:
    return Shift(name, agents, start * HOUR, end * HOUR, queues)


@pytest.mark.parametrize(
    ("served", "expected"),
    [
        ([()], [(CITIZENS, HEATING, TAX)]),
        ([(CITIZENS,), (HEATING,)], [(CITIZENS,), (HEATING,)]),
        ([(CITIZENS,), (HEATING, TAX)], [(CITIZENS,), (HEATING, TAX)]),
        ([(CITIZENS, TAX), (HEATING, TAX)], [(CITIZENS, HEATING, TAX)]),
        ([], [(CITIZENS,), (HEATING,)]),
    ],
)
def test_who_shares_queues_is_one_pool(
    served: list[tuple[QueueName, ...]], expected: list[tuple[QueueName, ...]]
) -> None:
    shifts = [shift(f"s{number}", 1, 0, 2, *queues) for number, queues in enumerate(served)]
    assert pools(scenario(*shifts)) == expected


def test_the_load_counts_ringing_and_writing_and_mixes_lines() -> None:
    one = load_of(scenario(), 1)
    assert one.rate == pytest.approx(120 / 1800)
    assert one.handle == pytest.approx(1.0 + 90.0 + 10.0)
    assert one.patience == pytest.approx(120.0)
    patient = replace(CALLERS, patience=Never())
    base = scenario()
    mixed = replace(base, demand=(base.demand[0], replace(base.demand[1], callers=patient)))
    assert load_of(mixed, 1).patience == pytest.approx(240.0)


def test_what_no_agent_can_shorten_is_refused() -> None:
    with pytest.raises(ValueError, match="announcement and ringing alone"):
        first_guess(replace(scenario(), notice=20.0), TARGET)


def test_exactly_so_many_come_and_go() -> None:
    wanted = [3, 8, 5, 0]
    day = staffed(scenario(shift("all", 2, 0, 2)), wanted)
    assert [rostered(day, slot) for slot in range(4)] == wanted


def test_they_are_of_the_kinds_on_the_roster_in_proportion() -> None:
    day = staffed(scenario(shift("a", 6, 0, 2, CITIZENS), shift("b", 3, 0, 2, HEATING)), [9, 9, 9, 9])
    queues = [one.queues for one in day.shifts]
    assert (queues.count((CITIZENS,)), queues.count((HEATING,))) == (6, 3)


def test_shifts_cover_what_is_needed_and_nobody_is_left_over() -> None:
    day = scenario(shift("long", 1, 0, 2), shift("early", 1, 0, 1), shift("late", 1, 1, 2))
    numbers, uncovered = fill(day, [2, 5, 4, 3])
    filled = replace(
        day, shifts=tuple(replace(s, agents=n) for s, n in zip(day.shifts, numbers, strict=True))
    )
    assert [rostered(filled, slot) >= need for slot, need in enumerate([2, 5, 4, 3])] == [True] * 4
    assert sum(numbers) <= 7
    assert uncovered == ()


def test_half_hours_without_a_shift_are_named() -> None:
    numbers, uncovered = fill(scenario(shift("early", 1, 0, 1)), [2, 2, 1, 0])
    assert (numbers, uncovered) == ([2], (2,))


def test_breaks_are_taken_off_the_coverage() -> None:
    pause = Break(0.0, HOUR, HOUR / 4)
    covers = coverage(scenario(), Shift("all", 1, 0.0, 2 * HOUR, breaks=(pause,)))
    assert covers == pytest.approx([0.75, 0.75, 1.0, 1.0], abs=0.01)


def test_the_numbers_meet_the_target_when_they_are_simulated_again() -> None:
    day = scenario(shift("all", 8, 0, 2))
    effort = Effort(replications=6)
    (found,) = staff(day, TARGET, effort)
    assert found.reached
    assert found.uncovered == ()
    assert all(need.required >= need.erlang_a > 0 for need in found.needs)
    runs = replicate(staffed(day, [need.required for need in found.needs]), effort).runs
    for need in found.needs:
        seen = simulated(runs, need.slot)
        assert seen.meets(TARGET)
        assert (need.level, need.abandoned) == (seen.level, seen.abandoned)
    busiest = max(found.needs, key=lambda need: need.calls)
    assert busiest.missing > 0 > found.needs[3].missing
    assert found.verified is not None
    level = found.verified.total["service_level"]
    assert level is not None
    assert level.mean > TARGET.level
