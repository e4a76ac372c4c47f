import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.telephony import settle
from tests.unit.tickets.samples import call_id, two_tones
from tickets.archive import Archive, ArchiveError
from tickets.archiver import NICENESS
from tickets.archiving import ArchiverProcess
from tickets.model import RecordingState

ARRIVED = 1_795_420_800.0
CALL = call_id(1)


@pytest.fixture
async def archiver(tmp_path: Path) -> AsyncIterator[ArchiverProcess]:
    archiver = ArchiverProcess(tmp_path, tmp_path / "archive")
    yield archiver
    await archiver.stop()


def raw_file(folder: Path, content: bytes) -> Path:
    file = folder / f"{CALL}.raw"
    file.write_bytes(content)
    return file


async def test_it_does_what_the_archive_does(archiver: ArchiverProcess, tmp_path: Path) -> None:
    raw = raw_file(tmp_path, two_tones(0.5))
    closed = await archiver.close(CALL, ARRIVED)
    assert closed == Archive(tmp_path, tmp_path / "archive").close(CALL, ARRIVED)
    assert closed.state is RecordingState.READY
    assert closed.path_key is not None
    assert closed.size_bytes is not None
    assert await archiver.holds(closed.path_key, closed.size_bytes)
    assert not await archiver.holds(closed.path_key, closed.size_bytes + 1)
    assert not await archiver.discard_empty(CALL)
    await archiver.remove_raw(CALL)
    assert not raw.exists()
    assert await archiver.discard_empty(CALL)
    assert archiver.seconds_spent > 0
    assert archiver.starts == 1


async def test_it_gives_way_to_everything_else(archiver: ArchiverProcess) -> None:
    await archiver.discard_empty(CALL)
    assert archiver.pid is not None
    assert os.getpriority(os.PRIO_PROCESS, archiver.pid) >= NICENESS


async def test_its_failures_are_those_of_the_archive(archiver: ArchiverProcess, tmp_path: Path) -> None:
    raw = raw_file(tmp_path, two_tones(0.1))
    with raw.open("r+b"), pytest.raises(ArchiveError, match="still being written"):
        await archiver.close(CALL, ARRIVED)
    gone = ArchiverProcess(tmp_path / "nowhere", tmp_path / "archive")
    with pytest.raises(FileNotFoundError) as raised:
        await gone.close(CALL, ARRIVED)
    await gone.stop()
    assert "nowhere" not in str(raised.value)


async def test_after_its_death_it_is_started_again(archiver: ArchiverProcess, tmp_path: Path) -> None:
    raw_file(tmp_path, two_tones(0.5))
    await archiver.discard_empty(CALL)
    assert archiver.pid is not None
    os.kill(archiver.pid, signal.SIGSTOP)
    asked = asyncio.create_task(archiver.close(CALL, ARRIVED))
    await settle()
    os.kill(archiver.pid, signal.SIGKILL)
    with pytest.raises(ArchiveError, match="has ended"):
        await asked
    assert (await archiver.close(CALL, ARRIVED)).state is RecordingState.READY
    assert archiver.starts == 2


async def test_many_at_once_are_all_answered(archiver: ArchiverProcess, tmp_path: Path) -> None:
    calls = [call_id(number) for number in range(50)]
    for call in calls:
        (tmp_path / f"{call}.raw").write_bytes(two_tones(0.1))
    closed = await asyncio.gather(*(archiver.close(call, ARRIVED) for call in calls))
    assert len({recording.path_key for recording in closed}) == 50
    assert archiver.starts == 1


async def test_stopping_finishes_what_is_in_work(tmp_path: Path) -> None:
    archiver = ArchiverProcess(tmp_path, tmp_path / "archive")
    raw_file(tmp_path, two_tones(2.0))
    await archiver.discard_empty(call_id(2))
    asked = asyncio.create_task(archiver.close(CALL, ARRIVED))
    await settle()
    await archiver.stop()
    assert (await asked).state is RecordingState.READY
    assert archiver.pid is None
