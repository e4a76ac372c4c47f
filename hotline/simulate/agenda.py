"""Virtual time: what is to happen when. Things due at one moment happen in the order they were put down."""

import heapq
import math
from collections.abc import Callable
from typing import Any

from core.vocabulary import Seconds

Action = Callable[..., None]


class Agenda:
    """A heap of actions; time jumps from one to the next."""

    def __init__(self, now: Seconds) -> None:
        self.now = now
        self._heap: list[tuple[Seconds, int, Action, tuple[Any, ...]]] = []
        self._put_down = 0

    def at(self, moment: Seconds, action: Action, *args: Any) -> None:  # noqa: ANN401 - as the action takes
        """Do this at that moment, at once when it has passed, never when it is infinite."""
        if moment == math.inf:
            return
        self._put_down += 1
        heapq.heappush(self._heap, (max(moment, self.now), self._put_down, action, args))

    def after(self, delay: Seconds, action: Action, *args: Any) -> None:  # noqa: ANN401 - as the action takes
        """Do this so much later."""
        self.at(self.now + delay, action, *args)

    def run(self, until: Seconds, wanted: Callable[[], bool] = lambda: True) -> None:
        """Do everything due before ``until``, as long as it is ``wanted``."""
        while self._heap and self._heap[0][0] < until and wanted():
            self.now, _, action, args = heapq.heappop(self._heap)
            action(*args)
