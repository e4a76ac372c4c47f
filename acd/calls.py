"""What happens to calls: arrival, waiting, answer, end. Pure.

Every change goes through the table ``acd.phases.TRANSITIONS``; an input that the table does not have for the
call's phase is a duplicate or late and changes nothing.
"""

from acd import (
    callback_book,
    callback_offers,
    disconnects,
    forecast,
    offers,
    outcomes,
    placed,
    placing,
    relief,
    seats,
    soft_routing,
    talk_legs,
)
from acd.model import Agent, Call, Decision, State, step
from acd.phases import CallInput, Phase
from core.commands import MarkCall, RequestReconcile, ReturnToHold
from core.events import (
    AgentLegEnded,
    CallAnswered,
    CallArrived,
    CallFellBack,
    CallHungUp,
    CallWaiting,
)
from core.facts import (
    CallFinished,
    CallOffered,
    CallQueued,
    CallUsedFallback,
    TalkEnded,
    TalkStarted,
)
from core.vocabulary import AbandonStage, AgentState, OfferResult, Outcome, Phone, QueueName, Seconds

CLOCK_SLACK_SECONDS = 1.0
"""How far our estimate of Asterisk's clock may be off, amply."""

TALKED = frozenset({Phase.TALKING, Phase.AFTER})

STAGES: dict[Phase, AbandonStage] = {
    Phase.ANNOUNCEMENT: AbandonStage.ANNOUNCEMENT,
    Phase.WAITING: AbandonStage.WAITING,
    Phase.FALLBACK: AbandonStage.WAITING,
    Phase.UNCERTAIN: AbandonStage.WAITING,
    Phase.OFFERING: AbandonStage.RINGING,
}

SWITCH_FAILURES = frozenset({27, 34, 38, 41, 42, 44, 47, 58, 63, 127})
"""Q.850 causes that say that the network or the switch failed, not that the caller gave up."""

INTERRUPTED = 41
"""Q.850 "temporary failure", for a call of which neither Asterisk nor its journal knows the end: the switch
itself was killed. Whoever waited did not give up, so it is no abandoned call."""


def on_arrived(state: State, event: CallArrived, out: Decision) -> None:
    """A call came in; the line that was dialled says where to."""
    line = state.plan.lines.get(event.dialled)
    admit(state, event, out, queue=line.queue if line else event.queue)


def admit(state: State, event: CallArrived, out: Decision, *, queue: QueueName) -> None:
    """Take a call into memory, once; ``queue`` is where it belongs."""
    if event.call_id in state.calls or event.call_id in state.finished:
        return
    queue = state.known_queue(queue)
    call = state.calls[event.call_id] = Call(
        call_id=event.call_id,
        channel=event.channel,
        uniqueid=event.uniqueid,
        caller=event.caller,
        dialled=event.dialled,
        queue=queue,
        arrived_at=event.at,
        place_at=event.at,
        changed_at=event.at,
    )
    out.facts.append(
        CallOffered(event.call_id, event.uniqueid, event.caller, event.dialled, queue, event.at),
    )
    placing.first_place(state, call, out, event.at)
    left = callback_book.rang_in(state, call, out, event.at)
    if left is not None:
        finish(state, left, out, event.at, cause=callback_book.CITIZEN_CALLED)
    soft_routing.treat(state, call, out)
    if queue != event.queue:
        out.commands.append(MarkCall(call.call_id, call.channel, (("HOTLINE_QUEUE", queue),)))


def on_waiting(state: State, event: CallWaiting, out: Decision) -> None:
    """A caller entered the hold loop."""
    admit(
        state,
        CallArrived(
            event.call_id,
            event.channel,
            event.uniqueid,
            event.caller,
            event.dialled,
            event.queue,
            event.entered_at,
        ),
        out,
        queue=event.queue,
    )
    call = state.calls.get(event.call_id)
    if call is None:
        return
    # A call restored from the record has no channel yet, and without one it cannot be offered.
    call.channel, call.uniqueid = event.channel, event.uniqueid
    if _is_old(call, event):
        return
    if call.phase in TALKED:
        if not event.reason:
            out.commands.append(RequestReconcile("a caller waits whose talk is over"))
            return
        talk_legs.came_back(state, call, event, out)
    was_offering = call.phase is Phase.OFFERING
    if step(call, CallInput.QUEUE, event.at):
        call.notice_at = call.notice_at or event.notice_at
        if was_offering:
            offers.over(state, call, offers.result_of(event.dial_status), out, event.at)
        enqueue(state, call, out, event.at)


