from collections.abc import Sequence
from itertools import product

import pytest

from ivr.flow import Action, Finish, Input, Listen, NoteChoice, Say
from ivr.holding import FLOWS
from ivr.policy import VOICE_SERVICE, PolicyState
from ivr.texts import NAMES

P, I = PolicyState, Input  # noqa: E741 - as in the table

EXPECTED = {
    (P.TELLING, I.DONE): P.LISTENING,
    (P.TELLING, I.CHOICE_KEY): P.CHOOSING,
    (P.TELLING, I.WRONG_KEY): P.LISTENING,
    (P.LISTENING, I.CHOICE_KEY): P.CHOOSING,
    (P.LISTENING, I.WRONG_KEY): P.OVER,
    (P.LISTENING, I.SILENCE): P.OVER,
    (P.CHOOSING, I.DONE): P.OVER,
}


@pytest.mark.parametrize(("state", "given"), list(product(PolicyState, Input)))
def test_every_pair_of_the_table(state: PolicyState, given: Input) -> None:
    if (state, given) in EXPECTED:
        assert VOICE_SERVICE.step(state, given)[0] is EXPECTED[state, given]
    else:
        with pytest.raises(LookupError):
            VOICE_SERVICE.step(state, given)


def course(*inputs: Input) -> Sequence[Action]:
    state, action = VOICE_SERVICE.first
    actions = [action]
    for given in inputs:
        state, action = VOICE_SERVICE.step(state, given)
        actions.append(action)
    return actions


def test_who_does_nothing_goes_back_to_the_music_and_waits_on() -> None:
    said, listened, last = course(I.DONE, I.SILENCE)
    assert isinstance(said, Say)
    assert said.prompt in NAMES
    assert isinstance(listened, Listen)
    assert last == Finish()


def test_one_leaves_a_message_also_while_the_text_is_spoken() -> None:
    assert VOICE_SERVICE.keys["1"] is I.CHOICE_KEY
    assert course(I.CHOICE_KEY, I.DONE)[1:] == [NoteChoice("voicemail"), Finish()]


def test_the_hold_loop_knows_it() -> None:
    assert FLOWS["policy"](("voice_service",)) is VOICE_SERVICE
