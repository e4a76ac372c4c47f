"""Builds the service from its parts, and holds the one table that says who is told what.

Read ``subscribers`` to know what follows from a fact, ``endpoints`` to know what the API can do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from acd.api import CallApi
from acd.api import endpoints as call_endpoints
from acd.model import QueueRules, State
from acd.service import AcdService, Live, new_run_id
from acd.store import CallStore
from agents.api import endpoints as agent_endpoints
from agents.service import AgentService
from agents.store import AgentStore
from core import clock
from core.api import Endpoint
from core.facts import (
    AgentLeft,
    AgentSatDown,
    AgentStateChanged,
    CallFinished,
    CallOffered,
    CallQueued,
    CallUsedFallback,
    Fact,
    NextStateSet,
    OfferEnded,
    OfferStarted,
    Refused,
    TalkEnded,
    TalkStarted,
)
from core.vocabulary import CallId, QueueName, Seconds
from db.pool import Database
from db.writer import OrderedWriter
from hotline import runtime
from hotline.accounting import Accounting
from hotline.factlog import log_fact
from hotline.inbox import Inbox
from hotline.metrics import Metrics
from hotline.settings import Settings
from ivr.prompts import Prompts
from ivr.session import IvrSessions
from telephony.agi import AgiServer
from telephony.ami import Switch
from tickets.api import endpoints as ticket_endpoints
from tickets.service import TicketService

ACCOUNTING_SECONDS = 10.0

OFFERS_PER_MILLISECOND = 1000
"""Offer numbers start at the service's start in milliseconds times this, so that none is used twice."""

Subscriber = Callable[[Fact], None]


@dataclass(slots=True)
class Parts:
    """Everything the service consists of."""

    settings: Settings
    database: Database
    writer: OrderedWriter
    inbox: Inbox
    switch: Switch
    agi: AgiServer
    acd: AcdService
    live: Live
    calls: CallStore
    agents: AgentStore
    people: AgentService
    tickets: TicketService
    metrics: Metrics
    accounting: Accounting
    endpoints: list[Endpoint]


def subscribers(
    calls: CallStore,
    agents: AgentStore,
    tickets: TicketService,
    metrics: Metrics,
) -> dict[type[Fact], tuple[Subscriber, ...]]:
    """Who is told what, in this order: the call's row comes before the ticket that refers to it."""
    return {
        CallOffered: (calls.record, metrics.record, log_fact),
        CallQueued: (calls.record, log_fact),
        CallUsedFallback: (calls.record, metrics.record, log_fact),
        OfferStarted: (calls.record, log_fact),
        OfferEnded: (calls.record, metrics.record, log_fact),
        TalkStarted: (calls.record, tickets.record, metrics.record, log_fact),
        TalkEnded: (calls.record, tickets.record, metrics.record, log_fact),
        CallFinished: (calls.record, tickets.record, metrics.record, log_fact),
        AgentSatDown: (agents.record, log_fact),
        AgentLeft: (agents.record, log_fact),
        AgentStateChanged: (agents.record, metrics.record, log_fact),
        NextStateSet: (agents.record, log_fact),
        Refused: (),
    }


def new_state(settings: Settings) -> State:
    """An empty memory with the configured queues."""
    rules = {
        QueueName(queue.name): QueueRules(
            QueueName(queue.name), queue.wrap_up_seconds, float(queue.ring_seconds)
        )
        for queue in settings.queues
    }
    return State(
        queues=rules,
        default_queue=next(iter(rules)),
        next_offer_id=int(clock.wall() * 1000) * OFFERS_PER_MILLISECOND,
        run_id=new_run_id(),
    )


def build(settings: Settings) -> Parts:
    """Make every part and plug them together; nothing is started yet.

    Raises:
        ConfigurationError: a setting is missing or wrong.
    """
    asterisk = runtime.load(settings)
    database, writer = _database(settings)
    metrics = Metrics(queue.name for queue in settings.queues)
    calls = CallStore(database, writer)
    agents = AgentStore(database, writer)
    tickets = TicketService(
        database,
        writer,
        spool=Path(asterisk.spool),
        archive=settings.data_dir / "recordings",
    )
    inbox = Inbox()
    state = new_state(settings)
    table = subscribers(calls, agents, tickets, metrics)
    switch = Switch(lambda: runtime.load(settings), settings.phone_numbers, inbox.put)
    live = Live(state, frozenset(settings.phone_numbers), switch.now)
    acd = AcdService(
        state=state,
        telephony=switch,
        put=inbox.put,
        tell=lambda fact: _tell(table, fact),
        reconcile_seconds=settings.reconcile_seconds,
        heartbeat_seconds=settings.heartbeat_seconds,
    )
    people = AgentService(database, agents)
    accounting = Accounting(
        database=database,
        writer=writer,
        live_calls=live.live_calls,
        now=switch.now,
        dead_letters=lambda: writer.stats.dead,
        every=ACCOUNTING_SECONDS,
    )
    return Parts(
        settings=settings,
        database=database,
        writer=writer,
        inbox=inbox,
        switch=switch,
        agi=_agi(settings, switch.now, calls, metrics),
        acd=acd,
        live=live,
        calls=calls,
        agents=agents,
        people=people,
        tickets=tickets,
        metrics=metrics,
        accounting=accounting,
        endpoints=[
            *agent_endpoints(people, inbox, live, live, tickets),
            *call_endpoints(CallApi(database, live)),
            *ticket_endpoints(tickets),
        ],
    )


def _tell(table: dict[type[Fact], tuple[Subscriber, ...]], fact: Fact) -> None:
    for subscriber in table[type(fact)]:
        subscriber(fact)
