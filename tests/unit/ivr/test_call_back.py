"""The question to a waiting caller whether he wants to be called back."""

import pytest

from ivr.call_back import CALL_BACK, CallBackOfferState, call_back
from ivr.flow import Finish, Input, NoteChoice
from ivr.texts import NAMES

GRID = """
           done       choice_key  wrong_key  silence
asking     listening  choosing    over       .
listening  .          choosing    over       over
choosing   over       .           .          .
"""


def test_every_pair_leads_where_the_grid_says() -> None:
    header, *rows = [row.split() for row in GRID.strip().splitlines()]
    expected = {
        (CallBackOfferState(row[0]), Input(given.replace("_", " "))): cell
        for row in rows
        for given, cell in zip(header, row[1:], strict=True)
        if cell != "."
    }
    assert {pair: state for pair, (state, _) in CALL_BACK.table.items()} == expected


def test_only_1_chooses_and_whoever_does_nothing_waits_on() -> None:
    assert {key for key, given in CALL_BACK.keys.items() if given is Input.CHOICE_KEY} == {"1"}
    chosen = CALL_BACK.step(CallBackOfferState.LISTENING, Input.CHOICE_KEY)
    assert chosen == (CallBackOfferState.CHOOSING, NoteChoice("call_back"))
    assert isinstance(CALL_BACK.step(CallBackOfferState.LISTENING, Input.SILENCE)[1], Finish)
    assert call_back(()) is CALL_BACK


@pytest.mark.parametrize("name", ["call_back_offer", "call_back_accepted"])
def test_its_prompts_exist(name: str) -> None:
    assert name in NAMES
