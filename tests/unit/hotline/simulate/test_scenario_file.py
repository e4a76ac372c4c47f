"""Scenario files: the examples that ship, and every kind of mistake with file, field and rule."""

from pathlib import Path

import pytest

from core.errors import InvalidInput
from hotline.simulate.distributions import Empirical, Lognormal, Never
from hotline.simulate.scenario_file import PROFILES, find, label, load

GOOD = """
title = "A morning"
date = 2026-11-15
start = "08:00"
end = "09:30"
notice_seconds = 4

[plan]
default_queue = "citizens"
[plan.certificates]
trained = "One month of training"
[plan.queues.citizens]
service_level_seconds = 20
certificate = "trained"

[target]
level = 0.9
abandoned = 0.05

[callers]
talk = { kind = "lognormal", mean = 100, cv = 0.8 }
patience = { kind = "never" }

[agents]
wrap_up = { kind = "empirical", values = [5, 10, 15] }

[[demand]]
dialled = "12345"
calls = [10, 20, 30]

[[shift]]
name = "night"
agents = 3
start = "20:00"
end = "09:00"
certificates = ["trained"]
breaks = [{ opens = "23:30", closes = "01:30", minutes = 30 }]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "scenario.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_everything_is_read(tmp_path: Path) -> None:
    scenario = load(written(tmp_path, GOOD))
    assert (scenario.start, scenario.end, scenario.slots) == (8 * 3600, 9.5 * 3600, 3)
    assert scenario.midnight == 1_794_672_000.0  # 2026-11-15 00:00 in Shanghai
    assert (scenario.target.level, scenario.target.within, scenario.target.abandoned) == (0.9, 20.0, 0.05)
    callers = scenario.demand[0].callers
    assert (callers.talk, callers.patience) == (Lognormal(100.0, 0.8), Never())
    assert scenario.habits.wrap_up == Empirical((5.0, 10.0, 15.0))
    assert scenario.shifts[0].certificates == ("trained",)
    assert [label(scenario, slot) for slot in range(3)] == ["08:00", "08:30", "09:00"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("calls = [10, 20, 30]", "calls = [10, 20]", "demand.0.calls: must have 3 numbers"),
        ("calls = [10, 20, 30]", "calls = [10, -1, 30]", "demand.0.calls.1: Input should be greater"),
        ('end = "09:30"', 'end = "07:00"', "end: must lie a whole number of half hours after start"),
        ('end = "09:30"', 'end = "09:40"', "end: must lie a whole number"),
        ('end = "09:30"', 'end = "9.30"', "end: String should match"),
        ("mean = 100,", "mean = 0,", "callers.talk.mean: Input should be greater than 0"),
        ('kind = "never"', 'kind = "whenever"', "callers.patience"),
        ("values = [5, 10, 15]", "values = []", "agents.wrap_up.values"),
        (
            'certificates = ["trained"]',
            'certificates = ["brave"]',
            "shift.0.certificates: brave is not in the",
        ),
        ('certificates = ["trained"]', 'queues = ["nobody"]', "shift.0.queues: nobody is not in the plan"),
        ("minutes = 30", "minutes = 150", "shift.0.breaks.0.minutes: must fit"),
        ("agents = 3", 'agents = "3"', "shift.0.agents: Input should be a valid integer"),
        ("notice_seconds = 4", "notes = 4", "notes: no such field"),
        ('title = "A morning"', "", "title: is required"),
        ('title = "A morning"', 'title = "A morning', "toml: cannot be read"),
        ("date = 2026-11-15", 'date = 2026-11-15\nzone = "Here/There"', "zone: is not a known time zone"),
        ('default_queue = "citizens"', 'default_queue = "other"', "plan.default_queue"),
        ("date = 2026-11-15", 'date = 2026-11-15\nplan_file = "x.toml"', "either plan or plan_file"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    path = written(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(InvalidInput) as refused:
        load(path)
    assert f"{path}: {said}" in refused.value.message or said in refused.value.message
    assert str(path) in refused.value.message


def test_the_plan_may_lie_in_its_own_file(tmp_path: Path) -> None:
    head, rest = GOOD.split("[plan]", 1)
    plan, tail = rest.split("[target]", 1)
    text = f'{head}plan_file = "plan.toml"\n[target]{tail}'
    with pytest.raises(InvalidInput, match=r"plan_file: .*plan\.toml cannot be read"):
        load(written(tmp_path, text))
    (tmp_path / "plan.toml").write_text(plan.replace("[plan.", "["), encoding="utf-8")
    assert load(written(tmp_path, text)).plan.rules(load(written(tmp_path, GOOD)).plan.default_queue).name
    (tmp_path / "plan.toml").write_text("colour = 1\n" + plan.replace("[plan.", "["), encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"plan\.toml: colour: no such field"):
        load(written(tmp_path, text))


@pytest.mark.parametrize("name", ["first_heating_day", "ordinary_day"])
def test_the_examples_are_valid(name: str) -> None:
    scenario = load(find(name))
    assert scenario.slots == 48
    assert scenario.shifts


def test_the_first_heating_day_has_more_than_9000_calls_by_16_o_clock() -> None:
    scenario = load(find("first_heating_day"))
    assert sum(scenario.expected_calls(slot) for slot in range(32)) > 9000


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="first_heating_day, ordinary_day"):
        find("no_such_day")
    with pytest.raises(InvalidInput, match="cannot be read"):
        load(tmp_path)
    assert find(str(PROFILES / "ordinary_day.toml")) == PROFILES / "ordinary_day.toml"
