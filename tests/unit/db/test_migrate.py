import hashlib
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from db.migrate import FOLDER, read


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_text(f"SELECT '{name}';", encoding="utf-8")


def test_files_are_read_in_order_with_their_checksums(tmp_path: Path) -> None:
    put(tmp_path, "0002_more.sql", "0001_base.sql")
    found = read(tmp_path)
    assert [(item.version, item.name) for item in found] == [(1, "base"), (2, "more")]
    assert found[0].checksum == hashlib.sha256(b"SELECT '0001_base.sql';").hexdigest()


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["0002_more.sql"], "number 0001 is missing or used twice"),
        (["0001_base.sql", "0003_more.sql"], "number 0002 is missing"),
        (["0001_base.sql", "0001_other.sql"], "used twice"),
        (["0001-base.sql"], "0001-base.sql is not named NNNN_name.sql"),
        (["1_base.sql"], "is not named NNNN_name.sql"),
    ],
)
def test_gaps_doubles_and_odd_names_are_refused(tmp_path: Path, names: list[str], message: str) -> None:
    put(tmp_path, *names)
    with pytest.raises(ConfigurationError, match=message):
        read(tmp_path)


def test_the_project_s_own_migrations_use_nothing_newer_than_postgresql_15() -> None:
    for migration in read(FOLDER):
        assert "uuidv7" not in migration.sql.lower()
        assert "virtual" not in migration.sql.lower()
