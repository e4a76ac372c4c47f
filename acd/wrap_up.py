"""The time after a call: granted by the queue, prolonged at the agent's wish, ended early. Pure.

The queue's rules grant ``wrap_up_seconds`` (an agent may have a time of his own), and ``wrap_up_extensions``
times ``wrap_up_step_seconds`` more. A supervisor may prolong beyond that.
"""

from acd import seats
from acd.model import Agent, Decision, State
from acd.timers import Deadline
from agents.rules import AgentInput
from core.events import WrapUpExtensionAsked, WrapUpFinished
from core.facts import AgentStateChanged, Refused
from core.plan import QueueRules
from core.vocabulary import AgentState, Seconds

EXTENDED = "extension"
"""Reason of the row that prolongs a wrap-up; a restart counts these (``agents.queries.sql: seated``)."""


def rules_of(state: State, agent: Agent) -> QueueRules:
    """Those of the queue of the agent's call, of the default queue when it is gone."""
    call = state.calls.get(agent.call_id) if agent.call_id is not None else None
    return state.rules(call.queue if call is not None else state.plan.default_queue)


def granted(state: State, agent: Agent) -> Seconds:
    """How long a wrap-up is without extensions."""
    if agent.wrap_up_seconds is not None:
        return agent.wrap_up_seconds
    return rules_of(state, agent).wrap_up_seconds


def extensions_left(state: State, agent: Agent) -> int:
    """How often the agent may still ask for more time."""
    if agent.state is not AgentState.WRAP_UP:
        return 0
    return max(0, rules_of(state, agent).wrap_up_extensions - agent.extensions)


def begin_by_hand(state: State, agent: Agent, out: Decision, at: Seconds, *, cause: str, reason: str) -> bool:
    """Time for notes without a call before it: as long as after a call, one step where that is nothing."""
    grant = granted(state, agent) or rules_of(state, agent).wrap_up_step_seconds
    given = AgentInput.ASK_WRAP_UP
    if not seats.move(state, agent, given, out, at, cause=cause, reason=reason, until=at + grant):
        return False
    state.timers.add(at + grant, Deadline.STATE_OVER, agent.agent_id)
    return True


def on_extension_asked(state: State, event: WrapUpExtensionAsked, out: Decision) -> None:
    """More time, if the rules have any left."""
    agent = state.agents.get(event.agent_id)
    if agent is None:
        out.facts.append(Refused("not_seated", "take a seat at a phone first"))
    elif agent.state is not AgentState.WRAP_UP:
        out.facts.append(Refused("not_in_wrap_up", "there is no wrap-up to prolong"))
    else:
        extend(state, agent, out, event.at, cause=event.cause)


def extend(state: State, agent: Agent, out: Decision, at: Seconds, *, cause: str) -> None:
    """One step more. The state's beginning stays; the row says until when it lasts now."""
    own_wish = cause == "agent"
    if own_wish and extensions_left(state, agent) == 0:
        out.facts.append(Refused("no_extension_left", "this wrap-up cannot be prolonged any further"))
        return
    agent.extensions += own_wish
    agent.until = max(at, agent.until or at) + rules_of(state, agent).wrap_up_step_seconds
    state.timers.add(agent.until, Deadline.STATE_OVER, agent.agent_id)
    state.keys += 1
    out.facts.append(
        AgentStateChanged(
            key=f"{state.run_id}-{state.keys}",
            agent_id=agent.agent_id,
            from_state=agent.state,
            to_state=agent.state,
            reason=EXTENDED,
            cause=cause,
            call_id=agent.call_id,
            next_state=agent.next_state,
            until=agent.until,
            at=at,
        ),
    )


def on_finished(state: State, event: WrapUpFinished, out: Decision) -> None:
    """The agent is done before the time."""
    agent = state.agents.get(event.agent_id)
    if agent is None:
        out.facts.append(Refused("not_seated", "take a seat at a phone first"))
    elif agent.state is not AgentState.WRAP_UP:
        out.facts.append(Refused("not_in_wrap_up", "there is no wrap-up to finish"))
    else:
        seats.wrap_up_over(state, agent, out, event.at, cause=event.cause)
