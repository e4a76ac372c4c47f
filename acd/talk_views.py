"""What happened inside a talk, as the API shows it."""

from datetime import UTC, datetime
from typing import Any

from asyncpg import Record

from acd.talk_store import SQL
from core.api import ApiModel
from db.pool import Database


class SegmentView(ApiModel):
    """One party's part of the call; ``record_from`` and ``record_to`` are seconds of the recording."""

    number: int
    kind: str
    agent_id: int | None
    phone: str
    began: str
    ended: str | None
    started_at: datetime
    ended_at: datetime | None
    record_from: float
    record_to: float | None


class MarkView(ApiModel):
    """A hold, consultation, mute or pause of the recording."""

    kind: str
    agent_id: int | None
    started_at: datetime
    ended_at: datetime | None
    record_from: float
    record_to: float | None


class EmergencyView(ApiModel):
    """An emergency service that was called in."""

    number: int
    service: str
    note: str
    agent_id: int
    at: datetime
    reached_at: datetime | None
    ended_at: datetime | None
    outcome: str
    outcome_by: int | None
    outcome_at: datetime | None


async def inside(database: Database, call_id: str) -> dict[str, Any]:
    """Segments, marks and emergencies of one call, each in order."""
    segments = await database.fetch(SQL["call_segments"], call_id)
    marks = await database.fetch(SQL["call_marks"], call_id)
    emergencies = await database.fetch(SQL["call_emergencies"], call_id)
    return {
        "segments": [SegmentView.model_validate(_times(row)) for row in segments],
        "marks": [MarkView.model_validate(_times(row)) for row in marks],
        "emergencies": [EmergencyView.model_validate(_times(row)) for row in emergencies],
    }


async def took_part(database: Database, call_id: str, agent_id: int) -> bool:
    """Whether somebody talked to the citizen in this call."""
    return bool(await database.fetchval(SQL["talked_in"], call_id, agent_id))


def _times(row: Record) -> dict[str, Any]:
    return {
        name: datetime.fromtimestamp(value, UTC)
        if value is not None and (name == "at" or name.endswith("_at"))
        else value
        for name, value in row.items()
    }
