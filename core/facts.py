"""What has happened, as the engine states it once: the rows, tickets, metrics and logs follow from these.

Each fact carries a ``key`` that is unique for what it states, so that writing it twice is harmless.
``hotline.bootstrap`` holds the one table fact -> handlers.
"""

from dataclasses import dataclass

from core.breaks import Limit, Nearness
from core.callbacks import CallBack, CallBackId
from core.callers import DisconnectResult, FlagCode, Treatment
from core.plan import Priority
from core.talk import MarkKind, SegmentKind
from core.vocabulary import (
    AbandonStage,
    AgentId,
    AgentState,
    CallId,
    Direction,
    OfferId,
    OfferResult,
    Outcome,
    Phone,
    QueueName,
    Seconds,
)


@dataclass(frozen=True, slots=True)
class CallOffered:
    """A call came in. key = call id."""

    call_id: CallId
    uniqueid: str
    caller: str
    dialled: str
    queue: QueueName
    at: Seconds


@dataclass(frozen=True, slots=True)
class CallPlaced:
    """A call's priority or place differs from what its arrival alone gives. key = (call id, at)."""

    call_id: CallId
    priority: Priority
    place_at: Seconds
    """What counts as its arrival."""
    cause: str
    """``plan``, ``redial``, ``supervisor:<login>``..."""
    at: Seconds


@dataclass(frozen=True, slots=True)
class CalloutPlaced:
    """The centre begins to place a call: an agent's phone rings for it. key = call id."""

    call_id: CallId
    caller: str
    """The citizen's number."""
    dialled: str
    queue: QueueName
    agent_id: AgentId | None
    """Whose phone rings first; ``None``: nobody is logged in on it."""
    phone: Phone
    ticket_id: int | None
    """The ticket that it is about; ``None``: its talk opens one."""
    origin: CallId | None
    """The citizen's own call that it answers."""
    callback_id: CallBackId | None
    queued_at: Seconds
    at: Seconds


@dataclass(frozen=True, slots=True)
class NoticePlayed:
    """The citizen whom the centre has called heard the recording notice. key = call id."""

    call_id: CallId
    at: Seconds


@dataclass(frozen=True, slots=True)
class CallBackChanged:
    """A call-back request as it is now. key = (request id, version)."""

    callback: CallBack


@dataclass(frozen=True, slots=True)
class CallQueued:
    """The call began to wait (once per call; returns from offers are not repeated). key = call id."""

    call_id: CallId
    queue: QueueName
    notice_at: Seconds | None
    at: Seconds


@dataclass(frozen=True, slots=True)
class CallUsedFallback:
    """The call entered the native queue because the service was away. key = call id."""

    call_id: CallId
    at: Seconds


@dataclass(frozen=True, slots=True)
class OfferStarted:
    """The call was offered to an agent. key = offer id."""

    call_id: CallId
    offer_id: OfferId
    agent_id: AgentId
    phone: Phone
    at: Seconds


@dataclass(frozen=True, slots=True)
class OfferEnded:
    """That offer ended. key = offer id."""

    call_id: CallId
    offer_id: OfferId
    result: OfferResult
    at: Seconds


@dataclass(frozen=True, slots=True)
class TalkStarted:
    """The call reached an agent: outcome ``answered``; a ticket is opened. key = call id."""

    call_id: CallId
    agent_id: AgentId | None
    """``None`` when the native queue connected a phone that nobody is logged in on."""
    phone: Phone
    caller: str
    dialled: str
    queue: QueueName
    arrived_at: Seconds
    queued_at: Seconds
    at: Seconds
    direction: Direction = Direction.INBOUND


@dataclass(frozen=True, slots=True)
class TalkEnded:
    """The agent's leg ended (or the caller's, whichever came first). key = call id."""

    call_id: CallId
    agent_id: AgentId | None
    at: Seconds


