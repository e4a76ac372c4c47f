"""Agents in all kinds of states at once, and the service killed: each is where Asterisk and the rows say."""

import asyncio
from datetime import datetime
from typing import Any

from core import clock
from core.vocabulary import AgentState, Phone
from hotline.demo.callers import Caller, CallerGroup
from hotline.demo.phones import NEVER, Answers, Behaviour, NeverAnswers, PhoneGroup
from tests.acceptance.centre import Centre, until

QUICK = Answers(ring_seconds=0.05, talk_seconds=(NEVER, NEVER))
SHORT = Answers(ring_seconds=0.05, talk_seconds=(0.3, 0.3))
STEP_SECONDS = 60.0
MICROSECONDS = 1e-5
CLOCK_SLACK = 1.5
"""Between the phone's clock and the moment that Asterisk's journal has of a hang-up."""

Seen = dict[str, dict[str, Any]]
"""Phone -> state as the API shows it."""


class Everybody:
    """So many agents of each kind.

    Args:
        centre: with one queue whose phones ring for three seconds.
        each: agents of each of the kinds.
    """

    def __init__(self, centre: Centre, each: int) -> None:
        self.centre = centre
        self.each = each
        self._phone = 1001
        self._caller = 0
        self.of: dict[str, list[str]] = {}
        """Kind -> phones."""
        self.groups: dict[str, PhoneGroup] = {}

    async def seat(self, kind: str, behaviour: Behaviour, *, ready: bool = True) -> list[str]:
        """Agents of one kind at phones of their own."""
        phones = [str(self._phone + n) for n in range(self.each)]
        self._phone += self.each
        self.groups[kind] = await self.centre.phones(*phones, behaviour=behaviour)
        for phone in phones:
            await self.centre.seat(phone, ready=ready)
        self.of[kind] = phones
        return phones

    async def call(self, **how: Any) -> CallerGroup:  # noqa: ANN401 - any field of a caller
        """As many callers."""
        first, self._caller = self._caller, self._caller + self.each
        group = (Caller(f"138{n:08}", **how) for n in range(first, self._caller))
        return await self.centre.callers(*group, rate=10, tone=None)

    async def seen(self) -> Seen:
        """Everybody at a phone."""
        items = (await self.centre.chief.call("GET", "/agents"))["items"]
        return {item["seat"]["phone"]: item["state"] for item in items}

    async def until_all(self, kind: str, state: AgentState, seconds: float = 30.0) -> None:
        """Wait until everybody of a kind is in a state."""

        async def so() -> bool:
            seen = await self.seen()
            return all(seen[phone]["state"] == state for phone in self.of[kind])

        await until(so, f"not all of {kind} are {state}", seconds)

    async def ask(self, kind: str, state: AgentState, reason: str = "") -> None:
        """Everybody of a kind asks for a state."""
        for phone in self.of[kind]:
            await self.centre.agents[Phone(phone)].ask_state(state, reason)

    async def take_places(self) -> None:
        """Bring everybody where the kind's name says."""
        await self.seat("wrapping", SHORT)
        await self.call()
        await self.until_all("wrapping", AgentState.WRAP_UP)
        for phone in self.of["wrapping"]:
            await self.centre.agents[Phone(phone)].call("POST", "/me/wrap-up/extension")
        await self.seat("silent", NeverAnswers())
        gave_up = await self.call(hangs_up_after=5.0)
        await self.until_all("silent", AgentState.NOT_RESPONDING)
        await gave_up.wait(20.0 + self.each)
        for kind in ("talking", "leaving"):
            await self.seat(kind, QUICK)
            await self.call()
            await self.until_all(kind, AgentState.TALKING)
        await self.ask("talking", AgentState.BREAK, "meal")
        for kind, state in (("resting", AgentState.BREAK), ("calming", AgentState.STRESS_ROOM)):
            await self.seat(kind, QUICK, ready=False)
            await self.ask(kind, state)
        await self.seat("ready", QUICK)


def moment(text: str) -> float:
    """Seconds since the epoch."""
    return datetime.fromisoformat(text).timestamp()


def is_as_before(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Nothing has changed; PostgreSQL keeps microseconds, and a break has used more of its allowance."""
    for name in ("since", "until"):
        if (before[name] is None) != (after[name] is None):
            return False
        if before[name] is not None and abs(moment(before[name]) - moment(after[name])) > MICROSECONDS:
            return False
    rest = before.keys() - {"since", "until", "break_use"}
    return before.keys() == after.keys() and all(before[name] == after[name] for name in rest)


async def killed_with_everybody_somewhere(centre: Centre, each: int, wrap_up: float) -> Everybody:
    """The whole story; what has to hold is asserted on the way."""
    there = Everybody(centre, each)
    await there.take_places()
    before = await there.seen()
    assert len(before) == 7 * each
    await asyncio.sleep(0.5)  # rows are written behind the answer, and tell nobody
    await centre.stack.kill_service()
    await there.groups["leaving"].hang_up()
    hung_up = clock.wall()
    await centre.stack.start_service()
    await there.until_all("leaving", AgentState.WRAP_UP)
    after = await there.seen()
    assert after.keys() == before.keys()
    for kind, phones in there.of.items():
        for phone in phones:
            if kind == "leaving":
                assert abs(moment(after[phone]["until"]) - hung_up - wrap_up) < CLOCK_SLACK + 0.1 * each
            else:
                assert is_as_before(before[phone], after[phone]), (kind, before[phone], after[phone])
    for phone in there.of["wrapping"]:
        left = moment(after[phone]["until"]) - moment(after[phone]["since"])
        assert abs(left - wrap_up - STEP_SECONDS) < 0.01, "the time that was left, extension included"
    await there.groups["talking"].hang_up()
    await there.until_all("talking", AgentState.WRAP_UP)
    for kind in ("talking", "leaving", "wrapping"):
        for phone in there.of[kind]:
            await centre.agents[Phone(phone)].call("DELETE", "/me/wrap-up")
    await there.until_all("talking", AgentState.BREAK)
    for kind in ("leaving", "wrapping"):
        await there.until_all(kind, AgentState.READY)
    return there
