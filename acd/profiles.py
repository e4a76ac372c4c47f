"""What changes for people and calls when skills, certificates or the plan change while calls go on. Pure."""

from acd import placing, seats
from acd.model import Agent, Call, Decision, State
from acd.routing import IdlePool, WaitingLine
from core.commands import MarkCall, MirrorMember
from core.events import AgentProfileChanged, PlanChanged
from core.vocabulary import AgentId, Seconds


def on_profile_changed(state: State, event: AgentProfileChanged, out: Decision) -> None:
    """A person's queues, skills or certificates are others now; a call that he has is not touched."""
    agent = state.agents.get(event.agent_id)
    if agent is None:
        return
    before = seats.mirror(state, agent)
    agent.queues, agent.skills, agent.certificates = event.queues, event.skills, event.certificates
    agent.wrap_up_seconds = event.wrap_up_seconds
    _renew(state, agent, before, out, event.at)


def on_certificate_over(state: State, agent_id: int, _due_at: Seconds, out: Decision, now: Seconds) -> None:
    """A certificate of this agent may have expired: from now on he is not offered its queues."""
    agent = state.agents.get(AgentId(agent_id))
    if agent is not None:
        _renew(state, agent, seats.mirror(state, agent), out, now)


def _renew(state: State, agent: Agent, before: MirrorMember, out: Decision, at: Seconds) -> None:
    seats.qualify(state, agent, at)
    placing.release(state, agent, at)
    after = seats.mirror(state, agent)
    if after != before:
        out.commands.append(after)


def on_plan_changed(state: State, event: PlanChanged, out: Decision) -> None:
    """Other queues, lines or rules: everybody's place is worked out anew, on this occasion only."""
    if event.plan.version < state.plan.version:
        return  # told late: a newer one holds
    before = {agent.agent_id: seats.mirror(state, agent) for agent in state.agents.values()}
    state.plan = event.plan
    stood = state.waiting.standing
    state.idle, state.waiting = IdlePool(), WaitingLine()
    for agent in state.agents.values():
        seats.qualify(state, agent, event.at)
    for call in state.calls.values():
        _keep_in_a_queue(state, call, out)
        if call.call_id in stood:
            placing.join(state, call, event.at)
    after = (seats.mirror(state, agent) for agent in state.agents.values())
    out.commands.extend(member for member in after if member != before[member.agent_id])


def _keep_in_a_queue(state: State, call: Call, out: Decision) -> None:
    """A call whose queue is gone goes on in the default one."""
    queue = state.known_queue(call.queue)
    if queue != call.queue:
        call.queue = queue
        if call.channel:
            out.commands.append(MarkCall(call.call_id, call.channel, (("HOTLINE_QUEUE", queue),)))
