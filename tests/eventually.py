"""Waiting in tests for what nobody announces: a condition is asked again and again until a deadline."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable

from core import clock


async def eventually(
    condition: Callable[[], object | Awaitable[object]], *, seconds: float = 10.0, what: str = ""
) -> None:
    """Return once ``condition`` (a function or coroutine function) gives something true.

    Raises:
        AssertionError: it did not within ``seconds``.
    """
    limit = clock.monotonic() + seconds
    while True:
        value = condition()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return
        if clock.monotonic() > limit:
            raise AssertionError(f"did not happen within {seconds} s: {what or inspect.getsource(condition)}")
        await asyncio.sleep(0.02)
