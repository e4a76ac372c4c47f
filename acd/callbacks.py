"""Call-back in queue: asked for, put in the line, withdrawn, restored. Pure.

A request stands in the line as a call without a channel (``acd.model.Call.awaits_callout``) at the caller's
own place; an agent whose turn it is gets the phone ringing first, so no more is under way than agents are
free. What becomes of that call, ``acd.callback_book`` is told by ``acd.calls``.
"""

from acd import callback_book, calls, placed, relief
from acd.callback_offers import CALL_BACK, CALLBACK_REQUESTED, may_be_offered
from acd.callout_model import Callout
from acd.model import Call, Decision, State
from acd.numbers import normal
from acd.phases import Phase
from acd.timers import Deadline
from core.callbacks import TRYING, CallBack, CallBackId, CallBackInput, CallBackSource, CallBackState
from core.commands import SendAway
from core.events import CallBackAsked, CallBackCancelAsked, CallerChose, CallLeaving, LiveCall
from core.facts import Refused
from core.plan import CallBackRules
from core.vocabulary import Direction, Outcome, Seconds

SETTLE_SECONDS: Seconds = 3.0
"""So long after his call the citizen is called back at the earliest: his phone must be free."""


# --- chosen --------------------------------------------------------------------------------------


def on_chosen(state: State, event: CallerChose, out: Decision) -> None:
    """A waiting caller wants to be called back: he leaves, and his request takes the place."""
    call = state.calls.get(event.call_id)
    stay = state.relief.stays.get(event.call_id)
    if call is None or stay is None or call.call_id not in state.waiting.standing:
        return
    stay.offered_call_back = False
    if not may_be_offered(state, call, stay):
        return
    state.waiting.discard(call.call_id)
    call.leaving = (Outcome.CALLED_BACK, CALLBACK_REQUESTED)
    out.commands.append(SendAway(call.call_id, call.channel, CALL_BACK))
    request_of(state, call, out, event.at)


def on_leaving(state: State, event: CallLeaving, out: Decision) -> None:
    """The dialplan lets a caller go; the journal may be the only one that knows what he was promised."""
    call = state.calls.get(event.call_id)
    known = call is None or call.leaving is not None
    relief.on_leaving(state, event, out)
    if call is not None and not known:
        _promised(state, call, out, event.at)


def adopt(state: State, call: Call, live: LiveCall, out: Decision, at: Seconds) -> None:
    """A picture shows a caller on his way out: an earlier run may have ended before it kept his request."""
    known = call.leaving is not None
    relief.adopt(state, call, live)
    if not known:
        _promised(state, call, out, at)


def _promised(state: State, call: Call, out: Decision, at: Seconds) -> None:
    if call.leaving == (Outcome.CALLED_BACK, CALLBACK_REQUESTED):
        request_of(state, call, out, at)


def request_of(state: State, call: Call, out: Decision, at: Seconds) -> None:
    """The request that a caller has made, once; also of one of whom only Asterisk still knows that he did."""
    number = normal(call.caller)
    callback_id = callback_book.request_id(call.call_id)
    if state.out.of_number(number) is not None or not number:
        return
    rules = state.rules(call.queue).call_back or CallBackRules()
    request = CallBack(
        callback_id=callback_id,
        number=number,
        queue=call.queue,
        dialled=call.dialled,
        source=CallBackSource.CALLER,
        requested_by="",
        requested_at=at,
        place_at=call.place_at,
        due_at=at + SETTLE_SECONDS,
        expires_at=at + rules.expires_after,
        origin=call.call_id,
    )
    callback_book.open_request(state, request, out)


# --- asked for and withdrawn by people -----------------------------------------------------------


def on_asked(state: State, event: CallBackAsked, out: Decision) -> None:
    """A person wants somebody to be called back."""
    rules = state.out.rules
    if not rules.possible:
        out.facts.append(
            Refused("no_outside_line", "this hotline has no way to the outside (HOTLINE_OUTSIDE_URI)")
        )
    elif not rules.may_call(event.number):
        out.facts.append(Refused("number_not_allowed", "this number may not be called", "number"))
    elif state.out.of_number(event.number) is not None:
        out.facts.append(Refused("already_in_line", "this number waits to be called back already", "number"))
    else:
        callback_book.open_request(state, _asked(state, event), out)


