"""A scenario as people write it in TOML: every rule about a single value, with what it means."""

from datetime import date
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, model_validator

from acd.plan_document import PlanDocument
from core.api import ApiModel
from hotline.simulate.distributions import (
    Constant,
    Distribution,
    Empirical,
    Exponential,
    Lognormal,
    Never,
)

Mean = Annotated[float, Field(gt=0, le=86_400)]
Share = Annotated[float, Field(ge=0, le=1)]
Clock = Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
"""Time of the day, ``24:00`` for its end."""
Name = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("is not a known time zone, such as Asia/Shanghai") from error
    return value


class ConstantDocument(ApiModel):
    """Always the same duration; seconds."""

    kind: Literal["constant"]
    mean: Annotated[float, Field(ge=0, le=86_400)]

    def value(self) -> Distribution:
        """As the simulation uses it."""
        return Constant(self.mean)


class ExponentialDocument(ApiModel):
    """Durations without memory; seconds."""

    kind: Literal["exponential"]
    mean: Mean

    def value(self) -> Distribution:
        """As the simulation uses it."""
        return Exponential(self.mean)


class LognormalDocument(ApiModel):
    """Many short durations, some very long; seconds."""

    kind: Literal["lognormal"]
    mean: Mean
    cv: Annotated[float, Field(gt=0, le=10)]
    """Standard deviation divided by mean."""

    def value(self) -> Distribution:
        """As the simulation uses it."""
        return Lognormal(self.mean, self.cv)


class EmpiricalDocument(ApiModel):
    """Measured durations; seconds."""

    kind: Literal["empirical"]
    values: Annotated[list[Annotated[float, Field(ge=0, le=86_400)]], Field(min_length=1, max_length=100_000)]

    def value(self) -> Distribution:
        """As the simulation uses it."""
        return Empirical(tuple(self.values))


class NeverDocument(ApiModel):
    """It does not happen (patience that never ends)."""

    kind: Literal["never"]

    def value(self) -> Distribution:
        """As the simulation uses it."""
        return Never()


Finite = Annotated[
    ConstantDocument | ExponentialDocument | LognormalDocument | EmpiricalDocument,
    Field(discriminator="kind"),
]
Patience = Annotated[
    ConstantDocument | ExponentialDocument | LognormalDocument | EmpiricalDocument | NeverDocument,
    Field(discriminator="kind"),
]


class CallersDocument(ApiModel):
    """How callers behave."""

    talk: Finite
    patience: Patience
    redial_share: Share = 0.0
    redial_after: Finite = ExponentialDocument(kind="exponential", mean=300.0)
    takes_call_back: Share = 0.5
    answers_call_back: Share = 0.9


class AgentsDocument(ApiModel):
    """How agents behave."""

    ring: Finite = ConstantDocument(kind="constant", mean=2.0)
    no_answer: Share = 0.0
    return_after: Finite = ConstantDocument(kind="constant", mean=60.0)
    wrap_up: Finite | None = None
    stress_share: Share = 0.0
    stress_stay: Finite = ConstantDocument(kind="constant", mean=600.0)


class DemandDocument(ApiModel):
    """Calls to one dialled number, per half hour."""

    dialled: Annotated[str, Field(pattern=r"^[0-9]{2,20}$")]
    calls: Annotated[list[Annotated[float, Field(ge=0, le=100_000)]], Field(min_length=1)]
    callers: CallersDocument | None = None


class BreakDocument(ApiModel):
    """A break that everybody of a shift takes once within a span of the day."""

    opens: Clock
    closes: Clock
    minutes: Annotated[float, Field(gt=0, le=240)]


class ShiftDocument(ApiModel):
    """Agents who come and go together."""

    name: Annotated[str, Field(min_length=1, max_length=40)]
    agents: Annotated[int, Field(ge=0, le=5000)]
    start: Clock
    end: Clock
    queues: Annotated[list[Name], Field(max_length=200, default_factory=list)]
    skills: Annotated[
        dict[Name, Annotated[int, Field(ge=1, le=5)]], Field(max_length=500, default_factory=dict)
    ]
    certificates: Annotated[list[Name], Field(max_length=100, default_factory=list)]
    breaks: Annotated[list[BreakDocument], Field(max_length=10, default_factory=list)]


class TargetDocument(ApiModel):
    """What the centre wants to reach; the threshold in seconds is the plan's."""

    level: Annotated[float, Field(gt=0, lt=1)] = 0.80
    abandoned: Annotated[float, Field(gt=0, le=1)] = 0.03


class ScenarioDocument(ApiModel):
    """The whole file."""

    title: Annotated[str, Field(min_length=1, max_length=120)]
    date: date
    zone: Annotated[str, AfterValidator(_zone)] = "Asia/Shanghai"
    start: Clock = "00:00"
    end: Clock = "24:00"
    notice_seconds: Annotated[float, Field(ge=0, le=120)] = 0.0
    day_cv: Annotated[float, Field(ge=0, le=1)] = 0.0
    plan: PlanDocument | None = None
    plan_file: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    """Path of a plan's file, seen from this one, instead of the plan itself."""
    target: TargetDocument = TargetDocument()
    callers: CallersDocument
    agents: AgentsDocument = AgentsDocument()
    demand: Annotated[list[DemandDocument], Field(min_length=1, max_length=200)]
    shift: Annotated[list[ShiftDocument], Field(max_length=200, default_factory=list)]

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if (self.plan is None) == (self.plan_file is None):
            raise ValueError("either plan or plan_file must be given")
        names = [shift.name for shift in self.shift]
        if len(set(names)) < len(names):
            raise ValueError("two shifts have the same name")
        return self
