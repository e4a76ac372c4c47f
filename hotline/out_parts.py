"""What the service consists of for calls that the centre places and for call-backs in queue."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from acd.callback_api import CallBackApi
from acd.callback_api import endpoints as callback_endpoints
from acd.callback_store import CallBackStore
from acd.callout_model import OutMemory, OutRules
from acd.numbers import NumberKind
from core.api import Endpoint
from core.facts import CallBackChanged, CalloutPlaced, Fact, NoticePlayed
from core.ports import Inbox, LiveView, Writer
from core.vocabulary import Seconds
from db.pool import Database
from hotline.factlog import log_fact
from hotline.metrics import Metrics
from hotline.out_metrics import OutMetrics
from hotline.settings import Settings
from hotline.telling import Subscriber

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class OutParts:
    """Everything about them that the service consists of."""

    store: CallBackStore
    metrics: OutMetrics

    def subscribers(self) -> dict[type[Fact], tuple[Subscriber, ...]]:
        """Who is told what of it, in this order."""
        return {
            CalloutPlaced: (self.store.record, self.metrics.record, log_fact),
            NoticePlayed: (self.store.record,),
            CallBackChanged: (self.store.record, self.metrics.record, _log),
        }


def _log(fact: Fact) -> None:
    if isinstance(fact, CallBackChanged):
        request = fact.callback
        log.info(
            "CallBackChanged",
            callback_id=request.callback_id,
            state=request.state.value,
            call_id=request.call_id,
            cause=request.cause,
        )


def rules(settings: Settings) -> OutRules:
    """How the centre may call."""
    return OutRules(
        possible=settings.outside_uri is not None,
        number=settings.outside_number,
        kinds=frozenset(NumberKind(kind) for kind in settings.callout_kinds),
        ring_seconds=settings.callout_ring_seconds,
    )


def build(
    database: Database, writer: Writer, metrics: Metrics, memory: OutMemory, now: Callable[[], Seconds]
) -> OutParts:
    """Make them."""
    return OutParts(CallBackStore(database, writer), OutMetrics(metrics.registry, memory, now))


def endpoints(
    parts: OutParts, *, database: Database, inbox: Inbox, live: LiveView, now: Callable[[], Seconds]
) -> list[Endpoint]:
    """Their table of routes."""
    return callback_endpoints(
        CallBackApi(database=database, store=parts.store, inbox=inbox, live=live, now=now)
    )
