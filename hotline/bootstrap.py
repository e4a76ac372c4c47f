"""Builds the service from its parts, and holds the one table that says who is told what.

Read ``subscribers`` to know what follows from a fact, ``endpoints`` to know what the API can do.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from acd.api import CallApi
from acd.api import endpoints as call_endpoints
from acd.callers import CallerBook
from acd.callout_model import OutMemory
from acd.live import Live
from acd.model import State
from acd.plan_values import routing_plan
from acd.priority_api import PriorityApi
from acd.priority_api import endpoints as priority_endpoints
from acd.service import AcdService, new_run_id
from acd.store import CallStore
from acd.surge_api import endpoints as surge_endpoints
from agents.api import PeopleApi
from agents.api import endpoints as people_endpoints
from agents.qualifications_api import QualificationsApi
from agents.qualifications_api import endpoints as qualification_endpoints
from agents.service import AgentService
from agents.store import AgentStore
from core import clock
from core.api import Endpoint
from core.errors import ConfigurationError
from core.facts import (
    AgentLeft,
    AgentSatDown,
    AgentStateChanged,
    BreakWarned,
    CallerTreated,
    CallFinished,
    CallOffered,
    CallOverflowed,
    CallPlaced,
    CallQueued,
    CallUsedFallback,
    DisconnectEnded,
    DisconnectWarned,
    Fact,
    NextStateDropped,
    NextStateSet,
    OfferEnded,
    OfferStarted,
    Refused,
    TalkEnded,
    TalkStarted,
    VoicemailLeft,
    WaitAnnounced,
    WaitEstimateProved,
)
from core.vocabulary import CallId, Seconds
from db.pool import Database
from db.writer import OrderedWriter
from hotline import (
    caller_parts,
    out_parts,
    plan_files,
    plan_parts,
    privacy_parts,
    relief_parts,
    runtime,
    state_parts,
    talk_parts,
)
from hotline.accounting import Accounting
from hotline.caller_parts import CallerParts
from hotline.disks import Disks
from hotline.factlog import log_fact
from hotline.inbox import Inbox
from hotline.initial_plan import initial_plan
from hotline.leadership import Leadership, Standing
from hotline.leading import lead, spool_of
from hotline.metrics import Metrics
from hotline.out_parts import OutParts
from hotline.outage import OutageReplay
from hotline.people_metrics import show_people
from hotline.plan_parts import PlanParts, PlanQueues
from hotline.privacy_parts import PrivacyParts
from hotline.relief_parts import ReliefParts
from hotline.settings import Settings
from hotline.state_parts import StateParts
from hotline.talk_parts import TalkParts
from hotline.telling import FactQueue, Subscriber
from ivr.prompts import FOLDER, Prompts
from ivr.session import IvrSessions
from telephony.agi import AgiServer
from telephony.ami import Switch
from tickets.api import endpoints as ticket_endpoints
from tickets.service import TicketService

ACCOUNTING_SECONDS = 10.0

OFFERS_PER_MILLISECOND = 1000
"""Offer numbers start at the service's start in milliseconds times this, so that none is used twice."""


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
    callers: CallerParts
    relief: ReliefParts
    talks: TalkParts
    placed: OutParts
    states: StateParts
    plan: PlanParts
    metrics: Metrics
    accounting: Accounting
    privacy: PrivacyParts
    facts: FactQueue
    outage: OutageReplay
    endpoints: list[Endpoint]
    leadership: Leadership
    disks: Disks
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    """The record is in memory and the inbox is open."""


def subscribers(
    calls: CallStore,
    agents: AgentStore,
    tickets: TicketService,
    metrics: Metrics,
    callers: CallerParts,
    relief: ReliefParts,
    talks: TalkParts,
    placed: OutParts,
) -> dict[type[Fact], tuple[Subscriber, ...]]:
    """Who is told what, in this order: the call's row comes before the ticket that refers to it."""
    return {
        CallOffered: (calls.record, metrics.record, log_fact),
        CallPlaced: (calls.record, log_fact),
        CallQueued: (calls.record, log_fact),
        CallOverflowed: (relief.store.record, relief.metrics.record, log_fact),
        WaitAnnounced: (relief.store.record, relief.metrics.record),
        WaitEstimateProved: (relief.store.record, relief.metrics.record),
        VoicemailLeft: (tickets.record, relief.metrics.record, log_fact),
        CallUsedFallback: (calls.record, metrics.record, log_fact),
        OfferStarted: (calls.record, callers.desk.record, log_fact),
        OfferEnded: (calls.record, metrics.record, log_fact),
        TalkStarted: (calls.record, tickets.record, metrics.record, callers.desk.record, log_fact),
        TalkEnded: (calls.record, tickets.record, metrics.record, log_fact),
        CallFinished: (calls.record, tickets.record, metrics.record, placed.metrics.record, log_fact),
        CallerTreated: (callers.store.record, metrics.record, log_fact),
        DisconnectWarned: (callers.store.record, log_fact),
        DisconnectEnded: (callers.store.record, metrics.record, log_fact),
        **talks.subscribers(tickets),
        **placed.subscribers(),
        AgentSatDown: (agents.record, metrics.record, log_fact),
        AgentLeft: (agents.record, metrics.record, log_fact),
        AgentStateChanged: (agents.record, metrics.record, log_fact),
        NextStateSet: (agents.record, log_fact),
        NextStateDropped: (agents.record, log_fact),
        BreakWarned: (log_fact,),
        Refused: (),
    }


