import asyncpg
import pytest

from core.errors import Unavailable
from db.errors import is_passing, translated


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (ConnectionRefusedError(), True),
        (TimeoutError(), True),
        (asyncpg.ConnectionDoesNotExistError("gone"), True),
        (asyncpg.CannotConnectNowError("starting"), True),
        (asyncpg.AdminShutdownError("bye"), True),
        (asyncpg.TooManyConnectionsError("full"), True),
        (asyncpg.DiskFullError("full"), True),
        (asyncpg.DeadlockDetectedError("lost"), True),
        (asyncpg.ReadOnlySQLTransactionError("stand-by"), True),
        (asyncpg.InvalidCachedStatementError("stale"), True),
        (asyncpg.InterfaceError("connection is closed"), True),
        (asyncpg.InterfaceError("the server expects 2 arguments for this query, 1 was passed"), False),
        (asyncpg.UniqueViolationError("twice"), False),
        (asyncpg.UndefinedTableError("what"), False),
        (asyncpg.DataError("x is not a number"), False),
        (asyncpg.InsufficientPrivilegeError("no"), False),
        (ValueError("ours"), False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_trouble_that_passes_is_told_from_bad_statements(error: Exception, passing: bool) -> None:  # noqa: FBT001 - a column of the table
    assert is_passing(error) is passing


def test_passing_trouble_becomes_unavailable_without_the_driver_s_words() -> None:
    with pytest.raises(Unavailable) as caught, translated():
        raise ConnectionRefusedError("connect to 10.1.2.3 failed")
    assert caught.value.message == "the database is away"


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(asyncpg.UniqueViolationError), translated():
        raise asyncpg.UniqueViolationError("twice")
