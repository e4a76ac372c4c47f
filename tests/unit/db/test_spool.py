import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from core.errors import ConfigurationError
from db.spool import DeadLetters, Leftover, Spool, SpoolFull, Statement, decode


def statements(first: int, last: int, size: int = 10) -> list[Statement]:
    return [Statement(n, 1000.5 + n, "SELECT $1", ("x" * size, n, None)) for n in range(first, last + 1)]


@contextmanager
def opened(folder: Path, writer: UUID | None = None, **limits: int) -> Iterator[tuple[Spool, list[Leftover]]]:
    spool = Spool(folder, writer or uuid4(), **limits)
    left = spool.open()
    yield spool, left
    spool.close()


def data_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.jsonl"))


@pytest.mark.parametrize(
    "args",
    [
        (),
        (None, True, 1, 1.5, "文字\n"),
        (["a", "b"], [1]),
        (float("inf"),),
        (1795463036.0204823,),
        ("\x00",),
    ],
)
def test_a_statement_comes_back_as_it_was(args: tuple[object, ...]) -> None:
    statement = Statement(7, 1795463036.020483, "INSERT 'ü'", args)
    line = statement.encode()
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode(line) == statement


@pytest.mark.parametrize("line", [b"", b"[1, 2.0", b"[1, 2.0]\n", b"{}\n", b'["x", 1, "", []]\n', b"null\n"])
def test_what_is_no_statement_is_nothing(line: bytes) -> None:
    assert decode(line) is None


def test_what_one_process_left_the_next_one_finds_in_order(tmp_path: Path) -> None:
    first, second = uuid4(), uuid4()
    with opened(tmp_path, first) as (spool, left):
        assert left == []
        spool.append(statements(1, 3))
        spool.append(statements(4, 5))
    with opened(tmp_path, second) as (spool, left):
        assert [item.writer_id for item in left] == [first]
        spool.append(statements(1, 1))
    with opened(tmp_path) as (_, left):
        assert [item.writer_id for item in left] == [first, second]
        assert [item.seq for item in left[0].reader().next(0, 100)] == [1, 2, 3, 4, 5]
        assert left[0].reader().next(3, 1) == statements(4, 4)


def test_a_reader_goes_on_where_it_stopped(tmp_path: Path) -> None:
    with opened(tmp_path, segment_bytes=200) as (spool, _):
        for n in range(1, 10):
            spool.append(statements(n, n))
    with opened(tmp_path) as (_, left):
        assert len(left[0].paths) > 2
        reader = left[0].reader()
        found = []
        while chunk := reader.next(0, 4):
            found += chunk
        assert found == statements(1, 9)


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    with opened(tmp_path) as (spool, _):
        spool.append(statements(1, 3))
    path = data_files(tmp_path)[0]
    path.write_bytes(path.read_bytes()[:-5])
    with opened(tmp_path) as (_, left):
        assert [item.seq for item in left[0].reader().next(0, 100)] == [1, 2]


def test_an_unreadable_line_in_the_middle_costs_only_itself(tmp_path: Path) -> None:
    with opened(tmp_path) as (spool, _):
        spool.append(statements(1, 3))
    path = data_files(tmp_path)[0]
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"\x00\x00\x00\n" + lines[2])
    with opened(tmp_path) as (_, left):
        assert [item.seq for item in left[0].reader().next(0, 100)] == [1, 3]


def test_files_go_once_everything_in_them_is_committed(tmp_path: Path) -> None:
    with opened(tmp_path, segment_bytes=200) as (spool, _):
        for n in range(1, 10):
            spool.append(statements(n, n))
        count = len(data_files(tmp_path))
        assert not spool.reclaimable(0)
        assert spool.reclaimable(5)
        spool.discard(5)
        assert 0 < len(data_files(tmp_path)) < count
        assert spool.read(5, 100) == statements(6, 9)
        spool.discard(9)
        assert data_files(tmp_path) == []
        spool.append(statements(10, 10))
        assert spool.read(9, 100) == statements(10, 10)


def test_reading_keeps_up_with_writing(tmp_path: Path) -> None:
    with opened(tmp_path, segment_bytes=300) as (spool, _):
        found: list[Statement] = []
        for n in range(1, 30, 2):
            spool.append(statements(n, n + 1))
            found += spool.read(len(found), 3)
        while chunk := spool.read(len(found), 3):
            found += chunk
        assert found == statements(1, 30)


def test_a_full_spool_refuses_and_stays_usable(tmp_path: Path) -> None:
    with opened(tmp_path, limit_bytes=1000) as (spool, _):
        spool.append(statements(1, 3))
        with pytest.raises(SpoolFull):
            spool.append(statements(4, 4, size=2000))
        spool.append(statements(4, 4))
        assert spool.read(0, 10) == statements(1, 4)


def test_what_earlier_writers_left_counts_as_well(tmp_path: Path) -> None:
    with opened(tmp_path) as (spool, _):
        spool.append(statements(1, 10))
    with opened(tmp_path, limit_bytes=500) as (spool, left):
        with pytest.raises(SpoolFull):
            spool.append(statements(1, 1))
        spool.forget(left[0])
        spool.append(statements(1, 1))
    assert len(data_files(tmp_path)) == 1


def test_after_a_failed_write_nothing_half_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with opened(tmp_path) as (spool, _):
        spool.append(statements(1, 1))
        with monkeypatch.context() as broken:
            broken.setattr(os, "fdatasync", fail)
            with pytest.raises(OSError, match="No space left"):
                spool.append(statements(2, 2))
        spool.append(statements(2, 3))
        assert spool.read(0, 10) == statements(1, 3)


def test_two_processes_cannot_share_a_spool(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(ConfigurationError, match="another process writes to the spool"):
        Spool(tmp_path, uuid4()).open()
    with opened(tmp_path) as (_, left):
        assert left == []


def test_nobody_else_can_read_what_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    with opened(folder) as (spool, _):
        spool.append(statements(1, 1))
        DeadLetters(folder).add(uuid4(), statements(1, 1)[0], ValueError("no"))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in (*data_files(folder), folder / "dead-letters.json-lines"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_dead_letter_tells_what_and_why_and_is_no_spool_file(tmp_path: Path) -> None:
    writer = uuid4()
    letters = DeadLetters(tmp_path)
    letters.add(writer, Statement(4, 9.5, "INSERT", ("a", 1, object())), ValueError("no such queue"))
    letters.add(writer, Statement(5, 9.5, "INSERT", ()), ValueError("neither"))
    kept = [json.loads(line) for line in (tmp_path / "dead-letters.json-lines").read_text().splitlines()]
    assert [(item["seq"], item["error"]) for item in kept] == [
        (4, "ValueError: no such queue"),
        (5, "ValueError: neither"),
    ]
    assert kept[0]["args"][:2] == ["a", 1]
    with opened(tmp_path) as (_, left):
        assert left == []
