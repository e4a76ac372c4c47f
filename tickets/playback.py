"""Sends an encrypted recording, whole or in a range. Used by ``tickets.api``.

What is sent has been checked before the first byte leaves: a damaged recording is a clear error and not a
sound that breaks off. Reading and decrypting happen in threads.
"""

import asyncio
from dataclasses import dataclass

from aiohttp import web

from tickets.stored import StoredRecording


@dataclass(frozen=True, slots=True)
class Part:
    """What of a recording is asked for; bytes from ``first`` to ``last``, both included."""

    first: int
    last: int
    size: int
    partial: bool
    """A range was asked for, and is answered with one."""

    def __str__(self) -> str:
        """As in ``Content-Range`` and in the access row."""
        return f"{self.first}-{self.last}/{self.size}"


def part_of(request: web.Request, size: int, etag: str) -> Part | None:
    """What a request asks for; ``None``: a range that the recording does not have (RFC 9110, 14.2)."""
    whole = Part(0, size - 1, size, partial=False)
    if request.headers.get("If-Range", etag) != etag:
        return whole
    try:
        asked = request.http_range
    except ValueError:
        return None
    if asked.start is None:
        return whole
    first = max(size + asked.start, 0) if asked.start < 0 else asked.start
    last = size - 1 if asked.stop is None else min(asked.stop, size) - 1
    return Part(first, last, size, partial=True) if first < size else None


async def send(
    request: web.Request, stored: StoredRecording, part: Part, headers: dict[str, str]
) -> web.StreamResponse:
    """Send it; ``stored`` has been checked for this part."""
    response = web.StreamResponse(status=206 if part.partial else 200, headers=headers)
    response.content_length = part.last + 1 - part.first
    response.headers["Accept-Ranges"] = "bytes"
    if part.partial:
        response.headers["Content-Range"] = f"bytes {part}"
    await response.prepare(request)
    pieces = stored.read(part.first, part.last)
    while (data := await asyncio.to_thread(next, pieces, None)) is not None:
        await response.write(data)
    await response.write_eof()
    return response
