"""What an agent is shown about whoever calls: the open cases, the last calls, flags and lists."""

from datetime import datetime
from uuid import UUID

from core.api import ApiModel
from core.callers import FlagCode, ListKind
from core.vocabulary import Outcome


class OpenTicket(ApiModel):
    """A ticket of this caller that is not closed."""

    id: int
    title: str
    state: str
    topic: str
    opened_at: datetime


class EarlierCall(ApiModel):
    """An earlier call of this caller; ``outcome`` is ``null`` while it goes on."""

    call_id: UUID
    arrived_at: datetime
    queue: str
    outcome: Outcome | None


class EarlierFlag(ApiModel):
    """What was noted about one of the caller's calls."""

    call_id: UUID
    code: FlagCode
    at: datetime


class ListedAs(ApiModel):
    """A list that the caller is on; the reason is for those who decide about lists."""

    id: int
    kind: ListKind
    reason_code: str | None
    expires_at: datetime


class CallerCard(ApiModel):
    """Everything known by the caller's number, newest first; empty for a withheld one."""

    open_tickets: list[OpenTicket]
    last_calls: list[EarlierCall]
    flags: list[EarlierFlag]
    lists: list[ListedAs]
