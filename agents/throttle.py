"""Slows down guessing without locking anybody out: failures count per login *and* address. Pure.

Whoever guesses from one address is slowed down there; the person at the seat, at another address, is not.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from core.errors import TooManyRequests
from core.vocabulary import Seconds

FREE_TRIES = 5
FIRST_WAIT: Seconds = 1.0
LONGEST_WAIT: Seconds = 60.0
FORGOTTEN_AFTER: Seconds = 900.0
REMEMBERED = 10_000
"""Pairs kept; the oldest are forgotten, so that made-up logins cannot fill the memory."""


class TooManyLogins(TooManyRequests):
    """Too many failures for one login from one address."""

    code = "too_many_logins"

    def __init__(self, pause: Seconds) -> None:
        super().__init__(f"too many failed log-ins; try again in {max(1, round(pause))} s")
        self.retry_after = pause
        """Seconds; becomes the header ``Retry-After``."""


@dataclass(slots=True)
class LoginThrottle:
    """Failed log-ins by (login, address)."""

    failures: OrderedDict[tuple[str, str], tuple[int, Seconds]] = field(default_factory=OrderedDict)

    def wait(self, login: str, remote: str, now: Seconds) -> Seconds:
        """Seconds until the next try is allowed; 0: now."""
        count, last = self.failures.get((login, remote), (0, 0.0))
        if count < FREE_TRIES or now - last > FORGOTTEN_AFTER:
            return 0.0
        pause = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(count - FREE_TRIES, 30))
        return max(0.0, last + pause - now)

    def failed(self, login: str, remote: str, now: Seconds) -> None:
        """Note a wrong password."""
        count, last = self.failures.pop((login, remote), (0, now))
        fresh = 0 if now - last > FORGOTTEN_AFTER else count
        self.failures[login, remote] = (fresh + 1, now)
        if len(self.failures) > REMEMBERED:
            self.failures.popitem(last=False)

    def succeeded(self, login: str, remote: str) -> None:
        """Forget the failures of this login at this address."""
        self.failures.pop((login, remote), None)
