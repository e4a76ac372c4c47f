"""How long to wait before the next attempt to connect."""

import secrets

from core.vocabulary import Seconds

_random = secrets.SystemRandom()


class Backoff:
    """Doubling waits up to a cap, each shortened by up to a half at random so that nobody marches in step.

    Args:
        first: the first wait in seconds.
        cap: the longest wait in seconds.
    """

    def __init__(self, first: Seconds, cap: Seconds) -> None:
        self._first = first
        self._cap = cap
        self._next = first

    def reset(self) -> None:
        """Start again with the first wait: the connection has proved stable."""
        self._next = self._first

    def wait(self) -> Seconds:
        """The seconds to wait now; the following ones double."""
        wait = self._next
        self._next = min(self._cap, wait * 2)
        return _random.uniform(wait / 2, wait)
