"""What happens to agents: log-in, states asked for, wrap-up, phones lost and found. Pure.

Every change goes through the table ``agents.rules.TRANSITIONS`` and becomes one ``AgentStateChanged`` fact.
"""

from acd import breaks, placing, staffing
from acd.model import Agent, Decision, State
from acd.skills import Profile, levels_of, valid_at
from acd.strategies import Candidate
from acd.timers import Deadline
from agents.rules import ASKS, IN_A_CALL, NEXT_STATE_ALLOWED, AgentInput, next_state
from agents.seating import AWAY, REFUSALS, Holder, OwnSeat, Seating, seating, wish_of
from agents.timesheet import Spell
from core.commands import MirrorMember
from core.events import AgentLogin, AgentLogout, AgentStateAsked, PhoneReachability
from core.facts import AgentLeft, AgentSatDown, AgentStateChanged, NextStateSet, Refused
from core.vocabulary import AgentId, AgentState, QueueName, Seconds

PHONE_CAUSES = frozenset({"system:phone_lost", "system:unreachable"})
"""NOT_RESPONDING for one of these ends by itself when the phone is back."""

NEXT_STATE_CAUSE = "agent:next_state"
"""Cause of the state that an agent has asked for during a call."""

PAUSED = frozenset(
    {AgentState.BREAK, AgentState.STRESS_ROOM, AgentState.NOT_RESPONDING, AgentState.OFFLINE},
)
"""States in which the native fallback queue must not ring the agent. In the others Asterisk itself sees
whether the phone is in use, which saves two actions per call."""


def move(
    state: State,
    agent: Agent,
    given: AgentInput,
    out: Decision,
    at: Seconds,
    *,
    cause: str,
    reason: str = "",
    until: Seconds | None = None,
) -> bool:
    """Apply one input of the agents' table; ``False`` when the table has no such pair (nothing changed)."""
    target = next_state(agent.state, given)
    if target is None:
        return False
    before = agent.state
    left = Spell(before, agent.reason, agent.cause, agent.since, max(agent.since, at))
    agent.extensions = 0
    _leave(state, agent)
    agent.state, agent.reason, agent.cause, agent.since, agent.until = target, reason, cause, at, until
    _enter(state, agent, given, at)
    staffing.changed(state, agent, before, at)
    state.keys += 1
    out.facts.append(
        AgentStateChanged(
            key=f"{state.run_id}-{state.keys}",
            agent_id=agent.agent_id,
            from_state=before,
            to_state=target,
            reason=reason,
            cause=cause,
            call_id=agent.call_id,
            next_state=agent.next_state,
            until=agent.until,
            at=at,
        ),
    )
    if (before in PAUSED) != (target in PAUSED):
        out.commands.append(mirror(state, agent))
    if target not in placing.BACK_SOON:
        placing.release(state, agent, at)
    breaks.moved(state, agent, left, out)
    return True


def _leave(state: State, agent: Agent) -> None:
    if agent.state is AgentState.READY:
        state.idle.discard(agent.agent_id)


def _enter(state: State, agent: Agent, given: AgentInput, at: Seconds) -> None:
    if agent.state is AgentState.READY:
        # An offer that came to nothing through no fault of the agent's does not cost the place.
        if given is not AgentInput.OFFER_WITHDRAWN:
            agent.idle_since = at
        join_pool(state, agent)
    if agent.state not in IN_A_CALL and agent.state is not AgentState.WRAP_UP:
        agent.call_id = None
        agent.offer_id = None


def serves(state: State, agent: Agent) -> tuple[QueueName, ...]:
    """The queues an agent takes calls from: those named that exist, or all."""
    named = tuple(queue for queue in agent.queues if queue in state.plan.queues)
    return named if agent.queues else tuple(state.plan.queues)


def qualify(state: State, agent: Agent, at: Seconds) -> None:
    """Work out what the agent may take from now on; what he is no longer to have shows at once."""
    expires = min((end for end in agent.certificates.values() if end is not None and end > at), default=None)
    if expires is not None and expires != agent.expires_at:
        state.timers.add(expires, Deadline.CERTIFICATE_OVER, agent.agent_id)
    agent.expires_at = expires
    agent.profile = Profile(
        queues=frozenset(serves(state, agent)),
        skills=levels_of(agent.skills),
        certificates=valid_at(agent.certificates, at),
    )
    staffing.counted(state, agent)
    if agent.state is AgentState.READY:
        join_pool(state, agent)


def join_pool(state: State, agent: Agent) -> None:
    """The agent is ready for calls."""
    if agent.profile is not None:
        state.idle.add(Candidate(agent.agent_id, agent.idle_since, agent.taken), agent.profile)


