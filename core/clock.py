"""The only place that reads a clock; everything that decides gets the time passed in."""

import time

from core.vocabulary import Seconds


def wall() -> Seconds:
    """Seconds since the Unix epoch, for what is stored or shown."""
    return time.time()


def monotonic() -> Seconds:
    """Seconds that never jump, for intervals and time-outs."""
    return time.monotonic()
