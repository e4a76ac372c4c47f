"""The open call-back requests: opened, moved through their table, closed. Pure.

``acd.calls`` and ``acd.offers`` tell this module what becomes of the calls; what people, callers and
deadlines want is in ``acd.callbacks``. Every change is one ``CallBackChanged`` fact with the whole request.
"""

import uuid
from dataclasses import replace

from acd import placing
from acd.model import Call, Decision, State
from acd.numbers import normal
from acd.timers import Deadline
from core.callbacks import TRYING, CallBack, CallBackId, CallBackInput, CallBackState, next_state
from core.commands import HangUpLeg, MarkCall
from core.facts import CallBackChanged, CallPlaced
from core.plan import CallBackRules
from core.vocabulary import CallId, Outcome, Seconds

NAMESPACE = uuid.UUID("6f1f2c5e-8f6b-4f0a-9d0b-2f1c7c1a5b12")
"""Of the identities of requests and tries, so that the same request always has the same."""

CITIZEN_CALLED = "citizen_called"
INTERRUPTED = "callout_interrupted"

NOT_THE_CITIZENS = frozenset(
    {INTERRUPTED, "agent_hangup", "agent_no_answer", "not_placed", CITIZEN_CALLED, "dropped", "taken_over"}
)
"""Causes of tries in which the citizen was not really called: they do not use a try up."""

AGAIN_AFTER: Seconds = 10.0
"""After such a try the request stands in the line again so soon."""


def request_id(origin: CallId) -> CallBackId:
    """The request that a caller makes in a call; made twice it is the same."""
    return CallBackId(str(uuid.uuid5(NAMESPACE, origin)))


def call_id_of(request: CallBack) -> CallId:
    """The call of the request's next try."""
    return CallId(str(uuid.uuid5(NAMESPACE, f"{request.callback_id}/{request.attempt + 1}")))


def rules_of(state: State, request: CallBack) -> CallBackRules:
    """The rules of its queue; those of a queue that has none are the defaults."""
    return state.rules(request.queue).call_back or CallBackRules()


def tell(request: CallBack, out: Decision) -> None:
    """State the request as it is now."""
    request.version += 1
    out.facts.append(CallBackChanged(replace(request)))


def open_request(state: State, request: CallBack, out: Decision) -> None:
    """A new request."""
    remember(state, request)
    tell(request, out)


def remember(state: State, request: CallBack) -> None:
    """Put a request into memory, with its deadlines; also after a restart."""
    state.out.callbacks[request.callback_id] = request
    state.out.by_number[request.number] = request.callback_id
    state.timers.add(request.due_at, Deadline.CALLBACK_DUE, request.callback_id)
    state.timers.add(request.expires_at, Deadline.CALLBACK_EXPIRES, request.callback_id)


def change(state: State, request: CallBack, given: CallBackInput, out: Decision, at: Seconds) -> bool:
    """Move a request by its table; ``False`` when the table has no such pair (nothing changed)."""
    target = next_state(request.state, given)
    if target is None:
        return False
    request.state = target
    if not request.open:
        request.ended_at = at
        _forget(state, request)
    tell(request, out)
    return True


def _forget(state: State, request: CallBack) -> None:
    state.out.callbacks.pop(request.callback_id, None)
    if state.out.by_number.get(request.number) == request.callback_id:
        del state.out.by_number[request.number]
    state.out.finished[request.state] = state.out.finished.get(request.state, 0) + 1


def of_call(state: State, call_id: CallId) -> CallBack | None:
    """The open request that a call is placed for."""
    callout = state.out.callouts.get(call_id)
    if callout is None or callout.callback_id is None:
        return None
    return state.out.callbacks.get(callout.callback_id)


# --- what becomes of its calls -------------------------------------------------------------------


def rings(state: State, call: Call, out: Decision, at: Seconds) -> None:
    """An agent's phone rings for it."""
    request = of_call(state, call.call_id)
    if request is not None:
        if request.call_id != call.call_id:
            request.call_id = call.call_id
            request.attempt += 1
        change(state, request, CallBackInput.RING, out, at)


