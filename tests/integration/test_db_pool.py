"""The pool against a real server: errors, transactions, and a server that stops answering."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from core import clock
from core.errors import ConfigurationError, Unavailable
from db import processes
from db.embedded import EmbeddedPostgres
from db.migrate import migrate
from db.pool import Database
from tests.eventually import eventually
from tests.fixtures_postgres import Server

pytestmark = pytest.mark.integration

INSERT = "INSERT INTO audit (actor, action, object) VALUES ($1, $2, $3)"


@pytest.fixture
async def server(postgres_folder: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A server of its own, to be killed and frozen."""
    made = EmbeddedPostgres(postgres_folder / "victim", postgres_folder / "cache", settings={"fsync": "off"})
    await made.start()
    await migrate(made.owner_dsn)
    yield made
    await made.stop()


async def test_rows_values_and_counts(database: Database) -> None:
    assert await database.execute(INSERT, "a", "b", "c") == 1
    assert await database.execute(INSERT, "a", "b", "d") == 1
    assert await database.fetchval("SELECT count(*) FROM audit") == 2
    assert [row["object"] for row in await database.fetch("SELECT object FROM audit ORDER BY id")] == [
        "c",
        "d",
    ]
    row = await database.fetchrow("SELECT object FROM audit WHERE object = $1", "d")
    assert row is not None
    assert row["object"] == "d"
    assert await database.fetchrow("SELECT 1 WHERE false") is None


async def test_a_transaction_is_whole_or_nothing(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute(INSERT, "a", "b", "kept")

    async def fail_half_way() -> None:
        async with database.transaction() as connection:
            await connection.execute(INSERT, "a", "b", "dropped")
            await connection.execute(INSERT, None, "b", "c")

    with pytest.raises(asyncpg.NotNullViolationError):
        await fail_half_way()
    assert [row["object"] for row in await database.fetch("SELECT object FROM audit")] == ["kept"]


async def test_a_wrong_password_is_a_configuration_error(dsn: str) -> None:
    database = Database(dsn.replace("hotline_service:", "hotline_service:not"))
    with pytest.raises(ConfigurationError, match="refuses the connection"):
        await database.connect()
    await database.close()


async def test_a_database_that_does_not_exist_is_a_configuration_error(postgres_server: Server) -> None:
    database = Database(postgres_server.on("nowhere").service_dsn)
    with pytest.raises(ConfigurationError, match="nowhere"):
        await database.connect()
    await database.close()


async def test_no_free_connection_in_time_is_unavailable(dsn: str) -> None:
    database = Database(dsn, max_size=1, connect_timeout=0.2)
    await database.connect()
    async with database.transaction():
        with pytest.raises(Unavailable):
            await database.fetchval("SELECT 1")
    assert await database.fetchval("SELECT 1") == 1
    await database.close()


async def test_a_statement_that_takes_too_long_is_unavailable(dsn: str) -> None:
    database = Database(dsn, command_timeout=0.2)
    await database.connect()
    with pytest.raises(Unavailable):
        await database.execute("SELECT pg_sleep(30)")
    assert await database.fetchval("SELECT 1") == 1
    await database.close()


async def test_a_killed_server_is_unavailable_until_it_is_back(server: EmbeddedPostgres) -> None:
    database = Database(server.dsn, connect_timeout=1)
    await database.connect()
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    await server.wait()
    for _ in range(3):
        with pytest.raises(Unavailable):
            await database.fetchval("SELECT 1")
    await server.start()
    assert await database.fetchval("SELECT 1") == 1
    await database.close()


async def test_a_frozen_server_costs_seconds_and_closing_does_not_hang(server: EmbeddedPostgres) -> None:
    database = Database(server.dsn, connect_timeout=0.5, command_timeout=0.5)
    await database.connect()
    frozen = processes.running_in(server.folder)
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        began = clock.monotonic()
        results = await asyncio.gather(
            *(database.fetchval("SELECT 1") for _ in range(5)), return_exceptions=True
        )
        assert {type(result) for result in results} == {Unavailable}
        assert clock.monotonic() - began < 5
        began = clock.monotonic()
        await database.close()
        assert clock.monotonic() - began < 0.5
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)


async def test_a_thawed_server_serves_again(server: EmbeddedPostgres) -> None:
    database = Database(server.dsn, connect_timeout=0.5, command_timeout=0.5)
    await database.connect()
    frozen = processes.running_in(server.folder)
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    with pytest.raises(Unavailable):
        await database.fetchval("SELECT 1")
    for pid in frozen:
        os.kill(pid, signal.SIGCONT)

    async def answers() -> bool:
        try:
            return bool(await database.fetchval("SELECT true"))
        except Unavailable:
            return False

    await eventually(answers)
    await database.close()
