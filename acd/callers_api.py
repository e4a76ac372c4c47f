"""The HTTP endpoints about lists of callers: proposed by one person, decided by another, judged by a third.

Every step is one transaction with its audit row; then the engine is told what is in force.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from asyncpg import Record, UniqueViolationError

from acd.caller_lists import EntryInput, check_end, check_may, next_state
from acd.callers_store import SQL, CallersStore
from acd.callers_views import (
    DecisionBody,
    EntryAnswer,
    EntryPage,
    EntryPath,
    EntryQuery,
    JudgementBody,
    NoteBody,
    ProposalBody,
    entry_answer,
    standing,
)
from acd.numbers import normal
from core.api import ApiRequest, Endpoint, Reply
from core.errors import Conflict, InvalidInput, NotFound
from core.events import CallerListsChanged, Event
from core.identity import Account, Permission
from core.vocabulary import Seconds
from db.pool import Database

STATEMENTS: dict[EntryInput, str] = {
    EntryInput.APPROVE: "approve",
    EntryInput.REFUSE: "approve",
    EntryInput.APPEAL: "appeal",
    EntryInput.UPHOLD: "judge",
    EntryInput.LIFT: "judge",
    EntryInput.WITHDRAW: "withdraw",
}
"""Which columns a step writes."""

ACTIONS: dict[EntryInput, str] = {
    EntryInput.APPROVE: "caller_list.approved",
    EntryInput.REFUSE: "caller_list.refused",
    EntryInput.APPEAL: "caller_list.appealed",
    EntryInput.UPHOLD: "caller_list.upheld",
    EntryInput.LIFT: "caller_list.lifted",
    EntryInput.WITHDRAW: "caller_list.withdrawn",
}


class CallerListApi:
    """Handlers.

    Args:
        database: the pool.
        store: reads what is in force.
        put: how the engine is told.
        now: seconds since the epoch.
        longest_days: how long an entry may last.
    """

    def __init__(
        self,
        database: Database,
        store: CallersStore,
        put: Callable[[Event], None],
        now: Callable[[], Seconds],
        longest_days: int,
    ) -> None:
        self._database = database
        self._store = store
        self._put = put
        self._now = now
        self._longest_days = longest_days
        self._telling = asyncio.Lock()

    async def propose(self, request: ApiRequest) -> Reply:
        """A new entry; it acts when somebody else has approved it."""
        body: ProposalBody = request.body
        now, account = self._now(), request.account
        check_end(body.expires_at.timestamp(), now, self._longest_days)
        await self._check_evidence(body)
        number = body.number if body.prefix else normal(body.number)
        try:
            entry_id = await self._insert(body, number, account, now)
        except UniqueViolationError as error:
            message = "this number is on this list, or proposed for it"
            raise Conflict(message, code="entry_exists", field="number") from error
        return Reply(await self._answer(entry_id), 201)

    async def _check_evidence(self, body: ProposalBody) -> None:
        calls = [str(call) for call in body.evidence_calls]
        for field, query, given in (
            ("evidence_calls", "unknown_calls", calls),
            ("evidence_tickets", "unknown_tickets", body.evidence_tickets),
        ):
            if given and await self._database.fetch(SQL[query], given):
                raise InvalidInput("names something that does not exist", field=field)

    async def _insert(self, body: ProposalBody, number: str, account: Account, now: Seconds) -> int:
        async with self._database.transaction() as connection:
            for row in await connection.fetch(SQL["expire_entries"], number, body.prefix, now):
                await connection.execute(
                    SQL["note_step"], "system", "caller_list.expired", row["id"], json.dumps({})
                )
            entry_id: int = await connection.fetchval(
                SQL["propose_entry"],
                number,
                body.prefix,
                body.kind,
                body.low_priority,
                body.reason_code,
                body.reason,
                body.evidence_calls,
                body.evidence_tickets,
                account.id,
                now,
                body.expires_at.timestamp(),
            )
            detail = {"kind": body.kind, "reason_code": body.reason_code}
            await connection.execute(
                SQL["note_step"], account.login, "caller_list.proposed", entry_id, json.dumps(detail)
            )
        return entry_id

    async def decide(self, request: ApiRequest) -> Reply:
        """A second person approves or refuses."""
        body: DecisionBody = request.body
        return await self._step(request, EntryInput.APPROVE if body.approve else EntryInput.REFUSE, body.note)

    async def appeal(self, request: ApiRequest) -> Reply:
        """Somebody appeals on behalf of the citizen."""
        return await self._step(request, EntryInput.APPEAL, request.body.note)

    async def judge(self, request: ApiRequest) -> Reply:
        """A third person lifts or upholds."""
        body: JudgementBody = request.body
        return await self._step(request, EntryInput.LIFT if body.lift else EntryInput.UPHOLD, body.note)

    async def withdraw(self, request: ApiRequest) -> Reply:
        """Taken back: an own proposal, or by a supervisor."""
        return await self._step(request, EntryInput.WITHDRAW, request.body.note)

    async def _step(self, request: ApiRequest, given: EntryInput, note: str) -> Reply:
        entry_id, account, now = request.path.entry_id, request.account, self._now()
        async with self._database.transaction() as connection:
            row = self._visible(await connection.fetchrow(SQL["entry_for_update"], entry_id), account, given)
            entry = standing(row)
            check_may(entry, given, account.id, decides=_decides(account))
            state = next_state(entry, given, now)
            await connection.execute(
                SQL[STATEMENTS[given]], entry_id, entry.state, state, account.id, note, now
            )
            detail = {"from": entry.state, "to": state, "note": note}
            await connection.execute(
                SQL["note_step"], account.login, ACTIONS[given], entry_id, json.dumps(detail)
            )
        await self._tell()
        return Reply(await self._answer(entry_id))

    async def _tell(self) -> None:
        """The engine acts by what is in force now; one after the other, so that what is read last counts."""
        async with self._telling:
            now = self._now()
            self._put(CallerListsChanged(await self._store.in_force(now), now))

    async def list_entries(self, request: ApiRequest) -> Reply:
        """A page of entries, numbers masked; who does not decide sees the own proposals."""
        query: EntryQuery = request.query
        own = None if _decides(request.account) else request.account.id
        cursor = None if query.cursor is None else int(query.cursor)
        now = self._now()
        rows = await self._database.fetch(
            SQL["list_entries"], query.state, query.kind, own, cursor, query.limit + 1, now
        )
        page = rows[: query.limit]
        following = str(page[-1]["id"]) if len(rows) > query.limit else None
        items = [entry_answer(row, now, full=False) for row in page]
        return Reply(EntryPage(items=items, next_cursor=following))

    async def one_entry(self, request: ApiRequest) -> Reply:
        """One entry with the full number; looking at it leaves an audit row."""
        entry_id, account = request.path.entry_id, request.account
        row = self._visible(await self._database.fetchrow(SQL["one_entry"], entry_id), account, None)
        await self._database.execute(
            SQL["note_step"], account.login, "caller_list.number_shown", entry_id, json.dumps({})
        )
        return Reply(entry_answer(row, self._now(), full=True))

    async def _answer(self, entry_id: int) -> EntryAnswer:
        row = self._found(await self._database.fetchrow(SQL["one_entry"], entry_id))
        return entry_answer(row, self._now(), full=False)

    def _visible(self, row: Record | None, account: Account, given: EntryInput | None) -> Record:
        """An entry that the account may know of; whoever sees it on a caller's card may appeal against it."""
        found = self._found(row)
        own = found["proposed_by"] == account.id
        if not (own or _decides(account) or given is EntryInput.APPEAL):
            raise NotFound("no such entry")
        return found

    def _found(self, row: Record | None) -> Record:
        if row is None:
            raise NotFound("no such entry")
        return row


