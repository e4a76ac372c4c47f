"""Who talks to whom: waiting calls and idle agents, matched by what has changed. Pure.

Calls of one kind (``acd.skills.CallKind``) stand in one heap, ordered by rank, then call id; idle agents of
one profile stand in one heap per ordering (``acd.strategies``). Which profiles may take which kinds is asked
once per pair and kept. Entries that are no longer true are dropped when they reach the top (and when they
become the majority), so that every change costs O(log n).

Between two events nobody waits for whom somebody is idle. Hence only calls that have joined a line and agents
who have become idle since then can make a pair, and ``pairs`` looks at nothing else.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Generic, TypeVar

from acd.places import Places
from acd.skills import CallKind, Profile, fit, may_take
from acd.strategies import COMPARATORS, WITHIN_A_GROUP, Candidate, tier
from core.plan import Strategy
from core.vocabulary import AgentId, CallId, QueueName, Seconds

K = TypeVar("K", CallId, AgentId)

COMPACT_ABOVE = 64

Place = tuple[Any, ...]
"""Numbers to order by, smaller first, and the identity as the last element."""

NOBODY: Place = (float("inf"),)
"""Stands behind everybody."""

head_of = attrgetter("head")


class Ordered(Generic[K]):
    """Members by place, with removal by forgetting; ``head`` is always the first member's place."""

    __slots__ = ("head", "heap", "members")

    def __init__(self) -> None:
        self.heap: list[Place] = []
        self.members: dict[K, Place] = {}
        self.head: Place = NOBODY

    def add(self, key: K, place: Place) -> None:
        """The member stands here now; ``place`` ends with ``key``."""
        before = self.members.get(key)
        if before == place:
            return
        self.members[key] = place
        heapq.heappush(self.heap, place)
        if len(self.heap) > COMPACT_ABOVE + 2 * len(self.members):
            self.heap = list(self.members.values())
            heapq.heapify(self.heap)
        if before is not None or place < self.head:
            self._settle()

    def discard(self, key: K) -> None:
        """The member has left, if it was one."""
        if self.members.pop(key, None) is not None and self.head[-1] == key:
            self._settle()

    def _settle(self) -> None:
        heap, members = self.heap, self.members
        while heap:
            place = heap[0]
            if members.get(place[-1]) == place:
                self.head = place
                return
            heapq.heappop(heap)
        self.head = NOBODY


@dataclass(frozen=True, slots=True)
class Standing:
    """How one call waits."""

    kind: CallKind
    place: Place
    """(rank, call id)."""
    wanted: AgentId | None
    """The agent who is preferred when he is idle."""
    alone: bool
    """Nobody but the wanted agent may take it for now."""


@dataclass(slots=True)
class WaitingLine:
    """The calls that wait."""

    places: dict[QueueName, Places] = field(default_factory=dict)
    """Everybody, by queue: who is the how-manieth."""
    lines: dict[CallKind, Ordered[CallId]] = field(default_factory=dict)
    """Those whom any agent who may take them is offered, by kind."""
    alone: dict[AgentId, Ordered[CallId]] = field(default_factory=dict)
    """Those who wait for one agent alone."""
    standing: dict[CallId, Standing] = field(default_factory=dict)
    fresh: dict[CallId, None] = field(default_factory=dict)
    """Joined since pairs were last looked for."""
    _open_to: dict[Profile, list[Ordered[CallId]]] = field(default_factory=dict)

    def add(
        self,
        call_id: CallId,
        kind: CallKind,
        rank: Seconds,
        *,
        wanted: AgentId | None = None,
        alone: bool = False,
    ) -> None:
        """The call waits: anew, or by other needs, at another place.

        Args:
            call_id: the call.
            kind: what it needs now.
            rank: its place; smaller is first, equal ones are ordered by call id.
            wanted: the agent who is preferred if he is idle; he must be one who may take it.
            alone: whether only that agent may take it for now.
        """
        place = (rank, call_id)
        entry = Standing(kind, place, wanted, alone)
        before = self.standing.get(call_id)
        if before == entry:
            return
        if before is not None:
            self._leave(call_id, before)
        self.standing[call_id] = entry
        self.fresh[call_id] = None
        self._line(entry).add(call_id, place)
        places = self.places.get(kind.queue)
        if places is None:
            places = self.places[kind.queue] = Places()
        places.add(call_id, rank)

    def _line(self, entry: Standing) -> Ordered[CallId]:
        if entry.alone and entry.wanted is not None:
            return self.alone.setdefault(entry.wanted, Ordered())
        line = self.lines.get(entry.kind)
        if line is None:
            line = self.lines[entry.kind] = Ordered()
            for profile, lines in self._open_to.items():
                if may_take(profile, entry.kind):
                    lines.append(line)
        return line

    def discard(self, call_id: CallId) -> None:
        """The call no longer waits."""
        entry = self.standing.pop(call_id, None)
        if entry is not None:
            self.fresh.pop(call_id, None)
            self._leave(call_id, entry)

    def _leave(self, call_id: CallId, entry: Standing) -> None:
        self.places[entry.kind.queue].discard(call_id)
        line = self._line(entry)
        line.discard(call_id)
        if entry.alone and entry.wanted is not None and not line.members:
            del self.alone[entry.wanted]

    def length(self, queue: QueueName) -> int:
        """How many wait."""
        return len(self.places.get(queue, ()))

    def first_for(self, agent_id: AgentId, profile: Profile) -> Place:
        """The first call that this agent may take, ``NOBODY`` if there is none: the oldest across queues."""
        lines = self._open_to.get(profile)
        if lines is None:
            lines = [line for kind, line in self.lines.items() if may_take(profile, kind)]
            self._open_to[profile] = lines
        first = min(map(head_of, lines), default=NOBODY)
        alone = self.alone.get(agent_id)
        return first if alone is None else min(first, alone.head)

    def only_for(self, agent_id: AgentId) -> tuple[CallId, ...]:
        """The calls that wait for this agent alone."""
        line = self.alone.get(agent_id)
        return tuple(line.members) if line else ()


