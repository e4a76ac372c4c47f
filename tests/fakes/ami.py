"""A manager interface in this process: answers as scripted, and can split, delay, reset, and stay silent."""

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

Action = dict[str, str]
Answerer = Callable[[Action], str]

SYSTEMNAME = "tag-4f1e"
USER, SECRET = "hotline", "correct horse"
EPOCH = 1_800_000_000.25
"""What the fake's clock shows at every Ping."""


@dataclass(frozen=True)
class FakeAddress:
    """Where a fake is, as ``telephony.connection.Address`` wants it."""

    ami_port: int
    ami_host: str = "127.0.0.1"
    ami_user: str = USER
    ami_secret: str = SECRET
    systemname: str = SYSTEMNAME


def block(headers: Mapping[str, str] | list[tuple[str, str]]) -> str:
    """One message."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return "".join(f"{name}: {value}\r\n" for name, value in pairs) + "\r\n"


def event(name: str, at: float = EPOCH, tag: str = SYSTEMNAME, **headers: str) -> str:
    """A genuine event, with its prelude."""
    prelude = {"Event": name, "Privilege": "call,all", "Timestamp": f"{at:.6f}", "SystemName": tag}
    return block({**prelude, **{key.replace("_", "-"): value for key, value in headers.items()}})


def success(action: Action, message: str = "", **headers: str) -> str:
    said = {"Message": message} if message else {}
    return block({"Response": "Success", "ActionID": action["ActionID"], **said, **headers})


def error(action: Action, message: str) -> str:
    return block({"Response": "Error", "ActionID": action["ActionID"], "Message": message})


def listing(
    action: Action,
    name: str,
    items: list[list[tuple[str, str]]],
    count: int | None = None,
    end: str = "Complete",
) -> str:
    """A list answer; ``count`` and ``end`` can lie."""
    number = action["ActionID"]
    start = [
        ("Response", "Success"),
        ("ActionID", number),
        ("EventList", "start"),
        ("Message", "will follow"),
    ]
    rows = [block([("Event", name), *item, ("ActionID", number)]) for item in items]
    last = {"Event": f"{name}Complete", "ActionID": number, "EventList": end}
    return (
        block(start)
        + "".join(rows)
        + block({**last, "ListItems": str(len(items) if count is None else count)})
    )


class FakeAmi:
    """Listens on a free port; ``actions`` holds what came, over all connections."""

    def __init__(self) -> None:
        self.actions: list[Action] = []
        self.connections = 0
        self.silent = False
        """Take everything in and answer nothing: a black hole."""
        self.chunk = 0
        """Bytes per packet; 0: as a whole."""
        self.delay = 0.0
        """Seconds before each answer."""
        self.booted = True
        """Say FullyBooted after the login."""
        self.answers: dict[str, Answerer] = {
            "Login": self._login,
            "Ping": lambda action: success(action, Ping="Pong", Timestamp=f"{EPOCH:.6f}"),
            "Status": lambda action: listing(action, "Status", []),
            "DeviceStateList": lambda action: listing(action, "DeviceStateChange", []),
            "QueueStatus": lambda action: listing(action, "QueueMember", []),
        }
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.reset()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5)

    @property
    def address(self) -> FakeAddress:
        return FakeAddress(self.port)

    def names(self) -> list[str]:
        """Names of the actions that came."""
        return [action["Action"] for action in self.actions]

    async def until(self, wanted: Callable[[], bool], deadline: float = 5.0) -> None:
        """Return when something that the fake sees has become true."""
        async with asyncio.timeout(deadline), self._changed:
            await self._changed.wait_for(wanted)

    def send(self, text: str | bytes) -> None:
        """Send to everybody who is connected, as one packet."""
        data = text.encode() if isinstance(text, str) else text
        for writer in self._writers:
            writer.write(data)

    def reset(self) -> None:
        """Cut every connection with a TCP reset."""
        for writer in list(self._writers):
            handle: socket.socket = writer.get_extra_info("socket")
            with suppress(OSError):
                handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        self._writers.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._writers.add(writer)
        self.connections += 1
        try:
            writer.write(b"Asterisk Call Manager/11.0.0\r\n")
            while True:
                await self._note(_parse(await reader.readuntil(b"\r\n\r\n")), writer)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self._writers.discard(writer)
            writer.transport.abort()
            async with self._changed:
                self._changed.notify_all()

    async def _note(self, action: Action, writer: asyncio.StreamWriter) -> None:
        self.actions.append(action)
        async with self._changed:
            self._changed.notify_all()
        if self.silent:
            return
        if self.delay:
            await asyncio.sleep(self.delay)
        answer = self.answers.get(action["Action"], success)(action)
        await self._write(writer, answer.encode())

    async def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        step = self.chunk or len(data) or 1
        for start in range(0, len(data), step):
            writer.write(data[start : start + step])
            await writer.drain()
            if self.chunk:
                await asyncio.sleep(0)

    def _login(self, action: Action) -> str:
        if (action.get("Username"), action.get("Secret")) != (USER, SECRET):
            return error(action, "Authentication failed")
        booted = block({"Event": "FullyBooted", "Privilege": "system,all", "Status": "Fully Booted"})
        return success(action, "Authentication accepted") + (booted if self.booted else "")


def _parse(data: bytes) -> Action:
    lines = data.decode().rstrip("\r\n").split("\r\n")
    return dict(line.split(": ", 1) for line in lines)
