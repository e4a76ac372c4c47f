"""What the caller hears and may press, as literal tables. Pure; ``ivr.session`` carries the actions out.

There is no menu: a call is one announcement before the queue, what a waiting caller is told now and then
(``ivr.holding``), and one question after the talk. Hanging up is not an input: it ends a flow from outside,
wherever it is; so does the agent who becomes free for a waiting caller.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from core.vocabulary import Seconds

RATING_KEYS = "123"
"""1 satisfied, 2 fairly satisfied, 3 dissatisfied."""

ALL_KEYS = "0123456789*#"

LISTEN_SECONDS: Seconds = 5.0
"""How long the caller may think after the question has been asked."""


class Input(StrEnum):
    """What can happen while an action is carried out."""

    DONE = "done"
    """The sound was played to its end, or the note was taken."""
    RATING_KEY = "rating key"
    """1, 2 or 3 was pressed."""
    CHOICE_KEY = "choice key"
    """A key was pressed that takes what was offered."""
    WRONG_KEY = "wrong key"
    """Any other key was pressed."""
    SILENCE = "silence"
    """Nothing was pressed in time."""


@dataclass(frozen=True, slots=True)
class Say:
    """Play a prompt; ``keys`` are those that may cut it short (none: it can not be skipped)."""

    prompt: str
    keys: str = ""


@dataclass(frozen=True, slots=True)
class SayAll:
    """Play prompts one after the other; a key of ``keys`` cuts all of them short."""

    prompts: tuple[str, ...]
    keys: str = ""


@dataclass(frozen=True, slots=True)
class Listen:
    """Wait for one key."""

    seconds: Seconds


@dataclass(frozen=True, slots=True)
class NoteNotice:
    """Record on the call that the recording notice has been played to its end."""


@dataclass(frozen=True, slots=True)
class NoteRating:
    """Report the key just pressed as the caller's rating."""


@dataclass(frozen=True, slots=True)
class NoteChoice:
    """Report that the caller took what he was offered (``core.events.CallerChose``)."""

    choice: str


@dataclass(frozen=True, slots=True)
class Finish:
    """Nothing more: the dialplan goes on."""


Task = Say | SayAll | Listen | NoteNotice | NoteRating | NoteChoice
Action = Task | Finish

S = TypeVar("S", bound=StrEnum)


RATING_INPUTS: Mapping[str, Input] = dict.fromkeys(RATING_KEYS, Input.RATING_KEY)


@dataclass(frozen=True, slots=True)
class Flow(Generic[S]):
    """A flow: where it starts, and where each input leads."""

    name: str
    first: tuple[S, Action]
    table: Mapping[tuple[S, Input], tuple[S, Action]]
    keys: Mapping[str, Input] = field(default_factory=lambda: RATING_INPUTS)
    """What each key means; any other is a wrong one."""

    def step(self, state: S, given: Input) -> tuple[S, Action]:
        """The next state and what to do there; ``LookupError`` for a pair that can not happen."""
        try:
            return self.table[state, given]
        except KeyError:
            raise LookupError(f"{self.name}: {given} can not happen in {state}") from None


class AnnouncementState(StrEnum):
    """Where the announcement is."""

    NOTICE = "notice"
    NOTING = "noting"
    GREETING = "greeting"
    SURGE = "surge"
    OVER = "over"


class RatingState(StrEnum):
    """Where the question for a rating is."""

    ASKING = "asking"
    LISTENING = "listening"
    CORRECTING = "correcting"
    PROMPTING = "prompting"
    ASKING_AGAIN = "asking_again"
    LISTENING_AGAIN = "listening_again"
    NOTING = "noting"
    THANKING = "thanking"
    LEAVING = "leaving"
    OVER = "over"


A = AnnouncementState
R = RatingState
I = Input  # noqa: E741 - the tables are read as a picture

