"""What the benchmarks share: the hotline as users run it beside a plain ``Queue()`` on the same Asterisk.

The other side lives in the operator's own include files, which rendering leaves alone.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core import clock
from core.errors import Unavailable
from core.vocabulary import Phone, Seconds
from db.pool import Database
from hotline import tryout
from hotline.demo.client import HotlineClient, http_session
from hotline.demo.crew import Agent, Crew
from hotline.demo.phones import Answers
from hotline.demo.siplog import SipCall
from hotline.demo.target import find_target
from hotline.ports import free_range
from hotline.scratch import scratch_settings
from hotline.settings import QueueSettings, Settings
from hotline.stack import Stack

ACD, APP_QUEUE = "acd", "app_queue"
SIDES = (ACD, APP_QUEUE)
DIALLED = {ACD: "12345", APP_QUEUE: "88001"}

SETTLE_SECONDS: Seconds = 60.0
LOOK_AT_LOAD_SECONDS: Seconds = 3.0
FIRST_PHONE = 1001
SPARE_PORTS = 400
"""Ports of calls that have just ended."""

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
       count(*) FILTER (WHERE c.outcome = 'answered' AND r.state = ANY($1::text[])) AS answered,
       count(*) FILTER (WHERE c.outcome = 'abandoned') AS abandoned
  FROM calls c LEFT JOIN tickets t ON t.call_id = c.call_id LEFT JOIN recordings r ON r.ticket_id = t.id
"""


@dataclass(frozen=True, slots=True)
class Rig:
    """A running hotline with agents at their phones, and the other side."""

    stack: Stack
    crew: Crew
    folder: Path

    async def quiet(self, known: int, seconds: Seconds = 20.0) -> list[SipCall]:
        """Wait until no phone is in a call; the calls that are new since ``known``."""
        deadline = clock.monotonic() + seconds
        while True:
            calls = self.crew.calls()[known:]
            if all(call.ended_at is not None for call in calls):
                return calls
            if clock.monotonic() > deadline:
                raise Unavailable("phones are still in calls although every caller is gone")
            await asyncio.sleep(0.1)

    async def events(self) -> float:
        """Genuine AMI events that have reached the service."""
        return (await self.metrics())["hotline_ami_events_total"]

    async def metrics(self) -> dict[str, float]:
        """Every sample of /metrics."""
        async with http_session() as http, http.get(self.stack.metrics_url) as response:
            text = await response.text()
        lines = (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
        return {name: float(value) for name, value in lines}

    async def not_accounted_for(
        self, placed: int, answered: int, abandoned: int, recordings: Sequence[str] = ("ready",)
    ) -> list[str]:
        """Each call of the hotline must have its row, ticket and recording; they may take a moment."""
        expected = {"rows": placed, "answered": answered, "abandoned": abandoned}
        async with connected(self.stack) as database:
            deadline = clock.monotonic() + SETTLE_SECONDS
            while (found := dict(await database.fetchrow(ACCOUNT, recordings) or {})) != expected:
                if clock.monotonic() > deadline:
                    return [f"the tables say {found}, SIPp says {expected}"]
                await asyncio.sleep(0.2)
        return []


@contextlib.asynccontextmanager
async def rig(
    folder: Path, agents: int, answers: Answers, lines: int, *, music: bool = True, **overrides: object
) -> AsyncIterator[Rig]:
    """The hotline with so many agents, ready, and an app_queue with the same phones.

    Args:
        folder: for everything that is written.
        agents: how many phones and accounts.
        answers: how each phone behaves.
        lines: most calls at once; each leg needs two ports for its sound.
        music: whether waiting callers hear any; without, the operator's own folder of it is empty.
        overrides: further settings.
    """
    settings = _settings(folder, agents, lines, overrides)
    if not music:
        (settings.data_dir / "music" / "default").mkdir(parents=True)
    _write_app_queue(settings, folder)
    async with Stack(settings, progress=say, supervise=False) as stack, http_session(120) as http:
        await tryout.prepare(stack)
        target = find_target(stack.settings)
        administrator = await HotlineClient.logged_in(
            http, target.base_url, target.administrator.login, target.administrator.password
        )
        say(f"up; {agents} agents log in")
        people = [
            Agent(f"bench-{number:03}", f"Bench agent {number}", Phone(phone), answers)
            for number, phone in enumerate(stack.settings.phone_numbers, start=1)
        ]
        async with Crew(target, http, administrator, people, folder / "sip") as crew:
            yield Rig(stack, crew, folder / "sip")


@contextlib.asynccontextmanager
async def connected(stack: Stack) -> AsyncIterator[Database]:
    """The tables."""
    database = Database(stack.owner_dsn, max_size=1)
    await database.connect()
    try:
        yield database
    finally:
        await database.close()


def _settings(folder: Path, agents: int, lines: int, overrides: dict[str, object]) -> Settings:
    """The product as it is, with settings that any operator may choose."""
    rtp_from, rtp_to = free_range(2 * (lines + agents) + SPARE_PORTS)
    values: dict[str, object] = {
        "queues": (QueueSettings(name="citizens", dialled=(), wrap_up_seconds=0),),
        "announcement": False,
        "rating": False,
        "phones": f"{FIRST_PHONE}-{FIRST_PHONE + agents - 1}",
        "rtp_from": rtp_from,
        "rtp_to": rtp_to,
    }
    return scratch_settings(folder, **(values | overrides))


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


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has used so far (proc(5)): seconds of CPU, bytes of memory."""

    cpu: Seconds
    rss: int


TICKS_PER_SECOND = 100
KIBIBYTE = 1024


def usage(pid: int | None) -> Usage:
    """CPU time and resident memory of one process at this moment, its ended children not included."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    rss = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return Usage((int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND, int(rss.split()[1]) * KIBIBYTE)


async def background_load() -> float:
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


def lost(name: str, placed: int, answered: int, gave_up: int, failed: int) -> list[str]:
    """SIPp's two ends against each other; a caller may leave before an overloaded machine rings a phone."""
    if failed or answered + gave_up < placed:
        return [f"{name}: {placed} placed, {answered} answered, {gave_up} left, {failed} failed"]
    return []


def gave_up(placed: Sequence[SipCall], answered: int) -> int:
    """How many left before anybody answered; none unless a caller hung up himself."""
    left = len(placed) - answered if any(call.hung_up_here for call in placed) else 0
    return max(0, left)  # a call that was handed on is answered by two phones


def moment(iso: str) -> Seconds:
    """Seconds since the epoch of a log line's time."""
    return datetime.fromisoformat(iso).timestamp()


def say(line: str) -> None:
    """Progress, beside the result on standard output."""
    sys.stderr.write(f"bench: {line}\n")