@dataclass(frozen=True, slots=True)
class CallFinished:
    """The caller's channel is gone; the one outcome of the call. key = call id."""

    call_id: CallId
    queue: QueueName
    caller: str
    dialled: str
    outcome: Outcome
    cause: str
    """Coded: ``caller_hangup``, ``agent_hangup``, ``interrupted``, ``q850:<n>``..."""
    unreached_stage: AbandonStage | None
    """Where the caller was when the call ended without having reached anybody, ``None`` for answered ones."""
    arrived_at: Seconds
    queued_at: Seconds | None
    answered_at: Seconds | None
    talk_ended_at: Seconds | None
    at: Seconds
    direction: Direction = Direction.INBOUND


@dataclass(frozen=True, slots=True)
class CallOverflowed:
    """A waiting call left its queue: for another one, or for good. key = (call id, from queue)."""

    call_id: CallId
    from_queue: QueueName
    to_queue: QueueName | None
    """``None``: it leaves the hotline, with a message or through the voicemail box."""
    cause: str
    """Why: ``wait``, ``length``, ``expected_wait``, ``full``, ``empty``, ``closed``, ``transfer``."""
    relief: str
    """What it got: a ``core.plan.Relief``."""
    waited: Seconds
    """In the queue that it left."""
    at: Seconds


@dataclass(frozen=True, slots=True)
class WaitAnnounced:
    """A waiting caller was told about position and expected wait. key = (call id, at)."""

    call_id: CallId
    queue: QueueName
    position: int | None
    low: Seconds | None
    high: Seconds | None
    expected: Seconds | None
    """``None``: nothing was said about the wait."""
    at: Seconds


@dataclass(frozen=True, slots=True)
class WaitEstimateProved:
    """A caller who had been told an expected wait was answered. key = call id."""

    call_id: CallId
    queue: QueueName
    expected: Seconds
    """Of the first announcement that spoke of a wait, from then on."""
    waited: Seconds
    """What it really was."""
    within: bool
    """Whether that lay between the bounds that were said."""
    at: Seconds


@dataclass(frozen=True, slots=True)
class VoicemailLeft:
    """The caller left a message; a ticket is opened. key = call id."""

    call_id: CallId
    caller: str
    dialled: str
    queue: QueueName
    arrived_at: Seconds
    at: Seconds


@dataclass(frozen=True, slots=True)
class CallerTreated:
    """A call is routed otherwise than all others because of who calls. key = (call id, treatment, cause)."""

    call_id: CallId
    treatment: Treatment
    cause: str
    """``list:<entry id>``, ``frequency`` or ``anonymous``."""
    at: Seconds


@dataclass(frozen=True, slots=True)
class DisconnectWarned:
    """An agent ends the call under protection; the caller is being warned. key = (call id, at)."""

    call_id: CallId
    agent_id: AgentId
    code: FlagCode
    note: str
    at: Seconds


@dataclass(frozen=True, slots=True)
class DisconnectEnded:
    """That warning ended. key = (call id, asked_at)."""

    call_id: CallId
    agent_id: AgentId
    asked_at: Seconds
    result: DisconnectResult
    at: Seconds


@dataclass(frozen=True, slots=True)
class SegmentStarted:
    """Somebody joined the citizen's talk. key = (call id, number)."""

    call_id: CallId
    number: int
    """1, 2, ... in the order of joining."""
    kind: SegmentKind
    agent_id: AgentId | None
    phone: str
    """The agent's phone, or the number outside."""
    began: str
    """Coded: ``answered``, ``transfer``, ``consult``, ``conference``, ``emergency``."""
    record_at: Seconds
    """Place in the recording, in seconds from its beginning."""
    at: Seconds


@dataclass(frozen=True, slots=True)
class SegmentEnded:
    """He left it. key = (call id, number)."""

    call_id: CallId
    number: int
    kind: SegmentKind
    agent_id: AgentId | None
    ended: str
    """Coded: ``hang_up``, ``transfer``, ``left``, ``phone_lost``, ``interrupted``."""
    record_at: Seconds
    seconds: Seconds
    """How long it was."""
    at: Seconds


@dataclass(frozen=True, slots=True)
class CallHandedOver:
    """From now on the call, and its ticket, is another agent's. key = (call id, at)."""

    call_id: CallId
    agent_id: AgentId
    at: Seconds


