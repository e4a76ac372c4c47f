"""Around every request: an id, the access log, errors as problems, security headers."""

from collections.abc import Awaitable, Callable
from uuid import uuid4

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from core import clock
from core.errors import HotlineError, Unavailable
from web import problems
from web.dispatch import ACCOUNT

log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

REQUEST_ID: web.RequestKey[str] = web.RequestKey("request_id", str)

QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds by machines: logged only when they fail."""


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Security headers on everything that goes out, streams included; a handler's own stand."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "hotline"  # instead of the names and versions of our libraries
    response.headers["X-Request-Id"] = request.get(REQUEST_ID, "")


@web.middleware
async def logged(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request an id that all its log lines carry, and write one line at its end.

    Neither the path as it was sent nor any value goes to the log: the route's pattern tells enough.
    """
    request_id = request[REQUEST_ID] = uuid4().hex
    began = clock.monotonic()
    with structlog.contextvars.bound_contextvars(request_id=request_id):
        response = await handler(request)
        _log(request, response, clock.monotonic() - began)
    return response


def _log(request: web.Request, response: web.StreamResponse, seconds: float) -> None:
    resource = request.match_info.route.resource
    route = resource.canonical if resource is not None else "unknown"
    if route in QUIET and response.status < 400:  # noqa: PLR2004 - HTTP's own border
        return
    account = request.get(ACCOUNT)
    log.info(
        "http_request",
        method=request.method,
        route=route,
        status=response.status,
        milliseconds=round(seconds * 1000, 1),
        account_id=account.id if account is not None else None,
    )


API = "/api/"

LEADER = "leader"

NOT_LEADING = {
    "standby": "this process stands by; another one leads: ask that one",
    "unconfirmed": "it is not confirmed at the moment that this process leads; try again",
    "deposed": "another process leads now: ask that one",
}


def for_the_leader(standing: Callable[[], str]) -> Middleware:
    """Refuses the API's requests with 503 unless this process leads, before anything of them is looked at."""

    @web.middleware
    async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
        now = standing()
        if now != LEADER and request.path.startswith(API):
            raise Unavailable(NOT_LEADING[now], code=f"not_leading_{now}")
        return await handler(request)

    return gate


@web.middleware
async def problems_for_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn everything that is raised into problem+json."""
    try:
        return await handler(request)
    except HotlineError as error:
        if error.status >= 500:  # noqa: PLR2004 - HTTP's own border
            log.warning("request_failed", code=error.code, reason=error.message)
        return problems.from_error(error)
    except web.HTTPException as error:
        return problems.from_http(error)
    except ConnectionError:
        raise  # the client is gone; nobody reads an answer
    except Exception:
        log.exception("request_crashed", method=request.method)
        return problems.internal()
