"""What may go into an AMI action, and the actions that the hotline sends.

panoramisk writes values as they are: a line break in one would be a header, or an action, of the writer's
choosing (defect 18). So every field passes ``checked`` before an ``Action`` is built.
"""

import re
import secrets
import unicodedata
from collections.abc import Mapping

from panoramisk.actions import Action

from core.errors import InvalidInput

LONGEST_FIELD = 1024
"""Bytes of one value in UTF-8."""

HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,39}")
CHANNEL = re.compile(r"[A-Za-z0-9]{1,20}/[A-Za-z0-9_.+@:-]{1,100}-[0-9a-f]{8}")
"""A full channel name; shorter ones match by prefix, and ``/.../`` is a pattern."""

VARIABLE = re.compile(r"HOTLINE_[A-Z_]{1,30}")

ORIGINATES: Mapping[str, re.Pattern[str]] = {
    "acd-out": re.compile(r"PJSIP/[0-9]{2,10}"),
    "talk-conference": re.compile(r"PJSIP/[0-9]{2,20}@third"),
}
"""Where calls that the service places begin, and whom they are placed to: an agent's phone, which then calls
the citizen; somebody outside who joins a talk."""

LISTS = frozenset({"Status", "QueueStatus", "DeviceStateList"})
"""Actions answered by a list. For all others exactly one answer counts, whatever it says (defect 7)."""


class BadField(InvalidInput, ValueError):
    """A value that must not reach Asterisk; at the API it is the person's fault and a 422."""


def checked(name: str, value: str) -> str:
    """The value, if it may be sent.

    Raises:
        BadField: it contains a control character or line separator, or is longer than ``LONGEST_FIELD``.
    """
    if len(value.encode(errors="replace")) > LONGEST_FIELD:
        raise BadField(f"{name} is longer than {LONGEST_FIELD} bytes", field=name)
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in value):
        raise BadField(f"{name} contains a control character", field=name)
    return value


def checked_channel(value: str) -> str:
    """The value, if it is the full name of one channel; raises ``BadField`` otherwise."""
    if not CHANNEL.fullmatch(checked("Channel", value)):
        raise BadField("Channel is not the full name of a channel", field="Channel")
    return value


def checked_variable(name: str) -> str:
    """The name, if it is that of a variable of ours; raises ``BadField`` otherwise (functions write, too)."""
    if not VARIABLE.fullmatch(name):
        raise BadField("Variable is not one of the hotline's", field="Variable")
    return name


def _check_originate(fields: Mapping[str, str]) -> None:
    """Calls are only placed into contexts of ours, to whom each is for: no application, no other channel."""
    if {"application", "data"} & {header.lower() for header in fields}:
        raise BadField("an application is never originated", field="Application")
    whom = ORIGINATES.get(fields.get("Context", ""))
    if whom is None:
        raise BadField("Context is not that of calls that the centre places", field="Context")
    if not whom.fullmatch(fields.get("Channel", "")):
        raise BadField("Channel is nobody whom this context is for", field="Channel")


def build(name: str, fields: Mapping[str, str]) -> Action:
    """An action ready to be sent, under an ActionID that nobody outside can guess.

    The answers to an action carry no system tag; the ActionID is what tells them from forged ones.

    Raises:
        BadField: see ``checked``.
    """
    if name == "Originate":
        _check_originate(fields)
    headers = {"Action": checked("Action", name), "ActionID": secrets.token_hex(16)}
    for header, value in fields.items():
        if not HEADER.fullmatch(header) or header.lower() in {"action", "actionid"}:
            raise BadField("not a header name", field=header)
        headers[header] = checked(header, value)
    return Action(headers)
