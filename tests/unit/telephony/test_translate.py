import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events import (
    AgentLegEnded,
    CallAnswered,
    CallArrived,
    CallFellBack,
    CallHungUp,
    CallLeaving,
    CallWaiting,
    PhoneRinging,
)
from core.vocabulary import CallId, Phone, QueueName
from telephony.translate import (
    WANTED,
    ContactChange,
    Dialect,
    endpoint_of,
    moment,
    translate,
    translate_contact,
)

CALL = CallId("0f8fad5b-d9cb-469f-a165-70867728950e")
PHONE = Phone("1001")
CALLER, AGENT = "PJSIP/trunk-0000000a", "PJSIP/1001-0000000b"
AT = 1795461898.342576
DIALECT = Dialect(phones=frozenset({"1001", "1002"}))

PRELUDE = {"Timestamp": "1795461898.342576", "SystemName": "tag", "AccountCode": CALL}
USER = {**PRELUDE, "Event": "UserEvent", "Channel": CALLER, "Uniqueid": "tag-1795461895.0", "CallId": CALL}
ARRIVED = {**USER, "UserEvent": "HotlineArrived", "Caller": "13900001111", "Dialled": "12345",
           "Queue": "citizens", "EnteredAt": "1795461895.250000"}  # fmt: skip
WAITING = {**ARRIVED, "UserEvent": "HotlineWaiting", "NoticeAt": "1795461897.5", "Offer": "55",
           "DialStatus": "NOANSWER"}  # fmt: skip
DIAL = {**PRELUDE, "Event": "DialBegin", "Channel": CALLER, "DestChannel": AGENT, "DestAccountCode": CALL}
HANGUP = {**PRELUDE, "Event": "Hangup", "Channel": CALLER, "Cause": "16"}
CONTACT = {"Event": "ContactStatus", "Timestamp": "1795461898.342576", "URI": "sip:1001@10.0.0.7:5062",
           "ContactStatus": "Reachable", "AOR": "1001", "EndpointName": "1001"}  # fmt: skip


def waiting(**changes: object) -> CallWaiting:
    fields: dict[str, Any] = {
        "call_id": CALL, "channel": CALLER, "uniqueid": "tag-1795461895.0", "caller": "13900001111",
        "dialled": "12345", "queue": "citizens", "entered_at": 1795461895.25, "notice_at": 1795461897.5,
        "offer_id": 55, "dial_status": "NOANSWER", "at": AT,
    }  # fmt: skip
    return CallWaiting(**{**fields, **changes})


ARRIVAL = CallArrived(
    CALL,
    CALLER,
    "tag-1795461895.0",
    "13900001111",
    "12345",
    QueueName("citizens"),
    AT,
)

MEANT: list[tuple[str, dict[str, str], object]] = [
    ("arrived", ARRIVED, ARRIVAL),
    ("waiting after an offer", WAITING, waiting()),
    ("waiting at first", {**WAITING, "Offer": "", "DialStatus": ""}, waiting(offer_id=None, dial_status="")),
    ("no notice", {**WAITING, "NoticeAt": ""}, waiting(notice_at=None)),
    ("number withheld", {**WAITING, "Caller": ""}, waiting(caller="")),
    ("number not clean", {**WAITING, "Caller": "+86 <b>139\n0"}, waiting(caller="+861390")),
    ("fallback", {**USER, "UserEvent": "HotlineFallback"}, CallFellBack(CALL, AT)),
    (
        "leaving",
        {**USER, "UserEvent": "HotlineLeaving", "Cause": "voicemail"},
        CallLeaving(CALL, "voicemail", AT),
    ),
    ("no cause", {**USER, "UserEvent": "HotlineLeaving", "Cause": "a b"}, CallLeaving(CALL, "", AT)),
    ("rings", DIAL, PhoneRinging(CALL, PHONE, AGENT, AT)),
    ("answered", {**DIAL, "Event": "DialEnd", "DialStatus": "ANSWER"}, CallAnswered(CALL, PHONE, AGENT, AT)),
    ("caller gone", HANGUP, CallHungUp(CALL, CALLER, 16, AT)),
    ("cause unknown", {**HANGUP, "Cause": "?"}, CallHungUp(CALL, CALLER, 0, AT)),
    ("agent gone", {**HANGUP, "Channel": AGENT}, AgentLegEnded(CALL, PHONE, AGENT, AT)),
]

