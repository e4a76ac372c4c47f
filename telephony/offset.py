"""Asterisk's clock as seen from here. Pure: the caller reads the monotonic clock."""

from core.vocabulary import Seconds


class ClockOffset:
    """What to add to the monotonic clock to get Asterisk's wall clock.

    A Ping brackets the offset: Asterisk wrote its time somewhere between sending and receiving. An estimate
    that is still inside the bracket is kept, so that ``now`` does not jitter with every Ping; one outside
    (the clock was set) is replaced by the middle.

    Args:
        first_guess: the offset until the first Ping, usually our own wall clock minus the monotonic clock.
    """

    def __init__(self, first_guess: Seconds) -> None:
        self._offset = first_guess

    def observe(self, sent: Seconds, received: Seconds, asterisk: Seconds) -> None:
        """Take in one Ping: monotonic times of question and answer, and the time in the answer."""
        lowest, highest = asterisk - received, asterisk - sent
        if not lowest <= self._offset <= highest:
            self._offset = (lowest + highest) / 2

    def now(self, monotonic: Seconds) -> Seconds:
        """Asterisk's clock at a moment of the monotonic clock."""
        return monotonic + self._offset
