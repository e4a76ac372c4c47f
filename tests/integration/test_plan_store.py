"""The plan in a real PostgreSQL: one value, versions, audit rows, and what people have is kept whole."""

import json
from collections.abc import AsyncIterator

import asyncpg
import pytest

from acd.plan_document import PlanDocument
from acd.plan_rules import PlanRefused
from acd.plan_store import PlanStore, StoredPlan
from core.errors import Conflict, NotFound
from db.pool import Database

pytestmark = pytest.mark.integration

FULL = PlanDocument.model_validate_json(
    json.dumps(
        {
            "default_queue": "citizens",
            "skills": {"dialect": "方言", "heat": ""},
            "certificates": {"basic": "上岗证"},
            "queues": {
                "citizens": {},
                "heating": {
                    "title": "供热",
                    "certificate": "basic",
                    "needs": [{"after": 0, "skills": {"dialect": 4, "heat": 2}}, {"after": 30, "skills": {}}],
                    "overflow": [
                        {"to": "queue", "queue": "citizens", "after_wait": 60, "longer_than": 10},
                        {"to": "call_back", "expected_over": 300.5},
                    ],
                    "hours": {
                        "zone": "Asia/Shanghai",
                        "week": {"mon": ["08:00-12:00", "14:00-24:00"]},
                        "closed_days": ["2026-10-01"],
                        "extra_days": {"2026-10-10": "fri"},
                    },
                    "call_back": {"tries": 2},
                    "max_waiting": 50,
                    "priority": "high",
                },
            },
            "lines": {"12345008": {"queue": "heating", "priority": "urgent", "greeting": "surge"}},
        }
    )
)


@pytest.fixture
def store(database: Database) -> PlanStore:
    return PlanStore(database)


@pytest.fixture
async def owner(owner_dsn: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(owner_dsn)
    yield connection
    connection.terminate()


def with_title(stored: StoredPlan | None, title: str) -> PlanDocument:
    assert stored is not None
    plan = stored.document
    queue = plan.queues["heating"].model_copy(update={"title": title})
    return plan.model_copy(update={"queues": {**plan.queues, "heating": queue}})


async def test_a_plan_reads_back_as_it_was_written(store: PlanStore) -> None:
    assert await store.load() is None
    assert await store.version() == 0
    await store.seed(FULL)
    found = await store.load()
    assert found is not None
    assert (found.version, found.document) == (1, FULL)
    rules = found.routing().queues
    assert [len(queue.overflow) for queue in rules.values()] == [0, 2]


async def test_the_settings_count_only_the_first_time(store: PlanStore) -> None:
    await store.seed(FULL)
    other = PlanDocument.model_validate({"default_queue": "other", "queues": {"other": {}}})
    assert (await store.seed(other)).document == FULL


async def test_a_change_is_a_version_and_marks_only_what_it_touches(store: PlanStore) -> None:
    await store.seed(FULL)
    after = await store.change("chief", "test", lambda plan: with_title(plan, "供暖"))
    assert after.version == 2
    assert after.changed_in == {"queues.citizens": 1, "queues.heating": 2, "lines.12345008": 1}
    assert await store.load() == after
    assert [(v.version, v.actor) for v in await store.history(99, 10)] == [(2, "chief"), (1, "settings")]
    assert await store.of_version(1) == FULL
    with pytest.raises(NotFound):
        await store.of_version(7)


async def test_nothing_changed_is_no_version(store: PlanStore) -> None:
    await store.seed(FULL)
    assert (await store.change("chief", "test", lambda _plan: FULL)).version == 1


async def test_the_audit_row_has_before_and_after(
    store: PlanStore,
    owner: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    await store.seed(FULL)
    await store.change("chief", "test", lambda plan: with_title(plan, "供暖"))
    row = await owner.fetchrow("SELECT * FROM audit WHERE actor = 'chief'")
    assert row is not None
    detail = json.loads(row["detail"])
    assert (row["action"], row["object"], detail["version"]) == ("queue.change", "queue:heating", 2)
    assert (detail["before"]["title"], detail["after"]["title"]) == ("供热", "供暖")


async def test_a_plan_that_breaks_rules_leaves_nothing_behind(store: PlanStore) -> None:
    await store.seed(FULL)
    wrong = FULL.model_copy(update={"default_queue": "gone"})
    with pytest.raises(PlanRefused, match="default_queue: there is no queue gone"):
        await store.change("chief", "test", lambda _plan: wrong)
    found = await store.load()
    assert found is not None
    assert (found.version, found.document) == (1, FULL)


async def test_what_people_have_is_not_taken_away(
    store: PlanStore,
    owner: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    await store.seed(FULL)
    await owner.execute(
        "INSERT INTO accounts (login, display_name, role, password_hash, queues) "
        "VALUES ('a1', 'A', 'agent', 'x', '{heating}')"
    )
    await owner.execute("INSERT INTO agent_skills SELECT id, 'heat', 3 FROM accounts")
    plain = PlanDocument.model_validate({"default_queue": "citizens", "queues": {"citizens": {}}})
    with pytest.raises(Conflict, match=r"queues\.heating: people still have it"):
        await store.change("chief", "test", lambda _plan: plain)
    await owner.execute("UPDATE accounts SET queues = '{}'")
    with pytest.raises(Conflict, match=r"skills\.heat: people still have it"):
        await store.change("chief", "test", lambda _plan: plain)
    await owner.execute("DELETE FROM agent_skills")
    assert (await store.change("chief", "test", lambda _plan: plain)).version == 2
    assert await owner.fetchval("SELECT count(*) FROM skills") == 0


@pytest.mark.parametrize("statement", ["UPDATE plan_versions SET actor = 'x'", "DELETE FROM plan_versions"])
async def test_the_history_is_never_changed(
    store: PlanStore,
    owner: "asyncpg.Connection[asyncpg.Record]",
    statement: str,
) -> None:
    await store.seed(FULL)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await owner.execute(statement)
