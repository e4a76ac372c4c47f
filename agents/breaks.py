"""What people have used of their break allowances, and when they are told. Pure.

Used = the seconds of spells in BREAK for this reason within the period of the allowance. What counts is the
reason's code: the break after the log-in, and one that a supervisor imposes in his own words, cost nothing.
A limit is *near* from ``SOON_SHARE`` of it on and *used up* at all of it. Nobody is ever sent back to work.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from zoneinfo import ZoneInfo

from agents.timesheet import Spell
from core.breaks import BreakReason, BreakUse, Limit, Nearness, Period
from core.vocabulary import AgentId, AgentState, Seconds

SOON_SHARE = 0.8
"""From this share of a limit on it is near."""

ABSENCE_SECONDS: Seconds = 6 * 3600.0
"""Who was away for so long begins a new duty; a meal at home does not make one."""

KEPT_SECONDS: Seconds = 36 * 3600.0
"""How far back spells matter: a long day, or a night shift and the day before."""

ROUNDING_SECONDS: Seconds = 1e-3
"""A timer that fires a hair early finds its limit reached all the same."""


@dataclass(slots=True)
class Ledger:
    """What is known of one person's breaks; kept across log-outs."""

    spells: list[Spell] = field(default_factory=list)
    """Ended breaks, oldest first."""
    duty_since: Seconds | None = None
    left_at: Seconds | None = None
    """When he logged out; ``None`` while he is at a phone."""

    def comes(self, at: Seconds) -> None:
        """He sits down; what is too old to matter is forgotten."""
        if self.duty_since is None or (self.left_at is not None and at - self.left_at >= ABSENCE_SECONDS):
            self.duty_since = at
        self.left_at = None
        self.spells = [spell for spell in self.spells if spell.end > at - KEPT_SECONDS]

    def goes(self, at: Seconds) -> None:
        """He logs out."""
        self.left_at = at


@dataclass(slots=True)
class BreakMemory:
    """Of the routing engine: reasons, everybody's breaks, and what has been said."""

    reasons: dict[str, BreakReason] = field(default_factory=dict)
    """By code; while there is none, any text will do as a reason."""
    zone: str = "Asia/Shanghai"
    """Of local days."""
    ledgers: dict[AgentId, Ledger] = field(default_factory=dict)
    told: dict[AgentId, dict[Limit, Nearness]] = field(default_factory=dict)
    """Warnings of the break that goes on."""
    look_at: dict[AgentId, Seconds] = field(default_factory=dict)
    """When the next limit of it is reached."""

    @property
    def default(self) -> str:
        """Code of the reason that stands for none, ``""`` when there is no such reason."""
        return next((reason.code for reason in self.reasons.values() if reason.default), "")


def ledger_of(found: Iterable[Spell]) -> Ledger:
    """A ledger out of an agent's spells, oldest first; the break that goes on is not in it."""
    ledger = Ledger()
    present = False
    for spell in found:
        offline = spell.state is AgentState.OFFLINE
        if offline and present:
            ledger.goes(spell.start)
        elif not offline and not present:
            ledger.comes(spell.start)
        present = not offline
        if spell.state is AgentState.BREAK and not spell.goes_on:
            ledger.spells.append(spell)
    return ledger


def day_start(at: Seconds, zone: str) -> Seconds:
    """The local midnight before a moment."""
    local = datetime.fromtimestamp(at, ZoneInfo(zone))
    return datetime.combine(local.date(), time(), local.tzinfo).timestamp()


def period_start(ledger: Ledger, period: Period, now: Seconds, zone: str) -> Seconds:
    """From when on breaks count for an allowance at this moment."""
    if period is Period.DUTY and ledger.duty_since is not None:
        return ledger.duty_since
    return day_start(now, zone)


def use(
    ledger: Ledger, reason: BreakReason, present_since: Seconds | None, now: Seconds, zone: str
) -> BreakUse:
    """What has been used of one reason.

    Args:
        ledger: the person's ended breaks.
        reason: of which.
        present_since: when the present break began, ``None`` unless it is for this very reason.
        now: at which moment.
        zone: of local days.
    """
    start = period_start(ledger, reason.period, now, zone)
    used = sum(s.within(start, now) for s in ledger.spells if s.reason == reason.code)
    present = None if present_since is None else max(0.0, now - present_since)
    if present_since is not None:
        used += max(0.0, now - max(start, present_since))
    return BreakUse(
        reason, used, present, nearness(used, reason.allowance), nearness(present or 0.0, reason.each)
    )


def nearness(used: Seconds, limit: Seconds | None) -> Nearness:
    """How near a limit is."""
    if limit is None or used + ROUNDING_SECONDS < SOON_SHARE * limit:
        return Nearness.FAR
    return Nearness.SOON if used + ROUNDING_SECONDS < limit else Nearness.USED_UP


def next_look(seen: BreakUse, now: Seconds) -> Seconds | None:
    """When the present break reaches its next limit; ``None``: none is ahead."""
    ahead = [
        *_ahead(seen.used, seen.reason.allowance),
        *_ahead(seen.present or 0.0, seen.reason.each),
    ]
    return now + min(ahead) if ahead else None


def _ahead(used: Seconds, limit: Seconds | None) -> list[Seconds]:
    if limit is None:
        return []
    marks = (SOON_SHARE * limit - used, limit - used)
    return [seconds for seconds in marks if seconds > ROUNDING_SECONDS]


def uses(
    memory: BreakMemory, agent_id: AgentId, present: Mapping[str, Seconds], now: Seconds
) -> list[BreakUse]:
    """What somebody has used of every reason; ``present``: code -> beginning of the present break."""
    ledger = memory.ledgers.get(agent_id, Ledger())
    return [
        use(ledger, reason, present.get(code), now, memory.zone) for code, reason in memory.reasons.items()
    ]
