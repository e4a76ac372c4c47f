"""Asterisk's journal of calls on disk, rotated and compressed files included, oldest first."""

import gzip
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

from core.errors import ConfigurationError


def files_of(path: Path) -> list[Path]:
    """The journal and what logrotate has made of earlier parts (``.1``, ``.2.gz``, ``-20261123``...).

    Ordered by the time of the last change, which is that of the last line.

    Raises:
        ConfigurationError: there is none.
    """
    found = [file for file in path.parent.glob(f"{path.name}*") if file.is_file()]
    if not found:
        raise ConfigurationError(f"there is no journal of calls at {path}")
    return sorted(found, key=lambda file: (file.stat().st_mtime, file == path))


def lines_of(path: Path) -> Iterator[str]:
    """Every line of all files.

    Raises:
        ConfigurationError: there is no journal, or it cannot be read.
    """
    for file in files_of(path):
        try:
            with _opened(file) as content:
                yield from (line.decode("utf-8", "replace").rstrip("\r\n") for line in content)
        except (OSError, EOFError) as error:
            raise ConfigurationError(f"{file} cannot be read: {error}") from error


def _opened(file: Path) -> gzip.GzipFile | BufferedReader:
    return gzip.open(file) if file.suffix == ".gz" else file.open("rb")


def rotated(path: Path) -> list[Path]:
    """The parts that nobody writes to any more."""
    return [file for file in path.parent.glob(f"{path.name}?*") if file.is_file()]
