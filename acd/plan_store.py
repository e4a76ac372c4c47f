"""The plan in PostgreSQL: read as one value, changed in one transaction together with its audit rows."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acd.plan_document import PlanDocument
from acd.plan_rules import check
from acd.plan_values import routing_plan
from core.errors import Conflict, NotFound
from core.plan import RoutingPlan
from core.vocabulary import Seconds
from db import queries
from db.pool import Database

if TYPE_CHECKING:
    from db.pool import Connection

SQL = queries.load(Path(__file__).with_name("plan.sql"))

KINDS = {"queues": "queue", "lines": "line", "skills": "skill", "certificates": "certificate"}
"""Part of the plan -> what one of it is called in the audit."""

FIRST_VERSION = 1


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """One version of the plan."""

    version: int
    document: PlanDocument
    changed_in: Mapping[str, int]
    """``queues.NAME`` or ``lines.NUMBER`` -> the version in which it was last changed."""

    def routing(self) -> RoutingPlan:
        """What the engine decides by."""
        return routing_plan(self.document, self.version)


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """One entry of the history."""

    version: int
    actor: str
    cause: str
    at: Seconds


@dataclass(frozen=True, slots=True)
class PlanChange:
    """One object of the plan before and after; ``None``: it was not there, or is not any more."""

    part: str
    name: str
    before: Any
    after: Any

    @property
    def action(self) -> str:
        """For the audit: ``queue.create``."""
        verb = "create" if self.before is None else "delete" if self.after is None else "change"
        return f"{KINDS.get(self.part, self.part)}.{verb}"


def changes(before: PlanDocument | None, after: PlanDocument) -> list[PlanChange]:
    """Everything that differs between two plans, object by object."""
    old = before.model_dump(mode="json") if before is not None else {}
    new = after.model_dump(mode="json")
    return [*_changes_of(old, new)]


def _changes_of(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[PlanChange]:
    for part in KINDS:
        was, becomes = old.get(part, {}), new[part]
        for name in sorted(was.keys() | becomes.keys()):
            if was.get(name) != becomes.get(name):
                yield PlanChange(part, name, was.get(name), becomes.get(name))
    if old.get("default_queue") != new["default_queue"]:
        yield PlanChange("plan", "default_queue", old.get("default_queue"), new["default_queue"])


class PlanStore:
    """The rows of the plan."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self) -> StoredPlan | None:
        """The plan as it stands; ``None`` before the first start."""
        row = await self._database.fetchrow(SQL["plan"])
        return _stored(dict(row)) if row is not None else None

    async def version(self) -> int:
        """The number of the present version, 0 when there is none."""
        return await self._database.fetchval(SQL["plan_version"]) or 0

    async def seed(self, document: PlanDocument) -> StoredPlan:
        """The plan as it stands; where there is none, this one becomes the first."""
        found = await self.load()
        if found is not None:
            return found
        return await self.change(
            "settings", "first start", lambda there: there.document if there else document
        )

    async def change(
        self, actor: str, cause: str, edit: Callable[[StoredPlan | None], PlanDocument]
    ) -> StoredPlan:
        """Change the plan in one transaction, after whoever is changing it at the moment.

        Args:
            actor: login, or who acted without one.
            cause: what led to it, for the history.
            edit: gets the plan as it stands and returns the new one; what it raises ends the change.

        Returns:
            The plan as it is now; the version is the old one when nothing was changed.

        Raises:
            PlanRefused: the new plan breaks rules.
            Conflict: somebody still has what the new plan does not have any more.
        """
        async with self._database.transaction() as connection:
            await connection.execute(SQL["plan_lock"])
            row = await connection.fetchrow(SQL["plan"])
            before = _stored(dict(row)) if row is not None else None
            document = check(edit(before))
            found = changes(before.document if before else None, document)
            if before is not None and not found:
                return before
            await _keep_people_whole(connection, found)
            after = _next(before, document, found)
            await _write(connection, after)
            await _account_for(connection, after, found, actor, cause)
        return after

    async def history(self, before: int, limit: int) -> list[PlanVersion]:
        """Versions below ``before``, newest first."""
        rows = await self._database.fetch(SQL["plan_versions"], before, limit)
        return [PlanVersion(row["version"], row["actor"], row["cause"], row["at"]) for row in rows]

    async def of_version(self, version: int) -> PlanDocument:
        """The plan as it was; raises ``NotFound``."""
        text = await self._database.fetchval(SQL["plan_of_version"], version)
        if text is None:
            raise NotFound("there is no such version of the plan")
        return PlanDocument.model_validate_json(text)


