"""Counts what the engine states: per half hour of arrival and queue, from the same facts that become rows."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields

from core.facts import (
    AgentStateChanged,
    CallFinished,
    CallOffered,
    CallQueued,
    Fact,
    OfferStarted,
    TalkStarted,
)
from core.vocabulary import AgentId, AgentState, CallId, Direction, Outcome, QueueName, Seconds
from hotline.simulate.scenario import HALF_HOUR

CONTACT = frozenset({AgentState.RINGING, AgentState.TALKING, AgentState.OUTBOUND})
WORKING = CONTACT | {AgentState.WRAP_UP, AgentState.READY}
AT_ONCE: Seconds = 1e-6
"""Who is offered to an agent within this has not waited."""

Key = tuple[int, QueueName]
"""Number of the half hour, and queue."""


@dataclass(slots=True)
class Counts:
    """What happened to the calls that arrived in one half hour; seconds and numbers."""

    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    overflowed: int = 0
    called_back: int = 0
    failed: int = 0
    waited: int = 0
    """Calls that did not find an idle agent."""
    answered_in_time: int = 0
    abandoned_in_time: int = 0
    wait_answered: Seconds = 0.0
    wait_all: Seconds = 0.0
    talk: Seconds = 0.0
    wrap_up: Seconds = 0.0
    waits: list[Seconds] = field(default_factory=list)
    """Of the answered ones."""

    def add(self, other: "Counts") -> None:
        """Add what another half hour or queue counted."""
        for item in fields(self):
            setattr(self, item.name, getattr(self, item.name) + getattr(other, item.name))


@dataclass(slots=True)
class Time:
    """What agents did in one half hour; seconds."""

    contact: Seconds = 0.0
    wrap_up: Seconds = 0.0
    idle: Seconds = 0.0

    def add(self, other: "Time") -> None:
        """Add what was done in another half hour."""
        self.contact += other.contact
        self.wrap_up += other.wrap_up
        self.idle += other.idle


@dataclass(slots=True)
class _Open:
    """A call that has no outcome yet."""

    key: Key
    arrived_at: Seconds
    queued_at: Seconds | None = None
    offered_at: Seconds | None = None
    answered_at: Seconds | None = None


class Tally:
    """Listens to facts.

    Args:
        start: when the first half hour begins.
        within: threshold of the service level by queue.
    """

    def __init__(self, start: Seconds, within: Callable[[QueueName], Seconds]) -> None:
        self.calls: dict[Key, Counts] = {}
        self.time: dict[int, Time] = {}
        self.unknown_ends = 0
        """Outcomes of calls that were not offered, or had one."""
        self.reached_by_call_back = 0
        self._start, self._within = start, within
        self._open: dict[CallId, _Open] = {}
        self._agents: dict[AgentId, tuple[AgentState, Seconds]] = {}
        self._writing: dict[AgentId, Counts] = {}
        """The half hour of the call that an agent writes about."""
        self._last: dict[AgentId, Counts] = {}
        self._hands: dict[type[Fact], Callable[..., None]] = {
            CallOffered: self._offered,
            CallQueued: self._queued,
            OfferStarted: self._offer_started,
            TalkStarted: self._talk_started,
            CallFinished: self._finished,
            AgentStateChanged: self._agent_changed,
        }

    @property
    def open_calls(self) -> int:
        """How many calls lack their outcome."""
        return len(self._open)

    def record(self, fact: Fact) -> None:
        """Count one fact."""
        hand = self._hands.get(type(fact))
        if hand is not None:
            hand(fact)

    def _slot(self, at: Seconds) -> int:
        return int((at - self._start) // HALF_HOUR)

    def _counts(self, key: Key) -> Counts:
        counts = self.calls.get(key)
        if counts is None:
            counts = self.calls[key] = Counts()
        return counts

    def _offered(self, fact: CallOffered) -> None:
        key = (self._slot(fact.at), fact.queue)
        self._counts(key).offered += 1
        self._open[fact.call_id] = _Open(key, fact.at)

    def _queued(self, fact: CallQueued) -> None:
        if (call := self._open.get(fact.call_id)) is not None:
            call.queued_at = fact.at

    def _offer_started(self, fact: OfferStarted) -> None:
        call = self._open.get(fact.call_id)
        if call is not None and call.offered_at is None:
            call.offered_at = fact.at

    def _talk_started(self, fact: TalkStarted) -> None:
        call = self._open.get(fact.call_id)
        if call is None:  # one that the centre has placed: what is written about it is no caller's
            if fact.agent_id is not None:
                self._last.pop(fact.agent_id, None)
            return
        call.answered_at = fact.at
        if fact.agent_id is not None:
            self._last[fact.agent_id] = self._counts(call.key)

    def _finished(self, fact: CallFinished) -> None:
        if fact.direction is Direction.OUTBOUND:
            self.reached_by_call_back += fact.outcome is Outcome.ANSWERED
            return
        call = self._open.pop(fact.call_id, None)
        if call is None:
            self.unknown_ends += 1
            return
        counts = self._counts(call.key)
        ended = fact.at if call.answered_at is None else call.answered_at
        wait = max(0.0, ended - call.arrived_at)
        setattr(counts, fact.outcome.value, getattr(counts, fact.outcome.value) + 1)
        counts.wait_all += wait
        counts.waited += _had_to_wait(call)
        in_time = wait <= self._within(call.key[1])
        if fact.outcome is Outcome.ANSWERED:
            counts.waits.append(wait)
            counts.wait_answered += wait
            counts.answered_in_time += in_time
            counts.talk += (fact.talk_ended_at or fact.at) - ended
        elif fact.outcome is Outcome.ABANDONED:
            counts.abandoned_in_time += in_time

    def _agent_changed(self, fact: AgentStateChanged) -> None:
        self._account(fact.agent_id, fact.at)
        self._agents[fact.agent_id] = (fact.to_state, fact.at)
        if fact.to_state is AgentState.WRAP_UP and fact.agent_id in self._last:
            self._writing[fact.agent_id] = self._last[fact.agent_id]
        elif fact.to_state is AgentState.OFFLINE:
            del self._agents[fact.agent_id]

    def _account(self, agent_id: AgentId, now: Seconds) -> None:
        """What an agent did since his state last changed."""
        state, since = self._agents.get(agent_id, (AgentState.OFFLINE, now))
        if state is AgentState.WRAP_UP and (counts := self._writing.pop(agent_id, None)) is not None:
            counts.wrap_up += now - since
        if state in WORKING:
            self._spread(state, since, now)

    def _spread(self, state: AgentState, since: Seconds, now: Seconds) -> None:
        """Divide a stretch of time among the half hours that it touches."""
        while since < now:
            slot = self._slot(since)
            end = min(now, self._start + (slot + 1) * HALF_HOUR)
            time = self.time.setdefault(slot, Time())
            if state in CONTACT:
                time.contact += end - since
            elif state is AgentState.WRAP_UP:
                time.wrap_up += end - since
            else:
                time.idle += end - since
            since = end

    def close(self, now: Seconds) -> None:
        """Account for those who are still there."""
        for agent_id, (state, _) in list(self._agents.items()):
            self._account(agent_id, now)
            self._agents[agent_id] = (state, now)


def _had_to_wait(call: _Open) -> bool:
    if call.queued_at is None:
        return False
    return call.offered_at is None or call.offered_at - call.queued_at > AT_ONCE
