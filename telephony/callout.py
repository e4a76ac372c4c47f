"""The Originate action of a call that the centre places. Pure.

Everything that ``[acd-out]`` and a later snapshot need goes along as channel variables; one underscore: the
citizen's leg inherits them.
"""

import re

from core.commands import StartCallout
from telephony.actions import BadField
from telephony.translate import QUEUE, UUID

DIGITS = re.compile(r"[0-9]{2,20}")


def callout_fields(command: StartCallout) -> dict[str, str]:
    """The fields of the action.

    Raises:
        BadField: a value could mean something else to Asterisk.
    """
    for name, value in (("phone", command.phone), ("number", command.number), ("dialled", command.dialled)):
        if not DIGITS.fullmatch(value):
            raise BadField(f"{name} is not a number", field=name)
    if not UUID.fullmatch(command.call_id) or not QUEUE.fullmatch(command.queue):
        raise BadField("call or queue is malformed", field="call_id")
    variables = {
        "HOTLINE_CALL_ID": command.call_id,
        "HOTLINE_CALLER": command.number,
        "HOTLINE_DIALLED": command.dialled,
        "HOTLINE_QUEUE": command.queue,
        "HOTLINE_ENTERED_AT": f"{command.entered_at:.6f}",
        "HOTLINE_OFFER": str(command.offer_id),
        "HOTLINE_RING": str(round(command.citizen_seconds)),
        "HOTLINE_DIRECTION": "outbound",
        "HOTLINE_STAGE": "calling",
    }
    return {
        "Channel": f"PJSIP/{command.phone}",
        "Context": "acd-out",
        "Exten": command.call_id,
        "Priority": "1",
        "Timeout": str(round(command.phone_seconds * 1000)),
        "CallerID": command.number,
        "Account": command.call_id,
        "Variable": ",".join(f"_{name}={value}" for name, value in variables.items()),
        "Async": "true",
    }
