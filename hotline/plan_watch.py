"""Notices a plan that somebody else has written: ``hotline plan import``, or another process of the hotline.

PostgreSQL tells at once; should that get lost, the version is looked at now and then.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import asyncpg
import structlog

from core.errors import HotlineError
from core.vocabulary import Seconds

log = structlog.get_logger()

CHANNEL = "hotline_plan"
LOOK_SECONDS: Seconds = 30.0
RETRY_SECONDS: Seconds = 3.0
CONNECT_SECONDS: Seconds = 5.0


class PlanWatch:
    """Listens for changes.

    Args:
        dsn: the database; one connection of it is kept for listening.
        refresh: takes up what is new, if there is anything; may raise ``HotlineError``.
    """

    def __init__(self, dsn: str, refresh: Callable[[], Awaitable[None]]) -> None:
        self._dsn = dsn
        self._refresh = refresh

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._listen()
            except (
                OSError,
                TimeoutError,
                asyncpg.PostgresError,
                asyncpg.InterfaceError,
                HotlineError,
            ) as error:
                log.debug("plan_watch_interrupted", error=type(error).__name__)
            await asyncio.sleep(RETRY_SECONDS)

    async def _listen(self) -> None:
        connection = await asyncpg.connect(
            self._dsn, timeout=CONNECT_SECONDS, command_timeout=CONNECT_SECONDS
        )
        try:
            told = asyncio.Event()
            await connection.add_listener(CHANNEL, lambda *_news: told.set())
            connection.add_termination_listener(lambda _connection: told.set())
            while not connection.is_closed():
                told.clear()
                await self._refresh()
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await told.wait()
        finally:
            connection.terminate()
