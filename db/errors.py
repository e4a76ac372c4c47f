"""Foreign errors of the database driver, judged once: connection trouble or a statement that is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from core.errors import Unavailable

# SQLSTATE classes after which the same statement may well succeed later: connection, resources, operator
# intervention, system trouble, a transaction that lost a race.
_PASSING_CLASSES = frozenset({"08", "40", "53", "57", "58"})
# Single codes of other classes: a lock not had in time, a read-only stand-by.
_PASSING_CODES = frozenset({"55P03", "25006"})


def is_passing(error: BaseException) -> bool:
    """Whether the trouble lies with the connection or the server's condition, not with the statement."""
    if isinstance(error, asyncpg.InvalidCachedStatementError | asyncpg.OutdatedSchemaCacheError):
        return True  # the schema moved under a prepared statement; a new connection prepares it anew
    if isinstance(error, asyncpg.PostgresError):
        code = error.sqlstate or ""
        return code[:2] in _PASSING_CLASSES or code in _PASSING_CODES
    if isinstance(error, asyncpg.InterfaceError):
        # The driver uses this class for misuse as well; only what tells of a closed connection passes.
        return "clos" in str(error)
    return isinstance(error, OSError | TimeoutError | asyncpg.InternalClientError | EOFError)


@contextmanager
def translated() -> Iterator[None]:
    """Turn connection trouble into ``Unavailable``; let everything else through as it is."""
    try:
        yield
    except Exception as error:
        if is_passing(error):
            raise Unavailable("the database is away") from error
        raise
