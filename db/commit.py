"""Carries out batches of the writer, exactly once each. Used by ``db.writer`` only.

The row ``writers(writer_id, last_seq)`` moves in the transaction of the batch, and only from the value
that is expected. After a commit whose answer never came the row says whether it happened; a server process
that still holds the old transaction keeps the row locked, so the two cannot both happen.

The same statement asks whether the epoch is still ours (``db.leadership``) and locks its row until the
commit: a later leader's epoch begins after this batch or before it, and then the batch is refused.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

import asyncpg

from core.errors import Unavailable
from core.vocabulary import Seconds
from db.arrange import arranged
from db.errors import is_passing
from db.pool import affected
from db.spool import Statement

_REGISTER = "INSERT INTO writers (writer_id, last_seq) VALUES ($1, 0) ON CONFLICT DO NOTHING"
_LAST_SEQ = "SELECT last_seq FROM writers WHERE writer_id = $1"
_ADVANCE = "UPDATE writers SET last_seq = $3, updated_at = now() WHERE writer_id = $1 AND last_seq = $2"
_ADVANCE_FENCED = """
WITH fence AS (SELECT epoch FROM leadership WHERE epoch = $4 FOR SHARE)
UPDATE writers SET last_seq = $3, updated_at = now()
WHERE writer_id = $1 AND last_seq = $2 AND EXISTS (SELECT FROM fence)
"""
_EPOCH = "SELECT epoch FROM leadership"
_EPOCH_OF = "SELECT epoch FROM writers WHERE writer_id = $1"


class Rejected(Exception):
    """PostgreSQL refuses something in the batch for good; the cause is chained."""


class Deposed(Exception):
    """There is a later leader: nothing was done, and nothing of ours will be done any more."""


class Committer:
    """One connection that batches go through.

    Args:
        dsn: where to.
        connect_timeout: seconds for a connection.
        commit_timeout: seconds for a whole batch; a server that is slower counts as away.
        on_lost: told when an open connection ends by itself.
        name: of the connection, as PostgreSQL shows it.
    """

    def __init__(
        self,
        dsn: str,
        *,
        connect_timeout: Seconds,
        commit_timeout: Seconds,
        on_lost: Callable[[], None],
        name: str = "hotline-writer",
    ) -> None:
        self.epoch: int | None = None
        """Batches are committed while this is the present one; ``None``: nobody else can be writing."""
        self._name = name
        self._dsn = dsn
        self._connect_timeout = connect_timeout
        self._commit_timeout = commit_timeout
        self._on_lost = on_lost
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None

    @property
    def connected(self) -> bool:
        """Whether there is a connection, as far as is known."""
        return self._connection is not None and not self._connection.is_closed()

    async def connect(self) -> None:
        """Open a new connection. Raises ``Unavailable``."""
        self.disconnect()
        try:
            self._connection = await asyncpg.connect(
                self._dsn,
                timeout=self._connect_timeout,
                server_settings={"application_name": self._name, "timezone": "UTC"},
            )
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            # Whatever the reason, a refused login included: statements wait in the spool until it is mended.
            raise Unavailable(f"no connection to PostgreSQL: {type(error).__name__}") from error
        self._connection.add_termination_listener(lambda _connection: self._on_lost())

    def disconnect(self) -> None:
        """Drop the connection without waiting for anything."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.terminate()

    async def last_seq(self, writer_id: UUID) -> int:
        """How far a writer has come. Raises ``Unavailable``."""
        try:
            with self._limited() as connection:
                await connection.execute(_REGISTER, writer_id)
                return int(await connection.fetchval(_LAST_SEQ, writer_id))
        except Exception as error:
            # These two statements are ours: what fails here is the server's condition, whatever its name.
            raise Unavailable(f"the writer's place cannot be read: {type(error).__name__}") from error

    async def epoch_of(self, writer_id: UUID) -> int | None:
        """Under which epoch a writer wrote, ``None`` when it is not known. Raises ``Unavailable``."""
        try:
            with self._limited() as connection:
                found: int | None = await connection.fetchval(_EPOCH_OF, writer_id)
                return found
        except Exception as error:
            raise Unavailable(f"the writer's epoch cannot be read: {type(error).__name__}") from error

    async def commit(
        self, writer_id: UUID, after: int, through: int, statements: Sequence[Statement]
    ) -> None:
        """Carry out statements and move the writer's place, both or neither.

        Args:
            writer_id: whose statements.
            after: where the writer is now.
            through: where it is afterwards.
            statements: in order.

        Raises:
            Unavailable: the connection is in doubt; ask ``last_seq`` on a new one.
            Rejected: nothing was done, and the same batch would be refused again.
            Deposed: there is a later leader.
        """
        try:
            with self._limited() as connection:
                async with connection.transaction():
                    await self._advance(connection, writer_id, after, through)
                    await _run(connection, statements)
        except (Unavailable, Deposed):
            raise
        except Exception as error:
            if is_passing(error) or not self.connected:
                raise Unavailable(f"the commit failed: {type(error).__name__}") from error
            raise Rejected from error

    async def _advance(
        self, connection: "asyncpg.Connection[asyncpg.Record]", writer_id: UUID, after: int, through: int
    ) -> None:
        """Move the writer's place; locks its row, so that an old transaction in doubt is settled first."""
        if self.epoch is None:
            done = await connection.execute(_ADVANCE, writer_id, after, through)
        else:
            done = await connection.execute(_ADVANCE_FENCED, writer_id, after, through, self.epoch)
        if affected(done) == 1:
            return
        if self.epoch is not None and await connection.fetchval(_EPOCH) != self.epoch:
            raise Deposed
        raise Unavailable("the writer's place has moved meanwhile")

    @contextmanager
    def _limited(self) -> Iterator["asyncpg.Connection[asyncpg.Record]"]:
        """The connection for a limited time; afterwards it is cut, and what waits on it fails at once.

        Cutting instead of cancelling: cancelling would ask the very server that does not answer.
        """
        connection = self._connection
        if connection is None:
            raise Unavailable("no connection to PostgreSQL")
        timer = asyncio.get_running_loop().call_later(self._commit_timeout, connection.terminate)
        try:
            yield connection
        finally:
            timer.cancel()


async def _run(connection: "asyncpg.Connection[asyncpg.Record]", statements: Sequence[Statement]) -> None:
    """One round trip per group (``db.arrange``)."""
    for group in arranged((statement.query, statement.args) for statement in statements):
        if len(group.arguments) == 1:
            await connection.execute(group.query, *group.arguments[0])
        else:
            await connection.executemany(group.query, group.arguments)
