"""What Asterisk tells of the legs of a talk: who answered, who left, who came back. Pure.

``acd.calls`` calls these where a talk begins, changes hands or ends; what agents ask for is ``acd.talks``.
"""

from acd import placing, seats, segments
from acd.model import Agent, Call, Decision, State
from acd.phases import Phase
from acd.talk_model import AGENT_AWAY, Talk, TalkInput, TalkState, Third, next_talk
from agents.rules import AgentInput
from core.commands import MoveLegs
from core.events import AgentLegEnded, CallWaiting, ConsultOver, ThirdAnswered, ThirdLegEnded, ThirdRinging
from core.facts import CallHandedOver, EmergencyOver, EmergencyReached, TalkEnded
from core.plan import Priority
from core.talk import MarkKind, SegmentKind
from core.vocabulary import AgentState, OfferResult, Phone, Seconds

NO_SOUND = 44
"""Q.850 cause of a leg that Asterisk ended because nothing came from the phone (``rtp_timeout``)."""

TRANSFER = "transfer"
"""Reason of a citizen's return to a queue that an agent asked for; all others put him at its head."""

PHONE_DIED = "system:phone_died"
"""Cause of NOT_RESPONDING; it does not end by itself, since the phone may well be registered."""


def step(call: Call, given: TalkInput, at: Seconds) -> bool:
    """Move the talk by its table; ``False`` when the pair is not in it."""
    target = next_talk(call.talk.state, given)
    if target is None:
        return False
    call.talk.before, call.talk.state = call.talk.state, target
    call.changed_at = max(call.changed_at, at)
    return True


# --- the talk as a whole -------------------------------------------------------------------------


def began(call: Call, out: Decision, at: Seconds) -> None:
    """A talk with an agent has begun, the first of this call or a further one."""
    talk = call.talk
    segments.end_all(call, "left", out, at)
    talk.state = talk.before = TalkState.CONNECTED
    talk.third, talk.paused_until = None, None
    segments.bridged(call, at)
    segments.begin(call, SegmentKind.AGENT, call.agent_id, call.phone or "", talk.began, out, at)
    if talk.segments > 1 and call.agent_id is not None:
        out.facts.append(CallHandedOver(call.call_id, call.agent_id, at))
    talk.began = "answered"


def ended(state: State, call: Call, out: Decision, at: Seconds) -> None:
    """It is over for the citizen as well."""
    _drop_third(state, call, OfferResult.WITHDRAWN, out, at)
    segments.end_all(call, "hang_up", out, at)


def close(call: Call, out: Decision, at: Seconds) -> None:
    """The citizen is gone: say what has not been said, and let go of the legs that are left."""
    talk = call.talk
    if call.phase is not Phase.TALKING and call.answered_at is not None and call.talk_ended_at is None:
        call.talk_ended_at = talk.ended_at or at
        out.facts.append(TalkEnded(call.call_id, call.agent_id, call.talk_ended_at))
    if call.phase is not Phase.TALKING:
        segments.end_all(call, "hang_up", out, at)
    third = talk.third.channel if talk.third is not None else ""
    left = tuple(channel for channel in (call.agent_channel, third) if channel)
    if talk.moves and left:
        hang_up(call, out, *left)


def hang_up(call: Call, out: Decision, *channels: str) -> None:
    """Let go of legs that are of no more use; gone ones do no harm."""
    call.talk.moves += 1
    out.commands.append(
        MoveLegs(
            call.call_id, call.talk.moves, call.channel, groups=(), hang_up=tuple(filter(None, channels))
        )
    )


# --- the agent's leg -----------------------------------------------------------------------------


def leg_ended(state: State, call: Call, event: AgentLegEnded, out: Decision) -> bool:
    """A phone's leg is gone; ``True`` when that is all there is to be done about it."""
    third = call.talk.third
    if call.phase is not Phase.TALKING:
        return False
    if third is not None and third.phone == event.phone:
        # While it rings, the consultation's end says how it ended; the journal may tell of an earlier leg.
        if third.answered_at is not None and event.at >= third.answered_at:
            third_left(state, call, OfferResult.ANSWERED, out, event.at)
        return True
    if call.phone != event.phone or event.at < call.talking_since:
        return False
    return _agent_left(state, call, out, event.at, lost=event.cause == NO_SOUND)


def _agent_left(state: State, call: Call, out: Decision, at: Seconds, *, lost: bool) -> bool:
    talk = call.talk
    if talk.state is TalkState.CONFERENCE and talk.third is not None and talk.third.answered_at is not None:
        give(state, call, "phone_lost" if lost else "left", out, at, lost=lost)
        return True
    if lost or talk.state in AGENT_AWAY:
        agent_gone(state, call, out, at, lost=lost)
        return True
    return False


