"""PostgreSQL as a part of the hotline: programs from a wheel, a direct child, an unprivileged user.

Roles: ``postgres`` (superuser; makes the others, then is not used), ``hotline_owner`` (owns the database;
runs migrations), ``hotline_service`` (what the running service connects as; see ``grants.sql``). All
passwords are random, made at the first start and kept in ``<data>/secrets``.

The server listens on loopback only, with scram-sha-256 for every connection.
"""

import asyncio
import secrets
import signal
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import asyncpg
import structlog

from core import clock
from core.errors import ConfigurationError, Unavailable
from core.vocabulary import Seconds
from db import binaries, cluster, processes
from db.cluster import SUPERUSER

log = structlog.get_logger()

DATABASE = "hotline"
OWNER, SERVICE = "hotline_owner", "hotline_service"

READY_SECONDS: Seconds = 60.0
"""How long a start may take; after a crash the server first replays its log."""
STOP_SECONDS: Seconds = 30.0
"""From the request to end (open transactions are rolled back) to the demand."""
QUIT_SECONDS: Seconds = 5.0
"""From the demand to the end by force."""
LOG_LIMIT_BYTES = 10_000_000

_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "password_encryption": "scram-sha-256",
    # The detail of a refused row would put a citizen's data into the log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "tcp_keepalives_idle": "60",
}


class EmbeddedPostgres:
    """One PostgreSQL server in ``<data_dir>/postgresql``.

    Args:
        data_dir: the hotline's data folder.
        cache_dir: where the programs are copied to when we are root.
        port: TCP port on 127.0.0.1; 0 takes a free one and keeps it for the life of this object.
        settings: further server settings, ``{"fsync": "off"}`` in tests.
    """

    name = "postgresql"

    def __init__(
        self, data_dir: Path, cache_dir: Path, port: int = 0, *, settings: Mapping[str, str] | None = None
    ) -> None:
        self._data = data_dir
        self._cache = cache_dir
        self._port = port
        self._settings = {**_SETTINGS, **(settings or {})}
        self._process: asyncio.subprocess.Process | None = None

    @property
    def folder(self) -> Path:
        """The server's own data folder."""
        return self._data / "postgresql"

    @property
    def pid(self) -> int | None:
        """Pid of the main process, ``None`` when it does not run."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if running and self._process else None

    @property
    def dsn(self) -> str:
        """How the service connects."""
        return self._dsn(SERVICE, DATABASE)

    @property
    def owner_dsn(self) -> str:
        """How migrations connect."""
        return self._dsn(OWNER, DATABASE)

    async def start(self) -> str:
        """Start the server (made at the first time) and wait until it serves.

        Returns:
            The service's DSN; ``owner_dsn`` is the one for migrations.

        Raises:
            ConfigurationError: a folder or the installation is not as needed; says what to do.
            Unavailable: the server did not come up; names its log file.
        """
        user = binaries.run_as()
        self._data.mkdir(parents=True, exist_ok=True, mode=0o711)
        binaries.require_enterable(self._data, user)
        programs = await asyncio.to_thread(binaries.provide, self._cache)
        await self._end_leftovers()
        if not self.folder.joinpath("PG_VERSION").exists():
            await self._initialise(programs, user)
        self._port = self._port or _free_port()
        await self._launch(programs, user)
        await self._await_ready(programs, user)
        await self._make_roles()
        return self.dsn

    async def stop(self) -> None:
        """End the server, with its sessions; by force if it does not answer. Harmless when it is not up."""
        process = self._process
        if process is None:
            return
        for number, patience in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, QUIT_SECONDS)):
            if process.returncode is None and not await self._signalled(process, number, patience):
                log.warning("postgresql_slow_to_stop", pid=process.pid, signal=number.name)
        if process.returncode is None:
            await processes.kill_all(self.folder)
            await process.wait()
        self._process = None

    async def wait(self) -> int:
        """Wait for the server's end; its exit code, negative for a signal."""
        if self._process is None:
            raise RuntimeError("the server has not been started")
        return await self._process.wait()

    def _dsn(self, role: str, database: str) -> str:
        return f"postgresql://{role}:{self._password(role)}@127.0.0.1:{self._port}/{database}"

    def _password(self, role: str) -> str:
        """A role's password, made at the first use."""
        path = self._data / "secrets" / f"postgresql-{role}"
        if not path.exists():
            if role == SUPERUSER and self.folder.joinpath("PG_VERSION").exists():
                raise ConfigurationError(f"the password of the database is missing: restore {path}")
            cluster.write_secret(path, secrets.token_urlsafe(32))
        return path.read_text(encoding="ascii").strip()

    async def _end_leftovers(self) -> None:
        """A server that outlived its service is stopped in order; it is started anew as our child."""
        if await asyncio.to_thread(processes.running_in, self.folder):
            log.warning("postgresql_leftover", pid=processes.postmaster_of(self.folder))
            await processes.end_all(self.folder)

    async def _initialise(self, programs: Path, user: binaries.RunAs) -> None:
        """Make the cluster under a temporary name, then rename: it is complete or absent."""
        log.info("postgresql_initialising")
        await asyncio.to_thread(cluster.initialise, programs, user, self.folder, self._password(SUPERUSER))

    async def _launch(self, programs: Path, user: binaries.RunAs) -> None:
        command = [str(programs / "bin" / "postgres"), "-D", str(self.folder), "-p", str(self._port)]
        for key, value in self._settings.items():
            command += ["-c", f"{key}={value}"]
        with _log_file(self._log_path).open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env=cluster.environment(),
                start_new_session=True,
                user=user.user,
                group=user.group,
                extra_groups=user.extra_groups,
            )

    @property
    def _log_path(self) -> Path:
        return self._data / "log" / "postgresql.log"

    async def _await_ready(self, programs: Path, user: binaries.RunAs) -> None:
        """Wait for the first connection; a start that fails over a dead server's remains is repeated."""
        limit = clock.monotonic() + READY_SECONDS
        while not await self._answers():
            if clock.monotonic() > limit:
                await self.stop()
                raise Unavailable(
                    f"PostgreSQL did not start within {READY_SECONDS:.0f} s, see {self._log_path}"
                )
            if self.pid is None:
                await self._retry_launch(programs, user, limit)
            await asyncio.sleep(0.05)

    async def _retry_launch(self, programs: Path, user: binaries.RunAs, limit: Seconds) -> None:
        """A server that ended at once: worth another try only while an old one's processes are ending."""
        leftovers = await asyncio.to_thread(processes.running_in, self.folder)
        if not leftovers or clock.monotonic() > limit:
            raise Unavailable(f"PostgreSQL does not start: {_last_line(self._log_path)}")
        await processes.end_all(self.folder)
        await self._launch(programs, user)

    async def _answers(self) -> bool:
        try:
            connection = await asyncpg.connect(self._dsn(SUPERUSER, "postgres"), timeout=2)
        except (OSError, TimeoutError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError):
            return False
        except asyncpg.InvalidAuthorizationSpecificationError as error:
            await self.stop()
            raise ConfigurationError(f"PostgreSQL refuses the kept password: {error}") from error
        connection.terminate()
        return True

    async def _make_roles(self) -> None:
        """Roles and database as they should be; repeated at every start, which heals what was changed."""
        connection = await asyncpg.connect(self._dsn(SUPERUSER, "postgres"), timeout=10)
        try:
            for role in (OWNER, SERVICE):
                await _make_role(connection, role, self._password(role))
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
                await connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
            await connection.execute(f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC")
            await connection.execute(f"GRANT CONNECT ON DATABASE {DATABASE} TO {SERVICE}")
        finally:
            connection.terminate()

    async def _signalled(
        self, process: asyncio.subprocess.Process, number: signal.Signals, patience: Seconds
    ) -> bool:
        with suppress(ProcessLookupError):
            process.send_signal(number)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), patience)
        return process.returncode is not None


