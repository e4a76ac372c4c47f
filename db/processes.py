"""Finding and ending the PostgreSQL processes of one data folder, whoever started them.

After a ``kill -9`` of the service its PostgreSQL runs on; after a ``kill -9`` of PostgreSQL its children may
live on for a moment and keep the shared memory. A process belongs to a data folder when that is its working
folder and the program is ``postgres``: a pid alone proves nothing.
"""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from core import clock
from core.vocabulary import Seconds

_POLL_SECONDS = 0.05


def running_in(folder: Path) -> list[int]:
    """Pids of all PostgreSQL processes whose data folder this is."""
    return [pid for pid in _all_pids() if belongs_to(pid, folder)]


def postmaster_of(folder: Path) -> int | None:
    """Pid of the live main process named by ``postmaster.pid``, ``None`` if there is none."""
    lines = _pid_file(folder)
    pid = int(lines[0]) if lines and lines[0].strip().isdigit() else 0
    return pid if pid and belongs_to(pid, folder) else None


def port_of(folder: Path) -> int | None:
    """The TCP port that the server in this folder wrote down, ``None`` if it has none."""
    lines = _pid_file(folder)
    return int(lines[3]) if len(lines) > 3 and lines[3].strip().isdigit() else None  # noqa: PLR2004 - line 4 of the file is the port


async def end_all(folder: Path) -> None:
    """End every PostgreSQL process of the folder: orderly if they manage, by force if not."""
    main = postmaster_of(folder)
    if main is not None:
        _send(main, signal.SIGINT)
        await _gone(folder, 15.0)
    for pid in running_in(folder):
        _send(pid, signal.SIGQUIT)
    if not await _gone(folder, 3.0):
        await kill_all(folder)


async def kill_all(folder: Path) -> None:
    """End every PostgreSQL process of the folder by force; nothing committed is lost by it."""
    for pid in running_in(folder):
        _send(pid, signal.SIGKILL)
    await _gone(folder, 5.0)


def belongs_to(pid: int, folder: Path) -> bool:
    """Whether a pid is a living ``postgres`` that works in this folder."""
    process = Path(f"/proc/{pid}")
    try:
        if process.joinpath("cwd").readlink() != folder.resolve():
            return False
        if process.joinpath("exe").readlink().name.removesuffix(" (deleted)") != "postgres":
            return False
        return _alive(process)
    except (OSError, ValueError):
        return False


def _alive(process: Path) -> bool:
    """A zombie is only a name: its memory and its files are gone."""
    status = process.joinpath("stat").read_text(encoding="utf-8", errors="replace")
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}


async def _gone(folder: Path, patience: Seconds) -> bool:
    limit = clock.monotonic() + patience
    while running_in(folder):
        if clock.monotonic() > limit:
            return False
        await asyncio.sleep(_POLL_SECONDS)
    return True


def _all_pids() -> Iterator[int]:
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            yield int(entry.name)


def _pid_file(folder: Path) -> list[str]:
    try:
        return folder.joinpath("postmaster.pid").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
