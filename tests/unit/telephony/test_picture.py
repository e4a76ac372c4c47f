from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events import LiveCall
from telephony.picture import VARIABLES, Row, reachable_phones, translate_snapshot, variables
from telephony.translate import Dialect

DIALECT = Dialect(phones=frozenset({"1001", "1002", "1003"}))
CALL = "0f8fad5b-d9cb-469f-a165-70867728950e"
OTHER = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
AT = 1795461900.0
SET = {
    "HOTLINE_CALL_ID": CALL, "HOTLINE_CALLER": "13900001111", "HOTLINE_DIALLED": "12345",
    "HOTLINE_QUEUE": "citizens", "HOTLINE_ENTERED_AT": "1795461895.25", "HOTLINE_NOTICE_AT": "(null)",
    "HOTLINE_STAGE": "waiting", "HOTLINE_OFFER": "",
}  # fmt: skip


def caller(bridge: str = "", call: str = CALL, **changes: str) -> Row:
    held = {**SET, "HOTLINE_CALL_ID": call, **changes}
    return {
        "Event": "Status", "Channel": "PJSIP/trunk-0000000a", "AccountCode": call, "BridgeID": bridge,
        "Uniqueid": "tag-1795461895.7", "Variable": [f"{name}={value}" for name, value in held.items()],
    }  # fmt: skip


def agent(phone: str = "1001", bridge: str = "", call: str = CALL) -> Row:
    unset = [f"{name}=(null)" for name in VARIABLES]
    return {"Channel": f"PJSIP/{phone}-0000000b", "AccountCode": call, "BridgeID": bridge, "Variable": unset}


def live(**changes: Any) -> LiveCall:  # noqa: ANN401 - columns of the table
    fields: dict[str, Any] = {
        "call_id": CALL, "channel": "PJSIP/trunk-0000000a", "uniqueid": "tag-1795461895.7",
        "caller": "13900001111", "dialled": "12345", "queue": "citizens", "entered_at": 1795461895.25,
        "notice_at": None, "stage": "waiting", "offer_id": None, "agent_phone": None, "agent_channel": "",
        "talking": False,
    }  # fmt: skip
    return LiveCall(**{**fields, **changes})


PEER, THIRD = "PJSIP/1001-0000000b", "PJSIP/third-0000000c"


def third(bridge: str = "", *, up: bool) -> Row:
    state = "6" if up else "5"
    return {"Channel": THIRD, "AccountCode": CALL, "BridgeID": bridge, "ChannelState": state}


