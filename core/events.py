"""Everything that can change a routing decision, as typed values.

``telephony.translate`` builds the first group from raw AMI messages, the API builds the second, the
service's timer and ports the third. All of them go through the one inbox (``hotline.inbox``) into
``acd.engine.decide``. Applying one of them twice, late or out of order must be harmless.

``at`` is always a moment in seconds since the Unix epoch **on Asterisk's clock**.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.breaks import BreakReason
from core.callbacks import CallBackId
from core.callers import CallerEntry, FlagCode
from core.plan import Priority, RoutingPlan
from core.surge import SurgeNotice
from core.talk import TalkAction
from core.vocabulary import (
    AgentId,
    AgentState,
    CallId,
    CertificateName,
    Direction,
    OfferId,
    Phone,
    QueueName,
    Seconds,
    SkillName,
)

# --- from Asterisk -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallArrived:
    """A call entered ``[from-trunk]`` (``HotlineArrived``); from here on it must be accounted for."""

    call_id: CallId
    channel: str
    uniqueid: str
    caller: str
    """Filtered number, ``""`` when withheld."""
    dialled: str
    queue: QueueName
    at: Seconds


@dataclass(frozen=True, slots=True)
class CallWaiting:
    """A call entered ``[acd-hold]`` (UserEvent ``HotlineWaiting``), for the first time or back from an offer.

    Carries everything needed to adopt the call when ``CallArrived`` was missed.
    """

    call_id: CallId
    channel: str
    uniqueid: str
    caller: str
    dialled: str
    queue: QueueName
    entered_at: Seconds
    """When the call entered ``[from-trunk]``: its place in the queue, however often it comes back."""
    notice_at: Seconds | None
    """When the recording notice had been played to its end, ``None`` if it was not played."""
    offer_id: OfferId | None
    """The offer that just ended without an answer, ``None`` at the first entry."""
    dial_status: str
    """Asterisk's ``DIALSTATUS`` of that offer, ``""`` at the first entry."""
    at: Seconds
    reason: str = ""
    """Why he left a talk: ``agent_left``, ``phone_lost``, ``not_reached``, ``transfer``; else ``""``."""


@dataclass(frozen=True, slots=True)
class CallFellBack:
    """The heartbeat was stale: the call entered Asterisk's own ``Queue()`` (``HotlineFallback``)."""

    call_id: CallId
    at: Seconds


@dataclass(frozen=True, slots=True)
class PhoneRinging:
    """Asterisk dials an agent's phone for a call (``DialBegin``)."""

    call_id: CallId
    phone: Phone
    agent_channel: str
    at: Seconds


@dataclass(frozen=True, slots=True)
class CallAnswered:
    """The agent's phone answered (``DialEnd`` with ``ANSWER``)."""

    call_id: CallId
    phone: Phone
    agent_channel: str
    at: Seconds


@dataclass(frozen=True, slots=True)
class AgentLegEnded:
    """The agent's channel of a call is gone (``Hangup``): whoever hung up, the agent's phone is free."""

    call_id: CallId
    phone: Phone
    agent_channel: str
    at: Seconds
    cause: int = 16
    """Q.850 cause; 44: Asterisk ended it because no sound came from the phone."""


@dataclass(frozen=True, slots=True)
class ThirdAnswered:
    """Somebody outside who was called from within a talk has answered."""

    call_id: CallId
    channel: str
    at: Seconds


@dataclass(frozen=True, slots=True)
class ThirdRinging:
    """Somebody outside is being called from within a talk (``DialBegin``)."""

    call_id: CallId
    channel: str
    at: Seconds


@dataclass(frozen=True, slots=True)
class ThirdLegEnded:
    """The leg to somebody outside is gone, or never came about."""

    call_id: CallId
    channel: str
    at: Seconds


@dataclass(frozen=True, slots=True)
class ConsultOver:
    """The agent's leg asks nobody any more (``HotlineConsultOver``); the citizen still hears music."""

    call_id: CallId
    phone: Phone
    dial_status: str
    at: Seconds


@dataclass(frozen=True, slots=True)
class CallHungUp:
    """The caller's channel is gone (``Hangup``); the recording file is closed by now."""

    call_id: CallId
    channel: str
    cause: int
    """Q.850 cause, 16 = normal clearing."""
    at: Seconds
    agent_left: bool = False
    """The caller had reached ``[after-call]``: it was the agent who hung up first."""
    disconnected: bool = False
    """The caller had reached ``[policy-end]``: the call was ended after a warning."""


