"""What a waiting caller is told: every pair of the tables, numbers, and how the session carries it out."""

import pytest

from ivr.flow import ALL_KEYS, Finish, Input, Say, SayAll
from ivr.holding import FLOWS, HoldingState, number, position, position_prompts, surge, wait_prompts
from ivr.texts import CATALOGUE, NAMES

H = HoldingState


def words(prompts: tuple[str, ...]) -> str:
    chinese = {text.name: text.chinese for text in CATALOGUE}
    return "".join(chinese[name] for name in prompts)


@pytest.mark.parametrize(
    ("value", "spoken"),
    [
        (1, "一"),
        (10, "十"),
        (11, "十一"),
        (19, "十九"),
        (20, "二十"),
        (21, "二十一"),
        (40, "四十"),
        (99, "九十九"),
    ],
)
def test_numbers_are_put_together(value: int, spoken: str) -> None:
    assert words(number(value)) == spoken


def test_every_number_has_its_prompts_and_no_other() -> None:
    for value in range(1, 100):
        assert set(number(value)) <= set(NAMES)
    for value in (0, -1, 100):
        with pytest.raises(ValueError, match="no prompts"):
            number(value)


@pytest.mark.parametrize(
    ("low", "high", "spoken"),
    [
        (0, 1, "预计等候时间不到一分钟。"),
        (0, 3, "预计等候时间不超过三分钟。"),
        (2, 12, "预计等候时间在二到十二分钟。"),
        (None, 3, ""),
        (3, None, ""),
        (3, 3, ""),
        (5, 61, ""),
    ],
)
def test_the_wait_is_said_with_bounds_or_not_at_all(low: int | None, high: int | None, spoken: str) -> None:
    assert words(wait_prompts(low, high)) == spoken


@pytest.mark.parametrize(("place", "spoken"), [(7, "您目前排在第七位。"), (None, ""), (0, ""), (100, "")])
def test_the_place_is_said_or_not_at_all(place: int | None, spoken: str) -> None:
    assert words(position_prompts(place)) == spoken


@pytest.mark.parametrize("flow", [position(("3", "1", "2")), surge("/sounds/1")])
def test_every_pair(flow: object) -> None:
    for state in HoldingState:
        for given in Input:
            if state is H.TELLING and given in (Input.DONE, Input.WRONG_KEY):
                assert flow.step(state, given) == (H.OVER, Finish())  # type: ignore[attr-defined]  # a flow
            else:
                with pytest.raises(LookupError):
                    flow.step(state, given)  # type: ignore[attr-defined]  # a flow


@pytest.mark.parametrize("arguments", [(), ("", "", ""), ("x",), ("-3", "1", "2"), ("9" * 9, "", "")])
def test_nonsense_is_silence(arguments: tuple[str, ...]) -> None:
    first = position(arguments).first
    if arguments[1:] == ("1", "2"):
        assert isinstance(first[1], SayAll)
    else:
        assert first == (H.OVER, Finish())


def test_any_key_ends_an_announcement() -> None:
    assert position(("1", "", "")).first[1] == SayAll(
        ("position_before", "number_1", "position_after"), ALL_KEYS
    )
    assert surge("/s").first[1] == Say("/s", ALL_KEYS)
    assert "position" in FLOWS
