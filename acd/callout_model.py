"""What the engine remembers of calls that the centre places. Plain data, hung into ``acd.model.State``."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from acd.numbers import ORDINARY, NumberKind, kind_of
from core.callbacks import CallBack, CallBackId
from core.vocabulary import CallId, Seconds


@dataclass(frozen=True, slots=True)
class OutRules:
    """How the centre may call."""

    possible: bool = False
    """There is a way to the outside (``HOTLINE_OUTSIDE_URI``)."""
    number: str = "12345"
    """The line of calls that answer none."""
    kinds: frozenset[NumberKind] = ORDINARY
    ring_seconds: Seconds = 45.0
    """How long a citizen's phone rings."""

    def may_call(self, number: str) -> bool:
        """Whether a number in normal form may be dialled."""
        return self.possible and kind_of(number) in self.kinds


@dataclass(slots=True)
class Callout:
    """What a call that the centre places has beside ``acd.model.Call``."""

    manual: bool
    """An agent asked for it, instead of its coming out of the line."""
    ticket_id: int | None = None
    origin: CallId | None = None
    callback_id: CallBackId | None = None
    placed: bool = False
    """Stated: it has its row."""
    dropped: bool = False
    """Given up; what still rings is hung up."""


@dataclass(slots=True)
class OutMemory:
    """Sub-state of ``acd.model.State``."""

    rules: OutRules = field(default_factory=OutRules)
    callouts: dict[CallId, Callout] = field(default_factory=dict)
    callbacks: dict[CallBackId, CallBack] = field(default_factory=dict)
    """Open requests; those that are over live on in the record."""
    by_number: dict[str, CallBackId] = field(default_factory=dict)
    finished: dict[str, int] = field(default_factory=dict)
    """Requests that are over, by state, since the start; for metrics."""

    def of_number(self, number: str) -> CallBack | None:
        """The open request for a number."""
        callback_id = self.by_number.get(number)
        return None if callback_id is None else self.callbacks[callback_id]

    def waiting(self) -> Mapping[CallBackId, CallBack]:
        """Every open request."""
        return self.callbacks
