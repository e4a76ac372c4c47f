"""Which waiting callers are asked whether they want to be called back, and when. Pure.

Only those who would really wait, and who can be called: ``acd.calls`` looks as a caller comes into the line,
and a deadline looks again while he waits. What he answers is in ``acd.callbacks``.
"""

from acd import forecast
from acd.model import Call, Decision, State
from acd.numbers import normal
from acd.relief_model import Stay
from acd.timers import Deadline
from core.commands import MarkCall
from core.plan import CallBackRules
from core.vocabulary import CallId, Direction, Outcome, Seconds

CALL_BACK = "call_back"
"""What is said, what is chosen, and the extension of ``[acd-leave]``."""

CALLBACK_REQUESTED = "callback_requested"
"""Cause of the outcome of a caller who is called back."""

LOOK_AGAIN_SECONDS: Seconds = 15.0
"""How often it is looked at whether a caller must really wait, after the first look."""


def leaving(cause: str) -> tuple[Outcome, str] | None:
    """The outcome of a caller who leaves for this cause, if it is that he is called back."""
    return (Outcome.CALLED_BACK, CALLBACK_REQUESTED) if cause == CALL_BACK else None


def look(state: State, call: Call, out: Decision, at: Seconds) -> None:
    """A caller has come into the line: offer him a call-back if he would really wait, or look again later."""
    rules = state.rules(call.queue).call_back
    stay = state.relief.stays.get(call.call_id)
    if rules is None or stay is None or not may_be_offered(state, call, stay):
        return
    if would_wait(state, call, rules, at):
        stay.offered_call_back = True
        out.commands.append(MarkCall(call.call_id, call.channel, (("HOTLINE_SAY", CALL_BACK),)))
    else:
        state.timers.add(at + LOOK_AGAIN_SECONDS, Deadline.CALLBACK_OFFER, call.call_id)


def on_look(state: State, call_id: CallId, _due_at: Seconds, out: Decision, now: Seconds) -> None:
    """It is time to look again."""
    call = state.calls.get(call_id)
    if call is not None and call.call_id in state.waiting.standing:
        look(state, call, out, now)


def may_be_offered(state: State, call: Call, stay: Stay) -> bool:
    """Whether this caller can be called back at all, and has not been asked before."""
    return (
        not stay.offered_call_back
        and call.direction is Direction.INBOUND
        and call.answered_at is None
        and call.leaving is None
        and bool(call.caller)
        and state.out.rules.may_call(normal(call.caller))
    )


def would_wait(state: State, call: Call, rules: CallBackRules, at: Seconds) -> bool:
    """Whether the wait ahead of a caller is above what the queue's rules name.

    Where no estimate can be given honestly, the waits of those in front say it: nobody comes to his turn
    sooner than they did.
    """
    expected = forecast.expected_wait(state, call)
    if expected is not None:
        return expected.mean > rules.offer_above
    places = state.waiting.places.get(call.queue)
    first = places.first() if places is not None else None
    longest = at if first is None else state.calls[first].arrived_at
    return at - longest > rules.offer_above
