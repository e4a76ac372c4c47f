"""Figures of overflow and announcements; they belong to the registry of ``hotline.metrics``."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from core.facts import CallOverflowed, Fact, VoicemailLeft, WaitAnnounced, WaitEstimateProved

ERROR_BUCKETS = (5, 10, 15, 30, 60, 120, 180, 300, 600)


class ReliefMetrics:
    """Counted from facts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.overflows = Counter(
            "hotline_calls_overflowed",
            "Calls that left a queue for another one, a message or the voicemail box",
            ["queue", "cause", "relief"],
            registry=registry,
        )
        self.voicemails = Counter(
            "hotline_voicemails", "Messages left in the voicemail box", ["queue"], registry=registry
        )
        self.announced = Counter(
            "hotline_wait_announcements",
            "Times a waiting caller was told something, and whether that was an expected wait",
            ["queue", "wait"],
            registry=registry,
        )
        self.error = Histogram(
            "hotline_wait_estimate_error_seconds",
            "Distance between the first expected wait that a caller was told and the real one",
            ["queue"],
            buckets=ERROR_BUCKETS,
            registry=registry,
        )
        self.signed = Counter(
            "hotline_wait_estimate_deviation_seconds",
            "The same distances summed by sign: over when less time was needed than said",
            ["queue", "sign"],
            registry=registry,
        )
        self.proved = Counter(
            "hotline_wait_estimates",
            "Expected waits that were proved, by whether the wait lay between the bounds that were said",
            ["queue", "within"],
            registry=registry,
        )

    def record(self, fact: Fact) -> None:
        """Count a fact."""
        match fact:
            case CallOverflowed():
                self.overflows.labels(fact.from_queue, fact.cause, fact.relief).inc()
            case VoicemailLeft():
                self.voicemails.labels(fact.queue).inc()
            case WaitAnnounced():
                self.announced.labels(fact.queue, "silent" if fact.expected is None else "said").inc()
            case WaitEstimateProved():
                self._proved(fact)
            case _:
                pass

    def _proved(self, fact: WaitEstimateProved) -> None:
        deviation = fact.expected - fact.waited
        self.error.labels(fact.queue).observe(abs(deviation))
        self.signed.labels(fact.queue, "over" if deviation > 0 else "under").inc(abs(deviation))
        self.proved.labels(fact.queue, "yes" if fact.within else "no").inc()
