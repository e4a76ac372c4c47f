import pytest

from core.errors import ConfigurationError, Unavailable
from db.pool import Database, affected, check_version


@pytest.mark.parametrize(
    ("tag", "rows"), [("UPDATE 3", 3), ("INSERT 0 1", 1), ("DELETE 0", 0), ("CREATE TABLE", 0), ("", 0)]
)
def test_a_command_tag_tells_the_rows(tag: str, rows: int) -> None:
    assert affected(tag) == rows


def test_an_old_server_is_refused_by_name() -> None:
    check_version(150000)
    with pytest.raises(ConfigurationError, match="PostgreSQL 14 is too old: 15 or newer is needed"):
        check_version(140011)


async def test_without_connect_the_database_is_unavailable() -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(Unavailable):
        await database.fetch("SELECT 1")
    await database.close()


async def test_an_unreachable_server_is_unavailable_and_told_so_soon() -> None:
    database = Database("postgresql://nobody:x@127.0.0.1:1/none", connect_timeout=1)
    with pytest.raises(Unavailable):
        await database.connect()
    with pytest.raises(Unavailable):
        await database.execute("SELECT 1")
    await database.close()
