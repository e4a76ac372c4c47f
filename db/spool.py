"""The writer's statements on disk: fsynced before they go to PostgreSQL, removed once they are committed.

One statement per line, ``[seq, submitted_at, query, args]`` as JSON. A file belongs to one writer:
``ORDER-WRITER-PART.jsonl``; ORDER counts the writers that ever used the folder, so that a later process finds
what an earlier one left and carries it out first. Everything here blocks; ``db.writer`` calls it in threads.
"""

import fcntl
import json
import os
import re
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO
from uuid import UUID

import structlog

from core.errors import ConfigurationError
from core.vocabulary import Seconds

log = structlog.get_logger()

_NAME = re.compile(r"^(\d{8})-([0-9a-f-]{36})-(\d{6})\.jsonl$")


class SpoolFull(OSError):
    """The spool has reached its limit; the statements were not taken."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement in its place of the order."""

    seq: int
    """Position among the statements of its writer, from 1."""
    at: Seconds
    """When it was submitted."""
    query: str
    args: tuple[object, ...]

    def encode(self) -> bytes:
        """One line; only ASCII, so a cut can never fall inside a character."""
        return json.dumps([self.seq, self.at, self.query, self.args]).encode("ascii") + b"\n"


def decode(line: bytes) -> Statement | None:
    """A line back as a statement, ``None`` when it is not one (torn by a crash)."""
    try:
        seq, at, query, args = json.loads(line)
        return Statement(int(seq), float(at), str(query), tuple(args))
    except (ValueError, TypeError):
        return None


