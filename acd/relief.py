"""Ways out of a queue: overflow, full, empty, closed; and how a call leaves for good. Pure.

A call comes in through ``enter`` (from ``acd.calls.enqueue``), which says whether it may stand in the line.
What depends on time is a deadline of the call; what depends on length or expected wait is looked at as the
call comes in, and with a deadline. A call that rings at an agent's is left alone; it is looked at when it
comes back.

A call that leaves for good has ``Call.leaving``, stands in no line, and is in ``[acd-leave]`` of the dialplan
after one Redirect. It goes to each queue at most once.
"""

from acd import callback_offers, forecast, placing
from acd.hours import is_open
from acd.model import Call, Decision, State
from acd.phases import Phase
from acd.relief_model import Stay
from acd.staff import Presence
from acd.timers import Deadline
from core.commands import MarkCall, RequestReconcile, SendAway
from core.events import CallerChose, CallLeaving, LiveCall, SendAwayFailed
from core.facts import CallOverflowed, VoicemailLeft
from core.plan import EmptyPolicy, OverflowRule, QueueRules, Relief
from core.vocabulary import CallId, Direction, Outcome, QueueName, Seconds

EMPTY_GRACE_SECONDS: Seconds = 10.0
"""How long a queue must have been without agents before its callers leave: phones register anew."""

RETRY_SECONDS: Seconds = 10.0
"""A rule whose other queue is closed, full or empty at the moment is tried again after this."""

TICK: Seconds = 1e-3
"""Moments of two clocks that differ by less are the same."""

VOICEMAIL = "voicemail"
CLOSED, FULL, EMPTY = "closed", "full", "empty"
OVERFLOW_MESSAGE = "overflow_message"

LEAST: dict[EmptyPolicy, Presence] = {
    EmptyPolicy.ALLOW: Presence.AWAY,
    EmptyPolicy.NEED_SEATED: Presence.SEATED,
    EmptyPolicy.NEED_WORKING: Presence.WORKING,
}


# --- coming in -----------------------------------------------------------------------------------


def enter(state: State, call: Call, out: Decision, at: Seconds) -> bool:
    """A call comes into the hold loop, for the first time or again.

    Returns:
        Whether it may stand in the line; if not, it is on its way out.
    """
    if call.direction is Direction.OUTBOUND:
        return True  # nobody listens: the citizen is called when an agent is free
    if call.leaving is not None:
        _send(call, out)  # said again: the first Redirect may have been lost
        return False
    first = call.queued_at is None and call.fallback_at is None
    stay = state.relief.stays.get(call.call_id)
    if stay is None:
        stay = Stay(call.arrived_at if call.answered_at is None else at)
        state.relief.stays[call.call_id] = stay
    if first:
        cause, to = _refused(state, call, at)
        if cause and not _give(state, call, to, cause, out, at):
            return False
    forecast.missed_surge(state, call, out, at)
    return _settle_in(state, call, out, at)


def _settle_in(state: State, call: Call, out: Decision, at: Seconds) -> bool:
    """Look for a way out, as often as the call is moved; at most once per queue."""
    for _ in state.plan.queues:
        stay = state.relief.stays[call.call_id]
        fresh = not stay.armed
        if fresh:
            _arm(state, call, stay, at)
        rule = _way_out(state, call, stay, at, fresh=fresh)
        if rule is None:
            return True
        if not _apply(state, call, rule, out, at):
            return False
        if rule.to is not Relief.QUEUE:
            return True
    return True


def _refused(state: State, call: Call, at: Seconds) -> tuple[str, Relief]:
    """Why a new call may not wait in this queue, and what it gets instead."""
    rules = state.rules(call.queue)
    if not is_open(rules.hours, at):
        return CLOSED, rules.closed_to
    if is_empty(state, rules, rules.join_empty):
        return EMPTY, rules.empty_to
    if is_full(state, rules):
        return FULL, rules.full_to
    return "", Relief.STAY


def is_full(state: State, rules: QueueRules) -> bool:
    """Whether as many wait as may (app_queue: maxlen)."""
    return rules.max_waiting is not None and state.waiting.length(rules.name) >= rules.max_waiting


def is_empty(state: State, rules: QueueRules, policy: EmptyPolicy) -> bool:
    """Whether fewer agents are there than the policy asks for, which is one."""
    least = LEAST[policy]
    return least is not Presence.AWAY and not state.relief.staff.number(rules.name, rules.certificate, least)


def _arm(state: State, call: Call, stay: Stay, at: Seconds) -> None:
    """Set the deadlines of a stay."""
    stay.armed = True
    rules = state.rules(call.queue)
    for moment in {stay.since + rule.after_wait for rule in rules.overflow if rule.after_wait is not None}:
        state.timers.add(max(at, moment), Deadline.OVERFLOW, call.call_id)
    forecast.arm(state, call, stay, at)
    _watch(state, rules, at)


# --- ways out ------------------------------------------------------------------------------------


