"""Offers of calls to agents: made, fruitless, lost. Pure.

An offer that is answered becomes a talk, and that is in ``acd.calls``.
"""

from acd import placed, seats
from acd.model import Agent, Call, Decision, State, step
from acd.phases import CallInput, Phase
from acd.timers import Deadline
from agents.rules import AgentInput
from core.commands import OfferCall, RequestReconcile
from core.events import OfferFailed
from core.facts import OfferEnded, OfferStarted
from core.vocabulary import OfferId, OfferResult, Seconds

OFFER_GRACE_SECONDS = 5.0
"""How long after the ring time Asterisk may take to say how an offer ended."""

DIAL_RESULTS: dict[str, OfferResult] = {
    "NOANSWER": OfferResult.NO_ANSWER,
    "BUSY": OfferResult.BUSY,
    "CHANUNAVAIL": OfferResult.UNREACHABLE,
    "CONGESTION": OfferResult.UNREACHABLE,
    "CANCEL": OfferResult.WITHDRAWN,
    "": OfferResult.WITHDRAWN,
}
"""Asterisk's DIALSTATUS -> our word; anything else is ``failed``."""

AGENTS_FAULT = frozenset(
    {OfferResult.NO_ANSWER, OfferResult.BUSY, OfferResult.UNREACHABLE, OfferResult.FAILED},
)
"""After these the phone is not offered again before its agent, or its registration, says so."""


def make(state: State, call: Call, agent: Agent, out: Decision, now: Seconds) -> None:
    """Offer a waiting call to an idle agent."""
    offer_id = OfferId(state.next_offer_id)
    state.next_offer_id += 1
    step(call, CallInput.OFFER, now)
    state.waiting.discard(call.call_id)
    hold_agent(state, call, agent, offer_id)
    call.offer_told = False
    if placed.rings_first(call):
        placed.begins(state, call, agent, offer_id, out, now)
    seats.move(state, agent, AgentInput.OFFER, out, now, cause="system:offer")
    overdue = now + state.rules(call.queue).ring_seconds + OFFER_GRACE_SECONDS
    state.timers.add(overdue, Deadline.OFFER_OVERDUE, offer_id)
    out.facts.append(OfferStarted(call.call_id, offer_id, agent.agent_id, agent.phone, now))
    if not placed.rings_first(call):
        out.commands.append(OfferCall(call.call_id, call.channel, agent.agent_id, agent.phone, offer_id))


def hold_agent(state: State, call: Call, agent: Agent, offer_id: OfferId) -> None:
    """From now on this agent's phone rings for this call."""
    call.offer_id, call.agent_id, call.phone = offer_id, agent.agent_id, agent.phone
    agent.call_id, agent.offer_id = call.call_id, offer_id
    state.offers[offer_id] = call.call_id


def result_of(dial_status: str) -> OfferResult:
    """How an offer ended, by Asterisk's DIALSTATUS."""
    return DIAL_RESULTS.get(dial_status, OfferResult.FAILED)


def tell_ended(state: State, call: Call, result: OfferResult, out: Decision, at: Seconds) -> None:
    """State the result of the call's offer, once."""
    if call.offer_id is None:
        return
    state.offers.pop(call.offer_id, None)
    if not call.offer_told:
        call.offer_told = True
        out.facts.append(OfferEnded(call.call_id, call.offer_id, result, at))


def over(state: State, call: Call, result: OfferResult, out: Decision, at: Seconds) -> None:
    """An offer ended without an answer: say so, and put the agent where that leads."""
    agent = state.agents.get(call.agent_id) if call.agent_id is not None else None
    tell_ended(state, call, result, out, at)
    if agent is not None and agent.offer_id == call.offer_id:
        given, cause = _blame(agent, result)
        seats.move(state, agent, given, out, at, cause=cause)
        seats.after_offer(state, agent, out, at)
    call.agent_id, call.phone = None, None


def _blame(agent: Agent, result: OfferResult) -> tuple[AgentInput, str]:
    """What a fruitless offer is for the agent; a phone that got lost while it rang comes back by itself."""
    if result not in AGENTS_FAULT:
        return AgentInput.OFFER_WITHDRAWN, f"system:{result}"
    if not agent.reachable:
        return AgentInput.PHONE_LOST, "system:phone_lost"
    return AgentInput.NO_ANSWER, f"system:{result}"


def withdraw(state: State, call: Call, out: Decision, at: Seconds) -> None:
    """The offer is void: Asterisk shows the caller elsewhere."""
    over(state, call, OfferResult.WITHDRAWN, out, at)


def on_failed(state: State, event: OfferFailed, out: Decision) -> None:
    """The Redirect was refused: most likely the caller has just gone. Wait for Asterisk's word."""
    call = state.calls.get(event.call_id)
    if call is None or call.offer_id != event.offer_id or call.phase is not Phase.OFFERING:
        return
    lose(state, call, out, event.at, why=f"offer could not be carried out: {event.reason}")


def lose(state: State, call: Call, out: Decision, at: Seconds, *, why: str) -> None:
    """The offer is off, and where the caller is only Asterisk knows."""
    step(call, CallInput.OFFER_LOST, at)
    over(state, call, OfferResult.WITHDRAWN, out, at)
    out.commands.append(RequestReconcile(why))


def on_overdue(state: State, offer_id: int, _due_at: Seconds, out: Decision, _now: Seconds) -> None:
    """Asterisk has not said how an offer ended: look."""
    if OfferId(offer_id) in state.offers:
        out.commands.append(RequestReconcile("an offer is overdue"))
