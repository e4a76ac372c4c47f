"""Place and expected wait of a waiting call, told to the caller and proved at the answer. Pure.

What cannot be known is not said: no agents, too few handled calls, bounds too far apart, needs that only some
agents meet. A place that has become worse (somebody urgent came) is not said either.
"""

from collections.abc import Iterator

from acd import placing
from acd.estimate import NOW, Crew, Expected
from acd.estimate import expected_wait as estimate
from acd.model import Call, Decision, State
from acd.phases import Phase
from acd.relief_model import Stay
from acd.staff import Group, Presence
from acd.timers import Deadline
from core.commands import MarkCall
from core.events import SurgeChanged
from core.facts import WaitAnnounced, WaitEstimateProved
from core.surge import applying
from core.vocabulary import CallId, Direction, QueueName, Seconds

FIRST_SECONDS: Seconds = 5.0
"""Who waits longer than this is told for the first time; others reach an agent before they have listened."""

WAITS = frozenset({Phase.WAITING, Phase.OFFERING, Phase.UNCERTAIN, Phase.FALLBACK})


# --- the estimate --------------------------------------------------------------------------------


def expected_wait(state: State, call: Call) -> Expected | None:
    """How long this call will wait from now on; ``None``: it cannot be said."""
    rules = state.rules(call.queue)
    standing = state.waiting.standing.get(call.call_id)
    if standing is not None and (standing.kind.needs or standing.alone):
        return None  # others, who need less, are served before it
    if state.relief.staff.number(rules.name, rules.certificate, Presence.READY):
        # Whoever stands in line although somebody is ready waits for a reason that we do not see.
        return NOW if standing is None else None
    rank = placing.rank_of(call)
    handle = state.relief.handle_times.mean(rules.name)
    before = _before(state, rules.name, rank, call.call_id)
    serving = state.relief.staff.serving(rules.name, rules.certificate)
    crews = [Crew(number, _others(state, group, call, rank)) for group, number in serving]
    return estimate(before, handle, crews)


def _before(state: State, queue: QueueName, rank: Seconds, call_id: CallId) -> int:
    places = state.waiting.places.get(queue)
    return places.before(rank, call_id) if places is not None else 0


def _others(state: State, group: Group, call: Call, rank: Seconds) -> Seconds:
    """Work before this call in the other queues of a group of agents."""
    work = 0.0
    for queue in _busy(state, group, call.queue):
        rules = state.rules(queue)
        if group.serves(queue, rules.certificate):
            handle = state.relief.handle_times.mean(queue) or state.relief.handle_times.mean(call.queue)
            work += _before(state, queue, rank, call.call_id) * (handle or 0.0)
    return work


def _busy(state: State, group: Group, own: QueueName) -> Iterator[QueueName]:
    """The other queues of the group that have callers."""
    few, many = sorted((group.queues, state.waiting.places), key=len)
    return (q for q in few if q != own and q in many and state.waiting.length(q))


# --- announcements -------------------------------------------------------------------------------


def arm(state: State, call: Call, stay: Stay, at: Seconds) -> None:
    """Set the deadline of the next announcement."""
    every = state.rules(call.queue).announce_every
    if every > 0 and stay.announce_at is None and call.direction is Direction.INBOUND:
        _next(state, call.call_id, stay, at + min(every, FIRST_SECONDS))


def _next(state: State, call_id: CallId, stay: Stay, at: Seconds) -> None:
    stay.announce_at = at
    state.timers.add(at, Deadline.ANNOUNCE, call_id)


def on_due(state: State, call_id: CallId, due_at: Seconds, out: Decision, now: Seconds) -> None:
    """It is time to tell a caller how things stand. While a phone rings for him nothing is said."""
    call = state.calls.get(call_id)
    stay = state.relief.stays.get(call_id)
    if call is None or stay is None or stay.announce_at != due_at:
        return
    stay.announce_at = None
    every = state.rules(call.queue).announce_every
    if every <= 0 or call.phase not in WAITS or call.leaving is not None:
        return
    if call_id in state.waiting.standing:
        announce(state, call, stay, out, now)
    _next(state, call_id, stay, now + every)


def announce(state: State, call: Call, stay: Stay, out: Decision, now: Seconds) -> None:
    """Tell a caller what can honestly be told: nothing, the place, the wait, or both."""
    place, expected = _place(state, call, stay), _sayable(state, call)
    if (place is None and expected is None) or not call.channel:
        return
    low, high = ("", "") if expected is None else expected.minutes
    say = f"position:{'' if place is None else place}:{low}:{high}"
    out.commands.append(MarkCall(call.call_id, call.channel, (("HOTLINE_SAY", say),)))
    if place is not None:
        stay.position = place
    if expected is not None and stay.promised is None:
        stay.promised = (now, expected.low, expected.mean, expected.high)
    out.facts.append(
        WaitAnnounced(
            call_id=call.call_id,
            queue=call.queue,
            position=place,
            low=None if expected is None else expected.low,
            high=None if expected is None else expected.high,
            expected=None if expected is None else expected.mean,
            at=now,
        )
    )


def _place(state: State, call: Call, stay: Stay) -> int | None:
    places = state.waiting.places.get(call.queue)
    if not state.rules(call.queue).announce_position or places is None:
        return None
    place = places.position(call.call_id)
    worse = place is not None and stay.position is not None and place > stay.position
    return None if worse else place


def _sayable(state: State, call: Call) -> Expected | None:
    if not state.rules(call.queue).announce_wait:
        return None
    expected = expected_wait(state, call)
    return expected if expected is not None and expected.useful else None


def prove(state: State, call: Call, out: Decision, at: Seconds) -> None:
    """The call is answered: compare what was said with what came of it."""
    stay = state.relief.stays.pop(call.call_id, None)
    if stay is None or stay.promised is None:
        return
    said_at, low, mean, high = stay.promised
    waited = max(0.0, at - said_at)
    out.facts.append(WaitEstimateProved(call.call_id, call.queue, mean, waited, low <= waited <= high, at))


# --- surge notices -------------------------------------------------------------------------------


def on_surge(state: State, event: SurgeChanged, out: Decision) -> None:
    """A supervisor set or withdrew a notice: those who wait and have not heard it hear it at once."""
    known = {notice.notice_id for notice in state.relief.notices}
    state.relief.notices = event.notices
    new = [notice for notice in event.notices if notice.notice_id not in known]
    if not new:
        return
    for call_id in state.waiting.standing:
        call = state.calls[call_id]
        notice = applying(event.notices, call.queue, call.dialled, event.at)
        if notice in new:
            tell_surge(call, out)


def tell_surge(call: Call, out: Decision) -> None:
    """Have the caller hear the notice that is in force, unless he has heard it (the channel remembers)."""
    if call.channel and call.direction is Direction.INBOUND:
        out.commands.append(MarkCall(call.call_id, call.channel, (("HOTLINE_SAY", "surge"),)))


def missed_surge(state: State, call: Call, out: Decision, at: Seconds) -> None:
    """A call comes into the hold loop that was on its way there, or at a phone, when a notice was set."""
    notice = applying(state.relief.notices, call.queue, call.dialled, at)
    if notice is not None and notice.since > call.arrived_at:
        tell_surge(call, out)
