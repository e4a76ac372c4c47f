import os
from io import FileIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets import sealing
from tickets.keys import KeyRing, MasterKey
from tickets.sealing import CHUNK_BYTES, DATA, TAG_BYTES, Damaged, KeyMissing, SealedFile

OLD, NEW = MasterKey(bytes(range(32))), MasterKey(bytes(range(1, 33)))
RING = KeyRing((OLD,))
BOTH = KeyRing((NEW, OLD))
SIZES = [1, 100, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 17]


def sealed(folder: Path, size: int, ring: KeyRing = RING, name: str = "one") -> tuple[Path, bytes]:
    plain = os.urandom(size)
    source, target = folder / f"{name}.plain", folder / f"{name}.enc"
    source.write_bytes(plain)
    with FileIO(source) as given_, FileIO(target, "w+b") as out:
        sealing.seal(given_, size, out, ring)
    return target, plain


def opened(path: Path, ring: KeyRing = RING) -> bytes:
    with FileIO(path) as file:
        recording = SealedFile(file, ring)
        return b"".join(recording.read(0, recording.size - 1))


@pytest.mark.parametrize("size", SIZES)
def test_what_was_sealed_is_read_again_and_does_not_show(tmp_path: Path, size: int) -> None:
    path, plain = sealed(tmp_path, size)
    assert opened(path) == plain
    assert size < 20 or plain[:20] not in path.read_bytes()


EDGES = sorted({0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 2 * CHUNK_BYTES + 16})


@pytest.mark.parametrize("first", EDGES)
@pytest.mark.parametrize("last", EDGES)
def test_ranges_at_the_borders_of_chunks(tmp_path: Path, first: int, last: int) -> None:
    if last < first:
        return
    path, plain = sealed(tmp_path, 2 * CHUNK_BYTES + 17)
    with FileIO(path) as file:
        assert b"".join(SealedFile(file, RING).read(first, last)) == plain[first : last + 1]


@given(st.integers(0, 2 * CHUNK_BYTES), st.integers(0, 2 * CHUNK_BYTES))
def test_any_range(tmp_path_factory: pytest.TempPathFactory, one: int, other: int) -> None:
    path, plain = sealed(tmp_path_factory.mktemp("any"), 2 * CHUNK_BYTES + 1)
    first, last = sorted((one, other))
    with FileIO(path) as file:
        assert b"".join(SealedFile(file, RING).read(first, last)) == plain[first : last + 1]


SIZE = 2 * CHUNK_BYTES + 100
FILE = DATA + SIZE + 3 * TAG_BYTES


@pytest.mark.parametrize(
    "place",
    [0, 9, 11, 15, 25, 37, 512, 530, DATA, DATA + CHUNK_BYTES, DATA + CHUNK_BYTES + TAG_BYTES, FILE - 1],
)
def test_no_byte_can_be_changed_unnoticed(tmp_path: Path, place: int) -> None:
    path, _ = sealed(tmp_path, SIZE)
    data = bytearray(path.read_bytes())
    assert len(data) == FILE
    data[place] ^= 1
    path.write_bytes(data)
    with pytest.raises((Damaged, KeyMissing)):
        opened(path)


def test_only_the_damaged_chunk_is_lost(tmp_path: Path) -> None:
    path, plain = sealed(tmp_path, SIZE)
    data = bytearray(path.read_bytes())
    data[DATA + CHUNK_BYTES + TAG_BYTES + 5] ^= 1
    path.write_bytes(data)
    with FileIO(path) as file:
        recording = SealedFile(file, RING)
        assert b"".join(recording.read(0, CHUNK_BYTES - 1)) == plain[:CHUNK_BYTES]
        with pytest.raises(Damaged, match="chunk 1 is not what was written"):
            recording.check(0, CHUNK_BYTES)
        recording.check(2 * CHUNK_BYTES, SIZE - 1)


def test_chunks_cannot_be_exchanged_left_out_or_taken_from_another_file(tmp_path: Path) -> None:
    (one, _), (other, _) = sealed(tmp_path, SIZE), sealed(tmp_path, SIZE, name="other")
    width = CHUNK_BYTES + TAG_BYTES
    data, foreign = one.read_bytes(), other.read_bytes()
    head, first, second, rest = (
        data[:DATA],
        data[DATA:][:width],
        data[DATA + width :][:width],
        data[DATA + 2 * width :],
    )
    for forged in (
        head + second + first + rest,
        head + first + rest,
        head + foreign[DATA:][:width] + second + rest,
        data[:-1],
        data + b"x",
        data[:30],
        b"",
    ):
        one.write_bytes(forged)
        with pytest.raises(Damaged):
            opened(one)


def test_each_file_has_a_key_of_its_own(tmp_path: Path) -> None:
    source = tmp_path / "plain"
    source.write_bytes(bytes(100))
    made = []
    for name in ("a", "b"):
        with FileIO(source) as given_, FileIO(tmp_path / name, "w+b") as out:
            sealing.seal(given_, 100, out, RING)
        made.append((tmp_path / name).read_bytes()[DATA:])
    assert made[0] != made[1]


def test_another_master_key_opens_nothing(tmp_path: Path) -> None:
    path, _ = sealed(tmp_path, 100)
    with pytest.raises(KeyMissing):
        opened(path, KeyRing((NEW,)))


def test_a_change_of_the_master_key_rewrites_the_slots_only(tmp_path: Path) -> None:
    path, plain = sealed(tmp_path, SIZE)
    before = path.read_bytes()
    with FileIO(path, "r+b") as file:
        assert sealing.rewrap(file, BOTH)
        assert not sealing.rewrap(file, BOTH)
        assert sealing.key_ids(file) == [NEW.id]
    after = path.read_bytes()
    assert (after[:512], after[DATA:]) == (before[:512], before[DATA:])
    assert opened(path, KeyRing((NEW,))) == plain
    with pytest.raises(KeyMissing):
        opened(path, RING)


def test_a_crash_between_the_two_slots_leaves_the_file_readable_by_both_keys(tmp_path: Path) -> None:
    path, plain = sealed(tmp_path, SIZE)
    before = path.read_bytes()
    with FileIO(path, "r+b") as file:
        sealing.rewrap(file, BOTH)
    after = path.read_bytes()
    path.write_bytes(before[:1024] + after[1024:1536] + after[1536:])
    assert opened(path, RING) == opened(path, KeyRing((NEW,))) == plain
    with FileIO(path, "r+b") as file:
        assert sealing.rewrap(file, BOTH)
        assert sealing.key_ids(file) == [NEW.id]
    assert opened(path, BOTH) == plain
