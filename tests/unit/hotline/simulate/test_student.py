"""Student's t against the printed tables."""

import math

import pytest
from numpy.random import default_rng

from hotline.simulate.student import bounds, central_share, quantile


@pytest.mark.parametrize(
    ("share", "freedom", "t"),
    [
        (0.95, 1, 12.7062),
        (0.95, 2, 4.30265),
        (0.95, 3, 3.18245),
        (0.95, 9, 2.26216),
        (0.99, 10, 3.16927),
        (0.90, 30, 1.69726),
        (0.95, 1000, 1.96234),
    ],
)
def test_quantiles_as_printed(share: float, freedom: int, t: float) -> None:
    assert quantile(share, freedom) == pytest.approx(t, abs=5e-5 * max(1, t / 5))
    assert central_share(quantile(share, freedom), freedom) == pytest.approx(share)


def test_bounds_of_known_values() -> None:
    seen = bounds([1.0, 2.0, 3.0, 4.0])
    assert seen.mean == 2.5
    assert seen.half_width is not None
    assert seen.half_width == pytest.approx(3.18245 * math.sqrt(5 / 3 / 4), rel=1e-5)
    assert (seen.low, seen.high) == (seen.mean - seen.half_width, seen.mean + seen.half_width)


def test_one_value_has_no_bounds() -> None:
    seen = bounds([7.0])
    assert (seen.mean, seen.half_width, seen.low, seen.high) == (7.0, None, 7.0, 7.0)


def test_nineteen_of_twenty_intervals_hold_the_mean() -> None:
    draws = default_rng(1).normal(10.0, 3.0, (4000, 5)).tolist()
    held = sum((seen := bounds(row)).low <= 10.0 <= seen.high for row in draws)
    assert held / 4000 == pytest.approx(0.95, abs=0.012)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one value"):
        bounds([])
    for share, freedom in ((0.0, 3), (1.0, 3), (0.9, 0)):
        with pytest.raises(ValueError, match="between 0 and 1"):
            quantile(share, freedom)
