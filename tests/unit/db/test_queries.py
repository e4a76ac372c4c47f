import re
from pathlib import Path

import pytest

from db import queries

GOOD = """\
-- name: first_one
-- Says one.
SELECT 1
WHERE true;

-- name: second
-- Says two,
-- at length.
SELECT $1::int
-- in the middle
+ 1
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "queries.sql"
    path.write_text(text, encoding="utf-8")
    return path


def test_names_lead_to_sql_without_comments(tmp_path: Path) -> None:
    found = queries.load(write(tmp_path, GOOD))
    assert dict(found) == {"first_one": "SELECT 1\nWHERE true", "second": "SELECT $1::int\n+ 1"}


def test_a_module_file_means_the_sql_file_beside_it(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    assert set(queries.load(str(tmp_path / "store.py"))) == {"first_one", "second"}


def test_the_mapping_cannot_be_changed(tmp_path: Path) -> None:
    found = queries.load(write(tmp_path, GOOD))
    with pytest.raises(TypeError):
        found["first_one"] = "DROP TABLE x"  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("-- name: a\n-- one\nSELECT 1\n-- name: a\n-- two\nSELECT 2\n", "query a is defined twice"),
        ("-- name: a\nSELECT 1\n", "query a has no comment"),
        ("-- name: a\n-- only words\n", "query a has no SQL"),
        ("-- name: a\n", "query a has no comment"),
    ],
)
def test_careless_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        queries.load(write(tmp_path, text))
