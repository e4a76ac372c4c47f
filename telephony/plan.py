"""What Asterisk has to know of the plan, and how it gets to know it while calls go on.

The dialplan finds queue, greeting, music and ring time of a call in global variables, so that a new line
needs no reload; its own queues, which serve callers while the service is away, are a file that Asterisk reads
again.
"""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil

import structlog

from core.plan import QueueRules, RoutingPlan
from telephony.actions import BadField
from telephony.connection import AmiConnection

log = structlog.get_logger()

AT_ONCE = 100
"""How many variables are sent without waiting for the answers."""

GLOBAL = re.compile(
    r"(?:DEFAULT_QUEUE|(?:RING|MUSIC|GREETING)_[a-z0-9_]{1,40}|LINE_(?:QUEUE|GREETING)_[0-9]{2,20})"
)
"""The names of the plan's global variables; docs/contracts.md lists them."""
VALUE = re.compile(r"[A-Za-z0-9_-]{0,40}")


@dataclass(frozen=True, slots=True)
class NativeQueue:
    """One of Asterisk's own queues, as its file describes it."""

    name: str
    ring_seconds: int
    wrap_up_seconds: int
    service_level_seconds: int
    music: str


def global_variables(plan: RoutingPlan) -> dict[str, str]:
    """Every global variable that the dialplan uses for this plan. Pure."""
    found = dict(_variables(plan))
    for name, value in found.items():
        if not (GLOBAL.fullmatch(name) and VALUE.fullmatch(value)):
            raise BadField(f"{name} cannot be a variable of the dialplan", field=name)
    return found


def _variables(plan: RoutingPlan) -> Iterator[tuple[str, str]]:
    yield "DEFAULT_QUEUE", plan.default_queue
    for name, queue in plan.queues.items():
        yield f"RING_{name}", str(round(queue.ring_seconds))
        yield f"MUSIC_{name}", queue.music
        yield f"GREETING_{name}", queue.greeting
    for number, line in plan.lines.items():
        yield f"LINE_QUEUE_{number}", line.queue
        yield f"LINE_GREETING_{number}", line.greeting


def native_queues(plan: RoutingPlan) -> list[NativeQueue]:
    """Asterisk's own queue for each of the plan's. Pure."""
    return [_native(queue) for queue in plan.queues.values()]


def _native(queue: QueueRules) -> NativeQueue:
    return NativeQueue(
        name=queue.name,
        ring_seconds=round(queue.ring_seconds),
        wrap_up_seconds=ceil(queue.wrap_up_seconds),
        service_level_seconds=round(queue.service_level_seconds),
        music=queue.music,
    )


class PlanMirror:
    """Keeps one Asterisk in line with the plan.

    Args:
        write_files: writes Asterisk's files of the plan and says whether they are where Asterisk reads them;
            called in a thread.
    """

    def __init__(self, write_files: Callable[[RoutingPlan], bool]) -> None:
        self._write_files = write_files
        self._wanted: RoutingPlan | None = None
        self._told: Mapping[str, str] = {}
        self._files_of: RoutingPlan | None = None
        self._turn = asyncio.Lock()

    def want(self, plan: RoutingPlan) -> None:
        """Remember the plan."""
        self._wanted = plan

    def forget(self) -> None:
        """What Asterisk knows is no longer known: there is a new connection."""
        self._told, self._files_of = {}, None

    async def settle(self, connection: AmiConnection) -> bool:
        """Tell Asterisk what it does not know yet.

        Returns:
            Whether its own queues may be others now.

        Raises:
            TelephonyError: an action failed; what was told before that holds.
        """
        async with self._turn:
            plan = self._wanted
            if plan is None:
                return False
            renewed = await self._files(connection, plan)
            await self._variables(connection, plan)
            return renewed

    async def _files(self, connection: AmiConnection, plan: RoutingPlan) -> bool:
        if plan is self._files_of:
            return False
        if not await asyncio.to_thread(self._write_files, plan):
            log.info("native_queues_not_written")
            return False
        await connection.action("QueueReload", Parameters="yes")
        self._files_of = plan
        return True

    async def _variables(self, connection: AmiConnection, plan: RoutingPlan) -> None:
        wanted = global_variables(plan)
        # A call that still names a queue that is gone must find its ring time: only lines are taken back.
        gone = {name: "" for name in self._told if name not in wanted and name.startswith("LINE_")}
        news = [(n, v) for n, v in {**wanted, **gone}.items() if self._told.get(n) != v]
        for start in range(0, len(news), AT_ONCE):
            part = news[start : start + AT_ONCE]
            await asyncio.gather(*(_set(connection, name, value) for name, value in part))
            self._told = {**self._told, **dict(part)}


async def _set(connection: AmiConnection, name: str, value: str) -> None:
    await connection.action("Setvar", Variable=f"GLOBAL({name})", Value=value)
