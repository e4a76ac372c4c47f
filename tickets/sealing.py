"""Encrypted files of recordings: AES-256-GCM in chunks, so that a range can be read and checked by itself.

Used by ``tickets.archive``; it all blocks. Layout, numbers big-endian::

    0     magic, version, chunk size, plain size, file id      the header; associated data of every chunk
    512   id of the master key, the file's key wrapped by it   first slot (RFC 3394)
    1024  the same or zeros                                    second slot, for a change of the master key
    1536  chunk 0, its tag, chunk 1, its tag, ...              nonce: the chunk's number

Each file has a random key that is used for nothing else, so a chunk's number may be its nonce. Header and
number are authenticated with each chunk: a chunk that was changed, moved, left out or taken from another file
fails, and so does a file that was cut off. The master key can be changed without touching a chunk: the other
slot is written first, then the old one is emptied, so that a crash in between leaves the file readable.
"""

import os
import struct
from collections.abc import Iterator
from io import FileIO
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import keywrap
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tickets.keys import KeyRing

MAGIC = b"HLREC\0\r\n"
VERSION = 1
CHUNK_BYTES = 1 << 16
TAG_BYTES = 16
SLOTS = (512, 1024)
SLOT_BYTES = 512
DATA = 1536

_HEADER = struct.Struct(">8sHIQ16s")
_SLOT = struct.Struct(">16s40s")
_LARGEST_CHUNK = 1 << 24


class Damaged(Exception):
    """What is in the file is not what was written."""


class KeyMissing(Exception):
    """The file's key is wrapped by a master key that is not known here."""


