"""Reads every recording through and compares it with its row: nightly, and as ``hotline recordings sweep``.

A sweep can be interrupted at any place and goes on there; one at a time, also with several processes. How
fast it reads is bounded, because recordings are written and heard from the same disk.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog
from asyncpg import Record

from core import clock
from core.errors import HotlineError
from core.vocabulary import Seconds
from db import queries
from db.pool import Database
from tickets.archive import ArchiveError
from tickets.archiving import ArchiveHands

log = structlog.get_logger()

SQL = queries.load(Path(__file__).with_name("sweep.sql"))

BATCH = 100
"""Recordings looked up at once."""

Progress = Callable[[int, int], None]
"""Told how many were checked, and how many of them were bad."""


class Sweep:
    """The check of all recordings.

    Args:
        database: where their rows are.
        hands: who reads the files.
        bytes_per_second: at most, on average.
    """

    def __init__(self, database: Database, hands: ArchiveHands, bytes_per_second: int) -> None:
        self.checked = 0
        """Recordings read by this process."""
        self.bad = 0
        """Recordings that were not as they should be at their latest check."""
        self._finished_at: Seconds | None = None
        self._database = database
        self._hands = hands
        self._rate = bytes_per_second

    @property
    def age_seconds(self) -> Seconds:
        """Since when the last whole sweep of this process is over; 0: there was none yet."""
        return 0.0 if self._finished_at is None else max(0.0, clock.wall() - self._finished_at)

    async def run(self, actor: str, progress: Progress = lambda _checked, _bad: None) -> tuple[int, int]:
        """Go through all recordings, or through those that an interrupted sweep has left.

        Returns:
            How many were checked in this sweep, and how many were bad.

        Raises:
            Unavailable: the database is away; run it again to go on.
        """
        sweep_id = await self._database.fetchval(SQL["begin"], actor)
        while rows := await self._database.fetch(SQL["next"], sweep_id, BATCH):
            for row in rows:
                await self._check(row, sweep_id)
            figures = await self._count(sweep_id)
            progress(*figures)
        checked, bad = await self._count(sweep_id)
        await self._database.execute(SQL["finish"], sweep_id, actor)
        self._finished_at = clock.wall()
        return checked, bad

    async def _check(self, row: Record, sweep_id: int) -> None:
        started = clock.monotonic()
        try:
            result = await self._hands.check(row["path_key"], row["size_bytes"], row["sha256"])
        except (OSError, ArchiveError, HotlineError) as error:
            log.warning("recording_not_readable", call_id=str(row["call_id"]), reason=type(error).__name__)
            result = "missing"
        if result != "ok":
            log.error("recording_bad", call_id=str(row["call_id"]), result=result)
        await self._database.execute(SQL["checked"], row["id"], sweep_id, result)
        self.checked += 1
        rest = row["size_bytes"] / self._rate - (clock.monotonic() - started)
        if rest > 0:
            await asyncio.sleep(rest)

    async def _count(self, sweep_id: int) -> tuple[int, int]:
        row = await self._database.fetchrow(SQL["count"], sweep_id)
        if row is None:
            return 0, 0
        self.bad = row["bad_now"]
        return row["checked"], row["bad"]
