"""What the long tests share: many callers and agents, and what has to hold after each outage."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from core import clock
from hotline.demo.callers import Caller
from hotline.demo.phones import Answers
from hotline.ports import free_range
from tests.acceptance.centre import Centre, until

QUIET_CALLER = None
"""No sound: two processors carry a hundred calls, not a hundred streams of sound as well."""


def centre_for(calls: int, **overrides: Any) -> Centre:  # noqa: ANN401 - any setting
    """A centre with ports for so many calls."""
    rtp_from, rtp_to = free_range(4 * calls + 40)
    overrides.setdefault("heartbeat_stale_seconds", 60)
    return Centre(rtp_from=rtp_from, rtp_to=rtp_to, **overrides)


def callers(first: int, number: int, **how: Any) -> list[Caller]:  # noqa: ANN401 - any field of a caller
    """Callers with consecutive numbers."""
    return [Caller(f"138{n:08}", **how) for n in range(first, first + number)]


def numbers(first: int, last: int) -> list[str]:
    """Phones."""
    return [str(phone) for phone in range(first, last + 1)]


async def staffed(centre: Centre, phones: list[str], behaviour: Answers) -> None:
    """A ready agent at each phone, with the readiness on the record."""
    await centre.staff(*phones, behaviour=behaviour)
    await until(lambda: _ready(centre, len(phones)), "not everybody is ready on the record")


async def _ready(centre: Centre, number: int) -> bool:
    query = "SELECT count(DISTINCT agent_id) FROM agent_states WHERE to_state = 'READY'"
    return bool(await centre.value(query) >= number)


async def count(centre: Centre, condition: str) -> int:
    """Calls of which this is so."""
    return int(await centre.value(f"SELECT count(*) FROM calls WHERE {condition}"))  # noqa: S608 - our own words


async def until_calls(centre: Centre, number: int, condition: str, seconds: float = 60.0) -> None:
    """Wait until at least so many calls are so."""

    async def so() -> bool:
        return await count(centre, condition) >= number

    await until(so, f"not {number} calls with {condition}", seconds)


async def all_agents_free(centre: Centre, seconds: float = 10.0) -> None:
    """Nobody rings or talks any more."""

    async def free() -> bool:
        agents = (await centre.chief.call("GET", "/agents"))["items"]
        return all(agent["state"]["state"] not in ("RINGING", "TALKING") for agent in agents)

    await until(free, "an agent is held by a call that is over", seconds)


@asynccontextmanager
async def answer_times(centre: Centre, every: float = 0.05) -> AsyncIterator[list[float]]:
    """How long the service's loop takes to answer, asked all the time."""
    times: list[float] = []

    async def ask() -> None:
        async with aiohttp.ClientSession() as http:
            while True:
                began = clock.monotonic()
                async with http.get(f"{centre.stack.api_url}/healthz") as answer:
                    await answer.read()
                times.append(clock.monotonic() - began)
                await asyncio.sleep(every)

    asking = asyncio.create_task(ask())
    try:
        yield times
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
