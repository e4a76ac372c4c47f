"""``hotline recordings ...``: read all recordings through, encrypt old ones, change the master key."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from core.errors import ConfigurationError
from db.pool import Database
from hotline import dsn
from hotline.privacy_parts import keys_of
from hotline.resolve import RECORDING_KEY
from hotline.settings import Settings
from hotline.sweep import Sweep
from tickets import keys
from tickets.archive import Archive, ArchiveError
from tickets.archiving import ThreadedArchive
from tickets.keys import KeySource
from tickets.sealing import Damaged, KeyMissing

ACTOR = "command line"

DAMAGED = 1
"""Exit code when a recording is not as it should be; 2 is bad input."""

EVERY = 500
"""Recordings from one line of progress to the next."""

T = TypeVar("T")

recordings_app = typer.Typer(no_args_is_help=True, help="The archive of recordings.")


@recordings_app.command("sweep")
def sweep() -> None:
    """Read every recording through; goes on where it was interrupted. Exit code 1: some are damaged."""
    checked, bad = _with_database(_sweep)
    typer.echo(f"{checked} recordings read, {bad} of them damaged, missing or without key")
    raise typer.Exit(DAMAGED if bad else 0)


async def _sweep(database: Database, settings: Settings) -> tuple[int, int]:
    hands = ThreadedArchive(_archive(settings))
    work = Sweep(database, hands, settings.sweep_bytes_per_second)
    try:
        return await work.run(ACTOR, lambda checked, bad: _tell(f"{checked} read, {bad} bad"))
    finally:
        await hands.stop()


@recordings_app.command("encrypt")
def encrypt() -> None:
    """Encrypt the recordings that lie in the archive in plain; may be interrupted and repeated."""
    settings = Settings()
    archive = _archive(settings)
    plain, failed = archive.plain_keys(), 0
    for number, key in enumerate(plain, start=1):
        failed += not _done(key, archive.encrypt)
        if number % EVERY == 0:
            _tell(f"{number} of {len(plain)}")
    done = len(plain) - failed
    _with_database(lambda database, _settings: _note(database, "recordings.encrypted", done, failed))
    typer.echo(f"{done} recordings encrypted, {failed} could not be")
    raise typer.Exit(DAMAGED if failed else 0)


@recordings_app.command("rotate-key")
def rotate_key(
    forget: Annotated[  # noqa: FBT002 - typer's way
        bool, typer.Option("--forget", help="Only take keys out of the key file that no recording needs.")
    ] = False,
) -> None:
    """Make a new master key, and let it and no older one open every recording; repeat it after a failure.

    Old keys stay in the key file until ``--forget``: a copy of the archive needs them. With the keys in an
    environment variable put the new one first there; this command makes none then.
    """
    settings = Settings()
    source = _keys(settings)
    archive = _archive(settings)
    if forget:
        _forget(source, archive)
        return
    if source.file is not None and not _half_done(source, archive):
        keys.add_key(source.file)
    sealed, failed = archive.sealed_keys(), 0
    for number, key in enumerate(sealed, start=1):
        failed += not _done(key, archive.rewrap)
        if number % EVERY == 0:
            _tell(f"{number} of {len(sealed)}")
    done = len(sealed) - failed
    _with_database(lambda database, _settings: _note(database, "recordings.key_rotated", done, failed))
    typer.echo(f"{done} recordings are opened by the new key alone, {failed} could not be changed")
    raise typer.Exit(DAMAGED if failed else 0)


def _half_done(source: KeySource, archive: Archive) -> bool:
    """Whether an interrupted rotation is to go on: the present key opens some recordings, but not all."""
    ring = source.ring()
    used = _used(archive)
    return ring is not None and len(ring.keys) > 1 and bool(used - {ring.current.id})


def _forget(source: KeySource, archive: Archive) -> None:
    ring = source.ring()
    if source.file is None or ring is None:
        raise ConfigurationError("the keys are not in a file: take the old one out of the variable yourself")
    kept = frozenset(_used(archive) | {ring.current.id})
    keys.keep_only(source.file, kept)
    forgotten = sum(key.id not in kept for key in ring.keys)
    typer.echo(f"{len(kept)} keys are kept, {forgotten} forgotten")


def _used(archive: Archive) -> set[str]:
    return {ident for key in archive.sealed_keys() for ident in archive.key_ids(key)}


def _done(key: str, work: Callable[[str], object]) -> bool:
    try:
        work(key)
    except (OSError, ArchiveError, Damaged, KeyMissing) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        typer.echo(f"{Path(key).stem}: {reason}", err=True)
        return False
    return True


def _keys(settings: Settings) -> KeySource:
    """The keys as the running hotline has them: also those that it has made itself."""
    made = settings.data_dir / "secrets" / RECORDING_KEY
    if settings.recording_key is None and settings.recording_key_file is None and made.exists():
        return KeySource(made)
    source = keys_of(settings)
    if source.ring() is None:
        raise ConfigurationError("there is no recording key: set HOTLINE_RECORDING_KEY or _KEY_FILE")
    return source


def _archive(settings: Settings) -> Archive:
    return Archive(
        settings.data_dir / "asterisk" / "spool", settings.data_dir / "recordings", _keys(settings)
    )


async def _note(database: Database, action: str, done: int, failed: int) -> None:
    await database.execute(
        "INSERT INTO audit (actor, action, object, detail) "
        "VALUES ($1, $2, 'recordings:all', jsonb_build_object('done', $3::integer, 'failed', $4::integer))",
        ACTOR,
        action,
        done,
        failed,
    )


def _with_database(work: Callable[[Database, Settings], Awaitable[T]]) -> T:
    async def run() -> T:
        settings = Settings()
        database = Database(dsn.of_running(settings), max_size=1)
        await database.connect()
        try:
            return await work(database, settings)
        finally:
            await database.close()

    return asyncio.run(run())


def _tell(line: str) -> None:
    typer.echo(line, err=True)
