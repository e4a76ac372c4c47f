"""HTTP endpoints about calls and queues (read only; what moves calls is the engine)."""

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from asyncpg import Record
from pydantic import AwareDatetime, Field

from acd import talk_views
from acd.caller_desk import CallerDesk
from acd.callers_store import SQL as CALLERS
from acd.talk_views import EmergencyView, MarkView, SegmentView
from agents.caller_card import CallerCard
from core.api import ApiModel, ApiRequest, Endpoint, Reply
from core.callers import FlagCode, Treatment
from core.errors import InvalidInput, NotFound
from core.identity import Account, Permission
from core.masking import in_full, mask_number
from core.plan import Priority
from core.ports import LiveView
from core.vocabulary import AbandonStage, AgentId, CallId, Direction, OfferResult, Outcome
from db import queries
from db.pool import Database

SQL = queries.load(Path(__file__).with_name("queries.sql"))

Limit = Annotated[int, Field(ge=1, le=100)]
Cursor = Annotated[str, Field(max_length=200)]
CURSOR_RULE = "the cursor is not one that this list gave"

QueueKey = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]


class CallPath(ApiModel):
    """Names one call."""

    call_id: UUID


class CallQuery(ApiModel):
    """What to list, newest first."""

    queue: QueueKey | None = None
    outcome: Outcome | None = None
    agent_id: Annotated[int, Field(ge=1)] | None = None
    arrived_from: AwareDatetime | None = None
    arrived_before: AwareDatetime | None = None
    direction: Direction | None = None
    ticket_id: Annotated[int, Field(ge=1)] | None = None
    """Every call about this ticket: the one that opened it, and those that the centre placed."""
    cursor: Cursor | None = None
    limit: Limit = 50


class PageQuery(ApiModel):
    """A page of a list."""

    cursor: Cursor | None = None
    limit: Limit = 50


class CallView(ApiModel):
    """One call. Times are UTC; ``caller`` is masked (138****5678) except in the view of one's own call."""

    call_id: UUID
    direction: Direction
    queue: str
    caller: str
    dialled: str
    outcome: Outcome | None
    cause: str | None
    priority: Priority
    arrived_at: datetime
    notice_at: datetime | None
    queued_at: datetime | None
    fallback_at: datetime | None
    answered_at: datetime | None
    talk_ended_at: datetime | None
    ended_at: datetime | None
    agent_id: int | None
    rating: int | None
    ticket_id: int | None
    recording_id: UUID | None
    recording_state: str | None


class OfferView(ApiModel):
    """One attempt to connect the call to an agent."""

    offer_id: int
    agent_id: int
    result: OfferResult | None
    at: datetime
    ended_at: datetime | None


class FlagView(ApiModel):
    """What an agent noted about the call."""

    code: FlagCode
    note: str
    agent_id: int
    at: datetime


class TreatmentView(ApiModel):
    """How the call was routed otherwise; ``cause``: ``list:<id>``, ``frequency`` or ``anonymous``."""

    treatment: Treatment
    cause: str
    at: datetime


class CallDetail(ApiModel):
    """One call with its offers, flags and treatments, and what else is known about its caller."""

    call: CallView
    offers: list[OfferView]
    segments: list[SegmentView]
    marks: list[MarkView]
    emergencies: list[EmergencyView]
    flags: list[FlagView]
    treatments: list[TreatmentView]
    known: CallerCard | None


class CallList(ApiModel):
    """A page of calls; ``next_cursor`` is ``null`` on the last one."""

    items: list[CallView]
    next_cursor: str | None


class AbandonedView(ApiModel):
    """A caller who did not reach anybody; ``caller`` is masked in the list, full in the single view."""

    call_id: UUID
    caller: str
    dialled: str
    queue: str
    stage: AbandonStage
    waited_s: float
    at: datetime
    rung_back_by: int | None
    """The agent who rang back last."""
    rung_back_at: datetime | None
    ring_back_outcome: Outcome | None


class AbandonedList(ApiModel):
    """A page of abandoned calls."""

    items: list[AbandonedView]
    next_cursor: str | None


