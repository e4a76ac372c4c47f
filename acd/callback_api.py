"""HTTP endpoints about calls that the centre places and about call-backs in queue.

What moves calls goes through the inbox; rows follow on the call path. Whoever may call a number is decided
here: abandoned calls and call-backs of others are for those who see all calls, a ticket's citizen for whoever
may edit it.
"""

import uuid
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from acd.api import decode_cursor, encode_cursor
from acd.callback_store import SQL, CallBackStore
from acd.callback_views import (
    CallBackBody,
    CallBackCreated,
    CallBackList,
    CallBackPath,
    CallBackQuery,
    CallBackView,
    CalloutBody,
    CalloutView,
    CancelBody,
)
from acd.numbers import normal
from core.api import ApiRequest, Endpoint, Reply
from core.callbacks import CallBackId, CallBackState
from core.errors import InvalidInput, NotFound, NotPermitted
from core.events import CallBackAsked, CallBackCancelAsked, CalloutAsked, CalloutDropped
from core.identity import Account, Permission
from core.masking import mask_number
from core.ports import Inbox, LiveView
from core.vocabulary import AgentState, CallId, QueueName, Seconds
from db.pool import Database

DEFAULT_QUEUE = QueueName("")
"""The engine puts the default queue in its place."""


class Clock(Protocol):
    """Seconds since the epoch on Asterisk's clock."""

    def __call__(self) -> Seconds:
        """The present moment."""
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to call, and for what."""

    number: str
    dialled: str = ""
    queue: QueueName = DEFAULT_QUEUE
    ticket_id: int | None = None
    origin: CallId | None = None
    callback_id: CallBackId | None = None
    place_at: Seconds | None = None


class CallBackApi:
    """Handlers."""

    def __init__(
        self, *, database: Database, store: CallBackStore, inbox: Inbox, live: LiveView, now: Clock
    ) -> None:
        self._database = database
        self._store = store
        self._inbox = inbox
        self._live = live
        self._now = now

    # --- calls that an agent places ------------------------------------------------------------

    async def place(self, request: ApiRequest) -> Reply:
        """Call somebody: first one's own phone rings, then his."""
        account, body = request.account, request.body
        target = await self._target(account, body)
        call_id = CallId(str(uuid.uuid4()))
        await self._inbox.ask(
            CalloutAsked(
                call_id=call_id,
                agent_id=account.id,
                number=target.number,
                dialled=target.dialled,
                queue=target.queue,
                ticket_id=target.ticket_id,
                origin=target.origin,
                callback_id=target.callback_id,
                at=self._now(),
            )
        )
        self._store.note(account.login, "callout.place", f"call:{call_id}", self._now(), **_about(body))
        view = self._live.agent(account.id)
        state = view.state if view is not None else AgentState.OUTBOUND
        return Reply(CalloutView(call_id=UUID(call_id), state=state), 201)

    async def drop(self, request: ApiRequest) -> Reply:
        """Give up the call that is being placed, or end its talk."""
        account = request.account
        await self._inbox.ask(CalloutDropped(account.id, self._now()))
        self._store.note(account.login, "callout.drop", f"account:{account.id}", self._now())
        return Reply(status=204)

    async def _target(self, account: Account, body: CalloutBody) -> Target:
        if body.number is not None:
            if body.ticket_id is not None:
                await self._ticket(account, body.ticket_id)
            return Target(_number(body.number), ticket_id=body.ticket_id)
        if body.abandoned_call_id is not None:
            return await self._abandoned(account, body.abandoned_call_id)
        if body.callback_id is not None:
            return await self._callback(account, body.callback_id)
        return await self._ticket(account, body.ticket_id or 0)

    async def _abandoned(self, account: Account, call_id: UUID) -> Target:
        _must_see_all(account)
        row = await self._database.fetchrow(SQL["abandoned_to_call"], str(call_id))
        if row is None:
            raise NotFound("no such abandoned call")
        return Target(
            _known(row["caller"]), row["dialled"], QueueName(row["queue"]), origin=CallId(str(call_id))
        )

    async def _callback(self, account: Account, callback_id: UUID) -> Target:
        row = await self._request(callback_id)
        if row["requested_by"] != account.login:
            _must_see_all(account)
        origin = row["origin_call_id"]
        return Target(
            number=row["number"],
            dialled=row["dialled"],
            queue=QueueName(row["queue"]),
            ticket_id=row["ticket_id"],
            origin=CallId(origin) if origin is not None else None,
            callback_id=CallBackId(str(callback_id)),
        )

    async def _ticket(self, account: Account, ticket_id: int) -> Target:
        row = await self._database.fetchrow(SQL["ticket_to_call"], ticket_id)
        sees_all = Permission.EDIT_ALL_TICKETS in account.permissions
        if row is None or not (sees_all or row["agent_id"] == account.id):
            raise NotFound("no such ticket")
        return Target(normal(row["caller"]), row["dialled"], QueueName(row["queue"]), ticket_id=ticket_id)

    async def _request(self, callback_id: UUID) -> Any:  # noqa: ANN401 - a row
        row = await self._database.fetchrow(SQL["one_callback"], str(callback_id))
        if row is None:
            raise NotFound("no such call-back")
        return row

    # --- call-backs in queue -------------------------------------------------------------------

    async def ask(self, request: ApiRequest) -> Reply:
        """Put somebody in the line to be called back."""
        account, body = request.account, request.body
        target = await self._whom(account, body)
        now = self._now()
        callback_id = CallBackId(str(uuid.uuid4()))
        await self._inbox.ask(
            CallBackAsked(
                callback_id=callback_id,
                number=target.number,
                dialled=target.dialled,
                queue=target.queue,
                requested_by=account.login,
                ticket_id=target.ticket_id,
                origin=target.origin,
                place_at=now if target.place_at is None else target.place_at,
                due_at=now + body.after_seconds,
                at=now,
            )
        )
        self._store.note(account.login, "callback.ask", f"callback:{callback_id}", now, **_about(body))
        return Reply(CallBackCreated(callback_id=UUID(callback_id), state=CallBackState.REQUESTED), 201)

    async def _whom(self, account: Account, body: CallBackBody) -> Target:
        if body.ticket_id is not None:
            await self._ticket(account, body.ticket_id)
        if body.abandoned_call_id is not None:
            found = await self._abandoned(account, body.abandoned_call_id)
            queue = found.queue if body.queue is None else QueueName(body.queue)
            return Target(found.number, found.dialled, queue, body.ticket_id, found.origin)
        queue = DEFAULT_QUEUE if body.queue is None else QueueName(body.queue)
        return Target(_number(body.number or ""), queue=queue, ticket_id=body.ticket_id)

    async def cancel(self, request: ApiRequest) -> Reply:
        """Withdraw a request; what rings for it is hung up."""
        account, callback_id = request.account, request.path.callback_id
        row = await self._request(callback_id)
        if row["requested_by"] != account.login:
            _must_see_all(account)
        now = self._now()
        await self._inbox.ask(CallBackCancelAsked(CallBackId(str(callback_id)), "withdrawn", now))
        self._store.note(
            account.login, "callback.cancel", f"callback:{callback_id}", now, reason=request.body.reason
        )
        return Reply(status=204)

    async def list(self, request: ApiRequest) -> Reply:
        """A page of requests."""
        query: CallBackQuery = request.query
        at, ident = decode_cursor(query.cursor)
        rows = await self._database.fetch(
            SQL["list_callbacks"], query.state, query.queue, query.open, at, ident, query.limit + 1
        )
        shown = rows[: query.limit]
        more = len(rows) > query.limit
        cursor = encode_cursor(shown[-1]["moment"], shown[-1]["callback_id"]) if more else None
        return Reply(CallBackList(items=[_view(row) for row in shown], next_cursor=cursor))

    async def one(self, request: ApiRequest) -> Reply:
        """One request."""
        return Reply(_view(await self._request(request.path.callback_id)))


