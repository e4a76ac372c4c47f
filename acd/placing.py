"""Where a waiting call stands, and for whom: rank, what it needs by now, which agent it waits for. Pure.

Rank is what counts for the place less the head start of the priority (``core.plan.HEAD_START``): whoever
waits longer than the difference of two priorities is served first all the same, so nothing starves. Equal
ranks are ordered by call id. Needs relax with the time that the call has waited in this queue.
"""

from acd.model import Agent, Call, Decision, State
from acd.phases import CallInput, Phase, next_phase
from acd.skills import CallKind, kind_of, may_take
from acd.timers import Deadline
from core.commands import MarkCall
from core.events import LiveCall, PriorityAsked
from core.facts import CallPlaced, Refused
from core.plan import HEAD_START, Priority
from core.vocabulary import AgentId, AgentState, CallId, Direction, Seconds

BACK_SOON = frozenset(
    {AgentState.READY, AgentState.RINGING, AgentState.TALKING, AgentState.WRAP_UP, AgentState.OUTBOUND}
)
"""A caller waits for his last agent only while that agent is at work."""


MARKED_TO_SECONDS = 1e-5
"""Channel variables carry moments with six decimals."""


def rank_of(call: Call) -> Seconds:
    """The moment by which the call's place counts; smaller is first."""
    return call.place_at - HEAD_START[call.priority]


def join(state: State, call: Call, at: Seconds) -> None:
    """Put a call that waits where it belongs now; also when its queue, priority, place or needs changed."""
    since = _waits_since(call, at)
    call.needs_at = max(call.needs_at, at, since)
    waited = call.needs_at - since
    line = state.plan.lines.get(call.dialled)
    further = (line.needs if line else (), call.extra_needs)
    kind, changes = kind_of(state.rules(call.queue), further, waited)
    _set_relax(state, call, changes)
    wanted = _wanted(state, call, kind, at)
    alone = wanted is not None and _alone(state, call, at)
    state.waiting.add(call.call_id, kind, rank_of(call), wanted=wanted, alone=alone)


def _waits_since(call: Call, at: Seconds) -> Seconds:
    """From when on its wait counts: from its place on, or anew in another queue or after a talk."""
    if call.waits_since is None:
        call.waits_since = call.place_at if call.answered_at is None else at
    elif call.waits_in != call.queue or call.talking_since > call.waits_since:
        call.waits_since = at
    if call.waits_in != call.queue:
        call.waits_in, call.hold_until = call.queue, None
    return call.waits_since


def _set_relax(state: State, call: Call, changes: Seconds | None) -> None:
    since = call.waits_since or 0.0
    due = None if changes is None else since + changes
    if due is not None and due != call.relax_at:
        state.timers.add(due, Deadline.NEEDS_RELAX, call.call_id)
    call.relax_at = due


def on_relax(state: State, call_id: CallId, due_at: Seconds, _out: Decision, now: Seconds) -> None:
    """The next step of a call's needs has come. While it is offered nothing changes: ``join`` looks anew."""
    call = state.calls.get(call_id)
    if call is None or call.relax_at != due_at:
        return
    call.relax_at = None
    if call.call_id in state.waiting.standing:
        join(state, call, now)


# --- the caller's last agent ---------------------------------------------------------------------


def _wanted(state: State, call: Call, kind: CallKind, at: Seconds) -> AgentId | None:
    """The caller's last agent, if that one is at work and may take this call."""
    within = state.rules(call.queue).last_agent_within
    agent_id = state.memory.last_agent(call.caller, at, within)
    agent = state.agents.get(agent_id) if agent_id is not None else None
    if agent is None or agent.state not in BACK_SOON or agent.profile is None:
        return None
    return agent_id if may_take(agent.profile, kind) else None


def _alone(state: State, call: Call, at: Seconds) -> bool:
    """Whether the time that this call waits for that agent alone is not over."""
    hold = state.rules(call.queue).last_agent_hold
    if call.hold_until is None and hold > 0:
        call.hold_until = at + hold
        state.timers.add(call.hold_until, Deadline.AGENT_HOLD, call.call_id)
    return call.hold_until is not None and at < call.hold_until