def _way_out(state: State, call: Call, stay: Stay, at: Seconds, *, fresh: bool) -> OverflowRule | None:
    """The first rule that holds now; one without a waiting time only for a call that has just come in."""
    for rule in state.rules(call.queue).overflow:
        if (fresh or rule.after_wait is not None) and _holds(state, call, stay, rule, at):
            if _possible(state, call, stay, rule, at):
                return rule
            if rule.to is Relief.QUEUE and rule.queue not in (None, call.queue, *stay.left):
                state.timers.add(at + RETRY_SECONDS, Deadline.OVERFLOW, call.call_id)
    return None


def _holds(state: State, call: Call, stay: Stay, rule: OverflowRule, at: Seconds) -> bool:
    given = (rule.after_wait, rule.longer_than, rule.expected_over)
    if all(condition is None for condition in given):
        return False
    if rule.after_wait is not None and at - stay.since < rule.after_wait - TICK:
        return False
    if rule.longer_than is not None and _length(state, call) <= rule.longer_than:
        return False
    if rule.expected_over is None:
        return True
    expected = forecast.expected_wait(state, call)
    return expected is not None and expected.mean > rule.expected_over


def _length(state: State, call: Call) -> int:
    """How many wait in the call's queue, itself among them."""
    stands = call.call_id in state.waiting.standing
    return state.waiting.length(call.queue) + (not stands)


def _possible(state: State, call: Call, stay: Stay, rule: OverflowRule, at: Seconds) -> bool:
    """Whether what a rule says can be done with this call."""
    match rule.to:
        case Relief.STAY:
            return False
        case Relief.QUEUE:
            return (
                rule.queue is not None
                and rule.queue not in (call.queue, *stay.left)
                and _takes(state, rule.queue, at)
            )
        case Relief.CALL_BACK:
            return callback_offers.may_be_offered(state, call, stay)
        case _:
            return call.answered_at is None  # who has talked to somebody has his outcome and his ticket


def _takes(state: State, queue: QueueName, at: Seconds) -> bool:
    """Whether another queue would take a call now."""
    if queue not in state.plan.queues:
        return False
    rules = state.rules(queue)
    return (
        is_open(rules.hours, at)
        and not is_full(state, rules)
        and not is_empty(state, rules, rules.join_empty)
    )


def _apply(state: State, call: Call, rule: OverflowRule, out: Decision, at: Seconds) -> bool:
    """Do what a rule says; ``False``: the call leaves."""
    if rule.to is Relief.QUEUE and rule.queue is not None:
        move_queue(state, call, rule.queue, out, at, _cause(rule))
        return True
    return _give(state, call, rule.to, _cause(rule), out, at)


def _cause(rule: OverflowRule) -> str:
    if rule.after_wait is not None:
        return "wait"
    return "length" if rule.longer_than is not None else "expected_wait"


def _give(state: State, call: Call, to: Relief, cause: str, out: Decision, at: Seconds) -> bool:
    """Give a call what it gets instead of its place; ``False``: it leaves."""
    if to is Relief.CALL_BACK:
        # It waits on: only the caller's key makes a call-back of it.
        state.relief.stays[call.call_id].offered_call_back = True
        say(call, "call_back", out)
        return True
    if to not in (Relief.MESSAGE, Relief.VOICEMAIL):
        return True
    leave(state, call, to, cause, out, at)
    return False


def leave(state: State, call: Call, to: Relief, cause: str, out: Decision, at: Seconds) -> None:
    """Let a call go that will not reach an agent: to the voicemail box, or with a message.

    Args:
        state: the memory.
        call: it waits, or has just come in.
        to: ``VOICEMAIL`` or ``MESSAGE``.
        cause: why; of a message it is also what is said, where there are words for it.
        out: where fact and command go.
        at: now.
    """
    if call.leaving is not None:
        return
    said = cause if cause in (CLOSED, FULL, EMPTY) else OVERFLOW_MESSAGE
    call.leaving = (Outcome.OVERFLOWED, VOICEMAIL if to is Relief.VOICEMAIL else said)
    state.waiting.discard(call.call_id)
    out.facts.append(CallOverflowed(call.call_id, call.queue, None, cause, to, _waited(state, call, at), at))
    _send(call, out)


def _waited(state: State, call: Call, at: Seconds) -> Seconds:
    stay = state.relief.stays.get(call.call_id)
    return max(0.0, at - (stay.since if stay is not None else call.arrived_at))


def _send(call: Call, out: Decision) -> None:
    if call.channel and call.leaving is not None:
        out.commands.append(SendAway(call.call_id, call.channel, call.leaving[1]))


def say(call: Call, what: str, out: Decision) -> None:
    """Have a waiting caller told something (docs/contracts.md, ``HOTLINE_SAY``)."""
    if call.channel:
        out.commands.append(MarkCall(call.call_id, call.channel, (("HOTLINE_SAY", what),)))


