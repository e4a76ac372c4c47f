"""Raw AMI events in, typed events out. Pure: no clock, no I/O, no panoramisk.

``telephony.ami`` hands every genuine event that could matter to ``translate``; what comes back as ``None`` is
counted there and forgotten. The contexts, variables and headers are those of ``docs/contracts.md``.
"""

import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass

from core.events import (
    AgentLegEnded,
    CallAnswered,
    CallArrived,
    CallFellBack,
    CallHungUp,
    CallLeaving,
    CalloutConnected,
    CalloutUnreached,
    CallWaiting,
    CitizenAnswered,
    ConsultOver,
    PhoneNotReached,
    PhonePickedUp,
    PhoneRinging,
    TelephonyEvent,
    ThirdAnswered,
    ThirdLegEnded,
    ThirdRinging,
)
from core.vocabulary import CallId, OfferId, Phone, QueueName, Seconds

Headers = Mapping[str, str]
"""One AMI message: header names as Asterisk writes them."""

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
CHANNEL = re.compile(r"PJSIP/([A-Za-z0-9_.+-]{1,80})-[0-9a-f]{8}")
MOMENT = re.compile(r"[0-9]{1,11}(?:\.[0-9]{1,9})?")
WHOLE = re.compile(r"[0-9]{1,18}")
QUEUE = re.compile(r"[a-z0-9_]{1,40}")
NOT_A_NUMBER = re.compile(r"[^0-9+]")
LONGEST_NUMBER = 40

GOOD_CONTACTS = frozenset({"Reachable", "NonQualified"})
"""Contact states in which Asterisk would call the phone; ``NonQualified``: registered, not (yet) asked."""
BAD_CONTACTS = frozenset({"Unreachable", "Removed"})


AFTER_CALL = "after-call"
"""Context that a caller reaches when the agent has hung up."""

POLICY_END = "policy-end"
"""Context that a caller reaches after the warning of a protected disconnect."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the endpoints of this Asterisk are to be read."""

    phones: Container[str]
    """Numbers of the agents' phones; each is the name of its PJSIP endpoint."""
    trunks: frozenset[str] = frozenset({"trunk", "outside"})
    """Endpoints of citizens' legs: of calls from the public network, and of calls that the centre places."""
    third: str = "third"
    """Endpoint of the legs of those who are called from within a talk."""


@dataclass(frozen=True, slots=True)
class ContactChange:
    """One registered address of a phone became good or bad. A phone may have several for a moment."""

    phone: Phone
    uri: str
    good: bool
    at: Seconds


def endpoint_of(channel: str) -> str:
    """The PJSIP endpoint in a channel's name, ``""`` for any other channel."""
    match = CHANNEL.fullmatch(channel)
    return match.group(1) if match else ""


def phone_of(channel: str, dialect: Dialect) -> Phone | None:
    """The phone that a channel belongs to, ``None`` if it is not a phone's channel."""
    endpoint = endpoint_of(channel)
    return Phone(endpoint) if endpoint and endpoint in dialect.phones else None


def is_trunk(channel: str, dialect: Dialect) -> bool:
    """Whether a channel is a caller's."""
    return endpoint_of(channel) in dialect.trunks


def moment(text: str) -> Seconds | None:
    """Seconds since the epoch, ``None`` when it is not such a number."""
    return float(text) if MOMENT.fullmatch(text) else None


def call_id(text: str) -> CallId | None:
    """A call id, ``None`` when it is not a canonical UUID."""
    return CallId(text) if UUID.fullmatch(text) else None


def offer_id(text: str) -> OfferId | None:
    """An offer number, ``None`` when empty or malformed."""
    return OfferId(int(text)) if WHOLE.fullmatch(text) else None


def word(text: str) -> str:
    """A coded word of our dialplan, ``""`` when it is none."""
    return text if QUEUE.fullmatch(text) else ""


def number(text: str) -> str:
    """A telephone number with everything but digits and ``+`` removed, as the dialplan does it."""
    return NOT_A_NUMBER.sub("", text)[:LONGEST_NUMBER]


def translate(message: Headers, dialect: Dialect) -> TelephonyEvent | None:
    """Turn one AMI event into the event of ours that it means.

    Args:
        message: the headers of one event, each once, names in Asterisk's spelling.
        dialect: which endpoints are phones and which are trunks.

    Returns:
        The typed event, or ``None`` when the message is unknown, malformed, or means nothing to the engine
        (``DialEnd`` without an answer: the ``HotlineWaiting`` that follows says it with authority).
    """
    at = moment(message.get("Timestamp", ""))
    reader = _READERS.get(message.get("Event", ""))
    if at is None or reader is None:
        return None
    return reader(message, dialect, at)


