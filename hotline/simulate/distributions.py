"""Durations that vary: how long people talk, write, hesitate. Values, and samples from a given generator."""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from core.vocabulary import Seconds

Samples = NDArray[np.float64]


class Distribution(Protocol):
    """What every kind of duration offers. Seconds."""

    @property
    def mean(self) -> Seconds:
        """The expected value, infinite for ``Never``."""
        ...

    def sample(self, generator: Generator, count: int) -> Samples:
        """``count`` independent values, none negative."""
        ...


@dataclass(frozen=True, slots=True)
class Constant:
    """Always the same."""

    mean: Seconds

    def sample(self, generator: Generator, count: int) -> Samples:
        """The value, ``count`` times."""
        del generator
        return np.full(count, self.mean)


@dataclass(frozen=True, slots=True)
class Exponential:
    """Without memory: what Erlang's formulas suppose."""

    mean: Seconds

    def sample(self, generator: Generator, count: int) -> Samples:
        """Independent exponential values."""
        return generator.exponential(self.mean, count)


@dataclass(frozen=True, slots=True)
class Lognormal:
    """What handle times look like: many short, some very long."""

    mean: Seconds
    cv: float
    """Standard deviation divided by the mean."""

    def sample(self, generator: Generator, count: int) -> Samples:
        """Independent lognormal values."""
        variance = math.log1p(self.cv**2)
        return generator.lognormal(math.log(self.mean) - variance / 2, math.sqrt(variance), count)


@dataclass(frozen=True, slots=True)
class Empirical:
    """Measured values, drawn with replacement."""

    values: tuple[Seconds, ...]

    @property
    def mean(self) -> Seconds:
        """Mean of the measured values."""
        return math.fsum(self.values) / len(self.values)

    def sample(self, generator: Generator, count: int) -> Samples:
        """Independent draws."""
        return generator.choice(np.array(self.values, dtype=np.float64), count)


@dataclass(frozen=True, slots=True)
class Never:
    """Nobody gives up."""

    @property
    def mean(self) -> Seconds:
        """Infinite."""
        return math.inf

    def sample(self, generator: Generator, count: int) -> Samples:
        """Infinity, ``count`` times."""
        del generator
        return np.full(count, math.inf)


class Stream:
    """Values of one distribution one by one, drawn in blocks because single draws are slow."""

    BLOCK = 512

    def __init__(self, distribution: Distribution, generator: Generator) -> None:
        self._distribution, self._generator = distribution, generator
        self._values: list[float] = []

    def next(self) -> float:
        """The next value."""
        if not self._values:
            self._values = self._distribution.sample(self._generator, self.BLOCK)[::-1].tolist()
        return self._values.pop()


class Coin:
    """Yes or no with a given share of yes."""

    BLOCK = 512

    def __init__(self, share: float, generator: Generator) -> None:
        self._share, self._generator = share, generator
        self._values: list[float] = []

    def toss(self) -> bool:
        """The next answer; a share of 0 or 1 is certain."""
        if not self._values:
            self._values = self._generator.random(self.BLOCK).tolist()
        return self._values.pop() < self._share