async def _keep_people_whole(connection: "Connection", found: list[PlanChange]) -> None:
    """Refuse to take away what people still have: they would silently serve less, or nothing."""
    gone = {part: [c.name for c in found if c.part == part and c.after is None] for part in KINDS}
    used = await connection.fetch(SQL["used_by_people"], gone["queues"], gone["skills"], gone["certificates"])
    if used:
        field = used[0]["field"]
        raise Conflict(f"{field}: people still have it; take it from them first", code="in_use", field=field)


def _next(before: StoredPlan | None, document: PlanDocument, found: list[PlanChange]) -> StoredPlan:
    version = before.version + 1 if before else FIRST_VERSION
    changed = {f"{change.part}.{change.name}" for change in found}
    names = [f"queues.{name}" for name in document.queues] + [f"lines.{number}" for number in document.lines]
    old = before.changed_in if before else {}
    return StoredPlan(
        version, document, {name: version if name in changed else old.get(name, version) for name in names}
    )


async def _write(connection: "Connection", plan: StoredPlan) -> None:
    """Replace the rows, in the order that references ask for."""
    values = plan.document.model_dump(mode="json")
    overflow = [
        {**rule, "queue": name, "place": place, "relief": rule["to"], "target": rule["queue"]}
        for name, queue in values["queues"].items()
        for place, rule in enumerate(queue["overflow"])
    ]
    await connection.execute(SQL["put_skills"], json.dumps(values["skills"]))
    await connection.execute(SQL["put_certificates"], json.dumps(values["certificates"]))
    for name in ("drop_overflow", "drop_lines", "drop_queues"):
        await connection.execute(SQL[name])
    await connection.execute(SQL["put_queues"], json.dumps(_rows(plan, "queues", "name")))
    await connection.execute(SQL["put_overflow"], json.dumps(overflow))
    await connection.execute(SQL["put_lines"], json.dumps(_rows(plan, "lines", "number")))
    await connection.execute(SQL["drop_skills"], list(values["skills"]))
    await connection.execute(SQL["drop_certificates"], list(values["certificates"]))
    await connection.execute(SQL["put_plan"], plan.version, plan.document.default_queue)


def _rows(plan: StoredPlan, part: str, key: str) -> list[dict[str, Any]]:
    """Objects as rows; a value that is not there is SQL's null, not JSON's."""
    found = plan.document.model_dump(mode="json", include={part})[part]
    return [
        {**value, key: name, "changed_in": plan.changed_in[f"{part}.{name}"]} for name, value in found.items()
    ]


async def _account_for(
    connection: "Connection", plan: StoredPlan, found: list[PlanChange], actor: str, cause: str
) -> None:
    """History, audit, and news for those who use the plan."""
    await connection.execute(
        SQL["keep_version"], plan.version, actor, cause, plan.document.model_dump_json(exclude_defaults=True)
    )
    rows = [(actor, change.action, _object(change), _detail(plan, change)) for change in found]
    await connection.executemany(SQL["plan_audit"], rows)
    await connection.execute(SQL["plan_told"], str(plan.version))


def _object(change: PlanChange) -> str:
    return f"{KINDS.get(change.part, change.part)}:{change.name}"


def _detail(plan: StoredPlan, change: PlanChange) -> str:
    return json.dumps({"version": plan.version, "before": change.before, "after": change.after})


def _stored(row: Mapping[str, Any]) -> StoredPlan:
    queues, lines = json.loads(row["queues"]), json.loads(row["lines"])
    changed = {f"queues.{queue['name']}": queue["changed_in"] for queue in queues}
    changed |= {f"lines.{line['number']}": line["changed_in"] for line in lines}
    values = {
        "default_queue": row["default_queue"],
        "skills": json.loads(row["skills"]),
        "certificates": json.loads(row["certificates"]),
        "queues": {queue["name"]: _without(queue, "name", "changed_in") for queue in queues},
        "lines": {line["number"]: _without(line, "number", "changed_in") for line in lines},
    }
    return StoredPlan(row["version"], PlanDocument.model_validate_json(json.dumps(values)), changed)


def _without(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in names}
