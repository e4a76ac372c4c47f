"""Mainland telephone numbers: what may be dialled, and one way of writing each. Pure.

The rules are those of the national numbering plan (YD/T 2588 and the numbering plan of the MIIT): mobile
numbers have 11 digits and begin with 1 and 3 to 9, area codes are 010, 02x and 0xxx, 16x is premium
information, 00 goes abroad. ``phonenumbers`` calls 12345 itself invalid, so the table is our own.
"""

import re
from enum import StrEnum


class NumberKind(StrEnum):
    """What a number is."""

    MOBILE = "mobile"
    LANDLINE = "landline"
    """With its area code."""
    LOCAL = "local"
    """Without one: in the city of the hotline."""
    SERVICE = "service"
    """400, 800, 95xxx, 96xxx, 12xxx, 10xxx."""
    EMERGENCY = "emergency"
    """110, 119, 120, 122: called in an action of its own, never like this."""
    PREMIUM = "premium"
    INTERNATIONAL = "international"


PATTERNS: tuple[tuple[NumberKind, re.Pattern[str]], ...] = (
    (NumberKind.EMERGENCY, re.compile(r"11[09]|12[02]")),
    (NumberKind.INTERNATIONAL, re.compile(r"00[1-9][0-9]{5,14}")),
    (NumberKind.PREMIUM, re.compile(r"16[0-9]{1,9}|0[1-9][0-9]{1,2}16[08][0-9]{0,8}")),
    (NumberKind.MOBILE, re.compile(r"1[3-9][0-9]{9}")),
    (NumberKind.LANDLINE, re.compile(r"0(?:10|2[0-9])[1-9][0-9]{6,7}|0[3-9][0-9]{2}[1-9][0-9]{6,7}")),
    (NumberKind.SERVICE, re.compile(r"[48]00[0-9]{7}|9[56][0-9]{3,6}|1[02][0-9]{3,6}")),
    (NumberKind.LOCAL, re.compile(r"[2-8][0-9]{6,7}")),
)
"""The first that fits the whole number counts. 165, 166 and 167 with 11 digits are mobile numbers (below)."""

MOBILE_16 = re.compile(r"16[2567][0-9]{8}")

ORDINARY = frozenset({NumberKind.MOBILE, NumberKind.LANDLINE, NumberKind.LOCAL, NumberKind.SERVICE})
"""What is dialled unless the settings say otherwise."""


def normal(number: str) -> str:
    """One way of writing a number: without blanks, hyphens and China's country code.

    A number with another country code begins with ``00``. What is no number at all comes out as it is,
    without blanks and hyphens.
    """
    digits = re.sub(r"[\s()-]", "", number)
    if digits.startswith("+"):
        digits = f"00{digits[1:]}"
    if digits.startswith("0086"):
        return _national(digits[4:])
    if re.fullmatch(r"861[3-9][0-9]{9}", digits):
        return digits[2:]
    return digits


def _national(number: str) -> str:
    """A number that followed +86: an area code lost its 0 there."""
    if number.startswith(("0", "1")) and not re.fullmatch(r"10[1-9][0-9]{7}", number):
        return number
    return f"0{number}"


def kind_of(number: str) -> NumberKind | None:
    """What a number in normal form is; ``None``: it cannot be dialled."""
    if MOBILE_16.fullmatch(number):
        return NumberKind.MOBILE
    return next((kind for kind, pattern in PATTERNS if pattern.fullmatch(number)), None)
