"""Named SQL: each feature's statements lie in ``<feature>/queries.sql``, each with a name and a comment."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

_NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)$", re.MULTILINE)


def load(package_file: str | Path) -> Mapping[str, str]:
    """Read the named queries that lie beside a module.

    Args:
        package_file: a module's ``__file__`` (its folder's ``queries.sql`` is read), or the SQL file itself.

    Returns:
        Name -> SQL, without comments.

    Raises:
        ValueError: a name is used twice, or a query lacks its comment or its SQL.
    """
    path = Path(package_file)
    if path.suffix != ".sql":
        path = path.with_name("queries.sql")
    _, *parts = _NAME.split(path.read_text(encoding="utf-8"))
    found: dict[str, str] = {}
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        if name in found:
            raise ValueError(f"{path.name}: query {name} is defined twice")
        found[name] = _statement(path.name, name, body)
    return MappingProxyType(found)


def _statement(file: str, name: str, body: str) -> str:
    """The SQL of one query; its comment is for the reader of the file, the server need not see it."""
    lines = body.strip().splitlines()
    if not lines or not lines[0].startswith("--"):
        raise ValueError(f"{file}: query {name} has no comment that says what it is for")
    sql = "\n".join(line for line in lines if not line.lstrip().startswith("--")).strip().rstrip(";")
    if not sql:
        raise ValueError(f"{file}: query {name} has no SQL")
    return sql
