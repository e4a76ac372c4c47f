"""Reads a scenario from TOML; whatever is wrong is said with file, field and rule."""

import json
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from acd import plan_file
from acd.plan_document import PlanDocument
from acd.plan_rules import PlanRefused, problems
from acd.plan_values import routing_plan
from core.errors import InvalidInput
from core.plan import RoutingPlan
from core.vocabulary import CertificateName, QueueName, Seconds, SkillName
from hotline.simulate.documents import (
    AgentsDocument,
    CallersDocument,
    ScenarioDocument,
    ShiftDocument,
)
from hotline.simulate.erlang import Target
from hotline.simulate.scenario import HALF_HOUR, Break, Callers, Demand, Habits, Scenario, Shift

PROFILES = Path(__file__).parent / "profiles"
VERSION = 1
KINDS = frozenset({"constant", "exponential", "lognormal", "empirical", "never"})
"""Tags that pydantic puts into the place of an error; they are no fields."""
WORDS = {"extra_forbidden": "no such field", "missing": "is required"}


def find(name: str) -> Path:
    """The file, or the example of this name that ships with the hotline.

    Raises:
        InvalidInput: there is neither.
    """
    path, example = Path(name), PROFILES / f"{name}.toml"
    if path.is_file():
        return path
    if path.name == name and example.is_file():
        return example
    known = ", ".join(sorted(shipped.stem for shipped in PROFILES.glob("*.toml")))
    raise InvalidInput(f"{name}: no such file, nor an example (there are: {known})", field="scenario")


def load(path: Path) -> Scenario:
    """The scenario that a file describes.

    Raises:
        InvalidInput: it cannot be read, or breaks rules; one line for each.
    """
    document = _read(path)
    plan_document = _plan(path, document)
    found = list(_problems(document, plan_document))
    if found:
        raise _refusal(path, found)
    return _scenario(document, routing_plan(plan_document, VERSION))


def _read(path: Path) -> ScenarioDocument:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise _refusal(path, [("toml", f"cannot be read: {error}")]) from error
    try:
        return ScenarioDocument.model_validate_json(json.dumps(values, default=str), strict=True)
    except ValidationError as error:
        raise _refusal(path, _from_pydantic(error)) from error


def _from_pydantic(error: ValidationError) -> list[tuple[str, str]]:
    return [
        (
            ".".join(str(part) for part in item["loc"] if part not in KINDS) or "scenario",
            WORDS.get(item["type"], item["msg"].removeprefix("Value error, ")),
        )
        for item in error.errors(include_url=False, include_input=False, include_context=False)
    ]


def _refusal(path: Path, found: list[tuple[str, str]]) -> InvalidInput:
    lines = [f"{path}: {field}: {rule}" for field, rule in found]
    return InvalidInput("\n".join(lines), field=found[0][0])


def _plan(path: Path, document: ScenarioDocument) -> PlanDocument:
    if document.plan is not None:
        found = problems(document.plan)
        if found:
            raise _refusal(path, [(f"plan.{problem.field}", problem.rule) for problem in found])
        return document.plan
    other = path.parent / (document.plan_file or "")
    try:
        return plan_file.read(other.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise _refusal(path, [("plan_file", f"{other} cannot be read: {error}")]) from error
    except PlanRefused as error:
        raise _refusal(other, [(problem.field, problem.rule) for problem in error.problems]) from error


def _problems(document: ScenarioDocument, plan: PlanDocument) -> Iterator[tuple[str, str]]:
    """Rules that join several values."""
    slots = (clock(document.end) - clock(document.start)) / HALF_HOUR
    if slots <= 0 or slots != int(slots):
        yield "end", "must lie a whole number of half hours after start"
        return
    for number, demand in enumerate(document.demand):
        if len(demand.calls) != slots:
            span = f"one for each half hour from {document.start} to {document.end}"
            rule = f"must have {slots:.0f} numbers, {span}; it has {len(demand.calls)}"
            yield f"demand.{number}.calls", rule
    for number, shift in enumerate(document.shift):
        yield from _shift_problems(f"shift.{number}", shift, plan)


def _shift_problems(where: str, shift: ShiftDocument, plan: PlanDocument) -> Iterator[tuple[str, str]]:
    for field, names, known in (
        ("queues", shift.queues, plan.queues),
        ("skills", shift.skills, plan.skills),
        ("certificates", shift.certificates, plan.certificates),
    ):
        for name in names:
            if name not in known:
                yield f"{where}.{field}", f"{name} is not in the plan"
    for place, pause in enumerate(shift.breaks):
        span = clock(pause.closes) - clock(pause.opens)
        if span + (86_400 if span < 0 else 0) < pause.minutes * 60:
            yield f"{where}.breaks.{place}.minutes", "must fit between opens and closes"


def clock(text: str) -> Seconds:
    """Seconds after midnight of ``HH:MM``."""
    hours, minutes = text.split(":")
    return int(hours) * 3600.0 + int(minutes) * 60.0


def _scenario(document: ScenarioDocument, plan: RoutingPlan) -> Scenario:
    midnight = datetime.combine(document.date, time(), ZoneInfo(document.zone)).timestamp()
    return Scenario(
        title=document.title,
        plan=plan,
        demand=tuple(
            Demand(demand.dialled, tuple(demand.calls), _callers(demand.callers or document.callers))
            for demand in document.demand
        ),
        shifts=tuple(_shift(shift) for shift in document.shift),
        habits=_habits(document.agents),
        midnight=midnight,
        start=clock(document.start),
        end=clock(document.end),
        notice=document.notice_seconds,
        day_cv=document.day_cv,
        target=Target(
            document.target.level,
            plan.rules(plan.default_queue).service_level_seconds,
            document.target.abandoned,
        ),
    )


def _callers(document: CallersDocument) -> Callers:
    return Callers(
        talk=document.talk.value(),
        patience=document.patience.value(),
        redial_share=document.redial_share,
        redial_after=document.redial_after.value(),
        takes_call_back=document.takes_call_back,
        answers_call_back=document.answers_call_back,
    )


def _habits(document: AgentsDocument) -> Habits:
    return Habits(
        ring=document.ring.value(),
        no_answer=document.no_answer,
        return_after=document.return_after.value(),
        wrap_up=document.wrap_up.value() if document.wrap_up is not None else None,
        stress_share=document.stress_share,
        stress_stay=document.stress_stay.value(),
    )


def _shift(document: ShiftDocument) -> Shift:
    return Shift(
        name=document.name,
        agents=document.agents,
        start=clock(document.start),
        end=clock(document.end),
        queues=tuple(QueueName(name) for name in document.queues),
        skills={SkillName(name): level for name, level in document.skills.items()},
        certificates=tuple(CertificateName(name) for name in document.certificates),
        breaks=tuple(
            Break(clock(pause.opens), clock(pause.closes), pause.minutes * 60) for pause in document.breaks
        ),
    )


def label(scenario: Scenario, slot: int) -> str:
    """The time of the day at which a half hour begins."""
    moment = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=scenario.start + slot * HALF_HOUR)
    return f"{moment:%H:%M}"
