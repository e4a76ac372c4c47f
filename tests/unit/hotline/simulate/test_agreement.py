"""The engine under virtual time against theory: exactly where that is possible, else within 2 %.

What the sampled callers happen to bring (a few more calls, slightly longer ones) is taken out by linear
control variates, whose expectation is known: S. Lavenberg, P. Welch, "A perspective on the use of control
variables to increase the efficiency of Monte Carlo simulations", 1981.
"""

import heapq
import math

import numpy as np
import pytest

from core.facts import TalkStarted
from hotline.simulate.arrivals import invent, streams
from hotline.simulate.centre import Centre
from hotline.simulate.distributions import Distribution, Exponential, Lognormal
from hotline.simulate.erlang import Load, forecast
from hotline.simulate.figures import measure
from hotline.simulate.people import STREAMS
from hotline.simulate.scenario import HALF_HOUR, Scenario
from tests.unit.hotline.simulate.small import textbook

MINUTE = 60.0
BLOCK = 8
"""Half hours that are averaged before the regression, so that neighbours hardly depend on each other."""


@pytest.mark.parametrize("talk", [Exponential(MINUTE), Lognormal(MINUTE, 1.2)])
def test_every_single_wait_is_that_of_the_exact_recursion(talk: Distribution) -> None:
    # First come, first served by n agents: J. Kiefer, J. Wolfowitz, "On the theory of queues with many
    # servers", 1955.
    scenario = textbook(10, 9 / MINUTE, MINUTE, calls=6000, talk=talk)
    centre = Centre(scenario, seed=3, replication=0)
    waits: list[float] = []
    record = centre.tally.record

    def listen(fact: object) -> None:
        if isinstance(fact, TalkStarted):
            waits.append(fact.at - fact.arrived_at)
        record(fact)  # type: ignore[arg-type] # what the engine states

    centre.tally.record = listen  # type: ignore[method-assign] # to hear what is counted
    centre.run()
    expected = exact_waits(scenario, 10)
    assert len(waits) == len(expected) > 5500
    assert max(waits) > MINUTE
    assert np.abs(np.array(waits) - np.array(expected)).max() < 1e-6


def exact_waits(scenario: Scenario, agents: int) -> list[float]:
    free, waits = [0.0] * agents, []
    for caller in invent(scenario, streams(3, 0, STREAMS + 1)[0]):
        wait = max(0.0, free[0] - caller.at)
        heapq.heapreplace(free, caller.at + wait + caller.talk)
        waits.append(wait)
    return waits


def controlled(scenario: Scenario, load: Load, seed: int) -> dict[str, float]:
    """Figures of a long run, freed from what the sample happens to bring."""
    centre = Centre(scenario, seed, 0)
    centre.run()
    first, expected = int(scenario.warm_up // HALF_HOUR), load.rate * HALF_HOUR * BLOCK
    rows = [
        measure(centre.tally.calls, centre.tally.time, range(start, start + BLOCK)).total
        for start in range(first, scenario.slots - BLOCK + 1, BLOCK)
    ]
    calls = np.array([row["offered"] for row in rows], dtype=float) / expected - 1
    controls = [np.ones(len(rows)), calls]
    if math.isinf(load.patience):  # else the longest are not all answered
        talks = np.array([row["aht"] for row in rows], dtype=float) / load.handle
        controls.append((calls + 1) * talks - 1)
    matrix = np.column_stack(controls)
    names = ("p_wait", "asa", "service_level", "occupancy", "abandonment", "mean_wait")
    return {
        name: float(np.linalg.lstsq(matrix, np.array([row[name] for row in rows], dtype=float))[0][0])
        for name in names
    }


@pytest.mark.timeout(240)
def test_erlang_c() -> None:
    load = Load(1.0 / MINUTE, MINUTE)
    scenario = textbook(2, load.rate, load.handle, calls=120_000)
    seen, theory = controlled(scenario, load, seed=1), forecast(2, load, 20.0)
    assert seen["p_wait"] == pytest.approx(theory.p_wait, rel=0.02)
    assert seen["asa"] == pytest.approx(theory.asa, rel=0.02)
    assert seen["service_level"] == pytest.approx(theory.service_level, rel=0.02)
    assert seen["occupancy"] == pytest.approx(theory.occupancy, rel=0.02)
    assert seen["abandonment"] == 0.0


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("agents", "utilisation", "patience"), [(5, 1.2, MINUTE), (3, 1.0, MINUTE / 2)])
def test_erlang_a(agents: int, utilisation: float, patience: float) -> None:
    load = Load(utilisation * agents / MINUTE, MINUTE, patience)
    scenario = textbook(agents, load.rate, load.handle, patience, calls=60_000)
    seen, theory = controlled(scenario, load, seed=1), forecast(agents, load, 20.0)
    assert seen["p_wait"] == pytest.approx(theory.p_wait, rel=0.02)
    assert seen["asa"] == pytest.approx(theory.asa, rel=0.02)
    assert seen["mean_wait"] == pytest.approx(theory.mean_wait, rel=0.02)
    assert seen["service_level"] == pytest.approx(theory.service_level, rel=0.02)
    assert seen["abandonment"] == pytest.approx(theory.abandoned, rel=0.02)
    assert seen["occupancy"] == pytest.approx(theory.occupancy, rel=0.02)
