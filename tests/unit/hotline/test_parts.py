import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from hotline.parts import ready_answer, until_ok


class Health:
    """A health page that is well from the third look on."""

    def __init__(self) -> None:
        self.looks = 0

    async def answer(self, _request: web.Request) -> web.Response:
        self.looks += 1
        return web.Response(status=200 if self.looks > 2 else 503, text="asterisk: false")


@pytest.fixture
async def health() -> AsyncIterator[tuple[Health, str]]:
    health = Health()
    app = web.Application()
    app.router.add_get("/readyz", health.answer)
    async with TestServer(app) as server:
        yield health, str(server.make_url("/readyz"))


async def test_it_is_looked_until_all_is_well(health: tuple[Health, str]) -> None:
    async with asyncio.timeout(5):
        await until_ok(health[1])
    assert health[0].looks == 3


async def test_what_is_wrong_is_told(health: tuple[Health, str]) -> None:
    assert await ready_answer(health[1]) == "asterisk: false"


async def test_a_server_that_is_not_there_yet_is_waited_for(unused_tcp_port: int) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}/readyz"
    assert (await ready_answer(url)).startswith("no answer (ClientConnectorError")
    waiting = asyncio.create_task(until_ok(url))
    health = Health()
    app = web.Application()
    app.router.add_get("/readyz", health.answer)
    async with TestServer(app, port=unused_tcp_port), asyncio.timeout(5):
        await waiting
    assert health.looks == 3
