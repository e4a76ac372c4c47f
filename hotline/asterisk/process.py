"""Runs Asterisk as a direct child: start, wait until it is fully up, ask its console, stop.

It gets a session of its own: Ctrl-C in the terminal reaches the supervisor, which decides what ends when, and
a supervisor that dies does not take the calls with it.
"""

import asyncio
import signal
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from core.clock import monotonic
from core.errors import ConfigurationError
from hotline.asterisk.install import AsteriskInstall
from hotline.asterisk.layout import RenderedAsterisk

START_SECONDS = 60.0
CONSOLE_SECONDS = 10.0
LOOK_SECONDS = 0.02
"""Asterisk tells nobody when its control socket appears; only while starting is it looked for."""
LAST_LINES = 12

_log = structlog.get_logger()


class AsteriskDown(Exception):
    """Asterisk does not run, or does not answer its console."""


@dataclass(slots=True)
class AsteriskProcess:
    """One Asterisk. ``start`` once; after ``stop`` or a crash make a new object with a fresh system name."""

    install: AsteriskInstall
    rendered: RenderedAsterisk
    _process: asyncio.subprocess.Process | None = field(default=None, init=False)

    @property
    def pid(self) -> int:
        """Process id.

        Raises:
            AsteriskDown: it was never started.
        """
        return self._started().pid

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    async def start(self, timeout: float = START_SECONDS) -> None:  # noqa: ASYNC109 - one deadline for two steps
        """Start it and return when every module is loaded (``FullyBooted``).

        Raises:
            ConfigurationError: it ended or was not up within ``timeout`` seconds; says what it printed last.
        """
        began = monotonic()
        seen = len(self._messages())
        with (self.rendered.log_dir / "console").open("wb") as output:
            self._process = await asyncio.create_subprocess_exec(
                *self._asterisk(),
                "-f",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                umask=0o027,  # recordings are nobody else's
                cwd=self.rendered.state_dir,
            )
        try:
            async with asyncio.timeout(timeout):
                await self._until_booted()
            self._check_ports(seen)
        except (TimeoutError, AsteriskDown) as error:
            await self.stop(0)
            why = str(error) or f"it was not up after {timeout:g} s"
            raise ConfigurationError(f"Asterisk did not start: {why}{self._last()}") from error
        _log.info("asterisk started", pid=self.pid, seconds=round(monotonic() - began, 2))

    async def wait(self) -> int:
        """Return its exit status when it ends, for whatever reason; negative: killed by that signal."""
        return await self._started().wait()

    async def stop(self, deadline: float = 10.0) -> int | None:
        """End it, calls included: ask, and after ``deadline`` seconds kill. Harmless when it has ended.

        Returns:
            The exit status, ``None`` when it was never started.
        """
        if self._process is None:
            return None
        if self.running:
            with suppress(ProcessLookupError):
                self._process.terminate()
            with suppress(TimeoutError):
                async with asyncio.timeout(deadline):
                    await self._process.wait()
        if self.running:
            _log.warning("asterisk killed", pid=self.pid, deadline=deadline)
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGKILL)
        return await self._process.wait()

    async def console(self, command: str, timeout: float = CONSOLE_SECONDS) -> str:  # noqa: ASYNC109 - part of the port
        """Carry out one console command and return what it printed.

        Raises:
            AsteriskDown: no answer within ``timeout`` seconds, or a failure.
        """
        return await console(self.install, self.rendered, command, timeout)

    async def reload_phones(self) -> None:
        """Make a newly rendered phones' file count; calls and registrations go on.

        Raises:
            AsteriskDown: as ``console``.
        """
        await reload_phones(self.install, self.rendered)

    async def _until_booted(self) -> None:
        """Wait for the control socket, then let Asterisk itself say when it is ready."""
        control = self.rendered.run_dir / "asterisk.ctl"
        while True:
            if not self.running:
                raise AsteriskDown(f"it ended with status {self._started().returncode}")
            if control.exists() and self._is_ours():
                with suppress(AsteriskDown):
                    await self.console("core waitfullybooted")
                    return
            await asyncio.sleep(LOOK_SECONDS)

    def _is_ours(self) -> bool:
        """Whether the control socket is this process's and not one that an earlier Asterisk left or holds."""
        try:
            return int((self.rendered.run_dir / "asterisk.pid").read_text()) == self.pid
        except (OSError, ValueError):
            return False

    def _messages(self) -> str:
        """Asterisk's log, all starts."""
        try:
            return (self.rendered.log_dir / "messages").read_text(errors="replace")
        except OSError:
            return ""

    def _check_ports(self, seen: int) -> None:
        """Asterisk comes up without a port that it cannot have, and only its log says so."""
        taken = [line for line in self._messages()[seen:].splitlines() if "Address already in use" in line]
        if taken:
            raise AsteriskDown(taken[0])

    def _asterisk(self) -> tuple[str, ...]:
        return (*self.install.command, "-C", str(self.rendered.config_dir / "asterisk.conf"))

    def _started(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise AsteriskDown("it was not started")
        return self._process

    def _last(self) -> str:
        """The last lines of what it wrote, for an error message."""
        lines = self._messages().splitlines()[-LAST_LINES:]
        with suppress(OSError):
            lines += (
                (self.rendered.log_dir / "console").read_text(errors="replace").splitlines()[-LAST_LINES:]
            )
        return "".join(f"\n    {line}" for line in lines)


async def console(
    install: AsteriskInstall,
    rendered: RenderedAsterisk,
    command: str,
    timeout: float = CONSOLE_SECONDS,  # noqa: ASYNC109 - part of the port
) -> str:
    """The same for an Asterisk that another process started."""
    process = await asyncio.create_subprocess_exec(
        *install.command,
        "-C",
        str(rendered.config_dir / "asterisk.conf"),
        "-rx",
        command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(timeout):
            output, _ = await process.communicate()
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise AsteriskDown(f"its console did not answer {command!r} within {timeout:g} s") from error
    if process.returncode:
        raise AsteriskDown(output.decode(errors="replace").strip())
    return output.decode(errors="replace")


async def reload_phones(install: AsteriskInstall, rendered: RenderedAsterisk) -> None:
    """Make a newly rendered phones' file count, in an Asterisk that another process may have started."""
    answer = await console(install, rendered, "module reload res_pjsip.so")
    if "reloaded successfully" not in answer:
        raise AsteriskDown(f"the phones were not reloaded: {answer.strip()}")
