"""An agent's day out of the rows of states: how long in which state, and what follows from it. Pure.

A row says when a state began; the next row of the same agent ends it. Formulas, all in seconds of one period:

- time in a state = the parts of its spells that lie within the period;
- staffed = everything but OFFLINE;
- wrap-up = time in WRAP_UP, contact = time in TALKING and OUTBOUND, idle = time in READY and RINGING;
- occupancy = (contact + wrap-up) / (contact + wrap-up + idle), nothing while the denominator is 0;
- productive = staffed - breaks whose reason is not productive - NOT_RESPONDING. The stress room counts as
  working time: it is part of the work, and neutral in every comparison of people.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core.vocabulary import AgentState, CallId, Seconds


@dataclass(frozen=True, slots=True)
class Change:
    """One row of ``agent_states``, in the order of their numbers."""

    to_state: AgentState
    reason: str
    cause: str
    at: Seconds
    call_id: CallId | None = None


@dataclass(frozen=True, slots=True)
class Spell:
    """One uninterrupted time in a state, for one reason."""

    state: AgentState
    reason: str
    cause: str
    start: Seconds
    end: Seconds
    """The present moment for the one that goes on."""
    goes_on: bool = False
    call_id: CallId | None = None

    def within(self, start: Seconds, end: Seconds) -> Seconds:
        """Seconds of it that lie between two moments."""
        return max(0.0, min(self.end, end) - max(self.start, start))


def spells(rows: Iterable[Change], now: Seconds) -> list[Spell]:
    """Spells out of rows; rows that stay in a state for the same reason (longer wrap-up) prolong it."""
    found: list[Spell] = []
    for row in rows:
        last = found[-1] if found else None
        if last is not None and (last.state, last.reason) == (row.to_state, row.reason):
            continue
        if last is not None:
            found[-1] = _until(last, max(last.start, row.at))
        found.append(Spell(row.to_state, row.reason, row.cause, row.at, row.at, call_id=row.call_id))
    if found:
        found[-1] = _until(found[-1], max(found[-1].start, now), goes_on=True)
    return found


def _until(spell: Spell, end: Seconds, *, goes_on: bool = False) -> Spell:
    return Spell(spell.state, spell.reason, spell.cause, spell.start, end, goes_on, spell.call_id)


@dataclass(frozen=True, slots=True)
class Timesheet:
    """What spells of one period come to."""

    by_state: Mapping[AgentState, Seconds]
    unproductive_breaks: Seconds = 0.0
    entered: Mapping[AgentState, int] = field(default_factory=dict)
    """How often each state began within the period."""

    def of(self, *states: AgentState) -> Seconds:
        """Seconds in any of these."""
        return sum(self.by_state.get(state, 0.0) for state in states)

    @property
    def staffed(self) -> Seconds:
        """At a phone."""
        return sum(seconds for state, seconds in self.by_state.items() if state is not AgentState.OFFLINE)

    @property
    def contact(self) -> Seconds:
        """With callers, or calling them."""
        return self.of(AgentState.TALKING, AgentState.OUTBOUND)

    @property
    def productive(self) -> Seconds:
        """Staffed, less private breaks and times of not responding."""
        return self.staffed - self.unproductive_breaks - self.of(AgentState.NOT_RESPONDING)

    @property
    def occupancy(self) -> float | None:
        """Share of the time at calls that was not spent waiting for one, 0 to 1; ``None``: no such time."""
        busy = self.contact + self.of(AgentState.WRAP_UP)
        whole = busy + self.of(AgentState.READY, AgentState.RINGING)
        return busy / whole if whole > 0 else None


def timesheet(
    found: Sequence[Spell], start: Seconds, end: Seconds, productive_reasons: frozenset[str] = frozenset()
) -> Timesheet:
    """What the spells come to between two moments.

    Args:
        found: spells of one agent; those outside count for nothing.
        start: beginning of the period.
        end: its end.
        productive_reasons: codes of breaks that count as work.
    """
    by_state: dict[AgentState, Seconds] = dict.fromkeys(AgentState, 0.0)
    entered: dict[AgentState, int] = dict.fromkeys(AgentState, 0)
    private = 0.0
    for spell in found:
        seconds = spell.within(start, end)
        by_state[spell.state] += seconds
        entered[spell.state] += start <= spell.start < end
        if spell.state is AgentState.BREAK and spell.reason not in productive_reasons:
            private += seconds
    return Timesheet(by_state, private, entered)
