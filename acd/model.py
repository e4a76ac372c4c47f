"""What the routing engine remembers. Plain data; Asterisk holds the truth, PostgreSQL the record."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

from acd.callers import CallerBook
from acd.callout_model import OutMemory
from acd.memory import CallerMemory
from acd.phases import CallInput, Phase, next_phase
from acd.relief_model import ReliefMemory
from acd.routing import IdlePool, WaitingLine
from acd.skills import Profile
from acd.talk_model import Talk
from acd.timers import Timers
from agents.breaks import BreakMemory
from core.commands import Command
from core.facts import Fact
from core.plan import NeedStep, Priority, QueueRules, RoutingPlan
from core.vocabulary import (
    AgentId,
    AgentState,
    CallId,
    CertificateName,
    Direction,
    OfferId,
    Outcome,
    Phone,
    QueueName,
    Seconds,
    SkillName,
)

FINISHED_REMEMBERED = 50_000
"""How many ended calls are remembered, so that late events do not bring one back to life."""


@dataclass(slots=True)
class Call:
    """One call from its arrival to its end."""

    call_id: CallId
    channel: str
    uniqueid: str
    caller: str
    dialled: str
    queue: QueueName
    arrived_at: Seconds
    """Its place in the queue, however often it comes back from an offer."""
    phase: Phase = Phase.ANNOUNCEMENT
    direction: Direction = Direction.INBOUND
    priority: Priority = Priority.NORMAL
    place_at: Seconds = 0.0
    """What counts for the place in the queue: the arrival, or an earlier one that the caller keeps."""
    extra_needs: tuple[NeedStep, ...] = ()
    """What this caller needs beside queue and line."""
    waits_since: Seconds | None = None
    """From when on the wait in the present queue counts, for needs that relax (``acd.placing``)."""
    waits_in: QueueName | None = None
    relax_at: Seconds | None = None
    """When the needs change next."""
    needs_at: Seconds = 0.0
    """When its needs were looked at last; for them time does not run backwards."""
    hold_until: Seconds | None = None
    """Until when it waits for the caller's last agent alone."""
    notice_at: Seconds | None = None
    queued_at: Seconds | None = None
    fallback_at: Seconds | None = None
    offer_id: OfferId | None = None
    """The running offer, or the last one."""
    offer_told: bool = False
    """Its end has been stated; one that rings after all is followed, but does not end twice."""
    agent_id: AgentId | None = None
    """The agent whose phone rings for it, or who talks or talked to the caller."""
    phone: Phone | None = None
    agent_channel: str = ""
    """The leg of that phone in the talk."""
    talk: Talk = field(default_factory=Talk)
    """What goes on inside its talk (``acd.talks``)."""
    answered_at: Seconds | None = None
    talking_since: Seconds = 0.0
    """When the latest talk began: ``answered_at``, unless a talk broke and there is a second one."""
    talk_ended_at: Seconds | None = None
    leaving: tuple[Outcome, str] | None = None
    """Decided: should it end without having been answered, this is its outcome, with the cause."""
    voicemail_at: Seconds | None = None
    """When he left a message."""
    changed_at: Seconds = 0.0
    missing: int = 0
    """In how many clean snapshots in a row it was not to be found."""
    astray: int = 0
    """In how many clean snapshots in a row it waited although we hold its talk for begun."""

    @property
    def awaits_callout(self) -> bool:
        """Whether it stands in the line without a channel: nobody is called before an agent is free."""
        return self.direction is Direction.OUTBOUND and self.phase is Phase.WAITING and not self.channel


def step(call: Call, given: CallInput, at: Seconds) -> bool:
    """Move the call by its table; ``False`` when the input is old news."""
    phase = next_phase(call.phase, given)
    if phase is None:
        return False
    call.phase = phase
    call.changed_at = max(call.changed_at, at)
    call.missing = call.astray = 0
    return True


@dataclass(slots=True)
class Agent:
    """One agent at a phone."""

    agent_id: AgentId
    name: str
    phone: Phone
    queues: tuple[QueueName, ...]
    state: AgentState
    reason: str
    cause: str
    since: Seconds
    idle_since: Seconds
    reachable: bool = True
    call_id: CallId | None = None
    offer_id: OfferId | None = None
    until: Seconds | None = None
    next_state: AgentState | None = None
    next_reason: str = ""
    next_cause: str = ""
    """Who noted the next state: ``agent:next_state`` or ``supervisor:<login>``; the row's cause."""
    extensions: int = 0
    """How often the wrap-up that goes on has been prolonged at the agent's wish."""
    skills: Mapping[SkillName, int] = field(default_factory=dict)
    """Level 1..5 of each skill."""
    certificates: Mapping[CertificateName, Seconds | None] = field(default_factory=dict)
    """Until when each certificate is valid, ``None``: without end."""
    profile: Profile | None = None
    """What of this counts at the moment; ``acd.seats.qualify`` keeps it."""
    expires_at: Seconds | None = None
    """When the next certificate expires."""
    taken: int = 0
    """Calls taken since the log-in."""
    wrap_up_seconds: Seconds | None = None
    """The agent's own wrap-up time instead of the queue's."""


@dataclass(slots=True)
class State:
    """Everything that ``engine.decide`` works on. ``decide`` changes it in place, and nobody else does."""

    plan: RoutingPlan
    next_offer_id: int
    """Seeded from the start time, so that no offer number is used again after a restart."""
    run_id: str
    """Distinguishes the keys of facts of different runs of the service."""
    online: bool = False
    """Asterisk is connected and its picture is known; otherwise nothing is offered."""
    calls: dict[CallId, Call] = field(default_factory=dict)
    agents: dict[AgentId, Agent] = field(default_factory=dict)
    by_phone: dict[Phone, AgentId] = field(default_factory=dict)
    reachable: set[Phone] = field(default_factory=set)
    """Phones that are registered and answer."""
    phone_news: dict[Phone, Seconds] = field(default_factory=dict)
    """When each phone last came or went, so that an older picture does not overrule it."""
    offers: dict[OfferId, CallId] = field(default_factory=dict)
    """The running offers."""
    finished: OrderedDict[CallId, None] = field(default_factory=OrderedDict)
    waiting: WaitingLine = field(default_factory=WaitingLine)
    idle: IdlePool = field(default_factory=IdlePool)
    memory: CallerMemory = field(default_factory=CallerMemory)
    callers: CallerBook = field(default_factory=CallerBook)
    timers: Timers = field(default_factory=Timers)
    relief: ReliefMemory = field(default_factory=ReliefMemory)
    out: OutMemory = field(default_factory=OutMemory)
    breaks: BreakMemory = field(default_factory=BreakMemory)
    wake_at: Seconds | None = None
    keys: int = 0

    def agent_at(self, phone: Phone) -> Agent | None:
        """Who sits at this phone."""
        agent_id = self.by_phone.get(phone)
        return None if agent_id is None else self.agents[agent_id]

    def known_queue(self, queue: QueueName) -> QueueName:
        """The queue itself, or the default one for a name that is not (or no longer) configured."""
        return self.plan.known(queue)

    def rules(self, queue: QueueName) -> QueueRules:
        """The queue's rules; those of the default queue for a name that is not (or no longer) configured."""
        return self.plan.rules(queue)

    def remember_finished(self, call_id: CallId) -> None:
        """Note that a call has its outcome; the oldest are forgotten."""
        self.finished[call_id] = None
        if len(self.finished) > FINISHED_REMEMBERED:
            self.finished.popitem(last=False)


@dataclass(slots=True)
class Decision:
    """What one event led to, in order."""

    facts: list[Fact] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
