"""What a waiting caller is told, as literal tables. Pure; ``ivr.session`` carries the actions out.

The engine asks for it with the channel variable ``HOTLINE_SAY`` (``KIND`` or ``KIND:ARGUMENT:...``); the hold
loop of the dialplan sees it between two slices of music and calls ``ivr.session.IvrSessions.holding``. The
agent who becomes free meanwhile cuts it short: that ends a flow from outside, as hanging up does.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final

from ivr.call_back import call_back
from ivr.flow import ALL_KEYS, Finish, Flow, Input, Say, SayAll
from ivr.policy import policy

LONGEST_POSITION: Final = 99
"""A longer line is not counted out to a caller."""
LONGEST_MINUTES: Final = 60
"""A longer wait is not foretold."""
TENS: Final = 10
SPOKEN_WHOLE: Final = 20
"""Up to here each number has a prompt of its own; above, tens and ones are put together."""

I = Input  # noqa: E741 - the tables are read as a picture


class HoldingState(StrEnum):
    """Where an announcement to a waiting caller is."""

    TELLING = "telling"
    OVER = "over"


H = HoldingState


def number(value: int) -> tuple[str, ...]:
    """The prompts that speak a number from 1 to 99.

    Raises:
        ValueError: it is outside.
    """
    if not 1 <= value <= LONGEST_POSITION:
        raise ValueError(f"{value} has no prompts")
    if value <= SPOKEN_WHOLE or value % TENS == 0:
        return (f"number_{value}",)
    return (f"number_{value - value % TENS}", f"number_{value % TENS}")


def position_prompts(position: int | None) -> tuple[str, ...]:
    """The place in the queue; nothing for ``None`` and for what has no prompts."""
    if position is None or not 1 <= position <= LONGEST_POSITION:
        return ()
    return ("position_before", *number(position), "position_after")


def wait_prompts(low: int | None, high: int | None) -> tuple[str, ...]:
    """The expected wait in whole minutes, "between LOW and HIGH"; nothing where it is not known.

    Args:
        low: 0: only the upper bound is said.
        high: at least 1 and more than ``low``.
    """
    if low is None or high is None or not 0 <= low < high <= LONGEST_MINUTES:
        return ()
    if high == 1:
        return ("wait_below_a_minute",)
    if low == 0:
        return ("wait_at_most", *number(high), "wait_minutes")
    return ("wait_between", *number(low), "wait_and", *number(high), "wait_minutes")


def told(name: str, prompts: tuple[str, ...]) -> Flow[HoldingState]:
    """Prompts one after the other. Any key takes the caller back to the music: it is news, not a duty."""
    return Flow(
        name,
        (H.TELLING, SayAll(prompts, ALL_KEYS)) if prompts else (H.OVER, Finish()),
        {
            (H.TELLING, I.DONE): (H.OVER, Finish()),
            (H.TELLING, I.WRONG_KEY): (H.OVER, Finish()),
        }
        if prompts
        else {},
        keys={},
    )


def position(arguments: tuple[str, ...]) -> Flow[HoldingState]:
    """``position:N:LOW:HIGH``, each a whole number or empty; minutes."""
    place, low, high = (*map(_whole, arguments[:3]), None, None, None)[:3]
    return told("position", (*position_prompts(place), *wait_prompts(low, high)))


def surge(sound: str) -> Flow[HoldingState]:
    """A surge notice, for those who wait already."""
    return Flow(
        "surge",
        (H.TELLING, Say(sound, ALL_KEYS)),
        {
            (H.TELLING, I.DONE): (H.OVER, Finish()),
            (H.TELLING, I.WRONG_KEY): (H.OVER, Finish()),
        },
        keys={},
    )


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None  # noqa: PLR2004 - more is nonsense


FLOWS: Mapping[str, Callable[[tuple[str, ...]], Flow[Any]]] = {
    "call_back": call_back,
    "position": position,
    "policy": policy,
}
"""Kind of announcement -> its flow, made from the arguments. ``surge`` is not here: before anything else is
said, a caller hears the notice that he has not heard yet."""
