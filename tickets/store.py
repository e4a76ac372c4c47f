"""Tickets and recordings in PostgreSQL: reading for the API and for recovery, editing, access rows.

What the call path writes goes through the ordered writer instead (``tickets.service``,
``tickets.recordings``); all statements are in ``queries.sql``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from asyncpg import Record

from core.facts import VoicemailLeft
from core.identity import Account
from core.vocabulary import AgentId, CallId, Outcome, QueueName, Seconds
from db import queries
from db.pool import Database
from tickets.model import (
    CallTimes,
    Recording,
    RecordingState,
    Ticket,
    TicketFilter,
    TicketSource,
    TicketState,
    TicketView,
)
from tickets.rules import TEXT_LIMITS

SQL = queries.load(Path(__file__).with_name("queries.sql"))


@dataclass(frozen=True, slots=True)
class AnsweredCall:
    """What a ticket is opened from when its fact was never written."""

    call_id: CallId
    caller: str
    dialled: str
    queue: QueueName
    agent_id: AgentId | None
    arrived_at: Seconds
    answered_at: Seconds


@dataclass(frozen=True, slots=True)
class FinishedCall:
    """What is settled about a call whose raw file is still in the spool."""

    call_id: CallId
    outcome: Outcome
    recording: RecordingState | None
    path_key: str | None
    size_bytes: int | None


class TicketStore:
    """The statements with their arguments and results as values.

    Every method raises ``core.errors.Unavailable`` while the database is away.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, wanted: TicketFilter, limit: int) -> list[TicketView]:
        """Tickets that pass the filter, newest first."""
        rows = await self._database.fetch(
            SQL["list_tickets"],
            wanted.owner,
            wanted.agent_id,
            wanted.state,
            wanted.queue,
            wanted.call_id,
            wanted.before_id,
            limit,
        )
        return [_view(row) for row in rows]

    async def get(self, ticket_id: int) -> TicketView | None:
        """One ticket, ``None`` when there is none."""
        row = await self._database.fetchrow(SQL["get_ticket"], ticket_id)
        return None if row is None else _view(row)

    async def edit(
        self,
        ticket: Ticket,
        state: TicketState,
        texts: Mapping[str, str],
        actor: Account,
        changed: Sequence[str],
    ) -> int | None:
        """Write an edit and its audit row together.

        Args:
            ticket: as it was read; nothing is written when its version is no longer the present one.
            state: the new state.
            texts: the new texts, by field.
            actor: who edits.
            changed: names of what changes, for the audit row.

        Returns:
            The new version, ``None`` when the ticket has been changed in the meantime.
        """
        action = "ticket.edited" if state is ticket.state else "ticket.registered"
        values = [texts.get(field, getattr(ticket, field)) for field in TEXT_LIMITS]
        version: int | None = await self._database.fetchval(
            SQL["edit_ticket"], ticket.id, ticket.version, state, *values, actor.login, action, list(changed)
        )
        return version

    async def caller_shown(self, ticket_id: int, actor: Account) -> None:
        """Note that somebody is shown the full number."""
        await self._database.execute(SQL["caller_shown"], actor.login, ticket_id)

    async def recording(self, recording_id: UUID) -> Recording | None:
        """One recording, ``None`` when there is none."""
        row = await self._database.fetchrow(SQL["get_recording"], recording_id)
        return None if row is None else _recording(row)

    async def recording_opened(
        self, recording_id: UUID, account: Account, byte_range: str, remote: str
    ) -> None:
        """Note that somebody is about to hear a part of a recording."""
        await self._database.execute(
            SQL["recording_opened"], recording_id, account.id, byte_range, remote, account.login
        )

    async def recording_damaged(self, recording_id: UUID) -> None:
        """Note that a recording's file is not what was archived."""
        await self._database.execute(SQL["recording_damaged"], recording_id)

    async def ticket_of_call(self, call_id: CallId) -> int | None:
        """The call's ticket, ``None`` when there is none (yet)."""
        ticket_id: int | None = await self._database.fetchval(SQL["ticket_of_call"], call_id)
        return ticket_id

    async def answered_without_ticket(self, since: Seconds) -> list[AnsweredCall]:
        """Answered calls that arrived since then and lack a row of ours."""
        rows = await self._database.fetch(SQL["answered_without_ticket"], since)
        return [AnsweredCall(**{**row, "call_id": CallId(str(row["call_id"]))}) for row in map(dict, rows)]

    async def messages_without_ticket(self, since: Seconds) -> list[VoicemailLeft]:
        """Messages in the voicemail box, of calls that arrived since then, that lack a row of ours."""
        rows = await self._database.fetch(SQL["messages_without_ticket"], since)
        return [VoicemailLeft(**{**row, "call_id": CallId(str(row["call_id"]))}) for row in map(dict, rows)]

    async def unclosed(self) -> list[tuple[CallId, Seconds]]:
        """Finished calls, answered or with a message left, whose recording is pending; oldest first."""
        rows = await self._database.fetch(SQL["unclosed"])
        return [(CallId(str(row["call_id"])), row["arrived_at"]) for row in rows]

    async def finished(self, calls: Sequence[CallId]) -> list[FinishedCall]:
        """Which of these calls are finished and have no pending recording."""
        rows = await self._database.fetch(SQL["finished_calls"], list(calls))
        return [
            FinishedCall(
                CallId(str(row["call_id"])),
                Outcome(row["outcome"]),
                None if row["state"] is None else RecordingState(row["state"]),
                row["path_key"],
                row["size_bytes"],
            )
            for row in rows
        ]


def _view(row: Record) -> TicketView:
    return TicketView(
        ticket=_ticket(row),
        call=CallTimes(
            queued_at=row["queued_at"],
            notice_at=row["notice_at"],
            talk_ended_at=row["talk_ended_at"],
            ended_at=row["ended_at"],
            used_fallback=row["fallback_at"] is not None,
            rating=row["rating"],
        ),
        recording=None if row["recording_id"] is None else _recording(row),
    )


_TICKET_COLUMNS = [name for name in Ticket.__dataclass_fields__ if name not in {"call_id", "state", "source"}]


def _ticket(row: Record) -> Ticket:
    return Ticket(
        call_id=CallId(str(row["call_id"])),
        state=TicketState(row["state"]),
        source=TicketSource(row["source"]),
        **{name: row[name] for name in _TICKET_COLUMNS},
    )


def _recording(row: Record) -> Recording:
    return Recording(
        id=row["recording_id"],
        call_id=CallId(str(row["call_id"])),
        agent_id=row["agent_id"],
        state=RecordingState(row["recording_state"]),
        path_key=row["path_key"],
        format=row["format"],
        channels=row["channels"],
        sample_rate=row["sample_rate"],
        duration_s=row["duration_s"],
        size_bytes=row["size_bytes"],
        sha256=row["sha256"],
        note=row["note"],
        closed_at=row["closed_at"],
    )
