"""What the API about call-backs and placed calls takes and gives. Numbers are masked in every answer."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from core.api import ApiModel
from core.callbacks import CallBackSource, CallBackState
from core.vocabulary import AgentState

Number = Annotated[str, Field(pattern=r"^\+?[0-9 ()-]{2,30}$")]
Id = Annotated[int, Field(ge=1)]
QueueKey = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]


class CalloutBody(ApiModel):
    """Whom to call: one of number, abandoned call, ticket and call-back; a number may come with a ticket."""

    number: Number | None = None
    abandoned_call_id: UUID | None = None
    callback_id: UUID | None = None
    ticket_id: Id | None = None
    """The ticket that it is about; without a number its citizen is called."""

    @model_validator(mode="after")
    def _one_of_them(self) -> "CalloutBody":
        named = [self.number, self.abandoned_call_id, self.callback_id]
        given = sum(value is not None for value in named)
        if given > 1 or given + (self.ticket_id is not None) < 1:
            raise ValueError("give exactly one of number, abandoned_call_id, callback_id and ticket_id")
        if self.ticket_id is not None and given == 1 and self.number is None:
            raise ValueError("ticket_id goes with a number or alone")
        return self


class CalloutView(ApiModel):
    """The call that is being placed: one's own phone rings first."""

    call_id: UUID
    state: AgentState


class CallBackBody(ApiModel):
    """Somebody who is to be called back when his turn comes."""

    number: Number | None = None
    abandoned_call_id: UUID | None = None
    """The call in which he reached nobody: its number and its line."""
    queue: QueueKey | None = None
    ticket_id: Id | None = None
    after_seconds: Annotated[int, Field(ge=0, le=604_800)] = 0
    """Not before so many seconds from now."""

    @model_validator(mode="after")
    def _one_number(self) -> "CallBackBody":
        if (self.number is None) == (self.abandoned_call_id is None):
            raise ValueError("give either number or abandoned_call_id")
        return self


class CallBackPath(ApiModel):
    """Names one request."""

    callback_id: UUID


class CancelBody(ApiModel):
    """Why a request is withdrawn; kept in the audit."""

    reason: Annotated[str, Field(min_length=1, max_length=200)]


class CallBackQuery(ApiModel):
    """What to list, newest first."""

    state: CallBackState | None = None
    open: bool | None = None
    queue: QueueKey | None = None
    cursor: Annotated[str, Field(max_length=200)] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class CallBackView(ApiModel):
    """One request; ``number`` is masked."""

    callback_id: UUID
    number: str
    queue: str
    dialled: str
    source: CallBackSource
    requested_by: str
    requested_at: datetime
    place_at: datetime
    due_at: datetime
    expires_at: datetime
    state: CallBackState
    origin_call_id: UUID | None
    ticket_id: int | None
    call_id: UUID | None
    attempt: int
    tries: int
    cause: str
    ended_at: datetime | None


class CallBackList(ApiModel):
    """A page of requests; ``next_cursor`` is ``null`` on the last one."""

    items: list[CallBackView]
    next_cursor: str | None


class CallBackCreated(ApiModel):
    """The request that was put in."""

    callback_id: UUID
    state: CallBackState
