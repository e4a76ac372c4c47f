import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import HotlineError
from telephony.actions import LONGEST_FIELD, BadField, build, checked, checked_channel


@pytest.mark.parametrize(
    "value",
    [
        "a\rb",
        "a\nb",
        "a\r\n\r\nAction: Hangup",
        "\x00",
        "\x1b[0m",
        "\x7f",
        "\x85",
        "\u2028",
        "\u2029",
        "\ud800",
    ],
)
def test_control_characters_are_refused(value: str) -> None:
    with pytest.raises(BadField, match="control character"):
        checked("Value", value)


def test_length_is_that_of_the_bytes() -> None:
    assert checked("Value", "热" * 341) == "热" * 341
    with pytest.raises(BadField, match="longer than 1024 bytes"):
        checked("Value", "热" * 342)


async def test_the_error_names_the_field_and_suits_both_sides() -> None:
    with pytest.raises(BadField) as raised:
        build("Setvar", {"Value": "\n"})
    assert isinstance(raised.value, ValueError)
    assert isinstance(raised.value, HotlineError)
    assert (raised.value.field, raised.value.status) == ("Value", 422)


@pytest.mark.parametrize("name", ["", "A B", "A:B", "A\r\nB", "Action", "ActionID", "actionid", "é"])
async def test_names_of_headers_are_checked(name: str) -> None:
    with pytest.raises(BadField):
        build("Setvar", {name: "x"})


@pytest.mark.parametrize("name", ["PJSIP/trunk-0000000a", "PJSIP/1001-00000001", "SIP/a.b-c-00ff00ff"])
def test_full_channel_names_pass(name: str) -> None:
    assert checked_channel(name) == name


@pytest.mark.parametrize(
    "name", ["", "PJSIP/trunk", "PJSIP/trunk-1", "/PJSIP.*/", "PJSIP/trunk-0000000a ", "all", "1795461895.0"]
)
def test_patterns_and_prefixes_do_not(name: str) -> None:
    with pytest.raises(BadField):
        checked_channel(name)


@given(st.text(max_size=LONGEST_FIELD))
async def test_what_passes_is_one_line_of_one_action(value: str) -> None:
    try:
        action = build("Setvar", {"Variable": "X", "Value": value})
    except BadField:
        return
    lines = str(action).split("\r\n")
    assert lines[-2:] == ["", ""]
    assert len(lines) == 6
    assert f"Value: {value}" in lines


async def test_actionids_do_not_repeat_and_have_128_bits() -> None:
    ids = {build("Ping", {}).id for _ in range(100)}
    assert len(ids) == 100
    assert all(len(bytes.fromhex(number)) == 16 for number in ids)


CALLOUT = {"Channel": "PJSIP/1001", "Context": "acd-out", "Exten": "s", "Priority": "1"}


async def test_a_call_is_placed_into_our_own_contexts_to_whom_they_are_for() -> None:
    assert build("Originate", CALLOUT)["Channel"] == "PJSIP/1001"
    joining = CALLOUT | {"Context": "talk-conference", "Channel": "PJSIP/110@third"}
    assert build("Originate", joining)["Context"] == "talk-conference"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"Application": "System"}, "Application"),
        ({"data": "x"}, "Application"),
        ({"Context": "from-trunk"}, "Context"),
        ({"Context": ""}, "Context"),
        ({"Channel": "Local/1@acd-out"}, "Channel"),
        ({"Channel": "PJSIP/13800001111@outside"}, "Channel"),
        ({"Channel": "PJSIP/110@third"}, "Channel"),
        ({"Context": "talk-conference"}, "Channel"),
    ],
)
async def test_nothing_else_is_ever_originated(changed: dict[str, str], field: str) -> None:
    with pytest.raises(BadField) as raised:
        build("Originate", CALLOUT | changed)
    assert raised.value.field == field
