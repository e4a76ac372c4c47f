"""The lists of one snapshot in, ``Reconciled`` out. Pure; ``telephony.snapshot`` fetches the lists.

A ``Status`` item describes one channel. A caller's channel is a call when it carries a call id and its
queue; the agent's leg is the phone's channel with the same account code.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from core.events import LiveCall, Reconciled
from core.plan import Priority
from core.vocabulary import CallId, Direction, Phone, QueueName, Seconds
from telephony.translate import (
    QUEUE,
    Dialect,
    call_id,
    endpoint_of,
    is_trunk,
    moment,
    number,
    offer_id,
    phone_of,
    word,
)

Row = Mapping[str, str | list[str]]
"""One list item: a header that came several times is a list."""

VARIABLES = (
    "HOTLINE_CALL_ID",
    "HOTLINE_CALLER",
    "HOTLINE_DIALLED",
    "HOTLINE_QUEUE",
    "HOTLINE_ENTERED_AT",
    "HOTLINE_NOTICE_AT",
    "HOTLINE_STAGE",
    "HOTLINE_LEAVING",
    "HOTLINE_OFFER",
    "HOTLINE_PRIORITY",
    "HOTLINE_PLACE",
    "HOTLINE_PEER",
    "HOTLINE_PAUSED_UNTIL",
    "HOTLINE_DIRECTION",
)
"""Channel variables that ``Status`` is asked for."""

PRIORITIES = {str(priority): priority for priority in Priority}

UP = "6"
"""``ChannelState`` of a leg that has been answered."""

UNSET = "(null)"
"""How ``Status`` shows a variable that is not set."""

GONE = frozenset({"", "UNAVAILABLE", "INVALID", "UNKNOWN"})
"""Device states of a phone that cannot be called."""

THIRD_STAGES = frozenset({"held", "conference", "outside"})
"""Stages of a talk in which somebody may have been called in."""

BORN = re.compile(r"(?:^|-)([0-9]{9,11}\.[0-9]+)$")


@dataclass(frozen=True, slots=True)
class _Leg:
    """A leg of a call that is not the citizen's; ``phone`` is ``None`` for somebody outside."""

    channel: str
    phone: Phone | None
    bridge: str
    up: bool


def text(row: Row, name: str) -> str:
    """A header that is expected once; ``""`` when it is missing or came several times."""
    value = row.get(name, "")
    return value if isinstance(value, str) else ""


def variables(row: Row) -> dict[str, str]:
    """The channel variables of a ``Status`` item; unset ones are left out."""
    found = row.get("Variable", [])
    pairs = (item.partition("=") for item in ([found] if isinstance(found, str) else found))
    return {name: value for name, _, value in pairs if value and value != UNSET}


def reachable_phones(devices: Iterable[Row], dialect: Dialect) -> frozenset[Phone]:
    """The phones of a ``DeviceStateList`` that are registered and answer."""
    return frozenset(
        Phone(phone)
        for row in devices
        if text(row, "State") not in GONE
        and (phone := text(row, "Device").removeprefix("PJSIP/")) in dialect.phones
    )


def translate_snapshot(
    channels: Sequence[Row], devices: Iterable[Row], dialect: Dialect, at: Seconds
) -> Reconciled:
    """Put the lists of one snapshot together.

    Args:
        channels: all items of ``Status``, asked with ``VARIABLES``.
        devices: all items of ``DeviceStateList``.
        dialect: which endpoints are phones and which are trunks.
        at: Asterisk's clock when the snapshot began.
    """
    legs = _legs(channels, dialect)
    callers = (row for row in channels if is_trunk(text(row, "Channel"), dialect) and _is_answered(row))
    calls = [call for row in callers if (call := _live_call(row, legs, at)) is not None]
    placed = _placed(channels, {call.call_id for call in calls}, legs, dialect, at)
    phones = (phone_of(text(row, "Channel"), dialect) for row in channels)
    return Reconciled(
        calls=(*calls, *placed),
        reachable_phones=reachable_phones(devices, dialect),
        busy_phones=frozenset(phone for phone in phones if phone is not None),
        at=at,
    )


def _legs(channels: Sequence[Row], dialect: Dialect) -> dict[CallId, list[_Leg]]:
    """For each call the legs that are not the citizen's: of phones, and of those called in from outside."""
    legs: dict[CallId, list[_Leg]] = {}
    for row in channels:
        channel, call = text(row, "Channel"), call_id(text(row, "AccountCode"))
        phone = phone_of(channel, dialect)
        if call is not None and (phone is not None or endpoint_of(channel) == dialect.third):
            up = text(row, "ChannelState") == UP
            legs.setdefault(call, []).append(_Leg(channel, phone, text(row, "BridgeID"), up))
    return legs


