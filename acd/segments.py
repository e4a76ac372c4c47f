"""Segments and marks: who talked to the citizen when, and where that is in the recording. Pure."""

from acd.model import Call, Decision
from acd.talk_model import Segment, recorded
from core.facts import SegmentEnded, SegmentStarted, TalkMarked
from core.talk import MarkKind, SegmentKind
from core.vocabulary import AgentId, Seconds


def bridged(call: Call, at: Seconds) -> None:
    """The citizen is connected: from here on the recording grows."""
    if call.talk.recording_since is None:
        call.talk.recording_since = at


def unbridged(call: Call, at: Seconds) -> None:
    """The citizen hears music, or is gone."""
    call.talk.recorded = recorded(call.talk, at)
    call.talk.recording_since = None


def begin(
    call: Call,
    kind: SegmentKind,
    agent_id: AgentId | None,
    phone: str,
    began: str,
    out: Decision,
    at: Seconds,
) -> None:
    """Somebody joined the citizen's talk."""
    talk = call.talk
    talk.segments += 1
    talk.open.append(Segment(talk.segments, kind, agent_id, at))
    out.facts.append(
        SegmentStarted(call.call_id, talk.segments, kind, agent_id, phone, began, recorded(talk, at), at)
    )


def end(call: Call, segment: Segment, ended: str, out: Decision, at: Seconds) -> None:
    """He left it."""
    call.talk.open.remove(segment)
    lasted = max(0.0, at - segment.started_at)
    out.facts.append(
        SegmentEnded(
            call.call_id,
            segment.number,
            segment.kind,
            segment.agent_id,
            ended,
            recorded(call.talk, at),
            lasted,
            at,
        )
    )


def end_agent(call: Call, agent_id: AgentId | None, ended: str, out: Decision, at: Seconds) -> None:
    """One agent left it."""
    for segment in [s for s in call.talk.open if s.kind is SegmentKind.AGENT and s.agent_id == agent_id]:
        end(call, segment, ended, out, at)


def end_outside(call: Call, ended: str, out: Decision, at: Seconds) -> None:
    """Whoever was outside left it."""
    for segment in [s for s in call.talk.open if s.kind is not SegmentKind.AGENT]:
        end(call, segment, ended, out, at)


def end_all(call: Call, ended: str, out: Decision, at: Seconds) -> None:
    """The talk is over for everybody."""
    for segment in list(call.talk.open):
        end(call, segment, ended, out, at)
    for kind in list(call.talk.marks):
        unmark(call, kind, out, at)
    unbridged(call, at)


def mark(call: Call, kind: MarkKind, out: Decision, at: Seconds) -> None:
    """Something that is marked on the time line begins."""
    if kind not in call.talk.marks:
        call.talk.marks[kind] = at
        out.facts.append(TalkMarked(call.call_id, kind, call.agent_id, at, None, recorded(call.talk, at)))


def unmark(call: Call, kind: MarkKind, out: Decision, at: Seconds) -> None:
    """It ends, if it was on."""
    since = call.talk.marks.pop(kind, None)
    if since is not None:
        out.facts.append(
            TalkMarked(call.call_id, kind, call.agent_id, since, max(at, since), recorded(call.talk, at))
        )
