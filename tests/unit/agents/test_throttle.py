import pytest

from agents.throttle import FREE_TRIES, LONGEST_WAIT, REMEMBERED, LoginThrottle, TooManyLogins


def failed(throttle: LoginThrottle, times: int, remote: str = "10.0.0.1", login: str = "zhang") -> None:
    for _ in range(times):
        throttle.failed(login, remote, 1000.0)


@pytest.mark.parametrize(
    ("failures", "wait"), [(0, 0), (4, 0), (5, 1), (6, 2), (7, 4), (8, 8), (11, 60), (30, 60), (5000, 60)]
)
def test_the_wait_doubles_up_to_a_limit(failures: int, wait: float) -> None:
    throttle = LoginThrottle()
    failed(throttle, failures)
    assert throttle.wait("zhang", "10.0.0.1", 1000.0) == wait


def test_the_wait_passes() -> None:
    throttle = LoginThrottle()
    failed(throttle, 6)
    assert throttle.wait("zhang", "10.0.0.1", 1001.5) == 0.5
    assert throttle.wait("zhang", "10.0.0.1", 1002.0) == 0


def test_nobody_else_is_slowed_down() -> None:
    throttle = LoginThrottle()
    failed(throttle, 100)
    assert throttle.wait("zhang", "10.0.0.2", 1000.0) == 0
    assert throttle.wait("li", "10.0.0.1", 1000.0) == 0


def test_a_right_password_clears_the_slate() -> None:
    throttle = LoginThrottle()
    failed(throttle, 10)
    throttle.succeeded("zhang", "10.0.0.1")
    failed(throttle, FREE_TRIES - 1)
    assert throttle.wait("zhang", "10.0.0.1", 1000.0) == 0


def test_old_failures_are_forgotten() -> None:
    throttle = LoginThrottle()
    failed(throttle, 10)
    assert throttle.wait("zhang", "10.0.0.1", 2000.0) == 0
    throttle.failed("zhang", "10.0.0.1", 2000.0)
    assert throttle.wait("zhang", "10.0.0.1", 2000.0) == 0


def test_made_up_logins_do_not_fill_the_memory() -> None:
    throttle = LoginThrottle()
    for number in range(REMEMBERED + 100):
        throttle.failed(f"made-up-{number}", "10.0.0.1", 1000.0)
    assert len(throttle.failures) == REMEMBERED


def test_the_error_says_when_to_come_back() -> None:
    error = TooManyLogins(LONGEST_WAIT)
    assert (error.status, error.code, error.retry_after) == (429, "too_many_logins", 60.0)
    assert "60 s" in error.message
