"""The recording's files: from the raw spool file to a verified FLAC file in the archive.

Called by ``tickets.recordings`` (closing) and ``tickets.service`` (serving), in threads: it all blocks.
A file is worth nothing until it has been read back: encode into a temporary name, decode again and compare,
fsync, rename, fsync the folder. The raw file is removed by a separate step, after the row is durable. Every
step can be repeated after a crash.

The long work (encoding, decoding, hashing, reading, fsync) happens in C with the interpreter's lock released.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from io import FileIO
from pathlib import Path

import soundfile

from core.errors import ConfigurationError
from core.vocabulary import CallId, Seconds
from tickets import sealing, voicemail
from tickets.keys import KeyRing, KeySource
from tickets.model import ClosedRecording, RecordingState
from tickets.rules import canonical_call_id, is_path_key, path_key
from tickets.sealing import Damaged, KeyMissing, SealedFile
from tickets.stored import SEALED_SUFFIX, StoredRecording, sealed_path

SAMPLE_RATE = 8000
CHANNELS = 2
FRAME_BYTES = 2 * CHANNELS
"""Signed 16 bit, left (the caller) and right (the agent)."""

_CHUNK_BYTES = 1 << 18
_RAW_SUFFIX = ".raw"


class ArchiveError(Exception):
    """The file could not be archived now; the raw file is untouched, trying again may help."""


class Archive:
    """The two folders of recordings.

    Args:
        spool: where Asterisk writes ``CALL_ID.raw``: headerless s16le, 8 kHz, interleaved stereo.
        root: where ``YYYY/MM/DD/CALL_ID.flac`` is kept; encrypted, with ``.enc`` at the end.
        keys: what new recordings are encrypted with; gives ``None``: they are not.
    """

    def __init__(self, spool: Path, root: Path, keys: KeySource | None = None) -> None:
        self._spool = spool
        self._root = root
        self._keys = keys or KeySource()

    def close(self, call_id: CallId, arrived_at: Seconds) -> ClosedRecording:
        """Bring a finished call's recording into the archive; the raw file stays.

        Done again, it gives the same result, also when the raw file has been removed in the meantime.

        Raises:
            ArchiveError: Asterisk still writes, the encoder failed, or what was written differs.
            OSError: the disk is full, the spool folder is not there...
        """
        key = path_key(call_id, arrived_at)
        target = self._root / key
        voicemail.into_raw(self._raw(call_id))
        try:
            descriptor = os.open(self._raw(call_id), os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            os.stat(self._spool)  # noqa: PTH116 - raises when the whole folder is away: that says nothing about the call
            return self._from_archive(target, key) or _missing("no recording was made")
        with open(descriptor, "rb", buffering=0) as source:  # noqa: PTH123 - it is a descriptor
            return (
                _convert(source, target, key, self._ring())
                or self._from_archive(target, key)
                or _missing("the recording was empty")
            )

    def remove_raw(self, call_id: CallId) -> None:
        """Remove the raw file of a recording whose row is durable."""
        voicemail.remove(self._raw(call_id))
        self._raw(call_id).unlink(missing_ok=True)

    def discard_empty(self, call_id: CallId) -> bool:
        """Remove the file of a call that was never bridged; ``False``: it is not empty and stays."""
        with suppress(FileNotFoundError):
            if self._raw(call_id).stat().st_size:
                return False
            self.remove_raw(call_id)
        return True

    def holds(self, key: str, size_bytes: int) -> bool:
        """Whether the archive has this recording, of this size."""
        try:
            with self.open(key) as stored:
                return stored.size == size_bytes
        except (OSError, ValueError, Damaged, KeyMissing):
            return False

    def open(self, key: str) -> StoredRecording:
        """A recording for reading, encrypted or not; to be closed.

        Raises:
            OSError: there is none.
            ValueError: as ``path``.
            Damaged, KeyMissing: it is encrypted and cannot be opened.
        """
        return StoredRecording(self.path(key), self._keys)

    def check(self, key: str, size_bytes: int, sha256: str) -> str:
        """Read a recording through: ``ok``, ``missing``, ``damaged`` or ``no_key``.

        Raises:
            OSError: it is there, but cannot be read now.
        """
        try:
            with self.open(key) as stored:
                whole = stored.size == size_bytes and stored.sha256() == sha256
        except FileNotFoundError:
            return "missing"
        except KeyMissing:
            return "no_key"
        except (Damaged, ValueError):
            return "damaged"
        return "ok" if whole else "damaged"

    def remove(self, key: str) -> bool:
        """Remove a recording for good; ``False``: it was not there."""
        plain, found = self.path(key), False
        for path in (plain, sealed_path(plain)):
            if path.exists():
                path.unlink()
                found = True
        if found:
            _sync_folder(plain.parent)
        return found

    def encrypt(self, key: str) -> bool:
        """Encrypt a recording that lies in the archive as it is; ``False``: it is encrypted already.

        Raises:
            ArchiveError: there are no keys, or what was written differs.
            OSError: it is not there, the disk is full...
        """
        ring, plain = self._ring(), self.path(key)
        if ring is None:
            raise ArchiveError("no key is set: recordings cannot be encrypted")
        if sealed_path(plain).exists():
            plain.unlink(missing_ok=True)  # a crash came between the two steps
            return False
        with plain.open("rb", buffering=0) as source:
            _store_sealed(source, _size(source), _sha256(source), plain, ring)
        plain.unlink()
        _sync_folder(plain.parent)
        return True

    def sealed_keys(self) -> list[str]:
        """The recordings that lie in the archive encrypted."""
        found = sorted(self._root.glob(f"*/*/*/*.flac{SEALED_SUFFIX}"))
        return [str(path.relative_to(self._root)).removesuffix(SEALED_SUFFIX) for path in found]

    def key_ids(self, key: str) -> list[str]:
        """The master keys that open an encrypted recording; raises ``Damaged`` or ``OSError``."""
        with sealed_path(self.path(key)).open("rb", buffering=0) as file:
            return sealing.key_ids(file)

    def rewrap(self, key: str) -> bool:
        """Let the present master key, and no other one, open an encrypted recording.

        Returns:
            ``False`` when it was so already.

        Raises:
            ArchiveError: there are no keys.
            Damaged, KeyMissing, OSError: it cannot be opened.
        """
        ring = self._ring()
        if ring is None:
            raise ArchiveError("no key is set")
        with sealed_path(self.path(key)).open("r+b", buffering=0) as file:
            return sealing.rewrap(file, ring)

    def plain_keys(self) -> list[str]:
        """The recordings that lie in the archive unencrypted."""
        found = (str(path.relative_to(self._root)) for path in sorted(self._root.glob("*/*/*/*.flac")))
        return [key for key in found if is_path_key(key)]

    def path(self, key: str) -> Path:
        """The file of a path key.

        Raises:
            ValueError: the key would lead anywhere else than to a recording inside the archive.
        """
        path = (self._root / key).resolve()
        if not is_path_key(key) or not path.is_relative_to(self._root.resolve()):
            raise ValueError("not a place inside the archive")
        return path

    def spooled(self) -> list[CallId]:
        """The calls that have a raw file, finished or not."""
        return list(_call_ids(self._spool))

    def _ring(self) -> KeyRing | None:
        try:
            return self._keys.ring()
        except ConfigurationError as error:  # never stored in plain text instead: the key may come back
            raise ArchiveError(error.message) from error

    def _from_archive(self, target: Path, key: str) -> ClosedRecording | None:
        """What an earlier, interrupted closing left: archived, raw file gone; ``None``: nothing is there."""
        try:
            stored = StoredRecording(target, self._keys)
        except FileNotFoundError:
            return None
        except (Damaged, KeyMissing) as error:
            raise ArchiveError(str(error)) from error
        with stored, _scratch() as file:
            try:
                for data in stored.read(0, stored.size - 1):
                    file.write(data)
                frames, _ = _decode(file)
            except (ArchiveError, Damaged) as error:  # trying again cannot help: there is no raw file
                return _missing(str(error))
            return ClosedRecording(
                RecordingState.READY, "", key, frames / SAMPLE_RATE, _size(file), _sha256(file)
            )

    def _raw(self, call_id: CallId) -> Path:
        return self._spool / f"{canonical_call_id(call_id)}{_RAW_SUFFIX}"


def _call_ids(spool: Path) -> Iterator[CallId]:
    for file in spool.glob(f"*{_RAW_SUFFIX}"):
        with suppress(ValueError):  # somebody else's file
            yield canonical_call_id(file.stem)


def _missing(note: str) -> ClosedRecording:
    return ClosedRecording(RecordingState.MISSING, note)


def _scratch() -> FileIO:
    """A file in memory: what is to be encrypted does not touch the disk in plain text once more."""
    return open(os.memfd_create("recording"), "w+b", buffering=0)  # noqa: PTH123 - a descriptor; the caller's


def _convert(source: FileIO, target: Path, key: str, ring: KeyRing | None) -> ClosedRecording | None:
    """Archive the whole frames of ``source``; ``None`` when there is not one."""
    _refuse_while_written(source)
    raw_bytes = _size(source)
    frames, rest = divmod(raw_bytes, FRAME_BYTES)
    if not frames:
        return None
    _make_folder(target.parent)
    temporary = _temporary(target)
    try:
        with _scratch() if ring is not None else temporary.open("w+b", buffering=0) as file:
            written = _encode(source, frames, file)
            if _size(source) != raw_bytes:
                raise ArchiveError("the raw file grew while it was read")
            if _decode(file) != (frames, written):
                raise ArchiveError("what was read back differs from what was recorded")
            size, sha256 = _size(file), _sha256(file)
            if ring is not None:
                _store_sealed(file, size, sha256, target, ring)
            else:
                os.fsync(file.fileno())
                temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)  # after a failure: a full disk needs the room
    _sync_folder(target.parent)
    state = RecordingState.PARTIAL if rest else RecordingState.READY
    note = f"cut off in the middle of a frame, {rest} bytes left out" if rest else ""
    return ClosedRecording(state, note, key, frames / SAMPLE_RATE, size, sha256)


def _temporary(target: Path) -> Path:
    return target.with_name(f".{target.name}.part")  # one name: what a crash left is overwritten


def _store_sealed(source: FileIO, size: int, sha256: str, plain: Path, ring: KeyRing) -> None:
    """Encrypt, read back and compare, sync, put in place."""
    temporary = _temporary(sealed_path(plain))
    try:
        with temporary.open("w+b", buffering=0) as file:
            sealing.seal(source, size, file, ring)
            try:
                _compare(SealedFile(file, ring), size, sha256)
            except Damaged as error:
                raise ArchiveError(str(error)) from error
            os.fsync(file.fileno())
        temporary.replace(sealed_path(plain))
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(plain.parent)


def _compare(sealed: SealedFile, size: int, sha256: str) -> None:
    digest = hashlib.sha256()
    for data in sealed.read(0, size - 1):
        digest.update(data)
    if digest.hexdigest() != sha256:
        raise ArchiveError("what was read back differs from what was encrypted")


def _refuse_while_written(source: FileIO) -> None:
    """Ask the kernel whether anybody has the file open for writing: a read lease is granted only if not.

    Asterisk sends Hangup and flushes the recorder's last buffer in different threads; this settles the order.
    """
    try:
        fcntl.fcntl(source, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError as error:
        raise ArchiveError("the raw file is still being written") from error
    except OSError:
        return  # no leases here (another owner, a network file system): the event's word and the size must do
    fcntl.fcntl(source, fcntl.F_SETLEASE, fcntl.F_UNLCK)


def _encode(source: FileIO, frames: int, file: FileIO) -> bytes:
    """Write ``frames`` frames as FLAC; returns the digest of the samples."""
    digest = hashlib.sha256()
    left = frames * FRAME_BYTES
    try:
        with soundfile.SoundFile(
            file.fileno(), "w", SAMPLE_RATE, CHANNELS, "PCM_16", format="FLAC", closefd=False
        ) as out:
            while left:
                chunk = _read_exactly(source, min(left, _CHUNK_BYTES))
                digest.update(chunk)
                out.buffer_write(chunk, "int16")
                left -= len(chunk)
    except (
        soundfile.SoundFileError,
        AssertionError,
    ) as error:  # the assertion: fewer frames written than given
        raise ArchiveError("the encoder could not write, the disk may be full") from error
    return digest.digest()


def _read_exactly(source: FileIO, count: int) -> bytes:
    data = source.read(count)
    while len(data) < count:
        more = source.read(count - len(data))
        if not more:
            raise ArchiveError("the raw file shrank while it was read")
        data += more
    return data


def _decode(file: FileIO) -> tuple[int, bytes]:
    """Read a FLAC file through; returns its frames and the digest of its samples."""
    os.lseek(file.fileno(), 0, os.SEEK_SET)
    digest, frames = hashlib.sha256(), 0
    buffer = bytearray(_CHUNK_BYTES)
    try:
        with soundfile.SoundFile(file.fileno(), "r", closefd=False) as recording:
            while count := recording.buffer_read_into(buffer, "int16"):
                digest.update(memoryview(buffer)[: count * FRAME_BYTES])
                frames += count
    except soundfile.SoundFileError as error:
        raise ArchiveError("the archived file cannot be decoded") from error
    return frames, digest.digest()


def _sha256(file: FileIO) -> str:
    os.lseek(file.fileno(), 0, os.SEEK_SET)
    return hashlib.file_digest(file, "sha256").hexdigest()


def _size(file: FileIO) -> int:
    return os.fstat(file.fileno()).st_size


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    for parent in list(folder.parents)[:3]:  # month, year, root: a day's folder must survive a crash, too
        _sync_folder(parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