ANNOUNCEMENT: Flow[AnnouncementState] = Flow(
    "announcement",
    # The notice is a legal duty: no key cuts it short, and it is noted only after its last word.
    (A.NOTICE, Say("recording_notice")),
    {
        (A.NOTICE, I.DONE): (A.NOTING, NoteNotice()),
        (A.NOTING, I.DONE): (A.OVER, Finish()),
    },
)


def announcement(surge: str | None = None, greeting: str | None = None) -> Flow[AnnouncementState]:
    """The announcement: the notice, then a line's or queue's greeting, then news of days when many call.

    Args:
        surge: the prompt with the news, ``None`` for none.
        greeting: the prompt of the line or queue, ``None`` for none.
    """
    table: dict[tuple[AnnouncementState, Input], tuple[AnnouncementState, Action]] = dict(ANNOUNCEMENT.table)
    parts = [(state, prompt) for state, prompt in ((A.GREETING, greeting), (A.SURGE, surge)) if prompt]
    over: tuple[AnnouncementState, Action] = (A.OVER, Finish())
    # From the last part backwards. No duties: any key takes the caller on.
    for state, prompt in reversed(parts):
        table |= dict.fromkeys(((state, I.DONE), (state, I.RATING_KEY), (state, I.WRONG_KEY)), over)
        over = (state, Say(prompt, ALL_KEYS))
    table[A.NOTING, I.DONE] = over
    return Flow(ANNOUNCEMENT.name, ANNOUNCEMENT.first, table) if parts else ANNOUNCEMENT


_ASK = Say("please_rate", ALL_KEYS)
_GOODBYE = Say("goodbye")

RATING: Flow[RatingState] = Flow(
    "rating",
    (R.ASKING, _ASK),
    {
        # The question; a key cuts it short.
        (R.ASKING, I.DONE): (R.LISTENING, Listen(LISTEN_SECONDS)),
        (R.ASKING, I.RATING_KEY): (R.NOTING, NoteRating()),
        (R.ASKING, I.WRONG_KEY): (R.CORRECTING, Say("invalid_key", RATING_KEYS)),
        (R.LISTENING, I.RATING_KEY): (R.NOTING, NoteRating()),
        (R.LISTENING, I.WRONG_KEY): (R.CORRECTING, Say("invalid_key", RATING_KEYS)),
        (R.LISTENING, I.SILENCE): (R.PROMPTING, Say("no_key", RATING_KEYS)),
        # One more chance; a wrong key pressed twice in a hurry does not use it up.
        (R.CORRECTING, I.DONE): (R.ASKING_AGAIN, _ASK),
        (R.CORRECTING, I.RATING_KEY): (R.NOTING, NoteRating()),
        (R.PROMPTING, I.DONE): (R.ASKING_AGAIN, _ASK),
        (R.PROMPTING, I.RATING_KEY): (R.NOTING, NoteRating()),
        (R.ASKING_AGAIN, I.DONE): (R.LISTENING_AGAIN, Listen(LISTEN_SECONDS)),
        (R.ASKING_AGAIN, I.RATING_KEY): (R.NOTING, NoteRating()),
        (R.ASKING_AGAIN, I.WRONG_KEY): (R.LEAVING, _GOODBYE),
        (R.LISTENING_AGAIN, I.RATING_KEY): (R.NOTING, NoteRating()),
        (R.LISTENING_AGAIN, I.WRONG_KEY): (R.LEAVING, _GOODBYE),
        (R.LISTENING_AGAIN, I.SILENCE): (R.LEAVING, _GOODBYE),
        # The end.
        (R.NOTING, I.DONE): (R.THANKING, Say("thank_you")),
        (R.THANKING, I.DONE): (R.OVER, Finish()),
        (R.LEAVING, I.DONE): (R.OVER, Finish()),
    },
)


def heard(key: str, otherwise: Input, keys: Mapping[str, Input] = RATING_INPUTS) -> Input:
    """The input that a key is; ``otherwise`` when no key was pressed."""
    return keys.get(key, Input.WRONG_KEY) if key else otherwise
