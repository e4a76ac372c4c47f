"""Memory is put right by a complete picture of Asterisk: after every connect, and every 30 s. Pure.

What changed after the picture was begun is newer than the picture and is left alone. A call is ended only
when it is missing from two pictures in a row, because one may have been taken while it moved.
"""

from acd import callbacks, callouts, calls, offers, placing, seats, talk_pictures
from acd.model import Agent, Call, Decision, State, step
from acd.phases import CallInput, Phase
from agents.rules import AgentInput
from core.commands import RequestReconcile, ReturnToHold
from core.events import CallAnswered, CallArrived, LiveCall, PhoneReachability, Reconciled
from core.vocabulary import AgentState, Direction, Phone, Seconds

OFFER_SETTLE_SECONDS: Seconds = 2.0
"""A younger offer may not show yet: between the decision and the dialplan's next step lies a Redirect."""

HOLDS_AGENT = frozenset({Phase.OFFERING, Phase.DIALLING, Phase.TALKING})

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
        for agent in state.agents.values():
            seats.qualify(state, agent, event.at)
        out.commands.extend(seats.mirror(state, agent) for agent in state.agents.values())


def _compare(state: State, live: LiveCall, event: Reconciled, out: Decision) -> None:
    adopted = live.call_id not in state.calls
    call = _known(state, live, out)
    if not adopted:
        placing.compare(call, live, out)
    callbacks.adopt(state, call, live, out, event.at)
    if adopted or call.changed_at <= event.at:
        _follow(state, call, live, event, out)


def _known(state: State, live: LiveCall, out: Decision) -> Call:
    """The call in memory, taken in if need be, with what only its channel knows."""
    if live.call_id not in state.calls:
        if live.direction is Direction.OUTBOUND:
            callouts.adopted(state, live, out)
        else:
            _adopt(state, live, out)
    call = state.calls[live.call_id]
    call.missing = 0
    call.channel, call.uniqueid = live.channel, live.uniqueid
    call.notice_at = call.notice_at or live.notice_at
    call.agent_channel = (live.agent_channel if live.talking else "") or call.agent_channel
    return call


def _follow(state: State, call: Call, live: LiveCall, event: Reconciled, out: Decision) -> None:
    """Asterisk's word counts: the call is where the picture shows it."""
    call.astray = call.astray if live.stage == Phase.WAITING else 0
    if live.stage in talk_pictures.STAGES:
        _inside_talk(state, call, live, event, out)
    elif live.talking and live.agent_phone is not None:
        _talking(state, call, live, event, out)
    elif live.stage == Phase.AFTER:
        _after(state, call, event, out)
    elif live.stage == Phase.FALLBACK:
        _fallback(state, call, event, out)
    elif live.stage == Phase.OFFERING:
        _offering(state, call, live, event, out)
    elif live.stage == Phase.WAITING:
        _waiting(state, call, event, out)
    elif live.direction is Direction.OUTBOUND:
        callouts.seen(state, call, live, out, event.at)
    if call.phase == (Phase.TALKING if live.talking else live.stage):
        call.changed_at = max(call.changed_at, event.at)  # seen to be so: what is older is old news


def _adopt(state: State, live: LiveCall, out: Decision) -> None:
    """A call that nobody told us about: it gets its row and its place."""
    calls.admit(
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
        queue=live.queue,
    )
    placing.take_over(state.calls[live.call_id], live, out, live.entered_at)
    if live.stage not in ("", Phase.ANNOUNCEMENT):
        call = state.calls[live.call_id]
        call.notice_at = live.notice_at
        # Past the announcement; the comparison that follows says where, and only who waits joins the line.
        call.phase = Phase.UNCERTAIN
        calls.note_queued(call, out, live.notice_at or live.entered_at)


def _talking(state: State, call: Call, live: LiveCall, event: Reconciled, out: Decision) -> None:
    if call.phase is not Phase.TALKING and live.agent_phone is not None:
        calls.on_answered(
            state,
            CallAnswered(call.call_id, live.agent_phone, live.agent_channel, event.at),
            out,
        )
    elif call.phase is Phase.TALKING:
        talk_pictures.compare(state, call, live, event.at, out)


def _inside_talk(state: State, call: Call, live: LiveCall, event: Reconciled, out: Decision) -> None:
    """On hold, in a conference, or with somebody outside: a talk that goes on."""
    phone = live.agent_phone or Phone("")
    if call.phase is not Phase.TALKING:
        calls.on_answered(state, CallAnswered(call.call_id, phone, live.agent_channel, event.at), out)
    talk_pictures.compare(state, call, live, event.at, out)


def _after(state: State, call: Call, event: Reconciled, out: Decision) -> None:
    """The rating is on: the talk is over, also when we saw neither its beginning nor its end."""
    if call.phase not in calls.TALKED:
        # With whom, only a running offer tells.
        phone = call.phone if call.phase is Phase.OFFERING else None
        calls.on_answered(state, CallAnswered(call.call_id, phone or Phone(""), "", event.at), out)
    calls.end_talk(state, call, out, event.at)


