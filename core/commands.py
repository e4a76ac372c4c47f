"""What the engine wants done outside, as values; ``acd.service`` hands each to the port that does it."""

from dataclasses import dataclass

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
class RequestReconcile:
    """Compare with Asterisk now: something looked wrong."""

    why: str


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Send a ``Tick`` at this moment; replaces the earlier wish. ``None``: no tick wanted."""

    at: Seconds | None


Command = OfferCall | ReturnToHold | SendAway | MirrorMember | MarkCall | RequestReconcile | WakeAt
