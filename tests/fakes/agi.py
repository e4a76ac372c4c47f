"""Asterisk's side of a FastAGI session, in this process: sends a request, reads commands, answers them."""

import asyncio
import socket
import struct
from typing import Self

CALL_ID = "0f8fad5b-d9cb-469f-a165-70867728950e"


def request(script: str, **variables: str) -> bytes:
    """The header block that Asterisk sends when a session begins."""
    given = {
        "network": "yes",
        "network_script": script,
        "request": f"agi://127.0.0.1/{script}",
        "channel": "PJSIP/trunk-00000001",
        "accountcode": CALL_ID,
        **variables,
    }
    return "".join(f"agi_{name}: {value}\n" for name, value in given.items()).encode() + b"\n"


class FakeAgiClient:
    """One session; ``closed`` is true when the server has ended it."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.transport.abort()

    def send(self, data: str | bytes) -> None:
        self._writer.write(data.encode() if isinstance(data, str) else data)

    def reset(self) -> None:
        """Cut the connection with a TCP reset."""
        handle: socket.socket = self._writer.get_extra_info("socket")
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def command(self) -> str:
        """The next command that the server sends."""
        async with asyncio.timeout(5):
            return (await self._reader.readuntil(b"\n")).decode().rstrip("\n")

    async def expect(self, command: str, reply: str) -> None:
        """The next command must be this one; answer it."""
        got = await self.command()
        assert got == command, got
        self.send(reply + "\n")

    async def closed(self) -> bool:
        """Whether the server ends the session without another word."""
        try:
            async with asyncio.timeout(5):
                return await self._reader.read() == b""
        except ConnectionResetError:
            return True
