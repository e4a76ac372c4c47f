"""One agent's figures of one day, out of rows of states and talks. Pure; recomputable at any time.

- handled = calls of which a part was his and began that day (citizens who called, and those he called);
- average handle time = talk + hold + wrap-up, each the day's sum / handled; talk = contact - hold, contact =
  the lengths of his parts of talks, hold = the part of them that the citizen spent on hold, wrap-up = time in
  WRAP_UP (``agents.timesheet``);
- the break allowances are those at the day's end, or at the present moment of a day that goes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from agents.breaks import ledger_of, use
from agents.timesheet import Spell, Timesheet, timesheet
from core.breaks import BreakReason, BreakUse
from core.vocabulary import AgentState, Seconds


@dataclass(frozen=True, slots=True)
class Contacts:
    """An agent's talks of one day."""

    inbound: int = 0
    outbound: int = 0
    contact: Seconds = 0.0
    hold: Seconds = 0.0

    @property
    def handled(self) -> int:
        """All calls."""
        return self.inbound + self.outbound


@dataclass(frozen=True, slots=True)
class BreakDay:
    """Breaks of one reason."""

    count: int
    """Begun that day."""
    seconds: Seconds
    """Within the day."""
    use: BreakUse


@dataclass(frozen=True, slots=True)
class Day:
    """All figures of one agent's day."""

    sheet: Timesheet
    contacts: Contacts
    breaks: tuple[BreakDay, ...]

    @property
    def not_responding(self) -> int:
        """How often."""
        return self.sheet.entered.get(AgentState.NOT_RESPONDING, 0)

    def average(self, seconds: Seconds) -> Seconds | None:
        """A sum per handled call; ``None`` without calls."""
        return seconds / self.contacts.handled if self.contacts.handled else None

    @property
    def talk(self) -> Seconds:
        """With the citizen on the line."""
        return max(0.0, self.contacts.contact - self.contacts.hold)

    @property
    def wrap_up(self) -> Seconds:
        """After calls."""
        return self.sheet.of(AgentState.WRAP_UP)

    @property
    def handle_time(self) -> Seconds | None:
        """Average of talk, hold and wrap-up together."""
        return self.average(self.talk + self.contacts.hold + self.wrap_up)


def day_of(
    spells: Sequence[Spell],
    contacts: Contacts,
    reasons: Sequence[BreakReason],
    start: Seconds,
    end: Seconds,
    zone: str,
) -> Day:
    """The figures.

    Args:
        spells: of the agent, from a while before the day's beginning (for allowances of a duty) to ``end``.
        contacts: what the talks come to.
        reasons: of breaks.
        start: local midnight.
        end: the next one, or the present moment.
        zone: of local days.
    """
    productive = frozenset(reason.code for reason in reasons if reason.productive)
    ledger = ledger_of(spells)
    last = spells[-1] if spells and spells[-1].state is AgentState.BREAK else None
    breaks = []
    for reason in reasons:
        present = last.start if last is not None and last.reason == reason.code else None
        mine = [s for s in spells if s.state is AgentState.BREAK and s.reason == reason.code]
        breaks.append(
            BreakDay(
                sum(start <= s.start < end for s in mine),
                sum(s.within(start, end) for s in mine),
                use(ledger, reason, present, end, zone),
            )
        )
    return Day(timesheet(spells, start, end, productive), contacts, tuple(breaks))
