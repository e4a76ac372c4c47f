"""Every offered call has one outcome, and what that outcome asks for exists: asked of the tables.

``hotline.accounting`` counts it every few seconds, ``hotline audit calls`` and the tests name the calls.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from asyncpg import Record

from acd.outcomes import OUTCOMES
from core.vocabulary import CallId, Seconds
from db import queries

SQL = queries.load(Path(__file__).with_name("conservation.sql"))

KINDS = ("no_outcome", "wrong_outcome", "no_ticket", "no_recording", "no_ring_back", "open_offer")
"""What can be missing."""

Violation = tuple[str, CallId]
"""Kind and call."""


class Queries(Protocol):
    """A pool or a connection."""

    async def fetch(self, query: str, *args: object) -> list[Record]:
        """Rows of a query."""
        ...


async def violations(
    database: Queries, *, before: Seconds, since: Seconds, live: Sequence[CallId] = ()
) -> list[Violation]:
    """What is missing.

    Args:
        database: where the rows are.
        before: younger rows may still be on their way.
        since: calls that arrived earlier are left out, unless they have no outcome.
        live: calls in memory; they need no outcome yet.
    """
    rows = await database.fetch(SQL["violations"], before, since, list(live), *_needs())
    return [(row["kind"], CallId(row["call_id"])) for row in rows]


async def contradictions(database: Queries, since: Seconds) -> list[Violation]:
    """What cannot have happened; too dear to be asked all the time."""
    rows = await database.fetch(SQL["contradictions"], since)
    return [(row["kind"], CallId(row["call_id"])) for row in rows]


async def broken_chains(database: Queries, since: Seconds) -> list[tuple[str, str]]:
    """Agents whose rows of states do not follow each other, as kind and ``agent:<id>``."""
    rows = await database.fetch(SQL["broken_chains"], since)
    return [(row["kind"], row["object"]) for row in rows]


def _needs() -> tuple[list[object], ...]:
    """``OUTCOMES`` as columns."""
    lines = [(o.value, code, m.ticket, m.recording, m.ring_back) for (o, code), m in OUTCOMES.items()]
    return tuple(list(column) for column in zip(*lines, strict=True))
