"""Figures about calls that the centre places and about call-backs; kept apart from those of inbound calls."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from acd.callout_model import OutMemory
from acd.outcomes import OUTCOMES
from core.callbacks import CallBackState
from core.facts import CallBackChanged, CallFinished, CalloutPlaced, Fact
from core.vocabulary import Direction, Outcome, Seconds

TALK_BUCKETS = (5, 10, 15, 30, 60, 90, 120, 180, 240, 300, 420, 600, 900, 1800)

ENDS = (CallBackState.DONE, CallBackState.FAILED, CallBackState.CANCELLED, CallBackState.EXPIRED)

RESULTS = (
    Outcome.ANSWERED.value,
    *sorted({cause for outcome, cause in OUTCOMES if outcome is Outcome.FAILED}),
)


class OutMetrics:
    """Counted from facts; what waits is read at each scrape.

    Args:
        registry: where they are shown.
        memory: the engine's, read only.
        now: Asterisk's clock.
    """

    def __init__(self, registry: CollectorRegistry, memory: OutMemory, now: Callable[[], Seconds]) -> None:
        self.placed = Counter("hotline_callouts_placed", "Calls that the centre placed", registry=registry)
        self.finished = Counter(
            "hotline_callouts_finished",
            "Calls that the centre placed, by result",
            ["result"],
            registry=registry,
        )
        self.talk = Histogram(
            "hotline_callout_talk_seconds",
            "Talk time of calls that the centre placed",
            buckets=TALK_BUCKETS,
            registry=registry,
        )
        self.callbacks = Counter(
            "hotline_callbacks", "Call-back requests that are over, by result", ["result"], registry=registry
        )
        for result in RESULTS:
            self.finished.labels(result)
        for state in ENDS:
            self.callbacks.labels(state.value)
        registry.register(_Waiting(memory, now))

    def record(self, fact: Fact) -> None:
        """Count a fact."""
        match fact:
            case CalloutPlaced():
                self.placed.inc()
            case CallFinished(direction=Direction.OUTBOUND):
                self._over(fact)
            case CallBackChanged() if not fact.callback.open:
                self.callbacks.labels(fact.callback.state.value).inc()
            case _:
                pass

    def _over(self, fact: CallFinished) -> None:
        reached = fact.outcome is Outcome.ANSWERED
        self.finished.labels(fact.outcome.value if reached else fact.cause.partition(":")[0]).inc()
        if fact.answered_at is not None:
            self.talk.observe(max(0.0, (fact.talk_ended_at or fact.at) - fact.answered_at))


class _Waiting(Collector):
    """Open requests, at the moment of the scrape."""

    def __init__(self, memory: OutMemory, now: Callable[[], Seconds]) -> None:
        self._memory = memory
        self._now = now

    def describe(self) -> Iterator[Metric]:
        """Nothing: the figures are known only when collected."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """How many wait, and how long the oldest has."""
        requests = list(self._memory.callbacks.values())
        oldest = min((request.requested_at for request in requests), default=None)
        yield GaugeMetricFamily(
            "hotline_callbacks_waiting", "Citizens who wait to be called back", value=len(requests)
        )
        yield GaugeMetricFamily(
            "hotline_callbacks_oldest_seconds",
            "How long the oldest of these requests has been open",
            value=0.0 if oldest is None else max(0.0, self._now() - oldest),
        )
