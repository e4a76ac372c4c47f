"""Asks Asterisk for everything that lives, in the order that makes the answer usable.

AMI has no replay: after a (re)connect, and every now and then to heal, the picture comes from here. The
lists are complete, with the right count, or there is no picture.
"""

from core.events import Reconciled
from telephony.connection import ActionRefused, AmiConnection, Row
from telephony.offset import ClockOffset
from telephony.picture import VARIABLES, translate_snapshot
from telephony.translate import Dialect

NO_CHANNEL = "No such channel"


async def take(connection: AmiConnection, clock: ClockOffset, dialect: Dialect) -> Reconciled:
    """Take one snapshot; ``at`` is Asterisk's clock when it began.

    Raises:
        TelephonyError: a part is missing or incomplete.
    """
    began = await connection.ping(clock)
    channels = await connection.listing("Status", Variables=",".join(VARIABLES))
    devices = await connection.listing("DeviceStateList")
    await connection.ping(clock)
    return translate_snapshot(channels, devices, dialect, began)


async def channel(connection: AmiConnection, name: str) -> Row | None:
    """A fresh look at one channel, ``None`` when it is gone."""
    try:
        rows = await connection.listing("Status", Channel=name)
    except ActionRefused as error:
        if error.reason == NO_CHANNEL:
            return None
        raise
    return next((row for row in rows if row.get("Channel") == name), None)