def _is_old(call: Call, event: CallWaiting) -> bool:
    """In an offer only the return from this very offer counts, not a repetition of an earlier entry."""
    if call.phase is Phase.OFFERING:
        return event.offer_id != call.offer_id
    return call.phase is not Phase.ANNOUNCEMENT and event.at < call.changed_at


def enqueue(state: State, call: Call, out: Decision, at: Seconds) -> None:
    """The call waits: at the place its arrival, or an earlier one that it keeps, and its priority give it."""
    if not relief.enter(state, call, out, at):
        return  # it leaves: closed, full, nobody there, or a rule that holds at once
    placing.join(state, call, at)
    note_queued(call, out, at)
    callback_offers.look(state, call, out, at)


def note_queued(call: Call, out: Decision, at: Seconds) -> None:
    """State once that the call began to wait."""
    if call.queued_at is None:
        call.queued_at = at
        out.facts.append(CallQueued(call.call_id, call.queue, call.notice_at, at))


def on_fell_back(state: State, event: CallFellBack, out: Decision) -> None:
    """The dialplan found the heartbeat stale. Since we are here again, the caller is taken back at once."""
    call = state.calls.get(event.call_id)
    if call is None:
        out.commands.append(RequestReconcile("a call in the native queue is not known"))
        return
    if event.at < call.changed_at:
        return  # read again in the journal: he has come back long since
    if fall_back(state, call, out, event.at) and state.online:
        out.commands.append(ReturnToHold(call.call_id, call.channel))


def fall_back(state: State, call: Call, out: Decision, at: Seconds) -> bool:
    """The native queue has the call; ``False`` when that is old news."""
    was_offering = call.phase is Phase.OFFERING
    if not step(call, CallInput.FALL_BACK, at):
        return False
    state.waiting.discard(call.call_id)
    if was_offering:
        offers.over(state, call, OfferResult.WITHDRAWN, out, at)
    note_fallback(call, out, at)
    return True


def note_fallback(call: Call, out: Decision, at: Seconds) -> None:
    """State once that the native queue had this call."""
    if call.fallback_at is None:
        call.fallback_at = at
        out.facts.append(CallUsedFallback(call.call_id, at))


def on_answered(state: State, event: CallAnswered, out: Decision) -> None:
    """A phone answered."""
    call = state.calls.get(event.call_id)
    if call is None:
        if event.call_id not in state.finished:
            out.commands.append(RequestReconcile("an answered call is not known"))
        return
    if talk_legs.is_third(call, event.phone):
        talk_legs.third_answered(state, call, event.agent_channel, out, event.at)
        return
    if call.answered_at is not None and event.at <= call.changed_at:
        return
    if call.phase is Phase.OFFERING and call.phone != event.phone:
        offers.over(state, call, OfferResult.WITHDRAWN, out, event.at)
    was_offering = call.phase is Phase.OFFERING and call.phone == event.phone
    if not step(call, CallInput.ANSWER, event.at):
        return
    state.waiting.discard(call.call_id)
    if was_offering:
        offers.tell_ended(state, call, OfferResult.ANSWERED, out, event.at)
    call.agent_channel = event.agent_channel
    _talk(state, call, event.phone, out, event.at)


def _talk(state: State, call: Call, phone: Phone, out: Decision, at: Seconds) -> None:
    agent = state.agent_at(phone)
    first_talk = call.answered_at is None
    call.phone, call.talking_since = phone, at
    call.agent_id = agent.agent_id if agent else None
    if call.queued_at is None:
        call.queued_at = call.arrived_at
    if agent is not None and not _is_past(agent, call, at):
        leave_other_call(state, agent, call, out, at)
        agent.call_id, agent.offer_id = call.call_id, call.offer_id
        seats.move(state, agent, placed.joins_talk(call), out, at, cause="system:answered")
        agent.taken += 1
    forecast.prove(state, call, out, at)
    if first_talk:
        _tell_talk(state, call, phone, out, at)
    talk_legs.began(call, out, at)


def _tell_talk(state: State, call: Call, phone: Phone, out: Decision, at: Seconds) -> None:
    """State once that the call reached somebody."""
    call.answered_at = at
    out.facts.append(
        TalkStarted(
            call_id=call.call_id,
            agent_id=call.agent_id,
            phone=phone,
            caller=call.caller,
            dialled=call.dialled,
            queue=call.queue,
            arrived_at=call.arrived_at,
            queued_at=call.arrived_at if call.queued_at is None else call.queued_at,
            at=at,
            direction=call.direction,
        ),
    )
    placed.talks(state, call, out, at)


def _is_past(agent: Agent, call: Call, at: Seconds) -> bool:
    """The journal tells of a talk that the agent had before he came to be what he is now."""
    # A talk's beginning is Asterisk's word; other moments may be our estimate of its clock.
    slack = 0.0 if agent.state is AgentState.TALKING else CLOCK_SLACK_SECONDS
    return agent.call_id != call.call_id and agent.since > at + slack


