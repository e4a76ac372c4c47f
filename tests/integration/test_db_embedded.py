"""The embedded server: real programs, real processes, real signals."""

import os
import pwd
import signal
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from core.errors import ConfigurationError, Unavailable
from db import binaries, processes
from db.embedded import OWNER, EmbeddedPostgres, running_dsn
from db.migrate import migrate
from tests.eventually import eventually

pytestmark = pytest.mark.integration


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory, postgres_folder: Path) -> Path:
    """A data folder that PostgreSQL's user can enter."""
    return postgres_folder / tmp_path_factory.mktemp("server").name


@pytest.fixture
async def server(place: Path, postgres_folder: Path) -> AsyncIterator[EmbeddedPostgres]:
    made = EmbeddedPostgres(place, postgres_folder / "cache", settings={"fsync": "off"})
    await made.start()
    yield made
    await made.stop()


async def ask(dsn: str, query: str) -> object:
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        return await connection.fetchval(query)
    finally:
        connection.terminate()


async def test_it_runs_as_an_unprivileged_direct_child_in_its_own_session(server: EmbeddedPostgres) -> None:
    assert server.pid is not None
    status = Path(f"/proc/{server.pid}/status").read_text(encoding="ascii")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert int(fields["PPid"]) == os.getpid()
    assert os.getsid(server.pid) == server.pid
    if os.geteuid() == 0:
        assert fields["Uid"].split()[0] == str(pwd.getpwnam("nobody").pw_uid)
        assert fields["Groups"].split() == []


async def test_it_is_utf8_with_the_builtin_locale_and_speaks_chinese(server: EmbeddedPostgres) -> None:
    properties = "SELECT pg_encoding_to_char(encoding) || datlocprovider::text || datlocale FROM pg_database"
    assert await ask(server.dsn, properties + " WHERE datname = current_database()") == "UTF8bC.UTF-8"
    assert await ask(server.dsn, "SELECT upper('供热é')") == "供热É"


async def test_only_scram_opens_the_door(server: EmbeddedPostgres) -> None:
    rules = await ask(_superuser(server), "SELECT array_agg(DISTINCT auth_method) FROM pg_hba_file_rules")
    assert rules == ["scram-sha-256"]
    wrong = server.dsn.replace(server.dsn.split(":")[2].split("@")[0], "wrong")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await ask(wrong, "SELECT 1")


async def test_secrets_are_ours_alone(server: EmbeddedPostgres, place: Path) -> None:
    assert stat.S_IMODE((place / "secrets").stat().st_mode) == 0o700
    kept = sorted(path.name for path in (place / "secrets").iterdir())
    assert kept == ["postgresql-hotline_owner", "postgresql-hotline_service", "postgresql-postgres"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in (place / "secrets").iterdir()} == {0o600}
    assert [path.name for path in place.iterdir() if path.name.startswith(".")] == []
    command = Path(f"/proc/{server.pid}/cmdline").read_bytes()
    for path in (place / "secrets").iterdir():
        assert path.read_bytes().strip() not in command


async def test_a_second_start_finds_everything_as_it_was(server: EmbeddedPostgres, place: Path) -> None:
    await migrate(server.owner_dsn)
    await ask(server.owner_dsn, "INSERT INTO audit (actor, action, object) VALUES ('a', 'b', 'kept')")
    await server.stop()
    assert server.pid is None
    await server.stop()
    dsn = await server.start()
    assert await ask(dsn, "SELECT object FROM audit") == "kept"
    assert running_dsn(place) == dsn
    assert running_dsn(place, OWNER) == server.owner_dsn


async def test_after_kill_9_it_starts_again_on_the_same_port(server: EmbeddedPostgres) -> None:
    before = server.dsn
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    assert await server.wait() == -signal.SIGKILL
    assert await server.start() == before
    assert await ask(before, "SELECT 1") == 1