class Header(NamedTuple):
    """What stands at the beginning of a file."""

    raw: bytes
    chunk_bytes: int
    plain_bytes: int

    @property
    def chunks(self) -> int:
        """How many there are."""
        return -(-self.plain_bytes // self.chunk_bytes)

    @property
    def file_bytes(self) -> int:
        """How large the file must be."""
        return DATA + self.plain_bytes + self.chunks * TAG_BYTES


class Slot(NamedTuple):
    """A wrapped key: where it stands, and whose."""

    offset: int
    key_id: str
    wrapped: bytes


def seal(source: FileIO, size: int, target: FileIO, ring: KeyRing) -> None:
    """Write the first ``size`` bytes of ``source`` encrypted to the empty file ``target``; not synced."""
    secret = AESGCM.generate_key(256)
    raw = _HEADER.pack(MAGIC, VERSION, CHUNK_BYTES, size, os.urandom(16))
    header, cipher = Header(raw, CHUNK_BYTES, size), AESGCM(secret)
    _write(target, 0, raw.ljust(SLOTS[0], b"\0"))
    _write(target, SLOTS[0], _slot(secret, ring) + bytes(SLOT_BYTES))
    for number in range(header.chunks):
        start = number * CHUNK_BYTES
        plain = _read(source, start, min(CHUNK_BYTES, size - start))
        sealed = cipher.encrypt(_nonce(number), plain, raw)
        _write(target, DATA + number * (CHUNK_BYTES + TAG_BYTES), sealed)


class SealedFile:
    """An encrypted file, open for reading. Thread-safe: it reads by offset.

    Args:
        file: stays the caller's.
        ring: the master keys.

    Raises:
        Damaged: it is no such file, or its size is wrong.
        KeyMissing: none of the keys fits.
    """

    def __init__(self, file: FileIO, ring: KeyRing) -> None:
        self._file = file
        self._header = read_header(file)
        if os.fstat(file.fileno()).st_size != self._header.file_bytes:
            raise Damaged("the file was cut off or something was added")
        self._cipher = AESGCM(_unwrap(file, ring)[1])

    @property
    def size(self) -> int:
        """Bytes of the plain contents."""
        return self._header.plain_bytes

    def read(self, first: int, last: int) -> Iterator[bytes]:
        """The plain bytes from ``first`` to ``last``, both included, chunk by chunk.

        Raises:
            Damaged: a chunk is not what was written; nothing of it is given out.
        """
        width = self._header.chunk_bytes
        for number in range(first // width, last // width + 1):
            start = number * width
            yield self._chunk(number)[max(0, first - start) : last + 1 - start]

    def check(self, first: int, last: int) -> None:
        """Raise ``Damaged`` unless every chunk of this range is what was written."""
        for _ in self.read(first, last):
            pass

    def _chunk(self, number: int) -> bytes:
        width = self._header.chunk_bytes
        size = min(width, self.size - number * width) + TAG_BYTES
        sealed = _read(self._file, DATA + number * (width + TAG_BYTES), size)
        try:
            return self._cipher.decrypt(_nonce(number), sealed, self._header.raw)
        except InvalidTag:
            raise Damaged(f"chunk {number} is not what was written") from None


def read_header(file: FileIO) -> Header:
    """The header, checked for sense; the tags of the chunks prove it genuine."""
    raw = os.pread(file.fileno(), _HEADER.size, 0)
    if len(raw) < _HEADER.size:
        raise Damaged("the header is cut off")
    magic, version, chunk_bytes, plain_bytes, _ = _HEADER.unpack(raw)
    if magic != MAGIC or version != VERSION or not 0 < chunk_bytes <= _LARGEST_CHUNK or not plain_bytes:
        raise Damaged("this is not the header of an encrypted recording")
    return Header(raw, chunk_bytes, plain_bytes)


def key_ids(file: FileIO) -> list[str]:
    """The master keys that can open the file."""
    read_header(file)
    return [slot.key_id for slot in _slots(file)]


def rewrap(file: FileIO, ring: KeyRing) -> bool:
    """Let the present master key, and no other, open the file (open for reading and writing).

    Returns:
        ``False`` when it was so already.

    Raises:
        Damaged, KeyMissing: as above.
    """
    read_header(file)
    slots = _slots(file)
    if [slot.key_id for slot in slots] == [ring.current.id]:
        return False
    used, secret = _unwrap(file, ring)
    if used.key_id != ring.current.id:
        other = next(offset for offset in SLOTS if offset != used.offset)
        _write(file, other, _slot(secret, ring))
        os.fsync(file.fileno())
        used = Slot(other, ring.current.id, b"")
    for offset in SLOTS:
        if offset != used.offset:
            _write(file, offset, bytes(SLOT_BYTES))
    os.fsync(file.fileno())
    return True


def _slot(secret: bytes, ring: KeyRing) -> bytes:
    wrapped = keywrap.aes_key_wrap(ring.current.secret, secret)
    return _SLOT.pack(ring.current.id.encode(), wrapped).ljust(SLOT_BYTES, b"\0")


def _slots(file: FileIO) -> list[Slot]:
    found = []
    for offset in SLOTS:
        key_id, wrapped = _SLOT.unpack(_read(file, offset, _SLOT.size))
        if any(key_id):
            found.append(Slot(offset, key_id.decode("ascii", errors="replace"), wrapped))
    return found


def _unwrap(file: FileIO, ring: KeyRing) -> tuple[Slot, bytes]:
    """The slot that a known master key opens, the present one's first, and the file's key."""
    slots = sorted(_slots(file), key=lambda slot: slot.key_id != ring.current.id)
    known = [(slot, key) for slot in slots if (key := ring.find(slot.key_id)) is not None]
    for slot, key in known:
        try:
            return slot, keywrap.aes_key_unwrap(key.secret, slot.wrapped)
        except keywrap.InvalidUnwrap:
            continue
    if known:
        raise Damaged("the wrapped key is not what was written")
    raise KeyMissing("no known key opens this recording")


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _read(file: FileIO, offset: int, size: int) -> bytes:
    data = os.pread(file.fileno(), size, offset)
    while len(data) < size:
        more = os.pread(file.fileno(), size - len(data), offset + len(data))
        if not more:
            raise Damaged("the file was cut off")
        data += more
    return data


def _write(file: FileIO, offset: int, data: bytes) -> None:
    done = 0
    while done < len(data):
        done += os.pwrite(file.fileno(), data[done:], offset + done)
