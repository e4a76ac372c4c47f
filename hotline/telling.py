"""Facts are told after the routing has done what is urgent, and in the order in which they happened.

An agent's hang-up must lead to the next offer at once; that rows, figures and log lines follow a millisecond
later harms nobody. So facts wait in a queue, and a few of them are told in each turn of the event loop.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence

import structlog

from core.facts import Fact

log = structlog.get_logger()

Subscriber = Callable[[Fact], None]

AT_ONCE = 8
"""Facts told in one turn of the loop: some hundred microseconds in which no event is read."""


class FactQueue:
    """Tells facts to their subscribers.

    Args:
        table: kind of fact -> who is told, in order.
    """

    def __init__(self, table: Mapping[type[Fact], Sequence[Subscriber]]) -> None:
        self._table = table
        self._waiting: deque[Fact] = deque()
        self._scheduled = False
        self.failures = 0

    def tell(self, fact: Fact) -> None:
        """Put a fact in the queue; never blocks, never raises."""
        self._waiting.append(fact)
        self._schedule()

    def settle(self) -> None:
        """Tell everything that waits, now."""
        while self._waiting:
            self._one(self._waiting.popleft())

    def _schedule(self) -> None:
        if not self._scheduled and self._waiting:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._some)

    def _some(self) -> None:
        self._scheduled = False
        for _ in range(min(AT_ONCE, len(self._waiting))):
            self._one(self._waiting.popleft())
        self._schedule()

    def _one(self, fact: Fact) -> None:
        for subscriber in self._table[type(fact)]:
            try:
                subscriber(fact)
            except Exception:
                # One listener's fault must not keep the others from being told.
                self.failures += 1
                log.exception("fact_not_told", kind=type(fact).__name__)
