import pytest

from agents.day import Contacts, day_of
from agents.timesheet import Change, spells
from core.breaks import BreakReason, Nearness
from core.vocabulary import AgentState

S = AgentState
ZONE = "UTC"
START, END = 86_400.0, 2 * 86_400.0
MEAL = BreakReason("meal", "用餐", "Meal", allowance=1000.0)
TRAINING = BreakReason("training", "培训", "Training", productive=True)


def rows() -> list[Change]:
    return [
        Change(S.BREAK, "login", "agent", START + 10),
        Change(S.READY, "", "agent", START + 20),
        Change(S.NOT_RESPONDING, "", "system:no_answer", START + 120),
        Change(S.READY, "", "agent", START + 150),
        Change(S.TALKING, "", "system:answered", START + 200),
        Change(S.WRAP_UP, "", "system:talk_ended", START + 320),
        Change(S.BREAK, "meal", "agent", START + 380),
        Change(S.READY, "", "agent", START + 680),
        Change(S.BREAK, "training", "agent", START + 700),
        Change(S.BREAK, "meal", "agent", START + 800),
    ]


def test_the_figures() -> None:
    now = START + 1300
    contacts = Contacts(inbound=3, outbound=1, contact=120.0, hold=20.0)
    day = day_of(spells(rows(), now), contacts, [MEAL, TRAINING], START, now, ZONE)
    assert (day.contacts.handled, day.not_responding) == (4, 1)
    assert (day.talk, day.wrap_up, day.handle_time) == (100.0, 60.0, 45.0)
    meal, training = day.breaks
    assert (meal.count, meal.seconds, meal.use.used, meal.use.left) == (2, 800.0, 800.0, 200.0)
    assert (meal.use.present, meal.use.allowance_is) == (500.0, Nearness.SOON)
    assert (training.count, training.seconds, training.use.left) == (1, 100.0, None)
    assert day.sheet.productive == 1290.0 - 10.0 - 800.0 - 30.0


def test_a_day_without_calls_has_no_averages() -> None:
    day = day_of(spells(rows()[:2], START + 100), Contacts(), [MEAL], START, START + 100, ZONE)
    assert (day.handle_time, day.average(5.0)) == (None, None)
    assert day.breaks[0].count == 0


def test_breaks_of_the_day_before_do_not_count() -> None:
    found = [Change(S.BREAK, "meal", "agent", START - 500), Change(S.READY, "", "agent", START - 100)]
    day = day_of(spells(found, END), Contacts(), [MEAL], START, END, ZONE)
    assert (day.breaks[0].count, day.breaks[0].seconds, day.breaks[0].use.used) == (0, 0.0, 0.0)
    assert day.sheet.of(S.READY) == pytest.approx(86_400.0)
