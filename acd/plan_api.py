"""HTTP endpoints about the plan: queues, lines, skills, certificates, the whole, import and export.

Supervisors read, administrators change. Who changes something says which version he has read (``If-Match``).
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from acd.plan_document import LineDocument, PlanDocument, QueueDocument
from acd.plan_file import read, write
from acd.plan_service import PlanService
from acd.plan_store import PlanChange, StoredPlan
from acd.plan_views import (
    LATEST,
    ChangeAnswer,
    ExportAnswer,
    ImportAnswer,
    ImportBody,
    ImportQuery,
    LineAnswer,
    LineAnswers,
    LinePath,
    NamePath,
    NewLineBody,
    NewQueueBody,
    PlanAnswer,
    QueueAnswer,
    QueueAnswers,
    QueuePath,
    TitleBody,
    VersionAnswer,
    VersionAnswers,
    VersionPath,
    VersionsQuery,
)
from core.api import ApiModel, ApiRequest, Endpoint, Reply
from core.errors import Conflict, InvalidInput, NotFound, PreconditionFailed, PreconditionRequired
from core.identity import Permission


class PlanApi:
    """Handlers."""

    def __init__(self, service: PlanService) -> None:
        self._service = service

    # --- the whole -----------------------------------------------------------------------------

    async def show(self, _request: ApiRequest) -> Reply:
        """The plan."""
        return _whole(await self._service.current())

    async def replace(self, request: ApiRequest) -> Reply:
        """Another plan in its place."""
        wanted = _if_match(request)
        body: PlanDocument = request.body

        def edit(stored: StoredPlan) -> PlanDocument:
            if stored.version != wanted:
                raise _stale()
            return body

        return _whole(await self._service.change(request.account.login, "api", edit))

    async def import_text(self, request: ApiRequest) -> Reply:
        """A plan from TOML in its place, or what that would change."""
        plan = read(request.body.toml)
        found = await self._service.dry_run(plan)
        version = (await self._service.current()).version
        if not request.query.dry_run:
            version = (
                await self._service.change(request.account.login, "import", lambda _there: plan)
            ).version
        shown = [_change(change) for change in found]
        return Reply(ImportAnswer(version=version, dry_run=request.query.dry_run, changes=shown))

    async def export(self, _request: ApiRequest) -> Reply:
        """The plan as TOML."""
        stored = await self._service.current()
        return Reply(ExportAnswer(version=stored.version, toml=write(stored.document)))

    async def versions(self, request: ApiRequest) -> Reply:
        """The history."""
        limit = request.query.limit
        rows = await self._service.store.history(request.query.cursor or LATEST, limit + 1)
        items = [
            VersionAnswer(
                version=row.version,
                actor=row.actor,
                cause=row.cause,
                at=datetime.fromtimestamp(row.at, UTC),
            )
            for row in rows[:limit]
        ]
        cursor = items[-1].version if len(rows) > limit else None
        return Reply(VersionAnswers(items=items, next_cursor=cursor))

    async def of_version(self, request: ApiRequest) -> Reply:
        """The plan as it was."""
        version = request.path.version
        return Reply(PlanAnswer(version=version, plan=await self._service.store.of_version(version)))

    # --- queues --------------------------------------------------------------------------------

    async def list_queues(self, _request: ApiRequest) -> Reply:
        """Every queue."""
        stored = await self._service.current()
        items = [_queue(stored, name) for name in sorted(stored.document.queues)]
        return Reply(QueueAnswers(version=stored.version, items=items))

    async def show_queue(self, request: ApiRequest) -> Reply:
        """One queue."""
        return _one(await self._service.current(), "queues", request.path.name)

    async def create_queue(self, request: ApiRequest) -> Reply:
        """A new queue."""
        name, queue = request.body.name, request.body.queue
        stored = await self._edit(request, "queues", name, queue, new=True)
        return _one(stored, "queues", name, 201)

    async def change_queue(self, request: ApiRequest) -> Reply:
        """Other rules for a queue."""
        name = request.path.name
        return _one(await self._edit(request, "queues", name, request.body), "queues", name)

    async def delete_queue(self, request: ApiRequest) -> Reply:
        """A queue less."""
        await self._edit(request, "queues", request.path.name, None)
        return Reply(status=204)

    # --- lines ---------------------------------------------------------------------------------

    async def list_lines(self, _request: ApiRequest) -> Reply:
        """Every line."""
        stored = await self._service.current()
        items = [_line(stored, number) for number in sorted(stored.document.lines)]
        return Reply(LineAnswers(version=stored.version, items=items))

    async def show_line(self, request: ApiRequest) -> Reply:
        """One line."""
        return _one(await self._service.current(), "lines", request.path.number)

    async def create_line(self, request: ApiRequest) -> Reply:
        """A new line."""
        number, line = request.body.number, request.body.line
        stored = await self._edit(request, "lines", number, line, new=True)
        return _one(stored, "lines", number, 201)

    async def change_line(self, request: ApiRequest) -> Reply:
        """Another treatment for a line."""
        number = request.path.number
        return _one(await self._edit(request, "lines", number, request.body), "lines", number)

    async def delete_line(self, request: ApiRequest) -> Reply:
        """A line less: its callers go to the default queue."""
        await self._edit(request, "lines", request.path.number, None)
        return Reply(status=204)

    async def _edit(
        self, request: ApiRequest, part: str, name: str, value: ApiModel | None, *, new: bool = False
    ) -> StoredPlan:
        wanted = None if new else _if_match(request)

        def edit(stored: StoredPlan) -> PlanDocument:
            plan, there = stored.document, getattr(stored.document, part)
            if new and name in there:
                raise Conflict(f"there is {name} already", code="name_taken", field="name")
            if not new and name not in there:
                raise NotFound(f"there is no {name}")
            if wanted is not None and wanted != stored.changed_in[f"{part}.{name}"]:
                raise _stale()
            if value is None:
                _keep_used(plan, part, name)
                return plan.model_copy(update={part: {k: v for k, v in there.items() if k != name}})
            return plan.model_copy(update={part: {**there, name: value}})

        return await self._service.change(request.account.login, "api", edit)

    # --- skills and certificates ---------------------------------------------------------------

    def titles(self, part: str) -> tuple[Callable[[ApiRequest], Any], Callable[[ApiRequest], Any]]:
        """Handlers that put and delete one name of ``skills`` or ``certificates``."""

        async def put(request: ApiRequest) -> Reply:
            return _whole(await self._name(request, part, request.body.title))

        async def delete(request: ApiRequest) -> Reply:
            await self._name(request, part, None)
            return Reply(status=204)

        return put, delete

    async def _name(self, request: ApiRequest, part: str, title: str | None) -> StoredPlan:
        name = request.path.name

        def edit(stored: StoredPlan) -> PlanDocument:
            plan = stored.document
            there = {key: value for key, value in getattr(plan, part).items() if key != name}
            if title is None and name not in getattr(plan, part):
                raise NotFound(f"there is no {name}")
            return plan.model_copy(update={part: there if title is None else {**there, name: title}})

        return await self._service.change(request.account.login, "api", edit)


def _keep_used(plan: PlanDocument, part: str, name: str) -> None:
    """Refuse to delete a queue that something leads to, and say what."""
    if part != "queues":
        return
    if plan.default_queue == name:
        raise Conflict("the default queue cannot be deleted", code="default_queue", field="name")
    lines = [f"lines.{number}" for number, line in plan.lines.items() if line.queue == name]
    rules = [
        f"queues.{other}.overflow.{place}"
        for other, queue in plan.queues.items()
        for place, rule in enumerate(queue.overflow)
        if rule.queue == name
    ]
    if lines or rules:
        first = (lines or rules)[0]
        raise Conflict(f"{first} leads to this queue", code="in_use", field=first)


def _if_match(request: ApiRequest) -> int:
    text = request.headers.get("If-Match")
    if text is None:
        raise PreconditionRequired("If-Match is needed", field="If-Match")
    digits = text.strip().removeprefix("W/").strip('"')
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > 9:  # noqa: PLR2004 - versions are 32-bit integers
        raise InvalidInput("If-Match must be the ETag that was read", field="If-Match")
    return int(digits)


def _stale() -> PreconditionFailed:
    return PreconditionFailed("it has been changed meanwhile", field="If-Match")


def _etag(version: int) -> dict[str, str]:
    return {"ETag": f'"{version}"'}


def _whole(stored: StoredPlan) -> Reply:
    return Reply(PlanAnswer(version=stored.version, plan=stored.document), headers=_etag(stored.version))


def _queue(stored: StoredPlan, name: str) -> QueueAnswer:
    changed_in = stored.changed_in[f"queues.{name}"]
    return QueueAnswer(name=name, changed_in=changed_in, queue=stored.document.queues[name])


def _line(stored: StoredPlan, number: str) -> LineAnswer:
    changed_in = stored.changed_in[f"lines.{number}"]
    return LineAnswer(number=number, changed_in=changed_in, line=stored.document.lines[number])


def _one(stored: StoredPlan, part: str, name: str, status: int = 200) -> Reply:
    if name not in getattr(stored.document, part):
        raise NotFound(f"there is no {name}")
    answer = _queue(stored, name) if part == "queues" else _line(stored, name)
    return Reply(answer, status, _etag(answer.changed_in))


def _change(change: PlanChange) -> ChangeAnswer:
    return ChangeAnswer(action=change.action, name=change.name, before=change.before, after=change.after)


READ, CHANGE = Permission.SEE_PLAN, Permission.MANAGE_PLAN
CHANGED = (404, 409, 412, 428)


def endpoints(api: PlanApi) -> list[Endpoint]:
    """The table of routes."""
    return [*_plan(api), *_queues(api), *_lines(api), *_names(api)]


def _route(
    method: str,
    path: str,
    summary: str,
    handler: Callable[[ApiRequest], Any],
    answer: type[ApiModel] | None = None,
    status: int = 200,
    **more: Any,  # noqa: ANN401 - the endpoint's own fields
) -> Endpoint:
    permission = READ if method == "GET" else CHANGE
    return Endpoint(
        method, f"/api/v1/plan{path}", permission, summary, handler, answer, status, tag="plan", **more
    )


def _plan(api: PlanApi) -> Sequence[Endpoint]:
    return [
        _route("GET", "", "The whole plan", api.show, PlanAnswer),
        _route(
            "PUT", "", "Replace the plan; needs If-Match", api.replace, PlanAnswer,
            body_model=PlanDocument, errors=(409, 412, 428),
        ),
        _route(
            "POST", "/import", "Replace the plan by a TOML text, or say what that would change",
            api.import_text, ImportAnswer, query_model=ImportQuery, body_model=ImportBody, errors=(409,),
        ),
        _route("GET", "/export", "The plan as a TOML text", api.export, ExportAnswer),
        _route("GET", "/versions", "Versions of the plan, newest first", api.versions, VersionAnswers,
               query_model=VersionsQuery),
        _route("GET", "/versions/{version}", "The plan as it was", api.of_version, PlanAnswer,
               path_model=VersionPath, errors=(404,)),
    ]  # fmt: skip


def _queues(api: PlanApi) -> Sequence[Endpoint]:
    return [
        _route("GET", "/queues", "Queues and their rules", api.list_queues, QueueAnswers),
        _route("POST", "/queues", "A new queue", api.create_queue, QueueAnswer, 201,
               body_model=NewQueueBody, errors=(409,)),
        _route("GET", "/queues/{name}", "One queue", api.show_queue, QueueAnswer,
               path_model=QueuePath, errors=(404,)),
        _route("PUT", "/queues/{name}", "Change a queue; needs If-Match", api.change_queue, QueueAnswer,
               path_model=QueuePath, body_model=QueueDocument, errors=CHANGED),
        _route("DELETE", "/queues/{name}", "Delete a queue that nothing leads to; needs If-Match",
               api.delete_queue, status=204, path_model=QueuePath, errors=CHANGED),
    ]  # fmt: skip


def _lines(api: PlanApi) -> Sequence[Endpoint]:
    return [
        _route("GET", "/lines", "Dialled numbers", api.list_lines, LineAnswers),
        _route("POST", "/lines", "A new line", api.create_line, LineAnswer, 201,
               body_model=NewLineBody, errors=(409,)),
        _route("GET", "/lines/{number}", "One line", api.show_line, LineAnswer,
               path_model=LinePath, errors=(404,)),
        _route("PUT", "/lines/{number}", "Change a line; needs If-Match", api.change_line, LineAnswer,
               path_model=LinePath, body_model=LineDocument, errors=CHANGED),
        _route("DELETE", "/lines/{number}", "Delete a line; needs If-Match", api.delete_line, status=204,
               path_model=LinePath, errors=CHANGED),
    ]  # fmt: skip


def _names(api: PlanApi) -> Sequence[Endpoint]:
    found: list[Endpoint] = []
    for part, word in (("skills", "skill"), ("certificates", "certificate")):
        put, delete = api.titles(part)
        found += [
            _route("PUT", f"/{part}/{{name}}", f"Name a {word}", put, PlanAnswer,
                   path_model=NamePath, body_model=TitleBody),
            _route("DELETE", f"/{part}/{{name}}", f"Delete a {word} that nobody has or needs", delete,
                   status=204, path_model=NamePath, errors=(404, 409)),
        ]  # fmt: skip
    return found
