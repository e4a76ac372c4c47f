"""The only home of masks: how much of a citizen's number, name or text is shown to whom. PURE.

Used by everything that shows or writes what a citizen said: API, feed, logs, exports. A mask keeps the length
of a number, so that a wrong one is still recognised, and at most seven of its digits.
"""

import re
from collections.abc import Callable
from datetime import date

from core.identity import Account, Permission
from core.vocabulary import AgentId

MOBILE_DIGITS = 11
LANDLINE_DIGITS = 7

_COMPOUND = "欧阳司马上官诸葛东方皇甫尉迟公孙令狐慕容夏侯司徒端木南宫宇文长孙"
_COMPOUND_SURNAMES = frozenset(_COMPOUND[place : place + 2] for place in range(0, len(_COMPOUND), 2))

_DIGIT = "[0-9０-９]"
_ID_CARD = re.compile(rf"(?<!{_DIGIT})(?:{_DIGIT}{{17}}[0-9０-９XxＸｘ]|{_DIGIT}{{15}})(?!{_DIGIT})")
_MOBILE = re.compile(
    rf"(?<!{_DIGIT})(?:(?:\+|00)?86[- ]?)?"
    rf"[1１][3-9３-９]{_DIGIT}[- ]?{_DIGIT}{{4}}[- ]?{_DIGIT}{{4}}(?!{_DIGIT})"
)
_LANDLINE = re.compile(rf"(?<!{_DIGIT})[0０]{_DIGIT}{{2,3}}[- ]?{_DIGIT}{{7,8}}(?!{_DIGIT})")
_LONG = re.compile(rf"(?<!{_DIGIT}){_DIGIT}{{7,}}(?!{_DIGIT})")
"""Anything else that may be a number of a person: a land line without area code, a bank card, a passport."""

_DATE_DIGITS = 8


def mask_number(number: str) -> str:
    """A phone number as lists and logs show it: ``13812345678`` -> ``138****5678``; the length stays.

    From 11 characters on the first 3 and the last 4 stay, from 7 on two at each end, of shorter ones none.
    """
    if len(number) >= MOBILE_DIGITS:
        return number[:3] + "*" * (len(number) - 7) + number[-4:]
    if len(number) >= LANDLINE_DIGITS:
        return number[:2] + "*" * (len(number) - 4) + number[-2:]
    return "*" * len(number)


def mask_id_card(number: str) -> str:
    """An ID-card number: the first three digits (province, city) and the last one stay."""
    return number[:3] + "*" * (len(number) - 4) + number[-1:]


def mask_name(name: str) -> str:
    """A person's name: the surname of a Chinese one stays, of every word of another one the first letter."""
    if name[:2] in _COMPOUND_SURNAMES and len(name) > 2:  # noqa: PLR2004 - the surname has two characters
        return name[:2] + "*" * (len(name) - 2)
    return " ".join(word[:1] + "*" * (len(word) - 1) for word in name.split(" "))


def mask_text(text: str) -> str:
    """Free text with every ID-card and phone number in it masked, also in full-width digits.

    Any other seven or more digits in a row are masked as well, unless they are a date (20261124).
    """
    for pattern, hide in _PATTERNS:
        text = pattern.sub(hide, text)
    return text


def _hide(mask: Callable[[str], str]) -> Callable[[re.Match[str]], str]:
    return lambda found: mask(found[0])


def _hide_unless_date(found: re.Match[str]) -> str:
    return found[0] if _is_date(found[0]) else mask_number(found[0])


def _is_date(digits: str) -> bool:
    if len(digits) != _DATE_DIGITS or not digits.isascii() or digits[:2] not in ("19", "20"):
        return False
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True


_PATTERNS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (_ID_CARD, _hide(mask_id_card)),
    (_MOBILE, _hide(mask_number)),
    (_LANDLINE, _hide(mask_number)),
    (_LONG, _hide_unless_date),
)


def may_unmask(account: Account, owner: AgentId | None) -> bool:
    """Whether the account may ask, with a reason, for personal data of a call that ``owner`` answered.

    Whoever has the permission may, and whoever's own call it is. Staff of a contractor never may: they see
    a number only while they talk with its owner (``in_full``).
    """
    return not account.contractor and (Permission.UNMASK in account.permissions or owner == account.id)


def in_full(account: Account, owner: AgentId | None, *, talking: bool) -> bool:
    """Whether a view of one call or ticket shows the number in full, without asking.

    Args:
        account: who looks.
        owner: who answered the call.
        talking: whether ``account`` is in this call, or finishes it, at this moment: the agent must be able
            to ring back whoever is cut off, and to read the number back to the caller.
    """
    return talking or (owner == account.id and not account.contractor)