def mirror(state: State, agent: Agent) -> MirrorMember:
    """How the native fallback queues should know this agent."""
    offline = agent.state is AgentState.OFFLINE
    return MirrorMember(
        agent_id=agent.agent_id,
        phone=agent.phone,
        queues=() if offline else _native_queues(state, agent),
        paused=agent.state in PAUSED,
    )


def _native_queues(state: State, agent: Agent) -> tuple[QueueName, ...]:
    """Those he serves and holds the certificate for: the native queue knows nothing of certificates."""
    held = agent.profile.certificates if agent.profile is not None else frozenset()
    wanted = {name: state.rules(name).certificate for name in serves(state, agent)}
    return tuple(name for name, certificate in wanted.items() if certificate is None or certificate in held)


def restore(state: State, agent: Agent) -> None:
    """Put an agent from the record into memory after a restart; says nothing, nothing has happened."""
    state.agents[agent.agent_id] = agent
    state.by_phone[agent.phone] = agent.agent_id
    qualify(state, agent, agent.since)
    if agent.until is not None:
        state.timers.add(agent.until, Deadline.STATE_OVER, agent.agent_id)


def on_login(state: State, event: AgentLogin, out: Decision) -> None:
    """An agent takes a seat; ``agents.seating`` has the rules for two people, or two phones."""
    present, holder = state.agents.get(event.agent_id), state.agent_at(event.phone)
    wish = wish_of(take_over=event.take_over, in_charge=event.in_charge)
    follows = seating(_own_seat(present, event), _holder(present, holder), wish)
    if follows in REFUSALS:
        out.facts.append(Refused(follows, REFUSALS[follows], "phone"))
    elif follows is not Seating.STAY and event.phone not in state.reachable:
        out.facts.append(Refused("phone_not_registered", "the phone is not registered", "phone"))
    elif follows is not Seating.STAY:
        if holder is not None:
            leave_seat(state, holder, out, event.at, cause=f"supervisor:{event.login}")
        if present is not None:
            leave_seat(state, present, out, event.at, cause="agent:take_over")
        _sit(state, event, out)


def _own_seat(present: Agent | None, event: AgentLogin) -> OwnSeat:
    if present is None:
        return OwnSeat.NONE
    if present.phone == event.phone:
        return OwnSeat.HERE
    return OwnSeat.ELSEWHERE_IN_A_CALL if present.state in IN_A_CALL else OwnSeat.ELSEWHERE


def _holder(present: Agent | None, holder: Agent | None) -> Holder:
    if holder is None or holder is present:
        return Holder.NOBODY
    return Holder.AWAY if holder.state in AWAY else Holder.AT_WORK


def _sit(state: State, event: AgentLogin, out: Decision) -> None:
    agent = Agent(
        agent_id=event.agent_id,
        name=event.name,
        phone=event.phone,
        queues=event.queues,
        state=AgentState.OFFLINE,
        reason="",
        cause="",
        since=event.at,
        idle_since=event.at,
        skills=event.skills,
        certificates=event.certificates,
        wrap_up_seconds=event.wrap_up_seconds,
    )
    state.agents[event.agent_id] = agent
    state.by_phone[event.phone] = event.agent_id
    qualify(state, agent, event.at)
    out.facts.append(AgentSatDown(event.agent_id, event.phone, event.queues, event.at))
    move(state, agent, AgentInput.LOGIN, out, event.at, cause="agent", reason="login")
    # From OFFLINE to BREAK is paused to paused: the member has to be made known all the same.
    out.commands.append(mirror(state, agent))


def on_logout(state: State, event: AgentLogout, out: Decision) -> None:
    """An agent leaves the seat."""
    agent = state.agents.get(event.agent_id)
    if agent is None:
        out.facts.append(Refused("not_seated", "you are not at a phone"))
    elif not leave_seat(state, agent, out, event.at, cause=event.cause):
        out.facts.append(Refused("call_in_progress", "end the call before leaving the seat"))


def leave_seat(state: State, agent: Agent, out: Decision, at: Seconds, *, cause: str) -> bool:
    """The agent is gone from the phone; ``False`` when the table does not allow it in this state."""
    if not move(state, agent, AgentInput.LOGOUT, out, at, cause=cause):
        return False
    out.commands.append(mirror(state, agent))
    out.facts.append(AgentLeft(agent.agent_id, agent.phone, at))
    del state.agents[agent.agent_id], state.by_phone[agent.phone]
    return True


def on_state_asked(state: State, event: AgentStateAsked, out: Decision) -> None:
    """A person asks for a state."""
    agent = state.agents.get(event.agent_id)
    given = ASKS.get(event.state)
    if agent is None:
        out.facts.append(Refused("not_seated", "take a seat at a phone first"))
    elif given is None:
        out.facts.append(Refused("state_not_askable", f"{event.state} cannot be asked for", "state"))
    elif agent.state in IN_A_CALL:
        _note_next(agent, event, out)
    elif event.state is AgentState.READY and not agent.reachable:
        out.facts.append(Refused("phone_not_registered", "the phone is not registered", "state"))
    elif agent.state is event.state is AgentState.READY:
        return
    elif not move(state, agent, given, out, event.at, cause=event.cause, reason=event.reason):
        out.facts.append(
            Refused("transition_not_allowed", f"{event.state} cannot follow {agent.state}", "state"),
        )
    else:
        agent.next_state, agent.next_reason = None, ""


