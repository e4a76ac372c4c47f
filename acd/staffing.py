"""Tells the counters of ``acd.staff`` and ``acd.estimate`` what ``acd.seats`` does to agents. Pure."""

from acd.model import Agent, State
from core.vocabulary import AgentState, Seconds

AT_A_CALL = frozenset({AgentState.RINGING, AgentState.TALKING, AgentState.OUTBOUND})
HANDLING = AT_A_CALL | {AgentState.WRAP_UP}


def counted(state: State, agent: Agent) -> None:
    """An agent's state has changed, or what he may take."""
    if agent.profile is not None:
        state.relief.staff.note(agent.agent_id, agent.state, agent.profile.queues, agent.profile.certificates)


def changed(state: State, agent: Agent, before: AgentState, at: Seconds) -> None:
    """An agent's state has changed."""
    counted(state, agent)
    times = state.relief.handle_times
    if agent.state in AT_A_CALL:
        call = state.calls.get(agent.call_id) if agent.call_id is not None else None
        if call is not None:
            times.begin(agent.agent_id, call.queue, at)
    elif before in HANDLING and agent.state not in HANDLING:
        times.end(agent.agent_id, at, talked=before is not AgentState.RINGING)
