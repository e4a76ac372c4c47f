"""Writes ``schema.sql``, the schema in one file for readers: ``python -m db.snapshot``.

It starts a scratch PostgreSQL, applies all migrations and dumps what came of it. The service never reads the
file; a test compares it with the migrations, so it cannot go stale.
"""

import asyncio
import re
import subprocess
import tempfile
from pathlib import Path

from db import binaries
from db.embedded import EmbeddedPostgres
from db.migrate import migrate

FILE = Path(__file__).with_name("schema.sql")

_HEADER = """\
-- The schema that all migrations make together. Made by `python -m db.snapshot`; never edited or applied.
"""
# What pg_dump adds for itself: psql commands, session settings, its own version.
_NOISE = re.compile(
    r"^(?:\\.*|SET (?!check_function_bodies).*|SELECT pg_catalog\.set_config.*|--.*)$", re.MULTILINE
)


def dump(programs: Path, dsn: str) -> str:
    """The schema of a database in ``pg_dump``'s notation, without noise.

    Args:
        programs: folder whose ``bin`` holds ``pg_dump``.
        dsn: connection of the owner.
    """
    command = [str(programs / "bin" / "pg_dump"), "--schema-only", "--no-owner", "--no-privileges", dsn]
    text = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    return _HEADER + "\n" + re.sub(r"\n{3,}", "\n\n", _NOISE.sub("", text)).strip() + "\n"


async def fresh_schema(folder: Path) -> str:
    """The schema of a database that has just been migrated.

    Args:
        folder: scratch folder that PostgreSQL's user can enter.
    """
    server = EmbeddedPostgres(folder / "data", folder / "cache", settings={"fsync": "off"})
    try:
        await server.start()
        await migrate(server.owner_dsn)
        programs = binaries.provide(folder / "cache")
        return await asyncio.to_thread(dump, programs, server.owner_dsn)
    finally:
        await server.stop()


def main() -> None:
    """Renew the file."""
    with tempfile.TemporaryDirectory(prefix="hotline-schema-") as name:
        Path(name).chmod(0o711)
        FILE.write_text(asyncio.run(fresh_schema(Path(name))), encoding="utf-8")


if __name__ == "__main__":
    main()
