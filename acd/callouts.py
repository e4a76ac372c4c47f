"""Calls that the centre places: asked for, picked up, connected or not, given up. Pure.

The agent's phone is called first; when it answers, the dialplan calls the citizen (``[acd-out]``). From the
citizen's answer on his channel owns the call, and the rest is ``acd.calls``, as for any talk. Until then the
call has no channel, and what ends it is the end of the agent's leg.
"""

from acd import callback_book, calls, offers, placed, seats
from acd.callout_model import Callout
from acd.model import Agent, Call, Decision, State, step
from acd.phases import CallInput, Phase
from acd.timers import Deadline
from agents.rules import AgentInput
from core.callbacks import TRYING, CallBackInput
from core.commands import HangUpLeg
from core.events import (
    CallAnswered,
    CalloutAsked,
    CalloutConnected,
    CalloutDropped,
    CalloutUnreached,
    CitizenAnswered,
    LiveCall,
    OfferFailed,
    PhoneNotReached,
    PhonePickedUp,
    PhoneRinging,
)
from core.facts import NoticePlayed, Refused
from core.vocabulary import AgentState, Direction, OfferId, OfferResult, Outcome, Seconds

MAY_CALL = frozenset({AgentState.READY, AgentState.WRAP_UP, AgentState.BREAK})

RINGS_FIRST = frozenset({Phase.OFFERING, Phase.UNCERTAIN, Phase.WAITING})

Q850_CAUSES: dict[int, str] = {
    1: "invalid_number",
    3: "invalid_number",
    17: "busy",
    18: "no_answer",
    19: "no_answer",
    20: "unreachable",
    21: "rejected",
    22: "invalid_number",
    27: "unreachable",
    28: "invalid_number",
    31: "no_answer",
    34: "network",
    38: "network",
    41: "network",
    42: "network",
    44: "network",
    47: "network",
    58: "network",
}
"""Why a citizen was not reached, by the Q.850 cause of his leg."""

DIAL_CAUSES: dict[str, str] = {
    "NOANSWER": "no_answer",
    "BUSY": "busy",
    "CHANUNAVAIL": "unreachable",
    "CONGESTION": "network",
    "CANCEL": placed.AGENT_HANGUP,
}
"""The same by Asterisk's DIALSTATUS, where no cause says more; anything else is ``network``."""

PHONE_RESULTS: dict[int, OfferResult] = {3: OfferResult.NO_ANSWER, 5: OfferResult.BUSY}
"""Asterisk's reason why an agent's phone was not reached; anything else is ``failed``."""


# --- asked for -----------------------------------------------------------------------------------


def on_asked(state: State, event: CalloutAsked, out: Decision) -> None:
    """An agent wants to call somebody."""
    agent = state.agents.get(event.agent_id)
    refused = _refused(state, agent, event)
    if refused is not None or agent is None:
        out.facts.append(refused or Refused("not_seated", "take a seat at a phone first"))
        return
    _out_of_the_line(state, event, out)
    call = _new(state, event)
    state.out.callouts[call.call_id] = Callout(
        manual=True, ticket_id=event.ticket_id, origin=event.origin, callback_id=event.callback_id
    )
    _ring(state, call, agent, out, event.at)


def _refused(state: State, agent: Agent | None, event: CalloutAsked) -> Refused | None:
    """Why an agent may not call now."""
    if not state.out.rules.possible:
        return Refused("no_outside_line", "this hotline has no way to the outside (HOTLINE_OUTSIDE_URI)")
    if not state.out.rules.may_call(event.number):
        return Refused("number_not_allowed", "this number may not be called", "number")
    if agent is None:
        return Refused("not_seated", "take a seat at a phone first")
    if agent.state not in MAY_CALL:
        return Refused("transition_not_allowed", f"a call cannot be placed in {agent.state}")
    if not agent.reachable:
        return Refused("phone_not_registered", "the phone is not registered")
    if not state.online:
        return Refused("switch_away", "there is no connection to the switch")
    if event.callback_id is not None and event.callback_id not in state.out.callbacks:
        return Refused("callback_over", "this call-back has been made, or is over", "callback_id")
    request = state.out.of_number(event.number)
    if request is not None and request.state in TRYING:
        return Refused("already_called", "somebody is calling this number just now", "number")
    return None


def _out_of_the_line(state: State, event: CalloutAsked, out: Decision) -> None:
    """The agent calls out of turn: nobody else is to be given this request as well."""
    request = state.out.callbacks.get(event.callback_id) if event.callback_id is not None else None
    if request is None:
        return
    left = callback_book.take_out(state, request, placed.TAKEN_OVER, out, dropped=False)
    if left is not None:
        state.out.callouts[left.call_id].callback_id = None
        calls.finish(state, left, out, event.at, cause=placed.TAKEN_OVER)