MEANINGLESS: list[tuple[str, dict[str, str]]] = [
    ("nothing", {}),
    ("unknown event", {**HANGUP, "Event": "Newchannel"}),
    ("no time", {**HANGUP, "Timestamp": ""}),
    ("time not a number", {**HANGUP, "Timestamp": "nan"}),
    ("time with an exponent", {**HANGUP, "Timestamp": "1e9"}),
    ("no call", {**HANGUP, "AccountCode": ""}),
    ("call id not canonical", {**HANGUP, "AccountCode": CALL.upper()}),
    ("call id with more behind", {**HANGUP, "AccountCode": CALL + "0"}),
    ("channel of nobody", {**HANGUP, "Channel": "PJSIP/9999-0000000b"}),
    ("channel of another technology", {**HANGUP, "Channel": "Local/1001@x-00000001;1"}),
    ("channel name of an attacker", {**HANGUP, "Channel": "PJSIP/trunk-0000000a;evil"}),
    ("event cut short", {"Event": "Hangup", "Timestamp": "1795461898.3"}),
    ("foreign user event", {**ARRIVED, "UserEvent": "Other"}),
    ("user event for another call", {**ARRIVED, "CallId": CALL.replace("0", "1")}),
    ("user event from a phone", {**ARRIVED, "Channel": AGENT}),
    ("queue missing", {**ARRIVED, "Queue": ""}),
    ("queue malformed", {**WAITING, "Queue": "a b"}),
    ("uniqueid missing", {**ARRIVED, "Uniqueid": ""}),
    ("place missing", {**WAITING, "EnteredAt": ""}),
    ("dial without a phone", {**DIAL, "DestChannel": "PJSIP/trunk-0000000b"}),
    ("dial cut short", {key: value for key, value in DIAL.items() if key != "DestChannel"}),
    ("dial ended without an answer", {**DIAL, "Event": "DialEnd", "DialStatus": "NOANSWER"}),
    ("dial ended without a status", {**DIAL, "Event": "DialEnd"}),
]


@pytest.mark.parametrize(("headers", "event"), [case[1:] for case in MEANT], ids=[case[0] for case in MEANT])
def test_what_a_message_means(headers: dict[str, str], event: object) -> None:
    assert translate(headers, DIALECT) == event


@pytest.mark.parametrize("headers", [c[1] for c in MEANINGLESS], ids=[c[0] for c in MEANINGLESS])
def test_what_means_nothing(headers: dict[str, str]) -> None:
    assert translate(headers, DIALECT) is None


@pytest.mark.parametrize(
    ("status", "good"),
    [("Reachable", True), ("NonQualified", True), ("Unreachable", False), ("Removed", False)],
)
def test_contact_status(status: str, good: bool) -> None:  # noqa: FBT001 - a column of the table
    change = translate_contact({**CONTACT, "ContactStatus": status}, DIALECT)
    assert change == ContactChange(PHONE, "sip:1001@10.0.0.7:5062", good, AT)


@pytest.mark.parametrize(
    "change",
    [{"ContactStatus": "Unknown"}, {"EndpointName": "trunk"}, {"URI": ""}, {"Timestamp": "soon"}],
)
def test_contact_status_that_says_nothing(change: dict[str, str]) -> None:
    assert translate_contact({**CONTACT, **change}, DIALECT) is None


def test_every_translated_event_is_let_through_by_the_protocol() -> None:
    assert {
        "UserEvent",
        "DialBegin",
        "DialEnd",
        "Hangup",
        "OriginateResponse",
        "ContactStatus",
    } == WANTED


KEYS = st.sampled_from(sorted({*WAITING, *DIAL, *HANGUP, *CONTACT}))
VALUES = st.one_of(
    st.text(),
    st.text(alphabet=string.printable),
    st.sampled_from([*WAITING.values(), *DIAL.values(), *CONTACT.values(), "DialEnd", "Hangup", "UserEvent"]),
)


@given(st.dictionaries(KEYS, VALUES))
def test_no_message_raises(message: dict[str, str]) -> None:
    translate(message, DIALECT)
    translate_contact(message, DIALECT)


@given(st.sampled_from([case[1] for case in MEANT]), st.dictionaries(KEYS, VALUES, max_size=3))
def test_no_disturbed_message_raises(message: dict[str, str], disturbed: dict[str, str]) -> None:
    event = translate({**message, **disturbed}, DIALECT)
    assert event is None or event.call_id in {CALL, disturbed.get("AccountCode")}  # type: ignore[union-attr] # no contact here


@given(st.floats(min_value=0, max_value=99_999_999_999))
def test_moments_are_read_back(at: float) -> None:
    assert moment(f"{at:.6f}") == float(f"{at:.6f}")


@pytest.mark.parametrize(
    ("channel", "endpoint"),
    [("PJSIP/1001-0000000b", "1001"), ("PJSIP/my-trunk-0000000b", "my-trunk"), ("PJSIP/1001", ""), ("", "")],
)
def test_endpoint_of_a_channel(channel: str, endpoint: str) -> None:
    assert endpoint_of(channel) == endpoint
