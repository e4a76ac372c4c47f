from hypothesis import given
from hypothesis import strategies as st

from acd.timers import Deadline, Timers


def test_without_deadlines_no_tick_is_wanted() -> None:
    timers = Timers()
    assert timers.next_at() is None
    assert timers.due(1e9) == []


def test_due_takes_out_what_has_come_including_the_moment_itself() -> None:
    timers = Timers()
    timers.add(3.0, Deadline.STATE_OVER, 1)
    timers.add(1.0, Deadline.OFFER_OVERDUE, 2)
    timers.add(2.0, Deadline.STATE_OVER, 3)
    assert timers.due(2.0) == [(1.0, Deadline.OFFER_OVERDUE, 2), (2.0, Deadline.STATE_OVER, 3)]
    assert timers.next_at() == 3.0
    assert timers.due(2.9) == []


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(0, 5))), st.lists(st.floats(0, 100)))
def test_each_deadline_comes_once_in_order(added: list[tuple[float, int]], looks: list[float]) -> None:
    timers = Timers()
    for at, ident in added:
        timers.add(at, Deadline.STATE_OVER, ident)
    taken = [entry for now in [*sorted(looks), 100.0] for entry in timers.due(now)]
    assert [(at, ident) for at, _, ident in taken] == sorted(added)
    assert timers.next_at() is None
