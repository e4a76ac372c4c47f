"""What is remembered of callers: who gave up and when, and who talked to whom last. Pure.

It keeps the place of somebody who calls again at once, and leads a caller to the agent who knows the matter.
Bounded: the callers of whom was heard longest ago are forgotten. Anonymous callers are not remembered, they
would all be one. After a restart ``acd.store`` reads it back from the table of calls.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from core.vocabulary import AgentId, QueueName, Seconds

REMEMBERED = 20_000
"""Callers of each kind; more than a day of a busy centre."""


@dataclass(frozen=True, slots=True)
class GaveUp:
    """A caller left the queue without having reached anybody."""

    queue: QueueName
    place_at: Seconds
    """What counted for the place that he had."""
    at: Seconds


@dataclass(frozen=True, slots=True)
class Talked:
    """A caller's last talk."""

    agent_id: AgentId
    at: Seconds
    """When it ended."""


@dataclass(slots=True)
class CallerMemory:
    """By caller's number, those heard of last at the end."""

    gave_up: OrderedDict[str, GaveUp] = field(default_factory=OrderedDict)
    talked: OrderedDict[str, Talked] = field(default_factory=OrderedDict)

    def note_gave_up(self, caller: str, queue: QueueName, place_at: Seconds, at: Seconds) -> None:
        """A caller gave up while waiting."""
        if caller:
            self.gave_up.pop(caller, None)
            self.gave_up[caller] = GaveUp(queue, place_at, at)
            _bound(self.gave_up)

    def note_talked(self, caller: str, agent_id: AgentId, at: Seconds) -> None:
        """A caller's talk with an agent ended; what he waited for before is done."""
        if caller:
            self.gave_up.pop(caller, None)
            self.talked.pop(caller, None)
            self.talked[caller] = Talked(agent_id, at)
            _bound(self.talked)

    def kept_place(self, caller: str, queue: QueueName, at: Seconds, within: Seconds) -> Seconds | None:
        """The place of a caller who gave up in this queue so shortly before; it is given back once."""
        left = self.gave_up.get(caller)
        if left is None or left.queue != queue or within <= 0 or not 0 <= at - left.at <= within:
            return None
        del self.gave_up[caller]
        return left.place_at

    def last_agent(self, caller: str, at: Seconds, within: Seconds) -> AgentId | None:
        """Who talked to this caller last, if that is not longer ago than ``within`` seconds."""
        talk = self.talked.get(caller)
        return talk.agent_id if talk is not None and within > 0 and at - talk.at <= within else None


def _bound(remembered: OrderedDict[str, GaveUp] | OrderedDict[str, Talked]) -> None:
    if len(remembered) > REMEMBERED:
        remembered.popitem(last=False)