def first_offer() -> int:
    """The number of a run's first offer."""
    return int(clock.wall() * 1000) * OFFERS_PER_MILLISECOND


def new_state(settings: Settings) -> State:
    """An empty memory with the queues of the settings; the plan's rows replace them when they are read."""
    return State(
        plan=routing_plan(initial_plan(settings), 0),
        next_offer_id=first_offer(),
        run_id=new_run_id(),
        callers=CallerBook(caller_parts.policy(settings)),
        out=OutMemory(out_parts.rules(settings)),
    )


def build(settings: Settings) -> Parts:
    """Make every part and plug them together; nothing is started yet.

    Raises:
        ConfigurationError: a setting is missing or wrong.
    """
    asterisk = runtime.load(settings)
    dsn = _dsn(settings)
    leading = lead(settings, dsn)
    database, writer = leading.database, leading.writer
    metrics = Metrics(queue.name for queue in settings.queues)
    calls = CallStore(database, writer)
    agents = AgentStore(database, writer)
    archive = settings.data_dir / "recordings"
    tickets = TicketService(
        database, writer, spool=Path(asterisk.spool), archive=archive, keys=privacy_parts.keys_of(settings)
    )
    inbox = Inbox()
    state = new_state(settings)
    phones = frozenset(settings.phone_numbers)
    outage = OutageReplay(
        state=state, path=lambda: _journal(settings), is_phone=phones.__contains__, put=inbox.put
    )
    switch = Switch(
        lambda: runtime.load(settings),
        phones,
        outage.deliver,
        fence=leading.fence,
        plan_files=plan_files.writer(settings),
    )
    live = Live(state, phones, switch.now)
    callers = caller_parts.build(database, writer, state, switch.now)
    plan = plan_parts.build(settings, dsn, database, inbox, switch, metrics)
    relief = relief_parts.build(settings, database, writer, metrics, put=inbox.put, now=switch.now)
    talks = talk_parts.build(database, writer, metrics.registry)
    placed = out_parts.build(database, writer, metrics, state.out, switch.now)
    states = state_parts.build(settings, database, inbox, live, switch.now)
    people = AgentService(database, PlanQueues(state), settings.session_hours * 3600)
    show_people(metrics.registry, live, state, switch.now, lambda: people.logins)
    facts = FactQueue(subscribers(calls, agents, tickets, metrics, callers, relief, talks, placed))
    acd = AcdService(
        state=state,
        telephony=switch,
        put=inbox.put,
        tell=facts.tell,
        reconcile_seconds=settings.reconcile_seconds,
        heartbeat_seconds=settings.heartbeat_seconds,
    )
    people_api = PeopleApi(
        service=people,
        store=agents,
        inbox=inbox,
        live=live,
        phones=live,
        tickets=tickets,
        callers=callers.desk,
        now=switch.now,
    )
    privacy = privacy_parts.build(settings, database, tickets, lambda: leading.leadership.epoch)
    accounting = Accounting(
        database=database,
        writer=writer,
        live_calls=live.live_calls,
        settle=facts.settle,
        now=switch.now,
        dead_letters=lambda: writer.dead,
        every=ACCOUNTING_SECONDS,
    )
    parts = Parts(
        settings=settings,
        database=database,
        writer=writer,
        inbox=inbox,
        switch=switch,
        agi=_agi(settings, switch.now, calls, metrics, relief),
        acd=acd,
        live=live,
        calls=calls,
        agents=agents,
        people=people,
        tickets=tickets,
        callers=callers,
        relief=relief,
        talks=talks,
        placed=placed,
        states=states,
        plan=plan,
        metrics=metrics,
        accounting=accounting,
        privacy=privacy,
        facts=facts,
        outage=outage,
        leadership=leading.leadership,
        disks=Disks(
            {
                "data": settings.data_dir,
                "spool": spool_of(settings),
                "recordings": Path(asterisk.spool),
                "archive": archive,
            }
        ),
        endpoints=[
            *people_endpoints(people_api),
            *states.endpoints,
            *qualification_endpoints(QualificationsApi(people.qualifications, inbox, live, switch.now)),
            *call_endpoints(CallApi(database, live, callers.desk)),
            *priority_endpoints(PriorityApi(calls, inbox, switch.now)),
            *caller_parts.endpoints(
                callers, settings=settings, database=database, inbox=inbox, live=live, now=switch.now
            ),
            *out_parts.endpoints(placed, database=database, inbox=inbox, live=live, now=switch.now),
            *plan.endpoints,
            *talk_parts.endpoints(settings, database, inbox, state, switch.now),
            *ticket_endpoints(tickets),
            *privacy.endpoints,
            *surge_endpoints(relief.notices),
        ],
    )
    watch(parts)
    return parts


