"""The expected wait: exact cases, bounds that hold, and its error on simulated queues that share agents."""

import heapq
import random  # noqa: TID251 - a simulation with a fixed seed
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.estimate import LEAST_SAMPLES, Crew, Expected, HandleTimes, expected_wait, quantile
from core.vocabulary import AgentId, QueueName

A, B = QueueName("a"), QueueName("b")
BOTH = "both"

CREWS = st.lists(st.builds(Crew, st.integers(0, 50), st.floats(0, 1e5)), max_size=5)


def mean(before: int, handle: float | None, *crews: Crew) -> float | None:
    expected = expected_wait(before, handle, crews)
    return None if expected is None else expected.mean


def test_one_crew_of_its_own_takes_a_call_every_aht_over_c() -> None:
    assert mean(0, 180.0, Crew(6)) == pytest.approx(30.0)
    assert mean(9, 180.0, Crew(6)) == pytest.approx(300.0)


def test_a_common_crew_serves_both_queues_first_come_first_served() -> None:
    # 4 before me here, 10 before me there, 120 s each: (4 + 10 + 1) * 120 / 5.
    assert mean(4, 120.0, Crew(5, others=1200.0)) == pytest.approx(15 * 120 / 5)


def test_an_agent_of_two_busy_queues_counts_for_his_share() -> None:
    alone, shared = mean(3, 60.0, Crew(4)), mean(3, 60.0, Crew(2), Crew(2, others=240.0))
    assert shared == pytest.approx(240.0 / (2 + 2 * 0.5))
    assert alone is not None
    assert shared is not None
    assert shared > alone


@pytest.mark.parametrize(
    ("before", "handle", "crews"),
    [(0, None, [Crew(5)]), (3, 0.0, [Crew(5)]), (3, 60.0, []), (3, 60.0, [Crew(0, 50.0)])],
)
def test_nothing_is_said_without_agents_or_experience(
    before: int, handle: float | None, crews: list[Crew]
) -> None:
    assert expected_wait(before, handle, crews) is None


@given(st.integers(0, 500), st.floats(1, 3600), CREWS)
def test_bounds_are_in_order_and_whole_minutes_go_outwards(
    before: int, handle: float, crews: list[Crew]
) -> None:
    expected = expected_wait(before, handle, crews)
    if expected is None:
        assert not any(crew.agents for crew in crews)
        return
    assert 0 <= expected.low <= expected.mean <= expected.high
    low, high = expected.minutes
    assert 60 * low <= expected.low
    assert high * 60 >= expected.high
    assert low < high


@given(st.integers(0, 100), st.floats(1, 3600), CREWS, st.integers(0, 4))
def test_more_before_me_never_shortens_and_more_agents_never_lengthen_the_wait(
    before: int, handle: float, crews: list[Crew], which: int
) -> None:
    now, later = mean(before, handle, *crews), mean(before + 1, handle, *crews)
    if now is None or later is None:
        return
    assert later >= now * (1 - 1e-9)
    if which < len(crews):
        more = [Crew(crew.agents + (i == which), crew.others) for i, crew in enumerate(crews)]
        helped = mean(before, handle, *more)
        assert helped is not None
        assert helped <= now * (1 + 1e-9)


def test_wide_or_distant_bounds_are_not_said() -> None:
    assert Expected(60, 40, 100).useful
    assert not Expected(300, 10, 900).useful  # 0 to 15 minutes says nothing
    assert Expected(1200, 900, 1500).useful
    assert not Expected(3500, 3300, 3700).useful  # beyond an hour


@pytest.mark.parametrize(
    ("stages", "low", "high"), [(1, 0.105, 2.303), (10, 0.622, 1.421), (50, 0.824, 1.185)]
)
def test_quantiles_are_those_of_the_erlang_distribution(stages: float, low: float, high: float) -> None:
    # 10 % and 90 % of a gamma distribution of mean 1, from tables.
    assert quantile(stages, -1.2815515655446004) == pytest.approx(low, rel=0.015, abs=0.01)
    assert quantile(stages, 1.2815515655446004) == pytest.approx(high, rel=0.015)


