"""Asterisk's own journal (CEL), read after an outage: what happened to calls while nobody listened. Pure.

The journal is independent of AMI and of the service: Asterisk appends one line per event to a local file.
``replay`` turns the lines into the same events that AMI would have brought, with their original times; the
engine applies them as if it had been there, and those it has seen already change nothing.
"""

import csv
import json
import math
from collections.abc import Callable, Iterable, Iterator
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
    Event,
    PhonePickedUp,
)
from core.vocabulary import CallId, OfferId, Phone, QueueName, Seconds

FIELDS = (
    "eventtype",
    "eventtime",
    "accountcode",
    "uniqueid",
    "linkedid",
    "channame",
    "exten",
    "context",
    "peer",
    "userfield",
    "eventextra",
)

CALLER_PREFIX = "PJSIP/"
"""What else carries a call's account code (a ``Local`` or other helper channel) is not the caller."""

DIALLING = "HOTLINE_DIALLING"
"""User event of a call that the centre places."""

AFTER_CALL = "after-call"
"""Context that a caller reaches when the agent has hung up."""

POLICY_END = "policy-end"
"""Context that a caller reaches after the warning of a protected disconnect."""

WAITING_KINDS = frozenset({"HOTLINE_WAITING", "HOTLINE_NOTICE"})
"""After the notice comes the hold loop."""


@dataclass(frozen=True, slots=True)
class Line:
    """One event of the journal."""

    kind: str
    """CEL event type; for a user event its own name (``HOTLINE_ARRIVED``...)."""
    at: Seconds
    call_id: CallId
    uniqueid: str
    channel: str
    extra: str
    context: str = ""
    """Where in the dialplan the channel was."""


def parse(lines: Iterable[str], since: Seconds = 0.0) -> Iterator[Line]:
    """The lines at or after ``since``; a torn or foreign line is passed over."""
    for text in lines:
        named = _fields(text)
        at = _moment(named.get("eventtime", ""))
        if at is None or at < since or not named["accountcode"]:
            continue
        yield Line(
            kind=named["eventtype"],
            at=at,
            call_id=CallId(named["accountcode"]),
            uniqueid=named["uniqueid"],
            channel=named["channame"],
            extra=named["eventextra"],
            context=named["context"],
        )


def _fields(text: str) -> dict[str, str]:
    """One line by field name, empty when it is torn; each by itself, or a torn one would swallow the next."""
    try:
        rows = list(csv.reader([text], strict=True))
    except csv.Error:
        return {}
    return dict(zip(FIELDS, rows[0], strict=True)) if rows and len(rows[0]) == len(FIELDS) else {}


def phone_of(channel: str) -> str:
    """The endpoint in a channel's name: ``PJSIP/1001-0000002a`` -> ``1001``."""
    return channel.removeprefix("PJSIP/").rpartition("-")[0]


def replay(lines: Iterable[Line], is_phone: Callable[[str], bool]) -> list[Event]:
    """The events that AMI would have brought for these lines, in the journal's order.

    Args:
        lines: parsed lines.
        is_phone: whether an endpoint is an agent's phone (else it is a trunk).
    """
    lines = list(lines)
    placed = {line.call_id for line in lines if line.kind == DIALLING}
    known: dict[CallId, CallArrived] = {}
    events: list[Event] = []
    for line in lines:
        endpoint = phone_of(line.channel)
        if line.call_id in placed and line.kind in OF_CALLOUTS:
            found = OF_CALLOUTS[line.kind](line, Phone(endpoint))
        else:
            found = _of_agent(line, Phone(endpoint)) if is_phone(endpoint) else _of_caller(line, known)
        if found is not None:
            events.append(found)
    return events


def _dialling(line: Line, phone: Phone) -> Event | None:
    values = _values(line.extra)
    entered_at, queue = _moment(values.get("entered_at", "")), values.get("queue", "")
    if entered_at is None or not queue:
        return None
    offer = values.get("offer", "")
    return PhonePickedUp(
        call_id=line.call_id,
        phone=phone,
        agent_channel=line.channel,
        caller=values.get("caller", ""),
        dialled=values.get("dialled", ""),
        queue=QueueName(queue),
        entered_at=entered_at,
        offer_id=OfferId(int(offer)) if offer.isdigit() else None,
        at=line.at,
    )