def agent_gone(state: State, call: Call, out: Decision, at: Seconds, *, lost: bool) -> None:
    """The agent's part is over, the citizen's is not: he comes back to the queue, or goes elsewhere."""
    _drop_third(state, call, OfferResult.WITHDRAWN, out, at)
    segments.end_all(call, "phone_lost" if lost else "left", out, at)
    _let_go(state, call, out, at, lost=lost)
    call.agent_id, call.phone, call.agent_channel = None, None, ""
    call.talk.state, call.talk.ended_at, call.talk.paused_until = TalkState.CONNECTED, at, None


def _let_go(state: State, call: Call, out: Decision, at: Seconds, *, lost: bool) -> None:
    """Put the agent who leaves where that leads."""
    agent = state.agents.get(call.agent_id) if call.agent_id is not None else None
    if agent is None or agent.call_id != call.call_id:
        return
    if lost:
        agent.next_state, agent.next_reason = None, ""
        seats.move(state, agent, AgentInput.PHONE_LOST, out, at, cause=PHONE_DIED)
    else:
        seats.end_talk(state, agent, out, at)


def leave(state: State, call: Call, out: Decision, at: Seconds) -> None:
    """The agent is not in the call any more, others are."""
    segments.end_agent(call, call.agent_id, "left", out, at)
    _let_go(state, call, out, at, lost=False)
    call.agent_id, call.phone, call.agent_channel = None, None, ""


def give(state: State, call: Call, how: str, out: Decision, at: Seconds, *, lost: bool = False) -> None:
    """The agent leaves the citizen to the third party, who is in the call and has answered."""
    talk, third = call.talk, call.talk.third
    if third is None:
        return
    segments.end_agent(call, call.agent_id, how, out, at)
    _let_go(state, call, out, at, lost=lost)
    if third.phone is None:
        step(call, TalkInput.GIVE_OUT, at)
        call.agent_id, call.phone, call.agent_channel = None, None, ""
    else:
        step(call, TalkInput.GIVE, at)
        call.agent_id, call.phone, call.agent_channel = third.agent_id, third.phone, third.channel
        call.talking_since = third.answered_at or at
        talk.third = None
        if call.agent_id is not None:
            out.facts.append(CallHandedOver(call.call_id, call.agent_id, at))


def came_back(state: State, call: Call, event: CallWaiting, out: Decision) -> None:
    """The dialplan has taken the citizen out of his talk and back into the hold loop."""
    if call.agent_id is not None:
        agent_gone(state, call, out, event.at, lost=event.reason == "phone_lost")
    _drop_third(state, call, OfferResult.WITHDRAWN, out, event.at)
    segments.end_all(call, "left", out, event.at)
    call.talk.began = "transfer" if event.reason == TRANSFER else "returned"
    call.talk.ended_at = call.talk.ended_at or event.at
    if event.reason != TRANSFER:
        placing.set_priority(state, call, Priority.URGENT, f"system:{event.reason}", out, event.at)


# --- the third party -----------------------------------------------------------------------------


def is_third(call: Call, phone: Phone) -> bool:
    """Whether this phone is the one that is being asked."""
    third = call.talk.third
    return call.phase is Phase.TALKING and third is not None and third.phone == phone


def third_answered(state: State, call: Call, channel: str, out: Decision, at: Seconds) -> None:
    """Whom the agent calls has answered."""
    third = call.talk.third
    if third is None or third.answered_at is not None or not step(call, TalkInput.THIRD_ANSWERED, at):
        return
    third.channel, third.answered_at = channel, at
    agent = _third_agent(state, third)
    if agent is not None:
        seats.move(state, agent, AgentInput.ANSWER, out, at, cause="system:answered")
    if third.emergency:
        out.facts.append(EmergencyReached(call.call_id, third.emergency, at))
    if call.talk.state in (TalkState.CONFERENCE, TalkState.OUTSIDE):
        segments.bridged(call, at)
        join(call, out, at)


def join(call: Call, out: Decision, at: Seconds) -> None:
    """The third party talks to the citizen from now on."""
    third = call.talk.third
    if third is not None:
        name = third.phone or third.number
        segments.begin(call, third.kind, third.agent_id, name, third.began, out, at)


