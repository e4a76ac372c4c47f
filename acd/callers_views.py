"""What the API about caller lists takes and gives; the rules for every field stand here."""

from datetime import UTC, datetime
from typing import Annotated, Self
from uuid import UUID

from asyncpg import Record
from pydantic import AwareDatetime, Field, model_validator

from acd.caller_lists import EntryState, ReasonCode, Standing, present_state
from core.api import ApiModel
from core.callers import ListKind
from core.masking import mask_number
from core.vocabulary import AgentId, Seconds

RowId = Annotated[int, Field(ge=1, le=2**63 - 1)]
Note = Annotated[str, Field(min_length=1, max_length=500)]
Cursor = Annotated[str, Field(pattern=r"^[0-9]{1,18}$")]

SHORTEST_NUMBER = 5
"""Digits of a whole number; shorter ones are prefixes."""


class ProposalBody(ApiModel):
    """A caller, or with ``prefix`` every number that begins so, for a list. It ends by itself."""

    number: Annotated[str, Field(pattern=r"^[0-9]{3,20}$")]
    prefix: bool = False
    kind: ListKind
    low_priority: bool = False
    reason_code: ReasonCode
    reason: Note
    evidence_calls: Annotated[list[UUID], Field(max_length=50, default_factory=list)]
    evidence_tickets: Annotated[list[RowId], Field(max_length=50, default_factory=list)]
    expires_at: AwareDatetime

    @model_validator(mode="after")
    def _a_whole_number_is_long_enough(self) -> Self:
        if not self.prefix and len(self.number) < SHORTEST_NUMBER:
            raise ValueError(f"number: a whole number has at least {SHORTEST_NUMBER} digits")
        return self


class DecisionBody(ApiModel):
    """What the second person decides about a proposal."""

    approve: bool
    note: Note


class JudgementBody(ApiModel):
    """What a third person decides about an appeal."""

    lift: bool
    note: Note


class NoteBody(ApiModel):
    """Why."""

    note: Note


class EntryPath(ApiModel):
    """Names one entry."""

    entry_id: RowId


class EntryQuery(ApiModel):
    """What to list, newest first."""

    state: EntryState | None = None
    kind: ListKind | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class EntryAnswer(ApiModel):
    """An entry; ``number`` is masked in lists. Accounts are ids, times UTC."""

    id: int
    number: str
    prefix: bool
    kind: ListKind
    low_priority: bool
    state: EntryState
    reason_code: ReasonCode
    reason: str
    evidence_calls: list[UUID]
    evidence_tickets: list[int]
    expires_at: datetime
    proposed_by: int
    proposed_at: datetime
    decided_by: int | None
    decided_at: datetime | None
    decision_note: str
    appealed_by: int | None
    appealed_at: datetime | None
    appeal_note: str
    judged_by: int | None
    judged_at: datetime | None
    judgement_note: str
    ended_at: datetime | None


class EntryPage(ApiModel):
    """A page of entries; ``next_cursor`` is ``null`` on the last one."""

    items: list[EntryAnswer]
    next_cursor: str | None


def standing(row: Record) -> Standing:
    """What the rules need to know of a row."""
    people = {name: row[name] for name in ("decided_by", "appealed_by")}
    return Standing(
        EntryState(row["state"]),
        row["ends"],
        AgentId(row["proposed_by"]),
        **{name: None if value is None else AgentId(value) for name, value in people.items()},
    )


def entry_answer(row: Record, now: Seconds, *, full: bool) -> EntryAnswer:
    """An entry as it is at this moment."""
    entry = standing(row)
    state = present_state(entry, now)
    named = {name: row[name] for name in EntryAnswer.model_fields if name != "prefix"}
    if state is EntryState.EXPIRED and row["ended_at"] is None:
        named["ended_at"] = datetime.fromtimestamp(entry.expires_at, UTC)
    number = row["number"] if full else mask_number(row["number"])
    return EntryAnswer.model_validate({**named, "prefix": row["is_prefix"], "state": state, "number": number})
