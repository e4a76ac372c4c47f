from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd import callers
from acd.callers import (
    EFFECTS,
    AnonymousPolicy,
    CallerBook,
    CallerLists,
    CallerPolicy,
    Frequency,
    needs_of,
    priority_after,
    treatments,
)
from core.callers import CallerEntry, ListKind, Treatment
from core.plan import HEAD_START, Need, NeedStep, Priority

NUMBER = "13800138000"
LATER = 1e6


def entry(
    number: str = NUMBER,
    kind: ListKind = ListKind.SENIOR,
    *,
    ident: int = 1,
    prefix: bool = False,
    low: bool = False,
    expires_at: float = LATER,
) -> CallerEntry:
    return CallerEntry(ident, number, prefix, kind, low, expires_at)


def lists(*entries: CallerEntry) -> CallerLists:
    found = CallerLists()
    found.replace(entries)
    return found


def book(*entries: CallerEntry, cap: int = 0, **policy: object) -> CallerBook:
    return CallerBook(CallerPolicy(cap_calls=cap, **policy), lists=lists(*entries))  # type: ignore[arg-type] # fields of the policy


# --- lists ---------------------------------------------------------------------------------------


def test_an_entry_is_found_by_the_whole_number() -> None:
    assert lists(entry()).find(NUMBER, 0.0) == entry()
    assert lists(entry()).find(NUMBER + "1", 0.0) is None
    assert lists(entry()).find(NUMBER[:-1], 0.0) is None


def test_a_prefix_means_every_number_that_begins_so() -> None:
    some = lists(entry("1380", prefix=True))
    assert some.find(NUMBER, 0.0) is not None
    assert some.find("1380", 0.0) is not None
    assert some.find("1390", 0.0) is None


def test_the_whole_number_goes_before_a_longer_prefix_before_a_shorter_one() -> None:
    short = entry("138", prefix=True, ident=1)
    long = entry("13800", prefix=True, ident=2)
    whole = entry(ident=3)
    assert lists(short, long, whole).find(NUMBER, 0.0) == whole
    assert lists(short, long).find(NUMBER, 0.0) == long


def test_of_several_lists_what_helps_the_caller_counts() -> None:
    some = [entry(kind=kind, ident=place) for place, kind in enumerate(reversed(ListKind))]
    found = lists(*some).find(NUMBER, 0.0)
    assert found is not None
    assert found.kind is ListKind.VIP


def test_an_entry_whose_time_is_over_does_not_act_and_hides_nothing() -> None:
    over = entry(expires_at=10.0)
    prefix = entry("138", prefix=True, ident=2)
    assert lists(over).find(NUMBER, 9.999) == over
    assert lists(over).find(NUMBER, 10.0) is None
    assert lists(over, prefix).find(NUMBER, 10.0) == prefix


def test_new_lists_replace_the_old_ones() -> None:
    some = lists(entry())
    some.replace([entry("13900000000")])
    assert some.find(NUMBER, 0.0) is None


# --- frequency -----------------------------------------------------------------------------------

POLICY = CallerPolicy(cap_calls=3, cap_window=100.0)


def test_calls_within_the_window_are_counted() -> None:
    some = Frequency()
    assert [some.note(NUMBER, at, POLICY) for at in (0.0, 50.0, 99.0, 100.0, 300.0)] == [1, 2, 3, 3, 1]


def test_numbers_are_counted_apart() -> None:
    some = Frequency()
    some.note(NUMBER, 0.0, POLICY)
    assert some.note("13900000000", 1.0, POLICY) == 1


def test_memory_is_bounded_in_numbers_and_in_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "MOST_NUMBERS", 10)
    some = Frequency()
    for place in range(100):
        some.note(f"138{place:08}", place * 0.1, POLICY)
    for _ in range(100):
        some.note(NUMBER, 10.0, POLICY)
    assert len(some.calls) == 10
    assert len(some.calls[NUMBER]) == 2 * POLICY.cap_calls + 1


def test_numbers_that_have_not_called_within_the_window_are_forgotten() -> None:
    some = Frequency()
    some.note("13900000000", 0.0, POLICY)
    some.note(NUMBER, 100.0, POLICY)
    assert list(some.calls) == [NUMBER]


@given(st.lists(st.floats(0, 1000), max_size=30))
def test_never_more_than_really_called_within_the_window(moments: list[float]) -> None:
    some = Frequency()
    moments.sort()
    for place, at in enumerate(moments):
        told = some.note(NUMBER, at, POLICY)
        real = sum(at - POLICY.cap_window < m <= at for m in moments[: place + 1])
        assert told == min(real, 2 * POLICY.cap_calls + 1)


# --- treatments ----------------------------------------------------------------------------------


