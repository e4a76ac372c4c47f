"""The table of outcomes is complete and sound."""

import pytest

from acd.outcomes import INCONSISTENT, OUTCOMES, code_of, meaning, settled
from core.vocabulary import Outcome


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_causes_and_a_contradictory_one(outcome: Outcome) -> None:
    assert (outcome, INCONSISTENT) in OUTCOMES
    assert len([pair for pair in OUTCOMES if pair[0] is outcome]) > 1


def test_who_was_answered_has_ticket_and_recording_and_is_not_rung_back() -> None:
    for (outcome, _), means in OUTCOMES.items():
        if outcome is Outcome.ANSWERED:
            assert (means.ticket, means.recording, means.ring_back) == (True, True, False)


def test_who_gave_up_is_rung_back() -> None:
    assert all(m.ring_back for (o, _), m in OUTCOMES.items() if o is Outcome.ABANDONED)


def test_nobody_who_has_a_ticket_is_rung_back_as_well() -> None:
    assert not [pair for pair, means in OUTCOMES.items() if means.ticket and means.ring_back]


def test_a_recording_without_a_ticket_belongs_to_nobody() -> None:
    assert not [pair for pair, means in OUTCOMES.items() if means.recording and not means.ticket]


def test_the_number_of_a_cause_is_not_part_of_its_line() -> None:
    assert code_of("q850:34") == "q850"
    assert meaning(Outcome.FAILED, "q850:34") is OUTCOMES[Outcome.FAILED, "q850"]


def test_a_pair_that_the_table_lacks_is_contradictory() -> None:
    assert settled(Outcome.ABANDONED, "agent_hangup") == (Outcome.ABANDONED, INCONSISTENT)
    assert settled(Outcome.ANSWERED, "q850:41") == (Outcome.ANSWERED, "q850:41")
