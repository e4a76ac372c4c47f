"""One recording of the archive, open for reading; whether it is encrypted makes no difference to its reader.

Used by ``tickets.archive`` and ``tickets.playback``; it all blocks.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from tickets.keys import KeySource
from tickets.sealing import KeyMissing, SealedFile

SEALED_SUFFIX = ".enc"
_CHUNK_BYTES = 1 << 18


def sealed_path(plain: Path) -> Path:
    """Where a recording is when it is encrypted."""
    return plain.with_name(plain.name + SEALED_SUFFIX)


class StoredRecording:
    """One recording of the archive, open for reading; encrypted or not makes no difference to its reader.

    Args:
        plain: where it is when it is not encrypted.
        keys: for when it is.

    Raises:
        OSError, Damaged, KeyMissing: it cannot be opened.
    """

    def __init__(self, plain: Path, keys: KeySource) -> None:
        self.plain_path: Path | None = None
        """Where it can be read as it is; ``None``: it is encrypted."""
        self._sealed: SealedFile | None = None
        try:
            self._file = sealed_path(plain).open("rb", buffering=0)
        except FileNotFoundError:
            self._file = plain.open("rb", buffering=0)
            self.plain_path = plain
            self.size = os.fstat(self._file.fileno()).st_size
            return
        self._sealed = self._unlocked(keys)
        self.size = self._sealed.size

    def _unlocked(self, keys: KeySource) -> SealedFile:
        try:
            ring = keys.ring()
            if ring is not None:
                return SealedFile(self._file, ring)
        except BaseException:
            self._file.close()
            raise
        self._file.close()
        raise KeyMissing("no key is set")

    def read(self, first: int, last: int) -> Iterator[bytes]:
        """The bytes from ``first`` to ``last``, both included, in pieces.

        Raises:
            Damaged: a chunk is not what was written.
        """
        if self._sealed is not None:
            yield from self._sealed.read(first, last)
            return
        place = first
        while place <= last and (data := self._pread(min(_CHUNK_BYTES, last + 1 - place), place)):
            place += len(data)
            yield data

    def check(self, first: int, last: int) -> None:
        """Raise ``Damaged`` if an encrypted recording is not what was written within this range."""
        if self._sealed is not None:
            self._sealed.check(first, last)

    def sha256(self) -> str:
        """Digest of the whole contents."""
        digest = hashlib.sha256()
        for data in self.read(0, self.size - 1):
            digest.update(data)
        return digest.hexdigest()

    def close(self) -> None:
        """Done with it."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _pread(self, size: int, place: int) -> bytes:
        return os.pread(self._file.fileno(), size, place)