@dataclass(frozen=True, slots=True)
class PhoneReachability:
    """A phone registered or answers again, or is gone (``ContactStatus``)."""

    phone: Phone
    reachable: bool
    at: Seconds


@dataclass(frozen=True, slots=True)
class CallLeaving:
    """The dialplan lets a caller go who will not reach an agent (``HotlineLeaving``)."""

    call_id: CallId
    cause: str
    """``voicemail``: a message has been left; else what the caller is told: ``closed``, ``full``, ``empty``,
    ``overflow_message``."""
    at: Seconds


# --- from the IVR ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallerChose:
    """A waiting caller pressed a key for something that he was offered (``ivr.holding``)."""

    call_id: CallId
    choice: str
    """What was offered: ``call_back``."""
    number: str
    """A number that he gave, ``""`` for none."""
    at: Seconds


# --- from Asterisk, about calls that the centre places ------------------------------------------


@dataclass(frozen=True, slots=True)
class PhoneNotReached:
    """The agent's phone that was called first did not answer (``OriginateResponse``, failure)."""

    call_id: CallId
    reason: int
    """Asterisk's: 3 rang out, 5 busy, 8 congestion, 0 anything else."""
    at: Seconds


@dataclass(frozen=True, slots=True)
class PhonePickedUp:
    """The agent has picked up and the citizen is being called (``HotlineDialling``).

    Carries everything needed to adopt the call.
    """

    call_id: CallId
    phone: Phone
    agent_channel: str
    caller: str
    """The citizen's number."""
    dialled: str
    queue: QueueName
    entered_at: Seconds
    offer_id: OfferId | None
    at: Seconds


@dataclass(frozen=True, slots=True)
class CitizenAnswered:
    """The citizen has answered and hears the recording notice (``HotlineReached``)."""

    call_id: CallId
    channel: str
    uniqueid: str
    at: Seconds


@dataclass(frozen=True, slots=True)
class CalloutConnected:
    """Citizen and agent are connected: the talk begins (``HotlineTalking``)."""

    call_id: CallId
    channel: str
    uniqueid: str
    phone: Phone
    agent_channel: str
    notice_at: Seconds | None
    at: Seconds


@dataclass(frozen=True, slots=True)
class CalloutUnreached:
    """The citizen was not reached (``HotlineUnreached``); the agent's leg ends with it."""

    call_id: CallId
    dial_status: str
    cause: int
    """Q.850 cause of the citizen's leg, 0 when there is none."""
    at: Seconds


# --- from the API ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AgentLogin:
    """An agent takes a seat: from now on this phone is the agent's. The agent starts in BREAK."""

    agent_id: AgentId
    name: str
    phone: Phone
    queues: tuple[QueueName, ...]
    at: Seconds
    skills: Mapping[SkillName, int] = field(default_factory=dict)
    certificates: Mapping[CertificateName, Seconds | None] = field(default_factory=dict)
    """Until when each is valid, ``None``: without end."""
    wrap_up_seconds: Seconds | None = None
    """The agent's own wrap-up time instead of the queue's."""
    take_over: bool = False
    """Leave the other phone, or take this one from somebody who is away (``agents.seating``)."""
    in_charge: bool = False
    """Who asks may send others away from a phone."""
    login: str = ""
    """Of who asks, for the row of whoever has to leave."""


@dataclass(frozen=True, slots=True)
class AgentProfileChanged:
    """Queues, skills or certificates of a person were changed; says nothing when he is not seated."""

    agent_id: AgentId
    queues: tuple[QueueName, ...]
    skills: Mapping[SkillName, int]
    certificates: Mapping[CertificateName, Seconds | None]
    at: Seconds
    wrap_up_seconds: Seconds | None = None


@dataclass(frozen=True, slots=True)
class PriorityAsked:
    """A supervisor gives a waiting call another priority."""

    call_id: CallId
    priority: Priority
    cause: str
    """Who asked: ``supervisor:<login>``."""
    at: Seconds


