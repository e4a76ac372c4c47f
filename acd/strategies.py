"""Which of several agents who could take a call is offered it. Pure; ``acd.routing`` orders by these.

A strategy is one comparator: a candidate in, a tuple out, the smallest is offered the call. Each ends with
the agent's id, so that the same candidates always give the same choice.
"""

from collections.abc import Callable
from dataclasses import dataclass

from core.plan import Strategy
from core.vocabulary import AgentId, Seconds

Order = tuple[float, ...]
"""Smaller is first; the last element is the agent's id."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the comparators look at."""

    agent_id: AgentId
    idle_since: Seconds
    taken: int = 0
    """Calls taken since the log-in."""
    fit: int = 0
    """Sum of the agent's levels in the skills that the call asked for at first (``acd.skills.fit``)."""


def longest_idle(candidate: Candidate) -> Order:
    """Who has been idle longest."""
    return (candidate.idle_since, candidate.agent_id)


def fewest_calls(candidate: Candidate) -> Order:
    """Who has taken the fewest calls since the log-in; of equals, who has been idle longest."""
    return (candidate.taken, candidate.idle_since, candidate.agent_id)


def best_skill(candidate: Candidate) -> Order:
    """Who fits best; of equals, who has been idle longest. This is what app_queue's penalties do."""
    return (-candidate.fit, candidate.idle_since, candidate.agent_id)


COMPARATORS: dict[Strategy, Callable[[Candidate], Order]] = {
    Strategy.LONGEST_IDLE: longest_idle,
    Strategy.FEWEST_CALLS: fewest_calls,
    Strategy.BEST_SKILL: best_skill,
}

WITHIN_A_GROUP: dict[Strategy, Strategy] = {
    Strategy.LONGEST_IDLE: Strategy.LONGEST_IDLE,
    Strategy.FEWEST_CALLS: Strategy.FEWEST_CALLS,
    # Agents of one group have the same skills, so they fit a call equally well.
    Strategy.BEST_SKILL: Strategy.LONGEST_IDLE,
}
"""By which comparator agents of the same skills stand in order."""


def tier(strategy: Strategy, fit: int) -> int:
    """Which groups come before which: by how well they fit, where the strategy asks for that."""
    return -fit if strategy is Strategy.BEST_SKILL else 0