def translate_contact(message: Headers, dialect: Dialect) -> ContactChange | None:
    """Turn ``ContactStatus`` into the change of one address; ``None``: not a phone's, or says nothing."""
    at = moment(message.get("Timestamp", ""))
    endpoint, uri = message.get("EndpointName", ""), message.get("URI", "")
    status = message.get("ContactStatus", "")
    if at is None or not uri or endpoint not in dialect.phones or status not in GOOD_CONTACTS | BAD_CONTACTS:
        return None
    return ContactChange(phone=Phone(endpoint), uri=uri, good=status in GOOD_CONTACTS, at=at)


def _user_event(message: Headers, dialect: Dialect, at: Seconds) -> TelephonyEvent | None:
    """An event of our own dialplan; ``CallId`` must be the account code of the channel that raised it."""
    call, channel = call_id(message.get("AccountCode", "")), message.get("Channel", "")
    if call is None or message.get("CallId") != call:
        return None
    if not is_trunk(channel, dialect):
        return _leg_event(message, call, channel, dialect, at)
    match message.get("UserEvent"):
        case "HotlineArrived":
            return _arrived(message, call, at)
        case "HotlineWaiting":
            return _waiting(message, call, at)
        case "HotlineFallback":
            return CallFellBack(call_id=call, at=at)
        case "HotlineLeaving":
            return CallLeaving(call_id=call, cause=word(message.get("Cause", "")), at=at)
        case "HotlineReached":
            return CitizenAnswered(call, channel, message.get("Uniqueid", ""), at)
        case "HotlineTalking":
            return _connected(message, call, dialect, at)
    return None


def _connected(message: Headers, call: CallId, dialect: Dialect, at: Seconds) -> CalloutConnected | None:
    peer = message.get("Peer", "")
    phone = phone_of(peer, dialect)
    if phone is None:
        return None
    return CalloutConnected(
        call_id=call,
        channel=message["Channel"],
        uniqueid=message.get("Uniqueid", ""),
        phone=phone,
        agent_channel=peer,
        notice_at=moment(message.get("NoticeAt", "")),
        at=at,
    )


def _picked_up(
    message: Headers, call: CallId, channel: str, phone: Phone, at: Seconds
) -> PhonePickedUp | None:
    queue, entered_at = message.get("Queue", ""), moment(message.get("EnteredAt", ""))
    if not QUEUE.fullmatch(queue) or entered_at is None:
        return None
    return PhonePickedUp(
        call_id=call,
        phone=phone,
        agent_channel=channel,
        caller=number(message.get("Caller", "")),
        dialled=number(message.get("Dialled", "")),
        queue=QueueName(queue),
        entered_at=entered_at,
        offer_id=offer_id(message.get("Offer", "")),
        at=at,
    )


def _originated(message: Headers, dialect: Dialect, at: Seconds) -> PhoneNotReached | None:
    """How an Originate of ours ended; its extension is the call."""
    call, reason = call_id(message.get("Exten", "")), message.get("Reason", "")
    if call is None or message.get("Context") != "acd-out" or message.get("Response") != "Failure":
        return None
    if message.get("Channel", "").removeprefix("PJSIP/") not in dialect.phones:
        return None
    return PhoneNotReached(call, int(reason) if WHOLE.fullmatch(reason) else 0, at)


def _leg_event(
    message: Headers, call: CallId, channel: str, dialect: Dialect, at: Seconds
) -> ConsultOver | ThirdAnswered | PhonePickedUp | CalloutUnreached | None:
    """An event of a leg that is not the citizen's: of an agent who calls or asks, of somebody called in."""
    phone = phone_of(channel, dialect)
    match message.get("UserEvent"):
        case "HotlineDialling" if phone is not None:
            return _picked_up(message, call, channel, phone, at)
        case "HotlineUnreached" if phone is not None:
            cause = message.get("Q850", "")
            return CalloutUnreached(
                call, message.get("DialStatus", "")[:20], int(cause) if WHOLE.fullmatch(cause) else 0, at
            )
        case "HotlineConsultOver" if phone is not None:
            return ConsultOver(call, phone, message.get("DialStatus", "")[:20], at)
        case "HotlineJoined" if endpoint_of(channel) == dialect.third:
            return ThirdAnswered(call, channel, at)
    return None


