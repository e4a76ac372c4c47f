"""The plan and people's qualifications through the whole web layer and a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from openapi_spec_validator import OpenAPIV31SpecValidator

from acd.plan_api import PlanApi, endpoints
from acd.plan_document import PlanDocument
from acd.plan_file import read
from acd.plan_service import PlanService
from acd.plan_store import PlanStore
from agents.qualifications_api import QualificationsApi
from agents.qualifications_api import endpoints as qualification_endpoints
from agents.service import AgentService
from agents.store import SQL
from core.events import AgentProfileChanged, ApiEvent, PlanChanged
from core.facts import Fact
from core.identity import Role
from core.plan import RoutingPlan
from core.ports import AgentView, QueueView, TelephonyError
from core.vocabulary import AgentId
from db.pool import Database
from hotline.plan_watch import PlanWatch
from tests.eventually import eventually
from web.app import create_app

pytestmark = pytest.mark.integration

NOW = 1795463036.25
EXAMPLE = (Path(__file__).parents[2] / "docs" / "examples" / "plan.toml").read_text(encoding="utf-8")
FIRST = PlanDocument.model_validate(
    {
        "default_queue": "citizens",
        "queues": {
            "citizens": {},
            "tax": {"overflow": [{"to": "queue", "queue": "citizens", "after_wait": 9}]},
        },
        "lines": {"12366": {"queue": "tax"}},
    }
)
PROMPTS = {"greeting_heating", "greeting_business"}


@dataclass
class Hotline:
    """What the plan meets outside: sounds, the engine, Asterisk, who sits at a phone."""

    asked: list[ApiEvent] = field(default_factory=list)
    published: list[RoutingPlan] = field(default_factory=list)
    seated: set[AgentId] = field(default_factory=set)
    connected: bool = True

    def has_prompt(self, name: str) -> bool:
        return name in PROMPTS

    def music(self) -> Collection[str]:
        return ("default",)

    async def ask(self, event: ApiEvent) -> Sequence[Fact]:
        self.asked.append(event)
        return []

    async def publish(self, plan: RoutingPlan) -> None:
        if not self.connected:
            raise TelephonyError("away")
        self.published.append(plan)

    def agent(self, agent_id: AgentId) -> Any:  # noqa: ANN401 - only whether there is one matters
        return agent_id if agent_id in self.seated else None

    def agents(self) -> Sequence[AgentView]:
        return []

    def queues(self) -> Sequence[QueueView]:
        return []


@dataclass
class Office:
    client: TestClient[Any, Any]
    hotline: Hotline
    service: PlanService
    database: Database
    tokens: dict[str, str]
    ids: dict[str, AgentId]

    async def call(
        self, who: str, method: str, path: str, body: object = None, version: int | None = None
    ) -> ClientResponse:
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        options = {} if body is None else {"json": body}
        return await self.client.request(method, f"/api/v1{path}", headers=headers, **options)  # type: ignore[arg-type]

    async def audit(self) -> list[tuple[str, str, str]]:
        rows = await self.database.fetch(
            "SELECT actor, action, object FROM audit WHERE actor <> 'settings' ORDER BY id"
        )
        return [(row["actor"], row["action"], row["object"]) for row in rows]


@pytest.fixture
async def office(database: Database) -> AsyncIterator[Office]:
    hotline = Hotline()
    people = AgentService(database, ["citizens"], 3600)
    service = PlanService(
        store=PlanStore(database),
        sounds=hotline,
        decide=hotline.ask,
        publish=hotline.publish,
        now=lambda: NOW,
    )
    await service.start(FIRST)
    routes = [
        *endpoints(PlanApi(service)),
        *qualification_endpoints(QualificationsApi(people.qualifications, hotline, hotline, lambda: NOW)),
    ]
    tokens, ids = {}, {}
    for role in Role:
        row = await database.fetchrow(SQL["create_account"], role.value, role.value, role, "x", [])
        assert row is not None
        ids[role.value] = AgentId(row["id"])
        tokens[role.value] = (await people.sessions.open(ids[role.value])).token
    async with TestClient(TestServer(create_app(routes, people.sessions))) as client:
        yield Office(client, hotline, service, database, tokens, ids)


CHIEF, WATCHES, ANSWERS = "administrator", "supervisor", "agent"


async def problem(response: ClientResponse, status: int, code: str, *fields: str) -> None:
    answer = await response.json()
    assert (response.status, answer["code"]) == (status, code), answer
    assert [error["field"] for error in answer["errors"]] == list(fields)


async def test_the_description_of_the_api_is_valid(office: Office) -> None:
    OpenAPIV31SpecValidator(await (await office.client.get("/openapi.json")).json()).validate()


async def test_a_new_queue_and_line_count_in_routing_and_in_asterisk(office: Office) -> None:
    await office.call(CHIEF, "PUT", "/plan/certificates/heat", {"title": "供热"})
    queue = {"certificate": "heat", "greeting": "greeting_heating"}
    made = await office.call(CHIEF, "POST", "/plan/queues", {"name": "heating", "queue": queue})
    assert (made.status, made.headers["ETag"], (await made.json())["changed_in"]) == (201, '"3"', 3)
    line = {"queue": "heating", "priority": "high"}
    assert (await office.call(CHIEF, "POST", "/plan/lines", {"number": "96777", "line": line})).status == 201
    last = office.hotline.asked[-1]
    assert isinstance(last, PlanChanged)
    assert (last.plan.version, last.plan.lines["96777"].queue, last.at) == (4, "heating", NOW)
    assert office.hotline.published[-1] == last.plan
    assert await office.audit() == [
        (CHIEF, "certificate.create", "certificate:heat"),
        (CHIEF, "queue.create", "queue:heating"),
        (CHIEF, "line.create", "line:96777"),
    ]


async def test_a_plan_that_asterisk_could_not_be_told_holds_all_the_same(office: Office) -> None:
    office.hotline.connected = False
    assert (await office.call(CHIEF, "PUT", "/plan/skills/dialect", {"title": ""})).status == 200
    assert len(office.hotline.asked) == 1


async def test_supervisors_read_and_agents_do_not(office: Office) -> None:
    assert (await office.call(WATCHES, "GET", "/plan")).status == 200
    assert (await (await office.call(WATCHES, "GET", "/plan/lines/12366")).json())["line"]["queue"] == "tax"
    await problem(await office.call(ANSWERS, "GET", "/plan"), 403, "not_permitted")
    await problem(await office.call(WATCHES, "DELETE", "/plan/lines/12366", version=1), 403, "not_permitted")


async def test_who_changes_something_has_read_it(office: Office) -> None:
    path, body = "/plan/queues/tax", {"title": "税务"}
    await problem(await office.call(CHIEF, "PUT", path, body), 428, "precondition_required", "If-Match")
    assert (await office.call(CHIEF, "PUT", path, body, 1)).headers["ETag"] == '"2"'
    await problem(await office.call(CHIEF, "PUT", path, body, 1), 412, "precondition_failed", "If-Match")
    await problem(await office.call(CHIEF, "PUT", "/plan/queues/x", body, 1), 404, "not_found")
    assert (await office.call(CHIEF, "PUT", "/plan/lines/12366", {"queue": "citizens"}, 1)).status == 200


async def test_what_is_used_stays(office: Office) -> None:
    async def delete(name: str) -> ClientResponse:
        return await office.call(CHIEF, "DELETE", f"/plan/queues/{name}", version=1)

    await problem(await delete("tax"), 409, "in_use", "lines.12366")
    await problem(await delete("citizens"), 409, "default_queue", "name")
    assert (await office.call(CHIEF, "DELETE", "/plan/lines/12366", version=1)).status == 204
    assert (await delete("tax")).status == 204
    await problem(await delete("tax"), 404, "not_found")


@pytest.mark.parametrize(
    ("queue", "field"),
    [
        ({"greeting": "nothing"}, "queues.new.greeting"),
        ({"music": "rock"}, "queues.new.music"),
        ({"certificate": "x"}, "queues.new.certificate"),
        ({"overflow": [{"to": "queue", "queue": "x", "after_wait": 1}]}, "queues.new.overflow.0.queue"),
    ],
)
async def test_a_plan_that_would_not_work_is_refused_with_its_field(
    office: Office, queue: dict[str, Any], field: str
) -> None:
    made = await office.call(CHIEF, "POST", "/plan/queues", {"name": "new", "queue": queue})
    await problem(made, 422, "invalid_plan", field)
    assert (await (await office.call(CHIEF, "GET", "/plan")).json())["version"] == 1


async def test_import_dry_and_for_good(office: Office) -> None:
    body = {"toml": EXAMPLE}
    dry = await (await office.call(CHIEF, "POST", "/plan/import?dry_run=true", body)).json()
    assert (dry["version"], dry["dry_run"]) == (1, True)
    assert {change["action"] for change in dry["changes"]} >= {"queue.create", "queue.delete", "line.create"}
    done = await (await office.call(CHIEF, "POST", "/plan/import", body)).json()
    assert (done["version"], done["changes"]) == (2, dry["changes"])
    exported = await (await office.call(WATCHES, "GET", "/plan/export")).json()
    assert read(exported["toml"]) == read(EXAMPLE)
    old = await (await office.call(WATCHES, "GET", "/plan/versions/1")).json()
    assert PlanDocument.model_validate(old["plan"]) == FIRST
    versions = await (await office.call(WATCHES, "GET", "/plan/versions?limit=1")).json()
    assert (versions["items"][0]["cause"], versions["next_cursor"]) == ("import", 2)
    await problem(
        await office.call(CHIEF, "POST", "/plan/import", {"toml": "x"}), 422, "invalid_plan", "toml"
    )


async def test_the_whole_is_replaced_by_who_has_read_it(office: Office) -> None:
    plan = (await (await office.call(CHIEF, "GET", "/plan")).json())["plan"]
    plan["queues"]["tax"]["title"] = "税务"
    await problem(await office.call(CHIEF, "PUT", "/plan", plan, 7), 412, "precondition_failed", "If-Match")
    assert (await office.call(CHIEF, "PUT", "/plan", plan, 1)).headers["ETag"] == '"2"'


async def test_a_plan_written_elsewhere_is_taken_up(office: Office, dsn: str) -> None:
    watch = asyncio.create_task(PlanWatch(dsn, office.service.refresh).run())
    try:
        await eventually(lambda: not watch.done())
        await PlanStore(office.database).change("cli", "import", lambda _there: read(EXAMPLE))
        await eventually(lambda: len(office.hotline.asked) == 1)
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
    assert len(office.hotline.published[-1].lines) == 20


# --- people ------------------------------------------------------------------------------------


async def test_skills_and_certificates_of_somebody_at_a_phone_count_at_once(office: Office) -> None:
    await office.service.change("chief", "test", lambda _there: read(EXAMPLE))
    office.hotline.asked.clear()
    account = office.ids[ANSWERS]
    path = f"/accounts/{account}"
    assert (await office.call(CHIEF, "PUT", f"{path}/skills", {"skills": {"dialect": 3}}, 1)).status == 200
    assert office.hotline.asked == []
    office.hotline.seated.add(account)
    body = {"certificates": {"basic": None, "heating": "2027-01-01T00:00:00+08:00"}}
    answer = await office.call(CHIEF, "PUT", f"{path}/certificates", body, 2)
    assert (answer.status, answer.headers["ETag"]) == (200, '"3"')
    assert (await office.call(CHIEF, "PUT", f"{path}/wrap-up", {"seconds": 4.5}, 3)).status == 200
    until = 1798732800.0
    told = office.hotline.asked[-1]
    assert isinstance(told, AgentProfileChanged)
    assert (told.agent_id, told.queues, dict(told.skills)) == (account, (), {"dialect": 3})
    assert (dict(told.certificates), told.wrap_up_seconds) == ({"basic": None, "heating": until}, 4.5)
    shown = await (await office.call(WATCHES, "GET", f"{path}/skills")).json()
    assert (shown["skills"], shown["certificates"]["heating"]) == ({"dialect": 3}, "2026-12-31T16:00:00Z")
    assert [row[1] for row in await office.audit()][-3:] == [
        "account.skills",
        "account.certificates",
        "account.wrap_up",
    ]


async def test_qualifications_that_cannot_be(office: Office) -> None:
    path = f"/accounts/{office.ids[ANSWERS]}"
    unknown = await office.call(CHIEF, "PUT", f"{path}/skills", {"skills": {"juggling": 3}}, 1)
    await problem(unknown, 422, "invalid_input", "skills.juggling")
    stale = await office.call(CHIEF, "PUT", f"{path}/skills", {"skills": {}}, 9)
    await problem(stale, 412, "precondition_failed", "If-Match")
    await problem(await office.call(CHIEF, "GET", "/accounts/999/skills"), 404, "not_found")
    await problem(await office.call(ANSWERS, "GET", f"{path}/skills"), 403, "not_permitted")
    await problem(
        await office.call(WATCHES, "PUT", f"{path}/skills", {"skills": {}}, 1), 403, "not_permitted"
    )