@dataclass(frozen=True, slots=True)
class TalkAsked:
    """An agent asks for something inside his talk."""

    agent_id: AgentId
    action: TalkAction
    at: Seconds
    phone: Phone | None = None
    """Colleague to be asked, or to take the call over."""
    queue: QueueName | None = None
    """Queue to transfer to."""
    number: str = ""
    """Somebody outside: what is dialled."""
    service: str = ""
    """Emergency service: 110, 119, 120 or 122."""
    note: str = ""
    """Hand-over note of an emergency."""
    seconds: Seconds = 0.0
    """How long the recording pauses at most."""


@dataclass(frozen=True, slots=True)
class AgentLogout:
    """An agent leaves the seat; refused during a call."""

    agent_id: AgentId
    cause: str
    at: Seconds


@dataclass(frozen=True, slots=True)
class AgentStateAsked:
    """A person asks for a state; during a call it takes effect when the call ends ("next state")."""

    agent_id: AgentId
    state: AgentState
    reason: str
    cause: str
    """Who asked: ``agent`` or ``supervisor:<login>``."""
    at: Seconds


@dataclass(frozen=True, slots=True)
class NextStateCancelled:
    """The state noted for after the call is not wanted any more."""

    agent_id: AgentId
    at: Seconds


@dataclass(frozen=True, slots=True)
class WrapUpExtensionAsked:
    """An agent needs more time after the call; the queue's rules say how much, how often."""

    agent_id: AgentId
    cause: str
    """Who asked: ``agent`` or ``supervisor:<login>``; the latter is not bound by the number of times."""
    at: Seconds


@dataclass(frozen=True, slots=True)
class WrapUpFinished:
    """An agent is done before the time: on to what was noted, or ready."""

    agent_id: AgentId
    cause: str
    at: Seconds


@dataclass(frozen=True, slots=True)
class BreakReasonsChanged:
    """The reasons for breaks as they are now."""

    reasons: tuple[BreakReason, ...]
    at: Seconds


@dataclass(frozen=True, slots=True)
class DisconnectAsked:
    """An agent wants to end the call under protection: the caller is warned first."""

    agent_id: AgentId
    code: FlagCode
    note: str
    at: Seconds


@dataclass(frozen=True, slots=True)
class DisconnectStopped:
    """The agent takes it back while the warning is played: the talk goes on."""

    agent_id: AgentId
    at: Seconds


@dataclass(frozen=True, slots=True)
class CalloutAsked:
    """An agent wants to call somebody; refused when his state or the settings do not allow it."""

    call_id: CallId
    """Of the call to be placed."""
    agent_id: AgentId
    number: str
    """In normal form (``acd.numbers``)."""
    dialled: str
    """The line that the citizen had called, ``""`` for the hotline's own number."""
    queue: QueueName
    ticket_id: int | None
    origin: CallId | None
    callback_id: CallBackId | None
    at: Seconds


@dataclass(frozen=True, slots=True)
class CalloutDropped:
    """An agent gives up the call that he is placing, or ends the talk that came of it."""

    agent_id: AgentId
    at: Seconds


@dataclass(frozen=True, slots=True)
class CallBackAsked:
    """A person wants somebody to be called back; refused when that number is in the line already."""

    callback_id: CallBackId
    number: str
    dialled: str
    queue: QueueName
    requested_by: str
    ticket_id: int | None
    origin: CallId | None
    place_at: Seconds
    due_at: Seconds
    at: Seconds


@dataclass(frozen=True, slots=True)
class CallBackCancelAsked:
    """A person withdraws a call-back request."""

    callback_id: CallBackId
    cause: str
    """Coded: ``withdrawn``."""
    at: Seconds


# --- from the service itself -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OfferFailed:
    """The Redirect that should have carried out an offer was refused or timed out."""

    call_id: CallId
    offer_id: OfferId
    reason: str
    at: Seconds


@dataclass(frozen=True, slots=True)
class PlanChanged:
    """Queues, lines or their rules were changed by a person; the whole plan as it is now."""

    plan: RoutingPlan
    at: Seconds


@dataclass(frozen=True, slots=True)
class SurgeChanged:
    """A supervisor set or withdrew a surge notice; all that are in force, as they are now."""

    notices: tuple[SurgeNotice, ...]
    at: Seconds


@dataclass(frozen=True, slots=True)
class SendAwayFailed:
    """The Redirect of a caller who was to leave was refused or timed out."""

    call_id: CallId
    reason: str
    at: Seconds


