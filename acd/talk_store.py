"""Rows of what happens inside talks: facts into statements for the writer, and what a restart needs back."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from asyncpg import Record

from acd.model import Call, State
from acd.phases import Phase
from acd.talk_model import Segment
from core.facts import (
    CallMoved,
    EmergencyCalled,
    EmergencyOver,
    EmergencyReached,
    Fact,
    SegmentEnded,
    SegmentStarted,
    TalkMarked,
)
from core.ports import Writer
from core.talk import MarkKind, SegmentKind
from core.vocabulary import AgentId, CallId, Phone, Seconds
from db import queries
from db.pool import Database

Row = Record | Mapping[str, Any]

SQL = queries.load(Path(__file__).with_name("talks.sql"))


class TalkStore:
    """Writes facts through the ordered writer, reads through the pool."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    def record(self, fact: Fact) -> None:
        """Queue the rows that a fact leads to; never blocks."""
        match fact:
            case SegmentStarted():
                self._segment_started(fact)
            case SegmentEnded():
                self._submit("segment_ended", fact.call_id, fact.number, fact.ended, fact.at, fact.record_at)
            case TalkMarked():
                self._marked(fact)
            case CallMoved():
                self._submit("call_moved", fact.call_id, fact.queue)
            case EmergencyCalled():
                self._emergency(fact)
            case EmergencyReached():
                self._submit("emergency_reached", fact.call_id, fact.number, fact.at)
            case EmergencyOver():
                self._submit("emergency_over", fact.call_id, fact.number, fact.at)
            case _:
                pass

    def _segment_started(self, fact: SegmentStarted) -> None:
        self._submit(
            "segment_started",
            fact.call_id,
            fact.number,
            fact.kind,
            fact.agent_id,
            fact.phone,
            fact.began,
            fact.at,
            fact.record_at,
        )

    def _marked(self, fact: TalkMarked) -> None:
        key = (fact.call_id, fact.kind, fact.started_at)
        if fact.ended_at is None:
            self._submit("mark_began", *key, fact.agent_id, fact.record_at)
        else:
            self._submit("mark_ended", *key, fact.ended_at, fact.record_at)

    def _emergency(self, fact: EmergencyCalled) -> None:
        self._submit(
            "emergency_called", fact.call_id, fact.number, fact.service, fact.note, fact.agent_id, fact.at
        )

    def _submit(self, name: str, *args: object) -> None:
        self._writer.submit(SQL[name], *args)

    async def open_talks(self) -> list[Record]:
        """The segments of calls without an outcome, by call and number."""
        return await self._database.fetch(SQL["open_talks"])

    async def open_marks(self) -> list[Record]:
        """The marks of calls without an outcome, by call and time."""
        return await self._database.fetch(SQL["open_marks"])


def restore(state: State, rows: Iterable[Row], marks: Iterable[Row] = ()) -> None:
    """Give restored calls their segments and marks back.

    Whose talk it is, the latest open segment of an agent says. Where the recording was, the latest of all
    beginnings and ends says; whether it goes on, the first picture.
    """
    latest: dict[CallId, tuple[Seconds, Seconds, bool]] = {}
    for row in rows:
        call = state.calls.get(CallId(row["call_id"]))
        if call is not None:
            _restore_segment(state, call, row)
            _note(latest, call.call_id, row, grows=True)
    for row in marks:
        call = state.calls.get(CallId(row["call_id"]))
        if call is not None:
            kind = MarkKind(row["kind"])
            if row["ended_at"] is None:
                call.talk.marks[kind] = row["started_at"]
            if kind in MUSIC:
                _note(latest, call.call_id, row, grows=False)
    for call_id, (at, place, grows) in latest.items():
        talk = state.calls[call_id].talk
        _nobodys(state, state.calls[call_id])
        talk.recorded, talk.recording_since = place, at if grows and talk.open else None


MUSIC = (MarkKind.HOLD, MarkKind.CONSULT)
"""While these are on, nothing is recorded."""


def _note(
    latest: dict[CallId, tuple[Seconds, Seconds, bool]], call_id: CallId, row: Row, *, grows: bool
) -> None:
    """Keep the newest moment of which the place in the recording is known; of two at once the later told."""
    moment = (row["started_at"], row["record_from"], grows)
    if row["ended_at"] is not None:
        moment = (row["ended_at"], row["record_to"], True)
    if moment[0] >= latest.get(call_id, (0.0, 0.0, False))[0]:
        latest[call_id] = moment


def _restore_segment(state: State, call: Call, row: Row) -> None:
    talk, kind = call.talk, SegmentKind(row["kind"])
    talk.segments, talk.emergencies = row["number"], row["emergencies"]
    if row["ended_at"] is not None:
        talk.ended_at = max(talk.ended_at or 0.0, row["ended_at"])
        return
    agent_id = AgentId(row["agent_id"]) if row["agent_id"] is not None else None
    talk.open.append(Segment(row["number"], kind, agent_id, row["started_at"]))
    if call.phase is Phase.AFTER:
        call.phase = Phase.TALKING  # a talk broke as it began, and there was a second one
    if kind is SegmentKind.AGENT and call.phase is Phase.TALKING:
        call.talking_since = row["started_at"]  # the journal may tell of an earlier talk of the same phone
        _hold(state, call, agent_id, Phone(row["phone"]))


def _nobodys(state: State, call: Call) -> None:
    """The agent whom the call's row names has left: the citizen talks to somebody outside, or waits again."""
    if call.phase is not Phase.TALKING or any(s.kind is SegmentKind.AGENT for s in call.talk.open):
        return
    before = state.agents.get(call.agent_id) if call.agent_id is not None else None
    if before is not None and before.call_id == call.call_id:
        before.call_id = None
    call.agent_id = call.phone = None
    if not call.talk.open:
        call.phase = Phase.UNCERTAIN


def _hold(state: State, call: Call, agent_id: AgentId | None, phone: Phone) -> None:
    before = state.agents.get(call.agent_id) if call.agent_id is not None else None
    if before is not None and before.call_id == call.call_id and before.agent_id != agent_id:
        before.call_id = None
    call.agent_id, call.phone = agent_id, phone
    agent = state.agents.get(agent_id) if agent_id is not None else None
    if agent is not None:
        agent.call_id = call.call_id
