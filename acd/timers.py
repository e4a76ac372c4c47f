"""Deadlines inside the engine: a heap, so that the next one is known without scanning. Pure."""

import heapq
from dataclasses import dataclass, field
from enum import StrEnum

from core.vocabulary import Seconds


class Deadline(StrEnum):
    """What a deadline is for."""

    STATE_OVER = "state_over"
    """An agent's state ends by itself (wrap-up)."""
    BREAK_LIMIT = "break_limit"
    """A limit of an agent's break comes near (``acd.breaks``)."""
    OFFER_OVERDUE = "offer_overdue"
    """Asterisk should have said how an offer ended by now."""
    OVERFLOW = "overflow"
    """A call has waited as long as a rule of its queue names."""
    ANNOUNCE = "announce"
    """A caller is to be told about place and wait."""
    QUEUE_EMPTY = "queue_empty"
    """A queue has had no agents for a while."""
    NEEDS_RELAX = "needs_relax"
    """The next step of what a waiting call needs."""
    AGENT_HOLD = "agent_hold"
    """A call has waited long enough for the caller's last agent alone."""
    CERTIFICATE_OVER = "certificate_over"
    """A certificate of a seated agent expires."""
    RECORD_RESUME = "record_resume"
    """A recording has paused as long as it may."""
    CALLBACK_DUE = "callback_due"
    """A call-back request may stand in the line."""
    CALLBACK_EXPIRES = "callback_expires"
    CALLBACK_OFFER = "callback_offer"
    """It is to be looked at whether a caller really waits, and may ask to be called back."""


Ident = int | str
"""An agent id or offer id, or a call id."""


@dataclass(slots=True)
class Timers:
    """Deadlines by moment. One that no longer matters is recognised when due, not removed before."""

    heap: list[tuple[Seconds, Deadline, Ident]] = field(default_factory=list)

    def add(self, at: Seconds, what: Deadline, ident: Ident) -> None:
        """Note a deadline; ``ident`` says for what (each kind of deadline has one kind of it)."""
        heapq.heappush(self.heap, (at, what, ident))

    def next_at(self) -> Seconds | None:
        """The moment of the earliest deadline."""
        return self.heap[0][0] if self.heap else None

    def due(self, now: Seconds) -> list[tuple[Seconds, Deadline, Ident]]:
        """Take out every deadline up to ``now``, earliest first."""
        taken = []
        while self.heap and self.heap[0][0] <= now:
            taken.append(heapq.heappop(self.heap))
        return taken