def _new(state: State, event: CalloutAsked) -> Call:
    call = Call(
        call_id=event.call_id,
        channel="",
        uniqueid="",
        caller=event.number,
        dialled=event.dialled or state.out.rules.number,
        queue=state.known_queue(event.queue),
        arrived_at=event.at,
        place_at=event.at,
        queued_at=event.at,
        changed_at=event.at,
        phase=Phase.WAITING,
        direction=Direction.OUTBOUND,
    )
    state.calls[call.call_id] = call
    return call


def _ring(state: State, call: Call, agent: Agent, out: Decision, at: Seconds) -> None:
    """Call the agent's own phone; it is no offer, he has asked for it himself."""
    offer_id = OfferId(state.next_offer_id)
    state.next_offer_id += 1
    if agent.state is AgentState.BREAK and agent.next_state is None:
        agent.next_state, agent.next_reason = AgentState.BREAK, agent.reason
    step(call, CallInput.OFFER, at)
    offers.hold_agent(state, call, agent, offer_id)
    call.offer_told = True
    placed.begins(state, call, agent, offer_id, out, at)
    seats.move(state, agent, AgentInput.CALL_OUT, out, at, cause="agent:callout")
    overdue = at + state.rules(call.queue).ring_seconds + offers.OFFER_GRACE_SECONDS
    state.timers.add(overdue, Deadline.OFFER_OVERDUE, offer_id)


def on_dropped(state: State, event: CalloutDropped, out: Decision) -> None:
    """An agent gives up the call that he is placing, or ends its talk."""
    agent = state.agents.get(event.agent_id)
    call = state.calls.get(agent.call_id) if agent is not None and agent.call_id is not None else None
    if agent is None or call is None or call.direction is Direction.INBOUND or call.phase is Phase.AFTER:
        out.facts.append(Refused("no_callout", "you are placing no call"))
    elif call.phase is Phase.TALKING:
        out.commands.append(HangUpLeg(call.call_id, call.agent_channel))
    else:
        callback_book.drop(state, call, placed.DROPPED, out)


# --- the agent's phone ---------------------------------------------------------------------------


def on_ringing(state: State, event: PhoneRinging, out: Decision) -> None:
    """The agent's phone rings: its channel has a name now."""
    call = state.calls.get(event.call_id)
    if call is None or not placed.rings_first(call) or call.phase is not Phase.OFFERING:
        return
    if call.phone == event.phone:
        call.agent_channel = event.agent_channel
        callout = state.out.callouts.get(call.call_id)
        if callout is not None and callout.dropped:
            out.commands.append(HangUpLeg(call.call_id, event.agent_channel))


def on_not_reached(state: State, event: PhoneNotReached, out: Decision) -> None:
    """The agent did not pick up: back into the line, or the end of a call that he had asked for."""
    call = state.calls.get(event.call_id)
    if call is None or not placed.rings_first(call) or call.phase not in (Phase.OFFERING, Phase.UNCERTAIN):
        return
    callout = state.out.callouts[call.call_id]
    if callout.manual or callout.dropped:
        calls.finish(state, call, out, event.at, cause=placed.AGENT_NO_ANSWER)
        return
    if call.phase is Phase.OFFERING:
        result = PHONE_RESULTS.get(event.reason, OfferResult.FAILED)
        offers.over(state, call, result, out, event.at)
    step(call, CallInput.QUEUE, event.at)
    call.agent_channel = ""
    callback_book.moved(state, call, CallBackInput.AGENT_MISSED, out, event.at)
    calls.enqueue(state, call, out, event.at)


def on_offer_failed(state: State, event: OfferFailed, out: Decision) -> None:
    """The Originate was refused or not answered. Should the phone ring after all, it is hung up."""
    call = state.calls.get(event.call_id)
    if call is None or not placed.rings_first(call):
        offers.on_failed(state, event, out)
    elif call.offer_id == event.offer_id and call.phase is Phase.OFFERING:
        calls.finish(state, call, out, event.at, cause=placed.NOT_PLACED)


def on_picked_up(state: State, event: PhonePickedUp, out: Decision) -> None:
    """The agent has picked up, the dialplan calls the citizen."""
    call = state.calls.get(event.call_id)
    if call is None:
        if event.call_id in state.finished:
            out.commands.append(HangUpLeg(event.call_id, event.agent_channel))
            return
        call = _adopt(state, event, out)
    call.agent_channel = event.agent_channel
    was_offering = call.phase is Phase.OFFERING
    if not step(call, CallInput.PICK_UP, event.at):
        return
    state.waiting.discard(call.call_id)
    if was_offering:
        offers.tell_ended(state, call, OfferResult.ANSWERED, out, event.at)
    _hold(state, call, event, out)
    callback_book.moved(state, call, CallBackInput.PICKED_UP, out, event.at)
    if state.out.callouts[call.call_id].dropped:
        out.commands.append(HangUpLeg(call.call_id, event.agent_channel))


