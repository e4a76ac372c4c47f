"""Conservation, watched: each offered call has one outcome, each answered one a ticket and a recording."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

import structlog

from core.errors import Unavailable
from core.ports import Writer
from core.vocabulary import CallId, Seconds
from db.pool import Database
from hotline import conservation

log = structlog.get_logger()

GRACE_SECONDS = 5.0
"""Rows younger than this may still be on their way."""

REACH_SECONDS = 7 * 86400.0
"""So far back calls with an outcome are looked at again and again; ``hotline audit calls`` goes further."""

DEAD_LETTER = "dead_letter"

NAMED = 20
"""At most so many calls are named in the log when the number changes."""


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
        self.by_kind: dict[str, int] = dict.fromkeys((*conservation.KINDS, DEAD_LETTER), 0)

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
        now = self._now()
        # Before the flush: a call that ends from here on is in this list, one that has ended is written.
        live = list(self._live_calls())
        self._settle()
        await self._writer.flush()
        missing = await conservation.violations(
            self._database, before=now - GRACE_SECONDS, since=now - REACH_SECONDS, live=live
        )
        kinds = Counter(kind for kind, _ in missing) + Counter({DEAD_LETTER: self._dead_letters()})
        found = kinds.total()
        if found != self.unaccounted:
            log.warning("calls_unaccounted", number=found, **kinds)
            for kind, call_id in missing[:NAMED]:
                log.warning("call_unaccounted", call_id=call_id, kind=kind)
        self.unaccounted = found
        self.by_kind = {kind: kinds[kind] for kind in self.by_kind}
        return found
