"""Serving an application on a port, and ending it without waiting for streams that never end."""

from aiohttp import web

from core.errors import ConfigurationError
from core.vocabulary import Seconds

GRACE_SECONDS: Seconds = 5.0
"""From the end of listening until requests that are still running are cut."""


class HttpServer:
    """One application on one address.

    Args:
        app: what to serve.
        host: address to listen on.
        port: 0 takes a free one.
        grace: seconds that running requests get when it stops.
    """

    def __init__(self, app: web.Application, host: str, port: int, *, grace: Seconds = GRACE_SECONDS) -> None:
        # A handler runs to its end even when the client has gone: nothing is left half-done.
        self._runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=grace, handler_cancellation=False
        )
        self._host = host
        self._wanted = port
        self.port = port
        """The port it listens on, known after ``start``."""

    async def start(self) -> int:
        """Begin to listen; returns the port.

        Raises:
            ConfigurationError: the address cannot be used.
        """
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._wanted).start()
        except OSError as error:
            await self._runner.cleanup()
            raise ConfigurationError(
                f"cannot listen on {self._host}:{self._wanted}: {error.strerror or error}"
            ) from error
        self.port = int(self._runner.addresses[0][1])
        return self.port

    async def stop(self) -> None:
        """Stop listening, let running requests finish for a while, then cut what is left."""
        await self._runner.cleanup()
