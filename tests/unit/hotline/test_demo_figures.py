from dataclasses import replace
from typing import Any

import pytest

from core.vocabulary import AgentId, Phone
from hotline import smoke
from hotline.demo import figures
from hotline.demo.figures import Evidence
from hotline.demo.run import Play, Scene, guests
from hotline.demo.siplog import SipCall, SippStatistics
from hotline.demo.voices import Channel, Voices

START = 1_795_462_220.0
"""19:30:20 of the day in the rows."""

ANSWERED: dict[str, Any] = {
    "call_id": "a",
    "outcome": "answered",
    "answered_at": "2026-11-23T19:30:20Z",
    "talk_ended_at": "2026-11-23T19:30:22Z",
    "agent_id": 7,
    "ticket_id": 1,
    "recording_id": "r",
    "rating": 1,
}
ABANDONED: dict[str, Any] = dict.fromkeys(ANSWERED) | {"call_id": "b", "outcome": "abandoned"}

METRICS = """\
# TYPE hotline_calls_offered_total counter
hotline_calls_offered_total{queue="citizens"} 2
# TYPE hotline_calls_finished_total counter
hotline_calls_finished_total{outcome="answered",queue="citizens"} 1
hotline_calls_finished_total{outcome="abandoned",queue="citizens"} 1
# TYPE hotline_calls_answered_total counter
hotline_calls_answered_total{queue="citizens"} 1
# TYPE hotline_calls_abandoned_total counter
hotline_calls_abandoned_total{queue="citizens",stage="waiting"} 1
# TYPE hotline_call_wait_seconds histogram
hotline_call_wait_seconds_bucket{le="+Inf",queue="citizens"} 1
hotline_call_wait_seconds_sum{queue="citizens"} 3
hotline_call_wait_seconds_count{queue="citizens"} 1
# TYPE hotline_call_talk_seconds histogram
hotline_call_talk_seconds_bucket{le="+Inf"} 1
hotline_call_talk_seconds_sum 2
hotline_call_talk_seconds_count 1
# TYPE hotline_calls_unaccounted gauge
hotline_calls_unaccounted 0
"""

TAKEN = SipCall("x", "1001", START - 0.3, None, START, START + 0.001, hung_up_at=START + 2, hung_up_here=True)
RANG = SipCall("y", "1002", START - 5, refused_at=START - 2, refused_with=487)
GOOD = Voices(1.98, Channel(0.25, 0.0), Channel(0.0, 0.25))


def evidence() -> Evidence:
    placed = [SipCall("1-1@h", "12345", START - 1), SipCall("2-1@h", "12345", START - 1)]
    return Evidence(
        scene=Scene(Play(guests(2), [], 1.0), [ANSWERED, ABANDONED], placed, [RANG, TAKEN]),
        statistics=SippStatistics(created=2, successful=2, failed=0),
        tables={
            "offered": 2,
            "answered": 1,
            "abandoned": 1,
            "tickets": 1,
            "recordings": 1,
            "recordings_linked": 1,
            "unaccounted": 0,
            "unanswered_offers": 1,
        },
        metrics=METRICS,
        abandoned_listed=1,
        phones={AgentId(7): Phone("1001")},
        voices={"a": GOOD},
        recording_seconds={"a": 1.98},
    )


def test_agreeing_sources_contradict_nothing() -> None:
    assert figures.contradictions(evidence()) == []
    assert smoke.unplayed(evidence()) == []
    assert smoke.summary(evidence()) == {
        "offered": 2,
        "answered": 1,
        "abandoned": 1,
        "tickets": 1,
        "recordings_linked": 1,
        "recordings_with_both_voices": 1,
        "unaccounted": 0,
    }


@pytest.mark.parametrize(
    "figure", ["offered", "answered", "abandoned", "tickets", "recordings_linked", "unaccounted"]
)
def test_a_table_that_says_something_else_is_found(figure: str) -> None:
    found = evidence()
    wrong = replace(found, tables={**found.tables, figure: found.tables[figure] + 1})
    assert len(figures.contradictions(wrong)) == 1


@pytest.mark.parametrize(
    "line",
    [
        line
        for line in METRICS.splitlines()
        if line.endswith((" 1", " 2")) and "_sum" not in line and "bucket" not in line
    ],
)
def test_a_metric_that_says_something_else_is_found(line: str) -> None:
    name, _, value = line.rpartition(" ")
    wrong = replace(evidence(), metrics=METRICS.replace(line, f"{name} {int(value) + 1}"))
    assert len(figures.contradictions(wrong)) == 1


def test_a_voice_in_the_wrong_channel_is_found() -> None:
    swapped = Voices(1.98, GOOD.right, GOOD.left)
    (problem,) = figures.contradictions(replace(evidence(), voices={"a": swapped}))
    assert "recordings with both voices says 0" in problem


def test_a_call_that_sipp_failed_is_found() -> None:
    wrong = replace(evidence(), statistics=SippStatistics(created=2, successful=1, failed=1))
    (problem,) = figures.contradictions(wrong)
    assert "SIPp's failed calls says 1" in problem


def test_durations_may_differ_by_half_a_second_and_no_more() -> None:
    assert figures.contradictions(replace(evidence(), recording_seconds={"a": 1.51})) == []
    (problem,) = figures.contradictions(replace(evidence(), recording_seconds={"a": 1.4}))
    assert "1.40 s by the recording's row" in problem


def test_a_phone_that_was_never_hung_up_is_found() -> None:
    found = evidence()
    stuck = replace(TAKEN, hung_up_at=None)
    wrong = replace(found, scene=replace(found.scene, taken=[RANG, stuck]))
    assert "phone 1001: answered but never hung up" in figures.contradictions(wrong)


def test_what_never_happened_is_said() -> None:
    found = evidence()
    tables = {**found.tables, "unanswered_offers": 0}
    assert smoke.unplayed(replace(found, tables=tables)) == ["it never happened that a phone rang in vain"]


def test_a_metric_that_is_missing_counts_nothing() -> None:
    assert figures.metric(METRICS, "hotline_nonsense_total") == 0
    assert figures.metric(METRICS, "hotline_calls_finished_total") == 2
