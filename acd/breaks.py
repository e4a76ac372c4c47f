"""Breaks inside the engine: reasons that are known, limits that come near. Pure.

``acd.seats`` tells of every change of state; limits are deadlines like all others (``acd.timers``).
"""

from collections.abc import Iterable, Mapping

from acd.model import Agent, Decision, State
from acd.timers import Deadline
from agents.breaks import Ledger, next_look, use, uses
from agents.timesheet import Spell
from core.breaks import BreakReason, BreakUse, Limit, Nearness
from core.events import AgentStateAsked, BreakReasonsChanged
from core.facts import BreakWarned, Refused
from core.vocabulary import AgentId, AgentState, Seconds

AGENT = "agent"
"""The cause of what an agent asks for himself; only then the reason must be a known one."""


def named(state: State, event: AgentStateAsked) -> str | Refused:
    """The reason of a state that is asked for, as the row will have it."""
    known = state.breaks.reasons
    if event.state is not AgentState.BREAK or event.cause != AGENT or not known:
        return event.reason
    reason = event.reason or state.breaks.default
    if reason in known:
        return reason
    return Refused("unknown_break_reason", f"give one of {', '.join(sorted(known))}", "reason")


def moved(state: State, agent: Agent, left: Spell, out: Decision) -> None:
    """An agent's state has changed; ``left`` is the spell that ended with it."""
    memory = state.breaks
    ledger = memory.ledgers.setdefault(agent.agent_id, Ledger())
    if left.state is AgentState.OFFLINE:
        ledger.comes(agent.since)
    elif left.state is AgentState.BREAK and left.reason in memory.reasons:
        ledger.spells.append(left)
    if agent.state is AgentState.OFFLINE:
        ledger.goes(agent.since)
    memory.told.pop(agent.agent_id, None)
    memory.look_at.pop(agent.agent_id, None)
    watch(state, agent, out, agent.since)


def watch(state: State, agent: Agent, out: Decision, at: Seconds) -> None:
    """Tell the agent which limits of his break are near, once each, and look again at the next one."""
    seen = present(state, agent, at)
    if seen is None:
        return
    told = state.breaks.told.setdefault(agent.agent_id, {})
    for limit, near, used, most in (
        (Limit.ALLOWANCE, seen.allowance_is, seen.used, seen.reason.allowance),
        (Limit.BREAK, seen.break_is, seen.present or 0.0, seen.reason.each),
    ):
        if near is not Nearness.FAR and near is not told.get(limit) and most is not None:
            told[limit] = near
            out.facts.append(BreakWarned(agent.agent_id, seen.reason.code, limit, near, used, most, at))
    _look_again(state, agent, next_look(seen, at))


def _look_again(state: State, agent: Agent, due: Seconds | None) -> None:
    if due is not None and due != state.breaks.look_at.get(agent.agent_id):
        state.breaks.look_at[agent.agent_id] = due
        state.timers.add(due, Deadline.BREAK_LIMIT, agent.agent_id)


def on_limit(state: State, agent_id: int, due_at: Seconds, out: Decision, now: Seconds) -> None:
    """A limit may be near; midnight may have moved it away."""
    agent = state.agents.get(AgentId(agent_id))
    if agent is not None and state.breaks.look_at.get(agent.agent_id) == due_at:
        del state.breaks.look_at[agent.agent_id]
        watch(state, agent, out, max(now, due_at))


def restore(
    state: State, reasons: Iterable[BreakReason], ledgers: Mapping[AgentId, Ledger], at: Seconds
) -> None:
    """Reasons and breaks from the record, after the agents; limits passed meanwhile are not told."""
    state.breaks.reasons = {reason.code: reason for reason in reasons}
    state.breaks.ledgers = dict(ledgers)
    for agent in state.agents.values():
        watch(state, agent, Decision(), at)


def on_reasons_changed(state: State, event: BreakReasonsChanged, out: Decision) -> None:
    """Other reasons, or other limits: they hold for the breaks that go on, too."""
    state.breaks.reasons = {reason.code: reason for reason in event.reasons}
    for agent in state.agents.values():
        watch(state, agent, out, event.at)


def present(state: State, agent: Agent, at: Seconds) -> BreakUse | None:
    """What the break that goes on has used; ``None`` outside breaks, and for reasons without a row."""
    reason = state.breaks.reasons.get(agent.reason) if agent.state is AgentState.BREAK else None
    if reason is None:
        return None
    ledger = state.breaks.ledgers.get(agent.agent_id, Ledger())
    return use(ledger, reason, agent.since, at, state.breaks.zone)


def all_uses(state: State, agent_id: AgentId, at: Seconds) -> list[BreakUse]:
    """What somebody has used of every reason."""
    agent = state.agents.get(agent_id)
    on_break = agent is not None and agent.state is AgentState.BREAK
    return uses(state.breaks, agent_id, {agent.reason: agent.since} if agent and on_break else {}, at)
