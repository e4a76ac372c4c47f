"""Plays calls on a running hotline: callers come, wait, talk, rate or give up, as people do.

What a caller does next depends on what the hotline says of his call (``GET /api/v1/calls``), not on guessed
times. ``hotline.demo.cli`` shows it to people, ``hotline.smoke`` compares the figures.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

from core import clock
from core.errors import Unavailable
from core.masking import mask_number
from core.vocabulary import Outcome, Seconds
from hotline.demo.callers import Caller, CallerGroup
from hotline.demo.client import HotlineClient, http_session
from hotline.demo.crew import Agent, Crew
from hotline.demo.siplog import SipCall
from hotline.demo.target import Target

LOOK_SECONDS: Seconds = 0.3
"""How often callers look at how their calls are."""
PRESS_AGAIN_SECONDS: Seconds = 2.5
SETTLE_SECONDS: Seconds = 30.0
"""From the last hang-up until every call must have its outcome, ticket and recording."""
FIRST_NUMBER = 13_900_000_000
"""Callers' numbers count from here; the list of calls tells them apart by the last four digits."""


class Manner(Enum):
    """How a caller behaves."""

    LEAVES_AFTER_TALK = "hangs up when the agent has"
    RATES = "rates the call when the agent has hung up"
    GIVES_UP = "hangs up while waiting"


@dataclass(frozen=True, slots=True)
class Guest:
    """A caller of the demo.

    Args:
        number: his own number, eleven digits.
        dialled: the number he dials.
        manner: what he does.
        patience: seconds of waiting after which he gives up, for those who do.
        rating: the key he presses, for those who rate.
    """

    number: str
    dialled: str
    manner: Manner
    patience: Seconds = 2.0
    rating: str = "1"


@dataclass(frozen=True, slots=True)
class Play:
    """What is to be played: who calls, how fast, who answers; tones in hertz."""

    guests: Sequence[Guest]
    agents: Sequence[Agent]
    rate: float
    caller_tone: int = 440
    wrap_up_seconds: Seconds | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """How it stands, or how it ended."""

    play: Play
    rows: Sequence[Mapping[str, Any]]
    """Calls as the API lists them, in order of arrival."""
    placed: Sequence[SipCall]
    """The callers' calls as SIPp logged them."""
    taken: Sequence[SipCall] = ()
    """The calls at the agents' phones as SIPp logged them."""

    def row_of(self, guest: Guest) -> Mapping[str, Any] | None:
        """What the hotline knows of a guest's call; ``None`` before it has arrived."""
        masked = mask_number(guest.number)
        return next((row for row in self.rows if row["caller"] == masked), None)

    @property
    def settled(self) -> bool:
        """Every guest's call has its outcome and, where it was answered, its ticket and its recording."""
        return len(self.rows) >= len(self.play.guests) and all(_complete(row) for row in self.rows)


Watch = Callable[[Scene], None]


def guests(
    count: int,
    *,
    first: int = 0,
    dialled: str = "12345",
    give_up_every: int = 0,
    rate_every: int = 0,
    patience: Seconds = 2.0,
) -> list[Guest]:
    """Callers of mixed manners.

    Args:
        count: how many.
        first: index of the first, which makes the number; for those who come after others.
        dialled: what they dial.
        give_up_every: every so-manieth gives up; 0: nobody.
        rate_every: of the others every so-manieth rates; 0: nobody.
        patience: of those who give up, seconds.
    """

    def manner(index: int) -> Manner:
        if give_up_every and index % give_up_every == give_up_every - 1:
            return Manner.GIVES_UP
        if rate_every and index % rate_every == 0:
            return Manner.RATES
        return Manner.LEAVES_AFTER_TALK

    return [
        Guest(str(FIRST_NUMBER + index), dialled, manner(index), patience, str(1 + index % 3))
        for index in range(first, first + count)
    ]