@dataclass(frozen=True, slots=True)
class CallMoved:
    """An agent sent the call to another queue. key = (call id, at)."""

    call_id: CallId
    from_queue: QueueName
    queue: QueueName
    at: Seconds


@dataclass(frozen=True, slots=True)
class TalkMarked:
    """A hold, consultation, mute or pause of recording began or ended. key = (call id, kind, started_at)."""

    call_id: CallId
    kind: MarkKind
    agent_id: AgentId | None
    started_at: Seconds
    ended_at: Seconds | None
    record_at: Seconds
    """Place in the recording where it begins, or, at its end, where it ends."""


@dataclass(frozen=True, slots=True)
class EmergencyCalled:
    """An agent brought an emergency service into the talk. key = (call id, number)."""

    call_id: CallId
    number: int
    service: str
    note: str
    agent_id: AgentId
    at: Seconds


@dataclass(frozen=True, slots=True)
class EmergencyReached:
    """It answered. key = (call id, number)."""

    call_id: CallId
    number: int
    at: Seconds


@dataclass(frozen=True, slots=True)
class EmergencyOver:
    """Its leg is gone. key = (call id, number)."""

    call_id: CallId
    number: int
    at: Seconds


@dataclass(frozen=True, slots=True)
class AgentSatDown:
    """An agent logged in on a phone. key = (agent, at)."""

    agent_id: AgentId
    phone: Phone
    queues: tuple[QueueName, ...]
    at: Seconds


@dataclass(frozen=True, slots=True)
class AgentLeft:
    """An agent logged out. key = (agent, at)."""

    agent_id: AgentId
    phone: Phone
    at: Seconds


@dataclass(frozen=True, slots=True)
class AgentStateChanged:
    """One row of the agent's day. key = ``key``."""

    key: str
    agent_id: AgentId
    from_state: AgentState
    to_state: AgentState
    reason: str
    cause: str
    call_id: CallId | None
    next_state: AgentState | None
    """Asked for during a call; takes effect when it ends."""
    until: Seconds | None
    """When the state ends by itself (wrap-up, stress-room minimum)."""
    at: Seconds


@dataclass(frozen=True, slots=True)
class NextStateSet:
    """A state asked for during a call was noted. key = (agent, at)."""

    agent_id: AgentId
    next_state: AgentState
    reason: str
    at: Seconds
    cause: str = "agent:next_state"
    """Cause of the row that it will lead to."""


@dataclass(frozen=True, slots=True)
class NextStateDropped:
    """The noted state is not wanted any more. key = (agent, at)."""

    agent_id: AgentId
    at: Seconds


@dataclass(frozen=True, slots=True)
class BreakWarned:
    """A limit of somebody's break is near or used up; nobody is sent back. key = (agent, limit, at)."""

    agent_id: AgentId
    reason: str
    """Code of the break's reason."""
    limit: Limit
    nearness: Nearness
    used: Seconds
    most: Seconds
    at: Seconds


@dataclass(frozen=True, slots=True)
class Refused:
    """A request could not be granted; nothing changed. Goes back to whoever asked, to nobody else."""

    code: str
    """Stable error code, see ``core.errors``."""
    message: str
    field: str | None = None


Fact = (
    CallOffered
    | CalloutPlaced
    | NoticePlayed
    | CallBackChanged
    | SegmentStarted
    | SegmentEnded
    | TalkMarked
    | CallHandedOver
    | CallMoved
    | EmergencyCalled
    | EmergencyReached
    | EmergencyOver
    | CallPlaced
    | CallQueued
    | CallUsedFallback
    | OfferStarted
    | OfferEnded
    | TalkStarted
    | TalkEnded
    | CallFinished
    | CallOverflowed
    | WaitAnnounced
    | WaitEstimateProved
    | VoicemailLeft
    | CallerTreated
    | DisconnectWarned
    | DisconnectEnded
    | AgentSatDown
    | AgentLeft
    | AgentStateChanged
    | NextStateSet
    | NextStateDropped
    | BreakWarned
    | Refused
)
