"""What is known about callers by their number: lists, treatments, flags. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from core.vocabulary import Seconds


class ListKind(StrEnum):
    """What a list does for, or with, a caller; the effects are the table ``acd.callers.EFFECTS``."""

    VIP = "vip"
    ELDER_CARE = "elder_care"
    BLOCK = "block"
    """The strongest there is against a caller, and still soft: message, low priority, experienced agents."""
    VOICE_SERVICE = "voice_service"
    SENIOR = "senior"


class Treatment(StrEnum):
    """How a call is treated otherwise than all others; those of lists are named like the list."""

    VIP = "vip"
    ELDER_CARE = "elder_care"
    BLOCK = "block"
    VOICE_SERVICE = "voice_service"
    SENIOR = "senior"
    LOW_PRIORITY = "low_priority"


class FlagCode(StrEnum):
    """What an agent notes about a call; also the reason of a protected disconnect."""

    ABUSIVE = "abusive"
    CLINGING = "clinging"
    THREATENING = "threatening"
    PRANK = "prank"
    SILENT = "silent"
    DISTRESSED = "distressed"


class DisconnectResult(StrEnum):
    """How the warning before a protected disconnect ended."""

    DISCONNECTED = "disconnected"
    STOPPED = "stopped"
    """The agent took it back; the talk goes on."""
    CALLER_LEFT = "caller_left"
    FAILED = "failed"
    """The warning could not be played; the talk goes on."""


@dataclass(frozen=True, slots=True)
class CallerEntry:
    """One entry of a list that is in force."""

    entry_id: int
    number: str
    """Digits."""
    is_prefix: bool
    """Every number that begins so."""
    kind: ListKind
    low_priority: bool
    """Beside what the kind does."""
    expires_at: Seconds
