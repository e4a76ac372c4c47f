"""Opening hours: against a slow reference that looks at every minute, also where clocks are changed."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd import hours as opening
from core.plan import OpeningHours, Slot

WORKDAYS = tuple(Slot(day, 9 * 60, 17 * 60 + 30) for day in range(5))
OFFICE = OpeningHours("Asia/Shanghai", WORKDAYS)

ZONES = (
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "UTC",
)
"""Lord Howe changes by half an hour, São Paulo changed at midnight."""

CHANGES = (
    datetime(2018, 2, 18, 0, tzinfo=UTC),
    datetime(2018, 11, 4, 0, tzinfo=UTC),
    datetime(2026, 3, 29, 0, tzinfo=UTC),
    datetime(2026, 10, 25, 0, tzinfo=UTC),
    datetime(2026, 4, 4, 12, tzinfo=UTC),
    datetime(2026, 5, 1, 0, tzinfo=UTC),
)
"""Around which moments to look: clock changes of the zones above, and one ordinary day."""


def at(text: str, zone: str = "Asia/Shanghai") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("moment", "open_"),
    [
        ("2026-11-23T08:59:59.999", False),
        ("2026-11-23T09:00:00", True),
        ("2026-11-23T17:29:59.999", True),
        ("2026-11-23T17:30:00", False),
        ("2026-11-22T12:00:00", False),
    ],
)
def test_a_slot_holds_its_first_minute_and_not_its_end(moment: str, *, open_: bool) -> None:
    assert opening.is_open(OFFICE, at(moment)) is open_


def test_without_hours_a_line_is_open_day_and_night() -> None:
    assert opening.is_open(None, 0.0)
    assert opening.next_opening(None, 12.5) == 12.5


def test_a_slot_to_midnight_joins_the_one_of_the_next_day() -> None:
    night = OpeningHours("Asia/Shanghai", (Slot(0, 20 * 60, 1440), Slot(1, 0, 8 * 60)))
    moments = [at("2026-11-23T20:00") + minute * 60 for minute in range(12 * 60)]
    assert all(opening.is_open(night, moment) for moment in moments)
    assert not opening.is_open(night, at("2026-11-24T08:00"))


def test_closed_and_make_up_days() -> None:
    hours = OpeningHours(
        "Asia/Shanghai",
        (*WORKDAYS, Slot(4, 19 * 60, 20 * 60)),
        closed_days=frozenset({date(2026, 11, 23)}),
        extra_days={date(2026, 11, 22): 4},
    )
    assert not opening.is_open(hours, at("2026-11-23T12:00"))
    assert opening.is_open(hours, at("2026-11-22T19:30"))  # a Sunday with the hours of a Friday
    assert opening.next_opening(hours, at("2026-11-22T20:00")) == at("2026-11-24T09:00")


def test_a_closed_day_beats_a_make_up_day() -> None:
    sunday = date(2026, 11, 22)
    hours = OpeningHours("Asia/Shanghai", WORKDAYS, frozenset({sunday}), {sunday: 0})
    assert not opening.is_open(hours, at("2026-11-22T12:00"))


def test_the_next_opening_is_over_the_weekend() -> None:
    assert opening.next_opening(OFFICE, at("2026-11-20T17:30")) == at("2026-11-23T09:00")


def test_a_line_that_never_opens_has_no_next_opening() -> None:
    assert opening.next_opening(OpeningHours("Asia/Shanghai", ()), 0.0) is None


def test_the_missing_hour_moves_an_opening_to_its_end() -> None:
    # In Berlin clocks go from 02:00 to 03:00 on this Sunday.
    hours = OpeningHours("Europe/Berlin", (Slot(6, 2 * 60 + 30, 4 * 60),))
    assert opening.next_opening(hours, at("2026-03-29T00:00", "Europe/Berlin")) == at(
        "2026-03-29T03:00", "Europe/Berlin"
    )


def test_a_slot_inside_the_missing_hour_does_not_exist_that_day() -> None:
    hours = OpeningHours("Europe/Berlin", (Slot(6, 2 * 60 + 15, 2 * 60 + 45),))
    assert opening.next_opening(hours, at("2026-03-29T00:00", "Europe/Berlin")) == at(
        "2026-04-05T02:15", "Europe/Berlin"
    )


def test_the_repeated_hour_opens_twice() -> None:
    hours = OpeningHours("Europe/Berlin", (Slot(6, 2 * 60 + 15, 2 * 60 + 45),))
    first = at("2026-10-25T02:15", "Europe/Berlin")
    assert opening.next_opening(hours, at("2026-10-25T00:00", "Europe/Berlin")) == first
    assert opening.next_opening(hours, first + 1800) == first + 3600


def reference(hours: OpeningHours, moment: datetime) -> bool:
    """As the rules are worded, without a shortcut."""
    wall = moment.astimezone(ZoneInfo(hours.zone))
    if wall.date() in hours.closed_days:
        return False
    weekday = hours.extra_days.get(wall.date(), wall.weekday())
    midnight = datetime(2026, 1, 1, tzinfo=UTC)
    shown = midnight.replace(hour=wall.hour, minute=wall.minute)
    return any(
        midnight + timedelta(minutes=slot.opens) <= shown < midnight + timedelta(minutes=slot.closes)
        for slot in hours.week
        if slot.weekday == weekday
    )


@st.composite
def slots(draw: st.DrawFn) -> Slot:
    opens = draw(st.integers(0, 1439))
    return Slot(draw(st.integers(0, 6)), opens, draw(st.integers(opens + 1, 1440)))


days_near = st.sampled_from(CHANGES).flatmap(
    lambda change: st.integers(-2, 3).map(lambda ahead: (change + timedelta(days=ahead)).date())
)
some_hours = st.builds(
    OpeningHours,
    st.sampled_from(ZONES),
    st.lists(slots(), max_size=5).map(tuple),
    st.frozensets(days_near, max_size=2),
    st.dictionaries(days_near, st.integers(0, 6), max_size=2),
)


@settings(max_examples=150, deadline=None)
@given(some_hours, st.sampled_from(CHANGES), st.integers(-36 * 60, 36 * 60))
def test_both_answers_agree_with_looking_at_every_minute(
    hours: OpeningHours, change: datetime, minutes: int
) -> None:
    start = change + timedelta(minutes=minutes)
    ahead = [start + timedelta(minutes=minute) for minute in range(2 * 24 * 60)]
    seen = [reference(hours, moment) for moment in ahead]
    assert [opening.is_open(hours, moment.timestamp()) for moment in ahead[:180]] == seen[:180]
    opens = [moment.timestamp() for moment, is_open in zip(ahead, seen, strict=True) if is_open]
    found = opening.next_opening(hours, start.timestamp())
    if opens:
        assert found == opens[0]
    else:
        assert found is None or found >= ahead[-1].timestamp() + 60
