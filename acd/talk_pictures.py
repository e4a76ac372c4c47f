"""A talk as a picture of Asterisk shows it: what memory believes otherwise is put right. Pure.

After a restart this is where a hold, a consultation or a conference comes back from: the stage and the legs
say who hears whom, the record's segments and marks (``acd.talk_store``) since when.
"""

from acd import calls, seats, segments, talk_legs
from acd.model import Agent, Call, Decision, State
from acd.talk_model import AGENT_AWAY, TalkState, Third
from acd.timers import Deadline
from agents.rules import AgentInput
from core.events import LiveCall
from core.facts import CallHandedOver, EmergencyOver
from core.talk import MarkKind, SegmentKind
from core.vocabulary import AgentState, Seconds

STAGES = frozenset({"talking", "held", "conference", "outside"})
"""Values of ``HOTLINE_STAGE`` that the contexts of a talk set."""

SETTLE_SECONDS: Seconds = 2.0
"""A younger order may not show yet: between it and the dialplan's next step lies a Redirect."""


def compare(state: State, call: Call, live: LiveCall, at: Seconds, out: Decision) -> None:
    """Take over what the picture shows of a call that is in a talk."""
    _pause(state, call, live, at, out)
    if call.talk.moved_at <= at < call.talk.moved_at + SETTLE_SECONDS:
        return
    _owner(state, call, live, at, out)
    seen = _seen(live)
    if seen is not None:
        _third(state, call, live, seen, at, out)
        _gone(call, at, out)
        _take_over(call, seen, at, out)


def _seen(live: LiveCall) -> TalkState | None:
    """Who hears whom; ``None`` while that is about to change by itself."""
    third = live.third != ""
    if _is_outside(live):
        return TalkState.OUTSIDE if third else None
    match live.stage:
        case "held" if live.agent_phone is not None:
            asked = TalkState.CONSULTING if live.third_up else TalkState.ASKING
            return asked if third else TalkState.HELD
        case "conference" if live.agent_phone is not None:
            return TalkState.CONFERENCE if third else TalkState.CONNECTED
        case _:
            return TalkState.CONNECTED if live.talking else None


def _is_outside(live: LiveCall) -> bool:
    """No agent is with the citizen any more."""
    match live.stage:
        case "outside":
            return True
        case "conference":
            return live.agent_phone is None
        case _:
            return live.stage == "talking" and live.third != "" and not live.talking


def _take_over(call: Call, seen: TalkState, at: Seconds, out: Decision) -> None:
    """The state, and what is marked while the citizen hears music."""
    if call.talk.state is not seen:
        call.talk.state = call.talk.before = seen
    asks = seen in (TalkState.ASKING, TalkState.CONSULTING)
    for kind, on in ((MarkKind.HOLD, seen is TalkState.HELD), (MarkKind.CONSULT, asks)):
        if not on:
            segments.unmark(call, kind, out, at)
    if seen in AGENT_AWAY:
        segments.unbridged(call, at)
        segments.mark(call, MarkKind.CONSULT if asks else MarkKind.HOLD, out, at)
    elif seen is not TalkState.OUTSIDE or call.talk.open:  # outside it may ring still
        segments.bridged(call, at)


# --- whose talk it is ----------------------------------------------------------------------------


def _owner(state: State, call: Call, live: LiveCall, at: Seconds, out: Decision) -> None:
    """The phone that shares the citizen's bridge, or waits while he is on hold."""
    if _is_outside(live) or live.agent_phone is None:
        if live.third and call.phone is not None:
            talk_legs.leave(state, call, out, at)
        return
    if live.agent_phone == call.phone:
        call.agent_channel = live.agent_channel
        return
    if call.phone != live.third_phone:
        talk_legs.leave(state, call, out, at)
    if call.talk.third is not None and call.talk.third.phone == live.agent_phone:
        call.talk.third = None
    _give(state, call, live, at, out)


