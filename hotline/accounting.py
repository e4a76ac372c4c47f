"""Conservation, watched: each offered call has one outcome, each answered one a ticket and a recording."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from core.errors import Unavailable
from core.ports import Writer
from core.vocabulary import CallId, Seconds
from db import queries
from db.pool import Database

log = structlog.get_logger()

SQL = queries.load(Path(__file__).with_name("queries.sql"))

GRACE_SECONDS = 5.0
"""Rows younger than this may still be on their way."""


class Accounting:
    """Counts calls that are not accounted for.

    Args:
        database: where the rows are.
        writer: flushed before each count, so that what is under way is not taken for missing.
        live_calls: the calls in memory; those are accounted for by being there.
        settle: makes sure that what has happened has been handed to the writer.
        now: Asterisk's clock.
        dead_letters: how many statements the database has refused.
        every: seconds between counts.
    """

    def __init__(
        self,
        *,
        database: Database,
        writer: Writer,
        live_calls: Callable[[], Sequence[CallId]],
        settle: Callable[[], None],
        now: Callable[[], Seconds],
        dead_letters: Callable[[], int],
        every: Seconds,
    ) -> None:
        self._database = database
        self._writer = writer
        self._live_calls = live_calls
        self._settle = settle
        self._now = now
        self._dead_letters = dead_letters
        self._every = every
        self.unaccounted = 0

    async def run(self) -> None:
        """Count again and again, until cancelled."""
        while True:
            await asyncio.sleep(self._every)
            try:
                await self.count()
            except Unavailable:
                log.info("accounting_postponed", why="the database is away")

    async def count(self) -> int:
        """Count now. Raises ``Unavailable`` while the database is away."""
        before = self._now() - GRACE_SECONDS
        # Before the flush: a call that ends from here on is in this list, one that has ended is written.
        live = list(self._live_calls())
        self._settle()
        await self._writer.flush()
        rows: int = await self._database.fetchval(SQL["unaccounted"], before, live)
        found = rows + self._dead_letters()
        if found != self.unaccounted:
            log.warning("calls_unaccounted", number=found)
        self.unaccounted = found
        return found
