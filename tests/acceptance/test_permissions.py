"""Every route as every role, against the running hotline: who may do what is the table, nothing else."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agents.permissions import PERMISSIONS
from core.identity import Permission, Role
from tests.acceptance.centre import PASSWORD, Centre

NOBODY = "00000000-0000-4000-8000-000000000000"
"""Of no object."""

LOG_OUT = ("delete", "/api/v1/sessions/current")
"""Comes last: it ends the session that asks."""


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of the description that the service itself serves."""

    method: str
    path: str
    needs: Permission
    body: bool

    def filled(self, parameters: Mapping[str, str]) -> str:
        """The path with values that no object has."""
        return self.path.format_map(parameters)


def routes(described: Mapping[str, Any]) -> Iterator[tuple[Route, str]]:
    """Each operation that needs a session, with its filled path."""
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            if "x-permission" in operation:
                route = Route(method, path, Permission(operation["x-permission"]), "requestBody" in operation)
                yield route, route.filled(values(operation))


def values(operation: Mapping[str, Any]) -> dict[str, str]:
    """A value of the right kind for every place of a path."""
    return {each["name"]: example(each["schema"]) for each in operation["parameters"] if each["in"] == "path"}


def example(schema: Mapping[str, Any]) -> str:
    """One that no object has."""
    if schema.get("type") == "integer":
        return "999999999"
    return NOBODY if schema.get("format") == "uuid" else "nothing"


async def _status(centre: Centre, route: Route, path: str, token: str | None) -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body = b"{}" if route.body else None
    if route.body:
        headers["Content-Type"] = "application/json"
    url = centre.stack.api_url + path
    async with centre.http.request(route.method, url, headers=headers, data=body) as response:
        return response.status


async def _log_in(centre: Centre, role: Role) -> str:
    login = f"walks-{role.replace('_', '-')}"
    await centre.chief.call(
        "POST",
        "/accounts",
        {"login": login, "display_name": login, "role": role, "password": PASSWORD, "queues": []},
    )
    body = {"login": login, "password": PASSWORD}
    async with centre.http.post(f"{centre.stack.api_url}/api/v1/sessions", json=body) as response:
        token: str = (await response.json())["token"]
        return token


async def test_every_route_as_every_role(centre: Centre) -> None:
    async with centre.http.get(f"{centre.stack.api_url}/openapi.json") as response:
        known = sorted(
            routes(await response.json()), key=lambda each: (each[0].method, each[0].path) == LOG_OUT
        )
    assert len(known) > 100
    for route, path in known:
        assert await _status(centre, route, path, None) == 401, route
        assert await _status(centre, route, path, "invented") == 401, route
    for role in Role:
        token = await _log_in(centre, role)
        for route, path in known:
            status = await _status(centre, route, path, token)
            allowed = route.needs is Permission.ANY or route.needs in PERMISSIONS[role]
            assert (status != 403) == allowed, (role, route, status)
            assert status < 500, (role, route, status)
            assert status != 401, (role, route)
    assert await centre.value("SELECT count(*) FROM calls") == 0
