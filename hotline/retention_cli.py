"""``hotline retention ...``: what would go, and letting it go.

Works as the owner of an embedded database, so that audit rows can go as well where their policy says so.
"""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from db.embedded import OWNER, running_dsn
from db.pool import Database
from hotline import dsn, runtime
from hotline.journal_files import rotated
from hotline.retention import DataClass, Outcome, Retention
from hotline.settings import Settings
from tickets.archive import Archive
from tickets.archiving import ThreadedArchive

ACTOR = "command line"

retention_app = typer.Typer(no_args_is_help=True, help="How long what is kept.")


@retention_app.callback()
def _retention() -> None:
    """How long what is kept."""


@retention_app.command("run")
def run(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,  # noqa: FBT002 - typer's way
    only: Annotated[DataClass | None, typer.Option("--class", help="This class and no other.")] = None,
) -> None:
    """Remove what its policy no longer keeps; legal holds stop it."""
    results = asyncio.run(_run(Settings(), only, dry_run=dry_run))
    for kind, outcome in results.items():
        typer.echo(_line(kind, outcome, dry_run=dry_run))
    if not results:
        typer.echo("Everything is kept for good.")


async def _run(settings: Settings, only: DataClass | None, *, dry_run: bool) -> dict[DataClass, Outcome]:
    owner = None if settings.database_url is not None else running_dsn(settings.data_dir, OWNER)
    database = Database(owner or dsn.of_running(settings), max_size=2)
    archive = Archive(settings.data_dir / "asterisk" / "spool", settings.data_dir / "recordings")
    hands = ThreadedArchive(archive)
    await database.connect()
    try:
        retention = Retention(database, hands, lambda: _journals(settings))
        return await retention.run(ACTOR, dry_run=dry_run, only=only, progress=_tell)
    finally:
        await hands.stop()
        await database.close()


def _journals(settings: Settings) -> list[Path]:
    path = runtime.load(settings).journal
    return rotated(Path(path)) if path else []


def _line(kind: DataClass, outcome: Outcome, *, dry_run: bool) -> str:
    what = f"{outcome.due} would go" if dry_run else f"{outcome.done} gone"
    why = {"held": ", the class is held", "owner_only": ", needs the owner of the database"}
    return f"{kind:<12} {what}, {outcome.held} held{why.get(outcome.skipped, '')}"


def _tell(kind: DataClass, done: int, due: int) -> None:
    typer.echo(f"{kind}: {done} of {due}", err=True)
