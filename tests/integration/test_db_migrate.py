"""Migrations against a real server, and what the schema itself guarantees."""

import asyncio
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from core.errors import ConfigurationError, Unavailable
from db import binaries, snapshot
from db.migrate import FOLDER, migrate
from db.pool import Database
from tests.eventually import eventually
from tests.fixtures_postgres import Server

pytestmark = pytest.mark.integration


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "migrations"
    shutil.copytree(FOLDER, made)
    return made


async def columns(dsn: str, table: str) -> list[str]:
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(
            "SELECT column_name FROM information_schema.columns WHERE table_name = $1", table
        )
        return sorted(row["column_name"] for row in rows)
    finally:
        connection.terminate()


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.sql"))


async def test_a_fresh_database_gets_every_file_once(empty_database: Server) -> None:
    assert await migrate(empty_database.owner_dsn) == names()
    assert await migrate(empty_database.owner_dsn) == []


async def test_processes_that_start_together_share_the_work(empty_database: Server) -> None:
    results = await asyncio.gather(*(migrate(empty_database.owner_dsn) for _ in range(4)))
    assert sorted(name for result in results for name in result) == names()


async def test_a_later_file_is_added(empty_database: Server, folder: Path) -> None:
    await migrate(empty_database.owner_dsn, folder)
    number = len(names()) + 1
    (folder / f"{number:04d}_more.sql").write_text(
        "CREATE TABLE more (a int); INSERT INTO more VALUES (1);", encoding="utf-8"
    )
    assert await migrate(empty_database.owner_dsn, folder) == [f"{number:04d}_more"]
    assert await columns(empty_database.owner_dsn, "more") == ["a"]
    service = await asyncpg.connect(empty_database.service_dsn)
    assert await service.fetchval("SELECT a FROM more") == 1
    service.terminate()


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("CREATE TABLE half (a int); SELECT no_such_column FROM half;", asyncpg.UndefinedColumnError),
        ("CREATE TABLE half (a int); NONSENSE;", ConfigurationError),
    ],
)
async def test_a_file_that_fails_leaves_nothing_behind(
    empty_database: Server, folder: Path, sql: str, error: type[Exception]
) -> None:
    number = len(names()) + 1
    (folder / f"{number:04d}_bad.sql").write_text(sql, encoding="utf-8")
    with pytest.raises(error):
        await migrate(empty_database.owner_dsn, folder)
    assert await columns(empty_database.owner_dsn, "half") == []
    (folder / f"{number:04d}_bad.sql").write_text("CREATE TABLE half (b int);", encoding="utf-8")
    assert await migrate(empty_database.owner_dsn, folder) == [f"{number:04d}_bad"]


async def test_a_changed_file_is_refused_by_name(empty_database: Server, folder: Path) -> None:
    await migrate(empty_database.owner_dsn, folder)
    with (folder / "0001_base.sql").open("a", encoding="utf-8") as file:
        file.write("\n-- a harmless remark\n")
    with pytest.raises(ConfigurationError, match=r"0001_base\.sql was changed after it had been applied"):
        await migrate(empty_database.owner_dsn, folder)


async def test_a_database_newer_than_the_program_is_refused(empty_database: Server, folder: Path) -> None:
    number = len(names()) + 1
    newer = folder / f"{number:04d}_newer.sql"
    newer.write_text("SELECT 1;", encoding="utf-8")
    await migrate(empty_database.owner_dsn, folder)
    newer.unlink()
    with pytest.raises(
        ConfigurationError, match=rf"{number:04d}_newer.sql was applied .* newer than this program"
    ):
        await migrate(empty_database.owner_dsn, folder)


async def test_a_role_that_may_not_change_the_schema_is_told(empty_database: Server) -> None:
    with pytest.raises(ConfigurationError, match="may not change the schema"):
        await migrate(empty_database.service_dsn)


async def test_a_server_that_is_away_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        await migrate("postgresql://a:b@127.0.0.1:1/c")


async def test_the_snapshot_for_readers_is_what_the_migrations_make(
    fresh_database: Server, empty_database: Server, postgres_folder: Path
) -> None:
    programs = binaries.provide(postgres_folder / "cache")
    made = await asyncio.to_thread(snapshot.dump, programs, fresh_database.owner_dsn)
    described = snapshot.FILE.read_text(encoding="utf-8")
    assert made == described, "run `python -m db.snapshot`"
    connection = await asyncpg.connect(empty_database.owner_dsn)
    await connection.execute(described)
    connection.terminate()
    assert await asyncio.to_thread(snapshot.dump, programs, empty_database.owner_dsn) == described


APPEND_ONLY = ["audit", "recording_accesses", "agent_states"]


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {} CASCADE", "UPDATE {} SET at = now()"])
async def test_what_has_happened_cannot_be_changed_by_anybody(
    fresh_database: Server, table: str, statement: str
) -> None:
    for dsn in (fresh_database.service_dsn, fresh_database.owner_dsn):
        connection = await asyncpg.connect(dsn)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement.format(table))
        connection.terminate()


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE audit",
        "ALTER TABLE audit DISABLE TRIGGER ALL",
        "DROP TRIGGER append_only ON audit",
        "GRANT UPDATE ON audit TO hotline_service",
        "DELETE FROM tickets",
        "DELETE FROM calls",
        "UPDATE schema_migrations SET checksum = ''",
        "CREATE TABLE mine (a int)",
        "CREATE TEMPORARY TABLE mine (a int)",
        "SET SESSION AUTHORIZATION hotline_owner",
        "SET ROLE hotline_owner",
        "COPY accounts TO PROGRAM 'cat'",
    ],
)
async def test_the_service_s_role_cannot_reach_beyond_its_work(database: Database, statement: str) -> None:
    if statement.startswith("GRANT"):  # PostgreSQL answers a powerless grant with a warning
        await database.execute(statement)
        statement = "UPDATE audit SET actor = 'x'"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await database.execute(statement)


def _postgresql_15() -> Path | None:
    found = Path("/usr/lib/postgresql/15")
    return found if (found / "bin" / "postgres").exists() else None


@pytest.fixture
def old_server(postgres_folder: Path, unused_tcp_port: int) -> Iterator[str]:
    """A PostgreSQL 15 as Debian ships it, with one role only: somebody's existing server."""
    programs = _postgresql_15()
    if programs is None:
        pytest.skip("PostgreSQL 15 is not installed")
    user = binaries.run_as()
    data = postgres_folder / "fifteen"
    data.mkdir()
    os.chown(data, user.uid, user.gid)
    options = {"user": user.user, "group": user.group, "extra_groups": user.extra_groups, "cwd": "/"}
    command = [programs / "bin" / "initdb", "-D", data, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"]
    subprocess.run(command, check=True, capture_output=True, **options)  # type: ignore[call-overload]
    command = [programs / "bin" / "postgres", "-D", data, "-p", str(unused_tcp_port), "-F", "-k", ""]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL, **options)  # type: ignore[call-overload]
    yield f"postgresql://{pwd.getpwuid(user.uid).pw_name}@127.0.0.1:{unused_tcp_port}/postgres"
    server.terminate()
    server.wait()
    shutil.rmtree(data)


async def test_an_existing_postgresql_15_with_one_role_works(old_server: str) -> None:
    async def applied() -> bool:
        try:
            return await migrate(old_server) == names()
        except Unavailable:
            return False

    await eventually(applied)
    database = Database(old_server)
    await database.connect()
    await database.execute("INSERT INTO audit (actor, action, object) VALUES ('a', 'b', 'c')")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="never changed or removed"):
        await database.execute("DELETE FROM audit")
    await database.close()
