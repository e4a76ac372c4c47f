"""Carries out what happens inside a talk: legs sent elsewhere, sound switched, a third party called.

Channel names are used again after a restart of Asterisk, so every leg is looked at before it is touched: it
must carry the call's account code.
"""

import structlog

from core.commands import MoveLegs, RingThird, SetSound
from core.ports import TelephonyError
from core.talk import Leg, Sound
from core.vocabulary import CallId
from telephony import snapshot
from telephony.actions import BadField, checked_channel, checked_variable
from telephony.connection import AmiConnection

log = structlog.get_logger()

RING_MILLISECONDS = 60_000
"""How long an emergency service is rung."""

MUTE = "MUTEAUDIO(in)"
"""Function of ``res_mutestream``: what comes from the phone is heard by nobody."""


async def move(connection: AmiConnection, command: MoveLegs) -> None:
    """Send legs elsewhere in the dialplan, then hang up those that are of no more use.

    Raises:
        TelephonyError: a leg is gone or another call's, or Asterisk refused; groups before it have moved.
    """
    for group in command.groups:
        for leg in group:
            await _check(connection, leg.channel, command.call_id)
    for name, value in command.variables:
        await connection.action(
            "Setvar",
            Channel=checked_channel(command.channel),
            Variable=checked_variable(name),
            Value=value,
        )
    for group in command.groups:
        await connection.action("Redirect", **_redirect(group))
    for channel in command.hang_up:
        await _hang_up(connection, channel, command.call_id)


def _redirect(group: tuple[Leg, ...]) -> dict[str, str]:
    """Fields of one Redirect: two legs move at once, or neither."""
    first, *others = group
    fields = {
        "Channel": checked_channel(first.channel),
        "Context": first.context,
        "Exten": first.exten,
        "Priority": "1",
    }
    for leg in others:
        fields |= {
            "ExtraChannel": checked_channel(leg.channel),
            "ExtraContext": leg.context,
            "ExtraExten": leg.exten,
            "ExtraPriority": "1",
        }
    return fields


async def _check(connection: AmiConnection, channel: str, call: CallId) -> None:
    row = await snapshot.channel(connection, checked_channel(channel))
    if row is None or row.get("AccountCode") != call:
        raise TelephonyError("a leg of the talk is gone")


async def _hang_up(connection: AmiConnection, channel: str, call: CallId) -> None:
    """End one leg; one that is gone already is as good."""
    try:
        await _check(connection, channel, call)
        await connection.action("Hangup", Channel=channel, Cause="16")
    except TelephonyError as error:
        log.debug("leg_not_hung_up", call_id=call, error=str(error))


async def set_sound(connection: AmiConnection, command: SetSound) -> None:
    """Mute a leg, or record silence for a while; raises ``TelephonyError``."""
    await _check(connection, command.channel, command.call_id)
    if command.sound in (Sound.MUTE, Sound.UNMUTE):
        value = "on" if command.sound is Sound.MUTE else "off"
        await connection.action("Setvar", Channel=command.channel, Variable=MUTE, Value=value)
    else:
        state = "1" if command.sound is Sound.RECORD_PAUSE else "0"
        await connection.action("MixMonitorMute", Channel=command.channel, Direction="both", State=state)


async def ring_third(connection: AmiConnection, command: RingThird) -> None:
    """Call somebody outside into the conference of a call; raises ``TelephonyError`` or ``BadField``."""
    if not command.dial.isdecimal():
        raise BadField("only digits are dialled", field="Channel")
    await _check(connection, command.citizen, command.call_id)
    await connection.action(
        "Originate",
        Channel=f"PJSIP/{command.dial}@third",
        Context="talk-conference",
        Exten="party",
        Priority="1",
        Timeout=str(RING_MILLISECONDS),
        Account=command.call_id,
        Variable=f"HOTLINE_CITIZEN={checked_channel(command.citizen)}",
        Async="true",
    )
