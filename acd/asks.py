"""What a person asks for: a state for himself or, as a supervisor, for somebody else. Pure.

Here the reason of a break gets its code and the wrap-up its limits; the moves are made in ``acd.seats``.
"""

from dataclasses import replace

from acd import breaks, seats, wrap_up
from acd.model import Agent, Decision, State
from agents.rules import IN_A_CALL
from core.events import AgentStateAsked, NextStateCancelled
from core.facts import NextStateDropped, Refused
from core.vocabulary import AgentState


def on_state_asked(state: State, event: AgentStateAsked, out: Decision) -> None:
    """A state is asked for; during a call it is noted as the next one."""
    agent = state.agents.get(event.agent_id)
    reason = breaks.named(state, event)
    if isinstance(reason, Refused):
        out.facts.append(reason)
        return
    event = replace(event, reason=reason)
    if agent is None or agent.state in IN_A_CALL:
        seats.on_state_asked(state, event, out)
    elif event.state is AgentState.WRAP_UP:
        _wrap_up(state, agent, event, out)
    elif not _is_asked_again(agent, event):
        seats.on_state_asked(state, event, out)


def _is_asked_again(agent: Agent, event: AgentStateAsked) -> bool:
    """Two browsers, or an impatient finger: the break that goes on is the one that is asked for."""
    return agent.state is event.state is AgentState.BREAK and (agent.reason, agent.cause) == (
        event.reason,
        event.cause,
    )


def _wrap_up(state: State, agent: Agent, event: AgentStateAsked, out: Decision) -> None:
    if agent.state is AgentState.WRAP_UP:
        wrap_up.extend(state, agent, out, event.at, cause=event.cause)
    elif wrap_up.begin_by_hand(state, agent, out, event.at, cause=event.cause, reason=event.reason):
        agent.next_state, agent.next_reason = None, ""
    else:
        out.facts.append(
            Refused("transition_not_allowed", f"{event.state} cannot follow {agent.state}", "state")
        )


def on_next_cancelled(state: State, event: NextStateCancelled, out: Decision) -> None:
    """The noted state is not wanted any more."""
    agent = state.agents.get(event.agent_id)
    if agent is None:
        out.facts.append(Refused("not_seated", "take a seat at a phone first"))
    elif agent.next_state is None:
        out.facts.append(Refused("no_next_state", "no next state is noted"))
    else:
        agent.next_state, agent.next_reason, agent.next_cause = None, "", ""
        out.facts.append(NextStateDropped(agent.agent_id, event.at))
