import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.journal import FIELDS, Line, parse, phone_of, replay
from core.events import (
    AgentLegEnded,
    CallAnswered,
    CallArrived,
    CallFellBack,
    CallHungUp,
    CallLeaving,
    CallWaiting,
)

PHONES = {"1001", "1002"}
CALLER, AGENT = "PJSIP/trunk-00000001", "PJSIP/1001-00000002"


def user(text: str) -> str:
    return json.dumps({"extra": text})


def row(kind: str, at: str, call: str = "c1", channel: str = CALLER, extra: str = "") -> str:
    """A line as Asterisk writes it: every field quoted, quotes doubled."""
    values = [kind, at, call, "tag-1.1", "tag-1.1", channel, "s", "acd-hold", "", "", extra]
    return ",".join('"' + value.replace('"', '""') + '"' for value in values) + "\n"


ARRIVED = row(
    "HOTLINE_ARRIVED", "10.5", extra=user("queue=citizens dialled=12345 caller=138 entered_at=10.25")
)


def events(*rows: str) -> list[object]:
    return list(replay(parse(rows), PHONES.__contains__))


def test_a_line_field_by_field() -> None:
    assert list(parse([row("ANSWER", "10.000001", channel=AGENT, extra='{"a":"b"}')])) == [
        Line("ANSWER", 10.000001, "c1", "tag-1.1", AGENT, '{"a":"b"}', "acd-hold")  # type: ignore[arg-type] # plain text
    ]


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param("", id="empty"),
        pytest.param("\n", id="only an end of line"),
        pytest.param(ARRIVED[: len(ARRIVED) // 2] + "\n", id="torn in a field"),
        pytest.param(ARRIVED[:-8] + "\n", id="torn in the last field"),
        pytest.param('"CHAN_START","10.0"\n', id="too few fields"),
        pytest.param(ARRIVED.rstrip("\n") + ',"more"\n', id="too many fields"),
        pytest.param(row("CHAN_START", "soon"), id="no number as time"),
        pytest.param(row("CHAN_START", "nan"), id="not a number as time"),
        pytest.param(row("CHAN_START", "inf"), id="infinite time"),
        pytest.param(row("CHAN_START", "10.0", call=""), id="not one of our calls"),
        pytest.param('garbage "with" quotes, and "an open one\n', id="foreign"),
        pytest.param("\x00\x01\n", id="control characters"),
    ],
)
def test_a_bad_line_is_passed_over_and_the_next_one_is_read(bad: str) -> None:
    lines = list(parse([bad, row("HANGUP", "11.0"), bad]))
    assert [(line.kind, line.at) for line in lines] == [("HANGUP", 11.0)]


def test_since_is_inclusive() -> None:
    lines = parse([row("A", "9.999"), row("B", "10.0"), row("C", "10.001")], since=10.0)
    assert [line.kind for line in lines] == ["B", "C"]


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\r\n\x00", codec="utf-8"), max_size=9),
        min_size=11,
        max_size=11,
    )
)
def test_quoting_is_undone(values: list[str]) -> None:
    values[1], values[2] = "5.5", "c" + values[2]
    text = ",".join('"' + value.replace('"', '""') + '"' for value in values)
    (line,) = parse([text])
    named = dict(zip(FIELDS, values, strict=True))
    assert (line.kind, line.call_id, line.uniqueid, line.channel, line.extra) == (
        named["eventtype"],
        named["accountcode"],
        named["uniqueid"],
        named["channame"],
        named["eventextra"],
    )


@given(st.text(max_size=200))
def test_no_text_whatever_stops_reading(text: str) -> None:
    lines = list(parse([text, ARRIVED]))
    assert lines[-1].kind == "HOTLINE_ARRIVED"


@pytest.mark.parametrize(
    ("channel", "endpoint"),
    [(AGENT, "1001"), (CALLER, "trunk"), ("PJSIP/a-b-00000001", "a-b"), ("PJSIP/1001", ""), ("", "")],
)
def test_the_endpoint_in_a_channel_name(channel: str, endpoint: str) -> None:
    assert phone_of(channel) == endpoint


