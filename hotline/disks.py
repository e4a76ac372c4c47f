"""How full the disks are: the alarm comes while there is still room."""

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path

import structlog

from core.vocabulary import Seconds

log = structlog.get_logger()

ALARM_RATIO = 0.85
CALM_RATIO = 0.80
"""The alarm is over below this, so that it does not come and go."""
EVERY_SECONDS: Seconds = 10.0


class Disks:
    """The disks below some folders.

    Args:
        folders: by a short name; one that does not exist yet counts with its parent.
    """

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = dict(folders)
        self._alarmed: set[str] = set()

    def used(self) -> dict[str, float]:
        """How full each is, 0 to 1; what cannot be read is left out."""
        found: dict[str, float] = {}
        for name, folder in self._folders.items():
            try:
                usage = shutil.disk_usage(folder if folder.exists() else folder.parent)
            except OSError:
                continue
            found[name] = 1.0 - usage.free / usage.total if usage.total else 0.0
        return found

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            self.look(await asyncio.to_thread(self.used))
            await asyncio.sleep(EVERY_SECONDS)

    def look(self, used: Mapping[str, float]) -> None:
        """Say once when a disk becomes too full, and once when it is not any more."""
        for name, ratio in used.items():
            if ratio >= ALARM_RATIO and name not in self._alarmed:
                self._alarmed.add(name)
                log.error("disk_nearly_full", disk=name, used=round(ratio, 3))
            elif ratio < CALM_RATIO and name in self._alarmed:
                self._alarmed.discard(name)
                log.info("disk_has_room", disk=name, used=round(ratio, 3))
