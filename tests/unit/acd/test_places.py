"""Places in a line against counting through it."""

from bisect import bisect_left

from hypothesis import given
from hypothesis import strategies as st

from acd.places import CHUNK, Places
from core.vocabulary import CallId

STEPS = st.lists(st.tuples(st.booleans(), st.integers(0, 30), st.integers(0, 8)), max_size=200)


@given(STEPS)
def test_places_are_those_of_a_sorted_list(steps: list[tuple[bool, int, int]]) -> None:
    places, truth = Places(), {}
    for add, key, moment in steps:
        call_id = CallId(f"c{key:02}")
        if add:
            places.add(call_id, float(moment))
            truth[call_id] = float(moment)
        else:
            places.discard(call_id)
            truth.pop(call_id, None)
        order = sorted((at, call) for call, at in truth.items())
        assert len(places) == len(order)
        assert [places.position(call) for _, call in order] == list(range(1, len(order) + 1))
        assert places.before(4.0, CallId("c15")) == bisect_left(order, (4.0, CallId("c15")))
    assert places.position(CallId("nobody")) is None


def test_a_long_line_is_kept_in_short_lists() -> None:
    places = Places()
    number = 10 * CHUNK
    for index in range(number):
        places.add(CallId(f"{index * 7919 % number:06}"), float(index * 7919 % number))
    assert max(map(len, places.chunks)) <= 2 * CHUNK
    assert places.position(CallId(f"{number - 1:06}")) == number
    for index in range(0, number, 2):
        places.discard(CallId(f"{index:06}"))
    assert places.position(CallId(f"{number - 1:06}")) == number // 2
    assert all(places.chunks)
