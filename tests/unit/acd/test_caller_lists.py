from itertools import product

import pytest

from acd.caller_lists import (
    ACTING,
    DAY,
    OPEN,
    TRANSITIONS,
    EntryInput,
    EntryState,
    Standing,
    check_end,
    check_may,
    next_state,
    present_state,
)
from core.errors import Conflict, InvalidInput, NotPermitted
from core.vocabulary import AgentId

PROPOSER, DECIDER, APPELLANT, THIRD = (AgentId(n) for n in range(1, 5))
END = 1000.0

S, I = EntryState, EntryInput  # noqa: E741 - as in the table

EXPECTED = {
    (S.PROPOSED, I.APPROVE): S.ACTIVE,
    (S.PROPOSED, I.REFUSE): S.REFUSED,
    (S.PROPOSED, I.WITHDRAW): S.WITHDRAWN,
    (S.PROPOSED, I.EXPIRE): S.EXPIRED,
    (S.ACTIVE, I.APPEAL): S.APPEALED,
    (S.ACTIVE, I.WITHDRAW): S.WITHDRAWN,
    (S.ACTIVE, I.EXPIRE): S.EXPIRED,
    (S.APPEALED, I.UPHOLD): S.ACTIVE,
    (S.APPEALED, I.LIFT): S.LIFTED,
    (S.APPEALED, I.WITHDRAW): S.WITHDRAWN,
    (S.APPEALED, I.EXPIRE): S.EXPIRED,
}


def entry(state: EntryState, appealed_by: AgentId | None = None) -> Standing:
    return Standing(state, END, PROPOSER, None if state is S.PROPOSED else DECIDER, appealed_by)


@pytest.mark.parametrize(("state", "given"), list(product(EntryState, EntryInput)))
def test_every_pair_of_the_table(state: EntryState, given: EntryInput) -> None:
    assert TRANSITIONS.get((state, given)) is EXPECTED.get((state, given))


@pytest.mark.parametrize(("state", "given"), list(product(EntryState, EntryInput)))
def test_a_step_that_the_table_lacks_is_a_conflict(state: EntryState, given: EntryInput) -> None:
    if (state, given) in EXPECTED:
        assert next_state(entry(state), given, END - 1) is EXPECTED[state, given]
    else:
        with pytest.raises(Conflict) as refused:
            next_state(entry(state), given, END - 1)
        assert refused.value.code == "entry_not_open"


@pytest.mark.parametrize("state", EntryState)
def test_an_open_entry_ends_by_itself_and_a_closed_one_stays_what_it_is(state: EntryState) -> None:
    assert present_state(entry(state), END - 0.001) is state
    assert present_state(entry(state), END) is (S.EXPIRED if state in OPEN else state)


@pytest.mark.parametrize("given", set(EntryInput) - {EntryInput.EXPIRE})
def test_nothing_can_be_done_about_an_expired_entry(given: EntryInput) -> None:
    for state in OPEN:
        with pytest.raises(Conflict):
            next_state(entry(state), given, END)


def test_only_approved_entries_act() -> None:
    assert {S.ACTIVE, S.APPEALED} == ACTING


@pytest.mark.parametrize("given", [I.APPROVE, I.REFUSE])
def test_whoever_proposed_does_not_decide(given: EntryInput) -> None:
    with pytest.raises(NotPermitted) as refused:
        check_may(entry(S.PROPOSED), given, PROPOSER, decides=True)
    assert refused.value.code == "second_person_needed"
    check_may(entry(S.PROPOSED), given, DECIDER, decides=True)


@pytest.mark.parametrize("given", [I.UPHOLD, I.LIFT])
@pytest.mark.parametrize("who", [PROPOSER, DECIDER, APPELLANT])
def test_an_appeal_is_judged_by_somebody_who_had_no_part(given: EntryInput, who: AgentId) -> None:
    with pytest.raises(NotPermitted):
        check_may(entry(S.APPEALED, APPELLANT), given, who, decides=True)
    check_may(entry(S.APPEALED, APPELLANT), given, THIRD, decides=True)


def test_anybody_may_appeal() -> None:
    for who in (PROPOSER, DECIDER, THIRD):
        check_may(entry(S.ACTIVE), I.APPEAL, who, decides=False)


def test_an_own_proposal_may_be_taken_back_and_supervisors_take_back_anything() -> None:
    check_may(entry(S.PROPOSED), I.WITHDRAW, PROPOSER, decides=False)
    check_may(entry(S.ACTIVE), I.WITHDRAW, THIRD, decides=True)
    for state, who in ((S.ACTIVE, PROPOSER), (S.PROPOSED, THIRD)):
        with pytest.raises(NotPermitted):
            check_may(entry(state), I.WITHDRAW, who, decides=False)


@pytest.mark.parametrize("days", [0.0, -1.0, 30.1])
def test_the_end_lies_within_the_longest_time(days: float) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_end(END + days * DAY, END, 30)
    assert refused.value.field == "expires_at"


def test_an_end_within_it_is_taken() -> None:
    check_end(END + 30 * DAY, END, 30)
