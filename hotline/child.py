"""One child process with its log file, pid file, readiness check and orderly end.

A child is a direct child in a session of its own: Ctrl-C at the terminal reaches the supervisor only, which
then stops the children in order, each by its own pid.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from core.vocabulary import Seconds
from hotline.leftovers import PidFile
from hotline.logs import rotate
from hotline.supervisor import PartFailed, first_of

TAIL_BYTES = 4096
SHOWN_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """What to run and how.

    Args:
        name: for logs and the pid file.
        command: program and arguments; no secrets, everybody on the machine can read them.
        log: file that takes stdout and stderr; rotated by size at each start.
        run_dir: folder of the pid file.
        environment: asked anew at each start; may hold secrets.
        ready: returns when the process serves; unset: it serves at once.
        ready_seconds: how long that may take.
        stop_seconds: from SIGTERM to SIGKILL.
    """

    name: str
    command: Sequence[str]
    log: Path
    run_dir: Path
    environment: Callable[[], Mapping[str, str]] = field(default=lambda: dict(os.environ))
    ready: Callable[[], Awaitable[None]] | None = None
    ready_seconds: Seconds = 60.0
    stop_seconds: Seconds = 20.0


class ChildProcess:
    """A process that is run, watched and ended; a ``hotline.supervisor.Part``."""

    def __init__(self, spec: ChildSpec) -> None:
        self._spec = spec
        self._process: asyncio.subprocess.Process | None = None
        self._pid_file = PidFile(spec.run_dir, spec.name)

    @property
    def name(self) -> str:
        """Short name."""
        return self._spec.name

    @property
    def pid(self) -> int | None:
        """The running process, ``None`` when there is none."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self) -> None:
        """Start the process and wait until it serves.

        Raises:
            PartFailed: it ended at once, or does not serve in time (it is ended then).
        """
        if self.pid is not None:
            return
        self._process = await self._spawn()
        self._pid_file.write(self._process.pid)
        try:
            async with asyncio.timeout(self._spec.ready_seconds):
                await self._serving(self._process)
        except TimeoutError as error:
            await self.stop()
            raise PartFailed(
                f"{self.name} does not serve after {self._spec.ready_seconds:g} s; see {self._spec.log}"
            ) from error
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL when the deadline has passed; returns when the process is gone."""
        process = self._process
        if process is None:
            return
        if process.returncode is None:
            await self._end(process)
        self._process = None
        self._pid_file.clear()

    async def wait(self) -> int:
        """Exit code, when the process has ended (negative: the signal that ended it)."""
        if self._process is None:
            raise PartFailed(f"{self.name} does not run")
        return await self._process.wait()

    async def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal; after SIGKILL returns when the process is gone."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(number)
        if number is signal.SIGKILL:
            await process.wait()

    async def _spawn(self) -> asyncio.subprocess.Process:
        rotate(self._spec.log)
        with self._spec.log.open("ab") as sink:
            return await asyncio.create_subprocess_exec(
                *self._spec.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=sink,
                stderr=asyncio.subprocess.STDOUT,
                env=dict(self._spec.environment()),
                start_new_session=True,
            )

    async def _serving(self, process: asyncio.subprocess.Process) -> None:
        if self._spec.ready is None:
            return
        code = await first_of(self._spec.ready(), process.wait())
        if code is not None:
            said = last_line(self._spec.log)
            raise PartFailed(
                f"{self.name} ended at its start (exit code {code}): {said}; see {self._spec.log}"
            )

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), self._spec.stop_seconds)
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def last_line(log: Path) -> str:
    """What a process said last, cut to a readable length."""
    with log.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
        lines = file.read().decode("utf-8", "replace").split("\n")
    said = [line.strip() for line in lines if line.strip()]
    return said[-1][:SHOWN_CHARACTERS] if said else "it said nothing"