def _arrived(message: Headers, call: CallId, at: Seconds) -> CallArrived | None:
    queue, uniqueid = message.get("Queue", ""), message.get("Uniqueid", "")
    if not (QUEUE.fullmatch(queue) and uniqueid):
        return None
    return CallArrived(
        call_id=call,
        channel=message["Channel"],
        uniqueid=uniqueid,
        caller=number(message.get("Caller", "")),
        dialled=number(message.get("Dialled", "")),
        queue=QueueName(queue),
        at=at,
    )


def _waiting(message: Headers, call: CallId, at: Seconds) -> CallWaiting | None:
    queue, uniqueid = message.get("Queue", ""), message.get("Uniqueid", "")
    entered_at = moment(message.get("EnteredAt", ""))
    if not (QUEUE.fullmatch(queue) and uniqueid) or entered_at is None:
        return None
    return CallWaiting(
        call_id=call,
        channel=message["Channel"],
        uniqueid=uniqueid,
        caller=number(message.get("Caller", "")),
        dialled=number(message.get("Dialled", "")),
        queue=QueueName(queue),
        entered_at=entered_at,
        notice_at=moment(message.get("NoticeAt", "")),
        offer_id=offer_id(message.get("Offer", "")),
        dial_status=message.get("DialStatus", "")[:20],
        at=at,
        reason=word(message.get("Reason", "")),
    )


def _dial_begin(message: Headers, dialect: Dialect, at: Seconds) -> PhoneRinging | ThirdRinging | None:
    call, phone = _dialled_leg(message, dialect)
    if call is not None and _is_third(message, dialect):
        return ThirdRinging(call, message["DestChannel"], at)
    if call is None or phone is None:
        return None
    return PhoneRinging(call_id=call, phone=phone, agent_channel=message["DestChannel"], at=at)


def _dial_end(message: Headers, dialect: Dialect, at: Seconds) -> CallAnswered | ThirdAnswered | None:
    call, phone = _dialled_leg(message, dialect)
    if call is None or message.get("DialStatus") != "ANSWER":
        return None
    if _is_third(message, dialect):
        return ThirdAnswered(call, message["DestChannel"], at)
    if phone is None or not message.get("AccountCode"):
        return None  # a phone that was originated to: the citizen has yet to be called
    return CallAnswered(call_id=call, phone=phone, agent_channel=message["DestChannel"], at=at)


def _dialled_leg(message: Headers, dialect: Dialect) -> tuple[CallId | None, Phone | None]:
    """The call that dials and the phone that is dialled; nobody dials what is originated."""
    code = message.get("AccountCode") or message.get("DestAccountCode", "")
    return call_id(code), phone_of(message.get("DestChannel", ""), dialect)


def _is_third(message: Headers, dialect: Dialect) -> bool:
    return endpoint_of(message.get("DestChannel", "")) == dialect.third


def _hangup(
    message: Headers, dialect: Dialect, at: Seconds
) -> AgentLegEnded | ThirdLegEnded | CallHungUp | None:
    call, channel = call_id(message.get("AccountCode", "")), message.get("Channel", "")
    if call is None:
        return None
    phone, cause = phone_of(channel, dialect), message.get("Cause", "")
    if phone is not None:
        ended = int(cause) if WHOLE.fullmatch(cause) else 0
        return AgentLegEnded(call_id=call, phone=phone, agent_channel=channel, at=at, cause=ended)
    if endpoint_of(channel) == dialect.third:
        return ThirdLegEnded(call_id=call, channel=channel, at=at)
    if not is_trunk(channel, dialect):
        return None
    return CallHungUp(
        call_id=call,
        channel=channel,
        cause=int(cause) if WHOLE.fullmatch(cause) else 0,
        at=at,
        agent_left=message.get("Context") == AFTER_CALL,
        disconnected=message.get("Context") == POLICY_END,
    )


_READERS: dict[str, Callable[[Headers, Dialect, Seconds], TelephonyEvent | None]] = {
    "UserEvent": _user_event,
    "DialBegin": _dial_begin,
    "DialEnd": _dial_end,
    "Hangup": _hangup,
    "OriginateResponse": _originated,
}

WANTED = frozenset(_READERS) | {"ContactStatus"}
"""Names of the events that can mean something; all others need not even be parsed."""
