"""The HTTP endpoints about the caller at one's own phone: who it is, flags, protected disconnect."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID, uuid4

from pydantic import Field

from acd.caller_desk import CallerDesk
from acd.callers_store import CallersStore, flag_id
from agents.caller_card import CallerCard
from core.api import ApiModel, ApiRequest, Endpoint, Reply
from core.callers import FlagCode
from core.errors import Conflict
from core.events import DisconnectAsked, DisconnectStopped
from core.identity import Account, Permission
from core.ports import AgentView, Inbox, LiveView
from core.vocabulary import CallId, Seconds

STRESSFUL = frozenset({FlagCode.ABUSIVE, FlagCode.CLINGING, FlagCode.THREATENING})
"""After a call with one of these the agent is offered the stress room before the next one."""

NoteText = Annotated[str, Field(max_length=500)]


class FlagBody(ApiModel):
    """What to note about the call at one's phone, also in wrap-up."""

    code: FlagCode
    note: NoteText = ""


class FlagAnswer(ApiModel):
    """The flag. ``stress_room_offered``: ask for ``STRESS_ROOM`` as the next state, if you want it."""

    id: UUID
    call_id: UUID
    code: FlagCode
    note: str
    at: datetime
    stress_room_offered: bool


class DisconnectBody(ApiModel):
    """Why the call is to be ended."""

    code: FlagCode
    note: NoteText = ""


class DisconnectAnswer(ApiModel):
    """The caller is being warned; until the warning is over ``DELETE`` takes it back."""

    call_id: UUID
    code: FlagCode
    asked_at: datetime
    stress_room_offered: bool


class DeskApi:
    """Handlers; each is about the call at the phone of whoever asks."""

    def __init__(
        self,
        *,
        store: CallersStore,
        desk: CallerDesk,
        inbox: Inbox,
        live: LiveView,
        now: Callable[[], Seconds],
    ) -> None:
        self._store = store
        self._desk = desk
        self._inbox = inbox
        self._live = live
        self._now = now

    async def caller(self, request: ApiRequest) -> Reply:
        """What is known about the caller, as it is now."""
        view, call_id = self._at_phone(request.account)
        return Reply(await self._desk.fresh(call_id, view.caller, request.account))

    async def flag(self, request: ApiRequest) -> Reply:
        """Note something about the call."""
        body: FlagBody = request.body
        _, call_id = self._at_phone(request.account)
        key = request.headers.get("Idempotency-Key") or str(uuid4())
        ident, at = flag_id(call_id, request.account.id, key), self._now()
        self._store.flag(ident, call_id, request.account.id, body.code, body.note, at)
        answer = FlagAnswer(
            id=UUID(ident),
            call_id=UUID(call_id),
            code=body.code,
            note=body.note,
            at=datetime.fromtimestamp(at, UTC),
            stress_room_offered=body.code in STRESSFUL,
        )
        return Reply(answer, 201)

    async def disconnect(self, request: ApiRequest) -> Reply:
        """Warn the caller, then end the call."""
        body: DisconnectBody = request.body
        _, call_id = self._at_phone(request.account)
        at = self._now()
        await self._inbox.ask(DisconnectAsked(request.account.id, body.code, body.note, at))
        answer = DisconnectAnswer(
            call_id=UUID(call_id),
            code=body.code,
            asked_at=datetime.fromtimestamp(at, UTC),
            stress_room_offered=body.code in STRESSFUL,
        )
        return Reply(answer, 202)

    async def stop_disconnect(self, request: ApiRequest) -> Reply:
        """Take it back while the warning is played."""
        await self._inbox.ask(DisconnectStopped(request.account.id, self._now()))
        return Reply(status=204)

    def _at_phone(self, account: Account) -> tuple[AgentView, CallId]:
        view = self._live.agent(account.id)
        if view is None or view.call_id is None:
            raise Conflict("there is no call at your phone", code="no_call")
        return view, view.call_id


def endpoints(api: DeskApi) -> list[Endpoint]:
    """The table of routes."""
    return [
        Endpoint(
            "GET",
            "/api/v1/me/call/caller",
            Permission.TAKE_CALLS,
            "What is known about the caller at one's phone",
            api.caller,
            CallerCard,
            tag="me",
            errors=(409,),
        ),
        Endpoint(
            "POST",
            "/api/v1/me/call/flags",
            Permission.TAKE_CALLS,
            "Note something about the call: abusive, clinging, threatening...",
            api.flag,
            FlagAnswer,
            201,
            body_model=FlagBody,
            tag="me",
            errors=(409,),
        ),
        Endpoint(
            "POST",
            "/api/v1/me/call/disconnect",
            Permission.TAKE_CALLS,
            "End the call under protection: the caller is warned first",
            api.disconnect,
            DisconnectAnswer,
            202,
            body_model=DisconnectBody,
            tag="me",
            errors=(409,),
        ),
        Endpoint(
            "DELETE",
            "/api/v1/me/call/disconnect",
            Permission.TAKE_CALLS,
            "Take that back while the warning is played",
            api.stop_disconnect,
            status=204,
            tag="me",
            errors=(409,),
        ),
    ]