def _asked(state: State, event: CallBackAsked) -> CallBack:
    queue = state.known_queue(event.queue)
    given = state.rules(queue).call_back or CallBackRules()
    return CallBack(
        callback_id=event.callback_id,
        number=event.number,
        queue=queue,
        dialled=event.dialled or state.out.rules.number,
        source=CallBackSource.STAFF,
        requested_by=event.requested_by,
        requested_at=event.at,
        place_at=event.place_at,
        due_at=event.due_at,
        expires_at=max(event.at, event.due_at) + given.expires_after,
        origin=event.origin,
        ticket_id=event.ticket_id,
    )


def on_cancel_asked(state: State, event: CallBackCancelAsked, out: Decision) -> None:
    """A person withdraws a request."""
    request = state.out.callbacks.get(event.callback_id)
    if request is None:
        out.facts.append(Refused("callback_over", "this call-back has been made, or is over"))
        return
    _close(state, request, CallBackInput.CANCEL, event.cause, out, event.at)


def _close(
    state: State, request: CallBack, given: CallBackInput, cause: str, out: Decision, at: Seconds
) -> None:
    left = callback_book.close(state, request, given, cause, out, at)
    if left is not None:
        calls.finish(state, left, out, at, cause=cause)


# --- deadlines -----------------------------------------------------------------------------------


def on_due(state: State, callback_id: CallBackId, due_at: Seconds, out: Decision, now: Seconds) -> None:
    """A request may stand in the line; while the citizen has not hung up yet, it is looked at later."""
    request = state.out.callbacks.get(callback_id)
    if request is None or request.due_at != due_at or request.state is not CallBackState.REQUESTED:
        return
    if request.expires_at <= now:
        _close(state, request, CallBackInput.EXPIRE, "expired", out, now)
    elif request.origin is not None and request.origin in state.calls:
        request.due_at = now + SETTLE_SECONDS
        state.timers.add(request.due_at, Deadline.CALLBACK_DUE, callback_id)
    elif callback_book.change(state, request, CallBackInput.DUE, out, now):
        stand_in_line(state, request, out, now)


def stand_in_line(state: State, request: CallBack, out: Decision, at: Seconds) -> None:
    """The request takes its place among the callers of its queue."""
    call = Call(
        call_id=callback_book.call_id_of(request),
        channel="",
        uniqueid="",
        caller=request.number,
        dialled=request.dialled,
        queue=state.known_queue(request.queue),
        arrived_at=at,
        place_at=request.place_at,
        queued_at=at,
        changed_at=at,
        phase=Phase.WAITING,
        direction=Direction.OUTBOUND,
    )
    state.calls[call.call_id] = call
    state.out.callouts[call.call_id] = Callout(
        manual=False,
        ticket_id=request.ticket_id,
        origin=request.origin,
        callback_id=request.callback_id,
    )
    calls.enqueue(state, call, out, at)


def on_expires(state: State, callback_id: CallBackId, due_at: Seconds, out: Decision, now: Seconds) -> None:
    """A request has waited as long as its queue's rules allow; a try that is under way is not cut short."""
    request = state.out.callbacks.get(callback_id)
    if request is None or request.expires_at != due_at:
        return
    if request.state in TRYING:
        return  # should it be in vain, the next deadline closes it
    _close(state, request, CallBackInput.EXPIRE, "expired", out, now)


# --- after a restart -----------------------------------------------------------------------------


def restore(state: State, requests: list[CallBack], at: Seconds) -> None:
    """Put open requests from the record into memory; says nothing, nothing has happened.

    One that was in the line stands there again, at its place. One that was being tried waits for what the
    first picture says about its call; when that call is known to be over, it is tried again soon.
    """
    silent = Decision()
    for request in requests:
        callback_book.remember(state, request)
        call = state.calls.get(request.call_id) if request.call_id is not None else None
        if call is not None and call.answered_at is None:
            continue
        if request.state is CallBackState.QUEUED:
            stand_in_line(state, request, silent, at)
        elif request.state in TRYING:
            request.state, request.due_at = CallBackState.REQUESTED, at + callback_book.AGAIN_AFTER
            state.timers.add(request.due_at, Deadline.CALLBACK_DUE, request.callback_id)


def restore_call(state: State, call: Call, callout: Callout) -> None:
    """A call that the centre had placed when the last run ended."""
    state.out.callouts[call.call_id] = callout
    agent = state.agents.get(call.agent_id) if call.agent_id is not None else None
    if agent is not None and agent.call_id is None and agent.state in placed.AT_A_CALLOUT:
        agent.call_id = call.call_id
