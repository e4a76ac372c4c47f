"""The closed sets of words that more than one feature uses.

The values are what is stored in PostgreSQL and shown by the API, so they never change once released.
"""

from enum import StrEnum
from typing import NewType

CallId = NewType("CallId", str)
"""UUID of a call in canonical lower-case form; made by the dialplan, carried in the channel's accountcode."""

AgentId = NewType("AgentId", int)
"""Primary key of an account that can take calls."""

Phone = NewType("Phone", str)
"""Number of an agent's phone (digits), which is also the name of its PJSIP endpoint."""

QueueName = NewType("QueueName", str)
"""Short name of a queue, ``[a-z0-9_]+``."""

SkillName = NewType("SkillName", str)
"""Short name of a skill (dialect, language, topic), ``[a-z0-9_]+``."""

CertificateName = NewType("CertificateName", str)
"""Short name of a certificate, ``[a-z0-9_]+``."""

OfferId = NewType("OfferId", int)
"""Number of one attempt to connect a call to an agent; never reused, also not across restarts."""

Seconds = float
"""A duration in seconds, or a moment as seconds since the Unix epoch on Asterisk's clock."""


class AgentState(StrEnum):
    """What an agent is doing; the transitions are the table in ``agents.rules``."""

    OFFLINE = "OFFLINE"
    READY = "READY"
    RINGING = "RINGING"
    TALKING = "TALKING"
    WRAP_UP = "WRAP_UP"
    BREAK = "BREAK"
    STRESS_ROOM = "STRESS_ROOM"
    NOT_RESPONDING = "NOT_RESPONDING"
    OUTBOUND = "OUTBOUND"


class Outcome(StrEnum):
    """How an offered call ended; every offered call gets exactly one."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    OVERFLOWED = "overflowed"
    CALLED_BACK = "called_back"
    FAILED = "failed"


class Direction(StrEnum):
    """Who called whom."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class AbandonStage(StrEnum):
    """Where a caller was when he gave up."""

    ANNOUNCEMENT = "announcement"
    WAITING = "waiting"
    RINGING = "ringing"


class OfferResult(StrEnum):
    """How one offer of a call to an agent's phone ended."""

    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    CALLER_LEFT = "caller_left"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"


class Language(StrEnum):
    """Languages that prompts are spoken in."""

    CHINESE = "zh"
    ENGLISH = "en"