class Group:
    """The idle agents of one profile, in every order in use."""

    __slots__ = ("orders", "profile")

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.orders: dict[Strategy, Ordered[AgentId]] = {
            strategy: Ordered() for strategy in set(WITHIN_A_GROUP.values())
        }

    def add(self, candidate: Candidate) -> None:
        """The agent is idle."""
        for strategy, order in self.orders.items():
            order.add(candidate.agent_id, COMPARATORS[strategy](candidate))

    def discard(self, agent_id: AgentId) -> None:
        """The agent is no longer idle."""
        for order in self.orders.values():
            order.discard(agent_id)

    @property
    def members(self) -> Iterable[AgentId]:
        """Who is idle."""
        return self.orders[Strategy.LONGEST_IDLE].members


Tiers = dict[int, list[Ordered[AgentId]]]
"""The orders to look into for a call of one kind, by tier, smaller first."""


@dataclass(slots=True)
class IdlePool:
    """The agents who are ready, by profile."""

    groups: dict[Profile, Group] = field(default_factory=dict)
    where: dict[AgentId, Group] = field(default_factory=dict)
    fresh: dict[AgentId, None] = field(default_factory=dict)
    """Became idle since pairs were last looked for."""
    _tiers: dict[CallKind, Tiers] = field(default_factory=dict)

    def add(self, candidate: Candidate, profile: Profile) -> None:
        """The agent is ready; one who was already is put where he belongs now."""
        group = self.groups.get(profile) or self._new_group(profile)
        before = self.where.get(candidate.agent_id)
        if before is not None and before is not group:
            before.discard(candidate.agent_id)
        self.where[candidate.agent_id] = group
        self.fresh[candidate.agent_id] = None
        group.add(candidate)

    def _new_group(self, profile: Profile) -> Group:
        self._forget_empty()
        group = self.groups[profile] = Group(profile)
        for kind, tiers in self._tiers.items():
            _open(tiers, kind, group)
        return group

    def _forget_empty(self) -> None:
        """Profiles change with people: groups that nobody belongs to must not pile up."""
        if len(self.groups) <= COMPACT_ABOVE + 2 * len(self.where):
            return
        self.groups = {profile: group for profile, group in self.groups.items() if group.members}
        self._tiers = {}

    def discard(self, agent_id: AgentId) -> None:
        """The agent is no longer ready."""
        group = self.where.pop(agent_id, None)
        if group is not None:
            self.fresh.pop(agent_id, None)
            group.discard(agent_id)

    def first(self, kind: CallKind, wanted: AgentId | None = None) -> AgentId | None:
        """Whom a call of this kind is offered: the wanted agent if he may take it, else by the strategy."""
        if wanted is not None and (group := self.where.get(wanted)) and may_take(group.profile, kind):
            return wanted
        tiers = self._tiers.get(kind)
        if tiers is None:
            tiers = self._tiers[kind] = {}
            for group in self.groups.values():
                _open(tiers, kind, group)
        for _, orders in sorted(tiers.items()):
            first = min(map(head_of, orders))
            if first is not NOBODY:
                return AgentId(first[-1])
        return None


def _open(tiers: Tiers, kind: CallKind, group: Group) -> None:
    """Note that agents of this group may take calls of this kind, if so."""
    if may_take(group.profile, kind):
        level = tier(kind.strategy, fit(group.profile, kind))
        tiers.setdefault(level, []).append(group.orders[WITHIN_A_GROUP[kind.strategy]])


ANYBODY = AgentId(0)
"""In a candidate: the call itself is new, whoever is idle may take it."""


def pairs(waiting: WaitingLine, idle: IdlePool) -> Iterator[tuple[CallId, AgentId]]:
    """Every call that somebody is idle for, in the order of rank, each with the agent whom it is offered.

    Both are taken out before they are named, so whoever asks for the next pair has less to choose from. What
    joins or becomes idle meanwhile takes part.
    """
    candidates: list[tuple[Place, AgentId]] = []
    while True:
        _gather(waiting, idle, candidates)
        if not candidates:
            return
        place, looked_for = heapq.heappop(candidates)
        chosen = _choose(waiting, idle, place)
        if chosen != looked_for and looked_for in idle.where:
            idle.fresh[looked_for] = None  # that call is another's, or gone: look for his next
        if chosen is not None:
            call_id = CallId(place[-1])
            waiting.discard(call_id)
            idle.discard(chosen)
            yield call_id, chosen


def _gather(waiting: WaitingLine, idle: IdlePool, candidates: list[tuple[Place, AgentId]]) -> None:
    """Add the calls that joined, and for each agent who became idle the first call that he may take."""
    for call_id in waiting.fresh:
        heapq.heappush(candidates, (waiting.standing[call_id].place, ANYBODY))
    for agent_id in idle.fresh:
        place = waiting.first_for(agent_id, idle.where[agent_id].profile)
        if place is not NOBODY:
            heapq.heappush(candidates, (place, agent_id))
    waiting.fresh.clear()
    idle.fresh.clear()


def _choose(waiting: WaitingLine, idle: IdlePool, place: Place) -> AgentId | None:
    """Who takes the call at this place; ``None`` when nobody can or it is no longer there."""
    entry = waiting.standing.get(CallId(place[-1]))
    if entry is None or entry.place != place:
        return None
    if entry.alone:
        return entry.wanted if entry.wanted in idle.where else None
    return idle.first(entry.kind, entry.wanted)
