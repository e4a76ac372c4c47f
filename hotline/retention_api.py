"""The HTTP endpoints of retention and legal holds; the rules are in ``hotline.retention``."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from asyncpg import Record
from pydantic import Field

from core.api import ApiModel, ApiRequest, Endpoint, Reply
from core.errors import Conflict, InvalidInput, NotFound
from core.identity import Permission
from core.masking import mask_text
from db.pool import Database
from hotline.retention import SQL, DataClass
from tickets.views import before_id, cursor_of

SHORTEST_AUDIT_DAYS = 365

Reason = Annotated[str, Field(min_length=4, max_length=500)]


class PolicyView(ApiModel):
    """How long one class of data is kept; ``keep_days`` null: for good."""

    data_class: DataClass
    keep_days: int | None
    version: int
    changed_by: str
    changed_at: datetime


class PolicyList(ApiModel):
    """All of them."""

    items: list[PolicyView]


class PolicyPath(ApiModel):
    """Names a class."""

    data_class: DataClass


class PolicyBody(ApiModel):
    """The new time; ``version`` as it was read."""

    keep_days: Annotated[int, Field(ge=1, le=36500)] | None
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]


class RunView(ApiModel):
    """One run; ``result``: class -> due, held, done, skipped."""

    id: int
    actor: str
    dry_run: bool
    started_at: datetime
    finished_at: datetime | None
    result: dict[str, Any]


class RunList(ApiModel):
    """A page of runs, newest first."""

    items: list[RunView]
    next_cursor: str | None


class PageQuery(ApiModel):
    """A page of a list."""

    cursor: Annotated[str, Field(max_length=200)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class HoldQuery(PageQuery):
    """The same; ``lifted``: those that are over as well."""

    lifted: bool = False


class HoldBody(ApiModel):
    """What must not go, and why."""

    object: Annotated[
        str,
        Field(
            pattern=r"^(call:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|ticket:[1-9][0-9]{0,17}|class:[a-z]{1,20})$"
        ),
    ]
    """``call:UUID``, ``ticket:NUMBER`` (with its calls and recordings) or ``class:NAME``."""
    reason: Reason


class LiftBody(ApiModel):
    """Why it may go again."""

    reason: Reason


class HoldPath(ApiModel):
    """Names a hold."""

    hold_id: Annotated[int, Field(ge=1, le=2**63 - 1)]


class HoldView(ApiModel):
    """One hold."""

    id: int
    object: str
    reason: str
    placed_by: str
    placed_at: datetime
    lifted_by: str | None
    lifted_at: datetime | None
    lift_reason: str | None


class HoldList(ApiModel):
    """A page of holds, newest first."""

    items: list[HoldView]
    next_cursor: str | None


class RetentionApi:
    """The handlers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def policies(self, _request: ApiRequest) -> Reply:
        """Every class."""
        return Reply(PolicyList(items=[_policy(row) for row in await self._database.fetch(SQL["policies"])]))

    async def set_policy(self, request: ApiRequest) -> Reply:
        """Change one."""
        kind, body = request.path.data_class, request.body
        if kind is DataClass.AUDIT and body.keep_days is not None and body.keep_days < SHORTEST_AUDIT_DAYS:
            raise InvalidInput(
                f"audit rows are kept for {SHORTEST_AUDIT_DAYS} days at least", field="keep_days"
            )
        changed = await self._database.fetchval(
            SQL["set_policy"], kind, body.version, body.keep_days, request.account.login
        )
        if changed is None:
            raise Conflict(
                "the policy has been changed since it was read", code="stale_version", field="version"
            )
        rows = await self._database.fetch(SQL["policies"])
        return Reply(next(_policy(row) for row in rows if row["class"] == kind))

    async def runs(self, request: ApiRequest) -> Reply:
        """What has gone, and when."""
        limit = request.query.limit
        rows = await self._database.fetch(SQL["runs"], _before(request.query.cursor), limit + 1)
        return Reply(RunList(items=[_run(row) for row in rows[:limit]], next_cursor=_next(rows, limit)))

    async def holds(self, request: ApiRequest) -> Reply:
        """A page of holds."""
        query: HoldQuery = request.query
        rows = await self._database.fetch(SQL["holds"], _before(query.cursor), query.lifted, query.limit + 1)
        items = [_hold(row) for row in rows[: query.limit]]
        return Reply(HoldList(items=items, next_cursor=_next(rows, query.limit)))

    async def place(self, request: ApiRequest) -> Reply:
        """Keep something, whatever the policies say."""
        wanted: HoldBody = request.body
        if not await self._database.fetchval(SQL["object_exists"], wanted.object):
            raise NotFound("there is no such object", field="object")
        row = await self._database.fetchrow(
            SQL["place_hold"], wanted.object, mask_text(wanted.reason), request.account.login
        )
        if row is None:
            raise Conflict("there is a hold on it already", code="already_held", field="object")
        return Reply(_hold(row), status=201)

    async def lift(self, request: ApiRequest) -> Reply:
        """Let the policies decide again."""
        row = await self._database.fetchrow(
            SQL["lift_hold"], request.path.hold_id, mask_text(request.body.reason), request.account.login
        )
        if row is None:
            raise NotFound("there is no such hold, or it is lifted already")
        return Reply(_hold(row))


