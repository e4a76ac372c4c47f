import pytest

from acd.skills import CallKind, Profile, fit, kind_of, levels_of, may_take, valid_at
from core.plan import Need, NeedStep, QueueRules, Strategy
from core.vocabulary import CertificateName, QueueName, SkillName

TAX, WATER = QueueName("tax"), QueueName("water")
ENGLISH, DIALECT = SkillName("english"), SkillName("dialect")
OFFICER = CertificateName("officer")
LEVELS = levels_of({ENGLISH: 3, DIALECT: 1})


@pytest.mark.parametrize(
    ("profile", "kind", "may"),
    [
        (Profile(frozenset({TAX})), CallKind(TAX), True),
        (Profile(frozenset({WATER})), CallKind(TAX), False),
        (Profile(frozenset()), CallKind(TAX), False),
        (Profile(frozenset({TAX})), CallKind(TAX, OFFICER), False),
        (Profile(frozenset({TAX}), certificates=frozenset({OFFICER})), CallKind(TAX, OFFICER), True),
        (Profile(frozenset({WATER}), certificates=frozenset({OFFICER})), CallKind(TAX, OFFICER), False),
        (Profile(frozenset({TAX}), LEVELS), CallKind(TAX, needs=((ENGLISH, 3),)), True),
        (Profile(frozenset({TAX}), LEVELS), CallKind(TAX, needs=((ENGLISH, 4),)), False),
        (Profile(frozenset({TAX}), LEVELS), CallKind(TAX, needs=((DIALECT, 1), (ENGLISH, 1))), True),
        (Profile(frozenset({TAX}), LEVELS), CallKind(TAX, needs=((DIALECT, 2), (ENGLISH, 1))), False),
        (Profile(frozenset({TAX})), CallKind(TAX, needs=((ENGLISH, 1),)), False),
    ],
)
def test_queue_certificate_and_every_level_count(profile: Profile, kind: CallKind, may: bool) -> None:  # noqa: FBT001 - a table
    assert may_take(profile, kind) is may


def test_the_fit_is_measured_by_what_was_asked_for_at_first() -> None:
    kind = CallKind(TAX, asked=((DIALECT, 2), (ENGLISH, 2)))
    assert fit(Profile(frozenset({TAX}), LEVELS), kind) == 4
    assert fit(Profile(frozenset({TAX})), kind) == 0


def test_a_certificate_ends_at_its_last_moment() -> None:
    held = {OFFICER: 10.0, CertificateName("always"): None}
    assert valid_at(held, 9.9) == {OFFICER, "always"}
    assert valid_at(held, 10.0) == {"always"}


RULES = QueueRules(
    TAX,
    10.0,
    15.0,
    certificate=OFFICER,
    strategy=Strategy.BEST_SKILL,
    needs=(
        NeedStep(0.0, (Need(ENGLISH, 3),)),
        NeedStep(30.0, (Need(ENGLISH, 1),)),
        NeedStep(90.0),
    ),
)


@pytest.mark.parametrize(
    ("waited", "needs", "changes"),
    [
        (0.0, ((ENGLISH, 3),), 30.0),
        (29.9, ((ENGLISH, 3),), 30.0),
        (30.0, ((ENGLISH, 1),), 90.0),
        (89.9, ((ENGLISH, 1),), 90.0),
        (90.0, (), None),
        (1e6, (), None),
    ],
)
def test_needs_relax_by_steps(
    waited: float, needs: tuple[tuple[SkillName, int], ...], changes: float | None
) -> None:
    kind, at = kind_of(RULES, (), waited)
    assert (kind.needs, at) == (needs, changes)
    assert (kind.queue, kind.certificate, kind.strategy) == (TAX, OFFICER, Strategy.BEST_SKILL)
    assert kind.asked == ((ENGLISH, 3),)


def test_the_certificate_never_relaxes() -> None:
    kind, _ = kind_of(RULES, (), 1e9)
    assert not may_take(Profile(frozenset({TAX}), LEVELS), kind)


def test_needs_of_queue_line_and_caller_hold_together_and_relax_each_on_its_own() -> None:
    line = (NeedStep(0.0, (Need(DIALECT, 2), Need(ENGLISH, 2))), NeedStep(60.0))
    caller = (NeedStep(45.0, (Need(SkillName("senior"), 1),)),)
    assert kind_of(RULES, (line, caller), 0.0)[0].needs == ((DIALECT, 2), (ENGLISH, 3))
    assert kind_of(RULES, (line, caller), 30.0) == (
        kind_of(RULES, (line, caller), 44.0)[0],
        45.0,
    )
    kind, changes = kind_of(RULES, (line, caller), 50.0)
    assert kind.needs == ((DIALECT, 2), (ENGLISH, 2), ("senior", 1))
    assert changes == 60.0
    assert kind_of(RULES, (line, caller), 60.0)[0].needs == ((ENGLISH, 1), ("senior", 1))