def third_left(state: State, call: Call, result: OfferResult, out: Decision, at: Seconds) -> None:
    """He is gone, or could not be reached."""
    if call.talk.third is None or not step(call, TalkInput.THIRD_LEFT, at):
        return
    _drop_third(state, call, result, out, at)
    if call.talk.state is TalkState.HELD:
        segments.mark(call, MarkKind.HOLD, out, at)


def _drop_third(state: State, call: Call, result: OfferResult, out: Decision, at: Seconds) -> None:
    """Forget whom the agent had called; a colleague is free again."""
    third = call.talk.third
    if third is None:
        return
    call.talk.third = None
    segments.unmark(call, MarkKind.CONSULT, out, at)
    if third.phone is None:
        segments.end_outside(call, "hang_up", out, at)
    else:
        segments.end_agent(call, third.agent_id, "left", out, at)
    if third.emergency:
        out.facts.append(EmergencyOver(call.call_id, third.emergency, at))
    agent = _third_agent(state, third)
    if agent is not None and agent.call_id == call.call_id:
        _free(state, agent, result, out, at)


def drop_third(state: State, call: Call, out: Decision, at: Seconds) -> None:
    """The agent himself wants no more of whom he called."""
    _drop_third(state, call, OfferResult.WITHDRAWN, out, at)


def _free(state: State, agent: Agent, result: OfferResult, out: Decision, at: Seconds) -> None:
    if agent.state is not AgentState.RINGING:
        seats.end_talk(state, agent, out, at)
        return
    faulty = result in (OfferResult.NO_ANSWER, OfferResult.BUSY, OfferResult.UNREACHABLE, OfferResult.FAILED)
    given = AgentInput.NO_ANSWER if faulty else AgentInput.OFFER_WITHDRAWN
    seats.move(state, agent, given, out, at, cause=f"system:{result}")
    seats.after_offer(state, agent, out, at)


def _third_agent(state: State, third: Third) -> Agent | None:
    return state.agents.get(third.agent_id) if third.agent_id is not None else None


# --- events of legs outside ----------------------------------------------------------------------


def on_third_ringing(state: State, event: ThirdRinging, _out: Decision) -> None:
    """Somebody outside is being called; from here on his leg has a name."""
    call = state.calls.get(event.call_id)
    third = call.talk.third if call is not None else None
    if third is not None and third.phone is None and not third.channel:
        third.channel = event.channel


def on_third_answered(state: State, event: ThirdAnswered, out: Decision) -> None:
    """He has answered."""
    call = state.calls.get(event.call_id)
    if call is not None and call.phase is Phase.TALKING and _outside(call.talk, event.channel):
        third_answered(state, call, event.channel, out, event.at)


def on_third_leg_ended(state: State, event: ThirdLegEnded, out: Decision) -> None:
    """His leg is gone. While the agent's leg rang it, ``ConsultOver`` says so."""
    call = state.calls.get(event.call_id)
    if call is None or call.phase is not Phase.TALKING or not _outside(call.talk, event.channel):
        return
    if call.talk.state is TalkState.OUTSIDE:
        _outside_over(state, call, out, event.at)
    elif call.talk.state is not TalkState.ASKING:
        third_left(state, call, OfferResult.ANSWERED, out, event.at)


def _outside_over(state: State, call: Call, out: Decision, at: Seconds) -> None:
    """Nobody is left but the citizen: his call ends, or he comes back to the queue."""
    _drop_third(state, call, OfferResult.ANSWERED, out, at)
    segments.unbridged(call, at)
    call.talk.ended_at = at


def _outside(talk: Talk, channel: str) -> bool:
    third = talk.third
    return third is not None and third.phone is None and third.channel in ("", channel)


def on_consult_over(state: State, event: ConsultOver, out: Decision) -> None:
    """The agent's leg asks nobody any more."""
    call = state.calls.get(event.call_id)
    if call is None or call.phase is not Phase.TALKING or call.phone != event.phone:
        return
    if call.talk.state not in (TalkState.ASKING, TalkState.CONSULTING):
        return
    third_left(state, call, RESULTS.get(event.dial_status, OfferResult.FAILED), out, event.at)


RESULTS: dict[str, OfferResult] = {
    "ANSWER": OfferResult.ANSWERED,
    "NOANSWER": OfferResult.NO_ANSWER,
    "BUSY": OfferResult.BUSY,
    "CHANUNAVAIL": OfferResult.UNREACHABLE,
    "CONGESTION": OfferResult.UNREACHABLE,
    "CANCEL": OfferResult.WITHDRAWN,
}
"""Asterisk's DIALSTATUS of a consultation -> our word."""
