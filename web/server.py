"""Starts and stops an application on a port."""

from aiohttp import web

from core.errors import ConfigurationError

SHUTDOWN_SECONDS = 2.0
"""How long running requests may take to end when the server stops."""


class HttpServer:
    """One application on one address.

    Args:
        app: what is served.
        host: address to listen on.
        port: 0 for a free one; ``port`` tells which after ``start``.
    """

    def __init__(self, app: web.Application, host: str, port: int) -> None:
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False)
        self._host = host
        self.port = port

    async def start(self) -> None:
        """Begin to listen; raises ``ConfigurationError`` when the address cannot be used."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self.port, shutdown_timeout=SHUTDOWN_SECONDS)
        try:
            await site.start()
        except OSError as error:
            raise ConfigurationError(
                f"cannot listen on {self._host}:{self.port}: {error.strerror}"
            ) from error
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening; requests that do not end in time are cut off."""
        await self._runner.cleanup()
