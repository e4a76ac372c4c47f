"""Every pair of state and input, as the caller meets it."""

import re
from enum import StrEnum

import pytest

from ivr.flow import (
    ALL_KEYS,
    ANNOUNCEMENT,
    LISTEN_SECONDS,
    RATING,
    RATING_KEYS,
    AnnouncementState,
    Finish,
    Flow,
    Input,
    Listen,
    NoteNotice,
    NoteRating,
    RatingState,
    Say,
    announcement,
    heard,
)
from ivr.texts import NAMES

A, R, IN = AnnouncementState, RatingState, Input

EXPECTED_RATING = """
                 done             rating key  wrong key    silence
asking           listening        noting      correcting   -
listening        -                noting      correcting   prompting
correcting       asking_again     noting      -            -
prompting        asking_again     noting      -            -
asking_again     listening_again  noting      leaving      -
listening_again  -                noting      leaving      leaving
noting           thanking         -           -            -
thanking         over             -           -            -
leaving          over             -           -            -
over             -                -           -            -
"""

EXPECTED_ANNOUNCEMENT = """
                 done             rating key  wrong key    silence
notice           noting           -           -            -
noting           over             -           -            -
greeting         -                -           -            -
surge            -                -           -            -
over             -                -           -            -
"""

EXPECTED_WITH_SURGE = """
                 done             rating key  wrong key    silence
notice           noting           -           -            -
noting           surge            -           -            -
greeting         -                -           -            -
surge            over             over        over         -
over             -                -           -            -
"""

EXPECTED_WITH_GREETING = """
                 done             rating key  wrong key    silence
notice           noting           -           -            -
noting           greeting         -           -            -
greeting         surge            surge       surge        -
surge            over             over        over         -
over             -                -           -            -
"""

Case = tuple[Flow[StrEnum], StrEnum, Input, str]


def _cases(flow: Flow[StrEnum], states: type[StrEnum], picture: str) -> list[Case]:
    header, *rows = picture.strip("\n").splitlines()
    inputs = [Input(word) for word in re.split(r"\s{2,}", header.strip())]
    cells = {
        (states(row.split()[0]), given): cell
        for row in rows
        for given, cell in zip(inputs, row.split()[1:], strict=True)
    }
    if Input.CHOICE_KEY not in inputs:  # flows that offer nothing: no key means it
        cells |= dict.fromkeys(((state, Input.CHOICE_KEY) for state in states), "-")
    assert set(cells) == {(state, given) for state in states for given in Input}
    return [(flow, state, given, cell) for (state, given), cell in cells.items()]


@pytest.mark.parametrize(
    ("flow", "state", "given", "expected"),
    [
        *_cases(RATING, RatingState, EXPECTED_RATING),  # type: ignore[arg-type]  # Flow is read-only here
        *_cases(ANNOUNCEMENT, AnnouncementState, EXPECTED_ANNOUNCEMENT),  # type: ignore[arg-type]  # the same
        *_cases(announcement("surge"), AnnouncementState, EXPECTED_WITH_SURGE),  # type: ignore[arg-type]  # the same
        *_cases(announcement("surge", "hi"), AnnouncementState, EXPECTED_WITH_GREETING),  # type: ignore[arg-type]  # the same
    ],
)
def test_every_pair_leads_where_the_picture_says(
    flow: Flow[StrEnum], state: StrEnum, given: Input, expected: str
) -> None:
    if expected == "-":
        with pytest.raises(LookupError, match=f"{flow.name}: {given} can not happen in {state}"):
            flow.step(state, given)
    else:
        assert flow.step(state, given)[0].value == expected


def test_each_state_has_one_action() -> None:
    for flow in (RATING, announcement("surge")):
        actions = dict([flow.first])
        for state, action in flow.table.values():
            assert actions.setdefault(state, action) == action


def test_no_key_skips_the_recording_notice_and_it_is_noted_right_after_its_end() -> None:
    assert ANNOUNCEMENT.first == (A.NOTICE, Say("recording_notice", keys=""))
    assert ANNOUNCEMENT.step(A.NOTICE, IN.DONE) == (A.NOTING, NoteNotice())
    assert ANNOUNCEMENT.step(A.NOTING, IN.DONE) == (A.OVER, Finish())


def test_the_greeting_comes_between_the_legal_notice_and_the_news() -> None:
    flow = announcement("surge", "greeting_heating")
    assert flow.first == ANNOUNCEMENT.first
    assert flow.step(A.NOTING, IN.DONE) == (A.GREETING, Say("greeting_heating", ALL_KEYS))
    assert flow.step(A.GREETING, IN.DONE) == (A.SURGE, Say("surge", ALL_KEYS))
    assert announcement(None, "x").step(A.GREETING, IN.WRONG_KEY) == (A.OVER, Finish())


def test_the_surge_notice_comes_after_the_legal_one_and_can_be_skipped() -> None:
    flow = announcement("surge_heating")
    assert flow.first == ANNOUNCEMENT.first
    assert flow.step(A.NOTING, IN.DONE) == (A.SURGE, Say("surge_heating", ALL_KEYS))


def test_a_rating_is_noted_before_the_thanks() -> None:
    assert RATING.first == (R.ASKING, Say("please_rate", ALL_KEYS))
    assert RATING.step(R.ASKING, IN.DONE) == (R.LISTENING, Listen(LISTEN_SECONDS))
    assert RATING.step(R.LISTENING, IN.RATING_KEY) == (R.NOTING, NoteRating())
    assert RATING.step(R.NOTING, IN.DONE) == (R.THANKING, Say("thank_you"))


def test_while_being_corrected_only_a_rating_key_is_heard() -> None:
    assert RATING.step(R.ASKING, IN.WRONG_KEY)[1] == Say("invalid_key", RATING_KEYS)
    assert RATING.step(R.LISTENING, IN.SILENCE)[1] == Say("no_key", RATING_KEYS)


def test_every_way_through_ends_and_asks_at_most_twice() -> None:
    def ways(state: RatingState, asked: int) -> int:
        if state is R.OVER:
            return asked
        leads = [RATING.table[state, given] for given in Input if (state, given) in RATING.table]
        return max(ways(then, asked + (action == RATING.first[1])) for then, action in leads)

    assert ways(RATING.first[0], asked=1) == 2


def test_every_sound_of_the_flows_is_in_the_catalogue() -> None:
    for flow in (RATING, announcement("surge")):
        steps = [flow.first, *flow.table.values()]
        said = {action.prompt for _, action in steps if isinstance(action, Say)}
        assert said
        assert said <= set(NAMES)


@pytest.mark.parametrize("key", list("123"))
def test_keys_that_rate(key: str) -> None:
    assert heard(key, IN.DONE) is IN.RATING_KEY


@pytest.mark.parametrize("key", list("0456789*#ABCD"))
def test_keys_that_do_not_rate(key: str) -> None:
    assert heard(key, IN.SILENCE) is IN.WRONG_KEY


@pytest.mark.parametrize("otherwise", [IN.DONE, IN.SILENCE])
def test_no_key(otherwise: Input) -> None:
    assert heard("", otherwise) is otherwise