RINGS = {"agent_phone": "1001", "agent_channel": "PJSIP/1001-0000000b"}
CASES: list[tuple[str, list[Row], list[LiveCall]]] = [
    ("nobody", [], []),
    ("one waits", [caller()], [live()]),
    ("the notice was played", [caller(HOTLINE_NOTICE_AT="1795461897.5")], [live(notice_at=1795461897.5)]),
    ("it rings", [caller(HOTLINE_STAGE="offering", HOTLINE_OFFER="55"), agent()],
     [live(stage="offering", offer_id=55, **RINGS)]),
    ("they talk", [agent(bridge="b"), caller("b")], [live(talking=True, **RINGS)]),
    ("in different bridges", [caller("b"), agent(bridge="c")], [live(**RINGS)]),
    ("a phone of another call", [caller(), agent(call=OTHER)], [live()]),
    ("two phones ring, one talks", [caller("b"), agent("1003"), agent("1002", "b")],
     [live(talking=True, agent_phone="1002", agent_channel="PJSIP/1002-0000000b")]),
    ("two phones ring", [caller(), agent("1003"), agent("1002")],
     [live(agent_phone="1002", agent_channel="PJSIP/1002-0000000b")]),
    ("on hold, somebody outside answers", [caller(HOTLINE_STAGE="held"), agent(), third(up=True)],
     [live(stage="held", third=THIRD, third_up=True, **RINGS)]),
    ("on hold, a colleague is rung",
     [caller(HOTLINE_STAGE="held", HOTLINE_PEER=PEER), agent(), agent("1002")],
     [live(stage="held", peer=PEER, third="PJSIP/1002-0000000b", third_phone="1002", **RINGS)]),
    ("alone with somebody outside", [caller("b", HOTLINE_STAGE="talking"), third("b", up=True), agent()],
     [live(stage="talking", third=THIRD, third_up=True, **RINGS)]),
    ("a leg on its way out", [caller("b", HOTLINE_STAGE="talking"), agent(bridge="b"), agent("1002")],
     [live(stage="talking", talking=True, **RINGS)]),
    ("its place is not set: the birth of the channel", [caller(HOTLINE_ENTERED_AT="")],
     [live(entered_at=1795461895.7)]),
    ("its place is unknown", [{**caller(HOTLINE_ENTERED_AT="?"), "Uniqueid": "odd"}],
     [live(entered_at=AT, uniqueid="odd")]),
    ("not yet in the dialplan", [caller(HOTLINE_QUEUE="(null)")], []),
    ("without a call id", [caller(call="")], []),
    ("account code and variable differ", [{**caller(), "AccountCode": OTHER}], []),
    ("a header twice", [{**caller(), "AccountCode": [CALL, OTHER]}], []),
    ("a channel of neither", [{**caller(), "Channel": "Local/s@acd-00000001;1"}], []),
    ("one variable only", [{**caller(), "Variable": f"HOTLINE_CALL_ID={CALL}"}], []),
    ("no variables", [{"Channel": "PJSIP/trunk-0000000a", "AccountCode": CALL}], []),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "calls"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_calls_of_a_snapshot(rows: list[Row], calls: list[LiveCall]) -> None:
    assert list(translate_snapshot(rows, [], DIALECT, AT).calls) == calls


def test_a_phone_with_any_channel_is_busy() -> None:
    rows = [agent("1001", call=""), agent("1002"), caller(), {"Channel": "PJSIP/9999-00000001"}]
    assert translate_snapshot(rows, [], DIALECT, AT).busy_phones == {"1001", "1002"}


@pytest.mark.parametrize(
    ("state", "there"),
    [("NOT_INUSE", True), ("INUSE", True), ("BUSY", True), ("RINGING", True), ("RINGINUSE", True),
     ("ONHOLD", True), ("UNAVAILABLE", False), ("INVALID", False), ("UNKNOWN", False), ("", False)],
)  # fmt: skip
def test_a_phone_is_reachable_in_these_states(state: str, there: bool) -> None:  # noqa: FBT001 - a column
    row = {"Device": "PJSIP/1001", "State": state}
    assert reachable_phones([row], DIALECT) == (frozenset({"1001"}) if there else frozenset())


def test_other_devices_are_no_phones() -> None:
    names = ["PJSIP/trunk", "Queue:citizens", "1001x", "PJSIP/", "Custom:1001"]
    assert reachable_phones([{"Device": name, "State": "NOT_INUSE"} for name in names], DIALECT) == set()


def test_the_picture_is_as_old_as_its_first_question() -> None:
    assert translate_snapshot([], [], DIALECT, AT).at == AT


def test_a_variable_may_contain_an_equals_sign() -> None:
    assert variables({"Variable": ["A=b=c", "D=", "E", "F=(null)"]}) == {"A": "b=c"}


ROWS = st.lists(
    st.dictionaries(
        st.sampled_from(["Channel", "AccountCode", "BridgeID", "Uniqueid", "Variable", "Device", "State"]),
        st.one_of(st.text(), st.lists(st.text()), st.sampled_from(["PJSIP/trunk-0000000a", CALL])),
    )
)


@given(ROWS, ROWS)
def test_no_rows_raise(channels: list[Row], devices: list[Row]) -> None:
    translate_snapshot([*channels, caller()], devices, DIALECT, AT)
