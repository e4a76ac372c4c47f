"""The service process: start the parts in order, run until told to stop, stop them in order.

PostgreSQL and Asterisk may be away at the start or go away later; the service waits for them. Until it is
there, callers hear music, and when its heartbeat is stale Asterisk's own queue serves them.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import structlog

from acd.service import new_run_id, restore
from acd.talk_store import restore as restore_talks
from core.errors import Unavailable
from core.vocabulary import Seconds
from hotline import logs
from hotline.bootstrap import Parts, build, first_offer
from hotline.leadership import Standing
from hotline.priority import ordinary, routing_first
from hotline.settings import Settings
from web.app import create_app, create_metrics_app
from web.server import HttpServer

log = structlog.get_logger()

DATABASE_RETRY_SECONDS: Seconds = 0.5
DRAIN_SECONDS: Seconds = 10.0

PRIVATE = 0o027
"""Recordings and the spool are nobody else's on this machine."""


async def serve(settings: Settings) -> None:
    """Run the service until SIGTERM or SIGINT.

    Raises:
        ConfigurationError: a setting, or the description of Asterisk, is not as needed.
    """
    logs.configure(settings.log_level)
    os.umask(PRIVATE)
    routing_first()
    # A thread that archives gives way to routing after half a millisecond instead of five.
    sys.setswitchinterval(0.0005)
    parts = build(settings)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(initializer=ordinary))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    starting = asyncio.create_task(_run(parts))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    log.info("service_stopping")
    starting.cancel()
    stopping.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await starting


async def _run(parts: Parts) -> None:
    """Bring everything up, keep it up, and on cancellation take it down again."""
    async with contextlib.AsyncExitStack() as closing:
        await _start_http(parts, closing)
        epoch, keeping = await _lead(parts, closing)
        await parts.writer.start(epoch)
        closing.push_async_callback(parts.writer.stop)
        await _connect_database(parts)
        closing.push_async_callback(parts.database.close)
        await _restore(parts)
        await parts.agi.start()
        closing.push_async_callback(parts.agi.stop)
        closing.push_async_callback(_drain, parts)
        parts.inbox.connect(parts.acd.handle)
        parts.ready.set()
        log.info("service_started", http_port=parts.settings.http_port)
        try:
            await _work(parts, keeping)
        finally:
            await parts.acd.stop()
            parts.facts.settle()


async def _lead(parts: Parts, closing: contextlib.AsyncExitStack) -> tuple[int, asyncio.Task[None]]:
    """Stand by until nobody else leads; from then on our claim is renewed, to the very end."""
    epoch = await parts.leadership.acquire()
    closing.push_async_callback(parts.leadership.release)
    keeping = asyncio.create_task(parts.leadership.keep(), name="leadership")
    closing.callback(keeping.cancel)
    # After whatever the former leader has numbered, however long this process has stood by.
    parts.acd.state.next_offer_id = first_offer()
    parts.acd.state.run_id = new_run_id()
    return epoch, keeping


async def _work(parts: Parts, keeping: asyncio.Task[None]) -> None:
    """Everything that goes on until the end; one that fails ends all, and the supervisor starts us again."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_outcome(keeping), name="keeping")
        group.create_task(parts.switch.run(), name="switch")
        group.create_task(parts.acd.run(), name="acd")
        group.create_task(parts.accounting.run(), name="accounting")
        group.create_task(parts.disks.run(), name="disks")
        group.create_task(parts.privacy.run(), name="privacy")
        group.create_task(parts.plan.watch.run(), name="plan")
        group.create_task(_recover(parts), name="recover")


async def _outcome(keeping: asyncio.Task[None]) -> None:
    """A fault in renewing our claim ends the service like any other."""
    await asyncio.shield(keeping)


async def _start_http(parts: Parts, closing: contextlib.AsyncExitStack) -> None:
    """API, health and metrics: there from the first moment, so that everybody can see what is missing."""
    settings = parts.settings
    app = create_app(
        parts.endpoints,
        parts.people.sessions,
        checks=readiness(parts),
        standing=lambda: parts.leadership.standing,
    )
    api = HttpServer(app, settings.http_host, settings.http_port)
    await api.start()
    closing.push_async_callback(api.stop)
    metrics = HttpServer(
        create_metrics_app(parts.metrics.render), settings.metrics_host, settings.metrics_port
    )
    await metrics.start()
    closing.push_async_callback(metrics.stop)


def readiness(parts: Parts) -> dict[str, Callable[[], Awaitable[bool]]]:
    """What has to be so before the service is ready to take calls."""

    async def leader() -> bool:
        return parts.leadership.standing is Standing.LEADER

    async def restored() -> bool:
        return parts.ready.is_set()

    async def asterisk() -> bool:
        return parts.switch.stats.connected

    async def database() -> bool:
        return parts.writer.database_up

    async def disk() -> bool:
        return parts.writer.spool_works

    return {"leader": leader, "restored": restored, "asterisk": asterisk, "database": database, "disk": disk}


async def _connect_database(parts: Parts) -> None:
    """Without the record nobody's seat and no call's place is known: wait for it, Asterisk plays music."""
    while True:
        try:
            await parts.database.connect()
        except Unavailable:
            log.warning("database_away_at_start")
            await asyncio.sleep(DATABASE_RETRY_SECONDS)
        else:
            return


async def _restore(parts: Parts) -> None:
    """Memory from the record, after what an earlier process left in the spool has been written."""
    while True:
        try:
            await _until_leftovers_are_in(parts)
            await parts.plan.restore(parts.acd.state, parts.settings)
            await parts.calls.void_offers()
            restore(
                parts.acd.state,
                await parts.agents.load_seats(),
                await parts.calls.open_calls(),
                await parts.calls.running_offers(),
                await parts.calls.finished(),
                await parts.calls.taken(),
            )
            await parts.states.restore(parts.acd.state, parts.switch.now())
            await parts.placed.store.restore(parts.acd.state, parts.switch.now())
            talks = parts.talks.store
            restore_talks(parts.acd.state, await talks.open_talks(), await talks.open_marks())
            await parts.calls.remember_callers(parts.acd.state.memory)
            await parts.relief.store.restore(parts.acd.state, parts.switch.now())
            await parts.relief.notices.load()
            await parts.callers.store.load(parts.acd.state, parts.switch.now())
            parts.outage.known_until = await parts.calls.newest_known() or 0.0
        except Unavailable:
            log.warning("database_away_while_restoring")
            await asyncio.sleep(DATABASE_RETRY_SECONDS)
        else:
            return


async def _until_leftovers_are_in(parts: Parts) -> None:
    while parts.writer.leftovers:  # noqa: ASYNC110 - the writer counts down, it has no event for it
        await asyncio.sleep(0.05)


async def _recover(parts: Parts) -> None:
    """Tickets and recordings that an interruption left open."""
    while True:
        try:
            await parts.tickets.recover()
        except Unavailable:
            await asyncio.sleep(DATABASE_RETRY_SECONDS)
        else:
            return


async def _drain(parts: Parts) -> None:
    """Recordings that are being closed; what is not done in time is taken up at the next start."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            await parts.tickets.drain()
    await parts.tickets.stop()
