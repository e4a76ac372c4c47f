"""The agent's state machine as one literal table. Pure; used by the routing engine.

Inputs are what happens to an agent. A pair that is not in the table is not allowed: for a person's request
that is a refusal (409), for a telephony event it is a sign that memory and Asterisk disagree.
"""

from enum import StrEnum

from core.vocabulary import AgentState as S


class AgentInput(StrEnum):
    """What can move an agent from one state to another."""

    LOGIN = "login"
    LOGOUT = "logout"
    ASK_READY = "ask_ready"
    ASK_BREAK = "ask_break"
    ASK_STRESS_ROOM = "ask_stress_room"
    ASK_WRAP_UP = "ask_wrap_up"
    OFFER = "offer"
    OFFER_WITHDRAWN = "offer_withdrawn"
    """The caller left, or the offer could not be carried out: no fault of the agent's."""
    NO_ANSWER = "no_answer"
    """The phone rang out, was busy or could not be reached."""
    ANSWER = "answer"
    CALL_OUT = "call_out"
    """The agent calls somebody: of his own accord, or by picking up for a call-back in queue."""
    TALK_ENDED = "talk_ended"
    WRAP_UP_OVER = "wrap_up_over"
    PHONE_LOST = "phone_lost"
    PHONE_BACK = "phone_back"


I = AgentInput  # noqa: E741 - the table is read as a picture

TRANSITIONS: dict[tuple[S, AgentInput], S] = {
    (S.OFFLINE, I.LOGIN): S.BREAK,
    # A person asks; in RINGING, TALKING and OUTBOUND that is noted as the next state (NEXT_STATE_ALLOWED).
    (S.BREAK, I.ASK_READY): S.READY,
    (S.BREAK, I.ASK_BREAK): S.BREAK,
    (S.BREAK, I.ASK_STRESS_ROOM): S.STRESS_ROOM,
    (S.BREAK, I.ASK_WRAP_UP): S.WRAP_UP,
    (S.READY, I.ASK_READY): S.READY,
    (S.READY, I.ASK_BREAK): S.BREAK,
    (S.READY, I.ASK_STRESS_ROOM): S.STRESS_ROOM,
    (S.READY, I.ASK_WRAP_UP): S.WRAP_UP,
    (S.WRAP_UP, I.ASK_READY): S.READY,
    (S.WRAP_UP, I.ASK_BREAK): S.BREAK,
    (S.WRAP_UP, I.ASK_STRESS_ROOM): S.STRESS_ROOM,
    (S.WRAP_UP, I.ASK_WRAP_UP): S.WRAP_UP,
    (S.STRESS_ROOM, I.ASK_READY): S.READY,
    (S.STRESS_ROOM, I.ASK_BREAK): S.BREAK,
    (S.NOT_RESPONDING, I.ASK_READY): S.READY,
    (S.NOT_RESPONDING, I.ASK_BREAK): S.BREAK,
    (S.NOT_RESPONDING, I.ASK_STRESS_ROOM): S.STRESS_ROOM,
    # A call.
    (S.READY, I.OFFER): S.RINGING,
    (S.RINGING, I.OFFER_WITHDRAWN): S.READY,
    (S.RINGING, I.NO_ANSWER): S.NOT_RESPONDING,
    (S.RINGING, I.ANSWER): S.TALKING,
    (S.TALKING, I.TALK_ENDED): S.WRAP_UP,
    (S.WRAP_UP, I.WRAP_UP_OVER): S.READY,
    # A call that the centre places; it is OUTBOUND from the first ring of a phone to the end of the talk.
    (S.READY, I.CALL_OUT): S.OUTBOUND,
    (S.WRAP_UP, I.CALL_OUT): S.OUTBOUND,
    (S.BREAK, I.CALL_OUT): S.OUTBOUND,
    (S.RINGING, I.CALL_OUT): S.OUTBOUND,
    (S.OUTBOUND, I.TALK_ENDED): S.WRAP_UP,
    (S.OUTBOUND, I.NO_ANSWER): S.NOT_RESPONDING,
    # Asterisk's word counts: such a call was seen that we did not know of.
    (S.STRESS_ROOM, I.CALL_OUT): S.OUTBOUND,
    (S.NOT_RESPONDING, I.CALL_OUT): S.OUTBOUND,
    # The native queue connected an agent while the service was away: Asterisk's word counts.
    (S.READY, I.ANSWER): S.TALKING,
    (S.WRAP_UP, I.ANSWER): S.TALKING,
    (S.BREAK, I.ANSWER): S.TALKING,
    (S.STRESS_ROOM, I.ANSWER): S.TALKING,
    (S.NOT_RESPONDING, I.ANSWER): S.TALKING,
    # A talk of the other direction than we took it for.
    (S.OUTBOUND, I.ANSWER): S.TALKING,
    (S.TALKING, I.CALL_OUT): S.OUTBOUND,
    # The phone.
    (S.READY, I.PHONE_LOST): S.NOT_RESPONDING,
    (S.RINGING, I.PHONE_LOST): S.NOT_RESPONDING,
    # It died in the talk.
    (S.TALKING, I.PHONE_LOST): S.NOT_RESPONDING,
    (S.OUTBOUND, I.PHONE_LOST): S.NOT_RESPONDING,
    (S.NOT_RESPONDING, I.PHONE_BACK): S.READY,
    # Leaving; with a call in progress it is refused.
    (S.BREAK, I.LOGOUT): S.OFFLINE,
    (S.READY, I.LOGOUT): S.OFFLINE,
    (S.WRAP_UP, I.LOGOUT): S.OFFLINE,
    (S.STRESS_ROOM, I.LOGOUT): S.OFFLINE,
    (S.NOT_RESPONDING, I.LOGOUT): S.OFFLINE,
}

ASKS: dict[S, AgentInput] = {
    S.READY: I.ASK_READY,
    S.BREAK: I.ASK_BREAK,
    S.STRESS_ROOM: I.ASK_STRESS_ROOM,
    S.WRAP_UP: I.ASK_WRAP_UP,
}
"""The states that a person may ask for, and the input that asking is."""

IN_A_CALL = frozenset({S.RINGING, S.TALKING, S.OUTBOUND})
"""Asking for a state here notes it as the next state."""

NEXT_STATE_ALLOWED = frozenset({S.READY, S.BREAK, S.STRESS_ROOM})
"""What may be noted as the next state."""


def next_state(state: S, given: AgentInput) -> S | None:
    """The state that ``given`` leads to, ``None`` when the pair is not in the table."""
    return TRANSITIONS.get((state, given))
