"""A raw AMI client for tests: keeps every block as it came, line by line."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from hotline.asterisk.layout import RenderedAsterisk


@dataclass(frozen=True)
class Block:
    """One AMI message."""

    lines: tuple[str, ...]

    def __getitem__(self, name: str) -> str:
        start = f"{name}: "
        return next((line[len(start) :] for line in self.lines if line.startswith(start)), "")

    @property
    def kind(self) -> str:
        """Name of the event; of a user event its own name."""
        return self["UserEvent"] or self["Event"]


@dataclass
class Ami:
    """A connection, logged in."""

    rendered: RenderedAsterisk
    blocks: list[Block] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(
            self.rendered.ami_host, self.rendered.ami_port
        )
        self._changed = asyncio.Condition()
        self._numbers = itertools.count(1)
        self.banner = (await self._reader.readline()).decode().strip()
        self._task = asyncio.create_task(self._read())
        answer = await self.ask("Login", Username=self.rendered.ami_user, Secret=self.rendered.ami_secret)
        assert answer["Response"] == "Success", answer
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        self._writer.close()

    async def ask(self, action: str, **headers: str) -> Block:
        """Carry out an action; returns the first block of the answer."""
        number = f"t{next(self._numbers)}"
        lines = [f"Action: {action}", f"ActionID: {number}", *(f"{k}: {v}" for k, v in headers.items())]
        self._writer.write("".join(f"{line}\r\n" for line in [*lines, ""]).encode())
        return await self.until(lambda block: block["ActionID"] == number and block["Response"] != "")

    async def listing(self, action: str, last: str, **headers: str) -> list[Block]:
        """Carry out an action that answers with a list; returns its items."""
        answer = await self.ask(action, **headers)
        assert answer["Response"] == "Success", answer
        number = answer["ActionID"]
        await self.until(lambda block: block["ActionID"] == number and block["Event"] == last)
        return [b for b in self.blocks if b["ActionID"] == number and b["Event"] not in {"", last}]

    async def setvar(self, name: str, value: str, channel: str = "") -> None:
        where = {"Channel": channel} if channel else {}
        assert (await self.ask("Setvar", **where, Variable=name, Value=value))["Response"] == "Success"

    async def getvar(self, name: str, channel: str = "") -> str:
        where = {"Channel": channel} if channel else {}
        return (await self.ask("Getvar", **where, Variable=name))["Value"]

    async def redirect(self, channel: str, context: str, exten: str) -> Block:
        return await self.ask("Redirect", Channel=channel, Context=context, Exten=exten, Priority="1")

    async def until(self, wanted: Callable[[Block], bool], deadline: float = 5.0, count: int = 1) -> Block:
        """The ``count``-th block that is wanted, among those that came and those that come."""

        def found() -> list[Block]:
            return [block for block in self.blocks if wanted(block)]

        try:
            async with asyncio.timeout(deadline), self._changed:
                await self._changed.wait_for(lambda: len(found()) >= count)
        except TimeoutError:
            kinds = [block.kind or block["Response"] for block in self.blocks]
            raise AssertionError(f"waited in vain; got {kinds}") from None
        return found()[count - 1]

    async def event(self, kind: str, deadline: float = 5.0, count: int = 1, **headers: str) -> Block:
        """The ``count``-th event of this kind with these headers."""

        def wanted(block: Block) -> bool:
            return block.kind == kind and all(block[name] == value for name, value in headers.items())

        return await self.until(wanted, deadline, count)

    def events(self, kind: str) -> list[Block]:
        return [block for block in self.blocks if block.kind == kind]

    async def _read(self) -> None:
        while True:
            try:
                data = await self._reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                return
            async with self._changed:
                self.blocks.append(Block(tuple(data.decode().split("\r\n")[:-2])))
                self._changed.notify_all()