def test_handle_times_need_samples_and_follow_the_newest() -> None:
    times = HandleTimes()
    for number in range(LEAST_SAMPLES):
        assert times.mean(A) is None
        times.begin(AgentId(1), A, number * 100.0)
        times.begin(AgentId(1), A, number * 100.0 + 30)  # the talk after the ringing
        times.end(AgentId(1), number * 100.0 + 60, talked=True)
    assert times.mean(A) == pytest.approx(60.0)
    times.begin(AgentId(1), A, 1e4)
    times.end(AgentId(1), 1e4 + 1000, talked=False)
    assert times.mean(A) == pytest.approx(60.0)  # nobody answered
    for number in range(200):
        times.begin(AgentId(1), A, 2e4 + number * 1000)
        times.end(AgentId(1), 2e4 + number * 1000 + 120, talked=True)
    assert times.mean(A) == pytest.approx(120.0, rel=0.01)
    assert times.mean(B) is None


def _simulate(
    seed: int, own: int, shared: int, handle: float, load: float
) -> list[tuple[float, float, bool]]:
    """Two queues, ``own`` agents each and ``shared`` ones for both, oldest call first; M/M/n with n busy.

    Returns (expected, waited, within the bounds) of each call of the first queue that had to wait.
    """
    dice = random.Random(seed)
    free: dict[str, int] = {A: own, B: own, BOTH: shared}
    lines: dict[QueueName, list[tuple[float, int, Expected | None]]] = {A: [], B: []}
    events: list[tuple[float, int, str, str]] = []
    rate = load * (2 * own + shared) / handle / 2
    number = 0
    found: list[tuple[float, float, bool]] = []

    def push(at: float, kind: str, what: str) -> None:
        nonlocal number
        number += 1
        heapq.heappush(events, (at, number, kind, what))

    def start(crew: str, at: float) -> None:
        free[crew] -= 1
        push(at + dice.expovariate(1 / handle), "done", crew)

    for queue in (A, B):
        push(dice.expovariate(rate), "arrives", queue)
    while events and len(found) < 3000:
        at, _, kind, what = heapq.heappop(events)
        if kind == "arrives":
            queue = QueueName(what)
            push(at + dice.expovariate(rate), "arrives", queue)
            crew = next((c for c in (queue, BOTH) if free[c]), None)
            if crew is not None:
                start(crew, at)
                continue
            other = B if queue == A else A
            crews = [Crew(own), Crew(shared, len(lines[other]) * handle)]
            lines[queue].append((at, number, expected_wait(len(lines[queue]), handle, crews)))
            continue
        free[what] += 1
        heads = [q for q in ((A, B) if what == BOTH else (QueueName(what),)) if lines[q]]
        if heads:
            queue = min(heads, key=lambda q: lines[q][0])
            arrived, _, expected = lines[queue].pop(0)
            start(what, at)
            if queue == A and expected is not None:
                waited = at - arrived
                found.append((expected.mean, waited, expected.low <= waited <= expected.high))
    return found


@pytest.mark.parametrize(("own", "shared"), [(10, 0), (0, 20), (5, 10)])
def test_error_on_two_queues_that_share_agents(own: int, shared: int) -> None:
    found = _simulate(7, own, shared, handle=180.0, load=0.97)
    bias = fmean(expected for expected, _, _ in found) / fmean(waited for _, waited, _ in found) - 1
    error = fmean(abs(expected - waited) for expected, waited, _ in found)
    typical = fmean(waited for _, waited, _ in found)
    within = fmean(inside for _, _, inside in found)
    told = f"bias {bias:+.1%}, error {error:.0f} of {typical:.0f} s, within {within:.0%}"
    assert abs(bias) < 0.05, told
    assert error < 0.3 * typical, told
    assert 0.75 < within < 0.85, told  # 80 % are meant to be
