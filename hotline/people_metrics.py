"""Figures about agents: seconds by state (the inputs of occupancy), who is on which break now, logins."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from acd.model import State
from core.facts import AgentLeft, AgentSatDown, AgentStateChanged, Fact
from core.ports import LiveView
from core.vocabulary import AgentId, AgentState, Seconds

OTHER = "other"
"""The label of reasons that are free text: a label's values must be bounded and hold nothing personal."""

Logins = Callable[[], dict[str, int]]


class AgentTimes:
    """Seconds by state, counted from facts.

    Args:
        registry: where they are shown.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._spent = Counter(
            "hotline_agent_state_seconds",
            "Seconds that agents have spent in a state, when they leave it",
            ["state"],
            registry=registry,
        )
        for known in AgentState:
            if known is not AgentState.OFFLINE:
                self._spent.labels(known.value)
        self._since: dict[AgentId, Seconds] = {}

    def record(self, fact: Fact) -> None:
        """Count a fact."""
        match fact:
            case AgentSatDown():
                self._since[fact.agent_id] = fact.at
            case AgentStateChanged():
                self._changed(fact)
            case AgentLeft():
                self._since.pop(fact.agent_id, None)
            case _:
                pass

    def _changed(self, fact: AgentStateChanged) -> None:
        since = self._since.get(fact.agent_id)
        if since is not None and fact.from_state is not AgentState.OFFLINE:
            self._spent.labels(fact.from_state.value).inc(max(0.0, fact.at - since))
        self._since[fact.agent_id] = fact.at


def show_people(
    registry: CollectorRegistry,
    live: LiveView,
    state: State,
    now: Callable[[], Seconds],
    logins: Logins,
) -> None:
    """Show what is read at each scrape.

    Args:
        registry: where.
        live: who is at a phone.
        state: the engine's, read only: the reasons that breaks may have.
        now: Asterisk's clock.
        logins: how many attempts to log in have ended how.
    """
    registry.register(_Present(live, state, now, logins))


class _Present(Collector):
    """Read at the moment of the scrape."""

    def __init__(self, live: LiveView, state: State, now: Callable[[], Seconds], logins: Logins) -> None:
        self._live = live
        self._state = state
        self._now = now
        self._logins = logins

    def describe(self) -> Iterator[Metric]:
        """Nothing: the values of the labels are known only when collected."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Every figure now."""
        yield self._breaks()
        yield self._longest()
        logins = CounterMetricFamily("hotline_logins", "Attempts to log in, by result", labels=["result"])
        for result, number in self._logins().items():
            logins.add_metric([result], number)
        yield logins

    def _breaks(self) -> Metric:
        family = GaugeMetricFamily("hotline_agents_on_break", "Agents on break, by reason", labels=["reason"])
        count = dict.fromkeys((*sorted(self._state.breaks.reasons), OTHER), 0)
        for agent in self._live.agents():
            if agent.state is AgentState.BREAK:
                count[agent.reason if agent.reason in count else OTHER] += 1
        for reason, number in count.items():
            family.add_metric([reason], number)
        return family

    def _longest(self) -> Metric:
        family = GaugeMetricFamily(
            "hotline_agent_state_longest_seconds",
            "How long the agent who is longest in a state has been there; 0: nobody",
            labels=["state"],
        )
        longest = {known: 0.0 for known in AgentState if known is not AgentState.OFFLINE}
        now = self._now()
        for agent in self._live.agents():
            if agent.state in longest:
                longest[agent.state] = max(longest[agent.state], now - agent.since)
        for known, seconds in longest.items():
            family.add_metric([known.value], seconds)
        return family
