"""``python -m tests.bench.acd``: how fast callers reach agents, side by side with Asterisk's own app_queue.

One Asterisk, one run, the same phones: the product as users run it (database, tickets and recordings on), and
a plain ``Queue()`` in a dialplan of the operator's own. Slices alternate, so that whatever else the machine
does hits both. SIPp is the clock. Agents talk and callers listen: the sound of a hundred more streams would
measure the machine and not the routing. The last line of the output is one JSON object.
"""

import asyncio
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core import clock
from core.errors import HotlineError, Unavailable
from core.vocabulary import Phone, Seconds
from db.pool import Database
from hotline import logs, tryout
from hotline.demo.callers import Caller, CallerGroup
from hotline.demo.client import HotlineClient, http_session
from hotline.demo.crew import Agent, Crew
from hotline.demo.phones import NEVER, Answers
from hotline.demo.siplog import SipCall
from hotline.demo.target import find_target
from hotline.ports import free_range
from hotline.scratch import scratch_folder, scratch_settings
from hotline.settings import QueueSettings, Settings
from hotline.stack import Stack
from tests.bench.gaps import idle_latencies, percentile, reseize_gaps

AGENTS = 50
TALK: tuple[Seconds, Seconds] = (0.5, 1.5)
WAITING = 40
"""Callers beyond the agents' number that SIPp keeps in the line."""
ROUNDS = 3
SATURATED_CALLS = 400
IDLE_CALLS = 20
IDLE_TALK: Seconds = 0.5
LONGEST: Seconds = 120.0
LOOK_AT_LOAD_SECONDS: Seconds = 3.0
SETTLE_SECONDS: Seconds = 60.0
ACD, APP_QUEUE = "acd", "app_queue"
DIALLED = {ACD: "12345", APP_QUEUE: "88001"}

EXTENSIONS = """
[from-trunk]
exten => {number},1,Answer(,i)
 same => n,MixMonitor({folder}/${{UNIQUEID}}.raw,bD)
 same => n,Queue(bench,c)
 same => n,Hangup()
"""

QUEUES = """
[bench]
strategy = leastrecent
timeout = 15
retry = 1
wrapuptime = 0
ringinuse = no
autofill = yes
joinempty = yes
{members}
"""

ACCOUNT = """
SELECT count(*) AS rows,
       count(*) FILTER (WHERE c.outcome = 'answered' AND r.state = 'ready') AS answered,
       count(*) FILTER (WHERE c.outcome = 'abandoned') AS abandoned
  FROM calls c LEFT JOIN tickets t ON t.call_id = c.call_id LEFT JOIN recordings r ON r.ticket_id = t.id
"""


@dataclass
class Side:
    """What was measured on one side."""

    gaps: list[Seconds] = field(default_factory=list)
    idle: list[Seconds] = field(default_factory=list)
    placed: int = 0
    answered: int = 0
    gave_up: int = 0
    failed: int = 0


