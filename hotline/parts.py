"""The three processes of the hotline as parts of the supervisor: PostgreSQL, Asterisk, the service."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from http import HTTPStatus

import aiohttp

from core.vocabulary import Seconds
from db.embedded import EmbeddedPostgres
from db.migrate import migrate
from hotline.asterisk.install import AsteriskInstall
from hotline.asterisk.layout import RenderedAsterisk
from hotline.asterisk.process import AsteriskProcess
from hotline.child import ChildProcess, ChildSpec
from hotline.folders import Folders
from hotline.leftovers import PidFile
from hotline.supervisor import Part, PartFailed

POSTGRESQL, ASTERISK, SERVICE, STANDBY = "postgresql", "asterisk", "service", "standby"

STOP_ORDER: tuple[tuple[str, signal.Signals, Seconds], ...] = (
    # First: else it would take over when the leader ends.
    (STANDBY, signal.SIGTERM, 20.0),
    (SERVICE, signal.SIGTERM, 20.0),
    (ASTERISK, signal.SIGTERM, 10.0),
    # SIGTERM would make PostgreSQL wait for its clients; SIGINT ends their sessions in order.
    (POSTGRESQL, signal.SIGINT, 30.0),
)
"""Name, polite signal, seconds until SIGKILL; for what an earlier run left behind."""

SERVICE_COMMAND = (sys.executable, "-m", "hotline", "serve")
SERVICE_DRAIN_SECONDS: Seconds = 20.0
SERVICE_ALIVE_SECONDS: Seconds = 60.0
LOOK_SECONDS: Seconds = 0.05
"""A process that comes up tells nobody; its port is looked at this often."""


class PostgresPart:
    """The embedded server; its schema is brought up to date at each start."""

    name = POSTGRESQL

    def __init__(self, server: EmbeddedPostgres, folders: Folders) -> None:
        self._server = server
        self._pid_file = PidFile(folders.run, self.name)

    @property
    def pid(self) -> int | None:
        """The main process."""
        return self._server.pid

    async def start(self) -> None:
        """Start it and migrate."""
        await self._server.start()
        if self._server.pid is not None:
            self._pid_file.write(self._server.pid)
        await migrate(self._server.owner_dsn)

    async def stop(self) -> None:
        """Stop it; sessions are ended."""
        await self._server.stop()
        self._pid_file.clear()

    async def wait(self) -> int:
        """Exit code, when it has ended."""
        return await self._server.wait()


class AsteriskPart:
    """Asterisk, with a configuration written anew for each start.

    Args:
        install: which Asterisk.
        render: writes the configuration with a fresh system name and tells the service where to read it.
        folders: of this hotline.
    """

    name = ASTERISK

    def __init__(
        self, install: AsteriskInstall, render: Callable[[], RenderedAsterisk], folders: Folders
    ) -> None:
        self._install = install
        self._render = render
        self._process: AsteriskProcess | None = None
        self._pid_file = PidFile(folders.run, self.name)

    @property
    def pid(self) -> int | None:
        """The running process."""
        return self._process.pid if self._process is not None and self._process.running else None

    async def start(self) -> None:
        """Render and start; returns when every module is loaded."""
        process = AsteriskProcess(self._install, await asyncio.to_thread(self._render))
        self._process = process
        await process.start()
        self._pid_file.write(process.pid)

    async def stop(self) -> None:
        """Stop it; calls end."""
        if self._process is not None:
            await self._process.stop()
            self._process = None
        self._pid_file.clear()

    async def wait(self) -> int:
        """Exit code, when it has ended."""
        if self._process is None:
            raise PartFailed("Asterisk does not run")
        return await self._process.wait()


def service_part(
    folders: Folders, environment: Callable[[], Mapping[str, str]], health_url: str, name: str = SERVICE
) -> ChildProcess:
    """The service, ``python -m hotline serve``, with its settings in its environment.

    It counts as up when it is alive, not when it is ready: a service whose database is away for ten minutes
    still looks after the callers and must not be restarted for it.
    """
    spec = ChildSpec(
        name=name,
        command=SERVICE_COMMAND,
        log=folders.log / f"{name}.log",
        run_dir=folders.run,
        environment=environment,
        ready=lambda: until_ok(health_url),
        ready_seconds=SERVICE_ALIVE_SECONDS,
        stop_seconds=SERVICE_DRAIN_SECONDS,
    )
    return ChildProcess(spec)


async def until_ok(url: str) -> None:
    """Wait until the URL answers with 200."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        while await _status(session, url) != HTTPStatus.OK:  # noqa: ASYNC110 - another process sets no event
            await asyncio.sleep(LOOK_SECONDS)


async def _status(session: aiohttp.ClientSession, url: str) -> int | None:
    try:
        async with session.get(url) as answer:
            return answer.status
    except (aiohttp.ClientError, TimeoutError):
        return None


async def ready_answer(url: str) -> str:
    """What a readiness URL says now, for an error message."""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
            session.get(url) as answer,
        ):
            return (await answer.text())[:1000]
    except (aiohttp.ClientError, TimeoutError) as error:
        return f"no answer ({error!r})"


async def kill(part: Part, number: signal.Signals) -> None:
    """Send a signal to a part's process; after SIGKILL returns when it is gone."""
    pid = part.pid
    if pid is None:
        return
    ended: Awaitable[int] = part.wait()
    waiting = asyncio.ensure_future(ended)
    with suppress(ProcessLookupError):
        os.kill(pid, number)
    if number is signal.SIGKILL:
        await waiting
    else:
        waiting.cancel()
