"""Master keys of recordings: from a file or from a text (an environment variable), the present one first.

A master key never touches a recording itself: each file has a key of its own, which the master key wraps
(``tickets.sealing``). So a change of the master key rewrites a few bytes of each file, and old keys stay
usable as long as they stand in the list.
"""

import base64
import os
import secrets
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from core.errors import ConfigurationError

KEY_BYTES = 32
"""AES-256."""

ENVIRONMENT = "HOTLINE_RECORDING_KEY"
"""How a text reaches the archiving process: not by its command line, which everybody can read."""


@dataclass(frozen=True, slots=True, repr=False)
class MasterKey:
    """One key; its id is derived from it and says nothing about it."""

    secret: bytes

    @property
    def id(self) -> str:
        """16 hexadecimal digits."""
        return sha256(b"hotline recording key\0" + self.secret).hexdigest()[:16]


class KeyRing:
    """The keys that are known, never empty."""

    def __init__(self, keys: tuple[MasterKey, ...]) -> None:
        if not keys:
            raise ConfigurationError("at least one recording key is needed")
        self.keys = keys
        self._by_id = {key.id: key for key in keys}

    @property
    def current(self) -> MasterKey:
        """What new recordings are wrapped with."""
        return self.keys[0]

    def find(self, ident: str) -> MasterKey | None:
        """The key with this id, ``None`` when it is not known (any more)."""
        return self._by_id.get(ident)


def parse(text: str) -> KeyRing:
    """Keys from a text: base64, one per line or separated by commas, the present one first.

    Raises:
        ConfigurationError: there is none, or one is not 32 bytes in base64.
    """
    lines = [line.strip() for line in text.replace(",", "\n").splitlines()]
    return KeyRing(tuple(MasterKey(_decode(line)) for line in lines if line and not line.startswith("#")))


def _decode(text: str) -> bytes:
    try:
        key = base64.b64decode(text.rstrip("=").translate({45: 43, 95: 47}) + "=", validate=True)
    except ValueError:  # binascii.Error is one
        key = b""
    if len(key) != KEY_BYTES:
        raise ConfigurationError("a recording key must be 32 bytes in base64", field="recording_key")
    return key


class KeySource:
    """Where the keys come from; asked for each file, so that a rotation reaches a process that runs.

    Args:
        file: read again when it has changed; goes before ``text``.
        text: used when there is no file.
    """

    def __init__(self, file: Path | None = None, text: str = "") -> None:
        self.file = file
        self._text = text
        self._seen: tuple[int, int] | None = None
        self._ring: KeyRing | None = None

    @property
    def text(self) -> str:
        """The keys that were given directly. A secret."""
        return self._text

    def ring(self) -> KeyRing | None:
        """The keys, ``None`` when recordings are not to be encrypted.

        Raises:
            ConfigurationError: the file is missing or holds no key.
        """
        if self.file is not None:
            return self._from_file(self.file)
        if self._text and self._ring is None:
            self._ring = parse(self._text)
        return self._ring

    def _from_file(self, file: Path) -> KeyRing:
        try:
            status = file.stat()
            seen = (status.st_mtime_ns, status.st_ino)
            if self._ring is None or seen != self._seen:
                self._ring, self._seen = parse(file.read_text(encoding="ascii")), seen
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"the recording key file {file} cannot be read: {error}") from error
        return self._ring


def add_key(file: Path) -> KeyRing:
    """Put a new present key before the others in a key file; durable, never half-written.

    Raises:
        ConfigurationError: the file cannot be read or written.
    """
    try:
        known = file.read_text(encoding="ascii")
        parse(known)
        fresh = base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode().rstrip("=")
        write_keys(file, f"{fresh}\n{known}")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the recording key file {file} cannot be changed: {error}") from error
    return parse(file.read_text(encoding="ascii"))


def keep_only(file: Path, ids: frozenset[str]) -> None:
    """Take all other keys out of a key file."""
    ring = parse(file.read_text(encoding="ascii"))
    kept = [base64.urlsafe_b64encode(key.secret).decode().rstrip("=") for key in ring.keys if key.id in ids]
    write_keys(file, "\n".join(kept) + "\n")


def write_keys(file: Path, text: str) -> None:
    """Replace a key file as a whole (mode 0600)."""
    temporary = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
