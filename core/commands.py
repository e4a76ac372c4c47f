"""What the engine wants done outside, as values; ``acd.service`` hands each to the port that does it."""

from dataclasses import dataclass

from core.talk import Leg, Sound
from core.vocabulary import AgentId, CallId, OfferId, Phone, QueueName, Seconds


@dataclass(frozen=True, slots=True)
class OfferCall:
    """Redirect the waiting caller into ``[acd-offer]``, which dials the phone."""

    call_id: CallId
    channel: str
    agent_id: AgentId
    phone: Phone
    offer_id: OfferId


@dataclass(frozen=True, slots=True)
class StartCallout:
    """Call an agent's phone; when it answers, ``[acd-out]`` calls the citizen."""

    call_id: CallId
    agent_id: AgentId
    phone: Phone
    offer_id: OfferId
    number: str
    dialled: str
    queue: QueueName
    entered_at: Seconds
    phone_seconds: Seconds
    """How long the agent's phone rings."""
    citizen_seconds: Seconds
    """How long the citizen's rings."""


@dataclass(frozen=True, slots=True)
class HangUpLeg:
    """Hang up one channel of a call, normal clearing; one that is gone already is no fault."""

    call_id: CallId
    channel: str


@dataclass(frozen=True, slots=True)
class ReturnToHold:
    """Redirect the caller back into ``[acd-hold]``, out of an offer or out of the native queue."""

    call_id: CallId
    channel: str


@dataclass(frozen=True, slots=True)
class SendAway:
    """Redirect a waiting caller into ``[acd-leave]``: a voicemail box, or a spoken message and the end."""

    call_id: CallId
    channel: str
    cause: str
    """Extension of ``[acd-leave]``: ``voicemail``, ``closed``, ``full``, ``empty``, ``overflow_message``."""


@dataclass(frozen=True, slots=True)
class MirrorMember:
    """Make the native fallback queues know this phone: member of exactly ``queues``, paused or not."""

    agent_id: AgentId
    phone: Phone
    queues: tuple[QueueName, ...]
    paused: bool


@dataclass(frozen=True, slots=True)
class MarkCall:
    """Set channel variables of a caller's channel, so that dialplan and snapshots know what was decided."""

    call_id: CallId
    channel: str
    variables: tuple[tuple[str, str], ...]
    """Name (``HOTLINE_...``) and value."""


@dataclass(frozen=True, slots=True)
class WarnCaller:
    """Take both out of their talk: the caller to a warning that ends the call, the agent to wait."""

    call_id: CallId
    channel: str
    agent_channel: str


@dataclass(frozen=True, slots=True)
class StopWarning:
    """Connect the two again."""

    call_id: CallId
    channel: str


@dataclass(frozen=True, slots=True)
class MoveLegs:
    """Send the legs of a talk elsewhere: variables first, then each group at once, then hang up the rest."""

    call_id: CallId
    number: int
    """Which move of the call this is; comes back in ``TalkFailed``."""
    channel: str
    """The citizen's."""
    groups: tuple[tuple[Leg, ...], ...]
    """Each group, one or two legs, moves atomically."""
    variables: tuple[tuple[str, str], ...] = ()
    """Set on the citizen's channel before."""
    hang_up: tuple[str, ...] = ()
    """Channels that are of no more use afterwards."""


@dataclass(frozen=True, slots=True)
class SetSound:
    """Mute a leg, or pause the recording."""

    call_id: CallId
    channel: str
    sound: Sound


@dataclass(frozen=True, slots=True)
class RingThird:
    """Call somebody outside into the conference of a call."""

    call_id: CallId
    dial: str
    """What is dialled, digits."""
    citizen: str
    """The citizen's channel."""


@dataclass(frozen=True, slots=True)
class RequestReconcile:
    """Compare with Asterisk now: something looked wrong."""

    why: str


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Send a ``Tick`` at this moment; replaces the earlier wish. ``None``: no tick wanted."""

    at: Seconds | None


Command = (
    OfferCall
    | StartCallout
    | HangUpLeg
    | ReturnToHold
    | SendAway
    | MirrorMember
    | MarkCall
    | WarnCaller
    | StopWarning
    | MoveLegs
    | SetSound
    | RingThird
    | RequestReconcile
    | WakeAt
)