class QueueLiveView(ApiModel):
    """One queue at this moment; seconds."""

    name: str
    waiting: int
    longest_wait_s: float
    ready_agents: int
    busy_agents: int


class QueueList(ApiModel):
    """Every queue."""

    items: list[QueueLiveView]


def encode_cursor(at: float, ident: str) -> str:
    """A position in a list ordered by (moment, id)."""
    return base64.urlsafe_b64encode(f"{at!r} {ident}".encode()).decode()


def decode_cursor(cursor: str | None) -> tuple[datetime | None, str | None]:
    """The position again; raises ``InvalidInput`` for anything that ``encode_cursor`` did not make."""
    if cursor is None:
        return None, None
    try:
        moment, ident = base64.urlsafe_b64decode(cursor.encode()).decode().split(" ")
        at, call_id = datetime.fromtimestamp(float(moment), UTC), str(UUID(ident))
        genuine = encode_cursor(float(moment), call_id) == cursor
    except (ValueError, OverflowError, OSError) as error:
        raise InvalidInput(CURSOR_RULE, field="cursor") from error
    if not genuine:  # base64 passes over what is not of its alphabet
        raise InvalidInput(CURSOR_RULE, field="cursor")
    return at, call_id


class CallApi:
    """Handlers; each sees only what the account may know of."""

    def __init__(self, database: Database, live: LiveView, desk: CallerDesk) -> None:
        self._database = database
        self._live = live
        self._desk = desk

    async def list_calls(self, request: ApiRequest) -> Reply:
        """A page of calls; agents see their own."""
        query: CallQuery = request.query
        at, ident = decode_cursor(query.cursor)
        rows = await self._database.fetch(
            SQL["list_calls"],
            query.queue,
            query.outcome,
            _own_only(request.account, query.agent_id),
            query.arrived_from,
            query.arrived_before,
            at,
            ident,
            query.limit + 1,
            query.direction,
            query.ticket_id,
        )
        items = [_call_view(row, mask_number(row["caller"])) for row in rows[: query.limit]]
        return Reply(CallList(items=items, next_cursor=_next(rows, query.limit, "arrived_at")))

    async def one_call(self, request: ApiRequest) -> Reply:
        """One call with its offers."""
        call_id = str(request.path.call_id)
        row = await self._database.fetchrow(SQL["one_call"], call_id)
        if row is None or not (
            _may_see(request.account, row["agent_id"])
            or await talk_views.took_part(self._database, call_id, request.account.id)
        ):
            raise NotFound("no such call")
        offers = await self._database.fetch(SQL["call_offers"], call_id)
        flags = await self._database.fetch(CALLERS["flags_of_call"], call_id)
        treatments = await self._database.fetch(CALLERS["treatments_of_call"], call_id)
        known = await self._desk.fresh(CallId(call_id), row["caller"], request.account)
        detail = CallDetail(
            call=_call_view(row, await self._caller(request.account, row)),
            offers=[_offer_view(o) for o in offers],
            flags=[FlagView.model_validate({**flag, "at": _utc(flag["at"])}) for flag in flags],
            treatments=[TreatmentView.model_validate({**t, "at": _utc(t["at"])}) for t in treatments],
            known=known if row["caller"] else None,
            **await talk_views.inside(self._database, call_id),
        )
        return Reply(detail)

    async def _caller(self, account: Account, row: Record) -> str:
        """The number as this account may see it: in full (and noted in the audit) or masked."""
        number: str = row["caller"]
        seat = self._live.agent(account.id)
        talking = seat is not None and seat.call_id == str(row["call_id"])
        if not number or not in_full(account, row["agent_id"], talking=talking):
            return mask_number(number)
        await self._database.execute(SQL["caller_shown"], account.login, str(row["call_id"]))
        return number

    async def list_abandoned(self, request: ApiRequest) -> Reply:
        """A page of abandoned calls."""
        at, ident = decode_cursor(request.query.cursor)
        rows = await self._database.fetch(SQL["list_abandoned"], at, ident, request.query.limit + 1)
        items = [_abandoned_view(row, mask_number(row["caller"])) for row in rows[: request.query.limit]]
        return Reply(AbandonedList(items=items, next_cursor=_next(rows, request.query.limit, "at")))

    async def one_abandoned(self, request: ApiRequest) -> Reply:
        """One abandoned call with the full number, for ringing back; looking at it leaves an audit row."""
        call_id = str(request.path.call_id)
        row = await self._database.fetchrow(SQL["one_abandoned"], call_id)
        if row is None:
            raise NotFound("no such abandoned call")
        if request.account.contractor:
            return Reply(_abandoned_view(row, mask_number(row["caller"])))
        await self._database.execute(SQL["caller_shown"], request.account.login, call_id)
        return Reply(_abandoned_view(row, row["caller"]))

    async def list_queues(self, _request: ApiRequest) -> Reply:
        """Every queue at this moment."""
        items = [
            QueueLiveView(
                name=queue.name,
                waiting=queue.waiting,
                longest_wait_s=round(queue.longest_wait, 3),
                ready_agents=queue.ready_agents,
                busy_agents=queue.busy_agents,
            )
            for queue in self._live.queues()
        ]
        return Reply(QueueList(items=items))


