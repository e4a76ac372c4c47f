"""Who may sit down where: two browsers or phones of one person, two people at one phone. Pure.

The seat belongs to the person, not to the browser: every browser of a person shows the same seat, and what is
asked for in one counts for all. The table below says what asking for a phone leads to.
"""

from enum import StrEnum

from core.vocabulary import AgentState


class OwnSeat(StrEnum):
    """Where whoever asks sits at the moment."""

    NONE = "none"
    HERE = "here"
    ELSEWHERE = "elsewhere"
    ELSEWHERE_IN_A_CALL = "elsewhere_in_a_call"


class Holder(StrEnum):
    """Who else sits at the phone that is asked for."""

    NOBODY = "nobody"
    AWAY = "away"
    """Somebody on a break, or whose phone is not answered."""
    AT_WORK = "at_work"


class Wish(StrEnum):
    """How it is asked for."""

    PLAIN = "plain"
    TAKE_OVER = "take_over"
    TAKE_OVER_IN_CHARGE = "take_over_in_charge"
    """By somebody who may send others away from a phone."""


class Seating(StrEnum):
    """What follows. The last three are codes of refusals."""

    SIT = "sit"
    STAY = "stay"
    """He sits there already: nothing happens."""
    MOVE = "move"
    """He leaves the other phone, and sits down here on a break."""
    REPLACE = "replace"
    """The holder is logged out first."""
    MOVE_AND_REPLACE = "move_and_replace"
    ALREADY_SEATED = "already_seated"
    CALL_IN_PROGRESS = "call_in_progress"
    PHONE_TAKEN = "phone_taken"


REFUSALS: dict[Seating, str] = {
    Seating.ALREADY_SEATED: "you are at another phone; take_over moves you here",
    Seating.CALL_IN_PROGRESS: "end the call at the other phone first",
    Seating.PHONE_TAKEN: "another agent is at this phone",
}

AWAY = frozenset({AgentState.BREAK, AgentState.NOT_RESPONDING})
"""Not the stress room: nobody is sent out of it by the way."""

O, H, W, T = OwnSeat, Holder, Wish, Seating  # noqa: E741 - the table is read as a picture

TABLE: dict[tuple[OwnSeat, Holder], dict[Wish, Seating]] = {
    (O.NONE, H.NOBODY): dict.fromkeys(W, T.SIT),
    (O.NONE, H.AWAY): {
        W.PLAIN: T.PHONE_TAKEN,
        W.TAKE_OVER: T.PHONE_TAKEN,
        W.TAKE_OVER_IN_CHARGE: T.REPLACE,
    },
    (O.NONE, H.AT_WORK): dict.fromkeys(W, T.PHONE_TAKEN),
    (O.HERE, H.NOBODY): dict.fromkeys(W, T.STAY),
    (O.ELSEWHERE, H.NOBODY): {
        W.PLAIN: T.ALREADY_SEATED,
        W.TAKE_OVER: T.MOVE,
        W.TAKE_OVER_IN_CHARGE: T.MOVE,
    },
    (O.ELSEWHERE, H.AWAY): {
        W.PLAIN: T.ALREADY_SEATED,
        W.TAKE_OVER: T.PHONE_TAKEN,
        W.TAKE_OVER_IN_CHARGE: T.MOVE_AND_REPLACE,
    },
    (O.ELSEWHERE, H.AT_WORK): {
        W.PLAIN: T.ALREADY_SEATED,
        W.TAKE_OVER: T.PHONE_TAKEN,
        W.TAKE_OVER_IN_CHARGE: T.PHONE_TAKEN,
    },
    (O.ELSEWHERE_IN_A_CALL, H.NOBODY): {
        W.PLAIN: T.ALREADY_SEATED,
        W.TAKE_OVER: T.CALL_IN_PROGRESS,
        W.TAKE_OVER_IN_CHARGE: T.CALL_IN_PROGRESS,
    },
    (O.ELSEWHERE_IN_A_CALL, H.AWAY): {
        W.PLAIN: T.ALREADY_SEATED,
        W.TAKE_OVER: T.CALL_IN_PROGRESS,
        W.TAKE_OVER_IN_CHARGE: T.CALL_IN_PROGRESS,
    },
    (O.ELSEWHERE_IN_A_CALL, H.AT_WORK): {
        W.PLAIN: T.ALREADY_SEATED,
        W.TAKE_OVER: T.CALL_IN_PROGRESS,
        W.TAKE_OVER_IN_CHARGE: T.CALL_IN_PROGRESS,
    },
}
"""Who sits here himself shares the phone with nobody: (HERE, AWAY) and (HERE, AT_WORK) cannot be."""


def seating(own: OwnSeat, holder: Holder, wish: Wish) -> Seating:
    """What asking for a phone leads to."""
    return TABLE[own, holder][wish]


def wish_of(*, take_over: bool, in_charge: bool) -> Wish:
    """How it is asked for."""
    if not take_over:
        return Wish.PLAIN
    return Wish.TAKE_OVER_IN_CHARGE if in_charge else Wish.TAKE_OVER
