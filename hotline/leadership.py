"""Who leads: one process at a time decides about calls; another one stands by and takes over.

``acquire`` returns when this process may begin; ``keep`` renews the claim and tells when there is a later
leader. The rules and why they are safe: docs/architecture.md, "Who leads"; the durations: ``core.tenure``.
"""

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from uuid import UUID

import structlog

from core.clock import monotonic
from core.errors import Unavailable
from core.tenure import Tenure, Watch
from db.leadership import LeaderRow, LeadershipRecord
from hotline.witness import Witness

log = structlog.get_logger()

EVERY_ADOPTION = 5
"""In so many renewals it is looked once for what processes that have ended left in their spools."""


class Standing(StrEnum):
    """What this process is."""

    STANDBY = "standby"
    LEADER = "leader"
    UNCONFIRMED = "unconfirmed"
    """It leads as far as it knows, but nothing confirms it at the moment: it does not act."""
    DEPOSED = "deposed"


class Leadership:
    """This process's part in it.

    Args:
        record: the tables, over a connection of its own.
        tenure: our claim, shared with everything that may act only while we lead.
        witness: the file that proves that we live.
        writer_id: under whose name our rows are committed.
        on_deposed: called once when there is a later leader; is expected to end the process.
        adopt: takes over what ended processes left.
    """

    def __init__(
        self,
        record: LeadershipRecord,
        tenure: Tenure,
        witness: Witness,
        writer_id: UUID,
        on_deposed: Callable[[], None],
        adopt: Callable[[], Awaitable[None]],
    ) -> None:
        self._record = record
        self._tenure = tenure
        self._witness = witness
        self._writer_id = writer_id
        self._on_deposed = on_deposed
        self._adopt = adopt
        self._watch = Watch(tenure.timing.watch)
        self._lock_held = False

    @property
    def epoch(self) -> int:
        """Ours; 0 before we led."""
        return self._tenure.epoch

    @property
    def standing(self) -> Standing:
        """What this process is at the moment."""
        if self._tenure.deposed_by:
            return Standing.DEPOSED
        if not self._tenure.taken:
            return Standing.STANDBY
        return Standing.LEADER if self._tenure.may_act(monotonic()) else Standing.UNCONFIRMED

    def depose(self, by: str) -> None:
        """There is a later leader: nothing is done any more."""
        self._tenure.depose(by)
        log.critical("deposed", epoch=self.epoch, by=by)
        self._on_deposed()

    async def acquire(self) -> int:
        """Wait until nobody else leads, and lead. The database may be away meanwhile.

        Returns:
            Our epoch.
        """
        waiting = False
        while True:
            try:
                if epoch := await self._attempt():
                    self._lock_held = True
                    log.info("leading", epoch=epoch, waited=waiting)
                    return epoch
                if not waiting:
                    log.info("standing_by")
                waiting = True
            except Unavailable as error:
                self._watch.interrupted()
                log.warning("leadership_not_readable", reason=error.message)
            await asyncio.sleep(self._tenure.timing.renew / 2)

    async def _attempt(self) -> int | None:
        sent = monotonic()
        row = await self._record.look()
        silent = self._watch.saw(row.epoch, row.beat, sent, monotonic())
        witness = self._witness.hold()
        gone = row.vacant or (bool(witness) and witness == row.witness)
        if not gone and not silent:
            self._witness.release()  # its process may just be starting, and needs it
            return None
        return await self._take(row, witness, gone=gone)

    async def _take(self, row: LeaderRow, witness: str, *, gone: bool) -> int | None:
        sent = monotonic()
        silent_at = None if gone else row.beat
        epoch = await self._record.take(row, self._writer_id, witness, silent_at=silent_at)
        if epoch is None:
            self._witness.release()
            return None
        if not gone:
            log.warning("silent_leader_superseded", former=row.epoch, epoch=epoch)
        self._tenure.take(epoch, sent, predecessor_gone=gone)
        return epoch

    async def keep(self) -> None:
        """Renew until cancelled or deposed."""
        rounds = 0
        while not self._tenure.deposed_by:
            await asyncio.sleep(self._tenure.timing.renew)
            try:
                await self._renew()
            except Unavailable as error:
                # The mark in Asterisk still confirms us; without that one either we do not act.
                log.warning("lease_not_renewed", epoch=self.epoch, reason=error.message)
                self._lock_held = False
                continue
            rounds += 1
            if rounds % EVERY_ADOPTION == 0:
                await self._adopt()

    async def _renew(self) -> None:
        if not self._record.connected:
            self._lock_held = False
        sent = monotonic()
        if not await self._record.renew(self.epoch, self._witness.hold()):
            self.depose("record")
            return
        self._tenure.renewed(sent)
        if not self._lock_held:
            self._lock_held = await self._record.hold_lock()

    async def release(self) -> None:
        """An orderly end: whoever stands by may begin at once."""
        if self._tenure.taken:
            try:
                await self._record.release(self.epoch)
            except Unavailable as error:
                log.warning("leadership_not_released", reason=error.message)
        self._record.disconnect()
        self._witness.release()
