"""Sends heads of the audit chain to another machine, where whoever rules this one cannot change them.

Best effort: the file beside the database is the anchor in any case. A head that could not be sent is not sent
later, because the next one covers it.
"""

import asyncio
from urllib.parse import urlsplit

import aiohttp
import structlog

from core.vocabulary import Seconds
from hotline.audit_anchor import Anchor

log = structlog.get_logger()

TIMEOUT_SECONDS: Seconds = 5.0
SYSLOG_PORT = 514
SYSLOG_PRIORITY = 10 * 8 + 5
"""Facility authpriv, severity notice (RFC 5424, 6.2.1)."""


class AnchorTarget:
    """Where heads are sent.

    Args:
        url: ``https://...``: one POST of JSON each; ``syslog://HOST:PORT``: one UDP datagram each (RFC 5426).
    """

    def __init__(self, url: str) -> None:
        self.sent = 0
        self.failed = 0
        self._url = url
        self._deliver = self._syslog if url.startswith("syslog:") else self._post

    async def send(self, anchor: Anchor) -> None:
        """Send one head; a failure is counted and logged."""
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await self._deliver(anchor.line())
        except (OSError, TimeoutError, aiohttp.ClientError) as error:
            self.failed += 1
            log.warning("audit_anchor_not_sent", reason=type(error).__name__, position=anchor.position)
        else:
            self.sent += 1

    async def _post(self, line: str) -> None:
        headers = {"Content-Type": "application/json"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(self._url, data=line, headers=headers) as answer,
        ):
            answer.raise_for_status()

    async def _syslog(self, line: str) -> None:
        where = urlsplit(self._url)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=(where.hostname or "", where.port or SYSLOG_PORT)
        )
        try:
            transport.sendto(f"<{SYSLOG_PRIORITY}>1 - - hotline - audit-anchor - {line}".encode())
        finally:
            transport.close()
