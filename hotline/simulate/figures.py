"""The figures of a centre, each with its formula, over the counts of any half hours and queues. Pure.

Times are counted from the arrival of the call, the announcement included, as in the hotline's own metrics.
The four service levels are those in use; they differ in what becomes of callers who give up.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from core.vocabulary import QueueName, Seconds
from hotline.simulate.scenario import HALF_HOUR
from hotline.simulate.tally import Counts, Key, Time

TAIL = 0.95


class Unit(StrEnum):
    """What a figure is measured in."""

    NUMBER = "number"
    SHARE = "share"
    SECONDS = "seconds"


@dataclass(slots=True)
class Span:
    """Counts and agents' time of some half hours together."""

    counts: Counts = field(default_factory=Counts)
    time: Time = field(default_factory=Time)
    seconds: Seconds = 0.0
    """Its length."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure."""

    name: str
    """Its key in JSON and CSV."""
    title: str
    unit: Unit
    formula: Callable[[Span], float | None]
    """``None`` where there is nothing to divide by."""


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def _count(name: str) -> Callable[[Span], float]:
    return lambda span: float(getattr(span.counts, name))


def _per_call(
    part: Callable[[Counts], float], whole: Callable[[Counts], float]
) -> Callable[[Span], float | None]:
    return lambda span: _ratio(part(span.counts), whole(span.counts))


def _reached(counts: Counts) -> float:
    return counts.answered + counts.abandoned


def _tail(span: Span) -> float | None:
    waits = sorted(span.counts.waits)
    return waits[min(len(waits) - 1, int(TAIL * len(waits)))] if waits else None


def _occupancy(span: Span) -> float | None:
    busy = span.time.contact + span.time.wrap_up
    return _ratio(busy, busy + span.time.idle)


def _agents(span: Span) -> float | None:
    return _ratio(span.time.contact + span.time.wrap_up + span.time.idle, span.seconds)


FIGURES: tuple[Figure, ...] = (
    Figure("offered", "offered", Unit.NUMBER, _count("offered")),
    Figure("answered", "answered", Unit.NUMBER, _count("answered")),
    Figure("abandoned", "abandoned", Unit.NUMBER, _count("abandoned")),
    Figure("overflowed", "overflowed", Unit.NUMBER, _count("overflowed")),
    Figure("called_back", "called back", Unit.NUMBER, _count("called_back")),
    Figure("failed", "failed", Unit.NUMBER, _count("failed")),
    Figure(
        "service_level",
        "service level: answered in time / (answered + abandoned)",
        Unit.SHARE,
        _per_call(lambda c: c.answered_in_time, _reached),
    ),
    Figure(
        "service_level_with_short_abandons",
        "service level: (answered in time + abandoned in time) / (answered + abandoned)",
        Unit.SHARE,
        _per_call(lambda c: c.answered_in_time + c.abandoned_in_time, _reached),
    ),
    Figure(
        "service_level_of_answered",
        "service level: answered in time / answered",
        Unit.SHARE,
        _per_call(lambda c: c.answered_in_time, lambda c: c.answered),
    ),
    Figure(
        "service_level_without_short_abandons",
        "service level: answered in time / (answered + abandoned late)",
        Unit.SHARE,
        _per_call(lambda c: c.answered_in_time, lambda c: _reached(c) - c.abandoned_in_time),
    ),
    Figure(
        "abandonment",
        "abandoned / offered",
        Unit.SHARE,
        _per_call(lambda c: c.abandoned, lambda c: c.offered),
    ),
    Figure(
        "p_wait",
        "calls that found no idle agent / offered",
        Unit.SHARE,
        _per_call(lambda c: c.waited, lambda c: c.offered),
    ),
    Figure(
        "asa",
        "average speed of answer: waits of answered calls / answered",
        Unit.SECONDS,
        _per_call(lambda c: c.wait_answered, lambda c: c.answered),
    ),
    Figure(
        "mean_wait",
        "mean wait of all calls, answered or not",
        Unit.SECONDS,
        _per_call(lambda c: c.wait_all, lambda c: c.offered),
    ),
    Figure("wait_p95", "wait that 95 % of the answered calls stay below", Unit.SECONDS, _tail),
    Figure(
        "aht",
        "average handle time: (talk + wrap-up) / answered",
        Unit.SECONDS,
        _per_call(lambda c: c.talk + c.wrap_up, lambda c: c.answered),
    ),
    Figure("occupancy", "(contact + wrap-up) / (contact + wrap-up + idle)", Unit.SHARE, _occupancy),
    Figure("agents", "mean number of agents at work (ready, in a call, in wrap-up)", Unit.NUMBER, _agents),
)
"""Every figure that is published, in the order in which it is."""

BY_NAME: Mapping[str, Figure] = {figure.name: figure for figure in FIGURES}

Row = dict[str, float | None]
"""Figure name -> value."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of one replication."""

    slots: Sequence[Row]
    queues: Mapping[QueueName, Row]
    total: Row


def row(span: Span) -> Row:
    """Every figure of a span."""
    return {figure.name: figure.formula(span) for figure in FIGURES}


def span(counts: Iterable[Counts], time: Iterable[Time], seconds: Seconds) -> Span:
    """Put counts and times together."""
    together = Span(seconds=seconds)
    for one in counts:
        together.counts.add(one)
    for one_time in time:
        together.time.add(one_time)
    return together


def measure(calls: Mapping[Key, Counts], time: Mapping[int, Time], slots: range) -> Measured:
    """Figures of each half hour in ``slots``; over all of them: of each queue (no agents), and in all."""
    queues = sorted({queue for _, queue in calls})
    rows = [
        row(span([calls[key] for key in calls if key[0] == slot], [time.get(slot, Time())], HALF_HOUR))
        for slot in slots
    ]
    seconds = len(slots) * HALF_HOUR
    by_queue = {
        queue: row(span([calls[slot, queue] for slot in slots if (slot, queue) in calls], [], seconds))
        for queue in queues
    }
    everything = span(
        [counts for (slot, _), counts in calls.items() if slot in slots],
        [time[slot] for slot in slots if slot in time],
        seconds,
    )
    return Measured(rows, by_queue, row(everything))
