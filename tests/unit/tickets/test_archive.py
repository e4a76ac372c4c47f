import hashlib
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

import tickets.archive as archive_module
from tests.unit.tickets.samples import AGENT_HZ, CALLER_HZ, call_id, channels, loudness, two_tones
from tickets.archive import Archive, ArchiveError
from tickets.model import RecordingState

ARRIVED = datetime(2026, 11, 23, 8, 0, tzinfo=UTC).timestamp()
CALL = call_id(1)
KEY = f"2026/11/23/{CALL}.flac"


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    folder = tmp_path / "spool"
    folder.mkdir()
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    folder.mkdir()
    return folder


@pytest.fixture
def archive(spool: Path, root: Path) -> Archive:
    return Archive(spool, root)


@pytest.fixture
def raw(spool: Path) -> Path:
    return spool / f"{CALL}.raw"


@contextmanager
def files_at_most(limit: int) -> Iterator[None]:
    """The kernel refuses to let a file grow further, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_each_voice_is_in_its_own_channel(archive: Archive, raw: Path, root: Path) -> None:
    raw.write_bytes(two_tones(2.5))
    closed = archive.close(CALL, ARRIVED)
    left, right = channels(root / KEY)
    assert loudness(left, CALLER_HZ) == pytest.approx(9000, rel=0.01)
    assert loudness(right, AGENT_HZ) == pytest.approx(9000, rel=0.01)
    assert loudness(left, AGENT_HZ) < 10
    assert loudness(right, CALLER_HZ) < 10
    assert closed.state is RecordingState.READY


def test_the_row_describes_the_file(archive: Archive, raw: Path, root: Path) -> None:
    raw.write_bytes(two_tones(1.25))
    closed = archive.close(CALL, ARRIVED)
    content = (root / KEY).read_bytes()
    assert closed.path_key == KEY
    assert closed.duration_s == 1.25
    assert closed.size_bytes == len(content)
    assert closed.sha256 == hashlib.sha256(content).hexdigest()
    assert closed.note == ""


@pytest.mark.parametrize("seconds", [1 / 8000, 8.192, 40.0])
def test_every_sample_survives(archive: Archive, raw: Path, root: Path, seconds: float) -> None:
    samples = two_tones(seconds)
    raw.write_bytes(samples)
    archive.close(CALL, ARRIVED)
    left, right = channels(root / KEY)
    joined = b"".join(
        value.to_bytes(2, "little", signed=True) for pair in zip(left, right, strict=True) for value in pair
    )
    assert joined == samples


def test_the_raw_file_stays_until_it_is_removed(archive: Archive, raw: Path, root: Path) -> None:
    raw.write_bytes(two_tones(0.1))
    archive.close(CALL, ARRIVED)
    assert raw.exists()
    archive.remove_raw(CALL)
    assert not raw.exists()
    archive.remove_raw(CALL)
    assert [file.name for file in (root / KEY).parent.iterdir()] == [f"{CALL}.flac"]


def test_closing_again_gives_the_same(archive: Archive, raw: Path) -> None:
    raw.write_bytes(two_tones(0.5))
    first = archive.close(CALL, ARRIVED)
    assert archive.close(CALL, ARRIVED) == first
    archive.remove_raw(CALL)
    assert archive.close(CALL, ARRIVED) == first


def test_what_a_crash_left_half_written_is_overwritten(archive: Archive, raw: Path, root: Path) -> None:
    raw.write_bytes(two_tones(0.5))
    folder = (root / KEY).parent
    folder.mkdir(parents=True)
    (folder / f".{CALL}.flac.part").write_bytes(b"half" * 10_000)
    assert archive.close(CALL, ARRIVED).duration_s == 0.5
    assert [file.name for file in folder.iterdir()] == [f"{CALL}.flac"]


def test_no_file_is_missing_with_a_note(archive: Archive, root: Path) -> None:
    closed = archive.close(CALL, ARRIVED)
    assert (closed.state, closed.path_key) == (RecordingState.MISSING, None)
    assert closed.note == "no recording was made"
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"abc"])
def test_less_than_a_frame_is_missing_with_a_note(archive: Archive, raw: Path, content: bytes) -> None:
    raw.write_bytes(content)
    closed = archive.close(CALL, ARRIVED)
    assert (closed.state, closed.note) == (RecordingState.MISSING, "the recording was empty")


@pytest.mark.parametrize("extra", [1, 2, 3])
def test_a_cut_frame_is_left_out_and_told(archive: Archive, raw: Path, root: Path, extra: int) -> None:
    raw.write_bytes(two_tones(0.5) + b"\x01" * extra)
    closed = archive.close(CALL, ARRIVED)
    assert (closed.state, closed.duration_s) == (RecordingState.PARTIAL, 0.5)
    assert f"{extra} bytes left out" in closed.note
    assert len(channels(root / KEY)[0]) == 4000


def test_a_spool_that_is_away_says_nothing_about_the_call(tmp_path: Path, root: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Archive(tmp_path / "unmounted", root).close(CALL, ARRIVED)


def test_a_file_that_is_still_written_is_left_alone(archive: Archive, raw: Path, root: Path) -> None:
    with raw.open("wb") as recorder:
        recorder.write(two_tones(0.5))
        recorder.flush()
        with pytest.raises(ArchiveError, match="still being written"):
            archive.close(CALL, ARRIVED)
        recorder.write(two_tones(0.5))
    assert list(root.iterdir()) == []
    assert archive.close(CALL, ARRIVED).duration_s == 1.0


def test_a_full_disk_leaves_the_raw_file_and_no_archive_file(archive: Archive, raw: Path, root: Path) -> None:
    samples = two_tones(30.0, 440.7, 1000.3)
    raw.write_bytes(samples)
    with files_at_most(20_000), pytest.raises((ArchiveError, OSError)):
        archive.close(CALL, ARRIVED)
    assert raw.read_bytes() == samples
    assert [entry for entry in root.rglob("*") if entry.is_file()] == []
    assert archive.close(CALL, ARRIVED).duration_s == 30.0


@pytest.mark.parametrize("change", [1.0, -1.0])
def test_a_raw_file_that_changes_while_it_is_read_is_put_off(
    archive: Archive, raw: Path, root: Path, monkeypatch: pytest.MonkeyPatch, change: float
) -> None:
    samples = two_tones(2.0)
    raw.write_bytes(samples)
    make_folder = archive_module._make_folder

    def meanwhile(folder: Path) -> None:
        make_folder(folder)
        raw.write_bytes(two_tones(2.0 + change))

    monkeypatch.setattr(archive_module, "_make_folder", meanwhile)
    with pytest.raises(ArchiveError, match="grew" if change > 0 else "shrank"):
        archive.close(CALL, ARRIVED)
    assert [entry for entry in root.rglob("*") if entry.is_file()] == []


def test_what_cannot_be_read_back_the_same_is_not_archived(
    archive: Archive, raw: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw.write_bytes(two_tones(0.5))
    monkeypatch.setattr(archive_module, "_decode", lambda _: (4000, b"another digest"))
    with pytest.raises(ArchiveError, match="differs"):
        archive.close(CALL, ARRIVED)
    assert raw.exists()
    assert [entry for entry in root.rglob("*") if entry.is_file()] == []


def test_where_the_kernel_gives_no_lease_the_size_must_do(
    archive: Archive, raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    raw.write_bytes(two_tones(0.5))
    monkeypatch.setattr("tickets.archive.fcntl.fcntl", refused)
    assert archive.close(CALL, ARRIVED).duration_s == 0.5


def test_a_damaged_archive_file_without_a_raw_one_is_told(archive: Archive, root: Path) -> None:
    (root / KEY).parent.mkdir(parents=True)
    (root / KEY).write_bytes(b"not flac at all")
    closed = archive.close(CALL, ARRIVED)
    assert (closed.state, closed.note) == (RecordingState.MISSING, "the archived file cannot be decoded")


def test_a_symbolic_link_in_the_spool_is_not_followed(archive: Archive, raw: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(two_tones(0.1))
    raw.symlink_to(elsewhere)
    with pytest.raises(OSError, match="symbolic links"):
        archive.close(CALL, ARRIVED)


@pytest.mark.parametrize("key", ["../secret.flac", "/etc/passwd", "", f"2026/11/23/../23/{CALL}.flac"])
def test_no_key_leads_out_of_the_archive(archive: Archive, key: str) -> None:
    with pytest.raises(ValueError):
        archive.path(key)
    assert not archive.holds(key, 0)


def test_no_link_leads_out_of_the_archive(archive: Archive, root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / f"{CALL}.flac").write_bytes(b"secret")
    (root / "2026/11").mkdir(parents=True)
    (root / "2026/11/23").symlink_to(outside)
    with pytest.raises(ValueError):
        archive.path(KEY)
    assert not archive.holds(KEY, 6)


def test_holds_compares_the_size(archive: Archive, raw: Path) -> None:
    raw.write_bytes(two_tones(0.1))
    size = archive.close(CALL, ARRIVED).size_bytes
    assert size is not None
    assert archive.holds(KEY, size)
    assert not archive.holds(KEY, size + 1)
    assert not archive.holds(f"2026/11/24/{CALL}.flac", size)


def test_only_empty_files_are_discarded(archive: Archive, raw: Path) -> None:
    assert archive.discard_empty(CALL)
    raw.write_bytes(b"")
    assert archive.discard_empty(CALL)
    assert not raw.exists()
    raw.write_bytes(b"1234")
    assert not archive.discard_empty(CALL)
    assert raw.exists()


def test_the_spool_lists_calls_and_ignores_other_files(archive: Archive, raw: Path, spool: Path) -> None:
    raw.write_bytes(b"")
    (spool / "notes.raw").write_bytes(b"")
    (spool / f"{CALL}.wav").write_bytes(b"")
    assert archive.spooled() == [CALL]
