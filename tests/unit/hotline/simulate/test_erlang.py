"""Erlang's formulas against published values, each other's limits, and common sense."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.simulate.erlang import Load, Target, erlang_b, erlang_c, forecast, required_agents

MINUTE = 60.0


@pytest.mark.parametrize(
    ("agents", "erlangs", "blocked"),
    # Standard tables of the B formula; one agent is a / (1 + a), two are a^2 / (2 + 2a + a^2).
    [(1, 0.5, 1 / 3), (2, 1.0, 0.2), (5, 3.0, 0.11005), (10, 5.0, 0.018385), (10, 10.0, 0.214582), (0, 3, 1)],
)
def test_erlang_b_as_published(agents: int, erlangs: float, blocked: float) -> None:
    assert erlang_b(agents, erlangs) == pytest.approx(blocked, abs=5e-6)


@pytest.mark.parametrize(
    ("agents", "erlangs", "waits"),
    # One agent: the load itself. Two: 2 rho^2 / (1 + rho). 14 agents, 10 erlangs: 0.1741, in every table.
    [(1, 0.5, 0.5), (2, 1.0, 1 / 3), (14, 10.0, 0.174132), (10, 10.0, 1.0), (3, 9.0, 1.0)],
)
def test_erlang_c_as_published(agents: int, erlangs: float, waits: float) -> None:
    assert erlang_c(agents, erlangs) == pytest.approx(waits, abs=5e-7)


def test_the_example_of_mandelbaum_and_zeltyn() -> None:
    # 50 agents, 48 calls a minute, one minute each; without abandonment and with a patience of two minutes.
    patient = forecast(50, Load(48 / MINUTE, MINUTE), 20.0)
    leaving = forecast(50, Load(48 / MINUTE, MINUTE, 2 * MINUTE), 20.0)
    assert patient.asa == pytest.approx(20.8, abs=0.05)
    assert patient.occupancy == pytest.approx(0.96)
    assert leaving.abandoned == pytest.approx(0.031, abs=0.0005)
    assert leaving.mean_wait == pytest.approx(3.7, abs=0.05)
    assert leaving.occupancy == pytest.approx(0.93, abs=0.0005)


def by_states(agents: int, load: Load) -> tuple[float, float, float]:
    """P(wait), mean wait and abandonment from the stationary states, one by one."""
    calls = np.arange(1, agents + 20_000)
    waiting = np.maximum(0, calls - agents)
    leave = np.minimum(calls, agents) / load.handle + waiting / load.patience
    weights = np.concatenate([[0.0], np.cumsum(np.log(load.rate / leave))])
    shares = np.exp(weights - weights.max())
    shares /= shares.sum()
    queue = float(shares[1:] @ waiting)
    return float(shares[agents:].sum()), queue / load.rate, queue / load.patience / load.rate


@given(st.integers(1, 60), st.floats(0.05, 3.0), st.floats(0.02, 50.0))
def test_erlang_a_agrees_with_its_states(agents: int, utilisation: float, patience: float) -> None:
    load = Load(utilisation * agents, 1.0, patience)
    p_wait, mean_wait, abandoned = by_states(agents, load)
    seen = forecast(agents, load, 0.5)
    assert seen.p_wait == pytest.approx(p_wait, rel=1e-7, abs=1e-12)
    assert seen.mean_wait == pytest.approx(mean_wait, rel=1e-7, abs=1e-12)
    assert seen.abandoned == pytest.approx(abandoned, rel=1e-7, abs=1e-12)


@given(st.integers(1, 80), st.floats(0.1, 0.95))
def test_with_endless_patience_a_becomes_c(agents: int, utilisation: float) -> None:
    rate = utilisation * agents
    never, hardly = forecast(agents, Load(rate, 1.0), 0.3), forecast(agents, Load(rate, 1.0, 1e8), 0.3)
    assert hardly.p_wait == pytest.approx(never.p_wait, rel=1e-4)
    assert hardly.asa == pytest.approx(never.asa, rel=1e-4)
    assert hardly.service_level == pytest.approx(never.service_level, rel=1e-4)


def test_without_patience_a_becomes_b() -> None:
    seen = forecast(10, Load(9.0, 1.0, 1e-7), 0.3)
    assert seen.abandoned == pytest.approx(erlang_b(10, 9.0), rel=1e-5)


@given(st.floats(0.5, 60.0), st.floats(0.1, 20.0), st.floats(0, 3))
def test_more_agents_are_never_worse(erlangs: float, patience: float, within: float) -> None:
    load = Load(erlangs, 1.0, patience)
    row = [forecast(agents, load, within) for agents in range(1, 90, 4)]
    for fewer, more in pairwise(row):
        assert more.service_level >= fewer.service_level - 1e-9
        assert more.abandoned <= fewer.abandoned + 1e-9
        assert more.p_wait <= fewer.p_wait + 1e-9
        assert more.mean_wait <= fewer.mean_wait + 1e-9


@given(st.integers(1, 50), st.floats(0.1, 2.0), st.floats(0.05, 20.0))
def test_service_level_grows_with_the_threshold_to_all_who_stay(
    agents: int, utilisation: float, patience: float
) -> None:
    load = Load(utilisation * agents, 1.0, patience)
    levels = [forecast(agents, load, within).service_level for within in (0, 0.2, 1, 5, 1e4)]
    assert all(later >= earlier - 1e-9 for earlier, later in pairwise(levels))
    seen = forecast(agents, load, 0.0)
    assert levels[0] == pytest.approx(1 - seen.p_wait, abs=1e-9)
    assert levels[-1] == pytest.approx(1 - seen.abandoned, abs=1e-7)


@given(st.floats(0.5, 300.0), st.floats(0.2, 50.0), st.floats(0.5, 0.99))
def test_required_agents_is_the_least_number(erlangs: float, patience: float, level: float) -> None:
    target, load = Target(level, 0.25, 0.05), Load(erlangs, 1.0, patience)
    agents = required_agents(load, target)
    enough, fewer = forecast(agents, load, 0.25), forecast(agents - 1, load, 0.25)
    assert target.met(enough.service_level, enough.abandoned)
    assert not target.met(fewer.service_level, fewer.abandoned)


def test_the_ends_of_the_range() -> None:
    assert forecast(5, Load(0.0, 60.0, 60.0), 15).service_level == 1.0
    assert forecast(0, Load(1.0, 60.0, 60.0), 15).abandoned == 1.0
    assert forecast(0, Load(1.0, 60.0), 15).abandoned == 0.0
    assert forecast(5, Load(1.0, 60.0), 15).service_level == 0.0  # never catches up
    assert forecast(1000, Load(0.001, 1.0, 60.0), 15).p_wait == 0.0
    assert forecast(5, Load(0.01, 60.0, 60.0), -1).service_level == 0.0
    assert forecast(3000, Load(45.0, 60.0, 7200.0), 20).occupancy == pytest.approx(0.9, abs=1e-3)
    assert required_agents(Load(0.0, 60.0), Target()) == 0


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="patience above 0"):
        Load(1.0, 60.0, 0.0)
    with pytest.raises(ValueError, match="must not be negative"):
        erlang_b(-1, 1.0)
    with pytest.raises(ValueError, match="no number of agents"):
        required_agents(Load(1.0, 60.0, 60.0), Target(), within=-1.0)
