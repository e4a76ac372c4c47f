"""What must hold between the parts of a plan. Pure.

``problems`` lists everything that is wrong, each with the field in the notation of the API and the TOML file
(``queues.heating.overflow.0.queue``) and a sentence, so that a plan can be put right in one go.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from acd.plan_document import LineDocument, NeedStepDocument, PlanDocument, QueueDocument
from core.errors import InvalidInput
from core.plan import Relief

SHORTEST_ANNOUNCE_SECONDS = 10.0
"""Announcements at shorter distances would be all that a caller hears."""


@dataclass(frozen=True, slots=True)
class PlanProblem:
    """One thing that is wrong with a plan."""

    field: str
    rule: str

    def __str__(self) -> str:
        return f"{self.field}: {self.rule}"


def problems(plan: PlanDocument) -> list[PlanProblem]:
    """Everything that is wrong; empty for a plan that may be used."""
    return [*_default(plan), *_queues(plan), *_lines(plan), *_cycles(plan)]


def _default(plan: PlanDocument) -> Iterator[PlanProblem]:
    if plan.default_queue not in plan.queues:
        yield PlanProblem("default_queue", f"there is no queue {plan.default_queue}")


def _queues(plan: PlanDocument) -> Iterator[PlanProblem]:
    for name, queue in plan.queues.items():
        at = f"queues.{name}"
        if queue.certificate is not None and queue.certificate not in plan.certificates:
            yield PlanProblem(f"{at}.certificate", f"there is no certificate {queue.certificate}")
        if 0 < queue.announce_every < SHORTEST_ANNOUNCE_SECONDS:
            shortest = f"{SHORTEST_ANNOUNCE_SECONDS:g}"
            yield PlanProblem(f"{at}.announce_every", f"must be 0 (none) or at least {shortest} seconds")
        yield from _needs(plan, queue.needs, at)
        yield from _overflow(plan, name, queue, at)
        yield from _call_back(queue, at)


def _overflow(plan: PlanDocument, name: str, queue: QueueDocument, at: str) -> Iterator[PlanProblem]:
    for place, rule in enumerate(queue.overflow):
        if rule.queue == name:
            yield PlanProblem(f"{at}.overflow.{place}.queue", "must be another queue")
        elif rule.queue is not None and rule.queue not in plan.queues:
            yield PlanProblem(f"{at}.overflow.{place}.queue", f"there is no queue {rule.queue}")


def _call_back(queue: QueueDocument, at: str) -> Iterator[PlanProblem]:
    """Who is sent to the call-back must find rules for it."""
    ways = {f"{name}_to": getattr(queue, f"{name}_to") for name in ("full", "empty", "closed")}
    ways |= {f"overflow.{place}.to": rule.to for place, rule in enumerate(queue.overflow)}
    for field, way in ways.items():
        if way is Relief.CALL_BACK and queue.call_back is None:
            yield PlanProblem(f"{at}.{field}", "the queue has no call_back rules")


def _lines(plan: PlanDocument) -> Iterator[PlanProblem]:
    for number, line in plan.lines.items():
        yield from _line(plan, line, f"lines.{number}")


def _line(plan: PlanDocument, line: LineDocument, at: str) -> Iterator[PlanProblem]:
    if line.queue not in plan.queues:
        yield PlanProblem(f"{at}.queue", f"there is no queue {line.queue}")
    yield from _needs(plan, line.needs, at)


def _needs(plan: PlanDocument, steps: Sequence[NeedStepDocument], at: str) -> Iterator[PlanProblem]:
    """Steps go forward in time and down in demand, and name skills that exist."""
    if steps and steps[0].after != 0:
        yield PlanProblem(f"{at}.needs.0.after", "must be 0: the first step holds from the beginning")
    for place, step in enumerate(steps):
        for skill in step.skills:
            if skill not in plan.skills:
                yield PlanProblem(f"{at}.needs.{place}.skills.{skill}", f"there is no skill {skill}")
    for place, (earlier, later) in enumerate(pairwise(steps), start=1):
        if later.after <= earlier.after:
            yield PlanProblem(f"{at}.needs.{place}.after", "must be later than the step before")
        if not _asks_for_less(later.skills, earlier.skills):
            yield PlanProblem(f"{at}.needs.{place}.skills", "must ask for less than the step before")


def _asks_for_less(later: Mapping[str, int], earlier: Mapping[str, int]) -> bool:
    return later != earlier and all(level <= earlier.get(skill, 0) for skill, level in later.items())


def _cycles(plan: PlanDocument) -> Iterator[PlanProblem]:
    """A call that overflows must not come back to a queue that it has left."""
    for name in plan.queues:
        ring = _ring(plan, name)
        if ring and name == min(ring):  # each ring is told once
            way = " -> ".join([*ring, name])
            yield PlanProblem(f"queues.{name}.overflow", f"calls would go round in a ring: {way}")


def _ring(plan: PlanDocument, start: str) -> list[str]:
    """The queues of a shortest way that leads from a queue back to it; empty when none does."""
    ways: dict[str, list[str]] = {start: [start]}
    todo = [start]
    while todo:
        here = todo.pop(0)
        for target in _targets(plan, here):
            if target == start and here != start:
                return ways[here]
            if target not in ways:
                ways[target] = [*ways[here], target]
                todo.append(target)
    return []


def _targets(plan: PlanDocument, name: str) -> list[str]:
    queue = plan.queues.get(name)
    return [rule.queue for rule in queue.overflow if rule.queue is not None] if queue else []


class PlanRefused(InvalidInput):
    """A plan breaks rules; ``errors`` has every one of them, for the answer of the API.

    Args:
        found: what is wrong, at least one.
    """

    code = "invalid_plan"

    def __init__(self, found: Sequence[PlanProblem]) -> None:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        super().__init__(f"the plan is not valid: {found[0]}{more}", field=found[0].field)
        self.problems = tuple(found)
        self.errors = tuple({"field": problem.field, "rule": problem.rule} for problem in found)


def check(plan: PlanDocument) -> PlanDocument:
    """The plan itself, if it may be used; raises ``PlanRefused`` otherwise."""
    found = problems(plan)
    if found:
        raise PlanRefused(found)
    return plan
