"""The pool of connections that API requests use; the call path writes through ``db.writer`` instead.

Every step has a time limit, so that a frozen server costs a request seconds and never the service: whoever
waits gets ``core.errors.Unavailable``. Used by the stores of the features.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import asyncpg

from core.errors import ConfigurationError, Unavailable
from db.errors import translated

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

OLDEST_SERVER = 150000
"""``server_version_num`` of the oldest PostgreSQL that is supported."""


class Database:
    """A pool on one PostgreSQL database.

    Args:
        dsn: ``postgresql://user:password@host:port/name``.
        max_size: connections at most; they are opened as they are needed.
        connect_timeout: seconds to wait for a connection, new or free.
        command_timeout: seconds that one statement may take.
        name: of the connections, as PostgreSQL shows them.
    """

    def __init__(
        self,
        dsn: str,
        *,
        max_size: int = 10,
        connect_timeout: float = 5.0,
        command_timeout: float = 10.0,
        name: str = "hotline-api",
    ) -> None:
        self._name = name
        self._dsn = dsn
        self._max_size = max_size
        self._connect_timeout = connect_timeout
        self._command_timeout = command_timeout
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None

    async def connect(self) -> None:
        """Open the pool and look at the server.

        Raises:
            Unavailable: the server does not answer; the pool stands nevertheless and serves once it does.
            ConfigurationError: the server is too old, or refuses the user.
        """
        self._pool = await asyncpg.create_pool(
            self._dsn,
            min_size=0,
            max_size=self._max_size,
            timeout=self._connect_timeout,
            command_timeout=self._command_timeout,
            server_settings={"application_name": self._name, "timezone": "UTC"},
        )
        try:
            check_version(await self.fetchval("SELECT current_setting('server_version_num')::int"))
        except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError) as error:
            raise ConfigurationError(f"PostgreSQL refuses the connection: {error}") from error

    async def close(self) -> None:
        """Drop every connection at once; waiting for a polite end could hang on a frozen server."""
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None

    async def fetch(self, query: str, *args: object) -> list[asyncpg.Record]:
        """Run a query, return its rows."""
        async with self._connection() as connection:
            return await connection.fetch(query, *args)

    async def fetchrow(self, query: str, *args: object) -> asyncpg.Record | None:
        """Run a query, return its first row."""
        async with self._connection() as connection:
            return await connection.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: object) -> Any:  # noqa: ANN401 - the caller knows the column's type
        """Run a query, return the first value of its first row, ``None`` without rows."""
        async with self._connection() as connection:
            return await connection.fetchval(query, *args)

    async def execute(self, query: str, *args: object) -> int:
        """Run a statement, return the number of rows it touched."""
        async with self._connection() as connection:
            return affected(await connection.execute(query, *args))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["Connection"]:
        """A connection inside one transaction: committed at the end, rolled back by any exception."""
        async with self._connection() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator["Connection"]:
        if self._pool is None:
            raise Unavailable("the database is not connected")
        with translated():
            async with self._pool.acquire(timeout=self._connect_timeout) as connection:
                yield connection


def affected(status: str) -> int:
    """Number of rows in a command tag: 3 for ``UPDATE 3``, 1 for ``INSERT 0 1``, 0 for ``CREATE TABLE``."""
    last = status.rpartition(" ")[2]
    return int(last) if last.isdigit() else 0


def check_version(number: int) -> None:
    """Refuse a server that is too old with ``ConfigurationError``.

    Args:
        number: PostgreSQL's ``server_version_num``, 150004 for 15.4.
    """
    if number < OLDEST_SERVER:
        raise ConfigurationError(
            f"PostgreSQL {number // 10000} is too old: {OLDEST_SERVER // 10000} or newer is needed"
        )
