"""The folders below the data folder, their rights, and the lock that keeps a second hotline out."""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from core.errors import ConfigurationError


class FolderProblem(ConfigurationError):
    """A folder cannot be used; the message says which and why."""


class AlreadyRunning(FolderProblem):
    """Another hotline holds the data folder."""


@dataclass(frozen=True, slots=True)
class Folders:
    """Where things are below the data folder."""

    data: Path

    @property
    def run(self) -> Path:
        """Pid files, the lock, what is known of the running Asterisk; nothing that must stay."""
        return self.data / "run"

    @property
    def log(self) -> Path:
        """Log files of all parts."""
        return self.data / "log"

    @property
    def secrets(self) -> Path:
        """Generated secrets, readable by the owner only."""
        return self.data / "secrets"

    @property
    def postgresql(self) -> Path:
        """The embedded database."""
        return self.data / "postgresql"

    @property
    def asterisk(self) -> Path:
        """Asterisk's rendered configuration, spool and state."""
        return self.data / "asterisk"


def prepare(data_dir: Path, cache_dir: Path) -> Folders:
    """Make the folders, with the rights they need.

    The data folder may be passed through by others (the database runs as an unprivileged user below it) but
    not listed; ``run`` and ``secrets`` are the owner's alone.

    Raises:
        FolderProblem: one cannot be made or written.
    """
    folders = Folders(data_dir)
    for path, mode in (
        (folders.data, 0o711),
        (folders.run, 0o700),
        (folders.secrets, 0o700),
        (folders.log, 0o750),
        (cache_dir, 0o755),
    ):
        _make(path, mode)
    return folders


def _make(path: Path, mode: int) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True, mode=mode)
    except OSError as error:
        raise FolderProblem(f"{path} cannot be made: {error.strerror}") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise FolderProblem(f"{path} cannot be written to by this user")


class DataFolderLock:
    """Held by the one hotline that may use a data folder; the kernel lets go when its process ends."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        self._file: TextIO | None = None

    def take(self) -> None:
        """Take the lock.

        Raises:
            AlreadyRunning: another process has it; the message names the folder and the process.
        """
        path = self._folders.run / "hotline.lock"
        file = path.open("a+", encoding="ascii")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise AlreadyRunning(f"another hotline runs in {self._folders.data} (pid {holder})") from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        self._file = file

    def release(self) -> None:
        """Let go; harmless without the lock."""
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()
            self._file = None
