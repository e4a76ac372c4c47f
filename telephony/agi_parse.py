"""The words of AGI: requests and replies in, values out, and arguments made safe. Pure.

panoramisk's parser loses ``200 result= (timeout)`` (defect 22) and decodes strictly (defect 23); its table of
reply codes is used as it is.
"""

import re
import unicodedata
from dataclasses import dataclass

from panoramisk.utils import agi_code_check

LONGEST_VALUE = 1024
"""Bytes of one argument in UTF-8."""

REPLY = re.compile(r"([0-9]{3})(?:[ -](.*))?", re.DOTALL)
RESULT = re.compile(r"result=(\S*)(?: \((.*)\))?", re.DOTALL)
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}(?:\([A-Za-z0-9_,/-]{0,80}\))?")
DIGITS = re.compile(r"[0-9*#]{0,12}")


@dataclass(frozen=True, slots=True)
class Reply:
    """Asterisk's answer to one AGI command."""

    code: int
    result: str
    """What follows ``result=``; may be empty."""
    data: str
    """What stands in brackets behind it."""

    @property
    def error(self) -> str:
        """The name in panoramisk's table for a code other than 200, ``""`` for 200."""
        return "" if self.code == 200 else str(agi_code_check(self.code)["error"])  # noqa: PLR2004 - AGI's word for success


def parse_reply(line: str) -> Reply | None:
    """Read one reply line; ``None`` when it is not one (a ``HANGUP`` notice, or noise)."""
    match = REPLY.fullmatch(line)
    if match is None:
        return None
    found = RESULT.match(match.group(2) or "")
    if found is None:
        return Reply(int(match.group(1)), "", "")
    return Reply(code=int(match.group(1)), result=found.group(1), data=found.group(2) or "")


def parse_request(block: bytes) -> dict[str, str]:
    """The variables of a request, without the prefix ``agi_``; what is not a variable is left out."""
    pairs = (line.partition(": ") for line in block.decode("utf-8", "replace").split("\n"))
    return {name.removeprefix("agi_"): value for name, colon, value in pairs if colon and name[:4] == "agi_"}


def quoted(value: str) -> str:
    """A value as one AGI argument.

    Raises:
        ValueError: it contains a quote, a control character or a line separator, or is too long.
    """
    if len(value.encode(errors="replace")) > LONGEST_VALUE:
        raise ValueError(f"the value is longer than {LONGEST_VALUE} bytes")
    if any(c == '"' or unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in value):
        raise ValueError("the value contains a quote or a control character")
    return '"' + value.replace("\\", "\\\\") + '"'


def variable_name(name: str) -> str:
    """The name of a channel variable or dialplan function; raises ``ValueError`` when it is not one."""
    if not VARIABLE.fullmatch(name):
        raise ValueError("not the name of a channel variable")
    return name


def digits(keys: str) -> str:
    """Keys that may interrupt a sound; raises ``ValueError`` when one is no key."""
    if not DIGITS.fullmatch(keys):
        raise ValueError("not keys of a telephone")
    return keys


def key(result: str) -> str:
    """The key that a result names by its character code, ``""`` for none (``0``)."""
    code = int(result) if result.isascii() and result.isdigit() else 0
    character = chr(code) if 0 < code < 128 else ""  # noqa: PLR2004 - the end of ASCII
    return character if character in "0123456789*#ABCD" else ""
