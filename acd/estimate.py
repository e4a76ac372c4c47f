"""How long a caller will probably wait, with bounds, or nothing. Pure.

With all agents busy, calls leave the queue one by one as agents become free. When handle times are roughly
memoryless the time until the n-th departure is Erlang distributed with n stages of rate (agents / mean handle
time): the "queue-length delay predictor" of W. Whitt, "Predicting Queueing Delays", Management Science 45(6),
1999, sections 2 and 3. Its mean is n * AHT / c. The bounds are quantiles of that distribution by the
approximation of E. B. Wilson and M. M. Hilferty, "The Distribution of Chi-Square", PNAS 17(12), 1931.

Agents who serve several queues with callers count for the share of the work before this caller that is his
own queue's: with one common crew that gives exactly first come, first served.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from core.vocabulary import AgentId, QueueName, Seconds

MINUTE: Final = 60.0

LEAST_SAMPLES: Final = 20
"""Fewer handled calls than this say nothing about the next ones."""

WEIGHT: Final = 0.05
"""Of the newest handle time in the mean: the last twenty calls are about two thirds of it."""

TAIL: Final = 1.2815515655446004
"""Standard normal quantile of 90 %: the bounds hold the middle 80 % of waits."""

WIDEST_MINUTES: Final = 5
"""Bounds farther apart are said only if the upper one is at most ``WIDEST_RATIO`` times the lower."""

WIDEST_RATIO: Final = 2.5

LONGEST_MINUTES: Final = 60
"""Beyond it the assumptions (the same agents, the same handle time) do not last."""


@dataclass(slots=True)
class Mean:
    """An exponentially weighted mean; plain while there are few values."""

    value: float = 0.0
    samples: int = 0

    def add(self, value: float) -> None:
        """Take in a value."""
        self.samples += 1
        self.value += (value - self.value) * max(WEIGHT, 1.0 / self.samples)


@dataclass(slots=True)
class HandleTimes:
    """Mean handle time (ringing, talk with hold, wrap-up: what a call costs of an agent) by queue."""

    means: dict[QueueName, Mean] = field(default_factory=dict)
    busy: dict[AgentId, tuple[QueueName, Seconds]] = field(default_factory=dict)
    """Who handles a call of which queue, since when."""

    def begin(self, agent_id: AgentId, queue: QueueName, at: Seconds) -> None:
        """An agent is at a call; said again, the first moment counts."""
        present = self.busy.get(agent_id)
        if present is None or present[0] != queue:
            self.busy[agent_id] = (queue, at)

    def end(self, agent_id: AgentId, at: Seconds, *, talked: bool) -> None:
        """The agent is through with it; an offer that was not answered is no sample."""
        present = self.busy.pop(agent_id, None)
        if present is not None and talked and at > present[1]:
            self.learn(present[0], at - present[1])

    def learn(self, queue: QueueName, seconds: Seconds) -> None:
        """Take in what one call has cost."""
        self.means.setdefault(queue, Mean()).add(seconds)

    def mean(self, queue: QueueName) -> Seconds | None:
        """Mean handle time, ``None`` when too few calls have been handled."""
        mean = self.means.get(queue)
        return mean.value if mean is not None and mean.samples >= LEAST_SAMPLES else None


@dataclass(frozen=True, slots=True)
class Crew:
    """Agents who serve the caller's queue and the same others."""

    agents: int
    """Working or ready."""
    others: Seconds = 0.0
    """Work before this caller in the other queues that they serve: calls times mean handle time."""


@dataclass(frozen=True, slots=True)
class Expected:
    """An expected wait and the bounds that hold the middle 80 %."""

    mean: Seconds
    low: Seconds
    high: Seconds

    @property
    def minutes(self) -> tuple[int, int]:
        """The bounds in whole minutes, outwards; never equal."""
        low = math.floor(self.low / MINUTE)
        return low, max(low + 1, math.ceil(self.high / MINUTE))

    @property
    def useful(self) -> bool:
        """Whether it may be said to a caller."""
        low, high = self.minutes
        return high <= LONGEST_MINUTES and (high - low <= WIDEST_MINUTES or high <= WIDEST_RATIO * low)


NOW: Final = Expected(0.0, 0.0, 0.0)
"""Somebody is ready."""


def expected_wait(before: int, handle: Seconds | None, crews: Iterable[Crew]) -> Expected | None:
    """The wait of a caller from now on while all agents are busy.

    Args:
        before: how many wait before him in his queue.
        handle: mean handle time of his queue; ``None``: not known.
        crews: everybody who serves his queue.

    Returns:
        ``None`` when nothing can be said: no agents, or no experience.
    """
    if handle is None or handle <= 0:
        return None
    work = (before + 1) * handle
    present = [crew for crew in crews if crew.agents > 0]
    share = sum(crew.agents * work / (work + crew.others) for crew in present)
    if share <= 0:
        return None
    mean = work / share
    # Departures that the wait is made of: those of all who could take him, whosever callers they take.
    stages = max(1.0, mean * sum(crew.agents for crew in present) / handle)
    return Expected(mean, mean * quantile(stages, -TAIL), mean * quantile(stages, TAIL))


def quantile(stages: float, deviate: float) -> float:
    """A quantile of an Erlang distribution of mean 1, by Wilson and Hilferty; never negative.

    Args:
        stages: its shape, at least 1.
        deviate: the standard normal quantile that belongs to the probability.
    """
    ninth = 1.0 / (9.0 * stages)
    return max(0.0, 1.0 - ninth + deviate * math.sqrt(ninth)) ** 3
