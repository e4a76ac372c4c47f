"""The plan as people write it: bodies of the API, the TOML file and the rows have this one shape.

Every rule about a single value stands here; rules that join several are in ``acd.plan_rules``. Conversion to
and from what the engine decides by is in ``acd.plan_values``.
"""

import re
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, model_validator

from core.api import ApiModel
from core.plan import EmptyPolicy, Priority, Relief, Strategy

MINUTES_A_DAY = 1440

NAME = r"^[a-z0-9_]{1,40}$"
SPAN = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")


class Weekday(StrEnum):
    """Days of the week, Monday first."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("is not a known time zone, such as Asia/Shanghai") from error
    return value


def span_minutes(value: str) -> tuple[int, int]:
    """Minutes of the day at which a slot like ``08:30-12:00`` begins and ends.

    Raises:
        ValueError: it is not written like this, goes backwards, or leaves the day (24:00 is its end).
    """
    match = SPAN.fullmatch(value)
    if match is None:
        raise ValueError("must be written like 08:30-12:00")
    opens, closes = (int(hour) * 60 + int(minute) for hour, minute in (match.group(1, 2), match.group(3, 4)))
    if closes > MINUTES_A_DAY:
        raise ValueError("must not go beyond 24:00")
    if opens >= closes:
        raise ValueError("must end after it begins; a night is two slots, to 24:00 and from 00:00")
    return opens, closes


def _span(value: str) -> str:
    span_minutes(value)
    return value


def _not_reserved(value: str) -> str:
    if value == "general":
        raise ValueError("is a word of Asterisk's own")
    return value


Name = Annotated[str, Field(pattern=NAME)]
QueueKey = Annotated[str, Field(pattern=NAME), AfterValidator(_not_reserved)]
Digits = Annotated[str, Field(pattern=r"^[0-9]{2,20}$")]
Title = Annotated[str, Field(max_length=80, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
PromptName = Annotated[str, Field(pattern=r"^[a-z0-9_]{0,40}$")]
MusicClass = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
Level = Annotated[int, Field(ge=1, le=5)]
Span = Annotated[str, Field(max_length=11), AfterValidator(_span)]
Duration = Annotated[float, Field(ge=0, le=86_400)]
Days = Annotated[float, Field(ge=0, le=30 * 86_400)]

ElseTo = Literal[Relief.STAY, Relief.CALL_BACK, Relief.VOICEMAIL, Relief.MESSAGE]
"""Where a call may go that its queue does not take; to another queue only by an overflow rule."""

OverflowTo = Literal[Relief.QUEUE, Relief.CALL_BACK, Relief.VOICEMAIL, Relief.MESSAGE]


class NeedStepDocument(ApiModel):
    """What a call needs of an agent from ``after`` seconds of waiting on."""

    after: Duration
    skills: Annotated[dict[Name, Level], Field(max_length=20)] = Field(default_factory=dict)


class HoursDocument(ApiModel):
    """When a queue is open, in local time."""

    zone: Annotated[str, Field(max_length=60), AfterValidator(_zone)] = "Asia/Shanghai"
    week: dict[Weekday, Annotated[list[Span], Field(max_length=12)]]
    closed_days: Annotated[list[date], Field(max_length=400)] = Field(default_factory=list)
    extra_days: Annotated[dict[date, Weekday], Field(max_length=400)] = Field(default_factory=dict)
    """Make-up workdays: the day, and the weekday whose hours hold on it."""

    @model_validator(mode="after")
    def _slots_are_apart(self) -> Self:
        for day, spans in self.week.items():
            minutes = sorted(span_minutes(span) for span in spans)
            if any(later[0] < earlier[1] for earlier, later in pairwise(minutes)):
                raise ValueError(f"two slots of {day} overlap")
        return self


class OverflowDocument(ApiModel):
    """One way out of a queue; every condition that is given must hold."""

    to: OverflowTo
    queue: QueueKey | None = None
    after_wait: Duration | None = None
    longer_than: Annotated[int, Field(ge=0, le=100_000)] | None = None
    expected_over: Duration | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if (self.to is Relief.QUEUE) != (self.queue is not None):
            raise ValueError("queue must be named if, and only if, to is queue")
        if self.after_wait is None and self.longer_than is None and self.expected_over is None:
            raise ValueError("one of after_wait, longer_than, expected_over must be given")
        return self


class CallBackDocument(ApiModel):
    """When and how callers are offered to be called back; seconds."""

    offer_above: Duration = 120.0
    tries: Annotated[int, Field(ge=1, le=20)] = 3
    retry_after: Annotated[float, Field(ge=1, le=86_400)] = 900.0
    expires_after: Annotated[float, Field(ge=1, le=7 * 86_400)] = 86_400.0


class QueueDocument(ApiModel):
    """The rules of one queue; ``core.plan.QueueRules`` says what each means."""

    title: Title = ""
    wrap_up_seconds: Annotated[float, Field(ge=0, le=3600)] = 10.0
    wrap_up_step_seconds: Annotated[float, Field(ge=1, le=600)] = 60.0
    wrap_up_extensions: Annotated[int, Field(ge=0, le=20)] = 3
    ring_seconds: Annotated[int, Field(ge=3, le=120)] = 15
    service_level_seconds: Annotated[float, Field(ge=1, le=600)] = 15.0
    strategy: Strategy = Strategy.LONGEST_IDLE
    last_agent_within: Days = 0.0
    last_agent_hold: Annotated[float, Field(ge=0, le=3600)] = 0.0
    certificate: Name | None = None
    needs: Annotated[list[NeedStepDocument], Field(max_length=10)] = Field(default_factory=list)
    priority: Priority = Priority.NORMAL
    music: MusicClass = "default"
    greeting: PromptName = ""
    max_waiting: Annotated[int, Field(ge=1, le=100_000)] | None = None
    full_to: ElseTo = Relief.MESSAGE
    join_empty: EmptyPolicy = EmptyPolicy.ALLOW
    leave_empty: EmptyPolicy = EmptyPolicy.ALLOW
    empty_to: ElseTo = Relief.MESSAGE
    hours: HoursDocument | None = None
    closed_to: ElseTo = Relief.MESSAGE
    overflow: Annotated[list[OverflowDocument], Field(max_length=20)] = Field(default_factory=list)
    announce_every: Annotated[float, Field(ge=0, le=3600)] = 0.0
    announce_position: bool = True
    announce_wait: bool = True
    call_back: CallBackDocument | None = None
    redial_within: Duration = 0.0


class LineDocument(ApiModel):
    """One dialled number; ``core.plan.Line`` says what each value means."""

    queue: QueueKey
    title: Title = ""
    greeting: PromptName = ""
    priority: Priority | None = None
    needs: Annotated[list[NeedStepDocument], Field(max_length=10)] = Field(default_factory=list)


class PlanDocument(ApiModel):
    """The whole plan."""

    default_queue: QueueKey
    skills: Annotated[dict[Name, Title], Field(max_length=500)] = Field(default_factory=dict)
    """Skill -> title; what calls may need and people may have."""
    certificates: Annotated[dict[Name, Title], Field(max_length=100)] = Field(default_factory=dict)
    queues: Annotated[dict[QueueKey, QueueDocument], Field(min_length=1, max_length=200)]
    lines: Annotated[dict[Digits, LineDocument], Field(max_length=2000)] = Field(default_factory=dict)
