"""Who calls when: invented callers, the same for the same seed however the centre treats them.

Everything that a caller brings along (how long he will talk, how long he is ready to wait) is drawn with him
and not when it is needed. So two rosters are compared on the very same callers, and the difference between
them is not blurred by chance (common random numbers).
"""

from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.random import Generator, SeedSequence, default_rng

from core.vocabulary import Seconds
from hotline.simulate.distributions import Samples
from hotline.simulate.scenario import HALF_HOUR, Callers, Demand, Scenario

FIRST_NUMBER = 13_900_000_000


@dataclass(slots=True)
class Caller:
    """One who calls, perhaps several times."""

    number: str
    dialled: str
    at: Seconds
    talk: Seconds
    patience: Seconds
    redials: bool
    redial_after: Seconds
    takes_call_back: bool
    answers_call_back: bool


def streams(seed: int, replication: int, count_of: int) -> list[Generator]:
    """Independent generators for one replication."""
    return [default_rng(child) for child in SeedSequence([seed, replication]).spawn(count_of)]


def invent(scenario: Scenario, generator: Generator) -> list[Caller]:
    """Everybody who calls within the scenario, in order of arrival.

    Poisson arrivals with the rate of each half hour; all rates of the day are multiplied by one random factor
    (gamma, mean 1) where the forecast is unsure.
    """
    volume = 1.0
    if scenario.day_cv > 0:
        shape = 1 / scenario.day_cv**2
        volume = generator.gamma(shape, 1 / shape)
    numbers = count(FIRST_NUMBER)
    callers = []
    for demand in scenario.demand:
        moments = _moments(scenario, demand, volume, generator)
        callers += _callers(demand, moments, numbers, generator)
    return sorted(callers, key=lambda caller: caller.at)


def _moments(scenario: Scenario, demand: Demand, volume: float, generator: Generator) -> Samples:
    """Within a half hour Poisson arrivals lie evenly, once their number is known."""
    found = []
    for slot, calls in enumerate(demand.calls[: scenario.slots]):
        opens = scenario.midnight + scenario.start + slot * HALF_HOUR
        length = min(HALF_HOUR, scenario.midnight + scenario.end - opens)
        arrived = generator.poisson(calls * volume * length / HALF_HOUR)
        found.append(opens + generator.random(arrived) * length)
    return np.sort(np.concatenate(found)) if found else np.empty(0)


def _callers(demand: Demand, moments: Samples, numbers: "count[int]", generator: Generator) -> list[Caller]:
    ways: Callers = demand.callers
    size = len(moments)
    columns = zip(
        moments.tolist(),
        ways.talk.sample(generator, size).tolist(),
        ways.patience.sample(generator, size).tolist(),
        (generator.random(size) < ways.redial_share).tolist(),
        ways.redial_after.sample(generator, size).tolist(),
        (generator.random(size) < ways.takes_call_back).tolist(),
        (generator.random(size) < ways.answers_call_back).tolist(),
        strict=True,
    )
    return [Caller(str(next(numbers)), demand.dialled, *column) for column in columns]