def _view(row: Any) -> CallBackView:  # noqa: ANN401 - a row
    values = {name: row[name] for name in CallBackView.model_fields}
    return CallBackView.model_validate({**values, "number": mask_number(row["number"])})


def _about(body: CalloutBody | CallBackBody) -> dict[str, str]:
    """What an audit row says about a request: everything but numbers."""
    given = body.model_dump(mode="json", exclude_none=True, exclude={"number"})
    return {name: str(value) for name, value in given.items()}


def _number(given: str) -> str:
    number = normal(given)
    if not number.isdigit():
        raise InvalidInput("this is no telephone number", code="number_not_allowed", field="number")
    return number


def _known(caller: str) -> str:
    if not caller:
        raise InvalidInput(
            "this caller withheld the number", code="number_withheld", field="abandoned_call_id"
        )
    return normal(caller)


def _must_see_all(account: Account) -> None:
    if Permission.SEE_ALL_CALLS not in account.permissions:
        raise NotPermitted("calls of others are not yours to answer")


def endpoints(api: CallBackApi) -> list[Endpoint]:
    """The table of routes."""
    return [
        Endpoint(
            "POST",
            "/api/v1/me/callouts",
            Permission.TAKE_CALLS,
            "Call somebody: one's own phone rings first",
            api.place,
            CalloutView,
            201,
            body_model=CalloutBody,
            tag="me",
            errors=(404, 409),
        ),
        Endpoint(
            "DELETE",
            "/api/v1/me/callouts/current",
            Permission.TAKE_CALLS,
            "Give up the call that one is placing, or end its talk",
            api.drop,
            status=204,
            tag="me",
            errors=(409,),
        ),
        Endpoint(
            "GET",
            "/api/v1/callbacks",
            Permission.SEE_ALL_CALLS,
            "Call-backs in queue, newest first",
            api.list,
            CallBackList,
            query_model=CallBackQuery,
            tag="callbacks",
        ),
        Endpoint(
            "POST",
            "/api/v1/callbacks",
            Permission.TAKE_CALLS,
            "Put somebody in the line to be called back",
            api.ask,
            CallBackCreated,
            201,
            body_model=CallBackBody,
            tag="callbacks",
            errors=(404, 409),
        ),
        Endpoint(
            "GET",
            "/api/v1/callbacks/{callback_id}",
            Permission.SEE_ALL_CALLS,
            "One call-back",
            api.one,
            CallBackView,
            path_model=CallBackPath,
            tag="callbacks",
            errors=(404,),
        ),
        Endpoint(
            "DELETE",
            "/api/v1/callbacks/{callback_id}",
            Permission.TAKE_CALLS,
            "Withdraw a call-back, with a reason; what rings for it is hung up",
            api.cancel,
            status=204,
            path_model=CallBackPath,
            body_model=CancelBody,
            tag="callbacks",
            errors=(404, 409),
        ),
    ]
