"""The whole hotline as one object: ``hotline run``, ``hotline smoke`` and the acceptance tests start it.

Order of the start: folders and lock, leftovers, ports, what has to be provisioned, PostgreSQL and its schema,
Asterisk with a fresh configuration, the service; it is up when the service says that it is ready.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import SecretStr

from core.vocabulary import Phone, Seconds
from db.embedded import EmbeddedPostgres
from db.migrate import migrate
from hotline import parts, provisioning
from hotline.asterisk.install import AsteriskInstall
from hotline.asterisk.layout import AsteriskSecrets, RenderedAsterisk, new_system_name, phone_password
from hotline.asterisk.render import render
from hotline.environment import to_environment
from hotline.folders import DataFolderLock, Folders, prepare
from hotline.leftovers import stop_leftovers
from hotline.resolve import check_free, reachable_host, resolve
from hotline.runtime import AsteriskRuntime, path_of
from hotline.scratch import scratch_folder, scratch_settings
from hotline.settings import Settings
from hotline.supervisor import Part, PartFailed, PartState, Supervisor

__all__ = ["Progress", "Stack", "scratch_folder", "scratch_settings"]

READY_SECONDS: Seconds = 60.0

Progress = Callable[[str], None]
"""Told one line for everything that takes a while."""


class Stack:
    """Everything that makes up one running hotline.

    Args:
        settings: port 0 stands for a free port.
        progress: told what is being done.
        supervise: restart parts that end by themselves; ``False``: what is killed stays dead.
        on_change: told each change in the state of a part.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        progress: Progress = lambda _line: None,
        supervise: bool = True,
        on_change: Callable[[str, PartState], None] | None = None,
    ) -> None:
        self.settings = settings
        self.folders = Folders(settings.data_dir.absolute())
        self.leftovers: list[str] = []
        """Parts of an earlier run that had to be stopped at the start."""
        self.rendered: RenderedAsterisk | None = None
        """The configuration of the running Asterisk, ``None`` with an external one."""
        self._progress = progress
        self._supervise = supervise
        self._on_change = on_change
        self._lock = DataFolderLock(self.folders)
        self._postgres: EmbeddedPostgres | None = None
        self._parts: dict[str, Part] = {}
        self._supervisor: Supervisor | None = None

    @property
    def api_url(self) -> str:
        """``http://HOST:PORT`` of the API."""
        return f"http://{reachable_host(self.settings.http_host)}:{self.settings.http_port}"

    @property
    def standby_api_url(self) -> str:
        """``http://HOST:PORT`` of the second process, if there is one (``HOTLINE_STANDBY``)."""
        return f"http://{reachable_host(self.settings.http_host)}:{self.settings.standby_http_port}"

    @property
    def metrics_url(self) -> str:
        """Where Prometheus reads."""
        return f"http://{reachable_host(self.settings.metrics_host)}:{self.settings.metrics_port}/metrics"

    @property
    def sip_port(self) -> int:
        """UDP port of Asterisk."""
        return self.settings.sip_port

    @property
    def dsn(self) -> str:
        """The database as the service uses it. Holds a password."""
        if self._postgres is not None:
            return self._postgres.dsn
        return self.settings.database_url.get_secret_value() if self.settings.database_url else ""

    @property
    def owner_dsn(self) -> str:
        """The database as its owner, for looking into it and for migrations. Holds a password."""
        return self._postgres.owner_dsn if self._postgres is not None else self.dsn

    @property
    def processes(self) -> dict[str, int | None]:
        """Name of each part -> its process id, ``None`` while it does not run."""
        return {name: part.pid for name, part in self._parts.items()}

    @property
    def states(self) -> dict[str, PartState]:
        """Name of each part -> how it is doing."""
        return self._supervisor.states() if self._supervisor is not None else {}

    def phone_password(self, phone: Phone) -> str:
        """The SIP password of an agent's phone."""
        return phone_password(self._secrets().phone_master, phone)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Bring everything up; returns when the service is ready. After a failure nothing is left running.

        Raises:
            HotlineError: a setting, a folder or the machine is not as needed, or a part does not come up.
        """
        prepare(self.folders.data, self.settings.cache_dir)
        self._lock.take()
        try:
            self.leftovers = await stop_leftovers(self.folders.run, parts.STOP_ORDER, self._progress)
            self.settings = resolve(self.settings, self.folders)
            check_free(self.settings)
            await self._build()
            await self._require_supervisor().start()
            await self.wait_ready()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop the service, Asterisk and PostgreSQL, in this order; harmless when they do not run."""
        if self._supervisor is not None:
            await self._supervisor.stop()
        self._lock.release()

    def force_stop(self) -> None:
        """SIGKILL for every part, at once: the operator does not want to wait.

        Each is reaped, too: PostgreSQL takes the zombie of its predecessor for a running server.
        """
        for pid in self.processes.values():
            if pid is not None:
                with suppress(ProcessLookupError, ChildProcessError):
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)

    async def wait_ready(self, seconds: Seconds = READY_SECONDS) -> None:
        """Wait until the service says that it is ready.

        Raises:
            PartFailed: it does not within ``seconds``; carries what it says instead.
        """
        url = f"{self.api_url}/readyz"
        try:
            async with asyncio.timeout(seconds):
                await parts.until_ok(url)
        except TimeoutError:
            answer, where = await parts.ready_answer(url), self.folders.log / "service.log"
            raise PartFailed(f"the service is not ready after {seconds:g} s: {answer}; see {where}") from None

    async def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to one part; after SIGKILL returns when the process is gone."""
        await parts.kill(self._parts[name], number)

    async def start_part(self, name: str) -> None:
        """Start a part that is dead or stopped."""
        await self._require_supervisor().start_part(name)

    async def stop_part(self, name: str) -> None:
        """Stop a part in order and leave it stopped."""
        await self._require_supervisor().stop_part(name)

    async def kill_service(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to the service."""
        await self.kill(parts.SERVICE, number)

    async def start_service(self) -> None:
        """Start the service; returns when it is ready."""
        await self.start_part(parts.SERVICE)
        await self.wait_ready()

    async def stop_service(self) -> None:
        """Stop the service in order."""
        await self.stop_part(parts.SERVICE)

    async def kill_asterisk(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to Asterisk."""
        await self.kill(parts.ASTERISK, number)

    async def start_asterisk(self) -> None:
        """Start Asterisk with a fresh configuration."""
        await self.start_part(parts.ASTERISK)

    async def kill_postgres(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to PostgreSQL's main process."""
        await self.kill(parts.POSTGRESQL, number)

    async def start_postgres(self) -> None:
        """Start PostgreSQL on the same data."""
        await self.start_part(parts.POSTGRESQL)

    async def _build(self) -> None:
        """Provision, and make the parts."""
        built: list[Part] = []
        if self.settings.database_url is None:
            self._postgres = EmbeddedPostgres(self.folders.data, self.settings.cache_dir)
            built.append(parts.PostgresPart(self._postgres, self.folders))
        else:
            self._progress("Bringing the database's schema up to date")
            await migrate(self.dsn)
        prompts_dir = await provisioning.prompts(self.settings, self._progress)
        if not self.settings.asterisk_external:
            install = await provisioning.asterisk(self.settings, self._progress)
            built.append(
                parts.AsteriskPart(install, lambda: self._render(install, prompts_dir), self.folders)
            )
        built.append(parts.service_part(self.folders, self._service_environment, f"{self.api_url}/healthz"))
        if self.settings.standby:
            health = f"{self.standby_api_url}/healthz"
            built.append(parts.service_part(self.folders, self._standby_environment, health, parts.STANDBY))
        self._parts = {part.name: part for part in built}
        self._supervisor = Supervisor(built, supervise=self._supervise, on_change=self._on_change)

    def _service_environment(self) -> Mapping[str, str]:
        return to_environment(self.settings.model_copy(update={"database_url": SecretStr(self.dsn)}))

    def _standby_environment(self) -> Mapping[str, str]:
        """The second process: the same hotline, ports of its own."""
        given = self.settings
        own = {
            "database_url": SecretStr(self.dsn),
            "instance": parts.STANDBY,
            "http_port": given.standby_http_port,
            "metrics_port": given.standby_metrics_port,
            "agi_port": given.standby_agi_port,
        }
        return to_environment(given.model_copy(update=own))

    def _secrets(self) -> AsteriskSecrets:
        secret, master = self.settings.ami_secret, self.settings.phone_secret
        if secret is None or master is None:
            raise PartFailed("the hotline has not been started")
        return AsteriskSecrets(secret.get_secret_value(), master.get_secret_value())

    def _render(self, install: AsteriskInstall, prompts_dir: Path) -> RenderedAsterisk:
        """Write Asterisk's configuration under a fresh system name, and what the service must know of it."""
        rendered = render(
            self.settings,
            self._secrets(),
            self.folders.asterisk / "etc",
            state_dir=self.folders.asterisk,
            prompts_dir=prompts_dir,
            system_name=new_system_name(),
            install=install,
        )
        AsteriskRuntime.of(rendered).save(path_of(self.settings))
        self.rendered = rendered
        return rendered

    def _require_supervisor(self) -> Supervisor:
        if self._supervisor is None:
            raise PartFailed("the hotline has not been started")
        return self._supervisor
