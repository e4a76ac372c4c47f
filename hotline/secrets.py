"""Secrets that the installation makes for itself and keeps, one file each, readable by its owner only."""

import os
import secrets
from pathlib import Path

from core.errors import ConfigurationError

SECRET_BYTES = 32
"""Entropy of a secret made here."""


def load_or_create(path: Path) -> str:
    """The secret kept in ``path``; made and stored durably (mode 0600) when there is none yet.

    Two processes that start at the same time agree on one secret: whoever links the file first wins.

    Raises:
        ConfigurationError: the file is empty or cannot be read or written.
    """
    try:
        if not path.exists():
            _create(path)
        value = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the secret file {path} cannot be used: {error}") from error
    if not value:
        raise ConfigurationError(f"the secret file {path} is empty; remove it to have a new secret made")
    return value


def _create(path: Path) -> None:
    """Write a new secret under a temporary name, then link it: the file never exists half-written."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(SECRET_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    except FileExistsError:
        return
    finally:
        temporary.unlink(missing_ok=True)
