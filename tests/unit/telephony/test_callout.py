"""The Originate of a call that the centre places, and how its traces are read."""

from dataclasses import replace
from typing import Any

import pytest

from core.commands import StartCallout
from core.events import CalloutConnected, CalloutUnreached, CitizenAnswered, PhoneNotReached, PhonePickedUp
from core.vocabulary import AgentId, CallId, Direction, OfferId, Phone, QueueName
from telephony.actions import BadField, build
from telephony.callout import callout_fields
from telephony.picture import translate_snapshot
from telephony.translate import Dialect, translate

CALL = "0b0f7c9e-0000-4000-8000-000000000001"
DIALECT = Dialect(phones=frozenset({"1001"}))
LEG, CITIZEN = "PJSIP/1001-0000000a", "PJSIP/outside-0000000b"
START = StartCallout(
    CallId(CALL),
    AgentId(1),
    Phone("1001"),
    OfferId(77),
    "13800138001",
    "12345",
    QueueName("citizens"),
    5.25,
    15.0,
    45.0,
)


async def test_everything_a_restart_needs_goes_along() -> None:
    fields = dict(build("Originate", callout_fields(START)))
    assert fields["Channel"] == "PJSIP/1001"
    assert (fields["Context"], fields["Exten"], fields["Account"]) == ("acd-out", CALL, CALL)
    assert (fields["Timeout"], fields["Async"]) == ("15000", "true")
    variables = dict(pair.split("=") for pair in fields["Variable"].split(","))
    assert variables["_HOTLINE_CALLER"] == "13800138001"
    assert variables["_HOTLINE_ENTERED_AT"] == "5.250000"
    assert (variables["_HOTLINE_OFFER"], variables["_HOTLINE_RING"]) == ("77", "45")
    assert (variables["_HOTLINE_DIRECTION"], variables["_HOTLINE_STAGE"]) == ("outbound", "calling")


@pytest.mark.parametrize(
    "change",
    [
        {"number": "138,HOTLINE_X=1"},
        {"number": "1@evil"},
        {"number": ""},
        {"phone": Phone("1001/x")},
        {"dialled": "a"},
        {"queue": QueueName("a,b")},
        {"call_id": CallId("x")},
    ],
)
def test_a_value_that_could_mean_something_else_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadField):
        callout_fields(replace(START, **change))


def said(event: str, channel: str, **headers: str) -> dict[str, str]:
    return {
        "Event": "UserEvent",
        "UserEvent": event,
        "Timestamp": "9.5",
        "Channel": channel,
        "Uniqueid": "u",
        "AccountCode": CALL,
        "CallId": CALL,
        **headers,
    }


def test_the_dialplans_events() -> None:
    details = {
        "Caller": "13800138001",
        "Dialled": "12345",
        "Queue": "citizens",
        "EnteredAt": "5.25",
        "Offer": "77",
    }
    picked = translate(said("HotlineDialling", LEG, **details), DIALECT)
    assert picked == PhonePickedUp(
        CallId(CALL),
        Phone("1001"),
        LEG,
        "13800138001",
        "12345",
        QueueName("citizens"),
        5.25,
        OfferId(77),
        9.5,
    )
    assert translate(said("HotlineReached", CITIZEN), DIALECT) == CitizenAnswered(
        CallId(CALL), CITIZEN, "u", 9.5
    )
    talking = translate(said("HotlineTalking", CITIZEN, Peer=LEG, NoticeAt=""), DIALECT)
    assert talking == CalloutConnected(CallId(CALL), CITIZEN, "u", Phone("1001"), LEG, None, 9.5)
    unreached = translate(said("HotlineUnreached", LEG, DialStatus="BUSY", Q850="17"), DIALECT)
    assert unreached == CalloutUnreached(CallId(CALL), "BUSY", 17, 9.5)


@pytest.mark.parametrize(
    "message",
    [
        said("HotlineDialling", CITIZEN, Queue="citizens", EnteredAt="1.0"),
        said("HotlineDialling", LEG, Queue="", EnteredAt="1.0"),
        said("HotlineDialling", LEG, Queue="citizens", EnteredAt="x"),
        said("HotlineReached", LEG),
        said("HotlineTalking", CITIZEN, Peer="PJSIP/trunk-0000000a"),
        said("HotlineUnreached", CITIZEN),
    ],
)
def test_what_comes_from_the_wrong_leg_or_is_malformed_is_nothing(message: dict[str, str]) -> None:
    assert translate(message, DIALECT) is None


def test_how_the_originate_ended() -> None:
    response = {
        "Event": "OriginateResponse",
        "Timestamp": "9.5",
        "Response": "Failure",
        "Channel": "PJSIP/1001",
        "Context": "acd-out",
        "Exten": CALL,
        "Reason": "3",
    }
    assert translate(response, DIALECT) == PhoneNotReached(CallId(CALL), 3, 9.5)
    for change in (
        {"Response": "Success"},
        {"Context": "talk-conference"},
        {"Exten": "s"},
        {"Channel": "PJSIP/third"},
    ):
        assert translate(response | change, DIALECT) is None


def test_an_originated_phones_answer_is_no_talk() -> None:
    ended = {
        "Event": "DialEnd",
        "Timestamp": "9.5",
        "DestChannel": LEG,
        "DestAccountCode": CALL,
        "DialStatus": "ANSWER",
    }
    assert translate(ended, DIALECT) is None


def channel(name: str, state: str, stage: str, bridge: str = "") -> dict[str, str | list[str]]:
    held = {
        "HOTLINE_CALL_ID": CALL,
        "HOTLINE_QUEUE": "citizens",
        "HOTLINE_CALLER": "13800138001",
        "HOTLINE_ENTERED_AT": "5.25",
        "HOTLINE_OFFER": "77",
        "HOTLINE_STAGE": stage,
        "HOTLINE_DIRECTION": "outbound",
    }
    return {
        "Channel": name,
        "ChannelState": state,
        "AccountCode": CALL,
        "Uniqueid": "u",
        "BridgeID": bridge,
        "Variable": [f"{key}={value}" for key, value in held.items()],
    }


def test_until_the_citizen_answers_the_agents_leg_tells_of_the_call() -> None:
    ringing = [channel(LEG, "5", "calling")]
    dialling = [channel(LEG, "6", "dialling"), channel(CITIZEN, "5", "dialling")]
    for rows, stage in ((ringing, "calling"), (dialling, "dialling")):
        (call,) = translate_snapshot(rows, [], DIALECT, 10.0).calls
        assert (call.channel, call.stage, call.direction) == ("", stage, Direction.OUTBOUND)
        assert (call.agent_phone, call.agent_channel, call.offer_id) == ("1001", LEG, 77)
    talking = [channel(LEG, "6", "dialling", "b"), channel(CITIZEN, "6", "talking", "b")]
    (call,) = translate_snapshot(talking, [], DIALECT, 10.0).calls
    assert (call.channel, call.talking, call.agent_phone) == (CITIZEN, True, "1001")
