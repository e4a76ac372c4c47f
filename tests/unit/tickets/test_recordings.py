import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.vocabulary import CallId, Seconds
from tests.unit.tickets.samples import ListWriter, call_id, two_tones
from tickets.archive import Archive, ArchiveError
from tickets.archiving import ThreadedArchive
from tickets.model import ClosedRecording, RecordingState
from tickets.recordings import RecordingCloser
from tickets.rules import recording_id
from tickets.store import SQL

ARRIVED = 1_795_420_800.0
CALL = call_id(1)


class HeldArchive(Archive):
    """Closings wait until they are let go; counts how many run at once."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, folder)
        self.let_go = threading.Event()
        self.running = self.most = 0
        self._lock = threading.Lock()

    def close(self, call_id: CallId, arrived_at: Seconds) -> ClosedRecording:
        del call_id, arrived_at
        with self._lock:
            self.running += 1
            self.most = max(self.most, self.running)
        assert self.let_go.wait(10)
        with self._lock:
            self.running -= 1
        return ClosedRecording(RecordingState.MISSING, "held")


class FailingArchive(Archive):
    """Fails with these errors, one per attempt, then works."""

    def __init__(self, folder: Path, errors: list[Exception]) -> None:
        super().__init__(folder, folder / "archive")
        self.errors = errors
        self.failed = threading.Event()

    def close(self, call_id: CallId, arrived_at: Seconds) -> ClosedRecording:
        if self.errors:
            self.failed.set()
            raise self.errors.pop(0)
        return super().close(call_id, arrived_at)


@pytest.fixture
def writer() -> ListWriter:
    return ListWriter()


@pytest.fixture
async def closer(tmp_path: Path, writer: ListWriter) -> AsyncIterator[RecordingCloser]:
    closer = RecordingCloser(
        ThreadedArchive(Archive(tmp_path, tmp_path / "archive")), writer, first_retry=0.01
    )
    yield closer
    await closer.stop()


def raw_file(folder: Path, call: CallId, content: bytes) -> Path:
    file = folder / f"{call}.raw"
    file.write_bytes(content)
    return file


async def test_the_row_is_durable_before_the_raw_file_goes(
    closer: RecordingCloser, writer: ListWriter, tmp_path: Path
) -> None:
    raw = raw_file(tmp_path, CALL, two_tones(0.5))
    seen: list[tuple[int, bool]] = []
    writer.on_flush = lambda: seen.append((len(writer.submitted), raw.exists()))
    closer.close(CALL, ARRIVED)
    await closer.drain()
    assert seen == [(1, True)]
    assert not raw.exists()
    query, args = writer.submitted[0]
    assert query == SQL["close_recording"]
    assert args[:3] == (CALL, str(recording_id(CALL)), "ready")
    assert args[4:8] == ("flac", 2, 8000, 0.5)


async def test_nothing_recorded_has_no_format(closer: RecordingCloser, writer: ListWriter) -> None:
    closer.close(CALL, ARRIVED)
    await closer.drain()
    assert writer.submitted[0][1][2:11] == (
        "missing", None, None, None, None, None, None, None, "no recording was made"
    )  # fmt: skip


async def test_what_is_done_is_counted(closer: RecordingCloser, tmp_path: Path) -> None:
    raw_file(tmp_path, call_id(1), two_tones(0.5))
    raw_file(tmp_path, call_id(2), two_tones(0.25) + b"x")
    for number in (1, 2, 3):
        closer.close(call_id(number), ARRIVED)
    assert closer.stats.pending == 3
    await closer.drain()
    stats = closer.stats
    assert (stats.pending, stats.closed, stats.partial, stats.missing, stats.retries) == (0, 1, 1, 1, 0)
    assert stats.seconds_recorded == 0.75
    assert stats.seconds_spent > 0


async def test_a_peak_queues_up_behind_two_threads(tmp_path: Path, writer: ListWriter) -> None:
    archive = HeldArchive(tmp_path)
    closer = RecordingCloser(ThreadedArchive(archive), writer)
    for number in range(20):
        closer.close(call_id(number), ARRIVED)
    drained = asyncio.create_task(closer.drain())
    await asyncio.sleep(0)  # the loop goes on while both threads are held
    assert closer.stats.pending == 20
    assert not drained.done()
    archive.let_go.set()
    await drained
    assert archive.most == 2
    assert closer.stats.missing == 20
    await closer.stop()


async def test_a_call_in_work_is_not_taken_twice(tmp_path: Path, writer: ListWriter) -> None:
    archive = HeldArchive(tmp_path)
    closer = RecordingCloser(ThreadedArchive(archive), writer)
    closer.close(CALL, ARRIVED)
    closer.close(CALL, ARRIVED)
    closer.discard(CALL)
    assert closer.stats.pending == 1
    assert closer.is_closing(CALL)
    archive.let_go.set()
    await closer.drain()
    assert len(writer.submitted) == 1
    assert not closer.is_closing(CALL)
    await closer.stop()


async def test_what_fails_is_tried_again_and_the_raw_file_kept(tmp_path: Path, writer: ListWriter) -> None:
    raw = raw_file(tmp_path, CALL, two_tones(0.5))
    errors: list[Exception] = [
        OSError(28, "No space left on device"),
        ArchiveError("the encoder could not write"),
    ]
    closer = RecordingCloser(ThreadedArchive(FailingArchive(tmp_path, errors)), writer, first_retry=0.01)
    closer.close(CALL, ARRIVED)
    while closer.stats.retries < 2:
        assert raw.exists()
        assert writer.submitted == []
        assert closer.stats.pending == 1
        await asyncio.sleep(0.001)
    await closer.drain()
    assert (closer.stats.closed, closer.stats.retries) == (1, 2)
    assert not raw.exists()
    await closer.stop()


async def test_the_pause_between_attempts_grows_up_to_its_limit(
    tmp_path: Path, writer: ListWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr("tickets.recordings.asyncio.sleep", pause)
    errors: list[Exception] = [ArchiveError("busy") for _ in range(6)]
    closer = RecordingCloser(
        ThreadedArchive(FailingArchive(tmp_path, errors)), writer, first_retry=1.0, longest_retry=5.0
    )
    closer.close(CALL, ARRIVED)
    await closer.drain()
    assert pauses == [1.0, 2.0, 4.0, 5.0, 5.0, 5.0]
    await closer.stop()


async def test_a_fault_in_one_closing_leaves_it_for_recovery(tmp_path: Path, writer: ListWriter) -> None:
    raw = raw_file(tmp_path, CALL, two_tones(0.1))
    closer = RecordingCloser(ThreadedArchive(FailingArchive(tmp_path, [KeyError("bug")])), writer)
    closer.close(CALL, ARRIVED)
    await closer.drain()
    assert raw.exists()
    assert writer.submitted == []
    closer.close(CALL, ARRIVED)
    await closer.drain()
    assert closer.stats.closed == 1
    await closer.stop()


async def test_stopping_gives_up_what_waits_and_keeps_its_raw_file(
    tmp_path: Path, writer: ListWriter
) -> None:
    raw = raw_file(tmp_path, CALL, two_tones(0.1))
    archive = FailingArchive(tmp_path, [ArchiveError("busy")] * 9)
    closer = RecordingCloser(ThreadedArchive(archive), writer, first_retry=60.0)
    closer.close(CALL, ARRIVED)
    assert await asyncio.to_thread(archive.failed.wait, 10)
    await closer.stop()
    closer.close(CALL, ARRIVED)  # a call that finishes during the shutdown is for the next start, too
    assert raw.exists()
    assert writer.submitted == []
    assert closer.stats.pending == 0


async def test_an_empty_file_of_an_abandoned_call_goes(closer: RecordingCloser, tmp_path: Path) -> None:
    empty, voice = raw_file(tmp_path, call_id(1), b""), raw_file(tmp_path, call_id(2), b"1234")
    closer.discard(call_id(1))
    closer.discard(call_id(2))
    await closer.drain()
    assert not empty.exists()
    assert voice.exists()


async def test_a_left_over_raw_file_goes_only_if_the_archive_has_the_recording(
    closer: RecordingCloser, tmp_path: Path
) -> None:
    raw = raw_file(tmp_path, CALL, two_tones(0.1))
    closed = Archive(tmp_path, tmp_path / "archive").close(CALL, ARRIVED)
    assert closed.path_key is not None
    assert closed.size_bytes is not None
    closer.tidy(CALL, closed.path_key, closed.size_bytes + 1)
    await closer.drain()
    assert raw.exists()
    closer.tidy(CALL, closed.path_key, closed.size_bytes)
    await closer.drain()
    assert not raw.exists()
