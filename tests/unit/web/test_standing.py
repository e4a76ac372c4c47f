"""A process that does not lead answers the API with 503 and says so."""

import pytest
from aiohttp.test_utils import TestClient, TestServer

from core.identity import Account
from web.app import create_app


class Nobody:
    async def account_of(self, _token: str) -> Account | None:
        raise AssertionError("nobody is asked while we do not lead")


@pytest.mark.parametrize("standing", ["standby", "unconfirmed", "deposed"])
async def test_the_api_is_closed_unless_we_lead(standing: str) -> None:
    app = create_app([], Nobody(), checks={}, standing=lambda: standing)
    async with TestClient(TestServer(app)) as client:
        answer = await client.get("/api/v1/calls", headers={"Authorization": "Bearer x"})
        assert answer.status == 503
        assert answer.content_type == "application/problem+json"
        assert (await answer.json())["code"] == f"not_leading_{standing}"
        assert (await client.get("/healthz")).status == 200
        assert (await (await client.get("/readyz")).json())["standing"] == standing


async def test_the_leader_answers() -> None:
    app = create_app([], Nobody(), checks={}, standing=lambda: "leader")
    async with TestClient(TestServer(app)) as client:
        assert (await client.get("/api/v1/nothing")).status == 404