def moved(state: State, call: Call, given: CallBackInput, out: Decision, at: Seconds) -> None:
    """The call of a request has come further, or back into the line."""
    request = of_call(state, call.call_id)
    if request is not None:
        change(state, request, given, out, at)


def tried(state: State, call: Call, outcome: Outcome, cause: str, out: Decision, at: Seconds) -> None:
    """The call of a request is over: talk, another try later, or the end."""
    request = of_call(state, call.call_id)
    if request is None:
        return
    request.cause = "" if outcome is Outcome.ANSWERED else cause
    if outcome is Outcome.ANSWERED:
        if request.state is CallBackState.QUEUED:
            change(
                state, request, CallBackInput.RING, out, at
            )  # we heard neither of the phone nor of the talk
        change(state, request, CallBackInput.CONNECTED, out, at)
        return
    rules = rules_of(state, request)
    reached_nobody = cause not in NOT_THE_CITIZENS
    request.tries += reached_nobody
    if request.tries >= rules.tries:
        change(state, request, CallBackInput.EXHAUSTED, out, at)
        return
    request.due_at = at + (rules.retry_after if reached_nobody else AGAIN_AFTER)
    if change(state, request, CallBackInput.NOT_REACHED, out, at):
        state.timers.add(request.due_at, Deadline.CALLBACK_DUE, request.callback_id)


# --- withdrawn -----------------------------------------------------------------------------------


def close(
    state: State, request: CallBack, given: CallBackInput, cause: str, out: Decision, at: Seconds
) -> Call | None:
    """Close a request that nobody needs any more; what rings for it is hung up.

    Args:
        state: the memory.
        request: an open one.
        given: ``CANCEL`` or ``EXPIRE``.
        cause: coded.
        out: where facts and commands go.
        at: now.

    Returns:
        A call that was placed and now only stands in the line: it is to be accounted for.
    """
    before, request.cause = request.cause, cause
    trying = request.state in TRYING
    if not change(state, request, given, out, at):
        request.cause = before
        return None
    return take_out(state, request, cause, out, dropped=trying)


def take_out(state: State, request: CallBack, cause: str, out: Decision, *, dropped: bool) -> Call | None:
    """No call of the request stands in the line any longer; with ``dropped`` no phone goes on ringing either.

    Returns:
        A call that was placed before and now only stands in the line: it is to be accounted for.
    """
    waits = state.calls.get(call_id_of(request))
    if waits is not None and waits.awaits_callout:
        _forget_call(state, waits)
    call = state.calls.get(request.call_id) if request.call_id is not None else None
    if call is None or call.answered_at is not None:
        return None
    if call.awaits_callout:
        call.leaving = (Outcome.FAILED, cause)
        return call
    if dropped:
        drop(state, call, cause, out)
    return None


def _forget_call(state: State, call: Call) -> None:
    """A call that stands in the line and was never placed leaves no trace."""
    state.waiting.discard(call.call_id)
    state.relief.stays.pop(call.call_id, None)
    state.out.callouts.pop(call.call_id, None)
    del state.calls[call.call_id]


def drop(state: State, call: Call, cause: str, out: Decision) -> None:
    """Give up a call that is being placed: its legs are hung up, its end tells the rest."""
    callout = state.out.callouts.get(call.call_id)
    if callout is not None:
        callout.dropped = True
    call.leaving = call.leaving or (Outcome.FAILED, cause)
    if call.agent_channel:
        out.commands.append(HangUpLeg(call.call_id, call.agent_channel))


def rang_in(state: State, call: Call, out: Decision, at: Seconds) -> Call | None:
    """A citizen calls who waits to be called back: his own call takes the place.

    Returns:
        As ``close``.
    """
    request = state.out.of_number(normal(call.caller)) if call.caller else None
    if request is None or request.origin == call.call_id:
        return None
    if request.queue == call.queue and request.place_at < call.place_at:
        call.place_at = request.place_at
        out.facts.append(CallPlaced(call.call_id, call.priority, call.place_at, "call_back", at))
        out.commands.append(MarkCall(call.call_id, call.channel, placing.variables(call)))
    return close(state, request, CallBackInput.CANCEL, CITIZEN_CALLED, out, at)
