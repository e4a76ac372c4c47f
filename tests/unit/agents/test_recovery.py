import pytest

from acd import seats, talk_legs
from acd.offers import AGENTS_FAULT
from agents.recovery import CAUSES, BackBy, back_by
from core.vocabulary import AgentState


def test_every_cause_of_not_responding_says_what_brings_the_agent_back() -> None:
    assert set(CAUSES) == {f"system:{result}" for result in AGENTS_FAULT} | {
        "system:phone_lost",
        talk_legs.PHONE_DIED,
    }


def test_what_the_phone_brings_back_is_what_the_engine_ends_with_it() -> None:
    assert {cause for cause, by in CAUSES.items() if by is BackBy.PHONE} == seats.PHONE_CAUSES


@pytest.mark.parametrize("state", list(AgentState))
def test_only_not_responding_has_to_be_ended(state: AgentState) -> None:
    expected = BackBy.PHONE if state is AgentState.NOT_RESPONDING else None
    assert back_by(state, "system:phone_lost") is expected


def test_a_cause_of_a_later_version_is_ended_by_request() -> None:
    assert back_by(AgentState.NOT_RESPONDING, "system:new") is BackBy.REQUEST
