"""A whole hotline with people and callers, for the acceptance tests: real Asterisk, PostgreSQL and SIP."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Self

import aiohttp
import asyncpg

from agents.service import AgentService, NewAccount
from core import clock
from core.identity import Role
from core.vocabulary import AgentState, Phone
from db.pool import Database
from hotline.demo.callers import Caller, CallerGroup
from hotline.demo.client import ApiRefused, HotlineClient
from hotline.demo.phones import Answers, Behaviour, PhoneGroup
from hotline.demo.sip import SipServer
from hotline.stack import Stack, scratch_folder, scratch_settings
from tests.conservation import assert_conserved

ADMIN = ("chief", "Head-of-the-centre-1")
PASSWORD = "Seat-in-the-centre-1"

LOOK_SECONDS = 0.02


class Centre:
    """One hotline in a scratch folder; everything it starts it stops."""

    def __init__(self, **overrides: Any) -> None:  # noqa: ANN401 - any setting
        self.folder = scratch_folder()
        overrides.setdefault("queues", ({"name": "citizens", "dialled": (), "wrap_up_seconds": 0},))
        overrides.setdefault("announcement", False)
        overrides.setdefault("rating", False)
        self.stack = Stack(scratch_settings(self.folder, **overrides), supervise=False)
        self.agents: dict[Phone, HotlineClient] = {}
        self._groups: list[PhoneGroup | CallerGroup] = []
        self._closing = contextlib.AsyncExitStack()
        self._named = 0

    async def __aenter__(self) -> Self:
        try:
            await self._closing.enter_async_context(self.stack)
            self.http = await self._closing.enter_async_context(
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)),
            )
            self.database = await asyncpg.create_pool(self.stack.owner_dsn, min_size=0, max_size=2)
            await self._make_chief()
        except BaseException:
            await self._closing.aclose()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        try:
            if error[0] is None:
                await assert_conserved(self.database)
            for group in self._groups:
                with contextlib.suppress(Exception):
                    await group.stop()
            self.database.terminate()
        finally:
            await self._closing.aclose()

    async def _make_chief(self) -> None:
        database = Database(self.stack.dsn, max_size=1)
        await database.connect()
        try:
            people = AgentService(database, ["citizens"], 3600)
            await people.create_account(NewAccount(ADMIN[0], "Chief", Role.ADMINISTRATOR, ADMIN[1]), "test")
        finally:
            await database.close()
        self.chief = await HotlineClient.logged_in(self.http, self.stack.api_url, *ADMIN)

    @property
    def server(self) -> SipServer:
        return SipServer("127.0.0.1", self.stack.sip_port)

    async def phones(self, *phones: str, behaviour: Behaviour | None = None) -> PhoneGroup:
        """Registered phones that behave alike."""
        self._named += 1
        passwords = {Phone(phone): self.stack.phone_password(Phone(phone)) for phone in phones}
        group = PhoneGroup(
            self.server,
            passwords,
            behaviour or Answers(ring_seconds=0.1),
            self.folder / f"phones{self._named}",
        )
        self._groups.append(group)
        await group.start()
        return group

    async def seat(self, phone: str, *, ready: bool = True, queues: Sequence[str] = ()) -> HotlineClient:
        """An agent with an account of his own at a phone."""
        login = f"agent{phone}"
        await self.chief.call(
            "POST",
            "/accounts",
            {
                "login": login,
                "display_name": f"Agent {phone}",
                "role": "agent",
                "password": PASSWORD,
                "queues": list(queues),
            },
        )
        client = await HotlineClient.logged_in(self.http, self.stack.api_url, login, PASSWORD)
        await until(lambda: self._sits(client, phone), "the phone is not taken for registered")
        if ready:
            await client.ask_state(AgentState.READY)
        self.agents[Phone(phone)] = client
        return client

    async def _sits(self, client: HotlineClient, phone: str) -> bool:
        try:
            await client.sit_down(Phone(phone))
        except ApiRefused as refused:
            if refused.code == "phone_not_registered":
                return False
            raise
        return True

    async def staff(self, *phones: str, behaviour: Behaviour | None = None) -> PhoneGroup:
        """Phones of one behaviour with a ready agent at each."""
        group = await self.phones(*phones, behaviour=behaviour)
        for phone in phones:
            await self.seat(phone)
        return group

    async def callers(self, *callers: Caller, rate: float = 5.0, tone: int | None = 440) -> CallerGroup:
        """Callers who begin to call now."""
        self._named += 1
        group = CallerGroup(self.server, callers, self.folder / f"callers{self._named}", rate=rate, tone=tone)
        self._groups.append(group)
        await group.start()
        return group

    async def rows(self, query: str, *args: object) -> list[asyncpg.Record]:
        """What the tables say."""
        return await self.database.fetch(query, *args)

    async def value(self, query: str, *args: object) -> Any:  # noqa: ANN401 - the column knows its type
        """One figure from the tables."""
        return await self.database.fetchval(query, *args)

    async def waiting(self) -> int:
        """Callers in all queues, as the API says."""
        answer = await self.chief.call("GET", "/queues")
        return sum(queue["waiting"] for queue in answer["items"])

    async def settled(self, calls: int, seconds: float = 20.0) -> None:
        """Wait until so many calls have their outcome and every recording is closed."""

        async def done() -> bool:
            ended = await self.value("SELECT count(*) FROM calls WHERE ended_at IS NOT NULL")
            pending = await self.value("SELECT count(*) FROM recordings WHERE state = 'pending'")
            return bool(ended >= calls and pending == 0)

        await until(done, f"{calls} calls are not settled", seconds)

    async def metrics(self) -> dict[str, float]:
        """Every sample of /metrics: ``name{labels}`` -> value."""
        async with self.http.get(self.stack.metrics_url) as response:
            text = await response.text()
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}

    async def total(self, name: str) -> float:
        """The sum of one metric over its labels."""
        samples = await self.metrics()
        return sum(value for key, value in samples.items() if key.split("{")[0] == name)

    def log(self, name: str) -> str:
        """A part's log file."""
        return Path(self.stack.folders.log / f"{name}.log").read_text(encoding="utf-8")


async def until(
    condition: Callable[[], Awaitable[bool]],
    otherwise: str,
    seconds: float = 15.0,
) -> None:
    """Wait until something in another process is so; it tells nobody, so it is looked at."""
    deadline = clock.monotonic() + seconds
    while not await condition():
        if clock.monotonic() > deadline:
            raise AssertionError(f"after {seconds:g} s: {otherwise}")
        await asyncio.sleep(LOOK_SECONDS)
