"""FastAGI: Asterisk connects once per caller and step; a handler talks to the caller by ``AgiChannel``.

Our own server (panoramisk's blocks the loop when a client connects and closes, and swallows cancellation:
defects 20, 21, 24). Whatever happens in a session, the dialplan goes on afterwards.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

from core.ports import CallerGone, TelephonyError, VoiceChannel
from core.vocabulary import Seconds
from telephony.agi_parse import Reply, digits, key, parse_reply, parse_request, quoted, variable_name
from telephony.stats import AgiStats

log = structlog.get_logger()

Handler = Callable[[VoiceChannel], Awaitable[None]]

LONGEST_REQUEST = 64 * 1024
"""Bytes of a request, and of one reply line."""
REQUEST_TIMEOUT: Seconds = 5.0
REPLY_TIMEOUT: Seconds = 5.0
"""For commands that Asterisk answers at once; added to the duration of those that take time."""
LONGEST_SOUND: Seconds = 600.0
FAILED = "-1"
"""The result of a command that was understood and could not be carried out."""
USAGE_LINES = 64
"""Lines of usage text after ``520-`` before a reply is taken for garbage."""


class AgiChannel:
    """One caller in one FastAGI session (``core.ports.VoiceChannel``)."""

    def __init__(
        self, variables: dict[str, str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._variables = variables
        self._reader = reader
        self._writer = writer

    @property
    def variables(self) -> dict[str, str]:
        """The request's ``agi_*`` variables without the prefix, plus ``arg_1``..."""
        return self._variables

    async def play(self, sound: str, interrupt_digits: str = "") -> str:
        """Play a sound; returns the key that interrupted it or ``""``.

        Raises:
            CallerGone: the caller hung up.
            TelephonyError: there is no such sound: nothing was heard.
            ValueError: the path or the keys cannot be sent.
        """
        command = f'STREAM FILE {quoted(sound)} "{digits(interrupt_digits)}"'
        reply = await self._exchange(command, LONGEST_SOUND)
        if reply.result == FAILED:
            # Asterisk says the same to a missing sound and to a hang-up; a living channel tells them apart.
            await self._command("CHANNEL STATUS")
            raise TelephonyError("the sound could not be played")
        return key(reply.result)

    async def wait_digit(self, seconds: Seconds) -> str:
        """Wait for one key; ``""`` when none came in time. Raises ``CallerGone``."""
        milliseconds = max(1, round(seconds * 1000))
        return key((await self._command(f"WAIT FOR DIGIT {milliseconds}", seconds)).result)

    async def set_variable(self, name: str, value: str) -> None:
        """Set a channel variable.

        Raises:
            CallerGone: the caller hung up.
            ValueError: name or value cannot be sent.
        """
        await self._command(f"SET VARIABLE {variable_name(name)} {quoted(value)}")

    async def get_variable(self, name: str) -> str:
        """Read a channel variable; ``""`` when unset. Raises as ``set_variable``."""
        return (await self._command(f"GET VARIABLE {variable_name(name)}")).data

    async def _command(self, command: str, takes: Seconds = 0.0) -> Reply:
        """As ``_exchange``, for commands that fail only because the caller is gone."""
        reply = await self._exchange(command, takes)
        if reply.result == FAILED:
            raise CallerGone("the channel is gone")
        return reply

    async def _exchange(self, command: str, takes: Seconds = 0.0) -> Reply:
        """Send one command and return the reply.

        Raises:
            CallerGone: the channel is dead, or the connection is gone.
            TelephonyError: Asterisk did not understand, or did not answer in time.
        """
        try:
            async with asyncio.timeout(takes + REPLY_TIMEOUT):
                self._writer.write(command.encode() + b"\n")
                await self._writer.drain()
                reply = await self._reply()
        except TimeoutError as error:
            raise TelephonyError("Asterisk did not answer an AGI command in time") from error
        except (asyncio.IncompleteReadError, OSError) as error:
            raise CallerGone("the AGI connection is gone") from error
        except asyncio.LimitOverrunError as error:
            raise TelephonyError("an AGI reply was too long") from error
        if reply.code == 511:  # noqa: PLR2004 - AGI's word for a dead channel
            raise CallerGone("the channel is dead")
        if reply.error:
            raise TelephonyError(f"Asterisk refused an AGI command: {reply.error}")
        return reply

    async def _reply(self) -> Reply:
        """The final reply to the command under way: notices and ``100 Trying`` are read over."""
        while True:
            line = await self._line()
            if line == "HANGUP":
                raise CallerGone("the caller hung up")
            if line.startswith("520-"):
                await self._skip_usage()
            reply = parse_reply(line)
            if reply is not None and reply.code != 100:  # noqa: PLR2004 - AGI's word for "not yet"
                return reply

    async def _skip_usage(self) -> None:
        for _ in range(USAGE_LINES):
            if (await self._line()).startswith("520 "):
                return

    async def _line(self) -> str:
        line = await self._reader.readuntil(b"\n")
        return line.decode("utf-8", "replace").rstrip("\r\n")


