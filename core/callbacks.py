"""Call-backs in queue: a request, its states as one literal table, and its answer for the record. Pure.

A citizen who would have to wait asks to be called back and keeps the place; an agent or supervisor may ask
for it on somebody's behalf. ``acd.callback_book`` moves requests through the table, ``acd.callback_store``
writes them down.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from core.vocabulary import CallId, QueueName, Seconds

CallBackId = NewType("CallBackId", str)
"""UUID of a request in canonical lower-case form."""


class CallBackState(StrEnum):
    """Where a request is; the values are stored and shown."""

    REQUESTED = "requested"
    """Its time has not come: the citizen is still on the line, or the next try is later."""
    QUEUED = "queued"
    """It stands in the line like a caller."""
    RINGING_AGENT = "ringing_agent"
    DIALLING = "dialling"
    """An agent has picked up, the citizen is called."""
    DONE = "done"
    """Agent and citizen talk, or have talked."""
    FAILED = "failed"
    """Tried as often as the rules say."""
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class CallBackInput(StrEnum):
    """What moves a request from one state to another."""

    DUE = "due"
    """Its time has come."""
    RING = "ring"
    """An agent's phone rings for it."""
    AGENT_MISSED = "agent_missed"
    """That agent did not pick up."""
    PICKED_UP = "picked_up"
    CONNECTED = "connected"
    NOT_REACHED = "not_reached"
    """A try is over without a talk, and there will be another."""
    EXHAUSTED = "exhausted"
    """It was the last one."""
    CANCEL = "cancel"
    EXPIRE = "expire"


S, I = CallBackState, CallBackInput  # noqa: E741 - the table is read as a picture

TRANSITIONS: dict[tuple[CallBackState, CallBackInput], CallBackState] = {
    (S.REQUESTED, I.DUE): S.QUEUED,
    (S.REQUESTED, I.RING): S.RINGING_AGENT,  # an agent calls back out of turn
    (S.QUEUED, I.RING): S.RINGING_AGENT,
    (S.RINGING_AGENT, I.AGENT_MISSED): S.QUEUED,
    (S.RINGING_AGENT, I.PICKED_UP): S.DIALLING,
    (S.RINGING_AGENT, I.CONNECTED): S.DONE,
    (S.DIALLING, I.CONNECTED): S.DONE,
    # A try that came to nothing; while only the agent's phone rang, through no fault of the citizen's.
    (S.RINGING_AGENT, I.NOT_REACHED): S.REQUESTED,
    (S.RINGING_AGENT, I.EXHAUSTED): S.FAILED,
    (S.DIALLING, I.NOT_REACHED): S.REQUESTED,
    (S.QUEUED, I.NOT_REACHED): S.REQUESTED,  # the switch or the service was away meanwhile
    (S.DIALLING, I.EXHAUSTED): S.FAILED,
    # The citizen rings in, or a person says so.
    (S.REQUESTED, I.CANCEL): S.CANCELLED,
    (S.QUEUED, I.CANCEL): S.CANCELLED,
    (S.RINGING_AGENT, I.CANCEL): S.CANCELLED,
    (S.DIALLING, I.CANCEL): S.CANCELLED,
    # A try that is under way is not cut short.
    (S.REQUESTED, I.EXPIRE): S.EXPIRED,
    (S.QUEUED, I.EXPIRE): S.EXPIRED,
}

OPEN = frozenset({S.REQUESTED, S.QUEUED, S.RINGING_AGENT, S.DIALLING})
TRYING = frozenset({S.RINGING_AGENT, S.DIALLING})
"""A call is being placed for it."""


def next_state(state: CallBackState, given: CallBackInput) -> CallBackState | None:
    """The state that ``given`` leads to, ``None`` when the pair is not in the table."""
    return TRANSITIONS.get((state, given))


class CallBackSource(StrEnum):
    """Who wanted it."""

    CALLER = "caller"
    """The citizen, with a key, while waiting."""
    STAFF = "staff"


@dataclass(slots=True)
class CallBack:
    """One request. Moments are seconds since the epoch."""

    callback_id: CallBackId
    number: str
    """As it is dialled (``acd.numbers``); two open requests never have the same."""
    queue: QueueName
    dialled: str
    """The line that the citizen had called."""
    source: CallBackSource
    requested_by: str
    """Login; ``""`` for the caller himself."""
    requested_at: Seconds
    place_at: Seconds
    """Its place in the line: that of the caller who asked for it."""
    due_at: Seconds
    """When it may stand in the line next."""
    expires_at: Seconds
    state: CallBackState = CallBackState.REQUESTED
    origin: CallId | None = None
    """The citizen's own call, in which he asked for it, or that he abandoned."""
    ticket_id: int | None = None
    call_id: CallId | None = None
    """The try that is under way, or the last one."""
    attempt: int = 0
    """How often a call has been placed for it, with interrupted ones."""
    tries: int = 0
    """How often the citizen was called in vain."""
    cause: str = ""
    """How the last try ended, or why it is over: coded."""
    ended_at: Seconds | None = None
    version: int = 0
    """Grows with every change: an older one never replaces a newer one in the record."""

    @property
    def open(self) -> bool:
        """Whether there is anything left to do."""
        return self.state in OPEN
