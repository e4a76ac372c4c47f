"""What happens inside talks, as parts of the service: rows, figures and endpoints."""

from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram

from acd.model import State
from acd.talk_api import TalkApi, TalkRules
from acd.talk_api import endpoints as talk_endpoints
from acd.talk_store import TalkStore
from core.api import Endpoint
from core.facts import (
    CallHandedOver,
    CallMoved,
    EmergencyCalled,
    EmergencyOver,
    EmergencyReached,
    Fact,
    SegmentEnded,
    SegmentStarted,
    TalkMarked,
)
from core.ports import Inbox
from core.talk import MarkKind, SegmentKind
from core.vocabulary import Seconds
from db.pool import Database
from db.writer import OrderedWriter
from hotline.factlog import log_fact
from hotline.metrics import HANDLE_BUCKETS
from hotline.settings import EMERGENCY_SERVICES, Settings
from hotline.telling import Subscriber
from tickets.service import TicketService

HOLD_BUCKETS = (2, 5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600)


class TalkMetrics:
    """Figures of what happens inside talks."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._segments = Histogram(
            "hotline_segment_seconds",
            "Length of each party's part of a talk",
            ["kind"],
            buckets=HANDLE_BUCKETS,
            registry=registry,
        )
        self._emergencies = Counter(
            "hotline_emergencies", "Emergency services called in", ["service"], registry=registry
        )
        self._holds = Histogram(
            "hotline_call_hold_seconds",
            "How long a caller was on hold, each time",
            buckets=HOLD_BUCKETS,
            registry=registry,
        )
        for kind in SegmentKind:
            self._segments.labels(kind.value)
        for service in EMERGENCY_SERVICES:
            self._emergencies.labels(service)

    def record(self, fact: Fact) -> None:
        """Count a fact."""
        match fact:
            case SegmentEnded():
                self._segments.labels(fact.kind.value).observe(fact.seconds)
            case TalkMarked(kind=MarkKind.HOLD) if fact.ended_at is not None:
                self._holds.observe(max(0.0, fact.ended_at - fact.started_at))
            case EmergencyCalled():
                self._emergencies.labels(fact.service).inc()
            case _:
                pass


@dataclass(frozen=True, slots=True)
class TalkParts:
    """Everything about talks that the service consists of."""

    store: TalkStore
    metrics: TalkMetrics

    def subscribers(self, tickets: TicketService) -> dict[type[Fact], tuple[Subscriber, ...]]:
        """Who is told what of it, in this order."""
        store, metrics = self.store.record, self.metrics.record
        return {
            SegmentStarted: (store,),
            SegmentEnded: (store, metrics),
            TalkMarked: (store, metrics),
            CallHandedOver: (tickets.record, log_fact),
            CallMoved: (store, log_fact),
            EmergencyCalled: (store, metrics, log_fact),
            EmergencyReached: (store, log_fact),
            EmergencyOver: (store, log_fact),
        }


def build(database: Database, writer: OrderedWriter, registry: CollectorRegistry) -> TalkParts:
    """Make them."""
    return TalkParts(TalkStore(database, writer), TalkMetrics(registry))


def endpoints(
    settings: Settings, database: Database, inbox: Inbox, state: State, now: Callable[[], Seconds]
) -> list[Endpoint]:
    """Their table of routes."""
    rules = TalkRules(
        settings.transfer_numbers,
        {service: settings.emergency.get(service, service) for service in EMERGENCY_SERVICES},
        settings.record_pause_seconds,
        outside=settings.outside_uri is not None,
    )
    return talk_endpoints(TalkApi(database, inbox, state, now, rules))
