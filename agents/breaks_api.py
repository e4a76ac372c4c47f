"""HTTP endpoints for the reasons of breaks. A change counts at once, also for breaks that go on."""

import asyncio
from collections.abc import Callable
from typing import Annotated

from pydantic import Field

from agents.breaks_store import BreakStore, StoredReason
from agents.views import version_of
from core.api import ApiModel, ApiRequest, Endpoint, Reply
from core.breaks import BreakReason, Period
from core.errors import PreconditionRequired
from core.events import BreakReasonsChanged
from core.identity import Permission
from core.ports import Inbox
from core.vocabulary import Seconds

Code = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]
Title = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
Limit = Annotated[float, Field(gt=0, le=86_400)]


class ReasonBody(ApiModel):
    """A reason for breaks; limits in seconds, ``null``: none."""

    title_zh: Title
    title_en: Title
    allowance_seconds: Limit | None = None
    """Of all breaks of this reason within the period."""
    break_seconds: Limit | None = None
    """Of one break."""
    period: Period = Period.DUTY
    """``day``: from local midnight; ``duty``: from sitting down after six hours away."""
    productive: bool = False
    """Counts as working time."""
    default: bool = False
    """Stands for a break that is asked for without a reason; there is exactly one such."""


class NewReasonBody(ReasonBody):
    """A new reason."""

    code: Code


class ReasonAnswer(ReasonBody):
    """A reason as it is; the ETag is its version."""

    code: str
    version: int
    retired: bool
    """Cannot be asked for any more."""


class ReasonList(ApiModel):
    """All reasons, those in use first."""

    items: list[ReasonAnswer]


class ReasonPath(ApiModel):
    """Names one reason."""

    code: Code


class BreaksApi:
    """Handlers.

    Args:
        store: the rows.
        inbox: where the engine hears of changes.
        now: Asterisk's clock.
    """

    def __init__(self, store: BreakStore, inbox: Inbox, now: Callable[[], Seconds]) -> None:
        self._store = store
        self._inbox = inbox
        self._now = now
        self._changing = asyncio.Lock()
        """The engine hears of changes in the order in which they were made."""

    async def show_all(self, _request: ApiRequest) -> Reply:
        """Every reason."""
        return Reply(ReasonList(items=[_answer(stored) for stored in await self._store.all()]))

    async def show(self, request: ApiRequest) -> Reply:
        """One reason."""
        return _reply(await self._store.one(request.path.code))

    async def create(self, request: ApiRequest) -> Reply:
        """A new reason."""
        body: NewReasonBody = request.body
        async with self._changing:
            stored = await self._store.create(_reason(body.code, body), request.account.login)
            await self._tell()
        return _reply(stored, 201)

    async def change(self, request: ApiRequest) -> Reply:
        """Other values."""
        if_match = request.headers.get("If-Match")
        if if_match is None:
            raise PreconditionRequired("If-Match is needed", field="If-Match")
        reason = _reason(request.path.code, request.body)
        async with self._changing:
            stored = await self._store.change(reason, version_of(if_match), request.account.login)
            await self._tell()
        return _reply(stored)

    async def retire(self, request: ApiRequest) -> Reply:
        """Offer it no more."""
        async with self._changing:
            await self._store.retire(request.path.code, request.account.login)
            await self._tell()
        return Reply(status=204)

    async def _tell(self) -> None:
        await self._inbox.ask(BreakReasonsChanged(await self._store.in_use(), self._now()))


def _reason(code: str, body: ReasonBody) -> BreakReason:
    return BreakReason(
        code=code,
        title_zh=body.title_zh,
        title_en=body.title_en,
        allowance=body.allowance_seconds,
        each=body.break_seconds,
        period=body.period,
        productive=body.productive,
        default=body.default,
    )


def _answer(stored: StoredReason) -> ReasonAnswer:
    reason = stored.reason
    return ReasonAnswer(
        code=reason.code,
        title_zh=reason.title_zh,
        title_en=reason.title_en,
        allowance_seconds=reason.allowance,
        break_seconds=reason.each,
        period=reason.period,
        productive=reason.productive,
        default=reason.default,
        version=stored.version,
        retired=stored.retired,
    )


def _reply(stored: StoredReason, status: int = 200) -> Reply:
    return Reply(_answer(stored), status, {"ETag": f'"{stored.version}"'})


def endpoints(api: BreaksApi) -> list[Endpoint]:
    """The table of routes."""
    every, one = "/api/v1/break-reasons", "/api/v1/break-reasons/{code}"
    change = Permission.MANAGE_PLAN
    return [
        Endpoint("GET", every, Permission.ANY, "Reasons for breaks", api.show_all, ReasonList,
                 tag="break reasons"),
        Endpoint("GET", one, Permission.ANY, "One reason for breaks", api.show, ReasonAnswer,
                 path_model=ReasonPath, tag="break reasons", errors=(404,)),
        Endpoint("POST", every, change, "A new reason for breaks", api.create, ReasonAnswer, 201,
                 body_model=NewReasonBody, tag="break reasons", errors=(409,)),
        Endpoint("PUT", one, change, "Change a reason for breaks, or bring one back; needs If-Match",
                 api.change, ReasonAnswer, path_model=ReasonPath, body_model=ReasonBody,
                 tag="break reasons", errors=(404, 409, 412, 428)),
        Endpoint("DELETE", one, change, "Retire a reason for breaks; history keeps it", api.retire,
                 status=204, path_model=ReasonPath, tag="break reasons", errors=(404, 409)),
    ]  # fmt: skip
