"""Words for what happens inside a talk: shared by events, commands, facts and the API. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class TalkAction(StrEnum):
    """What an agent may ask for in his call."""

    HOLD = "hold"
    RESUME = "resume"
    MUTE = "mute"
    UNMUTE = "unmute"
    TRANSFER = "transfer"
    CONSULT = "consult"
    COMPLETE = "complete"
    CANCEL = "cancel"
    CONFERENCE = "conference"
    RECORD_PAUSE = "record_pause"
    RECORD_RESUME = "record_resume"
    HANG_UP = "hang_up"
    EMERGENCY = "emergency"


class SegmentKind(StrEnum):
    """Who the citizen talks to in one part of the call."""

    AGENT = "agent"
    OUTSIDE = "outside"
    EMERGENCY = "emergency"


class MarkKind(StrEnum):
    """What is marked on the call's time line."""

    HOLD = "hold"
    CONSULT = "consult"
    MUTE = "mute"
    RECORD_PAUSE = "record_pause"
    WARNING = "warning"
    """Before a protected disconnect."""


class Sound(StrEnum):
    """What is switched on a leg without moving it."""

    MUTE = "mute"
    """Nobody hears the leg."""
    UNMUTE = "unmute"
    RECORD_PAUSE = "record_pause"
    """Silence is recorded instead of both voices."""
    RECORD_RESUME = "record_resume"


@dataclass(frozen=True, slots=True)
class Leg:
    """One channel and the extension of the dialplan that it is sent to."""

    channel: str
    context: str
    exten: str
