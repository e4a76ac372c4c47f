import hypothesis.strategies as st
import pytest
from hypothesis import given

from agents.timesheet import Change, Spell, spells, timesheet
from core.vocabulary import AgentState

S = AgentState


def change(state: AgentState, at: float, reason: str = "") -> Change:
    return Change(state, reason, "agent", at)


def test_a_row_begins_a_spell_and_the_next_one_ends_it() -> None:
    found = spells([change(S.BREAK, 10.0, "meal"), change(S.READY, 40.0)], 100.0)
    assert found == [
        Spell(S.BREAK, "meal", "agent", 10.0, 40.0),
        Spell(S.READY, "", "agent", 40.0, 100.0, goes_on=True),
    ]


def test_a_longer_wrap_up_is_one_spell_and_another_reason_is_another() -> None:
    rows = [change(S.BREAK, 0.0, "meal"), change(S.BREAK, 5.0, "meal"), change(S.BREAK, 9.0, "rest")]
    assert [(s.reason, s.start, s.end) for s in spells(rows, 20.0)] == [
        ("meal", 0.0, 9.0),
        ("rest", 9.0, 20.0),
    ]


def test_a_moment_a_little_before_the_former_row_makes_no_negative_time() -> None:
    found = spells([change(S.READY, 10.0), change(S.RINGING, 9.999), change(S.TALKING, 12.0)], 20.0)
    assert [(s.start, s.end) for s in found] == [(10.0, 10.0), (9.999, 12.0), (12.0, 20.0)]


def test_nothing_is_known_without_rows() -> None:
    sheet = timesheet(spells([], 10.0), 0.0, 10.0)
    assert (sheet.staffed, sheet.productive, sheet.occupancy) == (0.0, 0.0, None)


def test_the_figures_of_a_day() -> None:
    rows = [
        change(S.BREAK, -100.0, "login"),
        change(S.READY, 100.0),
        change(S.RINGING, 300.0),
        change(S.TALKING, 310.0),
        change(S.WRAP_UP, 410.0),
        change(S.READY, 460.0),
        change(S.NOT_RESPONDING, 470.0),
        change(S.STRESS_ROOM, 500.0),
        change(S.BREAK, 600.0, "training"),
        change(S.BREAK, 700.0, "meal"),
        change(S.OFFLINE, 900.0),
    ]
    sheet = timesheet(spells(rows, 2000.0), 0.0, 1000.0, frozenset({"training"}))
    assert sheet.of(S.BREAK) == 100.0 + 100.0 + 200.0
    assert sheet.of(S.OFFLINE) == 100.0
    assert sheet.staffed == 900.0
    assert sheet.unproductive_breaks == 100.0 + 200.0
    assert sheet.productive == 900.0 - 300.0 - 30.0
    assert sheet.contact == 100.0
    assert sheet.occupancy == pytest.approx(150.0 / (150.0 + 220.0))
    assert (sheet.entered[S.BREAK], sheet.entered[S.READY], sheet.entered[S.OFFLINE]) == (2, 2, 1)


row = st.builds(
    Change,
    st.sampled_from(list(S)),
    st.sampled_from(["", "meal"]),
    st.just("agent"),
    st.floats(0, 1000, allow_nan=False),
)


@given(st.lists(row, max_size=30), st.floats(0, 1000), st.floats(0, 1000))
def test_every_second_since_the_first_row_lies_in_one_state(
    rows: list[Change], one: float, other: float
) -> None:
    rows = sorted(rows, key=lambda given: given.at)
    start, end = min(one, other), max(one, other)
    sheet = timesheet(spells(rows, 1000.0), start, end)
    known = max(0.0, end - max(start, rows[0].at)) if rows else 0.0
    assert sum(sheet.by_state.values()) == pytest.approx(known, abs=1e-6)
    assert all(seconds >= 0 for seconds in sheet.by_state.values())
