"""Protocols without a network: what is written is kept, what arrives is fed byte for byte."""

import asyncio
from collections.abc import Callable
from typing import Any

from panoramisk import Manager
from panoramisk.ami_protocol import AMIProtocol

from telephony.protocol import GuardedProtocol
from telephony.stats import SwitchStats
from tests.fakes.ami import SYSTEMNAME

GREETING = b"Asterisk Call Manager/11.0.0\r\n"


class Wire:
    """A transport that goes nowhere."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.closed = True

    abort = close

    def is_closing(self) -> bool:
        return self.closed


class Guarded:
    """A ``GuardedProtocol`` on a wire; ``events`` holds what it handed on."""

    def __init__(
        self, sink: Callable[[dict[str, str]], None] | None = None, greeting: bytes = GREETING
    ) -> None:
        self.events: list[dict[str, str]] = []
        self.stats = SwitchStats()
        self.wire = Wire()
        self.protocol = GuardedProtocol(SYSTEMNAME, sink or self.events.append, self.stats)
        self.protocol.connection_made(self.wire)  # type: ignore[arg-type] # as much of a transport as is used
        self.protocol.data_received(greeting)

    def feed(self, *pieces: str | bytes) -> None:
        for piece in pieces:
            self.protocol.data_received(piece.encode() if isinstance(piece, str) else piece)


class Bare:
    """panoramisk's own ``Manager`` and ``AMIProtocol`` on a wire, connected and without a login."""

    def __init__(self, **config: Any) -> None:  # noqa: ANN401 - panoramisk's types
        loop = asyncio.get_running_loop()
        self.events: list[Any] = []
        self.wire = Wire()
        self.protocol = AMIProtocol()
        self.protocol.connection_made(self.wire)
        self.manager = Manager(loop=loop, **config)
        made: asyncio.Future[Any] = loop.create_future()
        made.set_result((self.wire, self.protocol))
        self.manager.connection_made(made)
        self.manager.pinger.cancel()
        self.manager.register_event("*", lambda _, event: self.events.append(event))

    def feed(self, *pieces: str | bytes) -> None:
        for piece in pieces:
            self.protocol.data_received(piece.encode() if isinstance(piece, str) else piece)
