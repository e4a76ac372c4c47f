"""What a waiting caller hears who may ask to be called back, as a literal table. Pure.

Whoever does nothing, or presses any other key, waits on at the same place. The number is the one that he
calls from; it is not read out, for others may listen.
"""

from enum import StrEnum
from typing import Final

from core.vocabulary import Seconds
from ivr.flow import ALL_KEYS, Finish, Flow, Input, Listen, NoteChoice, Say

I = Input  # noqa: E741 - the table is read as a picture

THINK_SECONDS: Final[Seconds] = 4.0
YES: Final = "1"


class CallBackOfferState(StrEnum):
    """Where the question is."""

    ASKING = "asking"
    LISTENING = "listening"
    CHOOSING = "choosing"
    OVER = "over"


C = CallBackOfferState

_CHOOSE = (C.CHOOSING, NoteChoice("call_back"))
_OVER = (C.OVER, Finish())

CALL_BACK: Flow[CallBackOfferState] = Flow(
    "call_back",
    (C.ASKING, Say("call_back_offer", ALL_KEYS)),
    {
        (C.ASKING, I.DONE): (C.LISTENING, Listen(THINK_SECONDS)),
        (C.ASKING, I.CHOICE_KEY): _CHOOSE,
        (C.ASKING, I.WRONG_KEY): _OVER,
        (C.LISTENING, I.CHOICE_KEY): _CHOOSE,
        (C.LISTENING, I.WRONG_KEY): _OVER,
        (C.LISTENING, I.SILENCE): _OVER,
        (C.CHOOSING, I.DONE): _OVER,
    },
    keys={YES: I.CHOICE_KEY},
)


def call_back(_arguments: tuple[str, ...]) -> Flow[CallBackOfferState]:
    """``call_back``."""
    return CALL_BACK