def _connected(line: Line, _citizen: Phone) -> Event | None:
    values = _values(line.extra)
    peer = values.get("peer", "")
    return CalloutConnected(
        call_id=line.call_id,
        channel=line.channel,
        uniqueid=line.uniqueid,
        phone=Phone(phone_of(peer)),
        agent_channel=peer,
        notice_at=_moment(values.get("notice_at", "")),
        at=line.at,
    )


def _unreached(line: Line, _phone: Phone) -> Event | None:
    values = _values(line.extra)
    cause = values.get("q850", "")
    return CalloutUnreached(
        line.call_id, values.get("status", ""), int(cause) if cause.isdigit() else 0, line.at
    )


def _nothing(_line: Line, _phone: Phone) -> Event | None:
    """Of a call that the centre places no leg's answer is the beginning of the talk."""


OF_CALLOUTS: dict[str, Callable[[Line, Phone], Event | None]] = {
    DIALLING: _dialling,
    "HOTLINE_TALKING": _connected,
    "HOTLINE_UNREACHED": _unreached,
    "ANSWER": _nothing,
}
"""Lines of calls that the centre places."""


def _of_agent(line: Line, phone: Phone) -> Event | None:
    if line.kind == "ANSWER":
        return CallAnswered(line.call_id, phone, line.channel, line.at)
    if line.kind == "HANGUP":
        return AgentLegEnded(line.call_id, phone, line.channel, line.at)
    return None


def _of_caller(line: Line, known: dict[CallId, CallArrived]) -> Event | None:
    if not line.channel.startswith(CALLER_PREFIX):
        return None
    if line.kind == "HANGUP":
        return CallHungUp(
            line.call_id,
            line.channel,
            _hangup_cause(line.extra),
            line.at,
            agent_left=line.context == AFTER_CALL,
            disconnected=line.context == POLICY_END,
        )
    if line.kind == "HOTLINE_FALLBACK":
        return CallFellBack(line.call_id, line.at)
    if line.kind == "HOTLINE_LEAVING":
        return CallLeaving(line.call_id, _values(line.extra).get("cause", ""), line.at)
    if line.kind == "HOTLINE_ARRIVED":
        arrived = _arrived(line)
        if arrived is not None:
            known[line.call_id] = arrived
        return arrived
    if line.kind in WAITING_KINDS and line.call_id in known:
        return _waiting(line, known[line.call_id])
    return None


def _values(extra: str) -> dict[str, str]:
    """A user event's ``key=value key=value``; CEL wraps it as ``{"extra": "..."}``."""
    try:
        given = json.loads(extra)
    except ValueError:
        return {}
    text = str(given.get("extra", "")) if isinstance(given, dict) else ""
    return dict(part.split("=", 1) for part in text.split(" ") if "=" in part)


def _arrived(line: Line) -> CallArrived | None:
    values = _values(line.extra)
    at = _moment(values.get("entered_at", ""))
    queue = values.get("queue", "")
    if at is None or not queue:
        return None
    return CallArrived(
        call_id=line.call_id,
        channel=line.channel,
        uniqueid=line.uniqueid,
        caller=values.get("caller", ""),
        dialled=values.get("dialled", ""),
        queue=QueueName(queue),
        at=at,
    )


def _waiting(line: Line, arrived: CallArrived) -> CallWaiting:
    values = _values(line.extra)
    return CallWaiting(
        call_id=line.call_id,
        channel=arrived.channel,
        uniqueid=arrived.uniqueid,
        caller=arrived.caller,
        dialled=arrived.dialled,
        queue=arrived.queue,
        entered_at=arrived.at,
        notice_at=_moment(values.get("notice_at") or values.get("at", "")),
        offer_id=None,
        dial_status="",
        at=line.at,
    )


def _moment(text: str) -> Seconds | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _hangup_cause(extra: str) -> int:
    try:
        return int(json.loads(extra)["hangupcause"])
    except (ValueError, KeyError, TypeError, OverflowError):
        return 0
