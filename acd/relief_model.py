"""What the engine remembers for overflow and announcements. Plain data, hung into ``acd.model.State``."""

from dataclasses import dataclass, field

from acd.estimate import HandleTimes
from acd.staff import Staff
from core.surge import SurgeNotice
from core.vocabulary import CallId, QueueName, Seconds


@dataclass(slots=True)
class Stay:
    """One call's stay in its present queue."""

    since: Seconds
    """When it came into this queue; the arrival, in the first one."""
    left: tuple[QueueName, ...] = ()
    """Queues that it has been in before: it goes to none of them again."""
    armed: bool = False
    """Its deadlines are set."""
    announce_at: Seconds | None = None
    """When it is to be told about place and wait next."""
    position: int | None = None
    """The best place it has been told; a worse one is not said."""
    promised: tuple[Seconds, Seconds, Seconds, Seconds] | None = None
    """Of the first announcement that spoke of a wait: when, low, expected, high."""
    offered_call_back: bool = False


@dataclass(slots=True)
class ReliefMemory:
    """Sub-state of ``acd.model.State``."""

    stays: dict[CallId, Stay] = field(default_factory=dict)
    staff: Staff = field(default_factory=Staff)
    handle_times: HandleTimes = field(default_factory=HandleTimes)
    notices: tuple[SurgeNotice, ...] = ()
    empty_since: dict[QueueName, Seconds] = field(default_factory=dict)
    """Queues with a rule against it that nobody serves, since when."""
