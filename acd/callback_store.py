"""Rows about call-backs and calls that the centre places, and what a restart needs back of them."""

import json
from pathlib import Path
from typing import Any

from asyncpg import Record

from acd.callbacks import restore, restore_call
from acd.callout_model import Callout
from acd.model import State
from core.callbacks import CallBack, CallBackId, CallBackSource, CallBackState
from core.facts import CallBackChanged, CalloutPlaced, Fact, NoticePlayed
from core.ports import Writer
from core.vocabulary import CallId, QueueName, Seconds
from db import queries
from db.pool import Database

SQL = queries.load(Path(__file__).with_name("callbacks.sql"))


class CallBackStore:
    """Writes through the ordered writer, reads through the pool."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    def record(self, fact: Fact) -> None:
        """Queue the row that a fact leads to; never blocks, harmless when repeated."""
        match fact:
            case CallBackChanged():
                self._writer.submit(SQL["callback_changed"], *_values(fact.callback))
            case CalloutPlaced():
                self._placed(fact)
            case NoticePlayed():
                self._writer.submit(SQL["notice_played"], fact.call_id, fact.at)
            case _:
                pass

    def _placed(self, fact: CalloutPlaced) -> None:
        self._writer.submit(
            SQL["callout_placed"],
            fact.call_id,
            fact.caller,
            fact.dialled,
            fact.queue,
            fact.at,
            fact.queued_at,
            fact.agent_id,
            fact.phone,
            fact.ticket_id,
            fact.origin,
            fact.callback_id,
        )

    def note(self, actor: str, action: str, subject: str, at: Seconds, **detail: str) -> None:
        """Queue the audit row of what a person did; no personal data in ``detail``."""
        self._writer.submit(SQL["audit_at"], at, actor, action, subject, json.dumps(detail))

    async def restore(self, state: State, at: Seconds) -> None:
        """Put open requests and calls into memory; seats and calls are there already.

        Raises:
            Unavailable: the database is away.
        """
        requests = [_request(dict(row)) for row in await self._database.fetch(SQL["open_callbacks"])]
        for row in await self._database.fetch(SQL["open_callouts"]):
            call = state.calls.get(CallId(row["call_id"]))
            if call is not None:
                restore_call(state, call, _callout(row))
        restore(state, requests, at)


def _callout(row: Record) -> Callout:
    return Callout(
        manual=row["callback_id"] is None,
        ticket_id=row["ticket_id"],
        origin=row["origin_call_id"],
        callback_id=row["callback_id"],
        placed=True,
    )


def _values(request: CallBack) -> tuple[object, ...]:
    return (
        request.callback_id,
        request.number,
        request.queue,
        request.dialled,
        request.source,
        request.requested_by,
        request.requested_at,
        request.place_at,
        request.due_at,
        request.expires_at,
        request.state,
        request.origin,
        request.ticket_id,
        request.call_id,
        request.attempt,
        request.tries,
        request.cause,
        request.ended_at,
        request.version,
    )


def _request(row: dict[str, Any]) -> CallBack:
    given = {**row, "origin": row.pop("origin_call_id")}
    given.pop("origin_call_id", None)
    return CallBack(
        **{
            **given,
            "callback_id": CallBackId(row["callback_id"]),
            "queue": QueueName(row["queue"]),
            "source": CallBackSource(row["source"]),
            "state": CallBackState(row["state"]),
        }
    )
