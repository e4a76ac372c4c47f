"""The aiohttp application: finds the session, checks the permission, validates, calls the handler, answers."""

import json
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import structlog
from aiohttp import hdrs, web
from pydantic import ValidationError

from core import clock
from core.api import ApiRequest, Endpoint, Reply
from core.errors import HotlineError, NotAuthenticated, NotPermitted
from core.identity import Account, Permission
from web import inputs, problems
from web.openapi import describe

log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Check = Callable[[], Awaitable[bool]]

VERSION = "1"
LARGEST_BODY = 256 * 1024
LONGEST_TOKEN = 200

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


class SessionFinder(Protocol):
    """Who is behind a token."""

    async def find(self, token: str) -> Account | None:
        """The account, ``None`` for a token that is not (or no longer) valid."""
        ...


def create_app(
    endpoints: Sequence[Endpoint],
    sessions: SessionFinder,
    ready: Mapping[str, Check],
) -> web.Application:
    """The application that serves these endpoints.

    Args:
        endpoints: the table.
        sessions: finds the account behind a bearer token.
        ready: what has to be true for ``/readyz``, by name.
    """
    app = web.Application(middlewares=[_outermost], client_max_size=LARGEST_BODY)
    for endpoint in endpoints:
        app.router.add_route(endpoint.method, endpoint.path, _serve(endpoint, sessions))
    document = json.dumps(describe(endpoints, VERSION), ensure_ascii=False)
    app.router.add_get("/openapi.json", _fixed(document))
    app.router.add_get("/healthz", _fixed('{"status":"alive"}'))
    app.router.add_get("/readyz", _readyz(ready))
    return app


@web.middleware
async def _outermost(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors become problems, every answer gets its headers and its log line."""
    began, request_id = clock.monotonic(), secrets.token_hex(8)
    response = await _answered(request, handler, request_id)
    if not response.prepared:
        response.headers["X-Request-Id"] = request_id
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
    route = request.match_info.route.resource
    log.info(
        "http_request",
        request_id=request_id,
        method=request.method,
        route=route.canonical if route else "",
        status=response.status,
        milliseconds=round((clock.monotonic() - began) * 1000, 1),
    )
    return response


async def _answered(request: web.Request, handler: Handler, request_id: str) -> web.StreamResponse:
    try:
        return await handler(request)
    except HotlineError as error:
        if error.status < problems.LOWEST_SERVER_ERROR or error.status == 503:  # noqa: PLR2004 - Unavailable
            return problems.of_error(error)
        log.exception("request_failed", request_id=request_id)
    except ValidationError as error:
        return problems.of_validation(error)
    except web.HTTPException as error:
        if error.status < 400:  # noqa: PLR2004 - a redirect is an answer
            raise
        return problems.of_http(error)
    except Exception:
        log.exception("request_failed", request_id=request_id)
    detail = f"something went wrong; the log has it under {request_id}"
    return problems.problem(500, problems.CODES[500], detail)


def _serve(endpoint: Endpoint, sessions: SessionFinder) -> Handler:
    """The aiohttp handler of one endpoint."""

    async def handle(request: web.Request) -> web.StreamResponse:
        account = await _permitted(endpoint, sessions, request)
        given = ApiRequest(
            path=inputs.read_path(endpoint, request),
            query=inputs.read_query(endpoint, request),
            body=await inputs.read_body(endpoint, request),
            headers=request.headers,
            remote=request.remote or "",
            session=account,
            raw=request,
        )
        answer = await endpoint.handler(given)
        return answer if isinstance(answer, web.StreamResponse) else _response(answer)

    return handle


async def _permitted(endpoint: Endpoint, sessions: SessionFinder, request: web.Request) -> Account | None:
    """The account behind the request; raises where it may not do this."""
    if endpoint.permission is Permission.PUBLIC:
        return None
    account = await sessions.find(_token(request))
    if account is None:
        raise NotAuthenticated("the session is unknown or has ended")
    if endpoint.permission not in account.permissions:
        raise NotPermitted(f"this needs the permission {endpoint.permission}")
    return account


def _token(request: web.Request) -> str:
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not 0 < len(token) <= LONGEST_TOKEN:
        raise NotAuthenticated("a session is needed: Authorization: Bearer TOKEN")
    return token


def _response(reply: Reply) -> web.Response:
    if reply.body is None:
        return web.Response(status=reply.status, headers=dict(reply.headers))
    return web.Response(
        status=reply.status,
        text=reply.body.model_dump_json(),
        content_type="application/json",
        headers=dict(reply.headers),
    )


def _fixed(text: str) -> Handler:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(text=text, content_type="application/json")

    return answer


def _readyz(checks: Mapping[str, Check]) -> Handler:
    async def answer(_request: web.Request) -> web.StreamResponse:
        found = {name: await check() for name, check in checks.items()}
        status = 200 if all(found.values()) else 503
        return web.Response(status=status, text=json.dumps(found), content_type="application/json")

    return answer
