"""What is going on, in one line: callers, agents, today's figures, the parts. Shown by ``hotline run``.

The figures come from where everybody else gets them too: the live ones from the service's own /metrics, those
of the day from the database (a counter of the service starts at 0 with each of its restarts).
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

import aiohttp
import asyncpg
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from rich.live import Live
from rich.text import Text

from core import clock
from core.vocabulary import AgentState, Seconds
from hotline.supervisor import PartState

LIVE_EVERY: Seconds = 1.0
TODAY_EVERY: Seconds = 5.0
PATIENCE = aiohttp.ClientTimeout(total=2.0)

TODAY = """
SELECT count(*) FILTER (WHERE answered_at IS NOT NULL) AS answered,
       count(*) FILTER (WHERE outcome = 'abandoned') AS abandoned
FROM calls WHERE arrived_at >= to_timestamp($1::float8)
"""

SHOWN_STATES = (
    (AgentState.READY, "ready"),
    (AgentState.RINGING, "ringing"),
    (AgentState.TALKING, "talking"),
    (AgentState.WRAP_UP, "wrap-up"),
    (AgentState.BREAK, "on break"),
    (AgentState.STRESS_ROOM, "in the stress room"),
    (AgentState.NOT_RESPONDING, "not responding"),
    (AgentState.OUTBOUND, "outbound"),
)


@dataclass(frozen=True, slots=True)
class Figures:
    """The live figures as /metrics gives them."""

    waiting: int = 0
    longest_wait: Seconds = 0.0
    agents: Mapping[str, int] = field(default_factory=dict)
    """State -> how many; only states that somebody is in."""


@dataclass(frozen=True, slots=True)
class Today:
    """The day's calls since midnight, local time."""

    answered: int = 0
    abandoned: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    """Everything the line says; ``None`` where the source did not answer."""

    figures: Figures | None = None
    today: Today | None = None
    parts: Mapping[str, PartState] = field(default_factory=dict)

    def steady(self) -> "Status":
        """The same without what changes by itself every second: two equal ones say the same news."""
        return replace(self, figures=self.figures and replace(self.figures, longest_wait=0.0))


def read_figures(text: str) -> Figures:
    """The figures out of the text that /metrics answers with."""
    waiting, longest, agents = 0, 0.0, {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "hotline_queue_calls":
                waiting += int(sample.value)
            elif sample.name == "hotline_queue_longest_wait_seconds":
                longest = max(longest, sample.value)
            elif sample.name == "hotline_agents" and sample.value:
                agents[sample.labels["state"]] = int(sample.value)
    return Figures(waiting, longest, agents)


def describe(status: Status) -> str:
    """The line."""
    return " | ".join(
        (_callers(status.figures), _agents(status.figures), _today(status.today), _parts(status.parts))
    )


def _callers(figures: Figures | None) -> str:
    if figures is None:
        return "callers ?"
    if figures.waiting == 0:
        return "nobody waits"
    return f"{figures.waiting} waiting, longest {_clock(figures.longest_wait)}"


def _clock(seconds: Seconds) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _agents(figures: Figures | None) -> str:
    if figures is None:
        return "agents ?"
    said = [f"{figures.agents[state]} {word}" for state, word in SHOWN_STATES if figures.agents.get(state)]
    return "agents: " + (", ".join(said) or "none logged in")


def _today(today: Today | None) -> str:
    if today is None:
        return "today ?"
    return f"today {today.answered} answered, {today.abandoned} abandoned"


def _parts(parts: Mapping[str, PartState]) -> str:
    troubled = [f"{name} {state.value}" for name, state in parts.items() if state is not PartState.RUNNING]
    return ", ".join(troubled) or "all parts running"


def midnight(now: Seconds) -> Seconds:
    """The beginning of the local day."""
    day = datetime.fromtimestamp(now).astimezone()
    return day.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


class StatusSource:
    """Gathers the status; a source that does not answer leaves its part unknown.

    Args:
        metrics_url: where the service's figures are.
        dsn: the database.
        parts: asked for the state of the parts.
    """

    def __init__(self, metrics_url: str, dsn: str, parts: Callable[[], Mapping[str, PartState]]) -> None:
        self._url = metrics_url
        self._dsn = dsn
        self._parts = parts
        self._today: Today | None = None
        self._today_at: Seconds | None = None

    async def gather(self) -> Status:
        """Everything now."""
        figures, today = await asyncio.gather(self._read_figures(), self._read_today())
        return Status(figures, today, dict(self._parts()))

    async def _read_figures(self) -> Figures | None:
        try:
            async with aiohttp.ClientSession(timeout=PATIENCE) as session, session.get(self._url) as answer:
                answer.raise_for_status()
                return read_figures(await answer.text())
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return None

    async def _read_today(self) -> Today | None:
        now = clock.monotonic()
        if self._today_at is None or now - self._today_at >= TODAY_EVERY:
            self._today_at = now
            self._today = await read_today(self._dsn)
        return self._today


async def read_today(dsn: str) -> Today | None:
    """The day's figures from the database, ``None`` when it does not answer."""
    try:
        async with asyncio.timeout(PATIENCE.total):
            connection = await asyncpg.connect(dsn)
            try:
                row = await connection.fetchrow(TODAY, midnight(clock.wall()))
            finally:
                # close() waits for the server and may hang on a frozen one.
                connection.terminate()
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return None
    return Today(row["answered"], row["abandoned"]) if row is not None else None


class Display:
    """Shows one line that changes in place on a terminal, else a line for every piece of news.

    Args:
        console: where to.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self._last: Status | None = None

    @contextmanager
    def shown(self) -> Iterator["Display"]:
        """While inside, ``update`` changes the line."""
        if not self._console.is_terminal:
            yield self
            return
        with Live(Text(""), console=self._console, auto_refresh=False) as live:
            self._live = live
            try:
                yield self
            finally:
                self._live = None

    def update(self, status: Status) -> None:
        """Show the status; a terminal that is gone is no reason to stop."""
        with suppress(OSError):
            if self._live is not None:
                self._live.update(Text(f"{_time()}  {describe(status)}"), refresh=True)
            elif self._last is None or status.steady() != self._last.steady():
                self.note(describe(status))
        self._last = status

    def note(self, text: str) -> None:
        """Say something once, above the line."""
        with suppress(OSError):
            self._console.print(f"{_time()}  {text}", markup=False, highlight=False, soft_wrap=True)

    def text(self, text: str) -> None:
        """Show lines as they are, to be read and copied."""
        with suppress(OSError):
            self._console.print(f"\n{text}", markup=False, highlight=False, soft_wrap=True)


def _time() -> str:
    return datetime.fromtimestamp(clock.wall()).astimezone().strftime("%H:%M:%S")


async def keep_showing(source: StatusSource, display: Display) -> None:
    """Show the status for ever."""
    while True:
        display.update(await source.gather())
        await asyncio.sleep(LIVE_EVERY)
