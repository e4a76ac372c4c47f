"""How a feature declares its HTTP endpoints: one table of values, ``endpoints(service) -> list[Endpoint]``.

``web.app`` serves them: finds the session, checks the permission, validates path, query and body with the
declared pydantic models, calls the handler, writes the answer, and generates OpenAPI from the same table.
A handler raises ``core.errors.HotlineError`` for everything that is not its normal answer.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict

from core.errors import NotAuthenticated
from core.identity import Account, Permission


class ApiModel(BaseModel):
    """Base of request and answer bodies: unknown fields are refused, values are not coerced silently."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class NoInput(ApiModel):
    """For endpoints without path, query or body."""


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A validated request as a handler sees it."""

    path: Any
    """Instance of the endpoint's ``path`` model."""
    query: Any
    body: Any
    headers: Mapping[str, str]
    remote: str
    session: Account | None
    raw: Any
    """The aiohttp request, for the few that stream."""

    @property
    def account(self) -> Account:
        """The account behind the session; raises ``NotAuthenticated`` where there is none."""
        if self.session is None:
            raise NotAuthenticated("a session is needed")
        return self.session


@dataclass(frozen=True, slots=True)
class Reply:
    """A handler's answer: an ``ApiModel``, or ``None`` for 204."""

    body: ApiModel | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route. A handler may also return an aiohttp ``StreamResponse`` (then ``answer`` is ``None``)."""

    method: str
    path: str
    """In aiohttp notation, ``/api/v1/tickets/{ticket_id}``."""
    permission: Permission
    summary: str
    handler: Callable[[ApiRequest], Awaitable[Any]]
    answer: type[ApiModel] | None = None
    status: int = 200
    path_model: type[ApiModel] = NoInput
    query_model: type[ApiModel] = NoInput
    body_model: type[ApiModel] | None = None
    tag: str = ""
    errors: tuple[int, ...] = ()
    """Further statuses beside 401, 403, 422, 503 that the endpoint answers with."""
