"""``hotline audit verify``: has anybody changed, added, moved or removed audit rows?

Reads the database and the anchors only; the service need not run. Everything is streamed, so that millions of
rows need no memory. The formulas are in ``hotline.audit_links``; ``hotline.audit_sealer`` writes the chain.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import asyncpg
import typer

from core.errors import ConfigurationError
from db import queries
from hotline import audit_anchor, dsn
from hotline.audit_links import AuditRow, ChainCheck, Finding, Seal, digest
from hotline.settings import Settings

SQL = queries.load(Path(__file__).with_name("audit_chain.sql"))

DAMAGED = 1
"""Exit code when anything is found; 2 is a database or an anchor that cannot be read."""

STEP = 2000
"""Rows fetched at once."""
REPORT_EVERY = 100_000
"""Rows from one line of progress to the next."""
STRAYS_SHOWN = 1000

GUARDS = frozenset({("append_only", "audit"), ("seal", "audit"), ("append_only", "audit_seals")})

Progress = Callable[[int, int], None]
"""Told how many links of how many are checked."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one verification."""

    sealed: int
    """Rows in the chain."""
    unsealed: int
    """Rows that wait for it; more than a few seconds' worth means that nobody seals."""
    anchored: int
    """Positions at which the anchor agrees with the chain."""
    pruned_to: int
    """Up to this position retention has removed rows; 0: it has not."""
    findings: list[Finding]


def verify(
    anchor: Annotated[
        list[Path] | None,
        typer.Option(help="A file or folder of anchors; may be repeated; left out: DATA/audit."),
    ] = None,
    without_anchor: Annotated[  # noqa: FBT002 - typer's way
        bool, typer.Option("--without-anchor", help="Check the chain alone; a rewritten one is not found.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of lines.")] = False,  # noqa: FBT002 - the same
) -> None:
    """Check every audit row against the chain and the chain against its anchor; exit code 1: damage."""
    settings = Settings()
    where = [] if without_anchor else anchor or [settings.data_dir / "audit"]
    verdict = asyncio.run(check(dsn.of_running(settings), None if without_anchor else where, _tell))
    typer.echo(_json(verdict) if as_json else _text(verdict))
    raise typer.Exit(DAMAGED if verdict.findings else 0)


async def check(
    database: str, anchors: list[Path] | None, progress: Progress = lambda _done, _all: None
) -> Verdict:
    """Verify.

    Args:
        database: its DSN; reading is all that is done.
        anchors: files or folders of anchors; ``None``: the chain is checked by itself.
        progress: told now and then.

    Raises:
        ConfigurationError: the database cannot be read.
    """
    try:
        connection = await asyncpg.connect(database, timeout=10)
    except (OSError, asyncpg.PostgresError) as error:
        raise ConfigurationError(f"the database cannot be read: {error}") from error
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return await _check(connection, anchors, progress)
    finally:
        connection.terminate()


async def _check(
    connection: "asyncpg.Connection[asyncpg.Record]", anchors: list[Path] | None, progress: Progress
) -> Verdict:
    files = audit_anchor.files_of(anchors or [])
    heads, damaged = await asyncio.to_thread(audit_anchor.collect, files)
    total = await connection.fetchval(SQL["size"])
    chain = ChainCheck(heads)
    if anchors is not None and not heads and total:
        text = "no anchor was found: a chain that was rewritten as a whole would not be noticed"
        chain.findings.append(Finding("no_anchor", text))
    if damaged:
        chain.findings.append(Finding("damaged_anchor", f"{damaged} lines of the anchor cannot be read"))
    pruning = await connection.fetchrow(SQL["prunings"])
    if pruning is not None:
        chain.pruned(pruning["position"], pruning["at"])
    await _links(connection, chain, total, progress)
    chain.end()
    unsealed = await _waiting(connection, chain)
    await _strays(connection, chain)
    await _guards(connection, chain)
    pruned_to = pruning["position"] if pruning is not None else 0
    return Verdict(chain.sealed, unsealed, chain.anchored, pruned_to, chain.findings)


async def _links(
    connection: "asyncpg.Connection[asyncpg.Record]", chain: ChainCheck, total: int, progress: Progress
) -> None:
    async for row in connection.cursor(SQL["links"], prefetch=STEP):
        seal = Seal(row["position"], row["audit_id"], row["digest"], row["sealed_at"], row["head"])
        chain.seal(seal, _row(row))
        if chain.sealed % REPORT_EVERY == 0:
            progress(chain.sealed, total)


def _row(row: asyncpg.Record) -> AuditRow | None:
    if row["actor"] is None:
        return None
    return AuditRow(row["at"], row["actor"], row["action"], row["object"], row["detail"])


async def _waiting(connection: "asyncpg.Connection[asyncpg.Record]", chain: ChainCheck) -> int:
    """Rows that are not sealed yet, but whose digest was noted when they were written."""
    found = 0
    async for row in connection.cursor(SQL["waiting"], prefetch=STEP):
        found += 1
        said, audit_id = _row(row), row["audit_id"]
        if said is None:
            chain.findings.append(
                Finding("missing_row", f"audit row {audit_id} is missing", audit_id=audit_id)
            )
        elif digest(said) != row["digest"]:
            chain.findings.append(
                Finding("edited_row", f"audit row {audit_id} was edited", audit_id=audit_id)
            )
    return found


async def _strays(connection: "asyncpg.Connection[asyncpg.Record]", chain: ChainCheck) -> None:
    found = [row["id"] async for row in connection.cursor(SQL["strays"], prefetch=STEP)]
    chain.findings += [
        Finding("inserted_row", f"audit row {number} was put in past the chain", audit_id=number)
        for number in found[:STRAYS_SHOWN]
    ]
    if len(found) > STRAYS_SHOWN:
        text = f"{len(found) - STRAYS_SHOWN} further rows were put in past the chain"
        chain.findings.append(Finding("inserted_row", text))


async def _guards(connection: "asyncpg.Connection[asyncpg.Record]", chain: ChainCheck) -> None:
    on = {(row["tgname"], row["of"]) for row in await connection.fetch(SQL["guards"]) if row["state"] == "O"}
    chain.findings += [
        Finding("guard_off", f"the trigger {name} of {table} is off or gone")
        for name, table in sorted(GUARDS - on)
    ]


def _tell(done: int, total: int) -> None:
    typer.echo(f"{done} of {total} links checked", err=True)


def _text(verdict: Verdict) -> str:
    lines = [f"{finding.kind}: {finding.text}" for finding in verdict.findings]
    if verdict.pruned_to:
        lines.append(
            f"Rows up to position {verdict.pruned_to} were removed by retention; their seals remain."
        )
    result = "intact" if not verdict.findings else f"DAMAGED, {len(verdict.findings)} findings"
    lines.append(
        f"{verdict.sealed} rows in the chain, {verdict.unsealed} not sealed yet, "
        f"{verdict.anchored} anchors agree: {result}"
    )
    return "\n".join(lines)


def _json(verdict: Verdict) -> str:
    return json.dumps({"intact": not verdict.findings, **asdict(verdict)}, ensure_ascii=False)