def _is_answered(row: Row) -> bool:
    """Not so a citizen whom the centre only calls: until he answers the agent's leg tells of the call."""
    return variables(row).get("HOTLINE_DIRECTION") != Direction.OUTBOUND or text(row, "ChannelState") == UP


def _placed(
    channels: Sequence[Row],
    known: set[CallId],
    legs: Mapping[CallId, Sequence[_Leg]],
    dialect: Dialect,
    at: Seconds,
) -> Iterator[LiveCall]:
    """Calls that the centre places and whose citizen has not answered yet, by the agent's leg."""
    for row in channels:
        if phone_of(text(row, "Channel"), dialect) is None:
            continue
        if variables(row).get("HOTLINE_DIRECTION") != Direction.OUTBOUND:
            continue
        live = _live_call(row, legs, at)
        if live is not None and live.call_id not in known:
            known.add(live.call_id)
            yield replace(live, channel="", uniqueid="", talking=False)


def _live_call(row: Row, legs: Mapping[CallId, Sequence[_Leg]], at: Seconds) -> LiveCall | None:
    """One caller's channel; ``None`` while the dialplan has not yet said what it is."""
    call, held = call_id(text(row, "AccountCode")), variables(row)
    queue = held.get("HOTLINE_QUEUE", "")
    if call is None or held.get("HOTLINE_CALL_ID") != call or not QUEUE.fullmatch(queue):
        return None
    bridge, peer = text(row, "BridgeID"), held.get("HOTLINE_PEER", "")
    # The leg that shares the caller's bridge is the one he talks to; otherwise the one that he talked to
    # before he was put on hold, or any one that rings.
    leg = min(
        (leg for leg in legs.get(call, ()) if leg.phone is not None),
        key=lambda leg: (not bridge or leg.bridge != bridge, leg.channel != peer, leg.channel),
        default=None,
    )
    stage = held.get("HOTLINE_STAGE", "")[:20]
    third = _third(legs.get(call, ()), leg, stage, bridge)
    return LiveCall(
        call_id=call,
        channel=text(row, "Channel"),
        uniqueid=text(row, "Uniqueid"),
        caller=number(held.get("HOTLINE_CALLER", "")),
        dialled=number(held.get("HOTLINE_DIALLED", "")),
        queue=QueueName(queue),
        entered_at=_entered_at(held, text(row, "Uniqueid"), at),
        notice_at=moment(held.get("HOTLINE_NOTICE_AT", "")),
        stage=stage,
        leaving=word(held.get("HOTLINE_LEAVING", "")),
        direction=_direction(held),
        offer_id=offer_id(held.get("HOTLINE_OFFER", "")),
        agent_phone=leg.phone if leg else None,
        agent_channel=leg.channel if leg else "",
        talking=bool(leg and bridge and leg.bridge == bridge),
        priority=PRIORITIES.get(held.get("HOTLINE_PRIORITY", "")),
        place_at=moment(held.get("HOTLINE_PLACE", "")),
        peer=peer[:100],
        paused_until=moment(held.get("HOTLINE_PAUSED_UNTIL", "")),
        third=third.channel if third else "",
        third_phone=third.phone if third else None,
        third_up=third is not None and third.up,
    )


def _third(legs: Iterable[_Leg], agents: _Leg | None, stage: str, bridge: str) -> _Leg | None:
    """Who was called into the talk. A leg that is only on its way out is none."""
    if stage == "talking":  # alone with somebody outside, to whom the agent has handed him over
        return next((leg for leg in legs if leg.phone is None and bridge and leg.bridge == bridge), None)
    if stage not in THIRD_STAGES:
        return None
    others = [leg for leg in legs if leg is not agents and (stage != "outside" or leg.phone is None)]
    return min(others, key=lambda leg: (not leg.up, leg.channel), default=None)


def _direction(held: Mapping[str, str]) -> Direction:
    outbound = held.get("HOTLINE_DIRECTION") == Direction.OUTBOUND
    return Direction.OUTBOUND if outbound else Direction.INBOUND


def _entered_at(held: Mapping[str, str], uniqueid: str, at: Seconds) -> Seconds:
    """When the call came in; a live call is never left out for want of it: the channel's birth will do."""
    entered_at = moment(held.get("HOTLINE_ENTERED_AT", ""))
    if entered_at is not None:
        return entered_at
    born = BORN.search(uniqueid)
    return (moment(born.group(1)) if born else None) or at
