"""Servers on real sockets: ports, slow clients, and an end that does not wait for streams."""

import asyncio

import aiohttp
import pytest
from aiohttp import web

from core import clock
from core.errors import ConfigurationError
from tests.unit.web.samples import Sessions, Things, endpoints
from web.app import create_app
from web.server import HttpServer

pytestmark = pytest.mark.integration


async def test_a_free_port_is_taken_and_told() -> None:
    server = HttpServer(create_app([], Sessions()), "127.0.0.1", 0)
    port = await server.start()
    assert port == server.port > 0
    async with aiohttp.ClientSession() as session:
        response = await session.get(f"http://127.0.0.1:{port}/healthz")
        assert response.status == 200
    await server.stop()
    with pytest.raises(OSError, match="Connect call failed"):
        await asyncio.open_connection("127.0.0.1", port)


async def test_an_address_in_use_is_a_configuration_error() -> None:
    first = HttpServer(create_app([], Sessions()), "127.0.0.1", 0)
    port = await first.start()
    with pytest.raises(ConfigurationError, match=f"cannot listen on 127.0.0.1:{port}"):
        await HttpServer(create_app([], Sessions()), "127.0.0.1", port).start()
    await first.stop()


async def test_stopping_does_not_wait_for_open_streams() -> None:
    started = asyncio.Event()

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"begin")
        started.set()
        await asyncio.Event().wait()
        return response

    app = create_app([], Sessions())
    app.router.add_get("/stream", stream)
    server = HttpServer(app, "127.0.0.1", 0, grace=0.3)
    port = await server.start()
    async with aiohttp.ClientSession() as session:
        response = await session.get(f"http://127.0.0.1:{port}/stream")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        await started.wait()
        began = clock.monotonic()
        await server.stop()
        assert clock.monotonic() - began < 3
        with pytest.raises(aiohttp.ClientError):
            await response.read()


async def test_a_running_request_may_finish() -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_request: web.Request) -> web.Response:
        reached.set()
        await go_on.wait()
        return web.Response(text="done")

    app = create_app([], Sessions())
    app.router.add_get("/slow", slow)
    server = HttpServer(app, "127.0.0.1", 0)
    port = await server.start()
    async with aiohttp.ClientSession() as session:
        asking = asyncio.create_task(session.get(f"http://127.0.0.1:{port}/slow"))
        await reached.wait()
        stopping = asyncio.create_task(server.stop())
        await asyncio.sleep(0)
        go_on.set()
        response = await asking
        assert await response.text() == "done"
        await stopping


async def test_a_body_that_does_not_arrive_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.inputs.BODY_SECONDS", 0.1)
    things = Things()
    server = HttpServer(create_app(endpoints(things), Sessions()), "127.0.0.1", 0)
    port = await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"PUT /api/v1/things/1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer agent\r\n"
        b'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"name":'
    )
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    assert head.startswith(b"HTTP/1.1 408 ")
    assert things.reached == []
    writer.close()
    await server.stop()
