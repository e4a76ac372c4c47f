from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from agents.breaks import (
    ABSENCE_SECONDS,
    KEPT_SECONDS,
    BreakMemory,
    Ledger,
    day_start,
    ledger_of,
    nearness,
    next_look,
    period_start,
    use,
    uses,
)
from agents.timesheet import Change, Spell, spells
from core.breaks import BreakReason, Nearness, Period
from core.vocabulary import AgentId, AgentState

S, N = AgentState, Nearness
ZONE = "Asia/Shanghai"
MEAL = BreakReason("meal", "用餐", "Meal", allowance=1000.0, each=600.0, period=Period.DAY)
NIGHT = BreakReason("meal", "用餐", "Meal", allowance=1000.0, period=Period.DUTY)


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)).timestamp()


MIDNIGHT = at("2026-11-24 00:00")


def meal(start: float, end: float) -> Spell:
    return Spell(S.BREAK, "meal", "agent", start, end)


def test_a_day_begins_at_the_local_midnight() -> None:
    assert day_start(at("2026-11-24 00:00"), ZONE) == MIDNIGHT
    assert day_start(at("2026-11-24 23:59"), ZONE) == MIDNIGHT
    assert day_start(MIDNIGHT - 0.5, ZONE) == at("2026-11-23 00:00")


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        (0.0, N.FAR),
        (799.0, N.FAR),
        (799.9999, N.SOON),
        (800.0, N.SOON),
        (999.0, N.SOON),
        (1000.0, N.USED_UP),
        (5000.0, N.USED_UP),
    ],
)
def test_how_near_a_limit_is(used: float, expected: Nearness) -> None:
    assert nearness(used, 1000.0) is expected
    assert nearness(used, None) is N.FAR


def test_a_break_over_midnight_counts_to_each_day_with_its_part() -> None:
    ledger = Ledger([meal(MIDNIGHT - 300, MIDNIGHT + 200)], duty_since=MIDNIGHT - 9000)
    assert use(ledger, MEAL, None, MIDNIGHT + 500, ZONE).used == 200.0
    assert use(ledger, NIGHT, None, MIDNIGHT + 500, ZONE).used == 500.0


def test_what_is_left_and_the_present_break() -> None:
    ledger = Ledger([meal(MIDNIGHT + 100, MIDNIGHT + 400)])
    seen = use(ledger, MEAL, MIDNIGHT + 1000, MIDNIGHT + 1500, ZONE)
    assert (seen.used, seen.present, seen.left) == (800.0, 500.0, 200.0)
    assert (seen.allowance_is, seen.break_is) == (N.SOON, N.SOON)
    later = use(ledger, MEAL, MIDNIGHT + 1000, MIDNIGHT + 2500, ZONE)
    assert (later.left, later.allowance_is, later.break_is) == (0.0, N.USED_UP, N.USED_UP)
    assert use(ledger, BreakReason("meal", "用餐", "Meal"), None, MIDNIGHT + 500, ZONE).left is None


def test_the_present_break_counts_for_today_from_midnight_on() -> None:
    seen = use(Ledger(), MEAL, MIDNIGHT - 500, MIDNIGHT + 100, ZONE)
    assert (seen.used, seen.present) == (100.0, 600.0)


def test_the_next_limit_ahead() -> None:
    assert next_look(use(Ledger(), MEAL, MIDNIGHT, MIDNIGHT, ZONE), MIDNIGHT) == MIDNIGHT + 480.0
    assert next_look(use(Ledger(), MEAL, MIDNIGHT, MIDNIGHT + 480, ZONE), MIDNIGHT + 480) == MIDNIGHT + 600.0
    assert next_look(use(Ledger(), MEAL, MIDNIGHT, MIDNIGHT + 600, ZONE), MIDNIGHT + 600) == MIDNIGHT + 800.0
    assert next_look(use(Ledger(), MEAL, MIDNIGHT, MIDNIGHT + 1000, ZONE), MIDNIGHT + 1000) is None
    assert next_look(use(Ledger(), BreakReason("x", "x", "x"), MIDNIGHT, MIDNIGHT, ZONE), MIDNIGHT) is None


def test_a_long_absence_begins_a_new_duty_and_a_short_one_does_not() -> None:
    ledger = Ledger()
    ledger.comes(1000.0)
    ledger.goes(2000.0)
    ledger.comes(2000.0 + ABSENCE_SECONDS - 1)
    assert ledger.duty_since == 1000.0
    ledger.goes(50_000.0)
    ledger.comes(50_000.0 + ABSENCE_SECONDS)
    assert ledger.duty_since == 50_000.0 + ABSENCE_SECONDS
    assert period_start(ledger, Period.DUTY, 90_000.0, ZONE) == ledger.duty_since
    assert period_start(Ledger(), Period.DUTY, MIDNIGHT + 5, ZONE) == MIDNIGHT


def test_what_is_too_old_is_forgotten() -> None:
    ledger = Ledger([meal(0.0, 10.0), meal(KEPT_SECONDS, KEPT_SECONDS + 20)])
    ledger.goes(KEPT_SECONDS + 20)
    ledger.comes(KEPT_SECONDS + 15)
    assert [spell.end for spell in ledger.spells] == [KEPT_SECONDS + 20]


def test_a_ledger_out_of_rows_is_the_one_that_was_kept() -> None:
    rows = [
        Change(S.BREAK, "login", "agent", 10.0),
        Change(S.READY, "", "agent", 20.0),
        Change(S.BREAK, "meal", "agent", 100.0),
        Change(S.OFFLINE, "", "agent", 200.0),
        Change(S.BREAK, "login", "agent", 300.0),
        Change(S.BREAK, "meal", "agent", 320.0),
    ]
    ledger = ledger_of(spells(rows, 400.0))
    assert (ledger.duty_since, ledger.left_at) == (10.0, None)
    assert [(s.reason, s.start, s.end) for s in ledger.spells] == [
        ("login", 10.0, 20.0),
        ("meal", 100.0, 200.0),
        ("login", 300.0, 320.0),
    ]
    gone = ledger_of(spells([*rows, Change(S.OFFLINE, "", "agent", 390.0)], 400.0))
    assert gone.left_at == 390.0


def test_every_reason_has_its_use() -> None:
    memory = BreakMemory({"meal": MEAL, "rest": BreakReason("rest", "小休", "Break", default=True)}, ZONE)
    assert memory.default == "rest"
    assert BreakMemory().default == ""
    found = uses(memory, AgentId(1), {"meal": MIDNIGHT}, MIDNIGHT + 60)
    assert [(one.reason.code, one.used, one.present) for one in found] == [
        ("meal", 60.0, 60.0),
        ("rest", 0.0, None),
    ]
