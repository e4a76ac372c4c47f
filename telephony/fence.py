"""The leader's mark in Asterisk: ``GLOBAL(ACD_LEADER)`` holds the epoch of the process that may act.

Who takes over writes the mark and waits until its predecessor's last look at it is too old to act upon; who
finds a higher mark stops for good. Actions that change anything are refused while nothing confirms that we
lead (``core.tenure``). ``telephony.ami`` claims after each login, ``telephony.connection`` asks before each
action.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from core.clock import monotonic
from core.ports import TelephonyError
from core.tenure import Tenure

log = structlog.get_logger()

MARK = "GLOBAL(ACD_LEADER)"
AGI = "GLOBAL(ACD_AGI)"

READS = frozenset(
    {
        "BridgeInfo",
        "BridgeList",
        "CoreShowChannels",
        "CoreStatus",
        "DeviceStateList",
        "Getvar",
        "Login",
        "Logoff",
        "PJSIPShowContacts",
        "PJSIPShowEndpoints",
        "Ping",
        "QueueStatus",
        "QueueSummary",
        "Status",
    }
)
"""Actions that change nothing: a process that does not lead may ask."""


class Actions(Protocol):
    """A connection to Asterisk."""

    async def action(self, name: str, **fields: str) -> dict[str, str]:
        """Send one action; raises ``TelephonyError``."""
        ...


class NotTheLeader(TelephonyError):
    """Nothing confirms at the moment that this process leads."""

    def __init__(self) -> None:
        super().__init__("not the leader")


class Fence:
    """Stands between the service and every action that changes something.

    Args:
        tenure: our claim.
        agi: where the dialplan finds our FastAGI, ``HOST:PORT``.
        on_deposed: told once when the mark shows a later leader.
    """

    def __init__(self, tenure: Tenure, agi: str, on_deposed: Callable[[], None]) -> None:
        self._tenure = tenure
        self._agi = agi
        self._on_deposed = on_deposed
        self._looking = asyncio.Lock()
        self.silent_predecessor = False
        """We took over from a process that may merely have stopped, with callers in its FastAGI."""

    def may_act(self) -> bool:
        """Whether nobody else can be acting."""
        return self._tenure.may_act(monotonic())

    async def claim(self, connection: Actions) -> None:
        """Mark Asterisk as ours before anything else is done with it.

        Raises:
            NotTheLeader: there is a later leader.
            TelephonyError: the connection failed.
        """
        if not await self._look(connection):
            await self._mark(connection)
            await self._outwait()
            if not await self._look(connection):
                raise NotTheLeader
        await connection.action("Setvar", Variable=AGI, Value=self._agi)

    async def _outwait(self) -> None:
        """Until whoever led before must have looked at the mark or must not act any more."""
        tenure = self._tenure
        if not (tenure.predecessor_gone and tenure.recorded(monotonic())):
            self.silent_predecessor = not tenure.predecessor_gone
            log.info("waiting_for_the_former_leader", seconds=tenure.timing.fence)
            await asyncio.sleep(tenure.timing.fence)
        tenure.predecessor_gone = True

    async def keep(self, connection: Actions) -> None:
        """Look at the mark again and again, until cancelled or the connection fails."""
        while True:
            if not await self._look(connection):
                if self._tenure.deposed_by:
                    return
                await self._mark(connection)  # somebody late put a lower one there, or cleared it
            await asyncio.sleep(self._tenure.timing.look)

    async def require(self, connection: Actions) -> None:
        """Before an action: after a pause of this process nothing is confirmed, so look first.

        Raises:
            NotTheLeader: it is not confirmed that we lead.
        """
        if self.may_act():
            return
        async with self._looking:
            if not self.may_act() and self._tenure.taken:
                await self._look(connection)
        if not self.may_act():
            raise NotTheLeader

    async def _look(self, connection: Actions) -> bool:
        """Whether the mark is ours."""
        sent = monotonic()
        answer = await connection.action("Getvar", Variable=MARK)
        found = answer.get("Value", "")
        ours = self._tenure.marked(int(found) if found.isascii() and found.isdigit() else 0, sent)
        if self._tenure.deposed_by:
            self._on_deposed()
        return ours

    async def _mark(self, connection: Actions) -> None:
        if self._tenure.deposed_by:
            raise NotTheLeader
        await connection.action("Setvar", Variable=MARK, Value=str(self._tenure.epoch))
