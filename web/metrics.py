"""The application behind the metrics port: nothing but ``/metrics``."""

from collections.abc import Callable

from aiohttp import hdrs, web


def create_metrics_app(render: Callable[[], tuple[bytes, str]]) -> web.Application:
    """The application.

    Args:
        render: gives the text and its content type.
    """

    async def metrics(_request: web.Request) -> web.Response:
        body, content_type = render()
        return web.Response(body=body, headers={hdrs.CONTENT_TYPE: content_type})

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    return app
