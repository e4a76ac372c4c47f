"""``hotline run``: brings the whole hotline up, shows how it is doing, and takes it down again in order.

This process supervises and does nothing else; calls are looked after by Asterisk and the service.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable

from rich.console import Console

from core import clock
from hotline import logs, tryout
from hotline.folders import prepare
from hotline.settings import Settings
from hotline.stack import Stack
from hotline.status import Display, StatusSource, keep_showing
from hotline.supervisor import PartState

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FORCED = 130


class Interrupts:
    """Ctrl-C and its kin: the first asks for an orderly end, the second ends everything at once.

    Args:
        force: carried out at the second.
    """

    def __init__(self, force: Callable[[], None]) -> None:
        self._asked = asyncio.Event()
        self._force = force

    def install(self) -> None:
        """From now on signals come here."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self.interrupt)

    def interrupt(self) -> None:
        """One signal."""
        if self._asked.is_set():
            self._force()
        self._asked.set()

    async def asked(self) -> None:
        """Wait for the first."""
        await self._asked.wait()


async def run(settings: Settings) -> int:
    """Run the hotline until Ctrl-C or SIGTERM.

    Returns:
        0 after an orderly end.

    Raises:
        HotlineError: it cannot be brought up; nothing is left running.
    """
    display = Display(Console())
    folders = prepare(settings.data_dir.absolute(), settings.cache_dir)
    logs.rotate(folders.log / "supervisor.log")
    with (folders.log / "supervisor.log").open("a", encoding="utf-8", buffering=1) as sink:
        logs.configure(settings.log_level, sink)
        return await _run(settings, display)


async def _run(settings: Settings, display: Display) -> int:
    stack = Stack(settings, progress=display.note, on_change=lambda name, state: _tell(display, name, state))
    interrupts = Interrupts(lambda: _force(stack, display))
    interrupts.install()
    try:
        await until(_up(stack, display), _asked(interrupts, display))
    finally:
        await stack.stop()
    display.note("Stopped. All data stays.")
    return 0


async def _up(stack: Stack, display: Display) -> None:
    """Start everything, say how to use it, show the status for ever."""
    began = clock.monotonic()
    await stack.start()
    accounts, fresh = await tryout.prepare(stack)
    display.note(f"The hotline is up after {clock.monotonic() - began:.1f} s.")
    display.note(f"API {stack.api_url}, metrics {stack.metrics_url}, data {stack.folders.data}")
    if accounts is not None and fresh:
        display.text(tryout.announce(accounts, tryout.file_of(stack)))
    if accounts is not None:
        display.text(_how_to_call(stack, accounts))
    source = StatusSource(stack.metrics_url, stack.dsn, lambda: stack.states)
    with display.shown():
        await keep_showing(source, display)


async def _asked(interrupts: Interrupts, display: Display) -> None:
    """Wait for the first interrupt and say that it was understood."""
    await interrupts.asked()
    display.note("Stopping: the service, Asterisk, PostgreSQL (Ctrl-C again: at once)")


def _how_to_call(stack: Stack, accounts: tryout.TryOut) -> str:
    settings = stack.settings
    return tryout.how_to_call(accounts, tryout.lan_address(settings.sip_host), settings.trunk_match)


def _tell(display: Display, name: str, state: PartState) -> None:
    display.note(f"{name}: {state.value}")


def _force(stack: Stack, display: Display) -> None:
    """The operator asked twice: kill, and leave without further ado."""
    display.note("Killed. All data stays.")
    stack.force_stop()
    os._exit(FORCED)


async def until(work: Awaitable[None], asked: Awaitable[None]) -> None:
    """Do the work until somebody asks for the end; the work's own error is raised."""
    tasks = [asyncio.ensure_future(work), asyncio.ensure_future(asked)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if tasks[0].done():
            tasks[0].result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