def test_a_whole_call() -> None:
    told = events(
        ARRIVED,
        row("CHAN_START", "10.6"),
        row("HOTLINE_NOTICE", "12.5", extra=user("at=12.4")),
        row("ANSWER", "13.0", channel=AGENT),
        row("BRIDGE_ENTER", "13.1", channel=AGENT),
        row("HANGUP", "20.0", channel=AGENT, extra='{"hangupcause":16}'),
        row("HANGUP", "21.0", extra='{"hangupcause":16,"hangupsource":"","dialstatus":""}'),
    )
    assert told == [
        CallArrived("c1", CALLER, "tag-1.1", "138", "12345", "citizens", 10.25),  # type: ignore[arg-type] # plain text
        CallWaiting(
            call_id="c1",  # type: ignore[arg-type] # plain text
            channel=CALLER,
            uniqueid="tag-1.1",
            caller="138",
            dialled="12345",
            queue="citizens",  # type: ignore[arg-type] # plain text
            entered_at=10.25,
            notice_at=12.4,
            offer_id=None,
            dial_status="",
            at=12.5,
        ),
        CallAnswered("c1", "1001", AGENT, 13.0),  # type: ignore[arg-type] # plain text
        AgentLegEnded("c1", "1001", AGENT, 20.0),  # type: ignore[arg-type] # plain text
        CallHungUp("c1", CALLER, 16, 21.0),  # type: ignore[arg-type] # plain text
    ]


def test_fallback_and_the_withheld_number() -> None:
    arrived = row(
        "HOTLINE_ARRIVED", "10.5", extra=user("queue=citizens dialled=12345 caller= entered_at=10.25")
    )
    first, second = events(arrived, row("HOTLINE_FALLBACK", "16.0", extra=user("queue=citizens")))
    assert isinstance(first, CallArrived)
    assert first.caller == ""
    assert second == CallFellBack("c1", 16.0)  # type: ignore[arg-type] # plain text


def test_waiting_with_and_without_a_notice() -> None:
    told = events(
        ARRIVED,
        row("HOTLINE_WAITING", "12.0", extra=user("notice_at=11.5")),
        row("HOTLINE_WAITING", "12.5", extra=user("notice_at=")),
        row("HOTLINE_WAITING", "13.0", extra=user("notice_at=nan")),
    )
    assert [event.notice_at for event in told if isinstance(event, CallWaiting)] == [11.5, None, None]


def test_waiting_without_the_arrival_says_too_little() -> None:
    assert events(row("HOTLINE_WAITING", "12.0", extra=user("notice_at=11.5"))) == []


@pytest.mark.parametrize(
    "extra",
    [
        "",
        "no json",
        "[1]",
        user(""),
        user("queue=citizens"),
        user("entered_at=10.25"),
        user("queue= entered_at=10.25"),
        user("queue=citizens entered_at=soon"),
        user("queue=citizens entered_at=inf"),
    ],
)
def test_an_arrival_without_queue_or_time_is_none(extra: str) -> None:
    assert events(row("HOTLINE_ARRIVED", "10.5", extra=extra)) == []


@pytest.mark.parametrize(
    ("extra", "cause"),
    [
        ('{"hangupcause":34}', 34),
        ('{"hangupcause":"17"}', 17),
        ("", 0),
        ("{}", 0),
        ("[]", 0),
        ('{"hangupcause":null}', 0),
        ('{"hangupcause":Infinity}', 0),
    ],
)
def test_the_cause_of_a_hang_up(extra: str, cause: int) -> None:
    (told,) = events(row("HANGUP", "11.0", extra=extra))
    assert isinstance(told, CallHungUp)
    assert told.cause == cause


def test_a_helper_channel_does_not_end_the_call() -> None:
    assert (
        events(row("HANGUP", "11.0", channel="Local/1001@x-00000001;1"), row("HANGUP", "12.0", channel=""))
        == []
    )


def test_the_order_is_the_journals_also_across_calls() -> None:
    told = events(
        row("HANGUP", "12.0", call="b"), row("HANGUP", "11.0", call="a"), row("HANGUP", "13.0", call="c")
    )
    assert [event.call_id for event in told if isinstance(event, CallHungUp)] == ["b", "a", "c"]


def test_a_message_that_was_left_while_nobody_listened() -> None:
    left, gone = events(
        row("HOTLINE_LEAVING", "30.0", extra=user("cause=voicemail")),
        row("HANGUP", "30.1", extra='{"hangupcause":16}'),
    )
    assert left == CallLeaving("c1", "voicemail", 30.0)  # type: ignore[arg-type] # plain text
    assert isinstance(gone, CallHungUp)


def test_the_journal_knows_whom_the_centre_disconnected() -> None:
    line = row("HANGUP", "20.0").replace('"acd-hold"', '"policy-end"')
    (hung_up,) = events(line)
    assert isinstance(hung_up, CallHungUp)
    assert hung_up.disconnected
    assert not hung_up.agent_left
