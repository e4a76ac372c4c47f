"""The journal against the tables: one rule at a time."""

from dataclasses import replace
from typing import Any

import pytest

from core.vocabulary import CallId, Phone
from hotline import audit_rules
from hotline.audit_rules import JournalCall, TableCall

CALL = CallId("3c1b0c1e-0000-4000-8000-000000000001")
NOW = 1000.0

HEARD = JournalCall(CALL, 100.0, answered_at=110.0, phone=Phone("1001"), ended_at=140.0)
ROW = TableCall(
    call_id=CALL,
    arrived_at=100.0,
    outbound=False,
    answered_at=110.2,
    phone=Phone("1001"),
    ended_at=140.9,
    outcome="answered",
    cause="caller_hangup",
    has_ticket=True,
    has_recording=True,
    to_ring_back=False,
)
LOST: dict[str, Any] = {"answered_at": None, "phone": None, "outcome": "abandoned"}


def kinds(heard: JournalCall | None, row: TableCall | None, now: float = NOW) -> list[str]:
    told = {CALL: heard} if heard else {}
    rows = {CALL: row} if row else {}
    found = [*audit_rules.compare(told, rows, now), *audit_rules.unfinished(told, rows, now)]
    return [one.kind for one in found]


def test_what_agrees_within_a_second_is_no_difference() -> None:
    assert kinds(HEARD, ROW) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"arrived_at": 98.9}, ["time_of_arrival"]),
        ({"answered_at": 111.1}, ["time_of_answer"]),
        ({"ended_at": 138.0}, ["time_of_end"]),
        ({"phone": Phone("1002")}, ["phone"]),
        ({"phone": None}, ["phone"]),
        ({"has_ticket": False}, ["ticket"]),
        ({"has_recording": False}, ["recording"]),
        ({"cause": "inconsistent"}, ["outcome"]),
        ({"cause": "unheard_of"}, ["outcome"]),
        ({"ended_at": None, "outcome": None, "cause": None}, ["no_outcome"]),
        ({**LOST, "to_ring_back": True}, ["answered"]),
        (LOST, ["answered", "ring_back"]),
    ],
)
def test_each_damage_has_its_kind(change: dict[str, Any], expected: list[str]) -> None:
    assert kinds(HEARD, replace(ROW, **change)) == expected


def test_a_call_in_one_of_the_two_only() -> None:
    assert kinds(HEARD, None) == ["only_in_the_journal"]
    assert kinds(None, ROW) == ["only_in_the_tables"]


def test_what_has_just_happened_may_not_be_written_yet() -> None:
    fresh = replace(ROW, has_ticket=False, has_recording=False)
    assert kinds(HEARD, fresh, now=141.0) == []
    assert kinds(HEARD, None, now=141.0) == []


def test_a_call_that_goes_on_is_no_difference() -> None:
    heard = JournalCall(CALL, 100.0)
    assert kinds(heard, replace(ROW, **LOST | {"ended_at": None, "outcome": None, "cause": None})) == []


def test_a_call_that_the_centre_could_not_place_is_unheard_of() -> None:
    row = replace(ROW, **LOST | {"outbound": True, "outcome": "failed", "cause": "agent_no_answer"})
    assert kinds(None, row) == []


def test_the_end_of_an_asterisk_that_was_killed_is_in_the_tables_alone() -> None:
    heard = JournalCall(CALL, 100.0, answered_at=110.0, phone=Phone("1001"))
    assert kinds(heard, replace(ROW, cause="interrupted")) == []


def line(kind: str, at: str, channel: str, context: str = "", extra: str = "") -> str:
    fields = (kind, at, CALL, "s-1", "s-1", channel, "s", context, "", "", extra.replace('"', '""'))
    return ",".join(f'"{one}"' for one in fields)


LINES = [
    line(
        "HOTLINE_ARRIVED",
        "100.5",
        "PJSIP/trunk-00000001",
        "hotline-arrival",
        '{"extra":"queue=citizens dialled=12345 caller=138 entered_at=100.25"}',
    ),
    line("ANSWER", "110.0", "PJSIP/1001-00000002"),
    line("HANGUP", "139.0", "PJSIP/1001-00000002"),
    line("ANSWER", "139.5", "PJSIP/1002-00000003"),
    'torn "HANGUP","140.0',
    line("HANGUP", "140.0", "PJSIP/trunk-00000001", "after-call", '{"hangupcause":16}'),
]


def test_the_journal_tells_arrival_first_answer_and_end() -> None:
    told = audit_rules.tell(LINES, {"1001", "1002"}.__contains__)
    assert told.first_at == 100.5
    assert told.calls == {CALL: JournalCall(CALL, 100.25, False, 110.0, Phone("1001"), 140.0)}
