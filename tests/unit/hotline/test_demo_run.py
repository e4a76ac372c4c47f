from collections.abc import Mapping
from typing import Any

import pytest

from core.masking import mask_number
from hotline.demo import report, run
from hotline.demo.run import Action, Guest, Manner, Play, Scene

NOW = 1_795_462_230.0
QUEUED, ANSWERED, TALKED, ENDED = (f"2026-11-23T19:30:{second:02}Z" for second in (20, 25, 28, 29))
"""NOW is 19:30:30 of that day."""


def guest(manner: Manner = Manner.LEAVES_AFTER_TALK, patience: float = 5.0) -> Guest:
    return Guest("13900000007", "12345", manner, patience)


def row(**given: object) -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(
        (
            "outcome",
            "queued_at",
            "answered_at",
            "talk_ended_at",
            "ended_at",
            "agent_id",
            "rating",
            "ticket_id",
        )
    )
    fixed = {"recording_id": None, "recording_state": None, "arrived_at": "2026-11-23T19:30:10Z"}
    return empty | fixed | {"call_id": "c", "caller": mask_number("13900000007")} | given


TALKED_ROW = {"queued_at": QUEUED, "answered_at": ANSWERED, "talk_ended_at": TALKED}


@pytest.mark.parametrize(
    ("manner", "known", "expected"),
    [
        (Manner.LEAVES_AFTER_TALK, {}, Action.NOTHING),
        (Manner.LEAVES_AFTER_TALK, {"queued_at": QUEUED}, Action.NOTHING),
        (Manner.LEAVES_AFTER_TALK, {"queued_at": QUEUED, "answered_at": ANSWERED}, Action.NOTHING),
        (Manner.LEAVES_AFTER_TALK, TALKED_ROW, Action.HANG_UP),
        (Manner.GIVES_UP, {}, Action.NOTHING),
        (Manner.GIVES_UP, {"queued_at": QUEUED}, Action.HANG_UP),
        (Manner.GIVES_UP, {"queued_at": "2026-11-23T19:30:26Z"}, Action.NOTHING),
        (Manner.GIVES_UP, {"queued_at": QUEUED, "answered_at": ANSWERED}, Action.NOTHING),
        (Manner.GIVES_UP, TALKED_ROW, Action.HANG_UP),
        (Manner.RATES, {"queued_at": QUEUED, "answered_at": ANSWERED}, Action.NOTHING),
        (Manner.RATES, TALKED_ROW, Action.PRESS),
        (Manner.RATES, TALKED_ROW | {"rating": 2}, Action.NOTHING),
    ],
)
def test_what_a_caller_does(manner: Manner, known: Mapping[str, object], expected: Action) -> None:
    assert run.next_action(guest(manner), row(**known), NOW) is expected


def test_moment_reads_the_notation_of_the_api() -> None:
    assert run.moment("2026-11-23T19:30:30Z") == NOW
    assert run.moment("2026-11-23T19:30:30.250000+00:00") == NOW + 0.25


def test_guests_are_mixed_and_told_apart() -> None:
    people = run.guests(10, give_up_every=5, rate_every=3)
    assert [person.manner for person in people].count(Manner.GIVES_UP) == 2
    assert people[4].manner is people[9].manner is Manner.GIVES_UP
    assert {index for index, person in enumerate(people) if person.manner is Manner.RATES} == {0, 3, 6}
    later = run.guests(5, first=10)
    assert {person.manner for person in later} == {Manner.LEAVES_AFTER_TALK}
    assert len({mask_number(person.number) for person in people + later}) == 15
    assert {person.rating for person in people} == {"1", "2", "3"}


def scene(*rows: Mapping[str, Any], guests: int = 1) -> Scene:
    return Scene(Play(run.guests(guests), [], 1.0), rows, [])


COMPLETE = TALKED_ROW | {
    "outcome": "answered",
    "ended_at": ENDED,
    "ticket_id": 5,
    "recording_id": "r",
    "recording_state": "ready",
}


@pytest.mark.parametrize(
    ("rows", "settled"),
    [
        ([], False),
        ([row()], False),
        ([row(**COMPLETE)], True),
        ([row(**COMPLETE | {"ticket_id": None})], False),
        ([row(**COMPLETE | {"recording_state": "pending"})], False),
        ([row(outcome="abandoned", ended_at=ENDED)], True),
    ],
)
def test_a_scene_is_settled_when_every_call_is_complete(rows: list[dict[str, Any]], settled: bool) -> None:  # noqa: FBT001 - a table of cases
    assert scene(*rows).settled is settled


def test_a_scene_is_not_settled_before_everybody_has_called() -> None:
    assert not scene(row(**COMPLETE), guests=2).settled


def test_progress_counts_where_the_calls_are() -> None:
    rows = [
        row(),
        row(queued_at=QUEUED),
        row(queued_at=QUEUED, answered_at=ANSWERED),
        row(**TALKED_ROW),
        row(**COMPLETE),
        row(outcome="abandoned"),
    ]
    assert report.stages(scene(*rows)) == {
        "arriving": 1,
        "waiting": 1,
        "talking": 1,
        "after": 1,
        "answered": 1,
        "abandoned": 1,
    }


def test_the_table_shows_each_guest_and_who_did_not_arrive() -> None:
    people = [Guest("13900000007", "12345", Manner.RATES), Guest("13900000008", "12345", Manner.RATES)]
    shown = Scene(Play(people, [], 1.0), [row(**COMPLETE | {"rating": 3, "agent_id": 8})], [])
    table = report.calls_table(shown)
    columns = [list(column.cells) for column in table.columns]
    assert [column[0] for column in columns] == ["13900000007", "answered", "15.0", "3.0", "3", "8", "5", "r"]
    assert [column[1] for column in columns][:2] == ["13900000008", "did not arrive"]
