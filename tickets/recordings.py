"""Closing recordings in the background: a queue in front of two workers, with back-off.

``tickets.service`` hands over a call when the fact ``CallFinished`` says that the caller's channel is gone.
(``TalkEnded`` comes earlier, but then the recorder may still hold its last buffer.) The order of steps makes
each of them repeatable: archive the file, write the row, wait until it is durable, remove the raw file.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

import structlog

from core import clock
from core.ports import Writer
from core.vocabulary import CallId, Seconds
from tickets.archive import CHANNELS, SAMPLE_RATE, ArchiveError
from tickets.archiving import ArchiveHands
from tickets.model import ClosedRecording, RecordingState
from tickets.rules import recording_id
from tickets.store import SQL

Work = Callable[[], Coroutine[None, None, None]]

log = structlog.get_logger()


@dataclass(slots=True)
class ClosingStats:
    """What has been done since the start, for metrics."""

    pending: int = 0
    """Closings that are queued, running or waiting for another attempt."""
    closed: int = 0
    """Recordings archived whole."""
    partial: int = 0
    missing: int = 0
    damaged: int = 0
    """Times that somebody asked for a recording whose file is not what was archived."""
    retries: int = 0
    """Closings put off: the disk was full, the file still written..."""
    seconds_spent: Seconds = 0.0
    """Wall time of the work, all together."""
    seconds_recorded: Seconds = 0.0
    """Length of the archived recordings together."""


class RecordingCloser:
    """Closes each recording once.

    Args:
        hands: who does the work, at most two files at a time.
        writer: the ordered writer; a ticket's row is submitted to it before its recording is closed.
        first_retry: seconds before the second attempt; doubled each time.
        longest_retry: but never more than this.
    """

    def __init__(
        self,
        hands: ArchiveHands,
        writer: Writer,
        *,
        first_retry: Seconds = 0.1,
        longest_retry: Seconds = 30.0,
    ) -> None:
        self.stats = ClosingStats()
        self._hands = hands
        self._writer = writer
        self._first_retry = first_retry
        self._longest_retry = longest_retry
        self._running: dict[CallId, asyncio.Task[None]] = {}
        self._stopped = False

    def is_closing(self, call_id: CallId) -> bool:
        """Whether this call's recording is in work."""
        return call_id in self._running

    def close(self, call_id: CallId, arrived_at: Seconds) -> None:
        """Queue the closing of a finished call's recording; does nothing while one is in work."""
        self._start(call_id, lambda: self._close(call_id, arrived_at))

    def discard(self, call_id: CallId) -> None:
        """Queue the removal of the empty file that the recorder leaves of a call that was never bridged."""
        self._start(call_id, lambda: self._discard(call_id))

    def tidy(self, call_id: CallId, key: str, size_bytes: int) -> None:
        """Queue the removal of a raw file whose recording is archived under ``key`` (left by a crash)."""
        self._start(call_id, lambda: self._tidy(call_id, key, size_bytes))

    async def drain(self) -> None:
        """Return when nothing is queued, running or waiting for another attempt."""
        while self._running:
            await asyncio.wait(self._running.values())

    async def stop(self) -> None:
        """Give up what is queued (``recover`` takes it up again) and let the workers finish their file."""
        self._stopped = True
        for task in self._running.values():
            task.cancel()
        await self.drain()
        await self._hands.stop()

    def _start(self, call_id: CallId, work: Work) -> None:
        if call_id in self._running or self._stopped:
            return
        task = asyncio.get_running_loop().create_task(
            self._until_done(call_id, work), name=f"recording {call_id}"
        )
        self._running[call_id] = task
        self.stats.pending = len(self._running)
        task.add_done_callback(lambda _: self._done(call_id))

    def _done(self, call_id: CallId) -> None:
        del self._running[call_id]
        self.stats.pending = len(self._running)

    async def _until_done(self, call_id: CallId, work: Work) -> None:
        delay = self._first_retry
        while True:
            try:
                return await work()
            except (OSError, ArchiveError) as error:
                self.stats.retries += 1
                log.warning("recording_put_off", call_id=call_id, reason=_reason(error), retry_s=delay)
            except Exception:  # the row stays pending, and the next recovery tries again
                log.exception("recording_failed", call_id=call_id)
                return None
            await asyncio.sleep(delay)
            delay = min(2 * delay, self._longest_retry)

    async def _close(self, call_id: CallId, arrived_at: Seconds) -> None:
        closed = await self._hands.close(call_id, arrived_at)
        self._write(call_id, closed)
        await self._writer.flush()
        await self._hands.remove_raw(call_id)
        self._count(closed)
        if closed.state is not RecordingState.READY:
            log.warning("recording_incomplete", call_id=call_id, state=closed.state, note=closed.note)

    async def _discard(self, call_id: CallId) -> None:
        if not await self._hands.discard_empty(call_id):
            log.error("recording_without_ticket", call_id=call_id)

    async def _tidy(self, call_id: CallId, key: str, size_bytes: int) -> None:
        if await self._hands.holds(key, size_bytes):
            await self._hands.remove_raw(call_id)
        else:
            log.error("recording_not_in_archive", call_id=call_id)

    def _write(self, call_id: CallId, closed: ClosedRecording) -> None:
        archived = closed.path_key is not None
        self._writer.submit(
            SQL["close_recording"],
            call_id,
            str(recording_id(call_id)),
            closed.state,
            closed.path_key,
            "flac" if archived else None,
            CHANNELS if archived else None,
            SAMPLE_RATE if archived else None,
            closed.duration_s,
            closed.size_bytes,
            closed.sha256,
            closed.note,
            clock.wall(),
        )

    def _count(self, closed: ClosedRecording) -> None:
        match closed.state:
            case RecordingState.READY:
                self.stats.closed += 1
            case RecordingState.PARTIAL:
                self.stats.partial += 1
            case _:
                self.stats.missing += 1
        self.stats.seconds_recorded += closed.duration_s or 0.0
        self.stats.seconds_spent = self._hands.seconds_spent


def _reason(error: Exception) -> str:
    # Never str(OSError): it names a path.
    return (error.strerror or "input/output error") if isinstance(error, OSError) else str(error)
