from telephony.backoff import Backoff


def test_waits_double_up_to_the_cap_and_are_shortened_by_at_most_a_half() -> None:
    backoff = Backoff(first=0.2, cap=3.0)
    for longest in (0.2, 0.4, 0.8, 1.6, 3.0, 3.0, 3.0):
        assert longest / 2 <= backoff.wait() <= longest


def test_a_stable_connection_resets_it() -> None:
    backoff = Backoff(first=0.2, cap=3.0)
    for _ in range(5):
        backoff.wait()
    backoff.reset()
    assert backoff.wait() <= 0.2


def test_waits_differ() -> None:
    assert len({Backoff(first=1.0, cap=1.0).wait() for _ in range(20)}) > 10
