"""The rows of the call path: facts into statements for the writer, and what a restart needs back."""

import json
from pathlib import Path

from asyncpg import Record

from acd.memory import REMEMBERED, CallerMemory
from acd.model import Call
from acd.phases import Phase
from core.facts import (
    CallFinished,
    CallOffered,
    CallPlaced,
    CallQueued,
    CallUsedFallback,
    Fact,
    OfferEnded,
    OfferStarted,
    TalkEnded,
    TalkStarted,
)
from core.plan import Priority
from core.ports import Writer
from core.vocabulary import AgentId, CallId, Direction, OfferId, Phone, QueueName, Seconds
from db import queries
from db.pool import Database

SQL = queries.load(Path(__file__).with_name("queries.sql"))

RESTORE_FINISHED = 20_000
"""How many ended calls a restart remembers; more than a day of the busiest centre."""


class CallStore:
    """Writes facts through the ordered writer, reads through the pool."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    def record(self, fact: Fact) -> None:
        """Queue the rows that a fact about a call leads to; never blocks."""
        match fact:
            case CallOffered():
                self._submit(
                    "call_offered",
                    fact.call_id,
                    fact.uniqueid,
                    fact.caller,
                    fact.dialled,
                    fact.queue,
                    fact.at,
                )
            case CallPlaced():
                self._submit("call_placed", fact.call_id, fact.priority, fact.place_at)
            case CallQueued():
                self._submit("call_queued", fact.call_id, fact.at, fact.notice_at)
            case CallUsedFallback():
                self._submit("call_used_fallback", fact.call_id, fact.at)
            case OfferStarted():
                self._submit("offer_started", fact.offer_id, fact.call_id, fact.agent_id, fact.phone, fact.at)
            case OfferEnded():
                self._submit("offer_ended", fact.offer_id, fact.result, fact.at)
            case TalkStarted():
                self._submit("talk_started", fact.call_id, fact.at, fact.agent_id, fact.phone, fact.queued_at)
            case TalkEnded():
                self._submit("talk_ended", fact.call_id, fact.at)
            case CallFinished():
                self._finished(fact)
            case _:
                pass

    def _finished(self, fact: CallFinished) -> None:
        self._submit("call_finished", fact.call_id, fact.outcome, fact.cause, fact.at)
        if fact.unreached_stage is not None:
            self._submit(
                "call_abandoned",
                fact.call_id,
                fact.caller,
                fact.dialled,
                fact.queue,
                fact.unreached_stage,
                max(0.0, fact.at - fact.arrived_at),
                fact.at,
            )

    def audit_priority(self, actor: str, call_id: CallId, priority: Priority, at: Seconds) -> None:
        """Queue the audit row of a supervisor's change; a database that is away loses none."""
        self._submit("priority_changed", at, actor, call_id, json.dumps({"priority": priority}))

    async def exists(self, call_id: CallId) -> bool:
        """Whether the record has such a call."""
        return await self._database.fetchval(SQL["call_exists"], call_id) is not None

    def rated(self, call_id: CallId, digit: int) -> None:
        """Queue the caller's rating, 1-3."""
        self._submit("call_rated", call_id, digit)

    def _submit(self, name: str, *args: object) -> None:
        self._writer.submit(SQL[name], *args)

    async def open_calls(self) -> list[Call]:
        """Calls without an outcome, in the order of arrival."""
        rows = await self._database.fetch(SQL["open_calls"])
        return [_call(row) for row in rows]

    async def running_offers(self) -> list[tuple[OfferId, CallId, AgentId, Phone]]:
        """Offers that had no result when the last run ended."""
        rows = await self._database.fetch(SQL["running_offers"])
        return [
            (OfferId(r["offer_id"]), CallId(r["call_id"]), AgentId(r["agent_id"]), Phone(r["phone"]))
            for r in rows
        ]

    async def void_offers(self) -> None:
        """Close offers of calls that are over."""
        await self._database.execute(SQL["void_offers"])

    async def finished(self) -> list[CallId]:
        """The newest ended calls, oldest first."""
        rows = await self._database.fetch(SQL["recently_finished"], RESTORE_FINISHED)
        return [CallId(row["call_id"]) for row in rows]

    async def remember_callers(self, memory: CallerMemory) -> None:
        """Tell the memory of callers what the record knows."""
        for row in await self._database.fetch(SQL["callers_remembered"], REMEMBERED):
            if row["gave_up"]:
                memory.note_gave_up(row["caller"], QueueName(row["queue"]), row["place_at"], row["at"])
            elif row["talked"] and row["agent_id"] is not None:
                memory.note_talked(row["caller"], AgentId(row["agent_id"]), row["at"])

    async def taken(self) -> dict[AgentId, int]:
        """How many calls each seated agent has taken since the log-in."""
        rows = await self._database.fetch(SQL["calls_taken"])
        return {AgentId(row["agent_id"]): row["taken"] for row in rows}

    async def newest_known(self) -> Seconds | None:
        """The arrival of the newest call in the record."""
        value: Seconds | None = await self._database.fetchval(SQL["newest_known"])
        return value


def _call(row: Record) -> Call:
    return Call(
        call_id=CallId(row["call_id"]),
        channel="",
        uniqueid=row["uniqueid"],
        caller=row["caller"],
        dialled=row["dialled"],
        queue=QueueName(row["queue"]),
        arrived_at=row["arrived_at"],
        phase=_phase(row),
        priority=Priority(row["priority"]),
        place_at=row["place_at"],
        notice_at=row["notice_at"],
        queued_at=row["queued_at"],
        fallback_at=row["fallback_at"],
        agent_id=AgentId(row["agent_id"]) if row["agent_id"] is not None else None,
        phone=Phone(row["phone"]) if row["phone"] is not None else None,
        answered_at=row["answered_at"],
        talk_ended_at=row["talk_ended_at"],
        direction=Direction(row["direction"]),
    )


def _phase(row: Record) -> Phase:
    """The phase that the record proves; where a waiting call really is, the first picture tells."""
    if row["talk_ended_at"] is not None:
        return Phase.AFTER
    if row["answered_at"] is not None:
        return Phase.TALKING
    return Phase.ANNOUNCEMENT if row["queued_at"] is None else Phase.UNCERTAIN