def leave_other_call(state: State, agent: Agent, call: Call, out: Decision, at: Seconds) -> None:
    """Nobody is in two calls: the phone that answered this one has left any other that we had there."""
    other = state.calls.get(agent.call_id) if agent.call_id is not None else None
    if other is None or other is call or other.agent_id != agent.agent_id:
        return
    if other.phase is Phase.OFFERING:
        offers.lose(state, other, out, at, why="a phone that rings for a call has answered another")
    else:
        end_talk(state, other, out, at)


def on_agent_leg_ended(state: State, event: AgentLegEnded, out: Decision) -> None:
    """The agent's channel is gone. While it only rang, the caller's channel tells what follows."""
    call = state.calls.get(event.call_id)
    if call is not None and (over := placed.agent_left(state, call, event.phone, out)) is not None:
        if over:
            finish(state, call, out, event.at, cause=placed.AGENT_HANGUP)
        return
    if call is not None and talk_legs.leg_ended(state, call, event, out):
        return
    if call is not None and call.phone == event.phone:
        if event.at < call.talking_since:
            return  # read again in the journal: an earlier ring of the same phone
        end_talk(state, call, out, event.at)
        return
    agent = state.agent_at(event.phone)
    if agent is not None and agent.call_id == event.call_id:
        seats.end_talk(state, agent, out, event.at)


def end_talk(state: State, call: Call, out: Decision, at: Seconds) -> None:
    """The talk is over, if there was one: free the agent."""
    if not step(call, CallInput.TALK_END, at):
        return
    talk_legs.ended(state, call, out, at)
    if call.talk_ended_at is None:
        call.talk_ended_at = at
        out.facts.append(TalkEnded(call.call_id, call.agent_id, at))
    agent = state.agents.get(call.agent_id) if call.agent_id is not None else None
    if agent is not None and agent.call_id == call.call_id:
        seats.end_talk(state, agent, out, at)


def on_hung_up(state: State, event: CallHungUp, out: Decision) -> None:
    """The caller's channel is gone: the call gets its one outcome."""
    call = state.calls.get(event.call_id)
    if call is not None and not placed.citizen_left(call, out):
        finish(state, call, out, event.at, cause=_cause(event), failed=event.cause)


def _cause(event: CallHungUp) -> str:
    """Who ended it: the order of the two hang-ups says nothing, since Asterisk ends the agent's leg first."""
    if event.cause in SWITCH_FAILURES:
        return f"q850:{event.cause}"
    if event.disconnected:
        return disconnects.CAUSE
    return "agent_hangup" if event.agent_left else "caller_hangup"


def finish(state: State, call: Call, out: Decision, at: Seconds, *, cause: str, failed: int = 0) -> None:
    """Account for the call and forget it."""
    talk_legs.close(call, out, at)
    end_talk(state, call, out, at)
    ours = placed.over(state, call, cause, out, at)
    stage = STAGES.get(call.phase) if ours is None else None
    if call.phase is Phase.OFFERING:
        offers.over(state, call, OfferResult.CALLER_LEFT, out, at)
    step(call, CallInput.HANG_UP, at)
    state.waiting.discard(call.call_id)
    outcome = Outcome.ANSWERED if call.answered_at is not None else Outcome.ABANDONED
    if outcome is Outcome.ABANDONED and failed in SWITCH_FAILURES:
        outcome = Outcome.FAILED
    if ours is not None:
        outcome, cause = ours
    elif (left := relief.outcome(call)) is not None:
        outcome, cause = left
        stage = None if call.voicemail_at is not None else stage  # a ticket: nobody has to be rung back
    if outcome is Outcome.CALLED_BACK:
        stage = None  # his request is what rings him back
    outcome, cause = outcomes.settled(outcome, cause)
    out.facts.append(
        CallFinished(
            call_id=call.call_id,
            queue=call.queue,
            caller=call.caller,
            dialled=call.dialled,
            outcome=outcome,
            cause=cause,
            unreached_stage=None if outcome is Outcome.ANSWERED else stage,
            arrived_at=call.arrived_at,
            queued_at=call.queued_at,
            answered_at=call.answered_at,
            talk_ended_at=call.talk_ended_at,
            at=at,
            direction=call.direction,
        ),
    )
    if ours is None or outcome is Outcome.ANSWERED:
        placing.remember(state, call, at)
    relief.forget(state, call)
    disconnects.close(state, call, out, at, cause)
    del state.calls[call.call_id]
    state.remember_finished(call.call_id)
