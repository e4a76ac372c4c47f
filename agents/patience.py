"""Waiting for the database for a limited time, where there is something sensible to do without its answer."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from core.errors import Unavailable
from core.vocabulary import Seconds

T = TypeVar("T")

_running: set["asyncio.Task[Any]"] = set()
"""Keeps what nobody waits for any more alive until it ends."""


async def within(seconds: Seconds, work: Coroutine[Any, Any, T]) -> T:
    """The result of ``work``, if it comes in time.

    Work that takes longer is left to end by itself: cancelling a query makes the driver ask the very server
    that does not answer.

    Raises:
        Unavailable: it did not come in time.
    """
    task = asyncio.create_task(work)
    _running.add(task)
    task.add_done_callback(_ended)
    await asyncio.wait({task}, timeout=seconds)
    if not task.done():
        raise Unavailable("the database does not answer in time")
    return task.result()


def _ended(task: "asyncio.Task[Any]") -> None:
    _running.discard(task)
    if not task.cancelled():
        task.exception()  # marks it as seen: whoever asked has either got it or gone on without
