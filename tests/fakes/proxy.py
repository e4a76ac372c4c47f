"""A TCP proxy that breaks connections on purpose: delay, split, black hole, reset, cut at a given message."""

import asyncio
import socket
import struct
from collections.abc import Callable
from types import TracebackType
from typing import Self

Cut = Callable[[bytes], bool]
"""Sees each piece on its way; ``True`` cuts the connection instead of passing it on."""


class FaultProxy:
    """Stands between a client and ``host:port``; use as ``async with``.

    Attributes:
        split: pass on at most this many bytes at a time, 0: as they come.
        delay: seconds before each piece.
        hole: pass nothing on while set, and lose nothing.
        refuse: reset new connections.
        cut_request: judged for each piece from the client, before it is passed on.
        cut_answer: judged for each piece from the server; the client never sees the piece.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server: asyncio.Server | None = None
        self._pipes: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._open = asyncio.Event()
        self._open.set()
        self.split = 0
        self.delay = 0.0
        self.refuse = False
        self.cut_request: Cut | None = None
        self.cut_answer: Cut | None = None
        self.connections = 0

    @property
    def port(self) -> int:
        """Where clients connect, on 127.0.0.1."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def hole(self) -> bool:
        """Whether everything is swallowed for the time being."""
        return not self._open.is_set()

    @hole.setter
    def hole(self, value: bool) -> None:
        if value:
            self._open.clear()
        else:
            self._open.set()

    def reset(self) -> None:
        """End every connection with a TCP reset, now."""
        for writer in tuple(self._writers):
            _reset(writer)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for pipe in tuple(self._pipes):
            pipe.cancel()
        await asyncio.gather(*self._pipes, return_exceptions=True)
        self.reset()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.refuse:
            _reset(writer)
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            _reset(writer)
            return
        pair = (writer, far_writer)
        self._writers.update(pair)
        for source, sink, judge in (
            (reader, far_writer, lambda: self.cut_request),
            (far_reader, writer, lambda: self.cut_answer),
        ):
            task = asyncio.create_task(self._pipe(source, sink, judge, pair))
            self._pipes.add(task)
            task.add_done_callback(self._pipes.discard)

    async def _pipe(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        judge: Callable[[], Cut | None],
        pair: tuple[asyncio.StreamWriter, ...],
    ) -> None:
        try:
            while piece := await source.read(self.split or 65536):
                await asyncio.sleep(self.delay)
                await self._open.wait()
                cut = judge()
                if cut is not None and cut(piece):
                    break
                sink.write(piece)
                await sink.drain()
        except OSError:
            pass
        finally:
            for writer in pair:
                _reset(writer)
            self._writers.difference_update(pair)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST: unsent data is dropped, the other side gets an error instead of an end."""
    sock = writer.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.close()
