"""When a line is open, and when it opens next. Pure; the rules are ``core.plan.OpeningHours``.

A slot says what a clock on the wall of the centre shows. So where clocks are put back an hour that is in a
slot counts twice, and where they are put forward a slot inside the missing hour does not exist on that day.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from core.plan import OpeningHours, Slot
from core.vocabulary import Seconds

HORIZON_DAYS = 400
"""How far ahead an opening is looked for; more than a year of closed days means that the line is given up."""

DAY = timedelta(days=1)
MINUTES = 60


def is_open(hours: OpeningHours | None, at: Seconds) -> bool:
    """Whether a line with these hours is staffed at a moment; without hours it is, day and night."""
    if hours is None:
        return True
    local = datetime.fromtimestamp(at, _zone(hours.zone))
    minute = local.hour * MINUTES + local.minute
    return any(slot.opens <= minute < slot.closes for slot in day_slots(hours, local.date()))


def day_slots(hours: OpeningHours, day: date) -> tuple[Slot, ...]:
    """The slots of one day: none on a closed one, those of another weekday on a make-up one."""
    if day in hours.closed_days:
        return ()
    weekday = hours.extra_days.get(day, day.weekday())
    return tuple(slot for slot in hours.week if slot.weekday == weekday)


def next_opening(hours: OpeningHours | None, at: Seconds) -> Seconds | None:
    """The first moment from ``at`` on at which the line is open.

    Returns:
        ``at`` itself while it is open; ``None`` when it does not open within ``HORIZON_DAYS``.
    """
    if hours is None or is_open(hours, at):
        return at
    today = datetime.fromtimestamp(at, _zone(hours.zone)).date()
    for ahead in range(HORIZON_DAYS):
        # Clocks put back at midnight: the evening of one day comes again after the next has begun.
        days = (today + ahead * DAY, today + (ahead + 1) * DAY)
        found = [moment for day in days for moment in _turns(hours, day) if moment > at]
        opening = min((moment for moment in found if is_open(hours, moment)), default=None)
        if opening is not None:
            return opening
    return None


def _turns(hours: OpeningHours, day: date) -> Iterator[Seconds]:
    """Every moment of a day at which the line may become open: its slots begin, or the clocks are changed."""
    zone = _zone(hours.zone)
    slots = day_slots(hours, day)
    for slot in slots:
        yield from _readings(day, slot.opens, zone)
    if slots:
        yield from _clock_change(day, zone)


def _readings(day: date, minute: int, zone: ZoneInfo) -> tuple[Seconds, Seconds]:
    """The two moments at which clocks show this time; the same one, unless they are put back around it."""
    wall = datetime.combine(day, time(minute // MINUTES, minute % MINUTES), zone)
    return wall.timestamp(), wall.replace(fold=1).timestamp()


def _clock_change(day: date, zone: ZoneInfo) -> Iterator[Seconds]:
    """The moment of the day at which clocks are put forward or back, if there is one."""
    before = int(min(_readings(day, 0, zone))) - 1
    after = int(max(_readings(day + DAY, 0, zone)))
    earlier = _offset(before, zone)
    if earlier == _offset(after, zone):
        return
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(middle, zone) == earlier:
            before = middle
        else:
            after = middle
    yield float(after)


def _offset(at: int, zone: ZoneInfo) -> timedelta | None:
    return datetime.fromtimestamp(at, UTC).astimezone(zone).utcoffset()


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    """The rules of a time zone; ``ZoneInfoNotFoundError`` for a name that the plan's checks would refuse."""
    return ZoneInfo(name)
