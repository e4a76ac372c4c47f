"""``hotline plan ...``: the routing plan as a TOML file, in and out."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import typer

from acd.plan_document import PlanDocument
from acd.plan_file import read, write
from acd.plan_rules import PlanRefused
from acd.plan_service import check_with_sounds
from acd.plan_store import PlanChange, PlanStore, StoredPlan, changes
from core.errors import ConfigurationError
from db.pool import Database
from hotline import dsn
from hotline.plan_parts import InstalledSounds
from hotline.settings import Settings

T = TypeVar("T")

ACTOR = "command line"
BAD_INPUT = 2

plan_app = typer.Typer(no_args_is_help=True, help="Queues, lines and their rules.")

FileArgument = Annotated[Path, typer.Argument(metavar="FILE.toml", help="A whole plan.")]


@plan_app.command("show")
def show() -> None:
    """Show queues and lines in short."""
    stored = _with_store(_stored)
    plan = stored.document
    typer.echo(f"Version {stored.version}; other numbers go to {plan.default_queue}.")
    for name, queue in sorted(plan.queues.items()):
        numbers = " ".join(sorted(number for number, line in plan.lines.items() if line.queue == name))
        typer.echo(f"{name:<20} {queue.title or '-'}  {numbers or '-'}")


@plan_app.command("export")
def export() -> None:
    """Print the whole plan as TOML."""
    typer.echo(write(_with_store(_stored).document), nl=False)


@plan_app.command("check")
def check_file(file: FileArgument) -> None:
    """Check a file; nothing is changed and no hotline need run."""
    plan = _read(file)
    typer.echo(f"{file}: {len(plan.queues)} queues, {len(plan.lines)} lines, no mistakes found.")


@plan_app.command("import")
def import_file(
    file: FileArgument,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,  # noqa: FBT002 - typer's way
) -> None:
    """Replace the plan by a file; a running hotline takes it up at once. All of it or nothing."""
    plan = _read(file)
    if dry_run:
        _tell(changes(_with_store(_stored).document, plan))
        typer.echo("Nothing was changed.")
        return
    before, after = _with_store(lambda store: _import(store, plan))
    _tell(changes(before, after.document))
    typer.echo(f"The plan is now version {after.version}.")


async def _import(store: PlanStore, plan: PlanDocument) -> tuple[PlanDocument | None, StoredPlan]:
    before: list[PlanDocument] = []

    def edit(stored: StoredPlan | None) -> PlanDocument:
        before.extend([stored.document] if stored else [])
        return plan

    after = await store.change(ACTOR, "import", edit)
    return (before[0] if before else None), after


async def _stored(store: PlanStore) -> StoredPlan:
    stored = await store.load()
    if stored is None:
        raise ConfigurationError("there is no plan yet: start the hotline once, or import one")
    return stored


def _read(file: Path) -> PlanDocument:
    try:
        return check_with_sounds(read(file.read_text(encoding="utf-8")), InstalledSounds.of(Settings()))
    except PlanRefused as refused:
        _refuse(file, refused)
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file} is not UTF-8: byte {error.start}") from error
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}") from error


def _refuse(file: Path, refused: PlanRefused) -> NoReturn:
    for problem in refused.problems:
        typer.echo(f"{file}: {problem}", err=True)
    raise typer.Exit(BAD_INPUT) from refused


def _tell(found: list[PlanChange]) -> None:
    for change in found:
        typer.echo(f"{change.action:<20} {change.name}")
    if not found:
        typer.echo("The plan is the same.")


def _with_store(work: Callable[[PlanStore], Awaitable[T]]) -> T:
    return asyncio.run(_run(work))


async def _run(work: Callable[[PlanStore], Awaitable[T]]) -> T:
    database = Database(dsn.of_running(Settings()), max_size=1)
    try:
        await database.connect()
        return await work(PlanStore(database))
    except OSError as error:
        raise ConfigurationError(f"the database does not answer: {error.strerror}") from error
    finally:
        await database.close()