def _dsn(settings: Settings) -> str:
    if settings.database_url is None:
        raise ConfigurationError("HOTLINE_DATABASE_URL is needed (`hotline run` sets it)")
    return settings.database_url.get_secret_value()


def _journal(settings: Settings) -> Path | None:
    path = runtime.load(settings).journal
    return Path(path) if path else None


def _agi(
    settings: Settings,
    now: Callable[[], Seconds],
    calls: CallStore,
    metrics: Metrics,
    relief: ReliefParts,
) -> AgiServer:
    def rated(call_id: CallId, digit: int, _at: Seconds) -> None:
        calls.rated(call_id, digit)
        metrics.rated(digit)

    sessions = IvrSessions(
        Prompts(settings.cache_dir / FOLDER),
        settings.language,
        now,
        rated,
        settings.surge_notice or None,
        relief.notices.notices,
        relief.chose,
    )
    return AgiServer(settings.agi_host, settings.agi_port, sessions.handlers())


def watch(parts: Parts) -> None:
    """The figures that are read at each scrape."""
    switch, writer, closing = parts.switch.stats, parts.writer, parts.tickets.stats
    parts.metrics.watch(
        parts.live,
        gauges={
            "hotline_ami_connected": ("1 while connected to Asterisk", lambda: float(switch.connected)),
            "hotline_ami_login_refused": (
                "1 while Asterisk refuses the login",
                lambda: float(switch.login_is_refused),
            ),
            "hotline_calls_unaccounted": (
                "Calls without exactly one outcome, ticket and recording row; not 0 is an alarm",
                lambda: parts.accounting.unaccounted,
            ),
            "hotline_leader": (
                "1 while this process leads and may act",
                lambda: float(parts.leadership.standing is Standing.LEADER),
            ),
            "hotline_epoch": (
                "Number of this process's leadership, 0 before",
                lambda: parts.leadership.epoch,
            ),
            "hotline_database_up": ("1 while rows get into PostgreSQL", lambda: float(writer.database_up)),
            "hotline_writer_pending": ("Statements not in PostgreSQL yet", lambda: writer.pending),
            "hotline_writer_lag_seconds": ("Age of the oldest of them", lambda: writer.lag_seconds),
            "hotline_recordings_pending": (
                "Recordings waiting to be archived",
                lambda: closing.pending,
            ),
            **parts.privacy.gauges(),
        },
        counters={
            "hotline_ami_reconnects": ("Connections to Asterisk after the first", lambda: switch.reconnects),
            "hotline_ami_events": ("Genuine events received", lambda: switch.events),
            "hotline_ami_events_dropped": (
                "Event blocks without the system's tag: forged or cut",
                lambda: switch.dropped_forged,
            ),
            "hotline_ami_events_untranslated": ("Events that said nothing", lambda: switch.untranslated),
            "hotline_ami_action_errors": ("Actions refused or timed out", lambda: switch.action_errors),
            "hotline_inbox_events": ("Events decided about", lambda: parts.inbox.handled),
            "hotline_inbox_failures": ("Events whose handling failed", lambda: parts.inbox.failed),
            "hotline_writer_statements": ("Statements committed", lambda: writer.committed),
            "hotline_writer_dead_letters": ("Statements refused for good", lambda: writer.dead),
            "hotline_writer_lost": ("Statements that could not be kept", lambda: writer.lost),
            "hotline_recordings_closed": ("Recordings archived", lambda: closing.closed),
            "hotline_recordings_missing": ("Recordings that were not there", lambda: closing.missing),
            **parts.privacy.counters(),
        },
        families={
            "hotline_calls_unaccounted_by_kind": (
                "Calls without what their outcome asks for, by what is missing",
                "kind",
                lambda: parts.accounting.by_kind,
            ),
            "hotline_disk_used_ratio": ("How full a disk is", "disk", parts.disks.used),
        },
    )
