"""The record of who leads, over one connection that holds the advisory lock (``hotline.leadership``).

Every step has a time limit, after which the connection is cut: cancelling would ask the very server that does
not answer. Whatever goes wrong is ``Unavailable``; the next step connects anew.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg

from core.errors import Unavailable
from core.vocabulary import Seconds
from db import queries

SQL = queries.load(Path(__file__).with_name("leadership.sql"))

LOCK_KEY = 0x12345_4C454144
"""Of PostgreSQL's advisory locks; each database has its own."""

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection  # takes no parameter at run time


@dataclass(frozen=True, slots=True)
class LeaderRow:
    """The present epoch as PostgreSQL has it."""

    epoch: int
    beat: int
    """Renewals so far."""
    instance: str
    """Of the process that leads or led last, empty before the first."""
    witness: str
    vacant: bool
    """Its leader has ended in order, or there has been none yet."""


class LeadershipRecord:
    """The tables ``leadership`` and ``tenures``.

    Args:
        dsn: the database.
        instance: this process; its connections carry it in their names.
        limit: seconds that one step may take.
    """

    def __init__(self, dsn: str, instance: UUID, *, limit: Seconds = 2.0) -> None:
        self._dsn = dsn
        self._instance = instance
        self._limit = limit
        self._connection: Connection | None = None

    async def look(self) -> LeaderRow:
        """Read who leads. Raises ``Unavailable``."""
        with self._limited(await self._connected()) as connection:
            row = await connection.fetchrow(SQL["look"])
        if row is None:
            raise Unavailable("the row of the leadership is missing")
        return LeaderRow(row["epoch"], row["beat"], row["instance"] or "", row["witness"], row["vacant"])

    async def take(
        self, seen: LeaderRow, writer_id: UUID, witness: str, *, silent_at: int | None
    ) -> int | None:
        """Begin the epoch after the one seen.

        Args:
            seen: as it was looked at.
            writer_id: under whose name our rows will be committed.
            witness: of this process.
            silent_at: the number of renewals at which the present leader has fallen silent: it must still be
                that one, and its sessions are ended; ``None`` when it is known to be gone.

        Returns:
            The new epoch; ``None`` when somebody else was faster, or the leader was heard of again.

        Raises:
            Unavailable: the database did not answer; whether it is ours, ``look`` tells.
        """
        with self._limited(await self._connected()) as connection:
            if not seen.vacant:
                await connection.fetchval(SQL["cut_off"], seen.instance)
            if not await connection.fetchval(SQL["lock"], LOCK_KEY):
                return None
            async with connection.transaction():
                return await self._raise(connection, seen, writer_id, witness, silent_at)

    async def _raise(
        self, connection: Connection, seen: LeaderRow, writer_id: UUID, witness: str, silent_at: int | None
    ) -> int | None:
        if not seen.vacant:
            status = await connection.execute(SQL["supersede"], seen.epoch, silent_at)
            if status != "UPDATE 1":
                return None
        epoch: int | None = await connection.fetchval(SQL["raise_epoch"], seen.epoch)
        if epoch is not None:
            await connection.execute(SQL["begin_tenure"], epoch, self._instance, witness)
            await connection.execute(SQL["begin_writer"], writer_id, epoch)
        return epoch

    async def renew(self, epoch: int, witness: str) -> bool:
        """State that this epoch's leader lives; ``False``: there is a later one. Raises ``Unavailable``."""
        with self._limited(await self._connected()) as connection:
            return await connection.fetchval(SQL["renew"], epoch, witness) is not None

    async def hold_lock(self) -> bool:
        """Have the lock again after the connection was lost. Raises ``Unavailable``."""
        with self._limited(await self._connected()) as connection:
            return bool(await connection.fetchval(SQL["lock"], LOCK_KEY))

    async def release(self, epoch: int) -> None:
        """An orderly end of our tenure. Raises ``Unavailable``."""
        with self._limited(await self._connected()) as connection:
            await connection.execute(SQL["release"], epoch)

    def disconnect(self) -> None:
        """Drop the connection, and the lock with it, without waiting for anything."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.terminate()

    @property
    def connected(self) -> bool:
        """Whether there is a connection, as far as is known."""
        return self._connection is not None and not self._connection.is_closed()

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._connect()
        return self._connection

    async def _connect(self) -> Connection:
        try:
            return await asyncpg.connect(
                self._dsn,
                timeout=self._limit,
                statement_cache_size=0,
                server_settings={
                    "application_name": f"hotline-leader/{self._instance}",
                    # The server itself notices within seconds that a leader's machine is gone.
                    "tcp_keepalives_idle": "2",
                    "tcp_keepalives_interval": "1",
                    "tcp_keepalives_count": "3",
                },
            )
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise Unavailable(f"no connection to PostgreSQL: {type(error).__name__}") from error

    @contextmanager
    def _limited(self, connection: Connection) -> Iterator[Connection]:
        timer = asyncio.get_running_loop().call_later(self._limit, connection.terminate)
        try:
            yield connection
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            self.disconnect()
            raise Unavailable(
                f"the record of the leadership cannot be read: {type(error).__name__}"
            ) from error
        finally:
            timer.cancel()
