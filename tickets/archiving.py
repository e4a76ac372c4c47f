"""Who does the archive's blocking work: threads of this process, or a process of its own.

The service uses ``ArchiverProcess``: encoding, decoding and hashing in its own threads would hold the
interpreter again and again while an agent waits for the next caller. The process (``tickets.archiver``)
and the tests use ``ThreadedArchive``.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol, TypeVar

import structlog

from core import clock
from core.vocabulary import CallId, Seconds
from tickets.archive import Archive, ArchiveError
from tickets.keys import ENVIRONMENT, KeySource
from tickets.model import ClosedRecording, RecordingState

log = structlog.get_logger()

WORKERS = 2
"""Files in work at once."""

STOP_SECONDS: Seconds = 10.0
"""How long the process may take for the files it is at."""

_T = TypeVar("_T")


class ArchiveHands(Protocol):
    """``tickets.archive.Archive`` without blocking; the methods do and raise the same."""

    seconds_spent: Seconds
    """Wall time of the work, all together."""

    async def close(self, call_id: CallId, arrived_at: Seconds) -> ClosedRecording:
        """Bring a recording into the archive."""
        ...

    async def remove_raw(self, call_id: CallId) -> None:
        """Remove the raw file."""
        ...

    async def discard_empty(self, call_id: CallId) -> bool:
        """Remove the raw file if it is empty."""
        ...

    async def holds(self, key: str, size_bytes: int) -> bool:
        """Whether the archive has it."""
        ...

    async def check(self, key: str, size_bytes: int, sha256: str) -> str:
        """Read a recording through: ``ok``, ``missing``, ``damaged`` or ``no_key``."""
        ...

    async def remove(self, key: str) -> bool:
        """Remove a recording for good."""
        ...

    async def stop(self) -> None:
        """Finish the files in work; what is queued is given up."""
        ...


class ThreadedArchive:
    """Two threads of this process."""

    def __init__(self, archive: Archive) -> None:
        self.seconds_spent: Seconds = 0.0
        self._archive = archive
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="recordings")

    async def close(self, call_id: CallId, arrived_at: Seconds) -> ClosedRecording:
        """Bring a recording into the archive."""
        return await self._run(lambda: self._archive.close(call_id, arrived_at))

    async def remove_raw(self, call_id: CallId) -> None:
        """Remove the raw file."""
        await self._run(lambda: self._archive.remove_raw(call_id))

    async def discard_empty(self, call_id: CallId) -> bool:
        """Remove the raw file if it is empty."""
        return await self._run(lambda: self._archive.discard_empty(call_id))

    async def holds(self, key: str, size_bytes: int) -> bool:
        """Whether the archive has it."""
        return await self._run(lambda: self._archive.holds(key, size_bytes))

    async def check(self, key: str, size_bytes: int, sha256: str) -> str:
        """Read a recording through: ``ok``, ``missing``, ``damaged`` or ``no_key``."""
        return await self._run(lambda: self._archive.check(key, size_bytes, sha256))

    async def remove(self, key: str) -> bool:
        """Remove a recording for good."""
        return await self._run(lambda: self._archive.remove(key))

    async def stop(self) -> None:
        """Finish the files in work; what is queued is given up."""
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)

    async def _run(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._timed, work)

    def _timed(self, work: Callable[[], _T]) -> _T:
        started = clock.monotonic()
        try:
            return work()
        finally:
            self.seconds_spent += clock.monotonic() - started


class ArchiverProcess:
    """The process ``python -m tickets.archiver``: one line of JSON per question, one per answer.

    It is started when first needed, and again when it has died: what it was at fails with ``ArchiveError``,
    and whoever asked tries again. It ends by itself when this process is gone (its standard input closes).
    """

    def __init__(self, spool: Path, root: Path, keys: KeySource | None = None) -> None:
        self.seconds_spent: Seconds = 0.0
        self.starts = 0
        keys = keys or KeySource()
        file = () if keys.file is None else (str(keys.file),)
        self._command = (sys.executable, "-m", "tickets.archiver", str(spool), str(root), *file)
        self._environment = {**os.environ, ENVIRONMENT: keys.text}
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._number = 0

    @property
    def pid(self) -> int | None:
        """The process, ``None`` when none runs."""
        return self._process.pid if self._process is not None else None

    async def close(self, call_id: CallId, arrived_at: Seconds) -> ClosedRecording:
        """Bring a recording into the archive."""
        values = dict(await self._ask("close", call_id, arrived_at))
        return ClosedRecording(**{**values, "state": RecordingState(values["state"])})

    async def remove_raw(self, call_id: CallId) -> None:
        """Remove the raw file."""
        await self._ask("remove_raw", call_id)

    async def discard_empty(self, call_id: CallId) -> bool:
        """Remove the raw file if it is empty."""
        return bool(await self._ask("discard_empty", call_id))

    async def holds(self, key: str, size_bytes: int) -> bool:
        """Whether the archive has it."""
        return bool(await self._ask("holds", key, size_bytes))

    async def check(self, key: str, size_bytes: int, sha256: str) -> str:
        """Read a recording through: ``ok``, ``missing``, ``damaged`` or ``no_key``."""
        return str(await self._ask("check", key, size_bytes, sha256))

    async def remove(self, key: str) -> bool:
        """Remove a recording for good."""
        return bool(await self._ask("remove", key))

    async def stop(self) -> None:
        """Finish the files in work; what is queued is given up."""
        process, reader = self._process, self._reader
        if process is None or reader is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
        await reader

    async def _ask(self, what: str, *args: object) -> Any:  # noqa: ANN401 - JSON
        process = await self._running()
        self._number += 1
        number = self._number
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        line = json.dumps({"id": number, "do": what, "args": args}) + "\n"
        try:
            if process.stdin is None or process.stdin.is_closing():
                raise ArchiveError("the archiving process has ended")
            process.stdin.write(line.encode())
            return await answer
        finally:
            self._asked.pop(number, None)

    async def _running(self) -> asyncio.subprocess.Process:
        async with self._starting:
            if self._process is None:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command,
                    env=self._environment,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    start_new_session=True,  # Ctrl-C is for the service, which ends it in order
                )
                self.starts += 1
                self._reader = asyncio.create_task(self._read(self._process))
            return self._process

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        """Hand answers on until the process ends."""
        if process.stdout is not None:
            async for line in process.stdout:
                self._answered(json.loads(line))
        code = await process.wait()
        self._process = None
        if self._asked:
            log.warning("archiver_ended", exit_code=code, unanswered=len(self._asked))
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(ArchiveError("the archiving process has ended"))

    def _answered(self, said: dict[str, Any]) -> None:
        self.seconds_spent += said["seconds"]
        answer = self._asked.get(said["id"])
        if answer is None or answer.done():
            return
        error = said.get("error")
        if error is None:
            answer.set_result(said["result"])
        else:
            answer.set_exception(_error(error))


def describe(result: object) -> object:
    """What an answer carries as JSON."""
    return asdict(result) if isinstance(result, ClosedRecording) else result


def describe_error(error: Exception) -> dict[str, object]:
    """A failure as JSON; never a path."""
    if isinstance(error, OSError):
        return {"kind": "os", "errno": error.errno, "text": error.strerror or "input/output error"}
    if isinstance(error, ArchiveError):
        return {"kind": "archive", "text": str(error)}
    return {"kind": "fault", "text": repr(error)}


def _error(said: dict[str, Any]) -> Exception:
    match said["kind"]:
        case "os":
            return OSError(said["errno"], said["text"])
        case "archive":
            return ArchiveError(said["text"])
        case _:
            return RuntimeError(said["text"])
