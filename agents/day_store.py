"""Days of agents out of the rows (``agents.day`` has the formulas)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from agents.breaks import KEPT_SECONDS
from agents.breaks_store import SQL, BreakStore, change_of
from agents.day import Contacts, Day, day_of
from agents.timesheet import Change, spells
from core.errors import NotFound
from core.vocabulary import AgentId, Seconds
from db.pool import Database


@dataclass(frozen=True, slots=True)
class Person:
    """Whose day it is."""

    agent_id: AgentId
    login: str
    display_name: str


class DayStore:
    """Reads days.

    Args:
        database: where the rows are.
        breaks: the reasons.
        zone: of local days.
    """

    def __init__(self, database: Database, breaks: BreakStore, zone: str) -> None:
        self._database = database
        self._breaks = breaks
        self.zone = zone

    def bounds(self, day: date) -> tuple[Seconds, Seconds]:
        """Local midnight, and the next one."""
        zone = ZoneInfo(self.zone)
        begins = (datetime.combine(one, time(), zone) for one in (day, day + timedelta(days=1)))
        start, end = (moment.timestamp() for moment in begins)
        return start, end

    def date_of(self, at: Seconds) -> date:
        """The local date of a moment."""
        return datetime.fromtimestamp(at, ZoneInfo(self.zone)).date()

    async def person(self, agent_id: AgentId) -> Person:
        """One account; raises ``NotFound``."""
        row = await self._database.fetchrow(SQL["person"], agent_id)
        if row is None:
            raise NotFound("no such account")
        return _person(dict(row))

    async def people(self, day: date, after: int, limit: int) -> list[Person]:
        """Whoever was at a phone that day, with an id above ``after``, by id."""
        rows = await self._database.fetch(SQL["people_of_a_day"], after, *self.bounds(day), limit)
        return [_person(dict(row)) for row in rows]

    async def days(self, agent_ids: Sequence[AgentId], day: date, now: Seconds) -> dict[AgentId, Day]:
        """The figures of several agents; those of a day that goes on are those of this moment."""
        start, midnight = self.bounds(day)
        end = max(start, min(midnight, now))
        reasons = await self._breaks.in_use()
        changes = await self._changes(agent_ids, start - KEPT_SECONDS, end)
        contacts = await self._contacts(agent_ids, start, end, now)
        return {
            agent_id: day_of(
                spells(changes.get(agent_id, ()), end),
                contacts.get(agent_id, Contacts()),
                reasons,
                start,
                end,
                self.zone,
            )
            for agent_id in agent_ids
        }

    async def _changes(
        self, agent_ids: Sequence[AgentId], start: Seconds, end: Seconds
    ) -> dict[AgentId, list[Change]]:
        found: dict[AgentId, list[Change]] = {}
        for row in await self._database.fetch(SQL["rows_of"], list(agent_ids), start, end):
            found.setdefault(AgentId(row["agent_id"]), []).append(change_of(dict(row)))
        return found

    async def _contacts(
        self, agent_ids: Sequence[AgentId], start: Seconds, end: Seconds, now: Seconds
    ) -> dict[AgentId, Contacts]:
        rows = await self._database.fetch(SQL["contacts_of"], list(agent_ids), start, end, now)
        return {
            AgentId(row["agent_id"]): Contacts(
                row["inbound"], row["outbound"], row["contact_s"], row["hold_s"]
            )
            for row in rows
        }


def _person(row: Mapping[str, Any]) -> Person:
    return Person(AgentId(row["id"]), row["login"], row["display_name"])
