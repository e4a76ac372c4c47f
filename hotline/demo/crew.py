"""Demo agents: accounts, sessions and seats at phones that answer; put back in order whatever happens."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp
import structlog

from core.errors import HotlineError
from core.vocabulary import AgentId, AgentState, Phone, Seconds
from hotline.demo.client import CONFLICT, ApiRefused, HotlineClient
from hotline.demo.phones import Behaviour, PhoneGroup
from hotline.demo.sip import SipServer
from hotline.demo.siplog import SipCall
from hotline.demo.target import Target

log = structlog.get_logger()

LOOK_SECONDS: Seconds = 0.5
"""How often an agent looks at the own state, to end the wrap-up."""
LOGINS_AT_ONCE = 4
"""Checking a password takes the hotline a fraction of a second of CPU on purpose."""


@dataclass(frozen=True, slots=True)
class Agent:
    """One demo agent.

    Args:
        login: of the account; made if it does not exist.
        display_name: shown to others.
        phone: where the agent sits.
        behaviour: what the phone does when called.
    """

    login: str
    display_name: str
    phone: Phone
    behaviour: Behaviour


class Crew:
    """Agents at their phones, from ``async with`` to its end.

    Args:
        target: the running hotline.
        http: connections to its API.
        administrator: session that may create accounts.
        agents: who takes part.
        folder: for what SIPp reads and logs.
        wrap_up_seconds: after which an agent is ready again; ``None``: the hotline ends the wrap-up.
    """

    def __init__(
        self,
        target: Target,
        http: aiohttp.ClientSession,
        administrator: HotlineClient,
        agents: Sequence[Agent],
        folder: Path,
        wrap_up_seconds: Seconds | None = None,
    ) -> None:
        self.agents = tuple(agents)
        self.phones: dict[AgentId, Phone] = {}
        """Who sits where."""
        self._target = target
        self._http = http
        self._administrator = administrator
        self._wrap_up_seconds = wrap_up_seconds
        self._sessions: dict[str, HotlineClient] = {}
        self._desks: list[asyncio.Task[None]] = []
        self.groups = [
            PhoneGroup(
                target.sip,
                {agent.phone: target.phone_password(agent.phone) for agent in members},
                behaviour,
                folder,
                name=f"phones-{index}",
            )
            for index, (behaviour, members) in enumerate(_by_behaviour(agents).items())
        ]

    async def __aenter__(self) -> Self:
        try:
            for group in self.groups:
                await group.start()
            await _few_at_a_time(self._enter(agent) for agent in self.agents)
        except BaseException:
            await self._leave()
            raise
        if self._wrap_up_seconds is not None:
            self._desks = [asyncio.create_task(self._desk(client)) for client in self._sessions.values()]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._leave()

    @property
    def server(self) -> SipServer:
        """Where the phones are registered."""
        return self._target.sip

    def calls(self) -> list[SipCall]:
        """The calls that reached the phones so far; ``user`` is the phone."""
        return sorted((call for group in self.groups for call in group.calls()), key=lambda c: c.invited_at)

    def errors(self) -> str:
        """What the phones' SIPp complained about; ``""`` for nothing."""
        return "".join(group.errors() for group in self.groups)

    async def _enter(self, agent: Agent) -> None:
        """Account, session, seat, READY."""
        password = self._target.agent_password(agent.login)
        await self._administrator.create_agent(agent.login, agent.display_name, password)
        client = await HotlineClient.logged_in(self._http, self._target.base_url, agent.login, password)
        self._sessions[agent.login] = client
        me = await client.me()
        self.phones[me.id] = agent.phone
        if me.phone is not None:
            # Left over from a demo that was killed.
            await client.leave_seat()
        await client.sit_down(agent.phone)
        await client.ask_state(AgentState.READY)

    async def _leave(self) -> None:
        """Phones hang up, agents log out, phones unregister; one failure does not keep the rest."""
        for desk in self._desks:
            desk.cancel()
        await asyncio.gather(*self._desks, return_exceptions=True)
        for group in self.groups:
            await _try(group.hang_up(), "phones_not_stopped")
        leaving = (_try(self._log_out(client), "agent_not_logged_out") for client in self._sessions.values())
        await asyncio.gather(*leaving)
        self._sessions.clear()
        for group in self.groups:
            await _try(group.stop(), "phones_not_unregistered")

    async def _log_out(self, client: HotlineClient) -> None:
        async with asyncio.timeout(10):
            await _when_allowed(client.leave_seat)
            await client.log_out()

    async def _desk(self, client: HotlineClient) -> None:
        """What an agent does between calls: end the wrap-up when the notes are written."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            with contextlib.suppress(ApiRefused):
                if (await client.me()).state == AgentState.WRAP_UP:
                    await asyncio.sleep(self._wrap_up_seconds or 0)
                    await client.ask_state(AgentState.READY)


def _by_behaviour(agents: Iterable[Agent]) -> dict[Behaviour, list[Agent]]:
    groups: dict[Behaviour, list[Agent]] = {}
    for agent in agents:
        groups.setdefault(agent.behaviour, []).append(agent)
    return groups


async def _few_at_a_time(work: Iterable[Awaitable[None]]) -> None:
    gate = asyncio.Semaphore(LOGINS_AT_ONCE)

    async def one(item: Awaitable[None]) -> None:
        async with gate:
            await item

    async with asyncio.TaskGroup() as tasks:
        for item in work:
            tasks.create_task(one(item))


async def _when_allowed(leave: Callable[[], Awaitable[None]]) -> None:
    """Leave the seat as soon as the hotline sees the call as ended."""
    while True:
        try:
            return await leave()
        except ApiRefused as refused:
            if refused.status != CONFLICT:
                raise
        await asyncio.sleep(LOOK_SECONDS)


async def _try(work: Awaitable[None], event: str) -> None:
    """Clean up as far as possible: a failure is logged and the rest goes on."""
    try:
        await work
    except (HotlineError, TimeoutError, OSError) as error:
        log.warning(event, error=str(error))
