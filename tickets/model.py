"""What a ticket and a recording are, as values. Pure; the rules over them are in ``tickets.rules``."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from core.vocabulary import AgentId, CallId, QueueName, Seconds


class TicketSource(StrEnum):
    """What a ticket came from."""

    CALL = "call"
    VOICEMAIL = "voicemail"
    """A message that nobody has answered: ``answered_at`` and ``agent_id`` are ``None``."""


class TicketState(StrEnum):
    """Where a ticket is; the transitions are the table in ``tickets.rules``."""

    DRAFT = "DRAFT"
    """Opened by the system when the agent answered; the agent writes while talking."""
    REGISTERED = "REGISTERED"
    """The agent has put down what the citizen wants."""


class TicketInput(StrEnum):
    """What a person can do to a ticket."""

    EDIT = "edit"
    REGISTER = "register"


class RecordingState(StrEnum):
    """How far a recording is."""

    PENDING = "pending"
    """The call goes on, or the conversion has not been done yet."""
    READY = "ready"
    PARTIAL = "partial"
    """Archived, but the raw file had been cut off in the middle of a frame; ``note`` says so."""
    MISSING = "missing"
    """Nothing was recorded; ``note`` says why."""
    REMOVED = "removed"
    """It was kept for as long as it had to be, and is gone."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording's row. Everything about the file is ``None`` until it is archived."""

    id: UUID
    call_id: CallId
    agent_id: AgentId | None
    """Whose call it is."""
    state: RecordingState
    path_key: str | None
    """Place in the archive, relative; never shown."""
    format: str | None
    channels: int | None
    sample_rate: int | None
    duration_s: Seconds | None
    size_bytes: int | None
    sha256: str | None
    note: str
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class CallTimes:
    """What the ticket shows about its call beside its own columns."""

    queued_at: datetime | None
    notice_at: datetime | None
    talk_ended_at: datetime | None
    ended_at: datetime | None
    used_fallback: bool
    """The native queue connected it, because the service was away."""
    rating: int | None
    """The caller's, 1-3."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One ticket's row. The five texts are ``""`` until somebody writes them."""

    id: int
    call_id: CallId
    state: TicketState
    caller: str
    dialled: str
    queue: QueueName
    agent_id: AgentId | None
    """Who answered; ``None`` when the native queue connected a phone that nobody was logged in on."""
    arrived_at: datetime
    answered_at: datetime | None
    call_ended_at: datetime | None
    citizen_name: str
    title: str
    body: str
    topic: str
    place: str
    version: int
    """Grows by one with each edit by a person; what the system adds leaves it alone, so that the end of
    the call does not get in the way of the agent who is writing."""
    opened_at: datetime
    updated_at: datetime
    source: TicketSource


@dataclass(frozen=True, slots=True)
class TicketView:
    """A ticket with its call and its recording, as one reads it."""

    ticket: Ticket
    call: CallTimes
    recording: Recording | None


@dataclass(frozen=True, slots=True)
class TicketChange:
    """What a person wants changed: new texts by field name, and the state if it is to change."""

    texts: Mapping[str, str]
    state: TicketState | None = None


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """Which tickets a list shows; ``None`` means any."""

    owner: AgentId | None = None
    """Set for those who see their own calls only."""
    agent_id: AgentId | None = None
    state: TicketState | None = None
    queue: QueueName | None = None
    call_id: CallId | None = None
    before_id: int | None = None
    """Only tickets with a smaller id, i.e. older ones."""


@dataclass(frozen=True, slots=True)
class ClosedRecording:
    """What came of closing one recording: the values of its row."""

    state: RecordingState
    note: str = ""
    path_key: str | None = None
    duration_s: Seconds | None = None
    size_bytes: int | None = None
    sha256: str | None = None
