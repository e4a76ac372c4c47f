"""Figures for Prometheus: counted from facts, or read from the live parts at each scrape.

Names follow the field (offered, answered, abandoned; AHT = talk + wrap-up) and Prometheus' rules (``_total``,
seconds). No label has personal data or an unbounded set of values.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from core.callers import DisconnectResult, Treatment
from core.facts import (
    AgentLeft,
    AgentSatDown,
    AgentStateChanged,
    CallerTreated,
    CallFinished,
    CallOffered,
    CallUsedFallback,
    DisconnectEnded,
    Fact,
    OfferEnded,
    TalkEnded,
    TalkStarted,
)
from core.ports import LiveView
from core.vocabulary import AbandonStage, AgentState, CallId, Direction, OfferResult, Outcome, Seconds
from hotline.people_metrics import AgentTimes

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

WAIT_BUCKETS = (1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600)
"""15 s is the norm for 12345 hotlines."""
HANDLE_BUCKETS = (5, 10, 15, 30, 60, 90, 120, 180, 240, 300, 420, 600, 900, 1800)

Reading = Callable[[], float]

Readings = Callable[[], Mapping[str, float]]
"""The same by the values of one label."""

# When a counter was made is the start of the service; a series per counter for it would double the scrape.
disable_created_metrics()  # type: ignore[no-untyped-call] # has no annotations


class Metrics:
    """All metrics of the service.

    Args:
        queues: names of the queues, so that every series exists from the start.
    """

    def __init__(self, queues: Iterable[str]) -> None:
        self.registry = CollectorRegistry()
        named = list(queues)
        self.offered = self._counter("hotline_calls_offered", "Calls that came in", ["queue"])
        self.answered = self._counter("hotline_calls_answered", "Calls that reached an agent", ["queue"])
        self.abandoned = self._counter(
            "hotline_calls_abandoned",
            "Calls whose caller gave up before reaching an agent",
            ["queue", "stage"],
        )
        self.finished = self._counter("hotline_calls_finished", "Calls by outcome", ["queue", "outcome"])
        self.fallback = self._counter("hotline_calls_fallback", "Calls that used the native queue", [])
        self.treated = self._counter(
            "hotline_calls_treated", "Calls treated otherwise because of who called", ["treatment"]
        )
        self.disconnects = self._counter(
            "hotline_disconnects", "Warnings before a protected disconnect by how they ended", ["result"]
        )
        self.offers = self._counter("hotline_offers", "Offers of calls to agents by result", ["result"])
        self.ratings = self._counter("hotline_call_ratings", "Ratings by callers", ["rating"])
        self.wait = Histogram(
            "hotline_call_wait_seconds",
            "From the arrival of a call to its answer",
            ["queue"],
            buckets=WAIT_BUCKETS,
            registry=self.registry,
        )
        self.abandon_wait = Histogram(
            "hotline_call_abandon_seconds",
            "From the arrival of a call to its being abandoned",
            ["queue"],
            buckets=WAIT_BUCKETS,
            registry=self.registry,
        )
        self.talk = self._handle_time("hotline_call_talk_seconds", "Talk time of answered calls")
        self.wrap = self._handle_time("hotline_call_wrap_up_seconds", "Wrap-up time after answered calls")
        self.handle = self._handle_time(
            "hotline_call_handle_seconds",
            "Handle time of answered calls: talk and wrap-up",
        )
        self._times = AgentTimes(self.registry)
        self._talk_since: dict[CallId, tuple[str, Seconds]] = {}
        self._wrap_since: dict[int, tuple[Seconds, CallId | None]] = {}
        self._talked: dict[CallId | None, Seconds] = {}
        for queue in named:
            self._show_from_start(queue)
        for rating in ("1", "2", "3"):
            self.ratings.labels(rating)
        for treatment in Treatment:
            self.treated.labels(treatment.value)
        for ended in DisconnectResult:
            self.disconnects.labels(ended.value)
        for result in OfferResult:
            self.offers.labels(result.value)

    def _counter(self, name: str, text: str, labels: list[str]) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _handle_time(self, name: str, text: str) -> Histogram:
        return Histogram(name, text, buckets=HANDLE_BUCKETS, registry=self.registry)

    def show_queues(self, queues: Iterable[str]) -> None:
        """Let every series of these queues exist; harmless for those that do already."""
        for queue in queues:
            self._show_from_start(queue)

    def _show_from_start(self, queue: str) -> None:
        self.offered.labels(queue)
        self.answered.labels(queue)
        self.wait.labels(queue)
        self.abandon_wait.labels(queue)
        for stage in AbandonStage:
            self.abandoned.labels(queue, stage.value)
        for outcome in Outcome:
            self.finished.labels(queue, outcome.value)

    def record(self, fact: Fact) -> None:
        """Count a fact."""
        match fact:
            case TalkStarted(direction=Direction.OUTBOUND) | CallFinished(direction=Direction.OUTBOUND):
                pass  # hotline.out_metrics has these; they are not mixed with those of citizens' calls
            case TalkStarted():
                self.answered.labels(fact.queue).inc()
                self.wait.labels(fact.queue).observe(max(0.0, fact.at - fact.arrived_at))
                self._talk_since[fact.call_id] = (fact.queue, fact.at)
            case TalkEnded():
                self._talk_over(fact)
            case CallFinished():
                self._finished(fact)
            case AgentStateChanged():
                self._state_changed(fact)
                self._times.record(fact)
            case AgentSatDown() | AgentLeft():
                self._times.record(fact)
            case _:
                self._plain(fact)

    def _plain(self, fact: Fact) -> None:
        """What is only counted."""
        match fact:
            case CallOffered():
                self.offered.labels(fact.queue).inc()
            case CallUsedFallback():
                self.fallback.inc()
            case OfferEnded():
                self.offers.labels(fact.result.value).inc()
            case CallerTreated():
                self.treated.labels(fact.treatment.value).inc()
            case DisconnectEnded():
                self.disconnects.labels(fact.result.value).inc()
            case _:
                pass

    def _talk_over(self, fact: TalkEnded) -> None:
        started = self._talk_since.pop(fact.call_id, None)
        if started is not None:
            talked = max(0.0, fact.at - started[1])
            self.talk.observe(talked)
            if fact.agent_id is not None:
                self._talked[fact.call_id] = talked

    def _finished(self, fact: CallFinished) -> None:
        self._talk_since.pop(fact.call_id, None)
        self.finished.labels(fact.queue, fact.outcome.value).inc()
        if fact.outcome is Outcome.ABANDONED and fact.unreached_stage is not None:
            self.abandoned.labels(fact.queue, fact.unreached_stage.value).inc()
            self.abandon_wait.labels(fact.queue).observe(max(0.0, fact.at - fact.arrived_at))

    def _state_changed(self, fact: AgentStateChanged) -> None:
        if fact.to_state is AgentState.WRAP_UP and fact.from_state is AgentState.TALKING:
            self._wrap_since[fact.agent_id] = (fact.at, fact.call_id)
        elif fact.from_state is AgentState.WRAP_UP and fact.to_state is not AgentState.WRAP_UP:
            self._wrap_over(fact)

    def _wrap_over(self, fact: AgentStateChanged) -> None:
        since, call_id = self._wrap_since.pop(fact.agent_id, (None, None))
        talked = self._talked.pop(call_id, None)
        if since is not None:
            wrapped = max(0.0, fact.at - since)
            self.wrap.observe(wrapped)
            if talked is not None:
                self.handle.observe(talked + wrapped)

    def rated(self, digit: int) -> None:
        """Count a rating."""
        self.ratings.labels(str(digit)).inc()

    def watch(
        self,
        live: LiveView,
        gauges: dict[str, tuple[str, Reading]],
        counters: dict[str, tuple[str, Reading]],
        families: dict[str, tuple[str, str, Readings]] | None = None,
    ) -> None:
        """Read these at every scrape: the live view, and single figures of other parts.

        Args:
            live: queues and agents.
            gauges: name -> (help, reading).
            counters: name without ``_total`` -> (help, reading).
            families: name of a gauge with one label -> (help, label, readings by its values).
        """
        self.registry.register(_LiveCollector(live, gauges, counters, families or {}))

    def render(self) -> tuple[bytes, str]:
        """The text for Prometheus and its content type."""
        return generate_latest(self.registry), CONTENT_TYPE


class _LiveCollector(Collector):
    """Reads figures at the moment of the scrape, so that they are never stale."""

    def __init__(
        self,
        live: LiveView,
        gauges: dict[str, tuple[str, Reading]],
        counters: dict[str, tuple[str, Reading]],
        families: dict[str, tuple[str, str, Readings]],
    ) -> None:
        self._families = families
        self._live = live
        self._gauges = gauges
        self._counters = counters

    def describe(self) -> Iterator[Metric]:
        """Nothing: the names are known only when collected."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Every figure now."""
        yield from self._queues()
        yield self._agents()
        for name, (text, label, readings) in self._families.items():
            family = GaugeMetricFamily(name, text, labels=[label])
            for value, number in readings().items():
                family.add_metric([value], number)
            yield family
        for name, (text, reading) in self._gauges.items():
            yield GaugeMetricFamily(name, text, value=reading())
        for name, (text, reading) in self._counters.items():
            yield CounterMetricFamily(name, text, value=reading())

    def _queues(self) -> Iterator[Metric]:
        length = GaugeMetricFamily("hotline_queue_calls", "Callers who wait", labels=["queue"])
        longest = GaugeMetricFamily(
            "hotline_queue_longest_wait_seconds",
            "How long the first in the queue has waited",
            labels=["queue"],
        )
        for queue in self._live.queues():
            length.add_metric([queue.name], queue.waiting)
            longest.add_metric([queue.name], queue.longest_wait)
        yield length
        yield longest

    def _agents(self) -> Metric:
        family = GaugeMetricFamily("hotline_agents", "Agents by state", labels=["state"])
        count = dict.fromkeys(AgentState, 0)
        for agent in self._live.agents():
            count[agent.state] += 1
        for state, number in count.items():
            if state is not AgentState.OFFLINE:
                family.add_metric([state.value], number)
        return family
