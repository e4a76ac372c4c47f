import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.agi_parse import (
    LONGEST_VALUE,
    Reply,
    digits,
    key,
    parse_reply,
    parse_request,
    quoted,
    variable_name,
)

REPLIES = [
    ("200 result=0", Reply(200, "0", "")),
    ("200 result=1", Reply(200, "1", "")),
    ("200 result=49 endpos=8000", Reply(200, "49", "")),
    ("200 result=0 endpos=0", Reply(200, "0", "")),
    ("200 result=1 (a value)", Reply(200, "1", "a value")),
    ("200 result=1 (a (nested) value)", Reply(200, "1", "a (nested) value")),
    ("200 result=1 ()", Reply(200, "1", "")),
    ("200 result= (timeout)", Reply(200, "", "timeout")),
    ("200 result=-1", Reply(200, "-1", "")),
    ("100 result=0 Trying...", Reply(100, "0", "")),
    ("100 Trying...", Reply(100, "", "")),
    ("510 Invalid or unknown command", Reply(510, "", "")),
    ("511 Command Not Permitted on a dead channel or intercept routine", Reply(511, "", "")),
    ("520-Invalid command syntax.  Proper usage follows:", Reply(520, "", "")),
    ("520 End of proper usage.", Reply(520, "", "")),
]


@pytest.mark.parametrize(("line", "reply"), REPLIES)
def test_replies(line: str, reply: Reply) -> None:
    assert parse_reply(line) == reply


@pytest.mark.parametrize("line", ["", "HANGUP", "20 result=0", "2000", "Usage: STREAM FILE", "200result=0"])
def test_what_is_no_reply(line: str) -> None:
    assert parse_reply(line) is None


@given(st.text())
def test_no_line_raises(line: str) -> None:
    parse_reply(line)
    parse_reply(f"200 result={line}")


@pytest.mark.parametrize(
    ("code", "error"),
    [(200, ""), (510, "AGIInvalidCommand"), (520, "AGIUsageError"), (599, "AGIUnknownError")],
)
def test_errors_have_the_names_of_panoramisks_table(code: int, error: str) -> None:
    assert Reply(code, "-1", "").error == error


def test_a_request() -> None:
    block = b"agi_network: yes\nagi_network_script: rating\nagi_callerid: \nagi_arg_1: a: b\nnoise\nX: y\n\n"
    assert parse_request(block) == {
        "network": "yes",
        "network_script": "rating",
        "callerid": "",
        "arg_1": "a: b",
    }


@given(st.binary())
def test_no_request_raises(block: bytes) -> None:
    parse_request(block)


@pytest.mark.parametrize("value", ['a"b', "a\nb", "\r", "\x00", "\x1b", "\u2028", "热" * 342])
def test_values_that_are_refused(value: str) -> None:
    with pytest.raises(ValueError, match="the value"):
        quoted(value)


def test_values_that_pass() -> None:
    assert quoted("") == '""'
    assert quoted("满意 (1)") == '"满意 (1)"'
    assert quoted("a\\b\\") == '"a\\\\b\\\\"'
    assert quoted("x" * LONGEST_VALUE) == f'"{"x" * LONGEST_VALUE}"'


@given(st.text())
def test_what_passes_is_one_argument(value: str) -> None:
    try:
        argument = quoted(value)
    except ValueError:
        return
    inner = argument[1:-1].replace("\\\\", "")
    assert argument[0] == argument[-1] == '"'
    assert '"' not in inner
    assert "\\" not in inner
    assert "\n" not in inner


@pytest.mark.parametrize("name", ["HOTLINE_NOTICE_AT", "CHANNEL(language)", "_X", "CDR(a_b,u)"])
def test_names_of_variables(name: str) -> None:
    assert variable_name(name) == name


@pytest.mark.parametrize("name", ["", "A B", 'A"', "A\nB", "1A", "A(", "A(b)c", "SHELL(rm -rf x)", "A" * 100])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(ValueError, match="not the name"):
        variable_name(name)


def test_keys_that_interrupt() -> None:
    assert digits("123*#") == "123*#"
    for wrong in ("12a", '1"', "1 2", "1\n"):
        with pytest.raises(ValueError, match="not keys"):
            digits(wrong)


@pytest.mark.parametrize(
    ("result", "pressed"),
    [
        ("49", "1"),
        ("35", "#"),
        ("42", "*"),
        ("0", ""),
        ("", ""),
        ("-1", ""),
        ("10", ""),
        ("99999", ""),
        ("²", ""),
    ],
)
def test_the_key_in_a_result(result: str, pressed: str) -> None:
    assert key(result) == pressed
