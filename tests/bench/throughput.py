"""Calls answered per second by 300 agents when 250 are offered, by the hotline and by app_queue."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import clock
from core.errors import Unavailable
from core.vocabulary import Seconds
from hotline.demo.callers import Caller, CallerGroup
from hotline.demo.phones import NEVER, Answers
from hotline.demo.siplog import SipCall
from tests.bench.rig import ACD, DIALLED, SIDES, Rig, gave_up, lost, rig, say, usage

AGENTS = 300
RATE = 250.0
"""Calls offered per second."""
LINES = 450
"""Calls that the callers' side may have at once, as a trunk has so many lines: what neither side answers at
once waits in the queue, and when that is full, at the exchange."""
TALK: tuple[Seconds, Seconds] = (0.5, 1.5)
SECONDS: Seconds = 60.0
SPEAKS: Seconds = 0.1
"""Each talk is recorded and archived, but 300 voices all the time would measure SIPp and not routing.
A talk in which nobody said anything has the recording state ``missing``."""
HANG_UP_SECONDS: Seconds = 60.0


@dataclass(frozen=True, slots=True)
class Rate:
    """One side's minute."""

    placed: int
    answered: int
    gave_up: int
    failed: int
    answered_per_s: float


async def measure(folder: Path) -> tuple[dict[str, Any], list[str]]:
    """Keys ``throughput.*`` of the result, and what went wrong."""
    phones = Answers(0.0, TALK, speaks_seconds=SPEAKS)
    # Phones that send no sound would be taken for dead when a talk takes longer than it should.
    async with rig(folder, AGENTS, phones, LINES, phone_rtp_timeout_seconds=0) as running:
        rates = {}
        pid = running.stack.processes["service"]
        used = {}
        for name in SIDES:
            say(f"{name}: {RATE:g} calls/s offered to {AGENTS} agents for {SECONDS:g} s")
            before = usage(pid)
            rates[name] = await _minute(running, name)
            used[name] = usage(pid).cpu - before.cpu
        memory = usage(pid).rss
        own = rates[ACD]
        problems = [
            problem
            for name, rate in rates.items()
            for problem in lost(name, rate.placed, rate.answered, rate.gave_up, rate.failed)
        ]
        problems += await running.not_accounted_for(
            own.placed, own.placed - own.gave_up, own.gave_up, ("ready", "missing")
        )
        unaccounted = (await running.metrics())["hotline_calls_unaccounted"]
    figures: dict[str, Any] = {
        name: {"answered_per_s": round(rate.answered_per_s, 1), "placed": rate.placed}
        for name, rate in rates.items()
    }
    figures[ACD] |= {
        "unaccounted": int(unaccounted),
        "cpu_ms_per_call": round(used[ACD] / max(1, own.placed) * 1000, 2),
        "rss_mb": round(memory / 1e6, 1),
    }
    return {"throughput": figures}, problems


async def _minute(running: Rig, name: str) -> Rate:
    """Offer calls for so long, then everybody who still waits hangs up."""
    known = len(running.crew.calls())
    callers = [Caller(f"1390{index:07}", DIALLED[name], NEVER) for index in range(round(RATE * SECONDS))]
    group = CallerGroup(
        running.crew.server, callers, running.folder, RATE, tone=None, name=f"minute-{name}", at_once=LINES
    )
    await group.start()
    began = clock.wall()
    try:
        await asyncio.sleep(SECONDS)  # the measurement itself
    finally:
        await group.stop()
    taken, endless = await _taken(running, known)
    moments = [call.answered_at for call in taken if call.answered_at is not None]
    in_time = sum(began <= at < began + SECONDS for at in moments)
    placed, statistics = group.calls(), group.statistics()
    return Rate(
        statistics.created,
        len(moments),
        gave_up(placed, len(moments)),
        statistics.failed + endless,
        in_time / SECONDS,
    )


async def _taken(running: Rig, known: int) -> tuple[list[SipCall], int]:
    """The phones' calls, and at how many of them SIPp lost the thread (it takes no INVITE twice)."""
    try:
        return await running.quiet(known, HANG_UP_SECONDS), 0
    except Unavailable:
        taken = running.crew.calls()[known:]
        return taken, sum(call.ended_at is None for call in taken)
