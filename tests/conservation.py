"""Conservation, asked of a running hotline's tables at the end of a test."""

import asyncio
from collections import Counter

import asyncpg

from core import clock
from hotline import conservation

PATIENCE = 5.0
"""The last rows of a test are committed a moment after the ones that it waited for."""


async def lacking(database: "asyncpg.Pool[asyncpg.Record]") -> list[tuple[str, str]]:
    """What is missing or contradictory; calls that still go on owe nothing."""
    live = [
        row["call_id"] for row in await database.fetch("SELECT call_id FROM calls WHERE ended_at IS NULL")
    ]
    missing = await conservation.violations(database, before=clock.wall(), since=0.0, live=live)
    return [
        *missing,
        *await conservation.contradictions(database, 0.0),
        *await conservation.broken_chains(database, 0.0),
    ]


async def assert_conserved(database: "asyncpg.Pool[asyncpg.Record]") -> None:
    """Every call that has ended is accounted for; a database that is away is asked nothing."""
    deadline = clock.monotonic() + PATIENCE
    try:
        while (found := await lacking(database)) and clock.monotonic() < deadline:  # noqa: ASYNC110 - rows set no event
            await asyncio.sleep(0.1)
    except (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError):
        return
    assert not found, f"not accounted for: {dict(Counter(kind for kind, _ in found))}, first: {found[:5]}"
