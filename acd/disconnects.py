"""Protected disconnect: an agent ends a call that cannot be borne, after the caller has been warned. Pure.

The dialplan plays the warning and then ends the call by itself (``[policy-warning]``); until then the agent
may take it back. What the caller said before is on the recording, and the place is marked.
"""

from acd import segments
from acd.callers import Warned
from acd.model import Agent, Call, Decision, State
from acd.phases import Phase
from acd.talk_model import TalkState
from core.callers import DisconnectResult
from core.commands import StopWarning, WarnCaller
from core.events import DisconnectAsked, DisconnectStopped, WarningFailed
from core.facts import DisconnectEnded, DisconnectWarned, Refused
from core.talk import MarkKind
from core.vocabulary import AgentState, CallId, Seconds

CAUSE = "agent_disconnect"
"""Cause of a call that ended so."""


def on_asked(state: State, event: DisconnectAsked, out: Decision) -> None:
    """The agent asks for it: the caller is warned now."""
    agent = state.agents.get(event.agent_id)
    call = _talk_of(state, agent)
    if agent is None or call is None:
        out.facts.append(Refused("no_talk", "there is no caller in a talk with you"))
        return
    if call.call_id in state.callers.warnings:
        return  # asked twice: the warning is on
    if call.talk.state is not TalkState.CONNECTED:
        out.facts.append(Refused("talk_not_so", f"take the caller back first: the talk is {call.talk.state}"))
        return
    if not call.channel or not call.agent_channel:
        out.facts.append(Refused("talk_not_settled", "where the call is has to be found out first"))
        return
    state.callers.warnings[call.call_id] = Warned(agent.agent_id, event.at)
    call.talk.moves += 1  # the agent's leg is out of the bridge: it is let go of when the caller is gone
    segments.mark(call, MarkKind.WARNING, out, event.at)
    segments.unbridged(call, event.at)
    out.facts.append(DisconnectWarned(call.call_id, agent.agent_id, event.code, event.note, event.at))
    out.commands.append(WarnCaller(call.call_id, call.channel, call.agent_channel))


def _talk_of(state: State, agent: Agent | None) -> Call | None:
    """The call that the agent talks in, ``None`` when it is over, or another's."""
    if agent is None or agent.state is not AgentState.TALKING or agent.call_id is None:
        return None
    call = state.calls.get(agent.call_id)
    if call is None or call.phase is not Phase.TALKING or call.agent_id != agent.agent_id:
        return None
    return call


def on_stopped(state: State, event: DisconnectStopped, out: Decision) -> None:
    """The agent takes it back: the two are connected again."""
    call = _talk_of(state, state.agents.get(event.agent_id))
    if call is None or call.call_id not in state.callers.warnings:
        out.facts.append(Refused("no_warning", "no warning is being played to your caller"))
        return
    out.commands.append(StopWarning(call.call_id, call.channel))
    _connected(call, out, event.at)
    _end(state, call.call_id, DisconnectResult.STOPPED, out, event.at)


def on_failed(state: State, event: WarningFailed, out: Decision) -> None:
    """The switch refused to begin it: the talk goes on as it was."""
    call = state.calls.get(event.call_id)
    if call is not None and event.call_id in state.callers.warnings:
        _connected(call, out, event.at)
    _end(state, event.call_id, DisconnectResult.FAILED, out, event.at)


def _connected(call: Call, out: Decision, at: Seconds) -> None:
    """The two hear each other again; what they say is recorded from here on."""
    segments.unmark(call, MarkKind.WARNING, out, at)
    segments.bridged(call, at)


def close(state: State, call: Call, out: Decision, at: Seconds, cause: str) -> None:
    """The call is over: say how its warning ended, if there was one."""
    result = DisconnectResult.DISCONNECTED if cause == CAUSE else DisconnectResult.CALLER_LEFT
    _end(state, call.call_id, result, out, at)


def _end(state: State, call_id: CallId, result: DisconnectResult, out: Decision, at: Seconds) -> None:
    warned = state.callers.warnings.pop(call_id, None)
    if warned is not None:
        out.facts.append(DisconnectEnded(call_id, warned.agent_id, warned.asked_at, result, at))