class Performance:
    """Callers on their way, from ``perform``."""

    def __init__(self, play: Play, callers: CallerGroup, crew: Crew, administrator: HotlineClient) -> None:
        self.play = play
        self.callers = callers
        self.crew = crew
        self.administrator = administrator
        self._since = datetime.fromtimestamp(clock.wall() - 1, UTC).isoformat()
        self._pressed_at: dict[str, Seconds] = {}

    async def run(self, watch: Watch, seconds: Seconds) -> Scene:
        """Play it to the end.

        Args:
            watch: told how it stands, a few times a second.
            seconds: how long it may take.

        Raises:
            Unavailable: it did not end in time, or calls were not settled; carries what is missing.
        """
        await self.callers.start()
        ended = asyncio.create_task(self.callers.wait())
        try:
            await self._direct(ended, watch, clock.monotonic() + seconds)
        finally:
            ended.cancel()
        return await self._settle(watch)

    async def scene(self) -> Scene:
        """How it stands."""
        rows = await self.administrator.calls_since(self._since)
        return Scene(self.play, rows, self.callers.calls(), self.crew.calls())

    async def _direct(self, ended: "asyncio.Task[int]", watch: Watch, deadline: Seconds) -> None:
        while not ended.done():
            if clock.monotonic() > deadline:
                raise Unavailable("callers are still there after the time that they should have needed")
            scene = await self.scene()
            watch(scene)
            self._act(scene)
            await asyncio.wait((ended,), timeout=LOOK_SECONDS)

    def _act(self, scene: Scene) -> None:
        """Every guest whose moment has come does what is his manner."""
        for guest, placed in zip(self.play.guests, self.callers.placed(), strict=True):
            row = scene.row_of(guest)
            if row is None or placed.call is None or placed.call.hung_up_at is not None:
                continue
            action = next_action(guest, row, clock.wall())
            if action is Action.HANG_UP:
                self.callers.hang_up(placed.call)
            elif action is Action.PRESS and self._may_press(guest):
                self.callers.press(placed.call)

    def _may_press(self, guest: Guest) -> bool:
        now = clock.monotonic()
        if now - self._pressed_at.get(guest.number, float("-inf")) < PRESS_AGAIN_SECONDS:
            return False
        self._pressed_at[guest.number] = now
        return True

    async def _settle(self, watch: Watch) -> Scene:
        deadline = clock.monotonic() + SETTLE_SECONDS
        while True:
            scene = await self.scene()
            watch(scene)
            if scene.settled:
                return scene
            if clock.monotonic() > deadline:
                raise Unavailable(f"the hotline did not complete every call: {_missing(scene)}")
            await asyncio.sleep(LOOK_SECONDS)


class Action(Enum):
    """What a caller does now."""

    NOTHING = "nothing"
    HANG_UP = "hang up"
    PRESS = "press"


def next_action(guest: Guest, row: Mapping[str, Any], now: Seconds) -> Action:
    """What a guest does, given his call as the API shows it.

    Args:
        guest: who.
        row: his call.
        now: seconds since the epoch.
    """
    if row["talk_ended_at"] is not None:
        if guest.manner is not Manner.RATES:
            return Action.HANG_UP
        # Once he has rated he listens to the thanks; the hotline hangs up.
        return Action.PRESS if row["rating"] is None else Action.NOTHING
    waits = row["queued_at"] is not None and row["answered_at"] is None
    if waits and guest.manner is Manner.GIVES_UP and now - moment(row["queued_at"]) >= guest.patience:
        return Action.HANG_UP
    return Action.NOTHING


def moment(text: str) -> Seconds:
    """A moment of the API as seconds since the epoch."""
    return datetime.fromisoformat(text).timestamp()


@asynccontextmanager
async def perform(target: Target, play: Play, folder: Path) -> AsyncIterator[Performance]:
    """Agents at their phones and callers ready; however it ends, nobody is left behind.

    Args:
        target: the running hotline.
        play: what is to be played.
        folder: for what SIPp reads and logs.

    Raises:
        HotlineError: somebody could not log in or register.
    """
    async with http_session() as http:
        administrator = await HotlineClient.logged_in(
            http, target.base_url, target.administrator.login, target.administrator.password
        )
        async with Crew(
            target, http, administrator, play.agents, folder, wrap_up_seconds=play.wrap_up_seconds
        ) as crew:
            callers = CallerGroup(
                target.sip,
                [Caller(guest.number, guest.dialled, presses=guest.rating) for guest in play.guests],
                folder,
                rate=play.rate,
                tone=play.caller_tone,
            )
            try:
                yield Performance(play, callers, crew, administrator)
            finally:
                await callers.stop()
        await administrator.log_out()


def _complete(row: Mapping[str, Any]) -> bool:
    if row["outcome"] is None:
        return False
    answered = row["outcome"] == Outcome.ANSWERED
    return not answered or (row["ticket_id"] is not None and row["recording_state"] not in {None, "pending"})


def _missing(scene: Scene) -> str:
    open_calls = [row["call_id"] for row in scene.rows if not _complete(row)]
    return f"{len(scene.rows)} of {len(scene.play.guests)} calls known, not complete: {open_calls}"