@dataclass(frozen=True, slots=True)
class CallerListsChanged:
    """Entries of caller lists came into force or ended; all that are in force, as they are now."""

    entries: tuple[CallerEntry, ...]
    at: Seconds


@dataclass(frozen=True, slots=True)
class WarningFailed:
    """The warning before a protected disconnect could not be begun, or not be taken back."""

    call_id: CallId
    reason: str
    at: Seconds


@dataclass(frozen=True, slots=True)
class Tick:
    """The moment that ``decide`` asked for has come."""

    at: Seconds


@dataclass(frozen=True, slots=True)
class TalkFailed:
    """What was asked for inside a talk could not be carried out."""

    call_id: CallId
    number: int
    """``MoveLegs.number``."""
    reason: str
    at: Seconds


@dataclass(frozen=True, slots=True)
class TelephonyLost:
    """The AMI connection is gone: what is known may be stale, no offers until the next reconciliation."""

    at: Seconds


@dataclass(frozen=True, slots=True)
class LiveCall:
    """One caller's channel as a snapshot of Asterisk shows it."""

    call_id: CallId
    channel: str
    uniqueid: str
    caller: str
    dialled: str
    queue: QueueName
    entered_at: Seconds
    notice_at: Seconds | None
    stage: str
    """Variable ``HOTLINE_STAGE``: ``announcement``, ``waiting``, ``offering``, ``fallback``, ``rating``."""
    offer_id: OfferId | None
    agent_phone: Phone | None
    """The agent's phone that rings for it or talks to it."""
    agent_channel: str
    talking: bool
    """In a bridge with the agent."""
    priority: Priority | None = None
    """Variable ``HOTLINE_PRIORITY``, ``None`` when it was never set."""
    place_at: Seconds | None = None
    """Variable ``HOTLINE_PLACE``, ``None`` when it was never set."""
    leaving: str = ""
    """Variable ``HOTLINE_LEAVING``: the cause for which the caller is let go, ``""`` for none."""
    peer: str = ""
    """Variable ``HOTLINE_PEER``: the leg that the citizen talks to, or talked to before hold."""
    paused_until: Seconds | None = None
    """Variable ``HOTLINE_PAUSED_UNTIL``: until when the recording pauses."""
    direction: Direction = Direction.INBOUND
    """Variable ``HOTLINE_DIRECTION``. Of a call that the centre places ``channel`` is ``""`` until the
    citizen has answered, and ``stage`` is ``calling`` (the agent's phone rings) or ``dialling``."""
    third: str = ""
    """The leg of whoever was called into the talk, ``""``: nobody."""
    third_phone: Phone | None = None
    """The colleague's phone that this leg belongs to, ``None``: somebody outside."""
    third_up: bool = False
    """He has answered."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A complete picture of Asterisk; what memory believes otherwise is put right."""

    calls: tuple[LiveCall, ...]
    reachable_phones: frozenset[Phone]
    busy_phones: frozenset[Phone]
    """Phones that have any channel at this moment."""
    at: Seconds
    """When asking *began*: what changed after this moment is newer than the picture."""


TelephonyEvent = (
    CallArrived
    | CallWaiting
    | CallFellBack
    | PhoneRinging
    | CallAnswered
    | AgentLegEnded
    | ThirdRinging
    | ThirdAnswered
    | ThirdLegEnded
    | ConsultOver
    | CallHungUp
    | CallLeaving
    | PhoneReachability
    | PhoneNotReached
    | PhonePickedUp
    | CitizenAnswered
    | CalloutConnected
    | CalloutUnreached
)
ApiEvent = (
    AgentLogin
    | CalloutAsked
    | CalloutDropped
    | CallBackAsked
    | CallBackCancelAsked
    | TalkAsked
    | AgentProfileChanged
    | PriorityAsked
    | AgentLogout
    | AgentStateAsked
    | NextStateCancelled
    | WrapUpExtensionAsked
    | WrapUpFinished
    | BreakReasonsChanged
    | DisconnectAsked
    | DisconnectStopped
    | PlanChanged
)
InternalEvent = (
    OfferFailed
    | TalkFailed
    | SendAwayFailed
    | PlanChanged
    | CallerListsChanged
    | WarningFailed
    | SurgeChanged
    | CallerChose
    | Tick
    | TelephonyLost
    | Reconciled
)
Event = TelephonyEvent | ApiEvent | InternalEvent
