"""Seconds by state, breaks by reason, logins: labels are bounded and hold nothing that a person has typed."""

import pytest
from prometheus_client import CollectorRegistry

from acd.live import Live
from core.breaks import BreakReason
from core.events import AgentStateAsked, BreakReasonsChanged
from core.facts import AgentLeft, AgentSatDown, AgentStateChanged
from core.vocabulary import AgentId, AgentState, Phone, Seconds
from hotline.people_metrics import AgentTimes, show_people
from tests.unit.acd.world import World

AGENT = AgentId(7)
MEAL = BreakReason("meal", "用餐", "Meal", default=True)


def moved(before: AgentState, after: AgentState, at: Seconds) -> AgentStateChanged:
    return AgentStateChanged(f"{at}", AGENT, before, after, "", "", None, None, None, at)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def test_a_state_counts_when_it_is_left_and_only_if_its_beginning_was_seen(
    registry: CollectorRegistry,
) -> None:
    times = AgentTimes(registry)
    times.record(moved(AgentState.TALKING, AgentState.WRAP_UP, 50.0))  # began before this process
    times.record(moved(AgentState.WRAP_UP, AgentState.READY, 60.0))
    times.record(AgentLeft(AGENT, Phone("1001"), 70.0))
    times.record(AgentSatDown(AGENT, Phone("1001"), (), 500.0))
    times.record(moved(AgentState.OFFLINE, AgentState.BREAK, 500.0))
    times.record(moved(AgentState.BREAK, AgentState.READY, 503.0))
    spent = {
        state: registry.get_sample_value("hotline_agent_state_seconds_total", {"state": state})
        for state in ("TALKING", "WRAP_UP", "BREAK", "READY")
    }
    assert spent == {"TALKING": 0.0, "WRAP_UP": 10.0, "BREAK": 3.0, "READY": 0.0}


def test_breaks_are_shown_by_known_reasons_and_words_as_other(registry: CollectorRegistry) -> None:
    world = World()
    world.apply(BreakReasonsChanged((MEAL,), 0.0))
    world.seat(1)
    world.seat(2)
    world.apply(AgentStateAsked(AgentId(1), AgentState.BREAK, "meal", "agent", 10.0))
    world.apply(AgentStateAsked(AgentId(2), AgentState.BREAK, "speak to Mr Li", "supervisor:chief", 20.0))
    show_people(registry, Live(world.state, frozenset(), lambda: 40.0), world.state, lambda: 40.0, dict)
    assert registry.get_sample_value("hotline_agents_on_break", {"reason": "meal"}) == 1
    assert registry.get_sample_value("hotline_agents_on_break", {"reason": "other"}) == 1
    assert registry.get_sample_value("hotline_agents_on_break", {"reason": "speak to Mr Li"}) is None
    longest = registry.get_sample_value("hotline_agent_state_longest_seconds", {"state": "BREAK"})
    assert longest == 30.0


def test_logins_are_read_at_the_scrape(registry: CollectorRegistry) -> None:
    logins = {"opened": 1, "refused": 0}
    world = World()
    show_people(
        registry, Live(world.state, frozenset(), lambda: 0.0), world.state, lambda: 0.0, lambda: logins
    )
    logins["refused"] = 4
    assert registry.get_sample_value("hotline_logins_total", {"result": "refused"}) == 4
