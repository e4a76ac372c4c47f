"""What calls need and what agents have, as values that compare quickly. Pure.

Calls that need the same are of one *kind*, agents who may do the same have one *profile*: whether an agent
may take a call is a question between a kind and a profile, asked once for each pair and then remembered by
``acd.routing``. A kind changes when the call's needs relax, a profile when a person's skills, queues or
certificates change or a certificate expires.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.plan import Need, NeedStep, QueueRules, Strategy
from core.vocabulary import CertificateName, QueueName, Seconds, SkillName

Levels = tuple[tuple[SkillName, int], ...]
"""Skills with their levels, sorted by name, each skill once."""


@dataclass(frozen=True, slots=True)
class CallKind:
    """Everything about a call that decides which agents may take it, and who of them is preferred."""

    queue: QueueName
    certificate: CertificateName | None = None
    needs: Levels = ()
    """At least these levels, at this moment."""
    asked: Levels = ()
    """What the call asked for at first: by this ``fit`` is measured, also when less will do by now."""
    strategy: Strategy = Strategy.LONGEST_IDLE


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything about an agent that decides which calls he may take."""

    queues: frozenset[QueueName]
    skills: Levels = ()
    certificates: frozenset[CertificateName] = frozenset()
    """Those that are valid now."""


def may_take(profile: Profile, kind: CallKind) -> bool:
    """Whether an agent may be offered a call: queue, certificate, and every level needed."""
    if kind.queue not in profile.queues:
        return False
    if kind.certificate is not None and kind.certificate not in profile.certificates:
        return False
    if not kind.needs:
        return True
    levels = dict(profile.skills)
    return all(levels.get(skill, 0) >= level for skill, level in kind.needs)


def fit(profile: Profile, kind: CallKind) -> int:
    """How well an agent fits: the sum of his levels in the skills that the call asked for at first."""
    levels = dict(profile.skills)
    return sum(levels.get(skill, 0) for skill, _ in kind.asked)


def levels_of(skills: Mapping[SkillName, int]) -> Levels:
    """An agent's skills as they stand in a profile."""
    return tuple(sorted(skills.items()))


def valid_at(
    certificates: Mapping[CertificateName, Seconds | None], at: Seconds
) -> frozenset[CertificateName]:
    """The certificates that are valid at a moment; one that ends at this very moment is not."""
    return frozenset(name for name, until in certificates.items() if until is None or until > at)


def kind_of(
    rules: QueueRules, further: Iterable[tuple[NeedStep, ...]], waited: Seconds
) -> tuple[CallKind, Seconds | None]:
    """The kind of a call that has waited so long.

    Args:
        rules: of its queue.
        further: needs beside those of the queue: of the line, of the caller.
        waited: seconds in this queue.

    Returns:
        The kind, and the waiting time in seconds at which the needs change next (``None``: never).
    """
    steps = [rules.needs, *further]
    kind = CallKind(
        queue=rules.name,
        certificate=rules.certificate,
        needs=_together(_step_at(some, waited) for some in steps),
        asked=_together(_step_at(some, 0.0) for some in steps),
        strategy=rules.strategy,
    )
    later = [step.after for some in steps for step in some if step.after > waited]
    return kind, min(later, default=None)


def _step_at(steps: tuple[NeedStep, ...], waited: Seconds) -> tuple[Need, ...]:
    """The needs of the last step that has been reached."""
    reached = [step for step in steps if step.after <= waited]
    return max(reached, key=lambda step: step.after).needs if reached else ()


def _together(parts: Iterable[tuple[Need, ...]]) -> Levels:
    """The needs of queue, line and caller in one; of the same skill the higher level counts."""
    highest: dict[SkillName, int] = {}
    for needs in parts:
        for need in needs:
            highest[need.skill] = max(need.level, highest.get(need.skill, 0))
    return levels_of(highest)
