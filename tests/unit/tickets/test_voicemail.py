"""A message in the voicemail box takes the way of every recording."""

import array
from pathlib import Path

import soundfile

from tests.unit.tickets.samples import call_id
from tickets import voicemail
from tickets.archive import Archive
from tickets.model import RecordingState


def _spool(tmp_path: Path, message: bytes | None) -> Archive:
    spool = tmp_path / "spool"
    spool.mkdir()
    raw = spool / f"{call_id(1)}.raw"
    raw.touch()
    if message is not None:
        voicemail.message(raw).write_bytes(message)
    return Archive(spool, tmp_path / "archive")


def _words(count: int) -> bytes:
    return array.array("h", (index % 200 * 50 for index in range(count))).tobytes()


def test_left_is_the_caller_and_right_is_silence(tmp_path: Path) -> None:
    archive = _spool(tmp_path, _words(8000) + b"\x01")  # cut off in the middle of a sample
    closed = archive.close(call_id(1), 0.0)
    assert (closed.state, closed.duration_s) == (RecordingState.READY, 1.0)
    assert closed.path_key is not None
    with soundfile.SoundFile(archive.path(closed.path_key)) as file:
        samples = memoryview(file.buffer_read(dtype="int16")).cast("h")
    assert bytes(array.array("h", samples[0::2])) == _words(8000)
    assert not any(samples[1::2])


def test_every_step_can_be_repeated_and_nothing_stays_in_the_spool(tmp_path: Path) -> None:
    archive = _spool(tmp_path, _words(800))
    first = archive.close(call_id(1), 0.0)
    assert archive.close(call_id(1), 0.0) == first
    archive.remove_raw(call_id(1))
    assert list((tmp_path / "spool").iterdir()) == []
    assert archive.close(call_id(1), 0.0) == first  # a crash before the row was written


def test_a_message_too_short_to_count_goes_with_the_empty_file(tmp_path: Path) -> None:
    archive = _spool(tmp_path, _words(80))
    assert archive.discard_empty(call_id(1))
    assert list((tmp_path / "spool").iterdir()) == []


def test_an_empty_message_is_no_recording(tmp_path: Path) -> None:
    archive = _spool(tmp_path, b"")
    assert archive.close(call_id(1), 0.0).state is RecordingState.MISSING
