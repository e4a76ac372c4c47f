"""A locked file that proves that a leader's process on this machine lives; unlocked by its death alone.

A successor on the same machine that gets the lock need not wait for anybody. The kernel lets go when the
process ends, however it ends, and keeps the lock while it is merely stopped. Used by ``hotline.leadership``.
"""

import fcntl
import os
from pathlib import Path
from typing import TextIO

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Witness:
    """The file, as one process uses it.

    Args:
        path: the same for all processes of one machine that share a data folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None

    def hold(self) -> str:
        """Take the lock, or keep it.

        Returns:
            What names this file on this machine since its boot; empty when another process has the lock or
            the file cannot be used: then there is no witness, and successors wait.
        """
        if self._file is None:
            self._file = self._locked()
        return self._name(self._file) if self._file is not None else ""

    def release(self) -> None:
        """Let go."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _locked(self) -> TextIO | None:
        try:
            file = self._path.open("a", encoding="ascii")
        except OSError:
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return None
        return file

    @staticmethod
    def _name(file: TextIO) -> str:
        try:
            boot = BOOT_ID.read_text(encoding="ascii").strip()
        except OSError:
            return ""
        found = os.fstat(file.fileno())
        return f"{boot}:{found.st_dev}:{found.st_ino}"
