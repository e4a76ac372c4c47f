"""panoramisk's AMI protocol with guards: bytes in, whole messages out, nothing that arrives can stop it.

Kept from panoramisk: ``Message.from_line`` (parsing of answers), ``Action`` and ``handle_message`` (matching
answers to actions). The numbered defects are listed in the package's docstring.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import structlog
from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

from core.clock import monotonic
from core.ports import TelephonyError
from telephony.actions import LISTS
from telephony.stats import SwitchStats
from telephony.translate import WANTED

log = structlog.get_logger()

END = b"\r\n\r\n"
LONGEST_MESSAGE = 64 * 1024
"""Bytes; the longest genuine message has a few KiB."""

GREETING = b"Asterisk Call Manager/"
WANTED_NAMES = frozenset(name.encode() for name in WANTED)
MAY_REPEAT = ("ChanVariable", "DestChanVariable")
REMEMBERED = 256
"""How many abandoned actions are remembered, to tell their late answers from forged events."""


class GuardedProtocol(AMIProtocol):  # type: ignore[misc] # panoramisk publishes no types
    """One AMI connection, from the greeting to its end; never used twice.

    Args:
        systemname: what Asterisk tags its events with; ``""`` accepts untagged events (tests only).
        on_event: gets every wanted genuine event as a plain dict, from within the read path.
        stats: counters to add to.
    """

    def __init__(
        self, systemname: str, on_event: Callable[[dict[str, str]], None], stats: SwitchStats
    ) -> None:
        self._tag = b"SystemName: " + systemname.encode()
        self._on_event = on_event
        self._stats = stats
        self._rest = b""
        self._skipping = False
        self._greeted = False
        self._abandoned: deque[str] = deque(maxlen=REMEMBERED)
        self.last_received = monotonic()
        loop = asyncio.get_running_loop()
        self.booted: asyncio.Future[None] = loop.create_future()
        """Done when Asterisk has loaded all its modules."""
        self.lost: asyncio.Future[None] = loop.create_future()
        """Done when the connection is gone."""

    # --- sending -------------------------------------------------------------------------------

    def submit(self, action: Action) -> "asyncio.Future[Any]":
        """Send an action once; the future gets its ``Message``, or a list of them."""
        if self.lost.done() or self.transport.is_closing():  # defect 17
            raise TelephonyError("there is no connection to Asterisk")
        future: asyncio.Future[Any] = self.send(action, as_list=None if action["Action"] in LISTS else False)
        return future

    def forget(self, action: Action) -> None:
        """Drop an action that nobody waits for any more (defect 11)."""
        if self.responses.pop(action.id, None) is not None:
            self._abandoned.append(action.id)

    # --- receiving -----------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the transport."""
        super().connection_made(transport)
        self.encoding = "utf-8"

    def data_received(self, data: bytes) -> None:
        """Split what arrived into messages; decoding waits until a message is whole (defect 1)."""
        self.last_received = monotonic()
        data = self._rest + data
        if not self._greeted:
            data = self._greet(data)
        blocks = data.split(END)
        self._rest = blocks.pop()
        for block in blocks:
            if self._skipping:
                self._skipping = False
            elif len(block) > LONGEST_MESSAGE:
                self._stats.oversized += 1
            else:
                self._receive(block)
        if len(self._rest) > LONGEST_MESSAGE:
            self._stats.oversized += not self._skipping
            self._skipping = True
            self._rest = self._rest[-(len(END) - 1) :]

    def _receive(self, block: bytes) -> None:
        """Handle one message; whatever is wrong with it is its own problem (defect 2)."""
        try:
            if block.startswith(b"Event: "):
                self._receive_event(block)
            else:
                self._receive_answer(block)
        except Exception:
            self._stats.malformed += 1
            log.exception("ami_message_failed")

    def _greet(self, data: bytes) -> bytes:
        """Take the greeting off the beginning; anything else at the other end is not Asterisk."""
        if not data.startswith(GREETING[: len(data)]):
            log.error("ami_greeting_missing")
            self.transport.abort()
            return b""
        greeting, end, rest = data.partition(b"\r\n")
        if not end:
            return data
        self.version = greeting.removeprefix(GREETING).decode("ascii", "replace")
        self._greeted = True
        return rest

    def _receive_event(self, block: bytes) -> None:
        """Tell genuine events from answers in lists, and both from what a caller made up.

        Asterisk writes ``Event``, ``Privilege``, ``Timestamp`` and ``SystemName`` before anything that a
        caller can influence, so the tag counts only there.
        """
        prelude = block.split(b"\r\n", 4)
        if self._tag not in prelude[2:4] or (
            prelude[2] != self._tag and b"Timestamp: " not in prelude[2][:11]
        ):
            self._receive_untagged(block, prelude[0])
            return
        self._stats.events += 1
        name = prelude[0][7:]
        if name in WANTED_NAMES:
            self._dispatch(block)
        elif name == b"FullyBooted":
            self._note_booted()

    def _dispatch(self, block: bytes) -> None:
        """Hand a genuine event on, whether or not its ActionID is that of an action of ours (defect 10)."""
        lines = block.decode("utf-8", "replace").split("\r\n")
        # Not by Message.from_line: a plain dict in one step takes a third of the time.
        headers = {name: value for name, _, value in [line.partition(": ") for line in lines]}
        if len(headers) != len(lines) and _has_header_twice(lines):  # one of them is forged
            self._stats.dropped_forged += 1
            return
        try:
            self._on_event(headers)
        except Exception:
            self._stats.sink_errors += 1
            log.exception("event_sink_failed")

    def _receive_untagged(self, block: bytes, first: bytes) -> None:
        message = Message.from_line(block.decode("utf-8", "replace"))
        if message.id in self.responses:
            self.handle_message(message)
        elif first == b"Event: FullyBooted":  # the one event that never has a tag
            self._note_booted()
        elif message.id in self._abandoned:
            self._stats.late += 1
        else:
            self._stats.dropped_forged += 1

    def _receive_answer(self, block: bytes) -> None:
        message = Message.from_line(block.decode("utf-8", "replace"))
        if message is None or message.id is None:
            self._stats.dropped_forged += 1  # the rest of an event that a caller cut in two
        elif message.id in self.responses:
            self.handle_message(message)
        else:
            self._stats.late += 1

    def _note_booted(self) -> None:
        if not self.booted.done():
            self.booted.set_result(None)

    # --- the end -------------------------------------------------------------------------------

    def connection_lost(self, exc: BaseException | None) -> None:
        """Fail everything in flight, once; nothing is ever sent again (defects 4, 5, 6, 13 to 15)."""
        pending = {id(action): action for action in self.responses.values()}
        self.responses.clear()
        for action in pending.values():
            if not action.future.done():
                action.future.set_exception(TelephonyError("the connection to Asterisk was lost"))
        if not self.lost.done():
            self.lost.set_result(None)
        self.closed = True
        log.info("ami_connection_lost", error=type(exc).__name__ if exc else None)

    def close(self) -> None:
        """Close without panoramisk's list of actions to send again (defect 4)."""
        if not self.closed:
            self.closed = True
            self.transport.abort()


def _has_header_twice(lines: list[str]) -> bool:
    """Whether a header is repeated other than those that an operator may have configured to be shown."""
    names = [line.partition(": ")[0] for line in lines if not line.startswith(MAY_REPEAT)]
    return len(set(names)) != len(names)
