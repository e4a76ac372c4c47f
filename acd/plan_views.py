"""What the API about the plan takes and gives."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from acd.plan_document import Digits, LineDocument, Name, PlanDocument, QueueDocument, QueueKey, Title
from core.api import ApiModel

LATEST = 2**31 - 1


class PlanAnswer(ApiModel):
    """The whole plan and its version, which is also the ETag."""

    version: int
    plan: PlanDocument


class QueuePath(ApiModel):
    """Names one queue."""

    name: QueueKey


class LinePath(ApiModel):
    """Names one dialled number."""

    number: Digits


class NamePath(ApiModel):
    """Names a skill or a certificate."""

    name: Name


class QueueAnswer(ApiModel):
    """One queue; the ETag is the version of the plan in which it was last changed."""

    name: str
    changed_in: int
    queue: QueueDocument


class QueueAnswers(ApiModel):
    """Every queue, by name."""

    version: int
    items: list[QueueAnswer]


class NewQueueBody(ApiModel):
    """A new queue."""

    name: QueueKey
    queue: QueueDocument


class LineAnswer(ApiModel):
    """One line; the ETag is the version of the plan in which it was last changed."""

    number: str
    changed_in: int
    line: LineDocument


class LineAnswers(ApiModel):
    """Every line, by number."""

    version: int
    items: list[LineAnswer]


class NewLineBody(ApiModel):
    """A new line."""

    number: Digits
    line: LineDocument


class TitleBody(ApiModel):
    """What a skill or certificate is called."""

    title: Title


class ImportQuery(ApiModel):
    """How to import."""

    dry_run: bool = False
    """Say what would change, change nothing."""


class ImportBody(ApiModel):
    """The text of a TOML file with a whole plan."""

    toml: Annotated[str, Field(min_length=1, max_length=200_000)]


class ChangeAnswer(ApiModel):
    """One object that differs; ``null``: it was not there, or is not any more."""

    action: str
    name: str
    before: Any
    after: Any


class ImportAnswer(ApiModel):
    """What an import changed, or would change."""

    version: int
    dry_run: bool
    changes: list[ChangeAnswer]


class ExportAnswer(ApiModel):
    """The plan as the text of a TOML file."""

    version: int
    toml: str


class VersionsQuery(ApiModel):
    """A page of the history."""

    cursor: Annotated[int, Field(ge=1, le=LATEST)] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class VersionAnswer(ApiModel):
    """One version of the plan."""

    version: int
    actor: str
    cause: str
    at: datetime


class VersionAnswers(ApiModel):
    """A page of the history, newest first."""

    items: list[VersionAnswer]
    next_cursor: int | None


class VersionPath(ApiModel):
    """Names one version."""

    version: Annotated[int, Field(ge=1, le=LATEST)]
