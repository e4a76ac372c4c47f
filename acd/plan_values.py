"""Between the plan as people write it and the plan as the engine decides by it. Pure."""

from collections.abc import Mapping, Sequence

from acd.plan_document import (
    CallBackDocument,
    HoursDocument,
    LineDocument,
    NeedStepDocument,
    OverflowDocument,
    PlanDocument,
    QueueDocument,
    Weekday,
    span_minutes,
)
from core.plan import (
    CallBackRules,
    Line,
    Need,
    NeedStep,
    OpeningHours,
    OverflowRule,
    QueueRules,
    RoutingPlan,
    Slot,
)
from core.vocabulary import CertificateName, QueueName, SkillName

WEEKDAYS: Mapping[Weekday, int] = {day: number for number, day in enumerate(Weekday)}
"""Monday is 0."""

AS_WRITTEN = (
    "title",
    "wrap_up_seconds",
    "wrap_up_step_seconds",
    "wrap_up_extensions",
    "service_level_seconds",
    "strategy",
    "last_agent_within",
    "last_agent_hold",
    "priority",
    "music",
    "greeting",
    "max_waiting",
    "full_to",
    "join_empty",
    "leave_empty",
    "empty_to",
    "closed_to",
    "announce_every",
    "announce_position",
    "announce_wait",
    "redial_within",
)
"""Rules that are the same value in both forms."""


def routing_plan(document: PlanDocument, version: int) -> RoutingPlan:
    """What the engine decides by."""
    return RoutingPlan(
        queues={QueueName(name): _rules(QueueName(name), queue) for name, queue in document.queues.items()},
        default_queue=QueueName(document.default_queue),
        lines={number: _line(number, line) for number, line in document.lines.items()},
        version=version,
    )


def _rules(name: QueueName, queue: QueueDocument) -> QueueRules:
    same = {field: getattr(queue, field) for field in AS_WRITTEN}
    return QueueRules(
        name=name,
        ring_seconds=float(queue.ring_seconds),
        certificate=CertificateName(queue.certificate) if queue.certificate is not None else None,
        needs=_needs(queue.needs),
        hours=_hours(queue.hours) if queue.hours is not None else None,
        overflow=tuple(_overflow(rule) for rule in queue.overflow),
        call_back=_call_back(queue.call_back) if queue.call_back is not None else None,
        **same,
    )


def _needs(steps: Sequence[NeedStepDocument]) -> tuple[NeedStep, ...]:
    return tuple(
        NeedStep(step.after, tuple(Need(SkillName(skill), level) for skill, level in step.skills.items()))
        for step in steps
    )


def _overflow(rule: OverflowDocument) -> OverflowRule:
    return OverflowRule(
        to=rule.to,
        queue=QueueName(rule.queue) if rule.queue is not None else None,
        after_wait=rule.after_wait,
        longer_than=rule.longer_than,
        expected_over=rule.expected_over,
    )


def _call_back(rules: CallBackDocument) -> CallBackRules:
    return CallBackRules(rules.offer_above, rules.tries, rules.retry_after, rules.expires_after)


def _hours(hours: HoursDocument) -> OpeningHours:
    return OpeningHours(
        zone=hours.zone,
        week=tuple(
            Slot(WEEKDAYS[day], *span_minutes(span)) for day, spans in hours.week.items() for span in spans
        ),
        closed_days=frozenset(hours.closed_days),
        extra_days={day: WEEKDAYS[like] for day, like in hours.extra_days.items()},
    )


def _line(number: str, line: LineDocument) -> Line:
    return Line(
        number=number,
        queue=QueueName(line.queue),
        title=line.title,
        greeting=line.greeting,
        priority=line.priority,
        needs=_needs(line.needs),
    )
