"""Pytest fixtures: a real PostgreSQL from the wheel, one server per session, one database per test.

Named in ``pytest_plugins`` of ``tests/conftest.py``, or import what a module needs. ``dsn`` connects as the
service's role, as in production; ``owner_dsn`` as the owner of the schema.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import asyncpg
import pytest

from db.embedded import OWNER, SERVICE, EmbeddedPostgres
from db.migrate import migrate
from db.pool import Database

TEMPLATE = "hotline"
"""The database that ``EmbeddedPostgres`` makes is migrated once and copied for each test."""

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Server:
    """A running server with a migrated template."""

    admin_dsn: str
    service_dsn: str
    owner_dsn: str

    def on(self, database: str) -> "Server":
        """The same roles on another database."""
        parts = (self.admin_dsn, self.service_dsn, self.owner_dsn)
        return Server(*(f"{dsn.rpartition('/')[0]}/{database}" for dsn in parts))

    async def create(self, template: str = TEMPLATE) -> "Server":
        """A fresh database; ``template0`` for an empty one."""
        name = f"test_{next(_numbers)}"
        await self._run(f"CREATE DATABASE {name} TEMPLATE {template} OWNER {OWNER}")
        await self._run(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
        await self._run(f"GRANT CONNECT ON DATABASE {name} TO {SERVICE}")
        return self.on(name)

    async def drop(self, database: "Server") -> None:
        """Remove a database and whoever is still connected to it."""
        await self._run(f"DROP DATABASE {database.admin_dsn.rpartition('/')[2]} WITH (FORCE)")

    async def _run(self, statement: str) -> None:
        connection = await asyncpg.connect(self.admin_dsn)
        try:
            await connection.execute(statement)
        finally:
            connection.terminate()


@pytest.fixture(scope="session")
def postgres_folder() -> Iterator[Path]:
    """Scratch folder that PostgreSQL's unprivileged user can enter (pytest's own is closed to it)."""
    folder = Path(tempfile.mkdtemp(prefix="hotline-pg-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server(postgres_folder: Path) -> Iterator[Server]:
    """One server for the whole session. Runs in an event loop of its own: tests have a fresh one each."""
    embedded = EmbeddedPostgres(
        postgres_folder / "data",
        postgres_folder / "cache",
        settings={"fsync": "off", "shared_buffers": "32MB"},
    )
    with asyncio.Runner() as runner:
        try:
            dsn = runner.run(embedded.start())
            runner.run(migrate(embedded.owner_dsn))
            admin = embedded._dsn("postgres", "postgres")
            yield Server(admin, dsn, embedded.owner_dsn)
        finally:
            runner.run(embedded.stop())


@pytest.fixture
async def fresh_database(postgres_server: Server) -> AsyncIterator[Server]:
    """A migrated database of its own for one test."""
    database = await postgres_server.create()
    yield database
    await postgres_server.drop(database)


@pytest.fixture
async def empty_database(postgres_server: Server) -> AsyncIterator[Server]:
    """A database without any table."""
    database = await postgres_server.create("template0")
    yield database
    await postgres_server.drop(database)


@pytest.fixture
def dsn(fresh_database: Server) -> str:
    """DSN of a fresh database, as the service."""
    return fresh_database.service_dsn


@pytest.fixture
def owner_dsn(fresh_database: Server) -> str:
    """DSN of the same fresh database, as the owner of the schema."""
    return fresh_database.owner_dsn


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    """A connected pool on a fresh database, as the service."""
    pool = Database(dsn, max_size=5)
    await pool.connect()
    yield pool
    await pool.close()
