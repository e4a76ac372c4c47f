"""How many agents serve a queue, counted as their states change. Pure; nothing here scans the agents.

Agents who serve the same queues form a group; counting by group keeps a change cheap however many queues
somebody serves. ``acd.seats`` tells every change of state, ``acd.estimate`` and ``acd.relief`` ask.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from core.vocabulary import AgentId, AgentState, CertificateName, QueueName


class Presence(IntEnum):
    """How much of an agent a queue has; each includes the ones before it."""

    AWAY = 0
    SEATED = 1
    """At a phone, on a break or not reached."""
    WORKING = 2
    """In a call, in wrap-up or about to be."""
    READY = 3


PRESENCE: dict[AgentState, Presence] = {
    AgentState.OFFLINE: Presence.AWAY,
    AgentState.BREAK: Presence.SEATED,
    AgentState.STRESS_ROOM: Presence.SEATED,
    AgentState.NOT_RESPONDING: Presence.SEATED,
    AgentState.RINGING: Presence.WORKING,
    AgentState.TALKING: Presence.WORKING,
    AgentState.WRAP_UP: Presence.WORKING,
    AgentState.OUTBOUND: Presence.WORKING,
    AgentState.READY: Presence.READY,
}


@dataclass(frozen=True, slots=True)
class Group:
    """What tells agents apart here."""

    queues: frozenset[QueueName]
    certificates: frozenset[CertificateName]

    def serves(self, queue: QueueName, certificate: CertificateName | None) -> bool:
        """Whether its agents may be offered the calls of a queue that asks for this certificate."""
        return queue in self.queues and (certificate is None or certificate in self.certificates)


@dataclass(slots=True)
class Staff:
    """The groups and how many of each are seated, working, ready."""

    agents: dict[AgentId, tuple[Group, Presence]] = field(default_factory=dict)
    groups: dict[Group, list[int]] = field(default_factory=dict)
    """Numbers by ``Presence``, each level counting those above it as well."""
    thinned: bool = False
    """Somebody left or stopped working since this was last looked at (``acd.relief.settle``)."""

    def note(
        self,
        agent_id: AgentId,
        state: AgentState,
        queues: frozenset[QueueName],
        certificates: frozenset[CertificateName],
    ) -> None:
        """An agent is in this state and serves these queues."""
        group = Group(queues, certificates)
        presence = PRESENCE[state]
        before = self.agents.get(agent_id)
        if before == (group, presence):
            return
        if before is not None:
            self._count(*before, -1)
            self.thinned = self.thinned or group != before[0] or _matters(before[1], presence)
        if presence is Presence.AWAY:
            self.agents.pop(agent_id, None)
        else:
            self.agents[agent_id] = (group, presence)
            self._count(group, presence, 1)

    def _count(self, group: Group, presence: Presence, change: int) -> None:
        counts = self.groups.setdefault(group, [0] * len(Presence))
        for level in range(presence + 1):
            counts[level] += change
        if not counts[Presence.AWAY]:
            del self.groups[group]

    def serving(self, queue: QueueName, certificate: CertificateName | None) -> Iterator[tuple[Group, int]]:
        """The groups that serve a queue, with how many of each are working or ready."""
        for group, counts in self.groups.items():
            if counts[Presence.WORKING] and group.serves(queue, certificate):
                yield group, counts[Presence.WORKING]

    def number(self, queue: QueueName, certificate: CertificateName | None, least: Presence) -> int:
        """How many agents of a queue are at least so much there."""
        return sum(c[least] for g, c in self.groups.items() if g.serves(queue, certificate))


def _matters(before: Presence, now: Presence) -> bool:
    """Whether a queue may be without agents after this: from ready to busy nothing changes."""
    return now < before and now < Presence.WORKING
