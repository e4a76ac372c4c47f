"""What goes on inside a talk, as one literal table, and what is remembered of it. Pure.

A call in ``Phase.TALKING`` has one of these states. An input that the table does not have for the state is
refused when an agent asks for it, and old news when Asterisk tells it. Segments are counted over the whole
call, however often it goes back to a queue; the rest begins anew with each talk.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from core.talk import MarkKind, SegmentKind
from core.vocabulary import AgentId, Phone, Seconds


class TalkState(StrEnum):
    """Who hears whom."""

    CONNECTED = "connected"
    """The citizen and one agent."""
    HELD = "held"
    """The citizen hears music, the agent's leg waits."""
    ASKING = "asking"
    """The citizen hears music, the agent's leg rings somebody."""
    CONSULTING = "consulting"
    """The citizen hears music, the agent talks to somebody else."""
    CONFERENCE = "conference"
    """Three; the third may still be ringing (emergency)."""
    OUTSIDE = "outside"
    """The citizen and somebody outside, or the one who rings there; no agent."""


class TalkInput(StrEnum):
    """What changes it."""

    HOLD = "hold"
    RESUME = "resume"
    CONSULT = "consult"
    CANCEL = "cancel"
    CONFER = "confer"
    CALL_IN = "call_in"
    """An emergency service is brought in."""
    GIVE = "give"
    """The agent leaves the citizen to a colleague who is in the call already."""
    GIVE_OUT = "give_out"
    """The agent leaves the citizen to somebody outside."""
    THIRD_ANSWERED = "third_answered"
    THIRD_LEFT = "third_left"


S, I = TalkState, TalkInput  # noqa: E741 - the table is read as a picture

TRANSITIONS: dict[tuple[TalkState, TalkInput], TalkState] = {
    (S.CONNECTED, I.HOLD): S.HELD,
    (S.HELD, I.RESUME): S.CONNECTED,
    (S.CONNECTED, I.CONSULT): S.ASKING,
    (S.HELD, I.CONSULT): S.ASKING,
    (S.ASKING, I.THIRD_ANSWERED): S.CONSULTING,
    # Nobody answered, or he has hung up: the agent takes the citizen back when he is ready to.
    (S.ASKING, I.THIRD_LEFT): S.HELD,
    (S.CONSULTING, I.THIRD_LEFT): S.HELD,
    (S.ASKING, I.CANCEL): S.CONNECTED,
    (S.CONSULTING, I.CANCEL): S.CONNECTED,
    (S.CONSULTING, I.CONFER): S.CONFERENCE,
    (S.CONSULTING, I.GIVE): S.CONNECTED,
    (S.CONSULTING, I.GIVE_OUT): S.OUTSIDE,
    # Without asking before: a blind transfer.
    (S.CONNECTED, I.GIVE_OUT): S.OUTSIDE,
    (S.HELD, I.GIVE_OUT): S.OUTSIDE,
    (S.OUTSIDE, I.THIRD_ANSWERED): S.OUTSIDE,
    # Nobody is put on hold in an emergency.
    (S.CONNECTED, I.CALL_IN): S.CONFERENCE,
    (S.HELD, I.CALL_IN): S.CONFERENCE,
    (S.CONFERENCE, I.THIRD_ANSWERED): S.CONFERENCE,
    (S.CONFERENCE, I.THIRD_LEFT): S.CONNECTED,
    (S.CONFERENCE, I.CANCEL): S.CONNECTED,
    (S.CONFERENCE, I.GIVE): S.CONNECTED,
    (S.CONFERENCE, I.GIVE_OUT): S.OUTSIDE,
}

AGENT_AWAY = frozenset({S.HELD, S.ASKING, S.CONSULTING})
"""The citizen hears music; should the agent's leg end now, the dialplan takes him back to the queue."""


def next_talk(state: TalkState, given: TalkInput) -> TalkState | None:
    """The state that ``given`` leads to, ``None`` when the pair is not in the table."""
    return TRANSITIONS.get((state, given))


@dataclass(slots=True)
class Third:
    """Whom the agent has called into his talk."""

    kind: SegmentKind
    phone: Phone | None = None
    """A colleague's phone, ``None``: somebody outside."""
    agent_id: AgentId | None = None
    number: str = ""
    """Somebody outside."""
    channel: str = ""
    answered_at: Seconds | None = None
    began: str = "consult"
    """What his segment begins with, should he get one."""
    emergency: int = 0
    """Number of the emergency within the call, 0: none."""


@dataclass(slots=True)
class Segment:
    """One party's part of the citizen's talk that is not over."""

    number: int
    kind: SegmentKind
    agent_id: AgentId | None
    started_at: Seconds


@dataclass(slots=True)
class Talk:
    """The sub-state of a call."""

    state: TalkState = TalkState.CONNECTED
    third: Third | None = None
    open: list[Segment] = field(default_factory=list)
    segments: int = 0
    """How many there have been."""
    emergencies: int = 0
    began: str = "answered"
    """How the next agent's segment begins."""
    moves: int = 0
    """Which move of legs was the latest."""
    before: TalkState = TalkState.CONNECTED
    """What to go back to when that move fails."""
    moved_at: Seconds = 0.0
    """When it was ordered: for a moment a picture may still show what was before."""
    marks: dict[MarkKind, Seconds] = field(default_factory=dict)
    """Marks that are open, and since when."""
    paused_until: Seconds | None = None
    """When the recording goes on by itself."""
    recorded: Seconds = 0.0
    """Length of the recording up to ``recording_since``."""
    recording_since: Seconds | None = None
    """Since when both are in a bridge; nothing is written while the citizen hears music."""
    ended_at: Seconds | None = None
    """When the latest talk of a call that went back to a queue ended."""


def recorded(talk: Talk, at: Seconds) -> Seconds:
    """Place in the recording at a moment, in seconds from its beginning; true to some hundredths."""
    running = 0.0 if talk.recording_since is None else max(0.0, at - talk.recording_since)
    return talk.recorded + running
