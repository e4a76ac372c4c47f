"""What the API about people takes and gives; the rules for every field stand here."""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, field_validator, model_validator

from agents.break_views import BreakAnswer, break_answer
from agents.caller_card import CallerCard
from agents.recovery import BackBy, back_by
from agents.service import StoredAccount
from core.api import ApiModel
from core.errors import InvalidInput
from core.identity import Account, Role
from core.ports import AgentView
from core.vocabulary import AgentState, Seconds

Login = Annotated[str, Field(pattern=r"^[a-z0-9._-]{2,40}$")]
DisplayName = Annotated[str, Field(min_length=1, max_length=80)]
Password = Annotated[str, StringConstraints(strip_whitespace=False, min_length=1, max_length=128)]
"""Taken as it is typed, blanks included; ``agents.passwords`` has the rules for new ones."""
QueueKey = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]
PhoneNumber = Annotated[str, Field(pattern=r"^[0-9]{2,10}$")]
Reason = Annotated[str, Field(max_length=80)]
RowId = Annotated[int, Field(ge=1, le=2**63 - 1)]
Limit = Annotated[int, Field(ge=1, le=100)]
Cursor = Annotated[str, Field(pattern=r"^[0-9]{1,18}$")]

AskedState = Literal[AgentState.READY, AgentState.BREAK, AgentState.STRESS_ROOM, AgentState.WRAP_UP]


class LoginBody(ApiModel):
    """Who logs in."""

    login: Annotated[str, Field(min_length=1, max_length=40)]
    password: Password


class AccountAnswer(ApiModel):
    """The account of a session."""

    id: int
    login: str
    display_name: str
    role: Role
    queues: list[str]


class SessionAnswer(ApiModel):
    """A new session; the token goes into ``Authorization: Bearer``."""

    token: str
    expires_at: datetime
    account: AccountAnswer


class SeatBody(ApiModel):
    """The phone to sit down at; ``take_over`` leaves another phone, or replaces somebody who is away."""

    phone: PhoneNumber
    take_over: bool = False


class StateBody(ApiModel):
    """The state that is asked for."""

    state: AskedState
    reason: Reason = ""


class ForcedStateBody(ApiModel):
    """The state that a supervisor sets, and why; the agent sees the reason."""

    state: AskedState
    reason: Annotated[str, Field(min_length=1, max_length=80)]


class SeatAnswer(ApiModel):
    """Where an agent sits."""

    phone: str
    queues: list[str]


class StateAnswer(ApiModel):
    """What an agent is doing; ``until`` is when it ends by itself."""

    state: AgentState
    reason: str
    cause: str
    since: datetime
    until: datetime | None
    next_state: AgentState | None
    next_reason: str = ""
    back_by: BackBy | None = None
    """What ends NOT_RESPONDING: the phone's registration, or the agent's asking for a state."""
    extensions_left: int = 0
    """How often the wrap-up may still be prolonged."""
    break_use: BreakAnswer | None = None
    """What the break that goes on has used of its allowance."""


class CallAnswer(ApiModel):
    """The call at the agent's phone; ``ticket_id`` is there once it is answered.

    ``known`` is what the caller's number tells; ``null`` for a withheld one, and while it is being looked up.
    """

    call_id: UUID
    caller: str
    dialled: str
    queue: str
    answered_at: datetime | None
    ticket_id: int | None
    known: CallerCard | None = None


class MeAnswer(ApiModel):
    """One's own account, seat, state and call; the last three are ``null`` away from a phone."""

    account: AccountAnswer
    seat: SeatAnswer | None
    state: StateAnswer | None
    call: CallAnswer | None


class LiveAgent(ApiModel):
    """An agent at a phone, for supervisors."""

    agent_id: int
    name: str
    seat: SeatAnswer
    state: StateAnswer
    call_id: UUID | None


class LiveAgents(ApiModel):
    """Everybody at a phone."""

    items: list[LiveAgent]


class NewAccountBody(ApiModel):
    """A new account; without queues an agent serves all."""

    login: Login
    display_name: DisplayName
    role: Role
    password: Password
    queues: Annotated[list[QueueKey], Field(max_length=200, default_factory=list)]


class AccountPatch(ApiModel):
    """What to change; what is left out stays."""

    display_name: DisplayName | None = None
    role: Role | None = None
    password: Password | None = None
    queues: Annotated[list[QueueKey], Field(max_length=200)] | None = None
    active: bool | None = None

    @field_validator("display_name", "role", "password", "queues", "active", mode="before")
    @classmethod
    def _given_is_not_null(cls, value: object) -> object:
        if value is None:
            raise ValueError("must not be null; leave it out instead")
        return value

    @model_validator(mode="after")
    def _something_is_given(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("names nothing to change")
        return self


class StoredAccountAnswer(ApiModel):
    """An account as administrators see it; the ETag is its version."""

    id: int
    login: str
    display_name: str
    role: Role
    queues: list[str]
    active: bool
    version: int
    created_at: datetime


class AccountList(ApiModel):
    """A page of accounts."""

    items: list[StoredAccountAnswer]
    next_cursor: str | None


class AccountPath(ApiModel):
    """Names one account."""

    account_id: RowId


class AgentPath(ApiModel):
    """Names one agent."""

    agent_id: RowId


class PageQuery(ApiModel):
    """A page of a list."""

    cursor: Cursor | None = None
    limit: Limit = 50


class StateRow(ApiModel):
    """One change of an agent's state."""

    from_state: AgentState
    to_state: AgentState
    reason: str
    cause: str
    call_id: UUID | None
    next_state: AgentState | None
    until: datetime | None
    at: datetime


class StateRows(ApiModel):
    """A page of an agent's history."""

    items: list[StateRow]
    next_cursor: str | None


def utc(moment: Seconds | None) -> datetime | None:
    """A moment for JSON."""
    return None if moment is None else datetime.fromtimestamp(moment, UTC)


def account_answer(account: Account) -> AccountAnswer:
    """An account for its owner."""
    return AccountAnswer(
        id=account.id,
        login=account.login,
        display_name=account.display_name,
        role=account.role,
        queues=list(account.queues),
    )


def stored_answer(account: StoredAccount) -> StoredAccountAnswer:
    """An account for administrators."""
    return StoredAccountAnswer(
        id=account.id,
        login=account.login,
        display_name=account.display_name,
        role=account.role,
        queues=list(account.queues),
        active=account.active,
        version=account.version,
        created_at=datetime.fromtimestamp(account.created_at, UTC),
    )


def seat_answer(view: AgentView) -> SeatAnswer:
    """Where the agent sits."""
    return SeatAnswer(phone=view.phone, queues=list(view.queues))


def state_answer(view: AgentView) -> StateAnswer:
    """What the agent is doing."""
    return StateAnswer(
        state=view.state,
        reason=view.reason,
        cause=view.cause,
        since=datetime.fromtimestamp(view.since, UTC),
        until=utc(view.until),
        next_state=view.next_state,
        next_reason=view.next_reason,
        back_by=back_by(view.state, view.cause),
        extensions_left=view.extensions_left,
        break_use=break_answer(view.break_use) if view.break_use is not None else None,
    )


def version_of(if_match: str) -> int:
    """The version in an ``If-Match`` header; raises ``InvalidInput`` for anything else."""
    text = if_match.strip().removeprefix("W/").strip('"')
    if not (text.isascii() and text.isdecimal()) or len(text) > 9:  # noqa: PLR2004 - versions are 32-bit integers
        raise InvalidInput("If-Match must be the ETag that was read", field="If-Match")
    return int(text)