def _note_next(agent: Agent, event: AgentStateAsked, out: Decision) -> None:
    if event.state not in NEXT_STATE_ALLOWED:
        out.facts.append(
            Refused("state_not_askable", f"{event.state} cannot follow a call by request", "state")
        )
        return
    agent.next_state, agent.next_reason = event.state, event.reason
    agent.next_cause = NEXT_STATE_CAUSE if event.cause == "agent" else event.cause
    out.facts.append(NextStateSet(agent.agent_id, event.state, event.reason, event.at, agent.next_cause))


def end_talk(state: State, agent: Agent, out: Decision, at: Seconds) -> None:
    """The agent's part of a call is over: wrap-up for as long as the call's queue grants it."""
    call = state.calls.get(agent.call_id) if agent.call_id else None
    grant = state.rules(call.queue if call else state.plan.default_queue).wrap_up_seconds
    if agent.wrap_up_seconds is not None:
        grant = agent.wrap_up_seconds
    wrap_up(state, agent, grant, out, at, cause="system:talk_ended")


def wrap_up(state: State, agent: Agent, grant: Seconds, out: Decision, at: Seconds, *, cause: str) -> None:
    """The agent leaves a talk, or a call that led to none, and has so many seconds for notes."""
    if agent.state not in (AgentState.TALKING, AgentState.OUTBOUND):
        return
    until = at + grant
    move(state, agent, AgentInput.TALK_ENDED, out, at, cause=cause, until=until)
    if grant > 0:
        state.timers.add(until, Deadline.STATE_OVER, agent.agent_id)
    else:
        wrap_up_over(state, agent, out, at)


def on_state_over(state: State, agent_id: int, due_at: Seconds, out: Decision, now: Seconds) -> None:
    """A state that was to end by itself; if it is still that very one, it ends."""
    agent = state.agents.get(AgentId(agent_id))
    if agent is not None and agent.until == due_at and agent.state is AgentState.WRAP_UP:
        wrap_up_over(state, agent, out, now)


def wrap_up_over(
    state: State, agent: Agent, out: Decision, at: Seconds, *, cause: str = "system:wrap_up_over"
) -> None:
    """Wrap-up is over: the state noted during the call, or ready."""
    wanted, reason, noted_by = take_wish(agent)
    if wanted in (None, AgentState.READY):
        move(state, agent, AgentInput.WRAP_UP_OVER, out, at, cause=cause)
    else:
        move(state, agent, ASKS[wanted], out, at, cause=noted_by, reason=reason)
    if not agent.reachable:
        move(state, agent, AgentInput.PHONE_LOST, out, at, cause="system:phone_lost")


def take_wish(agent: Agent) -> tuple[AgentState | None, str, str]:
    """The state noted during a call, its reason and the cause of its row; it is noted no longer."""
    wish = agent.next_state, agent.next_reason, agent.next_cause or NEXT_STATE_CAUSE
    agent.next_state, agent.next_reason, agent.next_cause = None, "", ""
    return wish


def after_offer(state: State, agent: Agent, out: Decision, at: Seconds) -> None:
    """An offer came to nothing: a break asked for while it rang is due, and a phone lost meanwhile counts."""
    wanted, reason, noted_by = take_wish(agent)
    if wanted in (AgentState.BREAK, AgentState.STRESS_ROOM):
        move(state, agent, ASKS[wanted], out, at, cause=noted_by, reason=reason)
    if not agent.reachable:
        move(state, agent, AgentInput.PHONE_LOST, out, at, cause="system:phone_lost")


def on_reachability(state: State, event: PhoneReachability, out: Decision) -> None:
    """A phone came or went."""
    state.phone_news[event.phone] = event.at
    if event.reachable:
        state.reachable.add(event.phone)
    else:
        state.reachable.discard(event.phone)
    agent = state.agent_at(event.phone)
    if agent is not None:
        note_reachable(state, agent, event, out)


def note_reachable(state: State, agent: Agent, event: PhoneReachability, out: Decision) -> None:
    """Put an agent where the phone's coming or going leads."""
    agent.reachable = event.reachable
    if not event.reachable and agent.state is AgentState.READY:
        move(state, agent, AgentInput.PHONE_LOST, out, event.at, cause="system:phone_lost")
    elif event.reachable and agent.cause in PHONE_CAUSES:
        move(state, agent, AgentInput.PHONE_BACK, out, event.at, cause="system:phone_back")