class Reader:
    """Reads a row of files from front to back, remembering the place."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = list(paths)
        self._offset = 0

    def add(self, path: Path) -> None:
        """Another file to read after the present ones."""
        self._paths.append(path)

    def next(self, after: int, limit: int) -> list[Statement]:
        """Up to ``limit`` further statements numbered above ``after``; none at the end of the last file."""
        found: list[Statement] = []
        while self._paths and len(found) < limit:
            self._from_first(found, after, limit)
            if len(found) >= limit or len(self._paths) == 1:
                break
            self._paths.pop(0)
            self._offset = 0
        return found

    def _from_first(self, found: list[Statement], after: int, limit: int) -> None:
        with suppress(FileNotFoundError), self._paths[0].open("rb") as file:
            file.seek(self._offset)
            while len(found) < limit and (line := file.readline()):
                if not line.endswith(b"\n"):
                    break  # torn by a crash, or just being written: it was never promised to be kept
                self._offset += len(line)
                statement = decode(line)
                if statement is None:
                    log.error("spool_line_unreadable", file=self._paths[0].name, offset=self._offset)
                elif statement.seq > after:
                    found.append(statement)


@dataclass(slots=True)
class _Segment:
    """One file of this writer."""

    path: Path
    last_seq: int
    size: int


@dataclass(frozen=True, slots=True)
class Leftover:
    """What an earlier writer left behind."""

    writer_id: UUID
    paths: tuple[Path, ...]

    def reader(self) -> Reader:
        """Read it from the front."""
        return Reader(self.paths)

    def remove(self) -> None:
        """All of it is committed."""
        for path in self.paths:
            path.unlink(missing_ok=True)


class Spool:
    """The folder, as one writer uses it. Thread-safe.

    Args:
        folder: made if need be, readable by nobody else: it holds citizens' data.
        writer_id: whose statements are added.
        limit_bytes: more than this is not taken.
        segment_bytes: size of one file.
    """

    def __init__(
        self, folder: Path, writer_id: UUID, *, limit_bytes: int = 2 << 30, segment_bytes: int = 4 << 20
    ) -> None:
        self._folder = folder
        self._writer_id = writer_id
        self._limit = limit_bytes
        self._segment_limit = segment_bytes
        self._guard = threading.Lock()
        self._lock_file: TextIO | None = None
        self._order = 0
        self._part = 0
        self._file: BinaryIO | None = None
        self._segments: list[_Segment] = []
        self._reader: Reader | None = None
        self._left_bytes = 0

    def open(self) -> list[Leftover]:
        """Take the folder; what earlier writers left, oldest first.

        Raises:
            ConfigurationError: another process uses the folder, or it cannot be used.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock_file = self._folder.joinpath("lock").open("w", encoding="ascii")
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.close()
            raise ConfigurationError(f"another process writes to the spool {self._folder}") from error
        except OSError as error:
            raise ConfigurationError(f"the spool {self._folder} cannot be used: {error.strerror}") from error
        return self._leftovers()

    def _leftovers(self) -> list[Leftover]:
        left, newest = _leftovers_in(self._folder)
        self._order = newest + 1
        self._left_bytes = sum(path.stat().st_size for found in left for path in found.paths)
        return left

    def forget(self, leftover: Leftover) -> None:
        """Remove what an earlier writer left: all of it is committed."""
        with self._guard:
            self._left_bytes -= sum(path.stat().st_size for path in leftover.paths if path.exists())
            leftover.remove()

    def append(self, statements: Sequence[Statement]) -> None:
        """Add statements and return when they are on the disk.

        Raises:
            OSError: they are not (disk full, ``SpoolFull``...); the file is as before.
        """
        data = b"".join(statement.encode() for statement in statements)
        with self._guard:
            used = self._left_bytes + sum(segment.size for segment in self._segments)
            if used + len(data) > self._limit:
                raise SpoolFull(f"the spool holds its {self._limit} bytes")
            file, segment = self._active()
            try:
                file.write(data)
                file.flush()
                os.fdatasync(file.fileno())
            except OSError:
                self._abandon(segment)
                raise
            segment.size += len(data)
            segment.last_seq = statements[-1].seq

    def read(self, after: int, limit: int) -> list[Statement]:
        """Up to ``limit`` of this writer's statements after number ``after``; called in rising order."""
        with self._guard:
            if self._reader is None:
                self._reader = Reader([segment.path for segment in self._segments])
            return self._reader.next(after, limit)

    def reclaimable(self, committed: int) -> bool:
        """Whether ``discard`` would free anything worth the work."""
        segments = list(self._segments)  # a copy instead of the guard: this is asked in the event loop
        closed = any(segment.last_seq <= committed for segment in segments[:-1])
        last = segments[-1] if segments else None
        return closed or bool(last and last.last_seq <= committed and last.size > self._segment_limit // 4)

    def discard(self, committed: int) -> None:
        """Remove the files in which everything is committed."""
        with self._guard:
            if self._segments and self._segments[-1].last_seq <= committed:
                self._close_file()
            done = [segment for segment in self._segments if segment.last_seq <= committed]
            for segment in done:
                segment.path.unlink(missing_ok=True)
                self._segments.remove(segment)
            if not self._segments:
                self._reader = None

    def close(self) -> None:
        """Let go of the folder; what is in it stays."""
        with self._guard:
            self._close_file()
            if self._lock_file is not None:
                self._lock_file.close()
                self._lock_file = None

    def _active(self) -> tuple[BinaryIO, _Segment]:
        """The file that is written to; a new one when there is none or it is full."""
        if self._file is not None and self._segments[-1].size >= self._segment_limit:
            self._close_file()
        if self._file is None:
            self._part += 1
            path = self._folder / f"{self._order:08d}-{self._writer_id}-{self._part:06d}.jsonl"
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            self._file = os.fdopen(descriptor, "wb")
            self._sync_folder()
            self._segments.append(_Segment(path, 0, 0))
            if self._reader is not None:
                self._reader.add(path)
        return self._file, self._segments[-1]

    def _abandon(self, segment: _Segment) -> None:
        """After a failed write: cut off what may be half there, and go on in a new file."""
        self._close_file()
        with suppress(OSError):
            os.truncate(segment.path, segment.size)

    def _close_file(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            with suppress(OSError):
                file.close()

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _leftovers_in(folder: Path) -> tuple[list[Leftover], int]:
    """What writers left in a folder, oldest first, and the number of the newest of them."""
    found: dict[tuple[int, str], list[Path]] = {}
    for path in sorted(folder.glob("*.jsonl")):
        if match := _NAME.match(path.name):
            found.setdefault((int(match[1]), match[2]), []).append(path)
    newest = max((order for order, _ in found), default=0)
    return [Leftover(UUID(writer), tuple(paths)) for (_, writer), paths in found.items()], newest


class Neighbour:
    """The spool of another process of this machine, taken over once that process has ended."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock_file: TextIO | None = None

    def take(self) -> list[Leftover]:
        """What is left in it, oldest first; nothing while its process lives (it will see to it itself)."""
        if not any(self._folder.glob("*.jsonl")):
            return []
        try:
            self._lock_file = self._folder.joinpath("lock").open("w", encoding="ascii")
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.close()
            return []
        return _leftovers_in(self._folder)[0]

    def close(self) -> None:
        """Let go of it."""
        if self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None


class DeadLetters:
    """Statements that PostgreSQL refuses for good: kept with the reason, for a person to look at.

    A crash between writing a letter and moving on writes it a second time, with the same writer and number.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "dead-letters.json-lines"

    def add(self, writer_id: UUID, statement: Statement, error: BaseException) -> None:
        """Keep one statement durably. Raises ``OSError``."""
        letter = {
            "writer_id": str(writer_id),
            "seq": statement.seq,
            "at": statement.at,
            "query": statement.query,
            "args": [arg if _is_scalar(arg) else repr(arg) for arg in statement.args],
            "error": f"{type(error).__name__}: {error}",
        }
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(json.dumps(letter).encode("ascii") + b"\n")
            file.flush()
            os.fsync(file.fileno())


def _is_scalar(value: object) -> bool:
    return value is None or isinstance(value, str | int | float | bool)
