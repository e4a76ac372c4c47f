"""Confidence bounds of a mean from few replications: Student's t. Pure.

The distribution by its finite sums for whole degrees of freedom: Abramowitz & Stegun, "Handbook of
Mathematical Functions", 26.7.3 and 26.7.4.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

STEPS = 60
"""Halvings of the interval in which a quantile is looked for."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """A mean over replications, and how far the true one may be from it."""

    mean: float
    half_width: float | None
    """``None`` with fewer than two replications."""
    count: int

    @property
    def low(self) -> float:
        """Lower bound; the mean itself where nothing is known about the spread."""
        return self.mean - (self.half_width or 0.0)

    @property
    def high(self) -> float:
        """Upper bound."""
        return self.mean + (self.half_width or 0.0)


def central_share(t: float, freedom: int) -> float:
    """P(-t < T < t) with ``freedom`` degrees of freedom."""
    angle = math.atan(t / math.sqrt(freedom))
    cosine, sine = math.cos(angle), math.sin(angle)
    if freedom % 2 == 0:
        return sine * _series(cosine, freedom // 2, (1, 2))
    if freedom == 1:
        return 2 * angle / math.pi
    return 2 / math.pi * (angle + sine * cosine * _series(cosine, (freedom - 1) // 2, (2, 3)))


def _series(cosine: float, terms: int, ratio: tuple[int, int]) -> float:
    """1 + (p/q) cos^2 + (p (p+2)) / (q (q+2)) cos^4 + ..."""
    term = total = 1.0
    for k in range(terms - 1):
        term *= (ratio[0] + 2 * k) / (ratio[1] + 2 * k) * cosine * cosine
        total += term
    return total


def quantile(share: float, freedom: int) -> float:
    """The t for which P(-t < T < t) = ``share``.

    Raises:
        ValueError: a share outside 0..1, or no degree of freedom.
    """
    if not 0 < share < 1 or freedom < 1:
        raise ValueError("the share must lie between 0 and 1, with at least one degree of freedom")
    high = 1.0
    while central_share(high, freedom) < share:
        high *= 2
    low = 0.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if central_share(middle, freedom) < share else (low, middle)
    return high


def bounds(values: Sequence[float], confidence: float = 0.95) -> Bounds:
    """Mean and half width of the t-interval of independent values.

    Raises:
        ValueError: no values.
    """
    if not values:
        raise ValueError("at least one value is needed")
    count = len(values)
    mean = math.fsum(values) / count
    if count == 1:
        return Bounds(mean, None, 1)
    variance = math.fsum((value - mean) ** 2 for value in values) / (count - 1)
    return Bounds(mean, quantile(confidence, count - 1) * math.sqrt(variance / count), count)
