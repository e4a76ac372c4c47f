"""What the leader does once a night: each job is claimed by a row, so that it is done once, and finished.

A job that a leader could not finish is taken over by the next one, the same night or when it starts.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from core import clock
from core.errors import HotlineError, Unavailable
from core.vocabulary import Seconds
from db import queries
from db.pool import Database

log = structlog.get_logger()

SQL = queries.load(Path(__file__).with_name("nightly.sql"))

LOOK_SECONDS: Seconds = 30.0
"""How often it is looked whether it is time; a night is long."""

Job = Callable[[], Awaitable[object]]


class Nightly:
    """The jobs.

    Args:
        database: where they are claimed.
        epoch: of our leadership.
        at: ``HH:MM`` from which they are due.
        zone: whose days and hours count.
    """

    def __init__(self, database: Database, epoch: Callable[[], int], at: str, zone: ZoneInfo) -> None:
        self._database = database
        self._epoch = epoch
        self._at = time.fromisoformat(at)
        self._zone = zone
        self._jobs: dict[str, Job] = {}
        self._done: dict[str, date] = {}

    def add(self, name: str, job: Job) -> None:
        """One more job; they are done in the order in which they are added."""
        self._jobs[name] = job

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.look(clock.wall())
            except Unavailable:
                log.info("nightly_postponed", why="the database is away")
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self, now: Seconds) -> list[str]:
        """Do what is due; returns the names of what was done. Raises ``Unavailable``."""
        local = datetime.fromtimestamp(now, self._zone)
        if local.time() < self._at:
            return []
        due = [name for name in self._jobs if self._done.get(name) != local.date()]
        return [name for name in due if await self._do(name, local.date())]

    async def _do(self, name: str, day: date) -> bool:
        if await self._database.fetchval(SQL["claim"], name, day, self._epoch()) is None:
            self._done[name] = day
            return False
        error: str | None = None
        try:
            log.info("nightly_job_done", job=name, result=str(await self._jobs[name]()))
        except Unavailable:
            raise
        except (HotlineError, OSError) as failure:
            error = type(failure).__name__
            log.exception("nightly_job_failed", job=name)
        await self._database.execute(SQL["finish"], name, day, error)
        self._done[name] = day
        return True