def _fallback(state: State, call: Call, event: Reconciled, out: Decision) -> None:
    if not _settling(call, event):
        calls.fall_back(state, call, out, event.at)
        calls.note_fallback(call, out, event.at)
        out.commands.append(ReturnToHold(call.call_id, call.channel))


def _settling(call: Call, event: Reconciled) -> bool:
    return call.phase is Phase.OFFERING and event.at - call.changed_at < OFFER_SETTLE_SECONDS


def _offering(state: State, call: Call, live: LiveCall, event: Reconciled, out: Decision) -> None:
    """An offer is on. One that we do not know of, perhaps of an earlier run, is taken over if possible."""
    agent = _can_ring(state, live)
    if agent is None or live.offer_id is None:
        _doubt(state, call, event)
        return
    if not step(call, CallInput.OFFER, event.at):
        return
    state.waiting.discard(call.call_id)
    call.offer_told = call.offer_told and call.offer_id == live.offer_id
    offers.hold_agent(state, call, agent, live.offer_id)
    seats.move(state, agent, AgentInput.OFFER, out, event.at, cause="system:offer")


def _can_ring(state: State, live: LiveCall) -> Agent | None:
    """The agent at the phone that rings, if he is free to take this call."""
    agent = state.agent_at(live.agent_phone) if live.agent_phone is not None else None
    if agent is None or agent.state is AgentState.READY:
        return agent
    return agent if agent.state is AgentState.RINGING and agent.call_id is None else None


def _doubt(state: State, call: Call, event: Reconciled) -> None:
    """We thought that he waits; nobody is offered him before Asterisk shows where he is."""
    if step(call, CallInput.MISSING, event.at):
        state.waiting.discard(call.call_id)


def _waiting(state: State, call: Call, event: Reconciled, out: Decision) -> None:
    """Asterisk plays music to the caller: whatever we thought, he waits."""
    if _settling(call, event) or (call.phase in calls.TALKED and not _astray(state, call, event, out)):
        return
    if call.phase is Phase.OFFERING:
        offers.withdraw(state, call, out, event.at)
    step(call, CallInput.QUEUE, event.at)
    calls.enqueue(state, call, out, event.at)


def _astray(state: State, call: Call, event: Reconciled, out: Decision) -> bool:
    """Whether a caller came back into the hold loop out of a talk that broke as it began.

    It takes two pictures, because to be wrong here would cut a talk.
    """
    call.astray += 1
    if call.astray < CLEAN_SNAPSHOTS:
        out.commands.append(RequestReconcile("a caller waits whose talk had begun"))
        return False
    calls.end_talk(state, call, out, event.at)
    call.agent_id, call.phone = None, None
    return True


def _end_missing(state: State, event: Reconciled, out: Decision) -> None:
    seen = {live.call_id for live in event.calls}
    lost = [
        c
        for c in state.calls.values()
        if c.call_id not in seen and c.changed_at <= event.at and not c.awaits_callout
    ]
    for call in lost:
        missing = call.missing + 1
        if missing >= CLEAN_SNAPSHOTS:
            calls.finish(state, call, out, event.at, cause="interrupted", failed=calls.INTERRUPTED)
            continue
        _doubt(state, call, event)
        call.missing = missing
    if any(call.call_id in state.calls for call in lost):
        out.commands.append(RequestReconcile("a call is missing from the picture"))


def _reachability(state: State, event: Reconciled, out: Decision) -> None:
    newer = {phone for phone, at in state.phone_news.items() if at > event.at}
    state.reachable = (state.reachable & newer) | (event.reachable_phones - newer)
    state.phone_news = {phone: state.phone_news[phone] for phone in newer}
    for agent in list(state.agents.values()):
        reachable = agent.phone in state.reachable
        if agent.reachable != reachable:
            seats.note_reachable(state, agent, PhoneReachability(agent.phone, reachable, event.at), out)


def _free_agents(state: State, event: Reconciled, out: Decision) -> None:
    """Nobody stays in a call that does not exist; a phone that only rings is in none."""
    rings = {live.agent_phone for live in event.calls if live.stage == Phase.OFFERING and not live.talking}
    for agent in list(state.agents.values()):
        call = state.calls.get(agent.call_id) if agent.call_id is not None else None
        only_rings = agent.state is AgentState.TALKING and agent.phone in rings
        busy = (agent.phone in event.busy_phones and not only_rings) or agent.since > event.at
        held = call is not None and call.agent_id == agent.agent_id and call.phase in HOLDS_AGENT
        if busy or held:
            continue
        _free(state, agent, event, out)


def _free(state: State, agent: Agent, event: Reconciled, out: Decision) -> None:
    if agent.state is AgentState.WRAP_UP and agent.until is not None and agent.until <= event.at:
        seats.wrap_up_over(state, agent, out, event.at)  # its timer should have; nobody waits for it twice
    elif agent.state is AgentState.TALKING:
        seats.end_talk(state, agent, out, event.at)
    elif agent.state is AgentState.OUTBOUND:
        seats.wrap_up(state, agent, 0.0, out, event.at, cause="system:reconciled")
    elif agent.state is AgentState.RINGING:
        seats.move(state, agent, AgentInput.OFFER_WITHDRAWN, out, event.at, cause="system:reconciled")
        seats.after_offer(state, agent, out, event.at)
