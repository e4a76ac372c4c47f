"""Applies to calls what is known about their callers (``acd.callers``), at the moment they arrive. Pure."""

from collections.abc import Iterable

from acd import placing
from acd.callers import hears_message, needs_of, priority_after, treatments
from acd.model import Call, Decision, State
from core.callers import Treatment
from core.commands import MarkCall
from core.events import CallerListsChanged
from core.facts import CallerTreated
from core.vocabulary import CallId, Direction

SAY = "HOTLINE_SAY"
SAY_VOICE_SERVICE = "policy:voice_service"
"""Makes the hold loop play the message, see ``ivr.holding``."""


def on_lists_changed(state: State, event: CallerListsChanged, _out: Decision) -> None:
    """The lists are others now; calls that have arrived keep their treatment."""
    state.callers.lists.replace(event.entries)


def treat(state: State, call: Call, out: Decision) -> None:
    """Treat a call that has just arrived as its caller is to be; the plan has given it its priority."""
    if call.direction is Direction.OUTBOUND:
        return  # it is the centre that calls
    found = list(treatments(state.callers, call.caller, call.arrived_at))
    if not found:
        return
    given = [treatment for treatment, _ in found]
    out.facts.extend(CallerTreated(call.call_id, what, cause, call.arrived_at) for what, cause in found)
    call.extra_needs = needs_of(state.callers.policy, given)
    priority = priority_after(call.priority, given)
    placing.set_priority(state, call, priority, "caller", out, call.arrived_at)
    if hears_message(given):
        out.commands.append(MarkCall(call.call_id, call.channel, ((SAY, SAY_VOICE_SERVICE),)))


def restore(state: State, treated: Iterable[tuple[CallId, Treatment]]) -> None:
    """After a restart: calls that still wait need again what they needed; their priority is in their row."""
    by_call: dict[CallId, list[Treatment]] = {}
    for call_id, treatment in treated:
        by_call.setdefault(call_id, []).append(treatment)
    for call_id, given in by_call.items():
        call = state.calls.get(call_id)
        if call is not None:
            call.extra_needs = needs_of(state.callers.policy, given)
