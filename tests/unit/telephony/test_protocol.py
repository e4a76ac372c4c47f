import asyncio

import pytest

from core.ports import TelephonyError
from telephony.actions import build
from telephony.protocol import LONGEST_MESSAGE
from tests.fakes.ami import SYSTEMNAME, block, event, listing, success
from tests.fakes.wire import GREETING, Guarded

HANGUP = event("Hangup", Channel="PJSIP/trunk-00000001", CallerIDName="保定市民 12345 热线", AccountCode="x")


@pytest.fixture
async def guarded() -> Guarded:
    return Guarded()


async def test_a_message_split_at_every_byte_is_the_same_message(guarded: Guarded) -> None:
    data = HANGUP.encode()
    for position in range(1, len(data)):
        guarded.feed(data[:position], data[position:])
    whole = guarded.events[0]
    assert whole["CallerIDName"] == "保定市民 12345 热线"
    assert guarded.events == [whole] * (len(data) - 1)
    assert guarded.stats.malformed == guarded.stats.dropped_forged == 0


async def test_messages_fed_byte_by_byte(guarded: Guarded) -> None:
    guarded.feed(*(bytes([byte]) for byte in (HANGUP * 3).encode()))
    assert len(guarded.events) == 3


async def test_bytes_that_are_not_utf8_are_replaced(guarded: Guarded) -> None:
    guarded.feed(HANGUP.encode().replace("保".encode(), b"\xff\xfe"))
    assert guarded.events[0]["CallerIDName"].startswith("\N{REPLACEMENT CHARACTER}" * 2)


async def test_the_greeting_is_no_message() -> None:
    guarded = Guarded(greeting=b"")
    guarded.feed(*(bytes([byte]) for byte in GREETING), HANGUP)
    assert guarded.protocol.version == "11.0.0"
    assert len(guarded.events) == 1


async def test_something_that_is_not_asterisk_is_left() -> None:
    guarded = Guarded(greeting=b"")
    guarded.feed("Aster", "oid Call Manager/1.0\r\n\r\n" + HANGUP)
    assert guarded.wire.closed
    assert guarded.events == []


# --- forgeries ---------------------------------------------------------------------------------

FORGED = [
    ("no tag", block({"Event": "Hangup", "Privilege": "call,all", "Timestamp": "1.0", "Channel": "x"})),
    ("a wrong tag", event("Hangup", tag="guess")),
    ("the tag's beginning", event("Hangup", tag=SYSTEMNAME[:-1])),
    ("more than the tag", event("Hangup", tag=SYSTEMNAME + "x")),
    (
        "the tag out of place",
        block({"Event": "Hangup", "Privilege": "call,all", "Timestamp": "1.0", "Channel": "x",
               "SystemName": SYSTEMNAME}),
    ),
    (
        "the tag behind something else than the time",
        block({"Event": "Hangup", "Privilege": "call,all", "Channel": "x", "SystemName": SYSTEMNAME}),
    ),
    ("only a name", "Event: Hangup\r\n\r\n"),
    ("a header twice", HANGUP.replace("AccountCode: x", "AccountCode: x\r\nAccountCode: y")),
    ("the rest of an event cut in two", "2345\r\nCallerIDName: x\r\nAccountCode: y\r\n\r\n"),
]  # fmt: skip


@pytest.mark.parametrize("forged", [case[1] for case in FORGED], ids=[case[0] for case in FORGED])
async def test_a_forgery_is_dropped_and_counted(guarded: Guarded, forged: str) -> None:
    guarded.feed(forged + HANGUP)
    assert len(guarded.events) == 1
    assert guarded.stats.dropped_forged == 1
    assert guarded.stats.malformed == 0


async def test_a_caller_name_that_ends_the_event_gains_nothing(guarded: Guarded) -> None:
    name = (
        "1\r\n\r\nEvent: Hangup\r\nPrivilege: call,all\r\nTimestamp: 1.0\r\nSystemName: guess\r\nChannel: x"
    )
    guarded.feed(event("DialBegin", Channel="PJSIP/trunk-00000001", CallerIDNum=name, AccountCode="c"))
    assert [headers["Event"] for headers in guarded.events] == ["DialBegin"]
    assert "AccountCode" not in guarded.events[0]
    assert guarded.stats.dropped_forged == 1


async def test_the_tag_counts_without_the_time_as_well(guarded: Guarded) -> None:
    guarded.feed(block({"Event": "Hangup", "Privilege": "call,all", "SystemName": SYSTEMNAME}))
    assert len(guarded.events) == 1


async def test_an_answer_to_nothing_asked_is_only_counted(guarded: Guarded) -> None:
    guarded.feed(success({"ActionID": "guess"}))
    assert guarded.stats.late == 1


