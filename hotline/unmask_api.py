"""``POST /api/v1/unmask``: personal data in full, for a reason that is kept.

Who may is ``core.masking.may_unmask``: whoever has the permission, and whoever's own call it is; staff of a
contractor never. Each look is an audit row that is written before the answer leaves, and there is a limit of
looks.
"""

from collections import defaultdict, deque
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from core import clock
from core.api import ApiModel, ApiRequest, Endpoint, Reply
from core.errors import NotFound, NotPermitted, TooManyRequests
from core.identity import Permission
from core.masking import mask_text, may_unmask
from core.vocabulary import AgentId, Seconds
from db import queries
from db.pool import Database

SQL = queries.load(Path(__file__).with_name("unmask.sql"))

LIMIT = 30
WINDOW: Seconds = 600.0
"""So many looks within so long by one account; whoever needs more copies a list, and does not call back."""

FIELDS: dict[str, frozenset[str]] = {
    "call": frozenset({"caller"}),
    "ticket": frozenset({"caller", "citizen_name", "title", "body"}),
    "callback": frozenset({"number"}),
}
"""What of an object is ever masked."""


class UnmaskBody(ApiModel):
    """What is wanted, and why."""

    object: Annotated[
        str,
        Field(
            pattern=r"^((call|callback):[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|ticket:[1-9][0-9]{0,17})$"
        ),
    ]
    """``call:UUID``, ``ticket:NUMBER`` or ``callback:UUID``."""
    field: Literal["caller", "citizen_name", "title", "body", "number"] = "caller"
    reason: Annotated[str, Field(min_length=4, max_length=300)]
    """Is kept in the audit; numbers in it are masked."""


class UnmaskAnswer(ApiModel):
    """The value in full."""

    object: str
    field: str
    value: str


class UnmaskApi:
    """The handler."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._looks: defaultdict[int, deque[Seconds]] = defaultdict(deque)

    async def unmask(self, request: ApiRequest) -> Reply:
        """One value."""
        body: UnmaskBody = request.body
        account = request.account
        kind, _, ident = body.object.partition(":")
        if body.field not in FIELDS[kind]:
            raise NotFound("this object has no such field", field="field")
        row = await self._database.fetchrow(SQL[f"value_of_{kind}"], ident, body.field)
        owner = None if row is None or row["agent_id"] is None else AgentId(row["agent_id"])
        if not may_unmask(account, owner):
            raise NotPermitted("you may not see this in full", code="unmask_not_permitted")
        if row is None:
            raise NotFound("there is no such object")
        self._count(account.id)
        detail = (body.field, mask_text(body.reason))
        await self._database.execute(SQL["unmasked"], account.login, body.object, *detail)
        answer = UnmaskAnswer(object=body.object, field=body.field, value=row["value"])
        return Reply(answer, headers={"Cache-Control": "no-store"})

    def _count(self, account_id: int) -> None:
        now, looks = clock.monotonic(), self._looks[account_id]
        while looks and looks[0] <= now - WINDOW:
            looks.popleft()
        if len(looks) >= LIMIT:
            raise TooManyRequests(f"at most {LIMIT} looks in {WINDOW / 60:g} minutes", code="too_many_looks")
        looks.append(now)


def endpoints(api: UnmaskApi) -> list[Endpoint]:
    """The table of routes."""
    return [
        Endpoint(
            "POST",
            "/api/v1/unmask",
            Permission.ANY,
            "See one masked value in full; the reason is kept",
            api.unmask,
            answer=UnmaskAnswer,
            body_model=UnmaskBody,
            tag="privacy",
            errors=(404, 429),
        ),
    ]