def endpoints(api: RetentionApi) -> list[Endpoint]:
    """The table of routes."""
    allowed = Permission.MANAGE_RETENTION
    base, holds = "/api/v1/retention", "/api/v1/legal-holds"
    return [
        Endpoint("GET", base, allowed, "How long what is kept", api.policies, PolicyList, tag="privacy"),
        Endpoint(
            "PUT",
            base + "/{data_class}",
            allowed,
            "Change how long one class of data is kept",
            api.set_policy,
            PolicyView,
            path_model=PolicyPath,
            body_model=PolicyBody,
            tag="privacy",
            errors=(409,),
        ),
        Endpoint(
            "GET",
            base + "/runs",
            allowed,
            "What retention has removed, newest first",
            api.runs,
            RunList,
            query_model=PageQuery,
            tag="privacy",
        ),
        Endpoint(
            "GET",
            holds,
            allowed,
            "What must not go, newest first",
            api.holds,
            HoldList,
            query_model=HoldQuery,
            tag="privacy",
        ),
        Endpoint(
            "POST",
            holds,
            allowed,
            "Keep a call, a ticket or a class of data, whatever the policies say",
            api.place,
            HoldView,
            status=201,
            body_model=HoldBody,
            tag="privacy",
            errors=(404, 409),
        ),
        Endpoint(
            "POST",
            holds + "/{hold_id}/lift",
            allowed,
            "Let the policies decide again",
            api.lift,
            HoldView,
            path_model=HoldPath,
            body_model=LiftBody,
            tag="privacy",
            errors=(404,),
        ),
    ]


def _utc(moment: float | None) -> datetime | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC)


def _policy(row: Record) -> PolicyView:
    values = {**dict(row), "data_class": DataClass(row["class"]), "changed_at": _utc(row["changed_at"])}
    return PolicyView.model_validate(_without(values, "class"))


def _run(row: Record) -> RunView:
    times = {name: _utc(row[name]) for name in ("started_at", "finished_at")}
    return RunView.model_validate({**dict(row), **times, "result": json.loads(row["result"])})


def _hold(row: Record) -> HoldView:
    times = {name: _utc(row[name]) for name in ("placed_at", "lifted_at")}
    return HoldView.model_validate({**dict(row), **times})


def _without(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != name}


def _next(rows: list[Record], limit: int) -> str | None:
    return cursor_of(rows[limit - 1]["id"]) if len(rows) > limit else None


def _before(cursor: str | None) -> int | None:
    try:
        return None if cursor is None else before_id(cursor)
    except ValueError as error:
        raise InvalidInput("the cursor is not one that this list gave", field="cursor") from error
