"""One connection to Asterisk's manager interface: connect, log in, send actions, notice when it is dead."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, Self

import structlog

from core.clock import monotonic
from core.ports import TelephonyError
from core.vocabulary import Seconds
from telephony.actions import build
from telephony.fence import AGI, MARK, READS, Fence
from telephony.offset import ClockOffset
from telephony.protocol import GuardedProtocol
from telephony.stats import SwitchStats
from telephony.translate import moment

log = structlog.get_logger()

Row = dict[str, str | list[str]]
"""One message as a plain dict; a header that came several times is a list."""

MISSED_PINGS = 2


class Address(Protocol):
    """How to reach one running Asterisk (``hotline.runtime.AsteriskRuntime``)."""

    @property
    def systemname(self) -> str:
        """What it was started with; events without it are forged."""
        ...

    @property
    def ami_host(self) -> str:
        """Host of the manager interface."""
        ...

    @property
    def ami_port(self) -> int:
        """Its port."""
        ...

    @property
    def ami_user(self) -> str:
        """Name to log in with."""
        ...

    @property
    def ami_secret(self) -> str:
        """Password to log in with."""
        ...


@dataclass(frozen=True, slots=True)
class Timing:
    """Durations of the connection, in seconds."""

    connect_timeout: Seconds = 5.0
    action_timeout: Seconds = 5.0
    boot_timeout: Seconds = 5.0
    """How long to wait for Asterisk to finish loading; it may not say so to a user without ``system``."""
    ping_interval: Seconds = 3.0
    retry_first: Seconds = 0.2
    retry_cap: Seconds = 3.0
    retry_refused: Seconds = 30.0
    """Between attempts while the login is refused."""
    stable_after: Seconds = 30.0
    """A connection that held this long resets the back-off."""


class ActionRefused(TelephonyError):
    """Asterisk answered ``Response: Error``. ``reason`` is its message."""

    def __init__(self, action: str, reason: str) -> None:
        super().__init__(f"Asterisk refused {action}: {reason}")
        self.reason = reason


class LoginRefused(TelephonyError):
    """Asterisk does not know this name, password or address."""


class AmiConnection:
    """A single-use connection; ``telephony.ami`` makes a new one for every attempt (defects 4, 13 to 15)."""

    def __init__(
        self, address: Address, timing: Timing, protocol: GuardedProtocol, stats: SwitchStats
    ) -> None:
        self._address = address
        self._timing = timing
        self._protocol = protocol
        self._stats = stats
        self.fence: Fence | None = None
        """Asked before every action that changes something; ``None``: nobody else can be leading."""

    @classmethod
    async def open(
        cls,
        address: Address,
        timing: Timing,
        on_event: Callable[[dict[str, str]], None],
        stats: SwitchStats,
    ) -> Self:
        """Connect (defect 16: within ``connect_timeout``); raises ``OSError`` or ``TimeoutError``."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(timing.connect_timeout):
            _, protocol = await loop.create_connection(
                lambda: GuardedProtocol(address.systemname, on_event, stats),
                address.ami_host,
                address.ami_port,
            )
        return cls(address, timing, protocol, stats)

    async def login(self) -> None:
        """Log in and wait for Asterisk to be up.

        Raises:
            LoginRefused: wrong name or password.
            TelephonyError: no answer, or the connection was lost.
        """
        try:
            await self.action(
                "Login", Username=self._address.ami_user, Secret=self._address.ami_secret, Events="on"
            )
        except ActionRefused as error:
            raise LoginRefused(error.reason) from error
        await asyncio.wait(
            {self._protocol.booted, self._protocol.lost},
            timeout=self._timing.boot_timeout,
            return_when=asyncio.FIRST_COMPLETED,
        )

    async def action(self, name: str, **fields: str) -> dict[str, str]:
        """Send one action and wait for its answer, once and never again.

        Raises:
            ActionRefused: Asterisk answered with an error.
            TelephonyError: no connection, no answer in time, or lost meanwhile.
            BadField: a value must not be sent.
        """
        answer = await self._exchange(name, fields)
        return {key: value for key, value in answer.items() if isinstance(value, str)}

    async def listing(self, name: str, **fields: str) -> list[Row]:
        """Send one action that is answered by a list; returns the items after checking that all are there.

        Raises:
            TelephonyError: as ``action``; also when the list is incomplete or its count is wrong.
        """
        messages = await self._exchange(name, fields)
        last = dict(messages[-1].items())
        items = [dict(message.items()) for message in messages[1:-1]]
        if last.get("EventList") != "Complete" or last.get("ListItems") != str(len(items)):
            self._stats.action_errors += 1
            raise TelephonyError(f"the answer to {name} is incomplete")
        return items

    async def _exchange(self, name: str, fields: dict[str, str]) -> Any:  # noqa: ANN401 - panoramisk's types
        action = build(name, fields)
        if self.fence is not None and name not in READS and fields.get("Variable") not in (MARK, AGI):
            await self.fence.require(self)
        self._stats.actions += 1
        try:
            async with asyncio.timeout(self._timing.action_timeout):
                answer = await self._protocol.submit(action)
            self._check(name, answer)
        except TimeoutError as error:
            self._stats.action_errors += 1
            raise TelephonyError(f"Asterisk did not answer {name} in time") from error
        except TelephonyError:
            self._stats.action_errors += 1
            raise
        finally:
            self._protocol.forget(action)
        return answer

    @staticmethod
    def _check(name: str, answer: Any) -> None:  # noqa: ANN401 - panoramisk's types
        first = answer[0] if isinstance(answer, list) else answer
        if not first.success:
            message = first.message
            raise ActionRefused(name, message if isinstance(message, str) else "")

    async def ping(self, clock: ClockOffset) -> Seconds:
        """Ask for Asterisk's time, tell the clock, return it.

        Raises:
            TelephonyError: as ``action``; also when the answer holds no time.
        """
        sent = monotonic()
        answer = await self.action("Ping")
        asterisk = moment(answer.get("Timestamp", ""))
        if asterisk is None:
            raise TelephonyError("the answer to Ping holds no time")
        clock.observe(sent, monotonic(), asterisk)
        return asterisk

    async def watch(self, clock: ClockOffset) -> None:
        """Ping until the connection is gone; give it up after two without an answer (defect 3).

        A half-open connection sends nothing, not even a reset. Anything that was received since the ping
        was sent counts as an answer: a loop that was busy must not be taken for a dead peer.
        """
        missed = 0
        while not self._protocol.lost.done():
            sent = monotonic()
            try:
                await self.ping(clock)
            except TelephonyError:
                missed = 0 if self._protocol.last_received >= sent else missed + 1
            else:
                missed = 0
            if missed >= MISSED_PINGS:
                log.error("ami_watchdog_gave_up", missed=missed)
                self._stats.watchdog_aborts += 1
                self.close()
            await asyncio.wait({self._protocol.lost}, timeout=self._timing.ping_interval)

    @property
    def is_lost(self) -> bool:
        """Whether the connection is gone."""
        return self._protocol.lost.done()

    def close(self) -> None:
        """Drop the connection at once; what is in flight fails."""
        self._protocol.close()
