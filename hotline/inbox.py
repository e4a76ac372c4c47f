"""The one ordered way to the engine: AMI events, API requests and ticks, one after the other.

``put`` handles the event at once when nothing else is being handled, so that no task switch lies between an
agent's hang-up and the next offer; what arrives meanwhile waits its turn. There is one thread and nothing in
the handling awaits, so the order is that of arrival and no lock is needed.
"""

from collections import deque
from collections.abc import Callable, Sequence

import structlog

from core.errors import Conflict, Unavailable
from core.events import ApiEvent, Event
from core.facts import Fact, Refused

log = structlog.get_logger()

Handler = Callable[[Event], Sequence[Fact]]
"""Decides about one event and returns what it led to."""


class Inbox:
    """Orders events (``core.ports.Inbox``).

    Who decides is set with ``connect``, because service and inbox need each other.
    """

    def __init__(self) -> None:
        self._queue: deque[Event] = deque()
        self._busy = False
        self._handle: Handler | None = None
        self.handled = 0
        self.failed = 0

    def connect(self, handle: Handler) -> None:
        """Say who decides; what has been put before is handled now."""
        self._handle = handle
        self._drain()

    def put(self, event: Event) -> None:
        """Take an event; returns when it, or at least its place in the order, is settled. Never raises."""
        self._queue.append(event)
        self._drain()

    def _drain(self) -> None:
        if self._busy or self._handle is None:
            return
        self._busy = True
        try:
            while self._queue:
                self._one(self._handle, self._queue.popleft())
        finally:
            self._busy = False

    def _one(self, handle: Handler, event: Event) -> Sequence[Fact] | None:
        """The facts, ``None`` when the event could not be handled."""
        self.handled += 1
        try:
            return handle(event)
        except Exception:
            # An event that cannot be handled must not take the hotline with it; healing puts things right.
            self.failed += 1
            log.exception("event_failed", kind=type(event).__name__)
            return None

    async def ask(self, event: ApiEvent) -> Sequence[Fact]:
        """A person's request, in order with everything else; raises what the engine refuses."""
        if self._handle is None or self._busy:
            # Nothing in the handling awaits, so a request can only meet a busy inbox from inside it.
            raise Unavailable("the service is starting")
        self._busy = True
        try:
            facts = self._one(self._handle, event)
        finally:
            self._busy = False
            self._drain()
        if facts is None:
            raise Unavailable("the request could not be carried out")
        for fact in facts:
            if isinstance(fact, Refused):
                raise Conflict(fact.message, code=fact.code, field=fact.field)
        return facts
