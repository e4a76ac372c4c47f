"""``python -m tests.bench.acd``: how fast callers reach agents, side by side with Asterisk's own app_queue.

One Asterisk, one run, the same phones: the product as users run it (database, tickets and recordings on), and
a plain ``Queue()`` in a dialplan of the operator's own. Slices alternate, so that whatever else the machine
does hits both. SIPp is the clock. The last line of the output is one JSON object.

Parts may be named as arguments: ``reseize throughput restart``; without any, all are played.
"""

import asyncio
import json
import shutil
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import HotlineError
from core.vocabulary import Seconds
from hotline import logs
from hotline.demo.callers import Caller, CallerGroup
from hotline.demo.phones import NEVER, Answers
from hotline.demo.siplog import SipCall
from hotline.scratch import scratch_folder
from tests.bench import restart, throughput
from tests.bench.gaps import idle_latencies, percentile, reseize_gaps
from tests.bench.rig import ACD, APP_QUEUE, DIALLED, SIDES, Rig, background_load, gave_up, lost, rig, say

AGENTS = 50
TALK: tuple[Seconds, Seconds] = (0.5, 1.5)
WAITING = 40
"""Callers beyond the agents' number that SIPp keeps in the line."""
ROUNDS = 3
SATURATED_CALLS = 400
IDLE_CALLS = 20
IDLE_TALK: Seconds = 0.5
LONGEST: Seconds = 120.0

Found = tuple[dict[str, Any], list[str]]
"""Keys of the result, and what went wrong."""


@dataclass
class Side:
    """What was measured on one side."""

    gaps: list[Seconds] = field(default_factory=list)
    idle: list[Seconds] = field(default_factory=list)
    placed: int = 0
    answered: int = 0
    gave_up: int = 0
    failed: int = 0
    events: float = 0.0
    """AMI events while this side had calls; means something on the hotline's side only."""


class Bench:
    """Slices of calls on a running hotline."""

    def __init__(self, running: Rig) -> None:
        self._rig = running
        self._number = 0
        self.sides = {name: Side() for name in SIDES}

    async def saturated(self, name: str) -> None:
        """More callers than agents, until a number of calls is done."""
        callers = [Caller(self._caller(index), DIALLED[name], NEVER) for index in range(SATURATED_CALLS)]
        placed, taken = await self._slice(name, callers, rate=80, at_once=AGENTS + WAITING)
        self.sides[name].gaps += reseize_gaps(placed, taken)

    async def idle(self, name: str) -> None:
        """One caller after the other, nobody waits."""
        callers = [Caller(self._caller(index), DIALLED[name], IDLE_TALK) for index in range(IDLE_CALLS)]
        placed, taken = await self._slice(name, callers, rate=3, at_once=1)
        self.sides[name].idle += idle_latencies(placed, taken)

    def _caller(self, index: int) -> str:
        return f"1380{self._number:03}{index:04}"

    async def _slice(
        self, name: str, callers: Sequence[Caller], rate: float, at_once: int
    ) -> tuple[list[SipCall], list[SipCall]]:
        """Play callers; their calls and those at the phones."""
        self._number += 1
        known, events = len(self._rig.crew.calls()), await self._rig.events()
        group = CallerGroup(
            self._rig.crew.server,
            callers,
            self._rig.folder,
            rate,
            name=f"slice-{self._number}",
            at_once=at_once,
        )
        await group.start()
        try:
            await group.wait(LONGEST)
        finally:
            await group.stop()
        side, statistics = self.sides[name], group.statistics()
        taken = await self._rig.quiet(known)
        answered = sum(call.answered_at is not None for call in taken)
        placed = group.calls()
        side.placed += statistics.created
        side.failed += statistics.failed
        side.answered += answered
        side.gave_up += gave_up(placed, answered)
        side.events += await self._rig.events() - events
        return placed, taken


async def reseize(folder: Path) -> Found:
    """The time from an agent's BYE to the next INVITE, and that of one call on an idle system."""
    async with rig(folder, AGENTS, Answers(0.0, TALK), AGENTS + WAITING) as running:
        background = await background_load()
        say(f"with nobody calling {background:.0%} of the processors are busy")
        bench = Bench(running)
        for number in range(1, ROUNDS + 1):
            for name in SIDES:
                say(f"round {number} of {ROUNDS}: {name}, one call at a time")
                await bench.idle(name)
            for name in SIDES:
                say(f"round {number} of {ROUNDS}: {name}, {AGENTS} agents saturated")
                await bench.saturated(name)
        problems = [
            problem
            for name, side in bench.sides.items()
            for problem in lost(name, side.placed, side.answered, side.gave_up, side.failed)
        ]
        own = bench.sides[ACD]
        problems += await running.not_accounted_for(own.placed, own.answered, own.gave_up)
    return result(bench.sides) | {"background_cpu": round(background, 2)}, problems


PARTS: dict[str, Callable[[Path], Awaitable[Found]]] = {
    "reseize": reseize,
    "throughput": throughput.measure,
    "restart": restart.measure,
}


async def main(wanted: Sequence[str]) -> int:
    """Run it; the exit code: 0 when no call was lost."""
    unknown = set(wanted) - PARTS.keys()
    if unknown:
        say(f"not a part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
        return 2
    _stop_on_sigterm()
    found: dict[str, Any] = {}
    problems: list[str] = []
    for name in wanted or PARTS:
        keys, wrong = await _part(PARTS[name], name)
        found |= keys
        problems += wrong
    for problem in problems:
        say(f"LOST: {problem}")
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()
    return 1 if problems else 0


def _stop_on_sigterm() -> None:
    """Whoever ends the benchmark ends what it has started, too."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


async def _part(play: Callable[[Path], Awaitable[Found]], name: str) -> Found:
    """One part in a folder of its own, which stays when something went wrong."""
    folder = scratch_folder(f"hotline-bench-{name}-")
    with (folder / "bench.log").open("a", encoding="utf-8", buffering=1) as sink:
        logs.configure("info", sink)
        try:
            keys, problems = await play(folder)
        except HotlineError as error:
            keys, problems = {}, [f"{name}: {error.message}"]
    if problems:
        say(f"logs are kept in {folder}")
    else:
        await asyncio.to_thread(shutil.rmtree, folder)
    return keys, problems


def result(sides: dict[str, Side]) -> dict[str, Any]:
    """The keys of the first part: milliseconds, calls. Keys are added, never changed."""
    gaps = {name: {"p50": _ms(side.gaps, 0.5), "p99": _ms(side.gaps, 0.99)} for name, side in sides.items()}
    return {
        "reseize_ms": gaps,
        "idle_ms": {name: {"p50": _ms(side.idle, 0.5)} for name, side in sides.items()},
        "ratio_reseize_p50": round(gaps[APP_QUEUE]["p50"] / gaps[ACD]["p50"], 1),
        "calls": {name: side.answered for name, side in sides.items()},
        "gaps": {name: len(side.gaps) for name, side in sides.items()},
        "agents": AGENTS,
        "events_per_call": round(sides[ACD].events / max(1, sides[ACD].placed), 2),
    }


def _ms(values: Sequence[Seconds], share: float) -> float:
    return round(percentile(values, share) * 1000, 2)


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main(sys.argv[1:])))
