"""Brings the schema up to date: the files ``migrations/NNNN_name.sql``, in order, each exactly once.

A released file never changes: its checksum is kept, and a difference ends the start with a clear message.
Run by ``hotline.bootstrap`` with the owner's connection before anything else uses the database.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import structlog

from core.errors import ConfigurationError, Unavailable
from db.errors import translated
from db.pool import check_version

log = structlog.get_logger()

FOLDER = Path(__file__).with_name("migrations")
GRANTS = Path(__file__).with_name("grants.sql")
SERVICE_ROLE = "hotline_service"

_FILE = re.compile(r"^(\d{4})_([a-z0-9_]+)\.sql$")
# Any number will do as long as nobody else uses it in this database.
_LOCK = 12345_0001

_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version    integer PRIMARY KEY,
    name       text NOT NULL,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: ``version`` 1 for ``0001_base.sql``, ``checksum`` the SHA-256 of its bytes."""

    version: int
    name: str
    checksum: str
    sql: str


def read(folder: Path = FOLDER) -> list[Migration]:
    """The migrations of a folder, in order.

    Raises:
        ConfigurationError: a file's name does not fit, or a number is missing or used twice.
    """
    found = [_read_one(path) for path in sorted(folder.glob("*.sql"))]
    for expected, migration in enumerate(found, start=1):
        if migration.version != expected:
            raise ConfigurationError(
                f"migrations: number {expected:04d} is missing or used twice "
                f"(found {migration.version:04d}_{migration.name}.sql)"
            )
    return found


def _read_one(path: Path) -> Migration:
    match = _FILE.match(path.name)
    if match is None:
        raise ConfigurationError(f"migrations: {path.name} is not named NNNN_name.sql")
    content = path.read_bytes()
    return Migration(int(match[1]), match[2], hashlib.sha256(content).hexdigest(), content.decode("utf-8"))


async def migrate(dsn: str, folder: Path = FOLDER, *, timeout: float = 60.0) -> list[str]:  # noqa: ASYNC109 - the limit of waiting for another migration
    """Apply what has not been applied yet; safe to run from several processes at once.

    Args:
        dsn: connection of the role that owns the schema.
        folder: where the files lie.
        timeout: seconds to wait for another process that is migrating.

    Returns:
        The names of the files applied now.

    Raises:
        ConfigurationError: a file changed or vanished after it was applied, the server is too old, or the
            role may not create tables.
        Unavailable: the server does not answer.
    """
    migrations = read(folder)
    try:
        with translated():
            connection = await asyncpg.connect(dsn, timeout=10)
        try:
            return await _run(connection, migrations, timeout)
        finally:
            connection.terminate()
    except asyncpg.InsufficientPrivilegeError as error:
        raise ConfigurationError(f"the database role may not change the schema: {error}") from error
    except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError) as error:
        raise ConfigurationError(f"PostgreSQL refuses the connection: {error}") from error


async def _run(
    connection: "asyncpg.Connection[asyncpg.Record]",
    migrations: list[Migration],
    timeout: float,  # noqa: ASYNC109 - see migrate
) -> list[str]:
    check_version(await connection.fetchval("SELECT current_setting('server_version_num')::int"))
    await connection.execute("SELECT set_config('lock_timeout', $1, false)", f"{timeout:.0f}s")
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
    except asyncpg.LockNotAvailableError as error:
        raise Unavailable(f"another migration has been running for {timeout:.0f} s") from error
    await connection.execute(_TABLE)
    rows = await connection.fetch("SELECT version, name, checksum FROM schema_migrations ORDER BY version")
    applied = {row["version"]: (row["name"], row["checksum"]) for row in rows}
    _refuse_differences(applied, migrations)
    fresh = [migration for migration in migrations if migration.version not in applied]
    for migration in fresh:
        await _apply(connection, migration)
    await _grant(connection)
    return [f"{migration.version:04d}_{migration.name}" for migration in fresh]


def _refuse_differences(applied: dict[int, tuple[str, str]], migrations: list[Migration]) -> None:
    known = {migration.version: migration for migration in migrations}
    for version, (name, checksum) in applied.items():
        file = known.get(version)
        if file is None:
            raise ConfigurationError(
                f"migration {version:04d}_{name}.sql was applied to this database but its file is missing: "
                "the database is newer than this program"
            )
        if file.checksum != checksum:
            raise ConfigurationError(
                f"migration {version:04d}_{file.name}.sql was changed after it had been applied: "
                "restore the file and put the change into a new one"
            )


async def _apply(connection: "asyncpg.Connection[asyncpg.Record]", migration: Migration) -> None:
    """One file, one transaction: all of it and its row, or nothing."""
    async with connection.transaction():
        try:
            await connection.execute(migration.sql)
        except asyncpg.PostgresSyntaxError as error:
            raise ConfigurationError(
                f"migration {migration.version:04d}_{migration.name}.sql: {error}"
            ) from error
        await connection.execute(
            "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)",
            migration.version,
            migration.name,
            migration.checksum,
        )
    log.info("migration_applied", version=migration.version, name=migration.name)


async def _grant(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Where the service has a role of its own, give it what it needs and no more."""
    if await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", SERVICE_ROLE):
        async with connection.transaction():
            await connection.execute(GRANTS.read_text(encoding="utf-8"))
