from hypothesis import given
from hypothesis import strategies as st

from telephony.offset import ClockOffset


def test_the_guess_holds_until_the_first_ping() -> None:
    assert ClockOffset(1000.0).now(5.0) == 1005.0


def test_a_ping_that_contradicts_replaces_the_estimate_by_its_middle() -> None:
    clock = ClockOffset(0.0)
    clock.observe(sent=10.0, received=10.2, asterisk=1010.1)
    assert clock.now(10.1) == 1010.1


def test_a_ping_that_does_not_contradict_changes_nothing() -> None:
    clock = ClockOffset(1000.0)
    clock.observe(sent=10.0, received=10.2, asterisk=1010.05)
    assert clock.now(10.0) == 1010.0


times = st.floats(min_value=0, max_value=1e6)


@given(times, times, st.floats(min_value=0, max_value=10), st.floats(min_value=-1e6, max_value=1e9))
def test_after_a_ping_the_estimate_is_off_by_no_more_than_its_round_trip(
    guess: float, sent: float, took: float, asterisk: float
) -> None:
    clock = ClockOffset(guess)
    clock.observe(sent, sent + took, asterisk)
    assert asterisk - 1e-6 <= clock.now(sent + took) <= asterisk + took + 1e-6
