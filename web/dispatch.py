"""What happens to one request of the API: session, permission, inputs, handler, answer."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog
from aiohttp import web

from core.api import ApiModel, ApiRequest, Endpoint, Reply
from core.errors import NotAuthenticated, NotPermitted
from core.identity import Account, Permission
from web import inputs

log = structlog.get_logger()

ACCOUNT: web.RequestKey[Account] = web.RequestKey("account", Account)
"""The account behind a request, for the access log."""

TOKEN_LIMIT = 200


class Sessions(Protocol):
    """Who is behind a token."""

    async def account_of(self, token: str) -> Account | None:
        """The account, ``None`` for a token that is unknown, expired or revoked.

        Raises:
            Unavailable: that cannot be found out at the moment.
        """
        ...


def handler_for(
    endpoint: Endpoint, sessions: Sessions
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The aiohttp handler of one endpoint. Checks go from cheap and anonymous to dear and specific."""

    async def handle(request: web.Request) -> web.StreamResponse:
        account = await _account(endpoint, request, sessions)
        path = inputs.path_of(endpoint, request)
        query = inputs.query_of(endpoint, request)
        body = await inputs.body_of(endpoint, request)
        given = ApiRequest(
            path=path,
            query=query,
            body=body,
            headers=request.headers,
            remote=request.remote or "",
            session=account,
            raw=request,
        )
        return _response(endpoint, await endpoint.handler(given))

    return handle


async def _account(endpoint: Endpoint, request: web.Request, sessions: Sessions) -> Account | None:
    """Who asks, if the endpoint wants to know; refuses whoever may not."""
    if endpoint.permission is Permission.PUBLIC:
        return None
    token = bearer(request.headers.get("Authorization", ""))
    if token is None:
        raise NotAuthenticated("a session is needed: send its token as Authorization: Bearer")
    account = await sessions.account_of(token)
    if account is None:
        raise NotAuthenticated("the session is unknown, expired or ended", code="session_invalid")
    request[ACCOUNT] = account
    if endpoint.permission is not Permission.ANY and endpoint.permission not in account.permissions:
        raise NotPermitted("your role may not do this")
    return account


def bearer(header: str) -> str | None:
    """The token of an ``Authorization`` header, ``None`` when it is not a sensible one."""
    scheme, _, token = header.partition(" ")
    token = token.strip()
    sensible = token.isascii() and token.isprintable() and 0 < len(token) <= TOKEN_LIMIT and " " not in token
    return token if scheme.lower() == "bearer" and sensible else None


def _response(endpoint: Endpoint, result: object) -> web.StreamResponse:
    """A handler's result as a response; one that is not as declared is a fault of ours."""
    if isinstance(result, web.StreamResponse):
        return result
    reply = result if isinstance(result, Reply) else Reply(_model(result), endpoint.status)
    if reply.body is None:
        return web.Response(status=204 if reply.status == 200 else reply.status, headers=reply.headers)  # noqa: PLR2004 - nothing to show
    if endpoint.answer is None or not isinstance(reply.body, endpoint.answer):
        raise TypeError(f"{endpoint.method} {endpoint.path} answered with {type(reply.body).__name__}")
    return web.Response(
        status=reply.status,
        body=reply.body.model_dump_json().encode(),
        content_type="application/json",
        charset="utf-8",
        headers=reply.headers,
    )


def _model(result: object) -> ApiModel | None:
    if result is None or isinstance(result, ApiModel):
        return result
    raise TypeError(f"a handler returned {type(result).__name__}")
