"""The phases of a call as one literal table. Pure.

An input that is not in the table for a phase is old news (a duplicate, a late event) and changes nothing.
"""

from enum import StrEnum


class Phase(StrEnum):
    """Where a call is; the values are those of the channel variable ``HOTLINE_STAGE`` where it has one."""

    ANNOUNCEMENT = "announcement"
    WAITING = "waiting"
    OFFERING = "offering"
    UNCERTAIN = "uncertain"
    """An offer could not be carried out, or a picture does not show the call; nothing is done until Asterisk
    says where it is."""
    FALLBACK = "fallback"
    DIALLING = "dialling"
    """Of a call that the centre places: the agent has picked up, the citizen is being called."""
    TALKING = "talking"
    AFTER = "rating"
    ENDED = "ended"


class CallInput(StrEnum):
    """What moves a call from one phase to the next."""

    QUEUE = "queue"
    """The caller entered the hold loop, for the first time or back from an offer."""
    FALL_BACK = "fall_back"
    OFFER = "offer"
    OFFER_LOST = "offer_lost"
    MISSING = "missing"
    """A picture of Asterisk does not show it waiting."""
    PICK_UP = "pick_up"
    """The agent has picked up, and the citizen is being called."""
    ANSWER = "answer"
    TALK_END = "talk_end"
    HANG_UP = "hang_up"


P, I = Phase, CallInput  # noqa: E741 - the table is read as a picture

TRANSITIONS: dict[tuple[Phase, CallInput], Phase] = {
    (P.ANNOUNCEMENT, I.QUEUE): P.WAITING,
    (P.ANNOUNCEMENT, I.FALL_BACK): P.FALLBACK,
    (P.WAITING, I.OFFER): P.OFFERING,
    (P.WAITING, I.FALL_BACK): P.FALLBACK,
    (P.WAITING, I.MISSING): P.UNCERTAIN,
    (P.OFFERING, I.QUEUE): P.WAITING,
    (P.OFFERING, I.FALL_BACK): P.FALLBACK,
    (P.OFFERING, I.OFFER_LOST): P.UNCERTAIN,
    (P.OFFERING, I.ANSWER): P.TALKING,
    (P.UNCERTAIN, I.QUEUE): P.WAITING,
    (P.UNCERTAIN, I.FALL_BACK): P.FALLBACK,
    (P.FALLBACK, I.QUEUE): P.WAITING,
    # Asterisk's word counts: an offer that we gave up, or of an earlier run, does ring.
    (P.UNCERTAIN, I.OFFER): P.OFFERING,
    (P.FALLBACK, I.OFFER): P.OFFERING,
    # Asterisk's word counts: the native queue connected the call, or news overtook each other.
    (P.ANNOUNCEMENT, I.ANSWER): P.TALKING,
    (P.WAITING, I.ANSWER): P.TALKING,
    (P.UNCERTAIN, I.ANSWER): P.TALKING,
    (P.FALLBACK, I.ANSWER): P.TALKING,
    # A call that the centre places: first the agent's phone, then the citizen's.
    (P.OFFERING, I.PICK_UP): P.DIALLING,
    (P.UNCERTAIN, I.PICK_UP): P.DIALLING,
    (P.WAITING, I.PICK_UP): P.DIALLING,
    (P.DIALLING, I.ANSWER): P.TALKING,
    (P.DIALLING, I.HANG_UP): P.ENDED,
    (P.TALKING, I.TALK_END): P.AFTER,
    # The agent gives the citizen to a colleague, or to a queue, where he is not yet.
    (P.TALKING, I.OFFER): P.OFFERING,
    (P.TALKING, I.OFFER_LOST): P.UNCERTAIN,
    # The agent's phone died, or he left while the citizen was on hold.
    (P.TALKING, I.QUEUE): P.WAITING,
    # He came out of a talk that broke as it began, and hears music: he must not be left there.
    (P.AFTER, I.QUEUE): P.WAITING,
    (P.AFTER, I.ANSWER): P.TALKING,
    (P.ANNOUNCEMENT, I.HANG_UP): P.ENDED,
    (P.WAITING, I.HANG_UP): P.ENDED,
    (P.OFFERING, I.HANG_UP): P.ENDED,
    (P.UNCERTAIN, I.HANG_UP): P.ENDED,
    (P.FALLBACK, I.HANG_UP): P.ENDED,
    (P.TALKING, I.HANG_UP): P.ENDED,
    (P.AFTER, I.HANG_UP): P.ENDED,
}


def next_phase(phase: Phase, given: CallInput) -> Phase | None:
    """The phase that ``given`` leads to, ``None`` when it changes nothing."""
    return TRANSITIONS.get((phase, given))
