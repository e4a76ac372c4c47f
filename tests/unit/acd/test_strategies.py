import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.strategies import (
    COMPARATORS,
    WITHIN_A_GROUP,
    Candidate,
    best_skill,
    fewest_calls,
    longest_idle,
    tier,
)
from core.plan import Strategy
from core.vocabulary import AgentId


def candidate(agent: int, since: float, taken: int = 0, fit: int = 0) -> Candidate:
    return Candidate(AgentId(agent), since, taken, fit)


candidates = st.builds(
    Candidate,
    agent_id=st.integers(1, 50).map(AgentId),
    idle_since=st.integers(0, 5).map(float),
    taken=st.integers(0, 3),
    fit=st.integers(0, 3),
)


def test_every_strategy_has_its_comparator() -> None:
    assert COMPARATORS.keys() == WITHIN_A_GROUP.keys() == set(Strategy)


def test_longest_idle_looks_at_nothing_else() -> None:
    assert longest_idle(candidate(2, 1.0, taken=9)) < longest_idle(candidate(1, 2.0, fit=9))
    assert longest_idle(candidate(1, 1.0)) < longest_idle(candidate(2, 1.0))


def test_fewest_calls_then_longest_idle() -> None:
    assert fewest_calls(candidate(2, 9.0, taken=1)) < fewest_calls(candidate(1, 1.0, taken=2))
    assert fewest_calls(candidate(2, 1.0, taken=1)) < fewest_calls(candidate(1, 2.0, taken=1))


def test_best_skill_then_longest_idle() -> None:
    assert best_skill(candidate(2, 9.0, fit=5)) < best_skill(candidate(1, 1.0, fit=4))
    assert best_skill(candidate(2, 1.0, fit=5)) < best_skill(candidate(1, 2.0, fit=5))


@pytest.mark.parametrize("strategy", list(Strategy))
@given(some=st.lists(candidates, min_size=1, unique_by=lambda c: c.agent_id))
def test_tiers_and_the_order_within_a_group_are_the_comparator(
    strategy: Strategy, some: list[Candidate]
) -> None:
    by_groups = min(some, key=lambda c: (tier(strategy, c.fit), COMPARATORS[WITHIN_A_GROUP[strategy]](c)))
    assert by_groups == min(some, key=COMPARATORS[strategy])
