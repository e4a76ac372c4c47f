"""``/healthz`` (the process is alive) and ``/readyz`` (it can do its work)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog
from aiohttp import web

log = structlog.get_logger()

Check = Callable[[], Awaitable[object]]
"""Raises, or gives ``False``, when a part is not as it should be."""

CHECK_SECONDS = 3.0


async def alive(_request: web.Request) -> web.Response:
    """The event loop turns: that is all it says."""
    return web.json_response({"status": "ok"})


def readiness(
    checks: Mapping[str, Check], standing: Callable[[], str] | None = None
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Handler that makes all checks at once: 200 when all pass, else 503; says which, not why.

    ``standing`` says what this process is: a load balancer sends people to the ``leader``.
    """

    async def ready(_request: web.Request) -> web.Response:
        passed = await asyncio.gather(*(_passes(name, check) for name, check in checks.items()))
        result = dict(zip(checks, passed, strict=True))
        body: dict[str, object] = {
            "status": "ok" if all(passed) else "unavailable",
            "checks": {name: "ok" if good else "failed" for name, good in result.items()},
        }
        if standing is not None:
            body["standing"] = standing()
        return web.json_response(body, status=200 if all(passed) else 503)

    return ready


async def _passes(name: str, check: Check) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check() is not False
    except Exception as error:  # noqa: BLE001 - whatever it is, the part is not ready
        log.warning("not_ready", check=name, reason=type(error).__name__)
        return False
