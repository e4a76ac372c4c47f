"""Heads of the audit chain, kept outside the database: one line each in a file that only grows.

Written by ``hotline.audit_sealer``, read by ``hotline.audit_chain``. One file for each month:
``DATA/audit/anchor-2026-11.jsonl``. Whoever can change the database *and* these files can rewrite history;
that is why the heads can be sent to another machine as well (``hotline.audit_targets``).
"""

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from core.vocabulary import Seconds

PATTERN = "anchor-*.jsonl"


@dataclass(frozen=True, slots=True)
class Anchor:
    """The head after the link at ``position``."""

    position: int
    head: bytes
    at: str
    """ISO 8601, UTC."""

    def line(self) -> str:
        """As it stands in the file and goes over the network."""
        return json.dumps({"position": self.position, "head": self.head.hex(), "at": self.at})


def anchor_at(position: int, head: bytes, at: Seconds) -> Anchor:
    """An anchor noted at this moment."""
    return Anchor(position, head, datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds"))


def parse(line: str) -> Anchor | None:
    """An anchor from its line; ``None`` for a line that a crash or somebody has damaged."""
    try:
        said = json.loads(line)
        return Anchor(int(said["position"]), bytes.fromhex(said["head"]), str(said["at"]))
    except (ValueError, KeyError, TypeError):
        return None


class AnchorFolder:
    """The files. It all blocks: called in a thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def append(self, anchor: Anchor) -> None:
        """Note a head, durably.

        Raises:
            OSError: the disk is full...
        """
        new = not self.folder.is_dir()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o750)
        path = self.folder / f"anchor-{anchor.at[:7]}.jsonl"
        new = new or not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
        try:
            # After a crash in the middle of a line the next one begins anew.
            lead = "" if _ends_whole(descriptor) else "\n"
            os.write(descriptor, f"{lead}{anchor.line()}\n".encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if new:
            _sync(self.folder)

    def last(self) -> Anchor | None:
        """The newest head that was noted."""
        for path in sorted(self.folder.glob(PATTERN), reverse=True):
            for line in reversed(path.read_text(encoding="utf-8", errors="replace").splitlines()):
                if (found := parse(line)) is not None:
                    return found
        return None


def files_of(paths: Iterable[Path]) -> list[Path]:
    """The anchor files among these files and folders."""
    return [
        file
        for path in paths
        for file in (sorted(path.glob(PATTERN)) if path.is_dir() else [path])
        if file.exists()
    ]


def collect(files: Iterable[Path]) -> tuple[dict[int, frozenset[bytes]], int]:
    """Every head that was noted, by position, and how many lines could not be read."""
    heads: dict[int, set[bytes]] = defaultdict(set)
    damaged = 0
    for line in _lines(files):
        anchor = parse(line)
        if anchor is None:
            damaged += 1
        else:
            heads[anchor.position].add(anchor.head)
    return {position: frozenset(found) for position, found in heads.items()}, damaged


def _lines(files: Iterable[Path]) -> Iterator[str]:
    for file in files:
        with file.open(encoding="utf-8", errors="replace") as lines:
            yield from (line for line in lines if line.strip())


def _ends_whole(descriptor: int) -> bool:
    size = os.fstat(descriptor).st_size
    return size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