def running_dsn(data_dir: Path, role: str = SERVICE) -> str | None:
    """How to connect to the embedded server that some process runs in a data folder; ``None`` if none does.

    Used by operators' commands beside a running hotline.
    """
    folder = data_dir / "postgresql"
    if processes.postmaster_of(folder) is None or (port := processes.port_of(folder)) is None:
        return None
    try:
        password = (data_dir / "secrets" / f"postgresql-{role}").read_text(encoding="ascii").strip()
    except OSError as error:
        raise ConfigurationError(f"the database's password cannot be read: {error}") from error
    return f"postgresql://{role}:{password}@127.0.0.1:{port}/{DATABASE}"


async def _make_role(connection: "asyncpg.Connection[asyncpg.Record]", role: str, password: str) -> None:
    verb = (
        "ALTER" if await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role) else "CREATE"
    )
    statement = await connection.fetchval(
        "SELECT format('%s ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD %L',"
        " $1::text, $2::text, $3::text)",
        verb,
        role,
        password,
    )
    await connection.execute(statement)


def _log_file(path: Path) -> Path:
    """The log, moved aside once it is large."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    with suppress(FileNotFoundError):
        if path.stat().st_size > LOG_LIMIT_BYTES:
            path.rename(path.with_suffix(".log.1"))
    return path


def _last_line(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return lines[-1] if lines else f"see {path}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
