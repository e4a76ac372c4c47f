"""The aiohttp applications: the API, and the metrics on their own port. Used by ``hotline.bootstrap``."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from aiohttp import web

from core.api import Endpoint
from web import health, inputs, middleware, openapi, reference
from web.dispatch import Sessions, handler_for
from web.health import Check


def create_app(
    endpoints: Sequence[Endpoint],
    sessions: Sessions,
    *,
    checks: Mapping[str, Check] | None = None,
    standing: Callable[[], str] | None = None,
    version: str = "0",
) -> web.Application:
    """The API's application.

    Args:
        endpoints: all features' endpoints.
        sessions: who is behind a token.
        checks: what ``/readyz`` looks at, by name.
        standing: what this process is; only a ``leader`` answers the API. ``None``: there is but one.
        version: the program's, for ``/openapi.json``.

    Raises:
        ValueError: two endpoints have the same method and path.
    """
    _require_distinct(endpoints)
    app = _bare_app()
    if standing is not None:
        app.middlewares.append(middleware.for_the_leader(standing))
    for endpoint in endpoints:
        app.router.add_route(endpoint.method, endpoint.path, handler_for(endpoint, sessions))
    app.router.add_route("GET", "/healthz", health.alive)
    app.router.add_route("GET", "/readyz", health.readiness(checks or {}, standing))
    description = openapi.document(endpoints, version)
    app.router.add_route("GET", "/openapi.json", _constant(description, "application/json"))
    app.router.add_route(
        "GET", "/docs", _constant(reference.page(description), "text/html", reference.POLICY)
    )
    return app


def create_metrics_app(render: Callable[[], tuple[bytes, str]]) -> web.Application:
    """``/metrics`` for Prometheus.

    Args:
        render: gives the text and its content type, ``prometheus_client``'s exposition.
    """

    async def metrics(_request: web.Request) -> web.Response:
        body, content_type = render()
        return web.Response(body=body, headers={"Content-Type": content_type})

    app = _bare_app()
    app.router.add_route("GET", "/metrics", metrics)
    app.router.add_route("GET", "/healthz", health.alive)
    return app


def _bare_app() -> web.Application:
    app = web.Application(
        middlewares=[middleware.logged, middleware.problems_for_errors],
        client_max_size=inputs.BODY_LIMIT_BYTES,
    )
    app.on_response_prepare.append(middleware.add_headers)
    return app


def _constant(
    body: bytes, content_type: str, policy: str = ""
) -> Callable[[web.Request], Awaitable[web.Response]]:
    headers = {"Content-Security-Policy": policy} if policy else {}

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type=content_type, charset="utf-8", headers=headers)

    return answer


def _require_distinct(endpoints: Sequence[Endpoint]) -> None:
    seen: set[tuple[str, str]] = set()
    for endpoint in endpoints:
        key = (endpoint.method, endpoint.path)
        if key in seen:
            raise ValueError(f"{endpoint.method} {endpoint.path} is declared twice")
        seen.add(key)
