"""Reasons for breaks and their allowances, as more than one feature needs them. Pure; seconds."""

from dataclasses import dataclass
from enum import StrEnum

from core.vocabulary import Seconds


class Period(StrEnum):
    """What an allowance is for; where each begins is ``agents.breaks.period_start``."""

    DAY = "day"
    """From midnight to midnight, local time."""
    DUTY = "duty"
    """From sitting down after a long absence on: midnight gives a night shift no second allowance."""


class Limit(StrEnum):
    """Which limit of a break reason is meant."""

    ALLOWANCE = "allowance"
    """All breaks of this reason within the period."""
    BREAK = "break"
    """One break."""


class Nearness(StrEnum):
    """How near a limit is; see ``agents.breaks.SOON_SHARE``."""

    FAR = "far"
    SOON = "soon"
    USED_UP = "used_up"


@dataclass(frozen=True, slots=True)
class BreakReason:
    """Why somebody may be away."""

    code: str
    title_zh: str
    title_en: str
    allowance: Seconds | None = None
    """Of all breaks of this reason within ``period``; ``None``: no limit."""
    each: Seconds | None = None
    """Of one break; ``None``: no limit."""
    period: Period = Period.DAY
    productive: bool = False
    """Work that is no call, such as training: counts as working time."""
    default: bool = False
    """Stands for a break that is asked for without a reason."""


@dataclass(frozen=True, slots=True)
class BreakUse:
    """What somebody has used of one reason at one moment."""

    reason: BreakReason
    used: Seconds
    """Within the period, the present break included."""
    present: Seconds | None
    """Length of the present break; ``None``: no break of this reason goes on."""
    allowance_is: Nearness
    break_is: Nearness

    @property
    def left(self) -> Seconds | None:
        """Of the allowance; ``None``: it has no limit."""
        return None if self.reason.allowance is None else max(0.0, self.reason.allowance - self.used)
