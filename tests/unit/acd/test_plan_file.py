"""A plan as TOML: mistakes are told with line and field, and what is written reads back the same."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.plan_document import PlanDocument
from acd.plan_file import read, write
from acd.plan_rules import PlanRefused, problems
from acd.plan_values import routing_plan
from core.plan import Need, NeedStep, OpeningHours, OverflowRule, Priority, Relief, Slot

EXAMPLE = (Path(__file__).parents[3] / "docs" / "examples" / "plan.toml").read_text(encoding="utf-8")

PLAIN = """\
default_queue = "citizens"

[skills]
dialect = "方言"

[queues.citizens]

[queues.heating]
wrap_up_seconds = 20

[[queues.heating.needs]]
after = 0
skills = { dialect = 3 }

[[queues.heating.needs]]
after = 30

[[queues.heating.overflow]]
to = "queue"
queue = "citizens"
after_wait = 60

[queues.heating.hours.week]
mon = ["08:00-12:00", "14:00-24:00"]

[lines.96777]
queue = "heating"
"""

MISTAKES = [
    ('default_queue = "citizens"', 'default_queue = "none"', "default_queue: .* queue none (line 1)"),
    ("wrap_up_seconds = 20", "wrapup = 20", "queues.heating.wrapup: no such field (line 9)"),
    ("wrap_up_seconds = 20", "wrap_up_seconds = -1", "queues.heating.wrap_up_seconds: .*equal to 0.*line 9"),
    ("wrap_up_seconds = 20", "wrap_up_seconds = nan", "queues.heating.wrap_up_seconds: .*line 9"),
    ("wrap_up_seconds = 20", 'wrap_up_seconds = "20"', "queues.heating.wrap_up_seconds: .*number.*line 9"),
    ("wrap_up_seconds = 20", 'certificate = "x"', "certificate: there is no certificate x .line 9"),
    ("wrap_up_seconds = 20", "announce_every = 5", "announce_every: must be 0 .none. or at least 10"),
    ("wrap_up_seconds = 20", 'closed_to = "call_back"', "closed_to: the queue has no call_back rules"),
    ("after = 0\n", "after = 5\n", "needs.0.after: must be 0: .*line 12"),
    ("after = 30", "after = 0", "needs.1.after: must be later than the step before .line 16"),
    ("after = 30", "after = 30\nskills = { dialect = 4 }", "needs.1.skills: must ask for less .*line 17"),
    ("{ dialect = 3 }", "{ dialekt = 3 }", "needs.0.skills.dialekt: there is no skill dialekt .line 13"),
    ("{ dialect = 3 }", "{ dialect = 6 }", "needs.0.skills.dialect: .*less than or equal to 5"),
    ('queue = "citizens"\nafter', 'queue = "heating"\nafter', "overflow.0.queue: must be another queue"),
    ('queue = "citizens"\nafter', 'queue = "no"\nafter', "overflow.0.queue: there is no queue no .line 20"),
    ("after_wait = 60", "", "overflow.0: one of after_wait, longer_than, expected_over .*line 18"),
    ('to = "queue"', 'to = "message"', "overflow.0: queue must be named if, and only if"),
    ('"14:00-24:00"', '"14:00-24:30"', "hours.week.mon.1: must not go beyond 24:00"),
    ('"14:00-24:00"', '"14:00-13:00"', "hours.week.mon.1: must end after it begins"),
    ('"14:00-24:00"', '"11:00-13:00"', "hours: two slots of mon overlap"),
    ("[queues.heating.hours.week]", '[queues.heating.hours]\nzone = "X/Y"\n[queues.heating.hours.week]',
     "hours.zone: is not a known time zone, such as Asia/Shanghai .line 24"),
    ("[lines.96777]", "[lines.9]", "lines.9: .*pattern"),
    ('queue = "heating"', 'queue = "none"', "lines.96777.queue: there is no queue none .line 27"),
    ("[queues.citizens]",
     '[queues.citizens]\noverflow = [{ to = "queue", queue = "heating", longer_than = 9 }]',
     "queues.citizens.overflow: calls would go round in a ring: citizens -> heating -> citizens"),
    ("[queues.citizens]", "[queues.general]\n[queues.citizens]", "queues.general: is a word of Asterisk"),
    ("[queues.citizens]", "[queues.citizens", "toml: cannot be read: .*line 6"),
]  # fmt: skip


@pytest.mark.parametrize(("there", "instead", "words"), MISTAKES)
def test_a_mistake_is_told_with_its_field_and_line(there: str, instead: str, words: str) -> None:
    assert there in PLAIN
    with pytest.raises(PlanRefused, match=words.replace("(", "[(]").replace(")", "[)]")) as refused:
        read(PLAIN.replace(there, instead, 1))
    assert refused.value.errors[0]["rule"] == refused.value.problems[0].rule


def test_every_mistake_is_told_at_once() -> None:
    text = PLAIN.replace('queue = "heating"', 'queue = "a"').replace(
        'queue = "citizens"\na', 'queue = "b"\na'
    )
    with pytest.raises(PlanRefused, match="and 1 more") as refused:
        read(text)
    assert [problem.field for problem in refused.value.problems] == [
        "queues.heating.overflow.0.queue",
        "lines.96777.queue",
    ]


def test_the_engine_decides_by_what_was_written() -> None:
    plan = routing_plan(read(PLAIN), 7)
    heating = plan.queues["heating"]  # type: ignore[index] # a plain text will do in a test
    assert plan.version == 7
    assert heating.needs == (NeedStep(0, (Need("dialect", 3),)), NeedStep(30))  # type: ignore[arg-type] # the same
    assert heating.overflow == (OverflowRule(Relief.QUEUE, "citizens", after_wait=60),)  # type: ignore[arg-type] # the same
    assert heating.hours == OpeningHours("Asia/Shanghai", (Slot(0, 480, 720), Slot(0, 840, 1440)))
    assert plan.lines["96777"].queue == "heating"


def test_the_example_has_twenty_lines_and_no_mistakes() -> None:
    plan = routing_plan(read(EXAMPLE), 1)
    assert len(plan.lines) == 20
    assert plan.lines["12350"].priority is Priority.URGENT
    assert read(write(read(EXAMPLE))) == read(EXAMPLE)


def test_what_has_its_default_is_not_written() -> None:
    assert write(PlanDocument.model_validate({"default_queue": "a", "queues": {"a": {}}})) == (
        'default_queue = "a"\n\n[queues.a]\n'
    )


names = st.from_regex(r"[a-z0-9_]{1,8}", fullmatch=True).filter(lambda name: name != "general")
titles = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=12).map(str.strip)
spans = st.sampled_from(["00:00-07:15", "08:30-12:00", "14:00-24:00"])
weeks = st.dictionaries(st.sampled_from(["mon", "sat", "sun"]), st.lists(spans, unique=True, max_size=3))
hours = st.fixed_dictionaries(
    {"week": weeks},
    optional={
        "zone": st.sampled_from(["Europe/Berlin", "Asia/Shanghai"]),
        "closed_days": st.lists(st.dates().map(str), max_size=2),
        "extra_days": st.dictionaries(st.dates().map(str), st.just("fri"), max_size=2),
    },
)


@st.composite
def plans(draw: st.DrawFn) -> dict[str, Any]:
    queues = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    rules = st.fixed_dictionaries(
        {},
        optional={
            "title": titles,
            "wrap_up_seconds": st.floats(0, 3600),
            "max_waiting": st.integers(1, 99),
            "hours": hours,
            "call_back": st.just({}),
            "announce_position": st.booleans(),
            "needs": st.just([{"after": 0, "skills": {"s": 2}}, {"after": 9.5}]),
        },
    )
    return {
        "default_queue": queues[0],
        "skills": {"s": draw(titles)},
        "queues": {name: draw(rules) for name in queues},
        "lines": {
            number: {"queue": draw(st.sampled_from(queues)), "title": draw(titles)}
            for number in draw(st.lists(st.from_regex(r"[0-9]{2,6}", fullmatch=True), max_size=3))
        },
    }


@settings(max_examples=60, deadline=None)
@given(plans())
def test_whatever_is_written_reads_back_the_same(values: dict[str, Any]) -> None:
    plan = PlanDocument.model_validate(values)
    assert problems(plan) == []
    assert read(write(plan)) == plan
