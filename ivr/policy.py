"""What a caller hears who is sent to the voice service first (``acd.callers``), as a literal table. Pure.

It says what else there is (writing, leaving a message with 1) and that the call is kept: who does nothing
waits on and reaches a person.
"""

from enum import StrEnum
from typing import Final

from core.vocabulary import Seconds
from ivr.flow import ALL_KEYS, Finish, Flow, Input, Listen, NoteChoice, Say

I = Input  # noqa: E741 - the table is read as a picture

THINK_SECONDS: Final[Seconds] = 4.0
LEAVE_A_MESSAGE: Final = "1"


class PolicyState(StrEnum):
    """Where the message is."""

    TELLING = "telling"
    LISTENING = "listening"
    CHOOSING = "choosing"
    OVER = "over"


P = PolicyState

_LISTEN = (P.LISTENING, Listen(THINK_SECONDS))
_CHOOSE = (P.CHOOSING, NoteChoice("voicemail"))
_OVER = (P.OVER, Finish())

VOICE_SERVICE: Flow[PolicyState] = Flow(
    "voice_service",
    (P.TELLING, Say("policy_voice_service", ALL_KEYS)),
    {
        (P.TELLING, I.DONE): _LISTEN,
        (P.TELLING, I.CHOICE_KEY): _CHOOSE,
        (P.TELLING, I.WRONG_KEY): _LISTEN,
        (P.LISTENING, I.CHOICE_KEY): _CHOOSE,
        (P.LISTENING, I.WRONG_KEY): _OVER,
        (P.LISTENING, I.SILENCE): _OVER,
        (P.CHOOSING, I.DONE): _OVER,
    },
    keys={LEAVE_A_MESSAGE: I.CHOICE_KEY},
)


def policy(_arguments: tuple[str, ...]) -> Flow[PolicyState]:
    """``policy:voice_service``."""
    return VOICE_SERVICE
