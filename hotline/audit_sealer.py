"""Links new audit rows into the chain every second, and notes each head outside the database.

Runs in the leader. The linking itself is one call of ``seal_audit`` in the database, which the service's role
may call but not replace. Inserting an audit row stays as cheap as it was: it waits for nobody.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from core import clock
from core.errors import Unavailable
from core.vocabulary import Seconds
from db import queries
from db.pool import Database
from hotline.audit_anchor import Anchor, AnchorFolder, anchor_at

log = structlog.get_logger()

SQL = queries.load(Path(__file__).with_name("audit_chain.sql"))

EVERY_SECONDS: Seconds = 1.0
BATCH = 2000
"""Links made in one transaction."""


class AuditSealer:
    """The chain's keeper.

    Args:
        database: as the service's role.
        anchors: the files of heads.
        send: gives a head to another machine; ``None``: nobody. Its failures are its own business.
    """

    def __init__(
        self,
        database: Database,
        anchors: AnchorFolder,
        send: Callable[[Anchor], Awaitable[None]] | None = None,
    ) -> None:
        self.sealed = 0
        """Rows linked by this process."""
        self.unsealed = 0
        """Rows that waited for the chain when it was looked at last."""
        self.unsealed_seconds: Seconds = 0.0
        """Age of the oldest of them."""
        self.contradicted = False
        """The chain is not the one whose heads were noted: restored from a copy, or tampered with."""
        self.anchor_works = True
        self._database = database
        self._anchors = anchors
        self._send = send
        self._noted: int | None = None
        """Position of the newest head noted; ``None``: it has not been looked at yet."""

    async def run(self) -> None:
        """Seal again and again, until cancelled."""
        while True:
            try:
                await self.seal()
            except Unavailable:
                log.info("audit_sealing_postponed", why="the database is away")
            await asyncio.sleep(EVERY_SECONDS)

    async def seal(self) -> None:
        """Link everything that waits, and note the head. Raises ``Unavailable``."""
        if self._noted is None:
            await self._compare()
        while links := await self._database.fetchval(SQL["seal"], BATCH):
            self.sealed += links
            await self._note()
            if links < BATCH:
                break
        await self._note()

    async def _note(self) -> None:
        """Note the head if it is a new one, and how much is left."""
        row = await self._database.fetchrow(SQL["head"])
        if row is None:
            return
        self.unsealed, self.unsealed_seconds = row["unsealed"], row["age"]
        if row["position"] == self._noted or not row["position"]:
            return
        anchor = anchor_at(row["position"], row["head"], clock.wall())
        try:
            await asyncio.to_thread(self._anchors.append, anchor)
        except OSError as error:
            if self.anchor_works:
                log.critical("audit_anchor_failed", reason=error.strerror)
            self.anchor_works = False
            return
        self.anchor_works = True
        self._noted = anchor.position
        if self._send is not None:
            await self._send(anchor)

    async def _compare(self) -> None:
        """At the start: is the chain still the one whose newest head was noted?"""
        last = await asyncio.to_thread(self._anchors.last)
        self._noted = last.position if last is not None else 0
        if last is None:
            return
        head = await self._database.fetchval(SQL["head_at"], last.position)
        if head != last.head:
            self.contradicted = True
            self._noted = 0  # the present head is noted in any case
            log.critical("audit_chain_contradicts_anchor", position=last.position)