def _decides(account: Account) -> bool:
    return Permission.DECIDE_CALLER_LISTS in account.permissions


def endpoints(api: CallerListApi) -> list[Endpoint]:
    """The table of routes."""
    propose, decide = Permission.PROPOSE_CALLER_LISTS, Permission.DECIDE_CALLER_LISTS
    path = "/api/v1/caller-lists"
    one: dict[str, Any] = {"path_model": EntryPath, "tag": "caller lists"}
    step: dict[str, Any] = {**one, "answer": EntryAnswer, "errors": (404, 409)}
    return [
        Endpoint(
            "POST",
            path,
            propose,
            "Propose a caller for a list",
            api.propose,
            EntryAnswer,
            201,
            body_model=ProposalBody,
            tag="caller lists",
            errors=(409,),
        ),
        Endpoint(
            "GET",
            path,
            propose,
            "Entries of caller lists, newest first; one's own proposals for who does not decide",
            api.list_entries,
            EntryPage,
            query_model=EntryQuery,
            tag="caller lists",
        ),
        Endpoint(
            "GET",
            f"{path}/{{entry_id}}",
            propose,
            "One entry with its number; leaves an audit row",
            api.one_entry,
            EntryAnswer,
            errors=(404,),
            **one,
        ),
        Endpoint(
            "POST",
            f"{path}/{{entry_id}}/decision",
            decide,
            "Approve or refuse a proposal of somebody else",
            api.decide,
            body_model=DecisionBody,
            **step,
        ),
        Endpoint(
            "POST",
            f"{path}/{{entry_id}}/appeal",
            propose,
            "Appeal against an entry on behalf of the citizen",
            api.appeal,
            body_model=NoteBody,
            **step,
        ),
        Endpoint(
            "POST",
            f"{path}/{{entry_id}}/judgement",
            decide,
            "Judge an appeal: lift or uphold; only who had no part in the entry",
            api.judge,
            body_model=JudgementBody,
            **step,
        ),
        Endpoint(
            "POST",
            f"{path}/{{entry_id}}/withdrawal",
            propose,
            "Take back an own proposal, or as a supervisor any entry",
            api.withdraw,
            body_model=NoteBody,
            **step,
        ),
    ]
