"""What the journal of Asterisk and the tables say about the same call, and where they differ. Pure.

The journal is written by Asterisk alone, without the service; the tables by the service alone. Where both
agree, neither has lost or made up a call. ``hotline.audit_calls`` reads the two.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from acd import journal
from acd.outcomes import INCONSISTENT, code_of, meaning
from core.events import CallAnswered, CallArrived, CallHungUp, CalloutConnected, PhonePickedUp
from core.vocabulary import CallId, Outcome, Phone, Seconds

TOLERANCE: Seconds = 1.0
"""Times may differ by this much: a picture taken after an outage tells a moment less exactly."""

SETTLE: Seconds = 60.0
"""What ended less than this ago may not be in the tables yet (a recording's or a ticket's row, a spool)."""


@dataclass(slots=True)
class JournalCall:
    """One call as Asterisk wrote it down."""

    call_id: CallId
    arrived_at: Seconds
    placed: bool = False
    """By the centre."""
    answered_at: Seconds | None = None
    phone: Phone | None = None
    """The agent's phone that answered first."""
    ended_at: Seconds | None = None


@dataclass(frozen=True, slots=True)
class TableCall:
    """The same call as the tables have it."""

    call_id: CallId
    arrived_at: Seconds
    outbound: bool
    answered_at: Seconds | None
    phone: Phone | None
    ended_at: Seconds | None
    outcome: str | None
    cause: str | None
    has_ticket: bool
    has_recording: bool
    to_ring_back: bool


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """One thing that is not as it should be."""

    call_id: CallId
    kind: str
    journal: str = ""
    table: str = ""


@dataclass(slots=True)
class Told:
    """What a journal told."""

    calls: dict[CallId, JournalCall] = field(default_factory=dict)
    first_at: Seconds | None = None
    """Moment of its first line: of earlier calls it knows nothing."""


def tell(lines: Iterable[str], is_phone: Callable[[str], bool]) -> Told:
    """Every call of the journal."""
    parsed = list(journal.parse(lines))
    told = Told(first_at=min((line.at for line in parsed), default=None))
    for event in journal.replay(parsed, is_phone):
        match event:
            case CallArrived():
                told.calls.setdefault(event.call_id, JournalCall(event.call_id, event.at))
            case PhonePickedUp():
                told.calls.setdefault(
                    event.call_id, JournalCall(event.call_id, event.entered_at, placed=True)
                )
            case CallAnswered() | CalloutConnected():
                _answered(told.calls.get(event.call_id), event.phone, event.at)
            case CallHungUp():
                _ended(told.calls.get(event.call_id), event.at)
            case _:
                pass
    return told


def _answered(call: JournalCall | None, phone: Phone, at: Seconds) -> None:
    if call is not None and call.answered_at is None:
        call.answered_at, call.phone = at, phone


def _ended(call: JournalCall | None, at: Seconds) -> None:
    if call is not None:
        call.ended_at = at


def compare(
    told: Mapping[CallId, JournalCall], rows: Mapping[CallId, TableCall], now: Seconds
) -> list[Difference]:
    """Everything that differs, by call.

    Args:
        told: the calls of the journal.
        rows: the calls of the tables.
        now: what has just happened is left out.
    """
    found: list[Difference] = []
    for call_id in told.keys() | rows.keys():
        heard, row = told.get(call_id), rows.get(call_id)
        if heard is not None and row is not None:
            found += _both(heard, row, now)
        elif heard is not None and heard.arrived_at < now - SETTLE:
            found.append(Difference(call_id, "only_in_the_journal", "known", "missing"))
        elif row is not None and not _may_be_unheard(row):
            found.append(Difference(call_id, "only_in_the_tables", "missing", "known"))
        if row is not None:
            found += _incomplete(row, now)
    return sorted(found)


def _may_be_unheard(row: TableCall) -> bool:
    """Asterisk knows nothing of a call that the centre wanted to place, but for which nobody picked up."""
    return row.outbound and row.answered_at is None


def _both(heard: JournalCall, row: TableCall, now: Seconds) -> Iterator[Difference]:
    if not heard.placed:
        yield from _moment(row.call_id, "arrival", heard.arrived_at, row.arrived_at)
    if (heard.answered_at is None) != (row.answered_at is None):
        if heard.answered_at is None or heard.answered_at < now - SETTLE:
            yield Difference(row.call_id, "answered", _yes(heard.answered_at), _yes(row.answered_at))
        return
    yield from _moment(row.call_id, "answer", heard.answered_at, row.answered_at)
    if heard.phone != row.phone and heard.answered_at is not None:
        yield Difference(row.call_id, "phone", heard.phone or "none", row.phone or "none")
    yield from _moment(row.call_id, "end", heard.ended_at, row.ended_at)


def _moment(
    call_id: CallId, what: str, heard: Seconds | None, written: Seconds | None
) -> Iterator[Difference]:
    """A moment that both know: where one of them does not, another rule speaks."""
    if heard is None or written is None or abs(heard - written) <= TOLERANCE:
        return
    yield Difference(call_id, f"time_of_{what}", f"{heard:.3f}", f"{written:.3f} ({written - heard:+.3f} s)")


def _yes(at: Seconds | None) -> str:
    return "no" if at is None else "yes"


def _incomplete(row: TableCall, now: Seconds) -> Iterator[Difference]:
    """What the outcome asks for, seen in the tables alone."""
    if row.ended_at is None:
        return
    means = meaning(Outcome(row.outcome), row.cause or "") if row.outcome else None
    if means is None or code_of(row.cause or "") == INCONSISTENT:
        yield Difference(row.call_id, "outcome", "", f"{row.outcome}/{row.cause}")
        return
    if row.ended_at > now - SETTLE:
        return
    if means.ticket and not row.has_ticket:
        yield Difference(row.call_id, "ticket", "needed", "missing")
    if means.recording and not row.has_recording:
        yield Difference(row.call_id, "recording", "needed", "missing")
    if means.ring_back and not row.outbound and not row.to_ring_back:
        yield Difference(row.call_id, "ring_back", "needed", "missing")


def unfinished(
    told: Mapping[CallId, JournalCall], rows: Mapping[CallId, TableCall], now: Seconds
) -> list[Difference]:
    """Calls whose end Asterisk wrote down some time ago and that have no outcome."""
    return sorted(
        Difference(call_id, "no_outcome", "ended", "open")
        for call_id, row in rows.items()
        if row.ended_at is None
        and (heard := told.get(call_id)) is not None
        and heard.ended_at is not None
        and heard.ended_at < now - SETTLE
    )
