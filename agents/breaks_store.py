"""The reasons for breaks as rows: read at the start, changed by people together with an audit row."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents.breaks import KEPT_SECONDS, Ledger, ledger_of
from agents.timesheet import Change, spells
from core.breaks import BreakReason, Period
from core.errors import Conflict, NotFound, PreconditionFailed
from core.vocabulary import AgentId, AgentState, CallId, Seconds
from db import queries
from db.pool import Database

if TYPE_CHECKING:
    from db.pool import Connection

SQL = queries.load(Path(__file__).with_name("states.sql"))


@dataclass(frozen=True, slots=True)
class StoredReason:
    """A reason with what only the API needs."""

    reason: BreakReason
    version: int
    retired: bool


class BreakStore:
    """The rows of ``break_reasons``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[StoredReason]:
        """Every reason, those in use first."""
        return [_stored(dict(row)) for row in await self._database.fetch(SQL["break_reasons"])]

    async def in_use(self) -> tuple[BreakReason, ...]:
        """What may be asked for."""
        return tuple(stored.reason for stored in await self.all() if not stored.retired)

    async def one(self, code: str) -> StoredReason:
        """One reason; raises ``NotFound``."""
        for stored in await self.all():
            if stored.reason.code == code:
                return stored
        raise NotFound("there is no such break reason")

    async def create(self, reason: BreakReason, actor: str) -> StoredReason:
        """A new reason; raises ``Conflict`` when the code is in use, be it by a retired one."""
        async with self._database.transaction() as connection:
            await _one_default(connection, reason)
            version = await connection.fetchval(SQL["break_created"], reason.code, *_values(reason))
            if version is None:
                raise Conflict("there is a break reason with this code", code="code_taken", field="code")
            await _audit(connection, actor, "break_reason.create", reason.code, after=reason)
        return StoredReason(reason, version, retired=False)

    async def change(self, reason: BreakReason, version: int, actor: str) -> StoredReason:
        """Other values for a code.

        Raises:
            NotFound: no such code.
            PreconditionFailed: somebody changed it meanwhile.
            Conflict: there would be no default reason any more.
        """
        before = await self.one(reason.code)
        if before.reason.default and not reason.default:
            raise Conflict(
                "make another reason the default one instead", code="default_needed", field="default"
            )
        async with self._database.transaction() as connection:
            await _one_default(connection, reason)
            after = await connection.fetchval(SQL["break_changed"], reason.code, version, *_values(reason))
            if after is None:
                raise PreconditionFailed("the break reason has been changed meanwhile", field="If-Match")
            await _audit(
                connection, actor, "break_reason.change", reason.code, before=before.reason, after=reason
            )
        return StoredReason(reason, after, retired=False)

    async def retire(self, code: str, actor: str) -> None:
        """Offer it no more; raises ``NotFound``, and ``Conflict`` for the default reason."""
        before = await self.one(code)
        if before.reason.default:
            raise Conflict("make another reason the default one first", code="default_needed")
        async with self._database.transaction() as connection:
            if await connection.fetchval(SQL["break_retired"], code) is not None:
                await _audit(connection, actor, "break_reason.retire", code, before=before.reason)

    async def ledgers(self, now: Seconds) -> dict[AgentId, Ledger]:
        """What everybody has used, for the memory after a restart."""
        found: dict[AgentId, list[Change]] = {}
        for row in await self._database.fetch(SQL["break_rows"], now - KEPT_SECONDS):
            found.setdefault(AgentId(row["agent_id"]), []).append(change_of(dict(row)))
        return {agent_id: ledger_of(spells(rows, now)) for agent_id, rows in found.items()}


def change_of(row: Mapping[str, Any]) -> Change:
    """A row of ``agent_states`` as ``agents.timesheet`` takes it."""
    call_id = row["call_id"]
    return Change(
        AgentState(row["to_state"]),
        row["reason"],
        row["cause"],
        row["at"],
        CallId(call_id) if call_id is not None else None,
    )


async def _one_default(connection: "Connection", reason: BreakReason) -> None:
    await connection.execute(SQL["break_lock"])
    if reason.default:
        await connection.execute(SQL["break_no_default"], reason.code)


def _values(reason: BreakReason) -> tuple[object, ...]:
    return (
        reason.title_zh,
        reason.title_en,
        reason.allowance,
        reason.each,
        reason.period,
        reason.productive,
        reason.default,
    )


async def _audit(connection: "Connection", actor: str, action: str, code: str, **detail: BreakReason) -> None:
    values = {name: asdict(reason) for name, reason in detail.items()}
    await connection.execute(SQL["break_audit"], actor, action, code, json.dumps(values))


def _stored(row: Mapping[str, Any]) -> StoredReason:
    reason = BreakReason(
        code=row["code"],
        title_zh=row["title_zh"],
        title_en=row["title_en"],
        allowance=row["allowance_s"],
        each=row["each_s"],
        period=Period(row["period"]),
        productive=row["productive"],
        default=row["is_default"],
    )
    return StoredReason(reason, row["version"], row["retired"])
