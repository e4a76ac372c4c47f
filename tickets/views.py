"""Tickets and recordings as the API shows them, and what it takes in. Used by ``tickets.api`` only.

What is *not* here is not shown: the place in the archive, the switch's channel names.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints
from pydantic.functional_validators import model_validator

from core.api import ApiModel
from core.masking import mask_number
from core.vocabulary import Seconds
from tickets import rules
from tickets.model import Recording, RecordingState, TicketSource, TicketState, TicketView

_LARGEST_ID = 2**63 - 1
_CURSOR = re.compile(r"tickets:([0-9]{1,19})", re.ASCII)

Id = Annotated[int, Field(ge=1, le=_LARGEST_ID)]


def _cursor(text: str) -> str:
    try:
        before_id(text)
    except ValueError:
        raise ValueError("not a cursor of this list") from None
    return text


def cursor_of(ticket_id: int) -> str:
    """The place behind this ticket in a list, as an opaque text."""
    return urlsafe_b64encode(f"tickets:{ticket_id}".encode()).decode()


def before_id(cursor: str) -> int:
    """The ticket that a cursor stands behind; raises ``ValueError`` when it is none of ours."""
    found = _CURSOR.fullmatch(urlsafe_b64decode(cursor.encode()).decode())
    if found is None or int(found[1]) > _LARGEST_ID:
        raise ValueError("not a cursor of this list")
    return int(found[1])


def _text(field: str) -> object:
    """The type of a text that a person writes, by the rules of ``tickets.rules``."""

    def check(value: str) -> str:
        if fault := rules.text_fault(field, value):
            raise ValueError(fault)
        return value

    return AfterValidator(check)


class TicketPath(ApiModel):
    """Which ticket."""

    ticket_id: Id


class RecordingPath(ApiModel):
    """Which recording."""

    recording_id: UUID


class TicketQuery(ApiModel):
    """Filters and the page of a list; without filters everything one may see."""

    state: TicketState | None = None
    agent_id: Id | None = None
    queue: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,40}$")] | None = None
    call_id: UUID | None = None
    cursor: Annotated[str, Field(max_length=60), AfterValidator(_cursor)] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class TicketPatch(ApiModel):
    """What to change; a field that is left out stays as it is."""

    citizen_name: Annotated[str, Field(max_length=80), _text("citizen_name")] = ""
    title: Annotated[str, Field(max_length=200), _text("title")] = ""
    body: Annotated[str, Field(max_length=20_000), _text("body")] = ""
    topic: Annotated[str, Field(max_length=80), _text("topic")] = ""
    place: Annotated[str, Field(max_length=200), _text("place")] = ""
    state: TicketState = TicketState.DRAFT

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("at least one field is needed")
        return self

    def texts(self) -> dict[str, str]:
        """The texts that were given."""
        return {field: getattr(self, field) for field in rules.TEXT_LIMITS if field in self.model_fields_set}

    def wanted_state(self) -> TicketState | None:
        """The state, if one was given."""
        return self.state if "state" in self.model_fields_set else None


class RecordingAnswer(ApiModel):
    """A recording; what belongs to the file is ``null`` until it is closed."""

    id: UUID
    call_id: UUID
    state: RecordingState
    format: str | None
    channels: int | None
    """2: left is the caller, right the agent."""
    sample_rate: int | None
    duration_s: Seconds | None
    size_bytes: int | None
    sha256: str | None
    note: str
    closed_at: datetime | None


class TicketItem(ApiModel):
    """A ticket in a list; the caller's number is masked."""

    id: int
    version: int
    state: TicketState
    source: TicketSource
    call_id: UUID
    caller: str
    dialled: str
    queue: str
    agent_id: int | None
    arrived_at: datetime
    answered_at: datetime | None
    call_ended_at: datetime | None
    title: str
    topic: str
    rating: int | None
    recording_id: UUID | None
    recording_state: RecordingState | None


class TicketPage(ApiModel):
    """A page of a list, newest first."""

    items: list[TicketItem]
    next_cursor: str | None
    """For the next page; ``null`` on the last."""


class CallAnswer(ApiModel):
    """The call of a ticket."""

    arrived_at: datetime
    notice_at: datetime | None
    """When the recording notice had been played."""
    queued_at: datetime | None
    answered_at: datetime | None
    talk_ended_at: datetime | None
    ended_at: datetime | None
    used_fallback: bool
    rating: int | None


class TicketAnswer(ApiModel):
    """A whole ticket; the caller's number is full for those who may edit it."""

    id: int
    version: int
    state: TicketState
    source: TicketSource
    call_id: UUID
    caller: str
    dialled: str
    queue: str
    agent_id: int | None
    citizen_name: str
    title: str
    body: str
    topic: str
    place: str
    opened_at: datetime
    updated_at: datetime
    call_ended_at: datetime | None
    call: CallAnswer
    recording: RecordingAnswer | None


def recording_answer(recording: Recording) -> RecordingAnswer:
    """A recording for the API."""
    return RecordingAnswer(
        id=recording.id,
        call_id=UUID(recording.call_id),
        state=recording.state,
        format=recording.format,
        channels=recording.channels,
        sample_rate=recording.sample_rate,
        duration_s=recording.duration_s,
        size_bytes=recording.size_bytes,
        sha256=recording.sha256,
        note=recording.note,
        closed_at=recording.closed_at,
    )


def ticket_item(view: TicketView) -> TicketItem:
    """A ticket for a list."""
    ticket, recording = view.ticket, view.recording
    return TicketItem(
        id=ticket.id,
        version=ticket.version,
        state=ticket.state,
        source=ticket.source,
        call_id=UUID(ticket.call_id),
        caller=mask_number(ticket.caller),
        dialled=ticket.dialled,
        queue=ticket.queue,
        agent_id=ticket.agent_id,
        arrived_at=ticket.arrived_at,
        answered_at=ticket.answered_at,
        call_ended_at=ticket.call_ended_at,
        title=ticket.title,
        topic=ticket.topic,
        rating=view.call.rating,
        recording_id=recording.id if recording else None,
        recording_state=recording.state if recording else None,
    )


def ticket_answer(view: TicketView, caller: str) -> TicketAnswer:
    """A whole ticket for the API, with the caller's number as the reader may see it."""
    ticket = view.ticket
    return TicketAnswer(
        id=ticket.id,
        version=ticket.version,
        state=ticket.state,
        source=ticket.source,
        call_id=UUID(ticket.call_id),
        caller=caller,
        dialled=ticket.dialled,
        queue=ticket.queue,
        agent_id=ticket.agent_id,
        citizen_name=ticket.citizen_name,
        title=ticket.title,
        body=ticket.body,
        topic=ticket.topic,
        place=ticket.place,
        opened_at=ticket.opened_at,
        updated_at=ticket.updated_at,
        call_ended_at=ticket.call_ended_at,
        call=_call_answer(view),
        recording=recording_answer(view.recording) if view.recording else None,
    )


def _call_answer(view: TicketView) -> CallAnswer:
    ticket, call = view.ticket, view.call
    return CallAnswer(
        arrived_at=ticket.arrived_at,
        notice_at=call.notice_at,
        queued_at=call.queued_at,
        answered_at=ticket.answered_at,
        talk_ended_at=call.talk_ended_at,
        ended_at=call.ended_at,
        used_fallback=call.used_fallback,
        rating=call.rating,
    )