def on_hold_over(state: State, call_id: CallId, due_at: Seconds, _out: Decision, now: Seconds) -> None:
    """The call has waited long enough for its last agent: anybody may take it."""
    call = state.calls.get(call_id)
    if call is None or call.hold_until != due_at:
        return
    call.hold_until = (
        0.0  # over for good: it may come back from an offer by a picture that is older than this
    )
    if call.call_id in state.waiting.standing:
        join(state, call, now)


def release(state: State, agent: Agent, at: Seconds) -> None:
    """Nobody waits any longer for this agent alone: he is not at work, or may not take them."""
    for call_id in state.waiting.only_for(agent.agent_id):
        join(state, state.calls[call_id], at)


# --- arrival: priority, and the place of somebody who calls again --------------------------------


def first_place(state: State, call: Call, out: Decision, at: Seconds) -> None:
    """Give a new call its priority and place; somebody who calls again soon keeps the place."""
    rules, line = state.rules(call.queue), state.plan.lines.get(call.dialled)
    call.priority = (line.priority if line else None) or rules.priority
    kept = state.memory.kept_place(call.caller, call.queue, at, rules.redial_within)
    call.place_at = at if kept is None else kept
    if kept is not None or call.priority is not Priority.NORMAL:
        _tell(call, out, "redial" if kept is not None else "plan", at)


def take_over(call: Call, live: LiveCall, out: Decision, at: Seconds) -> None:
    """A call is adopted from a picture: what its channel says of priority and place counts."""
    before = (call.priority, call.place_at)
    call.priority = live.priority or call.priority
    call.place_at = call.place_at if live.place_at is None else live.place_at
    if before != (call.priority, call.place_at):
        _tell(call, out, "system:adopted", at)


def compare(call: Call, live: LiveCall, out: Decision) -> None:
    """The channel of a call says something else than memory: it could not be marked when that was decided."""
    place_at = call.arrived_at if live.place_at is None else live.place_at
    moved = abs(place_at - call.place_at) > MARKED_TO_SECONDS
    if moved or (live.priority or Priority.NORMAL) is not call.priority:
        out.commands.append(MarkCall(call.call_id, call.channel, variables(call)))


def remember(state: State, call: Call, at: Seconds) -> None:
    """A call has ended: note what the next one of this caller may want to know."""
    if call.answered_at is None:
        if call.queued_at is not None and call.leaving is None and call.direction is Direction.INBOUND:
            state.memory.note_gave_up(call.caller, call.queue, call.place_at, at)
    elif call.agent_id is not None:
        state.memory.note_talked(call.caller, call.agent_id, call.talk_ended_at or at)


# --- a supervisor's change -----------------------------------------------------------------------


def on_priority_asked(state: State, event: PriorityAsked, out: Decision) -> None:
    """A supervisor gives a call that has not reached an agent another priority."""
    call = state.calls.get(event.call_id)
    if call is None or next_phase(call.phase, CallInput.ANSWER) is None or call.phase is Phase.AFTER:
        out.facts.append(Refused("call_not_waiting", "the call does not wait (any more)", "call_id"))
        return
    set_priority(state, call, event.priority, event.cause, out, event.at)


def set_priority(
    state: State, call: Call, priority: Priority, cause: str, out: Decision, at: Seconds
) -> None:
    """Give a call another priority; if it waits, it goes to its new place at once."""
    if call.priority is priority:
        return
    call.priority = priority
    _tell(call, out, cause, at)
    if call.call_id in state.waiting.standing:
        join(state, call, at)


def _tell(call: Call, out: Decision, cause: str, at: Seconds) -> None:
    out.facts.append(CallPlaced(call.call_id, call.priority, call.place_at, cause, at))
    if call.channel:
        out.commands.append(MarkCall(call.call_id, call.channel, variables(call)))


def variables(call: Call) -> tuple[tuple[str, str], ...]:
    """What the caller's channel carries, so that a restart and the native queue keep the order."""
    return (
        ("HOTLINE_PRIORITY", call.priority),
        ("HOTLINE_PLACE", f"{call.place_at:.6f}"),
        ("HOTLINE_RANK", f"{rank_of(call):.6f}"),
    )
