"""Keeps the processes of the hotline alive: starts them in order, restarts what dies, stops in reverse order.

``hotline.stack`` says which parts there are; this module knows nothing about calls. A part is restarted
on its own: the others are built to live without it for a while (callers wait in Asterisk, rows in a spool).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import structlog

from core import clock
from core.errors import Unavailable
from core.vocabulary import Seconds

log = structlog.get_logger()


class PartFailed(Unavailable):
    """A part did not come up, with the reason in one sentence."""


class Part(Protocol):
    """One process that the hotline consists of."""

    @property
    def name(self) -> str:
        """Short name for logs, pid files and the status line."""
        ...

    @property
    def pid(self) -> int | None:
        """The running process, ``None`` when there is none."""
        ...

    async def start(self) -> None:
        """Start the process and return when it serves; raises when it does not come up."""
        ...

    async def stop(self) -> None:
        """End the process, politely first, and return when it is gone. Harmless when there is none."""
        ...

    async def wait(self) -> int:
        """Wait for the process to end by itself; returns its exit code (negative: the signal)."""
        ...


class PartState(StrEnum):
    """How a part is doing."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    RESTARTING = "restarting"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before the next attempt, in seconds."""

    first: Seconds = 0.1
    """Before the first restart: a crash should cost as little as possible."""
    second: Seconds = 1.0
    factor: float = 2.0
    longest: Seconds = 30.0
    calm: Seconds = 60.0
    """A part that ran this long is healthy: earlier failures are forgotten."""

    def delay(self, failures: int) -> Seconds:
        """Seconds to wait after the given number of failures in a row (1: the first)."""
        if failures <= 1:
            return self.first
        return float(min(self.longest, self.second * self.factor ** min(failures - 2, 30)))


@dataclass(slots=True)
class _Kept:
    """A part and what the supervisor knows about it."""

    part: Part
    state: PartState = PartState.STOPPED
    restarts: int = 0
    failures: int = 0
    keeper: asyncio.Task[None] | None = field(default=None, repr=False)


class Supervisor:
    """Runs the parts.

    Args:
        parts: in the order of their start.
        supervise: restart what ends by itself; without it a dead part stays dead until ``start_part``.
        backoff: waiting times between restarts.
        on_change: told the name and the new state of a part at every change.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        *,
        supervise: bool = True,
        backoff: Backoff | None = None,
        on_change: Callable[[str, PartState], None] | None = None,
    ) -> None:
        self._kept = {part.name: _Kept(part) for part in parts}
        self._supervise = supervise
        self._backoff = backoff or Backoff()
        self._on_change = on_change or (lambda _name, _state: None)

    def states(self) -> dict[str, PartState]:
        """Every part and how it is doing, in the order of their start."""
        return {name: kept.state for name, kept in self._kept.items()}

    def restarts(self, name: str) -> int:
        """How often a part was brought back."""
        return self._kept[name].restarts

    def pid(self, name: str) -> int | None:
        """Process id of a part, ``None`` when it does not run."""
        return self._kept[name].part.pid

    async def start(self) -> None:
        """Start all parts in order. When one fails, those already started are stopped."""
        try:
            for name in self._kept:
                await self.start_part(name)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop all parts in reverse order; a part that makes trouble does not save the others."""
        keepers = [kept.keeper for kept in self._kept.values() if kept.keeper is not None]
        await _cancel(keepers)
        for kept in reversed(self._kept.values()):
            await self._stop(kept)

    async def start_part(self, name: str) -> None:
        """Start one part (nothing happens when it runs) and look after it from now on."""
        kept = self._kept[name]
        if kept.part.pid is not None and kept.state is PartState.RUNNING:
            return
        await self._release(kept)
        self._set(kept, PartState.STARTING)
        await self._start(kept)
        kept.failures = 0
        if self._supervise:
            kept.keeper = asyncio.create_task(self._keep(kept), name=f"keeper-{name}")

    async def stop_part(self, name: str) -> None:
        """Stop one part and leave it stopped."""
        kept = self._kept[name]
        await self._release(kept)
        await self._stop(kept)

    async def _start(self, kept: _Kept) -> None:
        began = clock.monotonic()
        await kept.part.start()
        self._set(kept, PartState.RUNNING)
        log.info(
            "part_started",
            part=kept.part.name,
            pid=kept.part.pid,
            seconds=round(clock.monotonic() - began, 2),
        )

    async def _stop(self, kept: _Kept) -> None:
        if kept.state is PartState.STOPPED and kept.part.pid is None:
            return
        self._set(kept, PartState.STOPPING)
        try:
            await kept.part.stop()
        except Exception:
            log.exception("part_stop_failed", part=kept.part.name, pid=kept.part.pid)
        self._set(kept, PartState.STOPPED)

    async def _release(self, kept: _Kept) -> None:
        """Stop looking after a part."""
        if kept.keeper is not None:
            await _cancel([kept.keeper])
            kept.keeper = None

    async def _keep(self, kept: _Kept) -> None:
        """Look after one part for ever: wait for its end, bring it back."""
        while True:
            began = clock.monotonic()
            code = await self._end_of(kept)
            if clock.monotonic() - began >= self._backoff.calm:
                kept.failures = 0
            log.warning("part_ended", part=kept.part.name, exit_code=code, failures=kept.failures)
            await self._bring_back(kept)

    async def _end_of(self, kept: _Kept) -> int | None:
        """Exit code; ``None`` when the part cannot tell, which counts as an end: none is left unwatched."""
        try:
            return await kept.part.wait()
        except Exception:
            log.exception("part_lost", part=kept.part.name)
            return None

    async def _bring_back(self, kept: _Kept) -> None:
        """Start a dead part again, however often it takes; the waits between the attempts grow."""
        self._set(kept, PartState.RESTARTING)
        while True:
            kept.failures += 1
            await asyncio.sleep(self._backoff.delay(kept.failures))
            if await self._attempt(kept):
                kept.restarts += 1
                return

    async def _attempt(self, kept: _Kept) -> bool:
        try:
            await self._start(kept)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next attempt follows and the log tells
            log.error(  # noqa: TRY400 - the reason is for the operator, a stack trace says less
                "part_restart_failed", part=kept.part.name, reason=str(error), failures=kept.failures
            )
            await self._clean_up(kept)
            return False
        return True

    async def _clean_up(self, kept: _Kept) -> None:
        """Remove what a failed attempt may have left."""
        with suppress(Exception):
            await kept.part.stop()

    def _set(self, kept: _Kept, state: PartState) -> None:
        if kept.state is not state:
            kept.state = state
            self._on_change(kept.part.name, state)


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait until they are over."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def first_of(serving: Awaitable[None], ended: Awaitable[int]) -> int | None:
    """Wait until a process serves (``None``) or has ended (its exit code), whatever comes first."""
    ready = asyncio.ensure_future(serving)
    over = asyncio.ensure_future(ended)
    try:
        await asyncio.wait({ready, over}, return_when=asyncio.FIRST_COMPLETED)
        if ready.done():
            ready.result()
            return None
        return over.result()
    finally:
        for future in (ready, over):
            future.cancel()
        await asyncio.gather(ready, over, return_exceptions=True)
