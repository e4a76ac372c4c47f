"""Memory is put right by a complete picture of Asterisk: after every connect, and every 30 s. Pure.

What changed after the picture was begun is newer than the picture and is left alone. A call is ended only
when it is missing from two pictures in a row, because one may have been taken while it moved.
"""

from acd import calls, seats
from acd.model import Agent, Call, Decision, State
from acd.phases import CallInput, Phase
from agents.rules import AgentInput
from core.commands import RequestReconcile, ReturnToHold
from core.events import CallAnswered, CallArrived, LiveCall, PhoneReachability, Reconciled
from core.vocabulary import AgentState, OfferId

CLEAN_SNAPSHOTS = 2
"""In how many pictures in a row a call must be missing before it is ended."""


def on_reconciled(state: State, event: Reconciled, out: Decision) -> None:
    """Compare everything; what is right stays untouched."""
    first_picture = not state.online
    state.online = True
    for live in event.calls:
        if live.call_id not in state.finished:
            _compare(state, live, event, out)
    _end_missing(state, event, out)
    _reachability(state, event, out)
    _free_agents(state, event, out)
    if first_picture:
        out.commands.extend(seats.mirror(state, agent) for agent in state.agents.values())


def _compare(state: State, live: LiveCall, event: Reconciled, out: Decision) -> None:
    adopted = live.call_id not in state.calls
    if adopted:
        _adopt(state, live, out)
    call = state.calls[live.call_id]
    call.missing = 0
    call.channel, call.uniqueid = live.channel, live.uniqueid
    call.notice_at = call.notice_at or live.notice_at
    if not adopted and call.changed_at > event.at:
        return
    if live.talking and live.agent_phone is not None:
        _talking(state, call, live, event, out)
    elif live.stage == Phase.AFTER:
        _after(state, call, event, out)
    elif live.stage == Phase.FALLBACK:
        _fallback(state, call, event, out)
    elif live.stage == Phase.OFFERING and live.agent_phone is not None:
        _ringing(state, call, live, event)
    elif live.stage == Phase.WAITING:
        _waiting(state, call, event, out)


def _adopt(state: State, live: LiveCall, out: Decision) -> None:
    """A call that nobody told us about: it gets its row and its place."""
    calls.on_arrived(
        state,
        CallArrived(
            live.call_id,
            live.channel,
            live.uniqueid,
            live.caller,
            live.dialled,
            live.queue,
            live.entered_at,
        ),
        out,
    )
    if live.stage != Phase.ANNOUNCEMENT:
        call = state.calls[live.call_id]
        call.notice_at = live.notice_at
        calls.step(call, CallInput.QUEUE, live.entered_at)
        calls.enqueue(state, call, out, live.notice_at or live.entered_at)


def _talking(state: State, call: Call, live: LiveCall, event: Reconciled, out: Decision) -> None:
    if call.phase is not Phase.TALKING and live.agent_phone is not None:
        calls.on_answered(
            state,
            CallAnswered(call.call_id, live.agent_phone, live.agent_channel, event.at),
            out,
        )


def _after(state: State, call: Call, event: Reconciled, out: Decision) -> None:
    """The rating is on: the talk is over, also when we saw neither its beginning nor its end."""
    calls.end_talk(state, call, out, event.at)


def _fallback(state: State, call: Call, event: Reconciled, out: Decision) -> None:
    if calls.step(call, CallInput.FALL_BACK, event.at):
        state.waiting.discard(call.queue, call.call_id)
    calls.note_fallback(call, out, event.at)
    out.commands.append(ReturnToHold(call.call_id, call.channel))


def _ringing(state: State, call: Call, live: LiveCall, event: Reconciled) -> None:
    """An offer of an earlier run of the service still rings: take it over."""
    agent = state.agent_at(live.agent_phone) if live.agent_phone is not None else None
    if agent is None or call.phase is not Phase.WAITING or live.offer_id is None:
        return
    calls.step(call, CallInput.OFFER, event.at)
    state.waiting.discard(call.queue, call.call_id)
    call.offer_id, call.agent_id, call.phone = OfferId(live.offer_id), agent.agent_id, agent.phone
    agent.call_id, agent.offer_id = call.call_id, call.offer_id
    state.offers[call.offer_id] = call.call_id


def _waiting(state: State, call: Call, event: Reconciled, out: Decision) -> None:
    """Asterisk plays music to the caller: whatever we thought, he waits."""
    if call.phase is Phase.OFFERING:
        calls.withdraw(state, call, out, event.at)
    if calls.step(call, CallInput.QUEUE, event.at) or call.phase is Phase.WAITING:
        calls.enqueue(state, call, out, event.at)


def _end_missing(state: State, event: Reconciled, out: Decision) -> None:
    seen = {live.call_id for live in event.calls}
    lost = [c for c in state.calls.values() if c.call_id not in seen and c.changed_at <= event.at]
    for call in lost:
        call.missing += 1
        if call.missing >= CLEAN_SNAPSHOTS:
            calls.finish(state, call, out, event.at, cause="reconciled")
    if any(call.call_id in state.calls for call in lost):
        out.commands.append(RequestReconcile("a call is missing from the picture"))


def _reachability(state: State, event: Reconciled, out: Decision) -> None:
    for agent in list(state.agents.values()):
        reachable = agent.phone in event.reachable_phones
        if agent.reachable != reachable:
            seats.note_reachable(state, agent, PhoneReachability(agent.phone, reachable, event.at), out)
    state.reachable = set(event.reachable_phones)


def _free_agents(state: State, event: Reconciled, out: Decision) -> None:
    """Nobody stays in a call that does not exist."""
    for agent in list(state.agents.values()):
        call = state.calls.get(agent.call_id) if agent.call_id is not None else None
        busy = agent.phone in event.busy_phones or agent.since > event.at
        if busy or (call is not None and call.agent_id == agent.agent_id):
            continue
        _free(state, agent, event, out)


def _free(state: State, agent: Agent, event: Reconciled, out: Decision) -> None:
    if agent.state is AgentState.TALKING:
        seats.end_talk(state, agent, out, event.at)
    elif agent.state is AgentState.RINGING:
        seats.move(state, agent, AgentInput.OFFER_WITHDRAWN, out, event.at, cause="system:reconciled")
        seats.after_offer(state, agent, out, event.at)