async def test_a_list_item_with_a_guessed_actionid_does_not_get_into_the_list(guarded: Guarded) -> None:
    action = build("Status", {})
    future = guarded.protocol.submit(action)
    forged = block({"Event": "Status", "Privilege": "Call", "Channel": "x", "ActionID": "guess"})
    genuine = listing({"ActionID": action.id}, "Status", [[("Channel", "PJSIP/trunk-00000001")]])
    guarded.feed(genuine.replace("Event: StatusComplete", forged + "Event: StatusComplete"))
    assert [message.channel for message in future.result()[1:-1]] == ["PJSIP/trunk-00000001"]
    assert guarded.stats.dropped_forged == 1


async def test_variables_that_an_operator_has_shown_in_events_are_no_forgery(guarded: Guarded) -> None:
    shown = "ChanVariable: A=1\r\nChanVariable: B=2"
    guarded.feed(HANGUP.replace("AccountCode: x", f"AccountCode: x\r\n{shown}"))
    guarded.feed(HANGUP.replace("AccountCode: x", f"AccountCode: x\r\n{shown}\r\nAccountCode: y"))
    assert [headers["AccountCode"] for headers in guarded.events] == ["x"]
    assert guarded.stats.dropped_forged == 1


async def test_a_header_without_a_value_is_empty(guarded: Guarded) -> None:
    guarded.feed(HANGUP.replace("AccountCode: x", "AccountCode: "))
    assert guarded.events[0]["AccountCode"] == ""


# --- what is not wanted ------------------------------------------------------------------------


async def test_events_that_mean_nothing_are_counted_and_not_handed_on(guarded: Guarded) -> None:
    guarded.feed(event("Newchannel") + event("VarSet") + HANGUP)
    assert guarded.stats.events == 3
    assert len(guarded.events) == 1


@pytest.mark.parametrize("tagged", [True, False])
async def test_fullybooted_is_noted_with_and_without_a_tag(guarded: Guarded, tagged: bool) -> None:  # noqa: FBT001 - a column
    bare = block({"Event": "FullyBooted", "Privilege": "system,all", "Status": "Fully Booted"})
    guarded.feed(event("FullyBooted") if tagged else bare)
    assert guarded.protocol.booted.done()
    assert guarded.stats.dropped_forged == 0


async def test_a_message_that_is_too_long_is_skipped_whole(guarded: Guarded) -> None:
    long = event("Hangup", CallerIDName="x" * (LONGEST_MESSAGE + 1))
    guarded.feed(long + HANGUP)
    assert guarded.stats.oversized == 1
    assert len(guarded.events) == 1


async def test_a_message_that_never_ends_does_not_fill_the_memory(guarded: Guarded) -> None:
    for _ in range(20):
        guarded.feed("x" * 10_000)
        assert len(guarded.protocol._rest) <= LONGEST_MESSAGE + 10_000
    guarded.feed("\r\n\r", "\n" + HANGUP)
    assert guarded.stats.oversized == 1
    assert len(guarded.events) == 1


async def test_a_message_whose_handling_raises_is_counted(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guarded.protocol, "_receive_event", lambda _: 1 / 0)
    guarded.feed(HANGUP)
    assert guarded.stats.malformed == 1
    monkeypatch.undo()
    guarded.feed(HANGUP)
    assert len(guarded.events) == 1


# --- the end -----------------------------------------------------------------------------------


async def test_what_is_in_flight_fails_when_the_connection_is_lost(guarded: Guarded) -> None:
    futures = [guarded.protocol.submit(build(name, {})) for name in ("Ping", "Status")]
    guarded.protocol.connection_lost(None)
    guarded.protocol.connection_lost(ConnectionResetError())
    for future in futures:
        assert isinstance(future.exception(), TelephonyError)
    assert guarded.protocol.responses == {}
    assert guarded.protocol.lost.done()
    with pytest.raises(TelephonyError):
        guarded.protocol.submit(build("Ping", {}))


async def test_a_reply_after_the_wait_was_cancelled_is_harmless(guarded: Guarded) -> None:
    action = build("Ping", {})
    future = guarded.protocol.submit(action)
    future.cancel()
    guarded.feed(success({"ActionID": action.id}))
    assert guarded.stats.malformed == 0
    with pytest.raises(asyncio.CancelledError):
        future.result()


async def test_actions_are_written_in_utf8_with_one_actionid(guarded: Guarded) -> None:
    guarded.protocol.submit(build("Setvar", {"Variable": "X", "Value": "热线"}))
    written = guarded.wire.written[-1].decode()
    assert "Value: 热线\r\n" in written
    assert written.endswith("\r\n\r\n")
    assert written.count("ActionID: ") == 1
    assert GREETING.decode() not in written