class AgiServer:
    """Listens for Asterisk and runs one handler per session.

    Args:
        host: address to listen on.
        port: 0 for a free one; ``port`` tells which after ``start``.
        handlers: path of the AGI request (``agi://host/PATH``) -> handler.
        limit: sessions at a time; more are closed at once, and the dialplan goes on without us.
    """

    def __init__(self, host: str, port: int, handlers: Mapping[str, Handler], *, limit: int = 1000) -> None:
        self.stats = AgiStats()
        self._host = host
        self._port = port
        self._handlers = handlers
        self._limit = limit
        self._server: asyncio.Server | None = None
        self._sessions: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._port

    async def start(self) -> None:
        """Begin to listen; raises ``OSError`` when the address is taken."""
        self._server = await asyncio.start_server(
            self._connected, self._host, self._port, limit=LONGEST_REQUEST, backlog=1024
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and end every session; callers go on in the dialplan."""
        if self._server is not None:
            self._server.close()
            self._server = None
        sessions = list(self._sessions)
        for session in sessions:
            session.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._sessions) >= self._limit:
            self.stats.refused_busy += 1
            log.warning("agi_refused_busy", running=len(self._sessions))
            writer.transport.abort()
            return
        session = asyncio.create_task(self._session(reader, writer))
        self._sessions.add(session)
        self.stats.running = len(self._sessions)
        session.add_done_callback(self._ended)

    def _ended(self, session: asyncio.Task[None]) -> None:
        self._sessions.discard(session)
        self.stats.running = len(self._sessions)

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            variables = await self._request(reader)
            handler = self._handler(variables)
            if variables is not None and handler is not None:
                await self._handle(handler, AgiChannel(variables, reader, writer))
        finally:
            writer.close()

    async def _request(self, reader: asyncio.StreamReader) -> dict[str, str] | None:
        """The request's variables; ``None`` when no complete request came."""
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT):
                block = await reader.readuntil(b"\n\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, OSError) as error:
            self.stats.bad_requests += 1
            log.info("agi_bad_request", error=type(error).__name__)
            return None
        return parse_request(block)

    def _handler(self, variables: dict[str, str] | None) -> Handler | None:
        if variables is None:
            return None
        script = variables.get("network_script", "")
        handler = self._handlers.get(script)
        if handler is None:
            self.stats.unknown_script += 1
            log.warning("agi_unknown_script", length=len(script))
        return handler

    async def _handle(self, handler: Handler, channel: AgiChannel) -> None:
        """Run one handler; nothing but cancellation gets out."""
        self.stats.sessions += 1
        try:
            await handler(channel)
        except CallerGone:
            self.stats.callers_gone += 1
        except Exception:
            self.stats.failures += 1
            log.exception("agi_session_failed", call_id=channel.variables.get("accountcode", ""))
