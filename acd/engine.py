"""The routing engine: ``decide(state, event, now)`` - no clock, no I/O, no randomness.

``decide`` changes ``state`` in place (copying it for every event would cost more than the decision) and
returns what follows: facts, which others write down, and commands, which others carry out. The same state
and the same events always give the same decisions.
"""

from collections.abc import Callable
from typing import Any

from acd import calls, offers, reconcile, seats
from acd.model import Decision, State
from acd.routing import choose
from acd.timers import Deadline
from core.commands import WakeAt
from core.events import (
    AgentLegEnded,
    AgentLogin,
    AgentLogout,
    AgentProfileChanged,
    AgentStateAsked,
    CallAnswered,
    CallArrived,
    CallFellBack,
    CallHungUp,
    CallWaiting,
    Event,
    OfferFailed,
    PhoneReachability,
    PhoneRinging,
    PlanChanged,
    PriorityAsked,
    Reconciled,
    TelephonyLost,
    Tick,
)
from core.vocabulary import Seconds


def decide(state: State, event: Event, now: Seconds) -> Decision:
    """Apply one event and match waiting callers to idle agents.

    Args:
        state: the engine's memory, changed in place.
        event: what happened; its own ``at`` is what rows will say.
        now: the present moment on Asterisk's clock, for offers and deadlines.

    Returns:
        Facts and commands in the order in which they are to be handled.
    """
    out = Decision()
    HANDLERS[type(event)](state, event, out)
    if state.online:
        _assign(state, out, now)
    _wake(state, out)
    return out


def _assign(state: State, out: Decision, now: Seconds) -> None:
    """Offer as long as there is a caller with an idle agent."""
    while (pair := choose(state.waiting, state.idle)) is not None:
        call_id, agent_id = pair
        offers.make(state, state.calls[call_id], state.agents[agent_id], out, now)


def _wake(state: State, out: Decision) -> None:
    """Ask for a tick when the earliest deadline has changed."""
    at = state.timers.next_at()
    if at != state.wake_at:
        state.wake_at = at
        out.commands.append(WakeAt(at))


def _on_tick(state: State, event: Tick, out: Decision) -> None:
    for due_at, what, ident in state.timers.due(event.at):
        DUE[what](state, ident, due_at, out, event.at)


def _on_plan(state: State, event: PlanChanged, _out: Decision) -> None:
    state.plan = event.plan


def _on_lost(state: State, _event: TelephonyLost, _out: Decision) -> None:
    state.online = False


def _ignore(_state: State, _event: Event, _out: Decision) -> None:
    """News that decides nothing (the phone rings: the offer's end is what counts)."""


DUE: dict[Deadline, Callable[[State, Any, Seconds, Decision, Seconds], None]] = {
    Deadline.STATE_OVER: seats.on_state_over,
    Deadline.OFFER_OVERDUE: offers.on_overdue,
}
"""What a deadline that has come leads to: (state, ident, moment it was set for, out, now)."""

HANDLERS: dict[type, Callable[[State, Any, Decision], None]] = {
    CallArrived: calls.on_arrived,
    CallWaiting: calls.on_waiting,
    CallFellBack: calls.on_fell_back,
    PhoneRinging: _ignore,
    CallAnswered: calls.on_answered,
    AgentLegEnded: calls.on_agent_leg_ended,
    CallHungUp: calls.on_hung_up,
    PhoneReachability: seats.on_reachability,
    AgentLogin: seats.on_login,
    AgentLogout: seats.on_logout,
    AgentStateAsked: seats.on_state_asked,
    OfferFailed: offers.on_failed,
    Tick: _on_tick,
    AgentProfileChanged: _ignore,
    PriorityAsked: _ignore,
    PlanChanged: _on_plan,
    TelephonyLost: _on_lost,
    Reconciled: reconcile.on_reconciled,
}