def test_an_unknown_caller_is_treated_like_everybody() -> None:
    assert list(treatments(book(), NUMBER, 0.0)) == []


@pytest.mark.parametrize("kind", ListKind)
def test_each_list_has_its_treatment(kind: ListKind) -> None:
    assert list(treatments(book(entry(kind=kind, ident=7)), NUMBER, 0.0)) == [(Treatment(kind), "list:7")]


def test_a_list_may_ask_for_low_priority_beside_its_effect() -> None:
    found = list(treatments(book(entry(low=True)), NUMBER, 0.0))
    assert found == [(Treatment.SENIOR, "list:1"), (Treatment.LOW_PRIORITY, "list:1")]


def test_the_country_code_does_not_hide_a_number() -> None:
    assert list(treatments(book(entry()), f"86{NUMBER}", 0.0)) != []


def test_above_the_cap_priority_sinks_and_above_twice_the_cap_a_message_comes_first() -> None:
    some = book(cap=2)
    found = [[what for what, _ in treatments(some, NUMBER, float(at))] for at in range(6)]
    low, voice = Treatment.LOW_PRIORITY, Treatment.VOICE_SERVICE
    assert found == [[], [], [low], [low], [low, voice], [low, voice]]


@pytest.mark.parametrize("kind", [ListKind.VIP, ListKind.ELDER_CARE])
def test_frequency_is_not_held_against_those_who_are_cared_for(kind: ListKind) -> None:
    some = book(entry(kind=kind), cap=1)
    for at in range(5):
        assert list(treatments(some, NUMBER, float(at))) == [(Treatment(kind), "list:1")]


def test_a_cap_of_zero_counts_nobody() -> None:
    some = book(cap=0)
    assert all(not list(treatments(some, NUMBER, float(at))) for at in range(100))
    assert not some.frequency.calls


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (AnonymousPolicy.LIKE_EVERYBODY, []),
        (AnonymousPolicy.SENIOR, [Treatment.SENIOR]),
        (AnonymousPolicy.LOW_PRIORITY, [Treatment.LOW_PRIORITY]),
    ],
)
def test_withheld_numbers_have_their_own_policy_and_are_never_counted(
    policy: AnonymousPolicy, expected: list[Treatment]
) -> None:
    some = book(cap=1, anonymous=policy)
    for at in range(5):
        assert list(treatments(some, "", float(at))) == [(what, "anonymous") for what in expected]
    assert not some.frequency.calls


# --- effects -------------------------------------------------------------------------------------


@pytest.mark.parametrize("treatment", Treatment)
@pytest.mark.parametrize("present", Priority)
def test_a_priority_that_is_raised_is_never_lower_and_the_other_way_round(
    treatment: Treatment, present: Priority
) -> None:
    wanted = EFFECTS[treatment].priority
    then = priority_after(present, [treatment])
    if wanted is None:
        assert then is present
    elif HEAD_START[wanted] > 0:
        assert HEAD_START[then] == max(HEAD_START[present], HEAD_START[wanted])
    else:
        assert HEAD_START[then] == min(HEAD_START[present], HEAD_START[wanted])


RULES = CallerPolicy(relax_after=60.0, message_seconds=45.0)
SENIOR = (Need(callers.SENIOR, 1),)
MESSAGE = (Need(callers.VOICE_SERVICE, 1),)


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ([], ()),
        ([Treatment.VIP], ()),
        ([Treatment.LOW_PRIORITY], ()),
        ([Treatment.SENIOR], (NeedStep(0.0, SENIOR), NeedStep(60.0))),
        ([Treatment.ELDER_CARE], (NeedStep(0.0, (Need(callers.ELDER_CARE, 1),)), NeedStep(60.0))),
        ([Treatment.VOICE_SERVICE], (NeedStep(0.0, MESSAGE), NeedStep(45.0))),
        ([Treatment.BLOCK], (NeedStep(0.0, MESSAGE), NeedStep(45.0, SENIOR), NeedStep(105.0))),
        (
            [Treatment.SENIOR, Treatment.VOICE_SERVICE],
            (NeedStep(0.0, MESSAGE), NeedStep(45.0, SENIOR), NeedStep(105.0)),
        ),
    ],
)
def test_needs_of_treatments(given_: Sequence[Treatment], expected: tuple[NeedStep, ...]) -> None:
    assert needs_of(RULES, given_) == expected


@given(st.lists(st.sampled_from(Treatment), max_size=6))
def test_in_the_end_anybody_may_take_every_call(given_: list[Treatment]) -> None:
    steps = needs_of(RULES, given_)
    assert not steps or steps[-1].needs == ()
    assert [step.after for step in steps] == sorted({step.after for step in steps})