def endpoints(api: CallApi) -> list[Endpoint]:
    """The table of routes."""
    return [
        Endpoint(
            "GET",
            "/api/v1/calls",
            Permission.SEE_OWN_CALLS,
            "Calls, newest first",
            api.list_calls,
            answer=CallList,
            query_model=CallQuery,
            tag="calls",
        ),
        Endpoint(
            "GET",
            "/api/v1/calls/{call_id}",
            Permission.SEE_OWN_CALLS,
            "One call with its offers",
            api.one_call,
            answer=CallDetail,
            path_model=CallPath,
            tag="calls",
            errors=(404,),
        ),
        Endpoint(
            "GET",
            "/api/v1/abandoned-calls",
            Permission.SEE_ALL_CALLS,
            "Callers who reached nobody, newest first",
            api.list_abandoned,
            answer=AbandonedList,
            query_model=PageQuery,
            tag="calls",
        ),
        Endpoint(
            "GET",
            "/api/v1/abandoned-calls/{call_id}",
            Permission.SEE_ALL_CALLS,
            "One abandoned call with the caller's number, for ringing back; leaves an audit row",
            api.one_abandoned,
            answer=AbandonedView,
            path_model=CallPath,
            tag="calls",
            errors=(404,),
        ),
        Endpoint(
            "GET",
            "/api/v1/queues",
            Permission.ANY,
            "Queues at this moment",
            api.list_queues,
            answer=QueueList,
            tag="queues",
        ),
    ]


def _sees_all(account: Account) -> bool:
    return Permission.SEE_ALL_CALLS in account.permissions


def _may_see(account: Account, agent_id: int | None) -> bool:
    return _sees_all(account) or agent_id == account.id


def _own_only(account: Account, wanted: int | None) -> AgentId | int | None:
    return wanted if _sees_all(account) else account.id


def _next(rows: list[Any], limit: int, moment: str) -> str | None:
    if len(rows) <= limit:
        return None
    last = rows[limit - 1]
    return encode_cursor(last[moment], last["call_id"])


def _utc(moment: float | None) -> datetime | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC)


def _call_view(row: Record, caller: str) -> CallView:
    values = {name: row[name] for name in CallView.model_fields if not name.endswith("_at")}
    times = {name: _utc(row[name]) for name in CallView.model_fields if name.endswith("_at")}
    values["caller"] = caller
    return CallView.model_validate({**values, **times})


def _offer_view(row: Record) -> OfferView:
    return OfferView.model_validate({**dict(row), "at": _utc(row["at"]), "ended_at": _utc(row["ended_at"])})


def _abandoned_view(row: Record, caller: str) -> AbandonedView:
    values = {
        **dict(row),
        "caller": caller,
        "at": _utc(row["at"]),
        "waited_s": round(row["waited_s"], 3),
        "rung_back_at": _utc(row["rung_back_at"]),
    }
    return AbandonedView.model_validate(values)
