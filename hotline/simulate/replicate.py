"""Several independent repetitions of a scenario, and what they say together."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from core import clock
from core.vocabulary import QueueName, Seconds
from hotline.simulate.centre import Centre
from hotline.simulate.figures import FIGURES, Measured, Row
from hotline.simulate.scenario import Scenario
from hotline.simulate.student import Bounds, bounds

FEWEST = 5
"""Replications before a half width is believed."""

BoundsRow = dict[str, Bounds | None]
"""Figure name -> mean and bounds; ``None`` where no replication could say anything."""

Progress = Callable[[int], None]
"""Told after each replication how many are done."""


@dataclass(frozen=True, slots=True)
class Results:
    """What came out."""

    scenario: Scenario
    seed: int
    confidence: float
    runs: Sequence[Measured]
    seconds: Seconds
    """How long it took."""

    @property
    def total(self) -> BoundsRow:
        """Over all measured half hours and queues."""
        return self._bounds([run.total for run in self.runs])

    @property
    def slots(self) -> list[BoundsRow]:
        """Each measured half hour."""
        return [self._bounds(rows) for rows in zip(*(run.slots for run in self.runs), strict=True)]

    @property
    def queues(self) -> dict[QueueName, BoundsRow]:
        """Each queue over all measured half hours."""
        names = sorted({name for run in self.runs for name in run.queues})
        return {
            name: self._bounds([run.queues[name] for run in self.runs if name in run.queues])
            for name in names
        }

    @property
    def calls_per_second(self) -> float:
        """Calls simulated per second of ours."""
        calls = sum(run.total["offered"] or 0.0 for run in self.runs)
        return calls / self.seconds if self.seconds > 0 else 0.0

    def _bounds(self, rows: Sequence[Row]) -> BoundsRow:
        return {figure.name: self._figure(figure.name, rows) for figure in FIGURES}

    def _figure(self, name: str, rows: Sequence[Row]) -> Bounds | None:
        values = [value for row in rows if (value := row[name]) is not None]
        return bounds(values, self.confidence) if values else None


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is simulated.

    ``half_width`` of the service level, when given, ends the replications early; ``replications`` is then the
    most that are made.
    """

    replications: int = 20
    seed: int = 1
    confidence: float = 0.95
    half_width: float | None = None
    jobs: int = 1


def one(scenario: Scenario, seed: int, replication: int) -> Measured:
    """One replication."""
    return Centre(scenario, seed, replication).run()


def replicate(scenario: Scenario, effort: Effort, progress: Progress = lambda _: None) -> Results:
    """Make replications until there are enough; the same seed gives the same ones, whatever ``jobs`` is."""
    began = clock.monotonic()
    runs: list[Measured] = []
    for run in _runs(scenario, effort):
        runs.append(run)
        progress(len(runs))
        if _enough(runs, effort):
            break
    return Results(scenario, effort.seed, effort.confidence, runs, clock.monotonic() - began)


def _runs(scenario: Scenario, effort: Effort) -> Iterator[Measured]:
    numbers = range(effort.replications)
    if effort.jobs == 1 or effort.replications == 1:
        yield from (one(scenario, effort.seed, number) for number in numbers)
        return
    # Started afresh: a fork would copy the thread that draws the progress.
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(effort.jobs, effort.replications), mp_context=fresh) as pool:
        waiting = [pool.submit(one, scenario, effort.seed, number) for number in numbers]
        try:
            for future in waiting:
                yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _enough(runs: Sequence[Measured], effort: Effort) -> bool:
    if effort.half_width is None or len(runs) < FEWEST:
        return False
    levels = [level for run in runs if (level := run.total["service_level"]) is not None]
    seen = bounds(levels, effort.confidence).half_width if levels else None
    return seen is not None and seen <= effort.half_width