async def test_a_frozen_server_is_still_stopped(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.embedded.STOP_SECONDS", 0.2)
    monkeypatch.setattr("db.embedded.QUIT_SECONDS", 0.2)
    pid = server.pid
    assert pid is not None
    for member in processes.running_in(server.folder):
        os.kill(member, signal.SIGSTOP)
    await server.stop()
    assert processes.running_in(server.folder) == []


async def test_a_server_that_outlived_its_service_is_replaced(
    server: EmbeddedPostgres, place: Path, postgres_folder: Path
) -> None:
    orphan = server.pid
    assert orphan is not None
    successor = EmbeddedPostgres(place, postgres_folder / "cache", settings={"fsync": "off"})
    try:
        dsn = await successor.start()
        assert successor.pid != orphan
        assert processes.postmaster_of(successor.folder) == successor.pid
        assert not processes.belongs_to(orphan, successor.folder)
        assert await ask(dsn, "SELECT 1") == 1
    finally:
        await successor.stop()


async def test_a_pid_file_that_names_a_stranger_is_no_server(server: EmbeddedPostgres) -> None:
    await server.stop()
    stale = server.folder / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n{server.folder}\n1\n5432\n\n127.0.0.1\n\nready\n", encoding="ascii")
    assert processes.postmaster_of(server.folder) is None
    assert running_dsn(server.folder.parent) is None
    stale.write_text("not a number\n", encoding="ascii")
    assert processes.postmaster_of(server.folder) is None
    stale.unlink()


async def test_a_port_that_is_taken_is_told(place: Path, postgres_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = EmbeddedPostgres(place, postgres_folder / "cache", port, settings={"fsync": "off"})
        with pytest.raises(Unavailable, match="PostgreSQL does not start"):
            await server.start()
        await server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as somebody else")
async def test_a_data_folder_that_nobody_can_enter_is_refused_with_advice(
    postgres_folder: Path, tmp_path: Path
) -> None:
    tmp_path.chmod(0o700)
    server = EmbeddedPostgres(tmp_path / "data", postgres_folder / "cache")
    with pytest.raises(ConfigurationError, match=r"cannot enter .*chmod o\+x"):
        await server.start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs the copy")
def test_the_programs_are_copied_once_and_whole(tmp_path: Path, postgres_folder: Path) -> None:
    programs = binaries.provide(postgres_folder / "cache")
    before = (programs / "bin" / "postgres").stat()
    assert binaries.provide(postgres_folder / "cache") == programs
    assert (programs / "bin" / "postgres").stat().st_ino == before.st_ino
    assert list((postgres_folder / "cache").glob(".*")) == []
    tmp_path.chmod(0o700)
    with pytest.raises(ConfigurationError, match="cannot enter"):
        binaries.provide(tmp_path)


async def test_a_half_made_cluster_is_made_anew(place: Path, postgres_folder: Path) -> None:
    debris = place / "postgresql.new"
    debris.mkdir(parents=True)
    (debris / "PG_VERSION").write_text("18\n", encoding="ascii")
    place.chmod(0o711)
    server = EmbeddedPostgres(place, postgres_folder / "cache", settings={"fsync": "off"})
    assert await ask(await server.start(), "SELECT 1") == 1
    await server.stop()
    assert not debris.exists()


async def test_a_lost_password_is_told_instead_of_invented(server: EmbeddedPostgres, place: Path) -> None:
    await server.stop()
    (place / "secrets" / "postgresql-postgres").unlink()
    with pytest.raises(ConfigurationError, match="password of the database is missing: restore"):
        await server.start()


async def test_refused_rows_leave_no_data_in_the_log(server: EmbeddedPostgres, place: Path) -> None:
    await migrate(server.owner_dsn)
    connection = await asyncpg.connect(server.dsn)
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute(
            "INSERT INTO accounts (login, display_name, role, password_hash) VALUES ($1, 'x', 'agent', 'x')",
            "13800138000 Secret Name",
        )
    connection.terminate()
    log = place / "log" / "postgresql.log"
    await eventually(lambda: "accounts_login_check" in log.read_text(encoding="utf-8"))
    assert "13800138000" not in log.read_text(encoding="utf-8")


def _superuser(server: EmbeddedPostgres) -> str:
    return server._dsn("postgres", "postgres")
