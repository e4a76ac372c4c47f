"""Rows about callers: facts into statements for the writer, and what a restart and the engine need back."""

import json
import uuid
from pathlib import Path

from acd.callers import CallerPolicy, Warned
from acd.model import State
from acd.soft_routing import restore
from core.callers import CallerEntry, DisconnectResult, FlagCode, ListKind, Treatment
from core.facts import CallerTreated, DisconnectEnded, DisconnectWarned, Fact
from core.ports import Writer
from core.vocabulary import AgentId, CallId, Seconds
from db import queries
from db.pool import Database

SQL = queries.load(Path(__file__).with_name("callers.sql"))

MOST_RECENT = 200_000
"""Calls that a restart counts again; more than a busy centre has within the window."""

FLAG_SPACE = uuid.UUID("3f0d9c0e-52b7-4a35-9f3e-6d1b9b3a7c11")
"""Ids of flags are made from what they state, so that the same one is written once."""

FLAGGED = frozenset({DisconnectResult.DISCONNECTED, DisconnectResult.CALLER_LEFT})
"""A warning that was taken back, or could not be given, leaves no flag."""


def flag_id(call_id: CallId, agent_id: AgentId, what: str) -> str:
    """The id of a flag; ``what`` distinguishes those of one agent for one call."""
    return str(uuid.uuid5(FLAG_SPACE, f"{call_id} {agent_id} {what}"))


class CallersStore:
    """The call path's rows about callers, and reading for the engine."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    # --- the call path -----------------------------------------------------------------------------

    def record(self, fact: Fact) -> None:
        """Queue the rows that a fact leads to; never blocks, harmless when repeated."""
        match fact:
            case CallerTreated():
                self._submit("call_treated", fact.call_id, fact.treatment, fact.cause, fact.at)
            case DisconnectWarned():
                self._submit("disconnect_warned", fact.call_id, fact.at, fact.agent_id, fact.code, fact.note)
                self._audit(fact.at, fact.agent_id, "call.disconnect_asked", fact.call_id, code=fact.code)
            case DisconnectEnded():
                self._ended(fact)
            case _:
                pass

    def _ended(self, fact: DisconnectEnded) -> None:
        self._submit("disconnect_ended", fact.call_id, fact.asked_at, fact.result, fact.at)
        if fact.result in FLAGGED:
            ident = flag_id(fact.call_id, fact.agent_id, f"disconnect {fact.asked_at!r}")
            self._submit("disconnect_flagged", ident, fact.call_id, fact.asked_at)
        self._audit(fact.at, fact.agent_id, "call.disconnect_ended", fact.call_id, result=fact.result)

    def flag(
        self, ident: str, call_id: CallId, agent_id: AgentId, code: FlagCode, note: str, at: Seconds
    ) -> None:
        """Queue what an agent notes about a call, and the audit row."""
        self._submit("call_flagged", ident, call_id, agent_id, code, note, at)
        self._audit(at, agent_id, "call.flagged", call_id, code=code)

    def _audit(self, at: Seconds, agent_id: AgentId, action: str, call_id: CallId, **detail: str) -> None:
        self._submit("audit_at", at, f"account:{agent_id}", action, f"call:{call_id}", json.dumps(detail))

    def _submit(self, name: str, *args: object) -> None:
        self._writer.submit(SQL[name], *args)

    # --- the engine's memory -----------------------------------------------------------------------

    async def in_force(self, now: Seconds) -> tuple[CallerEntry, ...]:
        """Every entry that acts at this moment."""
        rows = await self._database.fetch(SQL["entries_in_force"], now)
        return tuple(
            CallerEntry(
                entry_id=row["id"],
                number=row["number"],
                is_prefix=row["is_prefix"],
                kind=ListKind(row["kind"]),
                low_priority=row["low_priority"],
                expires_at=row["expires_at"],
            )
            for row in rows
        )

    async def load(self, state: State, now: Seconds) -> None:
        """Put the record back into the engine's memory; its calls are restored already.

        Raises:
            Unavailable: the database is away; nothing is half-done.
        """
        entries = await self.in_force(now)
        recent = await self._recent(state.callers.policy, now)
        treated = await self._database.fetch(SQL["treated_open"])
        warned = await self._database.fetch(SQL["warnings_open"])
        book = state.callers
        book.lists.replace(entries)
        book.frequency.calls.clear()
        for caller, at in recent:
            book.frequency.note(caller, at, book.policy)
        restore(state, [(CallId(row["call_id"]), Treatment(row["treatment"])) for row in treated])
        for row in warned:
            if row["call_id"] in state.calls:
                call_id = CallId(row["call_id"])
                book.warnings[call_id] = Warned(AgentId(row["agent_id"]), row["asked_at"])

    async def _recent(self, policy: CallerPolicy, now: Seconds) -> list[tuple[str, Seconds]]:
        """Number and moment of the latest calls, oldest first."""
        if not policy.cap_calls:
            return []
        rows = await self._database.fetch(SQL["recent_calls"], now - policy.cap_window, MOST_RECENT)
        return [(row["caller"], row["arrived_at"]) for row in reversed(rows)]
