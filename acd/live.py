"""A read-only look at the engine's memory, for the API and the metrics."""

from collections.abc import Callable

from acd import breaks, seats, wrap_up
from acd.model import Agent, State
from acd.phases import Phase
from core.ports import AgentView, QueueView
from core.vocabulary import AgentId, AgentState, CallId, Direction, Phone, QueueName, Seconds


class Live:
    """Read-only look at the memory (``core.ports.LiveView`` and ``PhoneDirectory``)."""

    def __init__(self, state: State, phones: frozenset[str], now: Callable[[], Seconds]) -> None:
        self._state = state
        self._phones = phones
        self._now = now

    def exists(self, phone: Phone) -> bool:
        """Whether Asterisk has an endpoint for this number."""
        return phone in self._phones

    def reachable(self, phone: Phone) -> bool:
        """Whether it is registered and answers."""
        return phone in self._state.reachable

    def agent(self, agent_id: AgentId) -> AgentView | None:
        """The agent's seat and state."""
        agent = self._state.agents.get(agent_id)
        return None if agent is None else self._agent_view(agent)

    def agents(self) -> list[AgentView]:
        """Everybody who is logged in, by id."""
        return [self._agent_view(agent) for _, agent in sorted(self._state.agents.items())]

    def live_calls(self) -> list[CallId]:
        """Every call in memory."""
        return list(self._state.calls)

    def _agent_view(self, agent: Agent) -> AgentView:
        call = self._state.calls.get(agent.call_id) if agent.call_id is not None else None
        return AgentView(
            agent_id=agent.agent_id,
            name=agent.name,
            phone=agent.phone,
            queues=seats.serves(self._state, agent),
            state=agent.state,
            reason=agent.reason,
            cause=agent.cause,
            since=agent.since,
            until=agent.until,
            next_state=agent.next_state,
            call_id=agent.call_id,
            caller=call.caller if call else "",
            dialled=call.dialled if call else "",
            queue=call.queue if call else "",
            answered_at=call.answered_at if call else None,
            next_reason=agent.next_reason,
            break_use=breaks.present(self._state, agent, self._now()),
            extensions_left=wrap_up.extensions_left(self._state, agent),
        )

    def queues(self) -> list[QueueView]:
        """Every queue, by name."""
        counts = {name: [0, 0] for name in self._state.plan.queues}
        for agent in self._state.agents.values():
            column = _column(agent.state)
            if column is not None:
                for name in seats.serves(self._state, agent):
                    counts.setdefault(name, [0, 0])[column] += 1
        return [self._queue_view(QueueName(name), *counts[name]) for name in sorted(counts)]

    def _queue_view(self, name: QueueName, ready: int, busy: int) -> QueueView:
        waiting = [
            call.arrived_at
            for call in self._state.calls.values()
            if call.queue == name and call.phase in QUEUED_PHASES and call.direction is Direction.INBOUND
        ]
        longest = max(0.0, self._now() - min(waiting)) if waiting else 0.0
        return QueueView(name, len(waiting), longest, ready, busy)


QUEUED_PHASES = frozenset({Phase.WAITING, Phase.OFFERING, Phase.UNCERTAIN, Phase.FALLBACK})
"""A caller whose agent's phone rings still waits."""


def _column(state: AgentState) -> int | None:
    if state is AgentState.READY:
        return 0
    busy = (AgentState.RINGING, AgentState.TALKING, AgentState.OUTBOUND, AgentState.WRAP_UP)
    return 1 if state in busy else None
