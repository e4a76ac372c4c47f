"""Which processes of ours are still alive from an earlier run, and how they are ended.

A supervisor that was killed leaves its children running (on purpose: calls go on). The next one finds them
here. A process is recognised by its pid *and* the moment it started, so a reused pid is never touched.
"""

import asyncio
import json
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core import clock
from core.vocabulary import Seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

REAP_SECONDS: Seconds = 2.0

_AFTER_NAME_STATE = 0
_AFTER_NAME_STARTED = 19
"""Places of ``state`` and ``starttime`` in /proc/PID/stat, counted after the process name (proc(5))."""


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """One process for all times: pids are reused, a pid together with its start and the boot is not."""

    pid: int
    started: int
    """Clock ticks from the boot to the start of the process."""
    boot: str
    """The kernel's id of this boot."""


def identify(pid: int) -> ProcessIdentity | None:
    """The identity of a running process, ``None`` when there is none (a zombie does not run)."""
    try:
        fields = (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        )
    except OSError:
        return None
    if fields[_AFTER_NAME_STATE] in {"Z", "X"}:
        return None
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return ProcessIdentity(pid, int(fields[_AFTER_NAME_STARTED]), boot)


class PidFile:
    """``RUN_DIR/NAME.pid``: the identity of the process that plays one part, while it runs."""

    def __init__(self, run_dir: Path, name: str) -> None:
        self.path = run_dir / f"{name}.pid"

    def write(self, pid: int) -> None:
        """Note a process that was just started; one that is gone already leaves no note."""
        identity = identify(pid)
        if identity is None:
            self.clear()
            return
        fresh = self.path.with_suffix(".pid.new")
        fresh.write_text(json.dumps(asdict(identity)) + "\n", encoding="utf-8")
        fresh.replace(self.path)

    def clear(self) -> None:
        """Forget the process."""
        self.path.unlink(missing_ok=True)

    def running(self) -> ProcessIdentity | None:
        """The noted process if exactly that one still runs; a broken note counts as none."""
        try:
            noted = ProcessIdentity(**json.loads(self.path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return noted if identify(noted.pid) == noted else None


async def stop_leftovers(
    run_dir: Path,
    parts: Sequence[tuple[str, signal.Signals, float]],
    say: Callable[[str], None],
) -> list[str]:
    """End what an earlier run left behind.

    Args:
        run_dir: the folder of the pid files.
        parts: name, polite signal and seconds to wait before SIGKILL; ended in this order.
        say: told once for each process found.

    Returns:
        Names of the parts that were still running.
    """
    found = []
    for name, polite, seconds in parts:
        note = PidFile(run_dir, name)
        identity = note.running()
        if identity is not None:
            say(f"An earlier run left {name} running (pid {identity.pid}); stopping it.")
            await end_process(identity, polite, seconds)
            found.append(name)
        note.clear()
    return found


async def end_process(identity: ProcessIdentity, polite: signal.Signals, seconds: float) -> None:
    """Ask a process that is not our child to end; after ``seconds`` it is killed. Returns when it is gone."""
    with _handle(identity) as handle:
        if handle is None:
            return
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, polite)
            try:
                await asyncio.wait_for(_gone(handle), seconds)
            except TimeoutError:
                signal.pidfd_send_signal(handle, signal.SIGKILL)
                await _gone(handle)
                await _reaped(identity.pid)


@contextmanager
def _handle(identity: ProcessIdentity) -> "Iterator[int | None]":
    """A pidfd of exactly this process, ``None`` when it is gone: what it refers to cannot change any more."""
    try:
        handle = os.pidfd_open(identity.pid)
    except ProcessLookupError:
        yield None
        return
    try:
        yield handle if identify(identity.pid) == identity else None
    finally:
        os.close(handle)


async def _gone(handle: int) -> None:
    """Wait for the end of a process; its pidfd becomes readable then."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(handle, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(handle)


async def _reaped(pid: int) -> None:
    """Give init a moment to bury a killed process: PostgreSQL takes a zombie for its running predecessor."""
    limit = clock.monotonic() + REAP_SECONDS
    while _listed(pid) and clock.monotonic() < limit:  # noqa: ASYNC110 - init sets no event
        await asyncio.sleep(0.02)


def _listed(pid: int) -> bool:
    """Whether the kernel still knows the pid, if only as a zombie."""
    return Path(f"/proc/{pid}").exists()
