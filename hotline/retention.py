"""Removes what its policy no longer keeps, class by class, in batches; a legal hold stops it.

Called nightly by the service and by ``hotline retention run``. Every step can be interrupted and done again.
What "removed" means for each class stands in docs/privacy.md.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from core import clock
from core.masking import mask_text
from db import queries
from db.pool import Database
from tickets.archiving import ArchiveHands

SQL = queries.load(Path(__file__).with_name("retention.sql"))

BATCH = 500
"""Rows changed in one transaction."""


class DataClass(StrEnum):
    """What is kept for the same time."""

    RECORDINGS = "recordings"
    TICKETS = "tickets"
    """Who the citizen of a ticket is; the ticket itself stays."""
    CALLS = "calls"
    """Numbers of callers; the calls stay."""
    SESSIONS = "sessions"
    JOURNAL = "journal"
    """Rotated parts of Asterisk's journal."""
    AUDIT = "audit"


@dataclass(slots=True)
class Outcome:
    """What came of one class, or would."""

    due: int
    held: int
    done: int = 0
    skipped: str = ""
    """Why nothing was done although something is due: ``held``, ``owner_only``."""


Progress = Callable[[DataClass, int, int], None]
"""Told how many of how many are done."""


class Retention:
    """The policies, carried out.

    Args:
        database: as the service's role; as the owner's where audit rows are to go as well.
        hands: who removes recordings' files.
        journals: the parts of Asterisk's journal that nobody writes to any more.
    """

    def __init__(
        self, database: Database, hands: ArchiveHands, journals: Callable[[], Sequence[Path]]
    ) -> None:
        self._database = database
        self._hands = hands
        self._journals = journals
        self._steps: Mapping[DataClass, Callable[[datetime], Awaitable[int]]] = {
            DataClass.RECORDINGS: self._recordings,
            DataClass.TICKETS: self._tickets,
            DataClass.CALLS: lambda before: self._database.execute(SQL["anonymise_calls"], before, BATCH),
            DataClass.SESSIONS: lambda before: self._database.execute(SQL["remove_sessions"], before, BATCH),
            DataClass.JOURNAL: self._remove_journals,
        }

    async def run(
        self,
        actor: str,
        *,
        dry_run: bool = False,
        only: DataClass | None = None,
        progress: Progress = lambda _class, _done, _due: None,
    ) -> dict[DataClass, Outcome]:
        """Go through the classes.

        Args:
            actor: who lets it run, for the audit.
            dry_run: only count.
            only: this class and no other.
            progress: told after every batch.

        Raises:
            Unavailable: the database is away; run it again to go on.
        """
        run_id = await self._database.fetchval(SQL["begin_run"], actor, dry_run)
        results: dict[DataClass, Outcome] = {}
        held = {row["class"] for row in await self._database.fetch(SQL["held_classes"])}
        for kind, before in (await self._cutoffs()).items():
            if only in (None, kind):
                results[kind] = await self._look(kind, before, whole_class_held=kind in held)
                if not dry_run and results[kind].due and not results[kind].skipped:
                    await self._work(kind, before, results[kind], actor, progress)
        told = json.dumps({kind: asdict(outcome) for kind, outcome in results.items()})
        await self._database.execute(SQL["finish_run"], run_id, told)
        return results

    async def _cutoffs(self) -> dict[DataClass, datetime]:
        """Before which moment a class is too old; those that are kept for good are left out."""
        now = datetime.fromtimestamp(clock.wall(), UTC)
        rows = await self._database.fetch(SQL["policies"])
        days = {DataClass(row["class"]): row["keep_days"] for row in rows}
        return {kind: now - timedelta(days=days[kind]) for kind in DataClass if days.get(kind) is not None}

    async def _look(self, kind: DataClass, before: datetime, *, whole_class_held: bool) -> Outcome:
        if kind is DataClass.JOURNAL:
            outcome = Outcome(len(await asyncio.to_thread(self._old_journals, before)), 0)
        else:
            row = await self._database.fetchrow(SQL[f"due_{kind}"], before)
            outcome = Outcome(row["due"], row["held"]) if row is not None else Outcome(0, 0)
        if whole_class_held:
            return Outcome(0, outcome.due + outcome.held, skipped="held")
        if kind is DataClass.AUDIT and not await self._database.fetchval(SQL["may_prune"]):
            outcome.skipped = "owner_only"
        return outcome

    async def _work(
        self, kind: DataClass, before: datetime, outcome: Outcome, actor: str, progress: Progress
    ) -> None:
        if kind is DataClass.AUDIT:
            outcome.done = await self._database.fetchval(SQL["prune_audit"], actor)
        else:
            while done := await self._steps[kind](before):
                outcome.done += done
                progress(kind, outcome.done, max(outcome.due, outcome.done))

    async def _recordings(self, before: datetime) -> int:
        rows = await self._database.fetch(SQL["next_recordings"], before, BATCH)
        for row in rows:
            await self._hands.remove(row["path_key"])
            await self._database.execute(SQL["recording_gone"], row["id"])
        return len(rows)

    async def _tickets(self, before: datetime) -> int:
        rows = await self._database.fetch(SQL["next_tickets"], before, BATCH)
        async with self._database.transaction() as connection:
            for row in rows:
                texts = (mask_text(row[field]) for field in ("title", "body", "place"))
                await connection.execute(SQL["anonymise_ticket"], row["id"], *texts)
        return len(rows)

    def _old_journals(self, before: datetime) -> list[Path]:
        return [file for file in self._journals() if _changed_before(file, before)]

    async def _remove_journals(self, before: datetime) -> int:
        old = await asyncio.to_thread(self._old_journals, before)
        for file in old:
            await asyncio.to_thread(file.unlink, missing_ok=True)
        return len(old)


def _changed_before(file: Path, moment: datetime) -> bool:
    try:
        return file.stat().st_mtime < moment.timestamp()
    except FileNotFoundError:  # somebody rotates it just now
        return False