class Bench:
    """Slices of calls on a running hotline."""

    def __init__(self, stack: Stack, crew: Crew, folder: Path) -> None:
        self._stack = stack
        self._crew = crew
        self._folder = folder
        self._number = 0
        self.sides = {ACD: Side(), APP_QUEUE: Side()}

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
        known = len(self._crew.calls())
        group = CallerGroup(
            self._crew.server,
            callers,
            self._folder,
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
        taken = await self._quiet(known)
        side.placed += statistics.created
        side.failed += statistics.failed
        answered = sum(call.answered_at is not None for call in taken)
        side.answered += answered
        placed = group.calls()
        if any(call.hung_up_here for call in placed):
            side.gave_up += len(placed) - answered
        return placed, taken

    async def _quiet(self, known: int) -> list[SipCall]:
        """Wait until no phone is in a call; the calls that are new since ``known``."""
        deadline = clock.monotonic() + 20
        while True:
            calls = self._crew.calls()[known:]
            if all(call.ended_at is not None for call in calls):
                return calls
            if clock.monotonic() > deadline:
                raise Unavailable("phones are still in calls although every caller is gone")
            await asyncio.sleep(0.1)


async def main() -> int:
    """Run it; the exit code: 0 when no call was lost."""
    folder = scratch_folder("hotline-bench-")
    with (folder / "bench.log").open("a", encoding="utf-8", buffering=1) as sink:
        logs.configure("info", sink)
        try:
            problems = await _run(folder)
        except HotlineError as error:
            problems = [error.message]
    if problems:
        for problem in problems:
            _say(f"LOST: {problem}")
        _say(f"logs are kept in {folder}")
        return 1
    await asyncio.to_thread(shutil.rmtree, folder)
    return 0


async def _run(folder: Path) -> list[str]:
    settings = _settings(folder)
    _write_app_queue(settings, folder)
    async with Stack(settings, progress=_say) as stack, http_session() as http:
        await tryout.prepare(stack)
        target = find_target(stack.settings)
        administrator = await HotlineClient.logged_in(
            http, target.base_url, target.administrator.login, target.administrator.password
        )
        _say(f"up; {AGENTS} agents log in")
        async with Crew(target, http, administrator, _agents(stack), folder / "sip") as crew:
            background = await _background_load()
            _say(f"with nobody calling {background:.0%} of the processors are busy")
            bench = Bench(stack, crew, folder / "sip")
            await _slices(bench)
            problems = _lost(bench) + await _not_accounted_for(stack, bench.sides[ACD])
    sys.stdout.write(json.dumps(result(bench.sides) | {"background_cpu": round(background, 2)}) + "\n")
    sys.stdout.flush()
    return problems


async def _slices(bench: Bench) -> None:
    """The sides take turns."""
    for number in range(1, ROUNDS + 1):
        for name in (ACD, APP_QUEUE):
            _say(f"round {number} of {ROUNDS}: {name}, one call at a time")
            await bench.idle(name)
        for name in (ACD, APP_QUEUE):
            _say(f"round {number} of {ROUNDS}: {name}, {AGENTS} agents saturated")
            await bench.saturated(name)


def _settings(folder: Path) -> Settings:
    """The product as it is, with settings that any operator may choose."""
    rtp_from, rtp_to = free_range(1000)
    return scratch_settings(
        folder,
        queues=(QueueSettings(name="citizens", dialled=(), wrap_up_seconds=0),),
        announcement=False,
        rating=False,
        phones=f"1001-{1000 + AGENTS}",
        rtp_from=rtp_from,
        rtp_to=rtp_to,
    )


def _write_app_queue(settings: Settings, folder: Path) -> None:
    """The other side, through the operator's own include files."""
    custom = settings.data_dir / "asterisk" / "etc" / "custom"
    custom.mkdir(parents=True)
    recordings = folder / "app_queue"
    recordings.mkdir()
    members = "\n".join(f"member = PJSIP/{phone}" for phone in settings.phone_numbers)
    extensions = EXTENSIONS.format(number=DIALLED[APP_QUEUE], folder=recordings)
    (custom / "extensions_bench.conf").write_text(extensions, encoding="ascii")
    (custom / "queues_bench.conf").write_text(QUEUES.format(members=members), encoding="ascii")


def _agents(stack: Stack) -> list[Agent]:
    behaviour = Answers(0.0, TALK)
    return [
        Agent(f"bench-{number:02}", f"Bench agent {number}", Phone(phone), behaviour)
        for number, phone in enumerate(stack.settings.phone_numbers, start=1)
    ]


def _lost(bench: Bench) -> list[str]:
    """SIPp's two ends against each other; a caller may leave before an overloaded machine rings a phone."""
    return [
        f"{name}: {side.placed} placed, {side.answered} answered, {side.gave_up} left, {side.failed} failed"
        for name, side in bench.sides.items()
        if side.failed or side.answered + side.gave_up != side.placed
    ]


async def _not_accounted_for(stack: Stack, side: Side) -> list[str]:
    """Every call of the product must have its row, its ticket and its recording; they may take a moment."""
    expected = {"rows": side.placed, "answered": side.answered, "abandoned": side.gave_up}
    database = Database(stack.owner_dsn, max_size=1)
    await database.connect()
    try:
        deadline = clock.monotonic() + SETTLE_SECONDS
        while (found := dict(await database.fetchrow(ACCOUNT) or {})) != expected:
            if clock.monotonic() > deadline:
                return [f"the tables say {found}, SIPp says {expected}"]
            await asyncio.sleep(0.2)
        return []
    finally:
        await database.close()


def result(sides: dict[str, Side]) -> dict[str, object]:
    """The JSON line: milliseconds, calls. Keys are added, never changed."""
    reseize = {
        name: {"p50": _ms(side.gaps, 0.5), "p99": _ms(side.gaps, 0.99)} for name, side in sides.items()
    }
    return {
        "reseize_ms": reseize,
        "idle_ms": {name: {"p50": _ms(side.idle, 0.5)} for name, side in sides.items()},
        "ratio_reseize_p50": round(reseize[APP_QUEUE]["p50"] / reseize[ACD]["p50"], 1),
        "calls": {name: side.answered for name, side in sides.items()},
        "gaps": {name: len(side.gaps) for name, side in sides.items()},
        "agents": AGENTS,
    }


def _ms(values: Sequence[Seconds], share: float) -> float:
    return round(percentile(values, share) * 1000, 2)


async def _background_load() -> float:
    """What others do on this machine: share of all processors that is busy while the hotline is idle."""
    before = _processor_times()
    await asyncio.sleep(LOOK_AT_LOAD_SECONDS)
    busy, total = (after - earlier for after, earlier in zip(_processor_times(), before, strict=True))
    return busy / total


def _processor_times() -> tuple[int, int]:
    """Ticks that all processors have been busy, and all ticks, since the boot (proc(5))."""
    ticks = [
        int(field) for field in Path("/proc/stat").read_text(encoding="ascii").split("\n")[0].split()[1:9]
    ]
    idle = ticks[3] + ticks[4]
    return sum(ticks) - idle, sum(ticks)


def _say(line: str) -> None:
    sys.stderr.write(f"bench: {line}\n")


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
