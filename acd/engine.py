"""The routing engine: ``decide(state, event, now)`` - no clock, no I/O, no randomness.

``decide`` changes ``state`` in place (copying it for every event would cost more than the decision) and
returns what follows: facts, which others write down, and commands, which others carry out. The same state
and the same events always give the same decisions.
"""

from collections.abc import Callable
from typing import Any

from acd import (
    asks,
    breaks,
    callback_offers,
    callbacks,
    callouts,
    calls,
    disconnects,
    forecast,
    offers,
    placing,
    profiles,
    reconcile,
    relief,
    seats,
    soft_routing,
    talk_legs,
    talks,
    wrap_up,
)
from acd.model import Decision, State
from acd.routing import pairs
from acd.timers import Deadline
from core.commands import WakeAt
from core.events import (
    AgentLegEnded,
    AgentLogin,
    AgentLogout,
    AgentProfileChanged,
    AgentStateAsked,
    BreakReasonsChanged,
    CallAnswered,
    CallArrived,
    CallBackAsked,
    CallBackCancelAsked,
    CallerChose,
    CallerListsChanged,
    CallFellBack,
    CallHungUp,
    CallLeaving,
    CalloutAsked,
    CalloutConnected,
    CalloutDropped,
    CalloutUnreached,
    CallWaiting,
    CitizenAnswered,
    ConsultOver,
    DisconnectAsked,
    DisconnectStopped,
    Event,
    NextStateCancelled,
    OfferFailed,
    PhoneNotReached,
    PhonePickedUp,
    PhoneReachability,
    PhoneRinging,
    PlanChanged,
    PriorityAsked,
    Reconciled,
    SendAwayFailed,
    SurgeChanged,
    TalkAsked,
    TalkFailed,
    TelephonyLost,
    ThirdAnswered,
    ThirdLegEnded,
    ThirdRinging,
    Tick,
    WarningFailed,
    WrapUpExtensionAsked,
    WrapUpFinished,
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
    relief.settle(state, now)
    if state.online:
        _assign(state, out, now)
    _wake(state, out)
    return out


def _assign(state: State, out: Decision, now: Seconds) -> None:
    """Offer as long as there is a caller with an idle agent."""
    if not (state.waiting.fresh or state.idle.fresh):
        return  # most events bring nobody new
    for call_id, agent_id in pairs(state.waiting, state.idle):
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


def _on_plan(state: State, event: PlanChanged, out: Decision) -> None:
    profiles.on_plan_changed(state, event, out)
    relief.replan(state, out, event.at)


def _on_chose(state: State, event: CallerChose, out: Decision) -> None:
    chosen = CHOICES.get(event.choice)
    if chosen is not None:
        chosen(state, event, out)


def _on_lost(state: State, _event: TelephonyLost, _out: Decision) -> None:
    state.online = False


def _ignore(_state: State, _event: Event, _out: Decision) -> None:
    """News that decides nothing (the phone rings: the offer's end is what counts)."""


CHOICES: dict[str, Callable[[State, CallerChose, Decision], None]] = {
    relief.VOICEMAIL: relief.on_voicemail_chosen,
    callback_offers.CALL_BACK: callbacks.on_chosen,
}
"""What a waiting caller may choose with a key (``ivr.holding``)."""

DUE: dict[Deadline, Callable[[State, Any, Seconds, Decision, Seconds], None]] = {
    Deadline.STATE_OVER: seats.on_state_over,
    Deadline.BREAK_LIMIT: breaks.on_limit,
    Deadline.OFFER_OVERDUE: offers.on_overdue,
    Deadline.RECORD_RESUME: talks.on_pause_over,
    Deadline.OVERFLOW: relief.on_due,
    Deadline.CALLBACK_DUE: callbacks.on_due,
    Deadline.CALLBACK_EXPIRES: callbacks.on_expires,
    Deadline.CALLBACK_OFFER: callback_offers.on_look,
    Deadline.ANNOUNCE: forecast.on_due,
    Deadline.QUEUE_EMPTY: relief.on_empty,
    Deadline.NEEDS_RELAX: placing.on_relax,
    Deadline.AGENT_HOLD: placing.on_hold_over,
    Deadline.CERTIFICATE_OVER: profiles.on_certificate_over,
}
"""What a deadline that has come leads to: (state, ident, moment it was set for, out, now)."""

HANDLERS: dict[type, Callable[[State, Any, Decision], None]] = {
    CallArrived: calls.on_arrived,
    CallWaiting: calls.on_waiting,
    CallFellBack: calls.on_fell_back,
    PhoneRinging: callouts.on_ringing,
    PhoneNotReached: callouts.on_not_reached,
    PhonePickedUp: callouts.on_picked_up,
    CitizenAnswered: callouts.on_citizen,
    CalloutConnected: callouts.on_connected,
    CalloutUnreached: callouts.on_unreached,
    CalloutAsked: callouts.on_asked,
    CalloutDropped: callouts.on_dropped,
    CallBackAsked: callbacks.on_asked,
    CallBackCancelAsked: callbacks.on_cancel_asked,
    CallAnswered: calls.on_answered,
    AgentLegEnded: calls.on_agent_leg_ended,
    CallHungUp: calls.on_hung_up,
    CallLeaving: callbacks.on_leaving,
    PhoneReachability: seats.on_reachability,
    AgentLogin: seats.on_login,
    AgentLogout: seats.on_logout,
    AgentStateAsked: asks.on_state_asked,
    NextStateCancelled: asks.on_next_cancelled,
    WrapUpExtensionAsked: wrap_up.on_extension_asked,
    WrapUpFinished: wrap_up.on_finished,
    BreakReasonsChanged: breaks.on_reasons_changed,
    OfferFailed: callouts.on_offer_failed,
    SendAwayFailed: relief.on_send_failed,
    SurgeChanged: forecast.on_surge,
    CallerChose: _on_chose,
    Tick: _on_tick,
    TalkAsked: talks.on_asked,
    TalkFailed: talks.on_failed,
    ThirdRinging: talk_legs.on_third_ringing,
    ThirdAnswered: talk_legs.on_third_answered,
    ThirdLegEnded: talk_legs.on_third_leg_ended,
    ConsultOver: talk_legs.on_consult_over,
    AgentProfileChanged: profiles.on_profile_changed,
    PriorityAsked: placing.on_priority_asked,
    PlanChanged: _on_plan,
    CallerListsChanged: soft_routing.on_lists_changed,
    DisconnectAsked: disconnects.on_asked,
    DisconnectStopped: disconnects.on_stopped,
    WarningFailed: disconnects.on_failed,
    TelephonyLost: _on_lost,
    Reconciled: reconcile.on_reconciled,
}