def _give(state: State, call: Call, live: LiveCall, at: Seconds, out: Decision) -> None:
    agent = state.agent_at(live.agent_phone) if live.agent_phone is not None else None
    call.phone, call.agent_channel = live.agent_phone, live.agent_channel
    call.agent_id, call.talking_since = agent.agent_id if agent is not None else None, at
    if agent is None:
        return
    _is_in(state, call, agent, at, out, talks=True)
    if not any(s.agent_id == agent.agent_id for s in call.talk.open):
        segments.begin(call, SegmentKind.AGENT, agent.agent_id, agent.phone, "transfer", out, at)
    out.facts.append(CallHandedOver(call.call_id, agent.agent_id, at))


def _is_in(state: State, call: Call, agent: Agent, at: Seconds, out: Decision, *, talks: bool) -> None:
    """This agent's phone has a leg in this call."""
    if agent.call_id != call.call_id:
        calls.leave_other_call(state, agent, call, out, at)
        agent.call_id, agent.offer_id = call.call_id, None
    if agent.state not in (AgentState.TALKING, AgentState.OUTBOUND):
        given = AgentInput.ANSWER if talks else AgentInput.OFFER
        seats.move(state, agent, given, out, at, cause="system:reconciled")


# --- who was called in ---------------------------------------------------------------------------


def _third(state: State, call: Call, live: LiveCall, seen: TalkState, at: Seconds, out: Decision) -> None:
    third = call.talk.third
    if third is not None and (third.phone != live.third_phone or not live.third):
        talk_legs.drop_third(state, call, out, at)
        third = None
    if not live.third:
        return
    if third is None:
        third = call.talk.third = _new_third(state, call, live)
    third.channel = live.third
    agent = state.agents.get(third.agent_id) if third.agent_id is not None else None
    if agent is not None:
        _is_in(state, call, agent, at, out, talks=live.third_up)
    if live.third_up:
        third.answered_at = third.answered_at or at
        if seen in (TalkState.CONFERENCE, TalkState.OUTSIDE):
            _join(call, third, at, out)


def _gone(call: Call, at: Seconds, out: Decision) -> None:
    """Who had a part in the talk, by the record, and is not in the call any more."""
    third = call.talk.third
    for segment in list(call.talk.open):
        agent = segment.kind is SegmentKind.AGENT
        colleague = third is not None and third.phone is not None
        if agent and segment.agent_id in (call.agent_id, third.agent_id if third and colleague else None):
            continue
        if not agent and third is not None and not colleague:
            continue
        segments.end(call, segment, "left" if agent else "hang_up", out, at)
        if segment.kind is SegmentKind.EMERGENCY:
            out.facts.append(EmergencyOver(call.call_id, call.talk.emergencies, at))


def _new_third(state: State, call: Call, live: LiveCall) -> Third:
    """Somebody in the call whom this run has not called; an emergency service, if one was called last."""
    if live.third_phone is not None:
        agent = state.agent_at(live.third_phone)
        agent_id = agent.agent_id if agent is not None else None
        return Third(SegmentKind.AGENT, phone=live.third_phone, agent_id=agent_id)
    kinds = {s.kind for s in call.talk.open} - {SegmentKind.AGENT}
    joining = live.stage == "conference" and not kinds and call.talk.emergencies > 0
    if joining or SegmentKind.EMERGENCY in kinds:
        return Third(SegmentKind.EMERGENCY, began="emergency", emergency=call.talk.emergencies)
    return Third(SegmentKind.OUTSIDE)


def _join(call: Call, third: Third, at: Seconds, out: Decision) -> None:
    """He has a segment, if he has none yet."""
    if third.phone is None:
        known = any(s.kind is not SegmentKind.AGENT for s in call.talk.open)
    else:
        known = any(s.agent_id == third.agent_id for s in call.talk.open)
    if not known:
        third.began = "conference" if third.began == "consult" else third.began
        talk_legs.join(call, out, at)


def _pause(state: State, call: Call, live: LiveCall, at: Seconds, out: Decision) -> None:
    """A recording that an earlier run paused goes on in time."""
    if live.paused_until is None or call.talk.paused_until is not None:
        return
    call.talk.paused_until = live.paused_until
    segments.mark(call, MarkKind.RECORD_PAUSE, out, at)
    state.timers.add(live.paused_until, Deadline.RECORD_RESUME, call.call_id)