def move_queue(state: State, call: Call, queue: QueueName, out: Decision, at: Seconds, cause: str) -> None:
    """Give a call to another queue; arrival and place stay. One that waits stands in the new line at once."""
    before = state.relief.stays.get(call.call_id)
    left = before.left if before is not None else ()
    out.facts.append(
        CallOverflowed(call.call_id, call.queue, queue, cause, Relief.QUEUE, _waited(state, call, at), at)
    )
    stands = call.call_id in state.waiting.standing
    state.waiting.discard(call.call_id)
    state.relief.stays[call.call_id] = Stay(at, (*left, call.queue))
    call.queue = queue
    if call.channel:
        out.commands.append(MarkCall(call.call_id, call.channel, (("HOTLINE_QUEUE", queue),)))
    if stands and _settle_in(state, call, out, at):
        placing.join(state, call, at)


# --- deadlines and news --------------------------------------------------------------------------


def on_due(state: State, call_id: CallId, _due_at: Seconds, out: Decision, now: Seconds) -> None:
    """A waiting time that a rule names is over, or something is tried again."""
    call = state.calls.get(call_id)
    stay = state.relief.stays.get(call_id)
    if call is None or stay is None or call.leaving is not None or call_id not in state.waiting.standing:
        return
    rule = _way_out(state, call, stay, now, fresh=False)
    if rule is not None:
        _apply(state, call, rule, out, now)


def settle(state: State, now: Seconds) -> None:
    """After each event: see whether a queue has lost its last agent. Costs nothing as long as nobody left."""
    staff = state.relief.staff
    if staff.thinned and state.online:
        staff.thinned = False
        for rules in state.plan.queues.values():
            _watch(state, rules, now)


def _watch(state: State, rules: QueueRules, at: Seconds) -> None:
    """Set the deadline at which the callers of a queue without agents leave."""
    if rules.name not in state.relief.empty_since and is_empty(state, rules, rules.leave_empty):
        state.relief.empty_since[rules.name] = at
        state.timers.add(at + EMPTY_GRACE_SECONDS, Deadline.QUEUE_EMPTY, rules.name)


def on_empty(state: State, queue: QueueName, _due_at: Seconds, out: Decision, now: Seconds) -> None:
    """A queue has been without agents for a while: its callers leave, unless somebody is there again."""
    state.relief.empty_since.pop(queue, None)
    rules = state.rules(queue)
    if rules.name != queue or not is_empty(state, rules, rules.leave_empty):
        return
    if not state.online:
        state.relief.staff.thinned = True  # what is known may be stale: look again when Asterisk is there
        return
    places = state.waiting.places.get(queue)
    for call_id in list(places.members) if places is not None else ():
        call = state.calls[call_id]
        if call.answered_at is None and call.direction is Direction.INBOUND:
            _give(state, call, rules.empty_to, EMPTY, out, now)


def replan(state: State, out: Decision, at: Seconds) -> None:
    """The plan has changed: those who wait get the new rules' deadlines."""
    for call_id in list(state.waiting.standing):
        stay = state.relief.stays.get(call_id)
        if stay is not None:
            stay.armed = False
            _arm(state, state.calls[call_id], stay, at)
            on_due(state, call_id, at, out, at)


def on_send_failed(state: State, event: SendAwayFailed, out: Decision) -> None:
    """The Redirect was refused: most likely the caller has just gone. The next picture tells."""
    if event.call_id in state.calls:
        out.commands.append(RequestReconcile(f"a caller could not be sent away: {event.reason}"))


def on_voicemail_chosen(state: State, event: CallerChose, out: Decision) -> None:
    """A waiting caller asked for the voicemail box."""
    call = state.calls.get(event.call_id)
    if call is not None and call.call_id in state.waiting.standing and call.answered_at is None:
        leave(state, call, Relief.VOICEMAIL, "chosen", out, event.at)


def on_leaving(state: State, event: CallLeaving, out: Decision) -> None:
    """The dialplan lets the caller go; after the voicemail box this means that he has left a message."""
    call = state.calls.get(event.call_id)
    if call is None or call.answered_at is not None:
        return
    call.leaving = callback_offers.leaving(event.cause) or (Outcome.OVERFLOWED, event.cause)
    state.waiting.discard(call.call_id)
    if event.cause == VOICEMAIL and call.voicemail_at is None:
        call.voicemail_at = event.at
        out.facts.append(
            VoicemailLeft(call.call_id, call.caller, call.dialled, call.queue, call.arrived_at, event.at)
        )


def adopt(state: State, call: Call, live: LiveCall) -> None:
    """A picture shows that a call is being let go, by an earlier run of the service."""
    if live.leaving and call.leaving is None and call.phase is not Phase.TALKING:
        call.leaving = callback_offers.leaving(live.leaving) or (Outcome.OVERFLOWED, live.leaving)
        state.waiting.discard(call.call_id)


def outcome(call: Call) -> tuple[Outcome, str] | None:
    """The outcome of a call that was let go; ``None``: it has to be told otherwise.

    Who hangs up in the voicemail box without having said anything has given up.
    """
    if call.leaving is None or call.answered_at is not None:
        return None
    return None if call.leaving[1] == VOICEMAIL and call.voicemail_at is None else call.leaving


def forget(state: State, call: Call) -> None:
    """The call has ended."""
    state.relief.stays.pop(call.call_id, None)
