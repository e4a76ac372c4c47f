"""The hotline's HTTP API as the demo and the smoke test use it: the one home of HTTP in `hotline.demo`."""

import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self

import aiohttp

from core.errors import HotlineError
from core.vocabulary import AgentId, AgentState, CallId, Phone, QueueName, Seconds

_PAGE = 100
_HTTP_ERROR = 400
CONFLICT = 409
_NO_CONTENT = 204


class ApiRefused(HotlineError):
    """The hotline answered with a problem, or not at all.

    Args:
        status: HTTP status, 503 when nobody answered.
        code: the stable code of the problem.
        message: for the person.
    """

    code = "api_refused"

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message, code=code)
        self.status = status


@dataclass(frozen=True, slots=True)
class Me:
    """The own account and seat as ``GET /api/v1/me`` shows them."""

    id: AgentId
    login: str
    phone: Phone | None
    """``None`` away from a phone."""
    state: AgentState | None
    call_id: CallId | None


class HotlineClient:
    """A session of one person; made by ``logged_in``."""

    def __init__(self, http: aiohttp.ClientSession, base_url: str, token: str) -> None:
        self._http = http
        self._base_url = base_url.rstrip("/")
        self._token = token

    @classmethod
    async def logged_in(cls, http: aiohttp.ClientSession, base_url: str, login: str, password: str) -> Self:
        """Open a session.

        Raises:
            ApiRefused: wrong login, or nobody answers at ``base_url``.
        """
        client = cls(http, base_url, "")
        answer = await client.call("POST", "/sessions", {"login": login, "password": password})
        client._token = answer["token"]
        return client

    async def call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: str | int
    ) -> dict[str, Any]:
        """One request below ``/api/v1``; the JSON answer, ``{}`` for none.

        Raises:
            ApiRefused: any status from 400 on.
        """
        async with self._request(method, path, body, query) as response:
            if response.status == _NO_CONTENT:
                return {}
            answer: dict[str, Any] = await response.json(content_type=None)
            return answer

    async def log_out(self) -> None:
        """End the session."""
        await self.call("DELETE", "/sessions/current")

    async def me(self) -> Me:
        """The own account and state."""
        answer = await self.call("GET", "/me")
        account, seat, state, call = (answer[name] for name in ("account", "seat", "state", "call"))
        return Me(
            id=AgentId(account["id"]),
            login=account["login"],
            phone=Phone(seat["phone"]) if seat else None,
            state=AgentState(state["state"]) if state else None,
            call_id=CallId(call["call_id"]) if call else None,
        )

    async def sit_down(self, phone: Phone) -> None:
        """Take a seat at a phone."""
        await self.call("PUT", "/me/seat", {"phone": phone})

    async def leave_seat(self) -> None:
        """Leave it again; refused during a call."""
        await self.call("DELETE", "/me/seat")

    async def ask_state(self, state: AgentState, reason: str = "") -> None:
        """Ask for a state; during a call it takes effect at its end."""
        await self.call("PUT", "/me/state", {"state": state, "reason": reason})

    async def create_agent(
        self, login: str, display_name: str, password: str, queues: Sequence[QueueName] = ()
    ) -> bool:
        """Create an account for an agent; ``False`` when the login exists already."""
        body = {
            "login": login,
            "display_name": display_name,
            "role": "agent",
            "password": password,
            "queues": list(queues),
        }
        try:
            await self.call("POST", "/accounts", body)
        except ApiRefused as refused:
            if refused.status == CONFLICT:
                return False
            raise
        return True

    async def calls_since(self, moment: str) -> list[dict[str, Any]]:
        """Every call that arrived at or after a moment (ISO 8601 with zone), oldest first."""
        return (await self._pages("/calls", arrived_from=moment))[::-1]

    async def abandoned_calls(self) -> list[dict[str, Any]]:
        """The list for ringing back, newest first."""
        return await self._pages("/abandoned-calls")

    async def ticket(self, ticket_id: int) -> dict[str, Any]:
        """One ticket."""
        return await self.call("GET", f"/tickets/{ticket_id}")

    async def recording(self, recording_id: str) -> bytes:
        """The audio file of a recording."""
        async with self._request("GET", f"/recordings/{recording_id}/audio", None, {}) as response:
            return await response.read()

    async def _pages(self, path: str, **query: str | int) -> list[dict[str, Any]]:
        """All items of a list, page by page."""
        items: list[dict[str, Any]] = []
        cursor: dict[str, str | int] = {}
        while True:
            page = await self.call("GET", path, None, limit=_PAGE, **query, **cursor)
            items += page["items"]
            if not page.get("next_cursor"):
                return items
            cursor = {"cursor": page["next_cursor"]}

    @asynccontextmanager
    async def _request(
        self, method: str, path: str, body: Mapping[str, Any] | None, query: Mapping[str, str | int]
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        url = f"{self._base_url}/api/v1{path}"
        try:
            async with self._http.request(method, url, json=body, params=query, headers=headers) as response:
                if response.status >= _HTTP_ERROR:
                    raise await _refusal(response)
                yield response
        except (aiohttp.ClientConnectionError, TimeoutError) as error:
            raise ApiRefused(503, "no_answer", f"nobody answers at {self._base_url}: {error}") from error


async def _refusal(response: aiohttp.ClientResponse) -> ApiRefused:
    try:
        problem = await response.json(content_type=None)
        code, detail = problem.get("code", ""), problem.get("detail") or problem.get("title", "")
    except (ValueError, AttributeError):
        code, detail = "", await response.text()
    return ApiRefused(response.status, code or "unknown", f"{response.url.path}: {response.status} {detail}")


@asynccontextmanager
async def http_session(seconds: Seconds = 20.0) -> AsyncIterator[aiohttp.ClientSession]:
    """Connections for any number of clients; each request may take ``seconds``."""
    timeout = aiohttp.ClientTimeout(total=seconds)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        yield http
