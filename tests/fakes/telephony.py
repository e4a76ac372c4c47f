"""A switch that only remembers what it was told; each action can be made to wait or to fail."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from core.commands import (
    HangUpLeg,
    MarkCall,
    MirrorMember,
    MoveLegs,
    OfferCall,
    ReturnToHold,
    RingThird,
    SendAway,
    SetSound,
    StartCallout,
    StopWarning,
    WarnCaller,
)
from core.events import Reconciled
from core.ports import TelephonyError
from core.vocabulary import Seconds


@dataclass(slots=True)
class FakeTelephony:
    """``core.ports.Telephony`` without a switch.

    ``failing`` holds the names of actions that are refused, ``crashing`` of those with a bug; ``gates``
    events that an action waits for before it is carried out. What was carried out is in ``done`` as
    (action, command), in order; heartbeats are counted.
    """

    clock: Seconds = 1000.0
    done: list[tuple[str, object]] = field(default_factory=list)
    failing: set[str] = field(default_factory=set)
    crashing: set[str] = field(default_factory=set)
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    picture: Reconciled | None = None
    heartbeats: int = 0
    pictures: int = 0

    async def offer(self, command: OfferCall) -> None:
        await self._carry_out("offer", command)

    async def callout(self, command: StartCallout) -> None:
        await self._carry_out("callout", command)

    async def hang_up(self, command: HangUpLeg) -> None:
        await self._carry_out("hang_up", command)

    async def return_to_hold(self, command: ReturnToHold) -> None:
        await self._carry_out("return_to_hold", command)

    async def send_away(self, command: SendAway) -> None:
        await self._carry_out("send_away", command)

    async def mirror_member(self, command: MirrorMember) -> None:
        await self._carry_out("mirror_member", command)

    async def mark(self, command: MarkCall) -> None:
        await self._carry_out("mark", command)

    async def warn_caller(self, command: WarnCaller) -> None:
        await self._carry_out("warn_caller", command)

    async def stop_warning(self, command: StopWarning) -> None:
        await self._carry_out("stop_warning", command)

    async def move_legs(self, command: MoveLegs) -> None:
        await self._carry_out("move_legs", command)

    async def set_sound(self, command: SetSound) -> None:
        await self._carry_out("set_sound", command)

    async def ring_third(self, command: RingThird) -> None:
        await self._carry_out("ring_third", command)

    async def heartbeat(self) -> None:
        await self._carry_out("heartbeat", None)
        self.heartbeats += 1

    async def snapshot(self) -> Reconciled:
        self.pictures += 1
        await self._carry_out("snapshot", None)
        return self.picture or Reconciled((), frozenset(), frozenset(), self.clock)

    def now(self) -> Seconds:
        return self.clock

    def of(self, action: str) -> list[object]:
        """What was carried out of one kind."""
        return [command for name, command in self.done if name == action]

    async def _carry_out(self, action: str, command: object) -> None:
        if (gate := self.gates.get(action)) is not None:
            await gate.wait()
        if action in self.failing:
            raise TelephonyError(f"{action} refused")
        if action in self.crashing:
            raise RuntimeError("a bug")
        self.done.append((action, command))


async def until(condition: Callable[[], object], seconds: Seconds = 5.0) -> None:
    """Return as soon as something is so; fails when that takes too long."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0)


async def settle(turns: int = 20) -> None:
    """Let everything that can go on without waiting do so."""
    for _ in range(turns):
        await asyncio.sleep(0)
