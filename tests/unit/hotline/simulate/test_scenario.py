"""Who works when."""

import math

import pytest

from hotline.simulate.scenario import DAY, HALF_HOUR, Break, Demand, Scenario, Shift, duties, rostered
from tests.unit.hotline.simulate.small import plan

HOUR = 3600.0


def scenario(*shifts: Shift, start: float = 0.0, end: float = DAY) -> Scenario:
    return Scenario("day", plan(), (Demand("12345", (1.0,) * 48),), shifts, start=start, end=end)


def test_the_night_before_works_until_the_morning() -> None:
    day = scenario(Shift("night", 3, 20 * HOUR, 8 * HOUR))
    assert [(duty.begins, duty.ends) for duty in duties(day)] == [(0.0, 8 * HOUR)] * 3 + [
        (20 * HOUR, math.inf)
    ] * 3
    assert [rostered(day, slot) for slot in (0, 15, 16, 39, 40, 47)] == [3, 3, 0, 0, 3, 3]
    assert len({duty.number for duty in duties(day)}) == 6


def test_whoever_is_there_at_the_end_stays_for_those_who_wait() -> None:
    assert [duty.ends for duty in duties(scenario(Shift("all", 1, 8 * HOUR, 16 * HOUR)))] == [16 * HOUR]
    short = scenario(Shift("all", 1, 8 * HOUR, 16 * HOUR), end=12 * HOUR)
    assert [duty.ends for duty in duties(short)] == [math.inf]


def test_a_shift_that_begins_before_the_scenario_has_come_by_then() -> None:
    day = scenario(Shift("early", 1, 6 * HOUR, 14 * HOUR), start=9 * HOUR, end=12 * HOUR)
    assert [duty.begins for duty in duties(day)] == [9 * HOUR]


def test_breaks_are_taken_one_after_the_other() -> None:
    pause = Break(11 * HOUR, 13 * HOUR, HALF_HOUR)
    day = scenario(Shift("day", 4, 8 * HOUR, 16 * HOUR, breaks=(pause,)))
    begins = [duty.breaks[0][0] / HOUR for duty in duties(day)]
    assert begins == [11.0, 11.5, 12.0, 12.5]
    assert [rostered(day, slot) for slot in (21, 22, 23, 24, 25, 26)] == [4, 3, 3, 3, 3, 4]


def test_breaks_after_midnight_belong_to_the_shift_that_began_before() -> None:
    pause = Break(23.5 * HOUR, 1.5 * HOUR, HALF_HOUR)
    night = Shift("night", 2, 22 * HOUR, 6 * HOUR, breaks=(pause,))
    first, last = (duty.breaks[0][0] / HOUR for duty in duties(scenario(night)) if duty.begins > 0)
    assert (first, last) == (23.5, 25.0)


def test_a_shift_that_comes_once() -> None:
    day = scenario(Shift("once", 2, 20 * HOUR, 8 * HOUR, daily=False))
    assert [duty.begins for duty in duties(day)] == [20 * HOUR] * 2


def test_length_over_midnight() -> None:
    assert Shift("night", 1, 20 * HOUR, 8 * HOUR).length == pytest.approx(12 * HOUR)
    assert Shift("day", 1, 8 * HOUR, 16 * HOUR).length == pytest.approx(8 * HOUR)
