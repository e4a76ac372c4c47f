"""Who talks to whom: the longest-waiting caller to the longest-idle agent who serves his queue. Pure.

Callers wait in one heap per queue, ordered by arrival. Idle agents stand in one heap per *set of queues they
serve*, ordered by the moment they became idle; the few distinct sets make the search short however many
agents there are. Entries that are no longer true are dropped when they reach the top (and when they become
the majority), so that every change costs O(log n).
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from core.vocabulary import AgentId, CallId, QueueName, Seconds

K = TypeVar("K", CallId, AgentId)

COMPACT_ABOVE = 64


@dataclass(slots=True)
class _Ordered(Generic[K]):
    """Members by (moment, key), with removal by forgetting."""

    heap: list[tuple[Seconds, K]] = field(default_factory=list)
    members: dict[K, Seconds] = field(default_factory=dict)

    def add(self, key: K, moment: Seconds) -> None:
        if self.members.get(key) == moment:
            return
        self.members[key] = moment
        heapq.heappush(self.heap, (moment, key))
        if len(self.heap) > COMPACT_ABOVE + 2 * len(self.members):
            self.heap = [(at, member) for member, at in self.members.items()]
            heapq.heapify(self.heap)

    def discard(self, key: K) -> None:
        self.members.pop(key, None)

    def first(self) -> tuple[Seconds, K] | None:
        while self.heap:
            moment, key = self.heap[0]
            if self.members.get(key) == moment:
                return self.heap[0]
            heapq.heappop(self.heap)
        return None


@dataclass(slots=True)
class WaitingLine:
    """The callers who wait, by queue."""

    queues: dict[QueueName, _Ordered[CallId]] = field(default_factory=dict)

    def add(self, queue: QueueName, call_id: CallId, arrived_at: Seconds) -> None:
        """The caller waits (again), at the place his arrival gives him."""
        self.queues.setdefault(queue, _Ordered()).add(call_id, arrived_at)

    def discard(self, queue: QueueName, call_id: CallId) -> None:
        """The caller no longer waits."""
        line = self.queues.get(queue)
        if line is not None:
            line.discard(call_id)

    def length(self, queue: QueueName) -> int:
        """How many wait."""
        line = self.queues.get(queue)
        return len(line.members) if line else 0

    def first(self, queue: QueueName) -> tuple[Seconds, CallId] | None:
        """The longest waiting caller of one queue, with the moment of arrival."""
        line = self.queues.get(queue)
        return line.first() if line else None

    def heads(self) -> list[tuple[Seconds, CallId, QueueName]]:
        """The longest waiting caller of each queue, the longest first."""
        found = [(head, name) for name in self.queues if (head := self.first(name)) is not None]
        return sorted((moment, call_id, name) for (moment, call_id), name in found)


@dataclass(slots=True)
class IdlePool:
    """The agents who are ready, by the set of queues they serve."""

    groups: dict[tuple[QueueName, ...], _Ordered[AgentId]] = field(default_factory=dict)
    serving: dict[QueueName, list[_Ordered[AgentId]]] = field(default_factory=dict)

    def add(self, agent_id: AgentId, queues: Iterable[QueueName], idle_since: Seconds) -> None:
        """The agent is ready."""
        key = tuple(sorted(queues))
        group = self.groups.get(key)
        if group is None:
            group = self.groups[key] = _Ordered()
            for queue in key:
                self.serving.setdefault(queue, []).append(group)
        group.add(agent_id, idle_since)

    def discard(self, agent_id: AgentId, queues: Iterable[QueueName]) -> None:
        """The agent is no longer ready."""
        group = self.groups.get(tuple(sorted(queues)))
        if group is not None:
            group.discard(agent_id)

    def first(self, queue: QueueName) -> AgentId | None:
        """The agent who serves this queue and has been idle longest."""
        heads = [head for group in self.serving.get(queue, ()) if (head := group.first()) is not None]
        return min(heads)[1] if heads else None


def choose(waiting: WaitingLine, idle: IdlePool) -> tuple[CallId, AgentId] | None:
    """The next pair: of the callers for whom somebody is idle the one who arrived first.

    Returns ``None`` when no waiting caller has an idle agent. Equal moments are broken by the identities, so
    that the same state always gives the same pair.
    """
    for _, call_id, queue in waiting.heads():
        agent_id = idle.first(queue)
        if agent_id is not None:
            return call_id, agent_id
    return None
