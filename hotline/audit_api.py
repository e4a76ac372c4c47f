"""``GET /api/v1/audit``: who did what, for those who may read it. Looking is an audit row as well."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from core.api import ApiModel, ApiRequest, Endpoint, Reply
from core.errors import InvalidInput
from core.identity import Permission, Role
from db import queries
from db.pool import Database
from tickets.views import before_id, cursor_of

SQL = queries.load(Path(__file__).with_name("audit_api.sql"))


class AuditQuery(ApiModel):
    """Which rows, newest first. ``object`` and ``action`` may end in ``*``: everything that begins so."""

    actor: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    object: Annotated[str, Field(pattern=r"^[a-z_]{1,40}:[^\s%*]{0,80}\*?$")] | None = None
    action: Annotated[str, Field(pattern=r"^[a-z_]{1,40}\.[a-z_]{0,40}\*?$")] | None = None
    since: AwareDatetime | None = None
    before: AwareDatetime | None = None
    cursor: Annotated[str, Field(max_length=200)] | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class AuditEntry(ApiModel):
    """One row. ``position`` is its place in the chain, ``null`` in the first second."""

    id: int
    at: datetime
    actor: str
    action: str
    object: str
    detail: dict[str, Any]
    position: int | None
    head: str | None


class AuditPage(ApiModel):
    """A page of the audit."""

    items: list[AuditEntry]
    next_cursor: str | None


class AuditApi:
    """The handler."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, request: ApiRequest) -> Reply:
        """A page; an inspector with districts sees what people of these districts did."""
        query: AuditQuery = request.query
        account = request.account
        limited = account.role is Role.INSPECTOR and bool(account.districts)
        rows = await self._database.fetch(
            SQL["read"],
            query.actor,
            *_match(query.object),
            *_match(query.action),
            query.since,
            query.before,
            _before(query.cursor),
            list(account.districts) if limited else None,
            query.limit + 1,
        )
        asked = query.model_dump(mode="json", exclude_none=True, exclude={"cursor", "limit"})
        await self._database.execute(SQL["was_read"], account.login, json.dumps(asked))
        page = rows[: query.limit]
        cursor = cursor_of(page[-1]["id"]) if len(rows) > query.limit else None
        return Reply(AuditPage(items=[_entry(row) for row in page], next_cursor=cursor))


def endpoints(api: AuditApi) -> list[Endpoint]:
    """The table of routes."""
    return [
        Endpoint(
            "GET",
            "/api/v1/audit",
            Permission.READ_AUDIT,
            "Who did what, newest first; reading is noted as well",
            api.read,
            answer=AuditPage,
            query_model=AuditQuery,
            tag="audit",
        ),
    ]


def _match(text: str | None) -> tuple[str | None, bool]:
    """The text without its star, and whether it had one."""
    return (None, False) if text is None else (text.removesuffix("*"), text.endswith("*"))


def _before(cursor: str | None) -> int | None:
    try:
        return None if cursor is None else before_id(cursor)
    except ValueError as error:
        raise InvalidInput("the cursor is not one that this list gave", field="cursor") from error


def _entry(row: Any) -> AuditEntry:  # noqa: ANN401 - a row
    return AuditEntry(
        id=row["id"],
        at=datetime.fromtimestamp(row["at"], UTC),
        actor=row["actor"],
        action=row["action"],
        object=row["object"],
        detail=json.loads(row["detail"]),
        position=row["position"],
        head=None if row["head"] is None else row["head"].hex(),
    )
