"""HTTP endpoint by which a supervisor gives a waiting call another priority."""

from collections.abc import Callable
from uuid import UUID

from acd.api import CallPath
from acd.store import CallStore
from core.api import ApiModel, ApiRequest, Endpoint, Reply
from core.errors import Conflict, NotFound
from core.events import PriorityAsked
from core.facts import CallPlaced
from core.identity import Permission
from core.plan import Priority
from core.ports import Inbox
from core.vocabulary import CallId, Seconds


class PriorityBody(ApiModel):
    """The priority wished for."""

    priority: Priority


class PriorityAnswer(ApiModel):
    """The priority that the call has now."""

    call_id: UUID
    priority: Priority


class PriorityApi:
    """The handler; what moves the call is the engine."""

    def __init__(self, store: CallStore, inbox: Inbox, now: Callable[[], Seconds]) -> None:
        self._store = store
        self._inbox = inbox
        self._now = now

    async def change(self, request: ApiRequest) -> Reply:
        """Another priority, at once and with an audit row; the same one changes nothing."""
        call_id, priority = CallId(str(request.path.call_id)), request.body.priority
        login, at = request.account.login, self._now()
        try:
            facts = await self._inbox.ask(PriorityAsked(call_id, priority, f"supervisor:{login}", at))
        except Conflict:
            if await self._store.exists(call_id):
                raise
            raise NotFound("no such call") from None
        if any(isinstance(fact, CallPlaced) for fact in facts):
            self._store.audit_priority(login, call_id, priority, at)
        return Reply(PriorityAnswer(call_id=UUID(call_id), priority=priority))


def endpoints(api: PriorityApi) -> list[Endpoint]:
    """The table of routes."""
    return [
        Endpoint(
            "PUT",
            "/api/v1/calls/{call_id}/priority",
            Permission.SUPERVISE,
            "Give a call that waits another priority; leaves an audit row",
            api.change,
            answer=PriorityAnswer,
            path_model=CallPath,
            body_model=PriorityBody,
            tag="calls",
            errors=(404, 409),
        ),
    ]
