"""``hotline audit calls``: Asterisk's own journal held against the tables, call by call.

Reads only. Call ids, phones of agents and times are told; no number of a citizen.
"""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from asyncpg import Record

from core import clock
from core.errors import ConfigurationError, InvalidInput
from core.vocabulary import CallId, Phone, Seconds
from db import queries
from db.pool import Database
from hotline import audit_rules, conservation, dsn, journal_files, runtime
from hotline.audit_rules import Difference, TableCall
from hotline.settings import Settings

SQL = queries.load(Path(__file__).with_name("audit_calls.sql"))

DAY: Seconds = 86400.0

DIFFERENT = 1
"""Exit code when anything differs; 2 is bad input or a hotline that cannot be read."""

audit_app = typer.Typer(no_args_is_help=True, help="Comparisons that must come out even.")


@dataclass(frozen=True, slots=True)
class Report:
    """What came of one comparison."""

    since: Seconds
    until: Seconds
    journal_from: Seconds
    """Calls before this moment are not in the journal (any more) and were not compared."""
    compared: int
    differences: list[Difference]


@audit_app.callback()
def _audit() -> None:
    """Comparisons that must come out even."""


@audit_app.command("calls")
def calls(
    since: Annotated[str, typer.Option("--from", help="ISO 8601; left out: a day before --to.")] = "",
    until: Annotated[str, typer.Option("--to", help="ISO 8601; left out: now.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of lines.")] = False,  # noqa: FBT002 - an option of the command line
) -> None:
    """Compare Asterisk's journal with the tables; exit code 1 when anything differs."""
    to = _moment(until, "to") if until else clock.wall()
    begin = _moment(since, "from") if since else to - DAY
    if begin >= to:
        raise InvalidInput("--from must lie before --to", field="from")
    report = asyncio.run(audit(Settings(), begin, to))
    typer.echo(_json(report) if as_json else _text(report))
    raise typer.Exit(DIFFERENT if report.differences else 0)


async def audit(settings: Settings, since: Seconds, until: Seconds, now: Seconds | None = None) -> Report:
    """Compare.

    Args:
        settings: of a running hotline.
        since: arrivals from here on.
        until: arrivals before this moment.
        now: what ended shortly before it may not be written yet; unset: the present.

    Raises:
        ConfigurationError: journal or database cannot be read.
    """
    now = clock.wall() if now is None else now
    told = await asyncio.to_thread(_told, settings)
    begin = max(since, told.first_at if told.first_at is not None else until)
    heard = {key: call for key, call in told.calls.items() if since <= call.arrived_at < until}
    database = Database(dsn.of_running(settings), max_size=1)
    await database.connect()
    try:
        rows = await _rows(database, begin, until, heard)
        strange = await conservation.contradictions(database, begin)
    finally:
        await database.close()
    differences = [
        *audit_rules.compare(heard, rows, now),
        *audit_rules.unfinished(heard, rows, now),
        *(Difference(call_id, kind) for kind, call_id in strange if call_id in rows),
    ]
    return Report(since, until, begin, len(heard.keys() | rows.keys()), sorted(set(differences)))


def _told(settings: Settings) -> audit_rules.Told:
    path = runtime.load(settings).journal
    if not path:
        raise ConfigurationError("the journal of this Asterisk cannot be read from here")
    phones = frozenset(settings.phone_numbers)
    return audit_rules.tell(journal_files.lines_of(Path(path)), phones.__contains__)


async def _rows(
    database: Database, since: Seconds, until: Seconds, named: Iterable[CallId]
) -> dict[CallId, TableCall]:
    found = await database.fetch(SQL["calls"], since, until, list(named))
    return {CallId(row["call_id"]): _row(row) for row in found}


def _row(row: Record) -> TableCall:
    return TableCall(
        call_id=CallId(row["call_id"]),
        arrived_at=row["arrived_at"],
        outbound=row["outbound"],
        answered_at=row["answered_at"],
        phone=Phone(row["phone"]) if row["phone"] else None,
        ended_at=row["ended_at"],
        outcome=row["outcome"],
        cause=row["cause"],
        has_ticket=row["has_ticket"],
        has_recording=row["has_recording"],
        to_ring_back=row["to_ring_back"],
    )


def _moment(text: str, name: str) -> Seconds:
    try:
        given = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(f"--{name} must be a date or a time as in ISO 8601", field=name) from error
    return (given if given.tzinfo else given.astimezone()).timestamp()


def _iso(at: Seconds) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _text(report: Report) -> str:
    lines = [
        f"{one.call_id}  {one.kind}" + (f"  journal: {one.journal or '-'}  tables: {one.table or '-'}")
        for one in report.differences
    ]
    if report.journal_from > report.since:
        lines.append(f"The journal begins at {_iso(report.journal_from)}: earlier calls are not compared.")
    span = f"{_iso(report.since)} to {_iso(report.until)}"
    lines.append(f"{report.compared} calls compared, {span}: {len(report.differences)} differences")
    return "\n".join(lines)


def _json(report: Report) -> str:
    body = {
        "from": _iso(report.since),
        "to": _iso(report.until),
        "journal_from": _iso(report.journal_from),
        "compared": report.compared,
        "differences": [asdict(one) for one in report.differences],
    }
    return json.dumps(body)