def _hold(state: State, call: Call, event: PhonePickedUp, out: Decision) -> None:
    """Whoever is at the phone that was picked up is in this call."""
    agent = state.agent_at(event.phone)
    call.phone = event.phone
    if agent is None:
        return
    call.agent_id = agent.agent_id
    agent.call_id, agent.offer_id = call.call_id, call.offer_id
    seats.move(state, agent, AgentInput.CALL_OUT, out, event.at, cause="system:picked_up")


def _adopt(state: State, event: PhonePickedUp, out: Decision) -> Call:
    """A call that an earlier run of the service began, without having written it down."""
    call = Call(
        call_id=event.call_id,
        channel="",
        uniqueid="",
        caller=event.caller,
        dialled=event.dialled,
        queue=state.known_queue(event.queue),
        arrived_at=event.entered_at,
        place_at=event.entered_at,
        queued_at=event.entered_at,
        changed_at=event.entered_at,
        phase=Phase.UNCERTAIN,
        direction=Direction.OUTBOUND,
        offer_id=event.offer_id,
        offer_told=True,
        phone=event.phone,
    )
    state.calls[call.call_id] = call
    state.out.callouts[call.call_id] = Callout(manual=True, placed=True)
    agent = state.agent_at(event.phone)
    call.agent_id = agent.agent_id if agent is not None else None
    placed.note_placed(state, call, out)
    return call


# --- the citizen ---------------------------------------------------------------------------------


def on_citizen(state: State, event: CitizenAnswered, out: Decision) -> None:
    """The citizen has answered: his channel owns the call from here on."""
    call = state.calls.get(event.call_id)
    if call is None or call.direction is Direction.INBOUND or call.phase is not Phase.DIALLING:
        return
    call.channel, call.uniqueid = event.channel, event.uniqueid
    call.changed_at = max(call.changed_at, event.at)
    if state.out.callouts[call.call_id].dropped:
        out.commands.append(HangUpLeg(call.call_id, event.channel))


def on_connected(state: State, event: CalloutConnected, out: Decision) -> None:
    """Citizen and agent are connected."""
    call = state.calls.get(event.call_id)
    if call is None or call.direction is Direction.INBOUND:
        return
    call.channel, call.uniqueid = event.channel, event.uniqueid
    if event.notice_at is not None and call.notice_at is None:
        call.notice_at = event.notice_at
        out.facts.append(NoticePlayed(call.call_id, event.notice_at))
    answered = CallAnswered(event.call_id, event.phone, event.agent_channel, event.at)
    calls.on_answered(state, answered, out)


def on_unreached(state: State, event: CalloutUnreached, _out: Decision) -> None:
    """The citizen was not reached. The call ends with the agent's leg: only then is his phone free."""
    call = state.calls.get(event.call_id)
    if call is None or not placed.rings_first(call) or call.leaving is not None:
        return
    call.leaving = (Outcome.FAILED, cause_of(event))


def cause_of(event: CalloutUnreached) -> str:
    """Why a citizen was not reached, coded."""
    by_status = DIAL_CAUSES.get(event.dial_status, "network")
    if event.dial_status in ("CANCEL", "NOANSWER") and event.cause not in Q850_CAUSES:
        return by_status
    return Q850_CAUSES.get(event.cause, by_status)


# --- a picture of Asterisk -----------------------------------------------------------------------


def seen(state: State, call: Call, live: LiveCall, out: Decision, at: Seconds) -> None:
    """A picture shows a call that is being placed: memory follows."""
    agent = state.agent_at(live.agent_phone) if live.agent_phone is not None else None
    call.agent_channel = live.agent_channel or call.agent_channel
    if live.agent_phone is None:
        return
    if live.stage == Phase.DIALLING:
        on_picked_up(state, _picked_up(live, at), out)
    elif agent is not None and call.phase is Phase.UNCERTAIN and live.offer_id is not None:
        _rings_again(state, call, agent, live.offer_id, out, at)


def _rings_again(
    state: State, call: Call, agent: Agent, offer_id: OfferId, out: Decision, at: Seconds
) -> None:
    """The agent's phone still rings for a call that is known from the record only."""
    step(call, CallInput.OFFER, at)
    callout = state.out.callouts[call.call_id]
    call.offer_told = callout.manual
    offers.hold_agent(state, call, agent, offer_id)
    given = AgentInput.CALL_OUT if callout.manual else AgentInput.OFFER
    seats.move(state, agent, given, out, at, cause="system:offer")


def adopted(state: State, live: LiveCall, out: Decision) -> Call:
    """A call of an earlier run that only a picture tells of."""
    return _adopt(state, _picked_up(live, live.entered_at), out)


def _picked_up(live: LiveCall, at: Seconds) -> PhonePickedUp:
    return PhonePickedUp(
        call_id=live.call_id,
        phone=live.agent_phone or placed.NO_PHONE,
        agent_channel=live.agent_channel,
        caller=live.caller,
        dialled=live.dialled,
        queue=live.queue,
        entered_at=live.entered_at,
        offer_id=live.offer_id,
        at=at,
    )
