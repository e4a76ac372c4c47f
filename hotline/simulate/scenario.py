"""One day (or any stretch of time) of a centre, as values: who calls, who works, and by which plan. Pure.

Moments are seconds after the midnight that begins the day; they may lie before it and after the next one.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from core.plan import RoutingPlan
from core.vocabulary import CertificateName, QueueName, Seconds, SkillName
from hotline.simulate.distributions import Constant, Distribution, Exponential
from hotline.simulate.erlang import Target

HALF_HOUR: Seconds = 1800.0
DAY: Seconds = 86_400.0


@dataclass(frozen=True, slots=True)
class Callers:
    """How those who call behave."""

    talk: Distribution = field(default_factory=lambda: Exponential(180.0))
    patience: Distribution = field(default_factory=lambda: Exponential(180.0))
    """From the moment they hear music."""
    redial_share: float = 0.0
    """Of those who gave up."""
    redial_after: Distribution = field(default_factory=lambda: Exponential(300.0))
    takes_call_back: float = 0.5
    """Share of those who are offered a call-back and take it."""
    answers_call_back: float = 0.9
    """Share of those who then pick up."""


@dataclass(frozen=True, slots=True)
class Demand:
    """The calls to one dialled number."""

    dialled: str
    calls: tuple[float, ...]
    """Expected number of calls in each half hour from the scenario's start on."""
    callers: Callers = field(default_factory=Callers)


@dataclass(frozen=True, slots=True)
class Break:
    """A pause that everybody of a shift takes once, one after the other within a span of the day."""

    opens: Seconds
    closes: Seconds
    length: Seconds


@dataclass(frozen=True, slots=True)
class Shift:
    """Agents who come and go together."""

    name: str
    agents: int
    start: Seconds
    end: Seconds
    """Not after ``start``: on the next day."""
    queues: tuple[QueueName, ...] = ()
    """Empty: all."""
    skills: Mapping[SkillName, int] = field(default_factory=dict)
    certificates: tuple[CertificateName, ...] = ()
    breaks: tuple[Break, ...] = ()
    daily: bool = True
    """Every day (and the night before the scenario); else once, on its first day."""

    @property
    def length(self) -> Seconds:
        """From coming to going."""
        return self.end - self.start if self.end > self.start else self.end - self.start + DAY


@dataclass(frozen=True, slots=True)
class Habits:
    """How agents behave."""

    ring: Distribution = field(default_factory=lambda: Constant(2.0))
    """Until they pick up."""
    no_answer: float = 0.0
    """Share of offers that ring out."""
    return_after: Distribution = field(default_factory=lambda: Constant(60.0))
    """Until somebody whose phone rang out is back."""
    wrap_up: Distribution | None = None
    """Writing after the talk, at most as long as the queue grants; ``None``: exactly that long."""
    stress_share: float = 0.0
    """Of talks after which the agent goes to the stress room."""
    stress_stay: Distribution = field(default_factory=lambda: Constant(600.0))


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything that a simulation needs to know."""

    title: str
    plan: RoutingPlan
    demand: tuple[Demand, ...]
    shifts: tuple[Shift, ...]
    habits: Habits = field(default_factory=Habits)
    midnight: Seconds = 0.0
    """Seconds since the epoch at which the day begins, for opening hours and certificates."""
    start: Seconds = 0.0
    end: Seconds = DAY
    warm_up: Seconds = 0.0
    """So much at the beginning is played but not measured."""
    notice: Seconds = 0.0
    """Length of the announcement that everybody hears first; it is part of the wait."""
    day_cv: float = 0.0
    """How unsure the forecast of the day's volume is: standard deviation divided by mean."""
    target: Target = field(default_factory=Target)

    @property
    def slots(self) -> int:
        """Number of half hours, the last one perhaps not full."""
        return math.ceil((self.end - self.start) / HALF_HOUR)

    def expected_calls(self, slot: int) -> float:
        """Expected number of calls in one half hour, over all lines."""
        return sum(demand.calls[slot] for demand in self.demand if slot < len(demand.calls))


@dataclass(frozen=True, slots=True)
class Duty:
    """One agent's shift on one day."""

    number: int
    shift: Shift
    begins: Seconds
    ends: Seconds
    """Infinite for those who are there at the scenario's end: they serve who still waits then."""
    breaks: tuple[tuple[Seconds, Seconds], ...]
    """Beginning and length."""


def duties(scenario: Scenario) -> list[Duty]:
    """Everybody who works within the scenario, those of the night before included."""
    numbers = count(1)
    return [duty for shift in scenario.shifts for duty in _of_shift(scenario, shift, numbers)]


def _of_shift(scenario: Scenario, shift: Shift, numbers: Iterator[int]) -> Iterator[Duty]:
    days = range(math.floor(scenario.start / DAY) - 1, math.ceil(scenario.end / DAY)) if shift.daily else (0,)
    for day in days:
        begins = day * DAY + shift.start
        ends = begins + shift.length
        if ends <= scenario.start or begins >= scenario.end:
            continue
        for place in range(shift.agents):
            pauses = tuple(_pause(pause, shift, place, begins) for pause in shift.breaks)
            until = math.inf if ends >= scenario.end else ends
            yield Duty(next(numbers), shift, max(begins, scenario.start), until, pauses)


def _pause(pause: Break, shift: Shift, place: int, begins: Seconds) -> tuple[Seconds, Seconds]:
    """Spread evenly over the span, so that not everybody is away at once."""
    opens = pause.opens - shift.start
    span = pause.closes - pause.opens
    opens += DAY if opens < 0 else 0.0
    span += DAY if span < 0 else 0.0
    latest = max(0.0, span - pause.length)
    share = place / (shift.agents - 1) if shift.agents > 1 else 0.0
    return begins + opens + share * latest, pause.length


def rostered(scenario: Scenario, slot: int) -> float:
    """Mean number of agents on duty in one half hour, those on a break not counted."""
    opens = scenario.start + slot * HALF_HOUR
    closes = min(opens + HALF_HOUR, scenario.end)
    seconds = 0.0
    for duty in duties(scenario):
        seconds += _overlap(opens, closes, duty.begins, duty.ends)
        seconds -= sum(_overlap(opens, closes, at, at + length) for at, length in duty.breaks)
    return seconds / (closes - opens)


def _overlap(start: Seconds, end: Seconds, begins: Seconds, ends: Seconds) -> Seconds:
    return max(0.0, min(end, ends) - max(start, begins))
