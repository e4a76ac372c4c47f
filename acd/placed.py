"""What is different about a call that the centre places where the engine handles calls of either kind. Pure.

``acd.offers`` and ``acd.calls`` call this; what only concerns such calls is in ``acd.callouts``.
"""

from acd import callback_book, seats
from acd.model import Agent, Call, Decision, State
from acd.phases import Phase
from agents.rules import AgentInput
from core.callbacks import CallBackInput
from core.commands import HangUpLeg, StartCallout
from core.facts import CalloutPlaced
from core.vocabulary import AgentState, Direction, OfferId, Outcome, Phone, Seconds

AGENT_HANGUP = "agent_hangup"
AGENT_NO_ANSWER = "agent_no_answer"
CITIZEN_HANGUP = "citizen_hangup"
DROPPED = "dropped"
"""The agent gave it up."""
TAKEN_OVER = "taken_over"
"""Another agent called out of turn."""
NOT_PLACED = "not_placed"
"""Asterisk refused it, or did not answer: nothing rang."""

NO_PHONE = Phone("")

AT_A_CALLOUT = frozenset({AgentState.RINGING, AgentState.OUTBOUND})

CAUSES: dict[str, str] = {
    "interrupted": callback_book.INTERRUPTED,
    "caller_hangup": CITIZEN_HANGUP,
    "q850": "network",
}
"""How a call that a citizen places ends without a talk -> what it is for one that the centre places."""


def begins(state: State, call: Call, agent: Agent, offer_id: OfferId, out: Decision, now: Seconds) -> None:
    """An agent's phone is called for it: the row, once, and the command."""
    callout = state.out.callouts[call.call_id]
    if not callout.placed:
        callout.placed = True
        call.arrived_at = call.changed_at = now
        call.agent_id, call.phone = agent.agent_id, agent.phone
        note_placed(state, call, out)
    callback_book.rings(state, call, out, now)
    rules = state.rules(call.queue)
    out.commands.append(
        StartCallout(
            call_id=call.call_id,
            agent_id=agent.agent_id,
            phone=agent.phone,
            offer_id=offer_id,
            number=call.caller,
            dialled=call.dialled,
            queue=call.queue,
            entered_at=call.arrived_at,
            phone_seconds=rules.ring_seconds,
            citizen_seconds=state.out.rules.ring_seconds,
        )
    )


def note_placed(state: State, call: Call, out: Decision) -> None:
    """State that the call exists; its row comes before everything that refers to it."""
    callout = state.out.callouts[call.call_id]
    out.facts.append(
        CalloutPlaced(
            call_id=call.call_id,
            caller=call.caller,
            dialled=call.dialled,
            queue=call.queue,
            agent_id=call.agent_id,
            phone=call.phone or NO_PHONE,
            ticket_id=callout.ticket_id,
            origin=callout.origin,
            callback_id=callout.callback_id,
            queued_at=call.queued_at or call.arrived_at,
            at=call.arrived_at,
        )
    )


def joins_talk(call: Call) -> AgentInput:
    """What the beginning of a talk is for its agent."""
    return AgentInput.CALL_OUT if call.direction is Direction.OUTBOUND else AgentInput.ANSWER


def talks(state: State, call: Call, out: Decision, at: Seconds) -> None:
    """A talk has begun; of a call-back in queue it is what was asked for."""
    callback_book.moved(state, call, CallBackInput.CONNECTED, out, at)


def over(state: State, call: Call, cause: str, out: Decision, at: Seconds) -> tuple[Outcome, str] | None:
    """A call that the centre placed has ended: free its agent and say how it ended.

    Args:
        state: the memory.
        call: any call.
        cause: how it ended, in the words for calls of citizens.
        out: where facts and commands go.
        at: when.

    Returns:
        Outcome and cause; ``None`` for a call of a citizen's own.
    """
    if call.direction is Direction.INBOUND:
        return None
    outcome = Outcome.ANSWERED if call.answered_at is not None else Outcome.FAILED
    if outcome is Outcome.FAILED:
        cause = call.leaving[1] if call.leaving is not None else CAUSES.get(cause.partition(":")[0], cause)
        free_agent(state, call, out, at, cause)
    callback_book.tried(state, call, outcome, cause, out, at)
    state.out.callouts.pop(call.call_id, None)
    return outcome, cause


def free_agent(state: State, call: Call, out: Decision, at: Seconds, cause: str) -> None:
    """No talk came of it. Who had asked for the call has time for a note, who took it in turn has not."""
    agent = state.agents.get(call.agent_id) if call.agent_id is not None else None
    if agent is None or agent.call_id != call.call_id or agent.state is not AgentState.OUTBOUND:
        return
    if call.offer_id is not None:
        state.offers.pop(call.offer_id, None)
    agent.offer_id = None
    callout = state.out.callouts.get(call.call_id)
    if cause == AGENT_NO_ANSWER:
        seats.move(state, agent, AgentInput.NO_ANSWER, out, at, cause=f"system:{cause}")
        return
    grant = state.rules(call.queue).wrap_up_seconds if callout is not None and callout.manual else 0.0
    seats.wrap_up(state, agent, grant, out, at, cause=f"system:{cause}")


def rings_first(call: Call) -> bool:
    """Whether an offer of this call means calling the phone, because there is no channel to redirect."""
    return call.direction is Direction.OUTBOUND and not call.channel


PLACING = frozenset({Phase.OFFERING, Phase.DIALLING, Phase.UNCERTAIN})


def citizen_left(call: Call, out: Decision) -> bool:
    """The citizen's leg is gone. Whether that is not yet the end of the call.

    While he was only being called the dialplan tells more. Once he has answered, the agent's leg is hung up,
    and the call ends with that.
    """
    if call.direction is Direction.INBOUND or call.phase not in PLACING:
        return False
    if call.channel:
        call.leaving = call.leaving or (Outcome.FAILED, CITIZEN_HANGUP)
        if call.agent_channel:
            out.commands.append(HangUpLeg(call.call_id, call.agent_channel))
    return True


def agent_left(state: State, call: Call, phone: Phone, out: Decision) -> bool | None:
    """The agent's leg is gone.

    Returns:
        ``None``: not a call that is being placed, or not its leg. Else whether this is the end of the call;
        while the phone only rang, what came of it is told separately.
    """
    if call.direction is Direction.INBOUND or call.phase not in PLACING or call.phone not in (None, phone):
        return None
    if call.channel:
        out.commands.append(HangUpLeg(call.call_id, call.channel))
    callout = state.out.callouts.get(call.call_id)
    return call.phase is not Phase.OFFERING or (callout is not None and callout.dropped)
