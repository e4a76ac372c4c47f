"""Rows about people: facts into statements for the writer, accounts and sessions through the pool."""

import json
from collections.abc import Mapping
from typing import Any

from agents.model import SeatedAgent
from agents.qualifications import NOBODYS, Qualification, Qualifications
from core.facts import AgentLeft, AgentSatDown, AgentStateChanged, Fact, NextStateDropped, NextStateSet
from core.ports import Writer
from core.vocabulary import AgentId, AgentState, CallId, Phone, QueueName, Seconds
from db import queries
from db.pool import Database

SQL = queries.load(__file__)

DURING_A_CALL = frozenset({AgentState.RINGING, AgentState.TALKING, AgentState.OUTBOUND, AgentState.WRAP_UP})
"""States that a noted next state outlives."""


_JUST_SAT_DOWN = {
    "to_state": AgentState.BREAK,
    "reason": "login",
    "cause": "system:restored",
    "until": None,
    "call_id": None,
}


class AgentStore:
    """Seats and states of the call path."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    def record(self, fact: Fact) -> None:
        """Queue the rows that a fact about an agent leads to; never blocks, harmless when repeated."""
        match fact:
            case AgentSatDown():
                self._submit("seat_superseded", fact.agent_id, fact.phone, fact.at)
                self._submit("seat_taken", fact.agent_id, fact.phone, list(fact.queues), fact.at)
            case AgentLeft():
                self._submit("seat_left", fact.agent_id, fact.at)
            case AgentStateChanged():
                self._state(fact)
            case NextStateSet():
                self._submit(
                    "next_state_set", fact.agent_id, fact.next_state, fact.reason, fact.at, fact.cause
                )
            case NextStateDropped():
                self._submit("next_state_done", fact.agent_id, fact.at)
            case _:
                pass

    def _state(self, fact: AgentStateChanged) -> None:
        self._submit(
            "state_changed",
            fact.key,
            fact.agent_id,
            fact.from_state,
            fact.to_state,
            fact.reason,
            fact.cause,
            fact.call_id,
            fact.next_state,
            fact.until,
            fact.at,
        )
        if fact.next_state is None and fact.to_state not in DURING_A_CALL:
            self._submit("next_state_done", fact.agent_id, fact.at)

    def _submit(self, name: str, *args: object) -> None:
        self._writer.submit(SQL[name], *args)

    def note(self, actor: str, action: str, agent_id: AgentId, at: Seconds, **detail: str) -> None:
        """Queue the audit row of what a person did to an agent's seat or state.

        Args:
            actor: login.
            action: ``seat.take``, ``agent.force_state``...
            agent_id: whose seat or state.
            at: when.
            detail: what else; no personal data.
        """
        self._submit("audit_at", at, actor, action, f"account:{agent_id}", json.dumps(detail))

    async def load_seats(self) -> list[SeatedAgent]:
        """Everybody who sat at a phone when the record was last written."""
        rows = await self._database.fetch(SQL["seated"])
        held = await Qualifications(self._database).of_all(AgentId(row["agent_id"]) for row in rows)
        return [
            _seated(self._completed(dict(row)), held.get(AgentId(row["agent_id"]), NOBODYS))
            for row in rows
            if not self._has_left(dict(row))
        ]

    def _has_left(self, row: Mapping[str, Any]) -> bool:
        """Whether a log-out was cut short between its two rows; the seat is closed then."""
        left: bool = row["to_state"] == AgentState.OFFLINE and row["changed_at"] > row["since"]
        if left:
            self._submit("seat_left", row["agent_id"], row["changed_at"])
        return left

    def _completed(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """A log-in whose own row was cut short gets it now: a break is where it leads."""
        if row["to_state"] not in (None, AgentState.OFFLINE):
            return row
        agent_id, since, cause = row["agent_id"], row["since"], _JUST_SAT_DOWN["cause"]
        key, offline = f"restored-{agent_id}-{since:.6f}", AgentState.OFFLINE
        self._submit(
            "state_changed", key, agent_id, offline, AgentState.BREAK, "login", cause, None, None, None, since
        )
        return {**row, **_JUST_SAT_DOWN, "at": since}


def _seated(row: Mapping[str, Any], held: Qualification) -> SeatedAgent:
    next_state = row["next_state"]
    return SeatedAgent(
        agent_id=AgentId(row["agent_id"]),
        name=row["display_name"],
        phone=Phone(row["phone"]),
        queues=tuple(QueueName(name) for name in row["queues"]),
        state=AgentState(row["to_state"]),
        reason=row["reason"],
        cause=row["cause"],
        since=row["at"],
        until=row["until"],
        next_state=AgentState(next_state) if next_state is not None else None,
        next_reason=row["next_reason"],
        next_cause=row["next_cause"],
        extensions=row["extensions"],
        call_id=CallId(row["call_id"]) if row["call_id"] is not None else None,
        skills=held.skills,
        certificates=held.certificates,
        wrap_up_seconds=held.wrap_up_seconds,
    )
