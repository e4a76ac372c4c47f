"""A small API to serve in tests: every kind of input, every kind of end."""

from typing import Annotated

from pydantic import Field

from agents.permissions import PERMISSIONS
from core.api import ApiModel, ApiRequest, Endpoint, Reply
from core.errors import Conflict, Unavailable
from core.identity import Account, Permission, Role
from core.vocabulary import AgentId, AgentState


class ThingPath(ApiModel):
    thing_id: Annotated[int, Field(ge=1)]


class ThingQuery(ApiModel):
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    word: Annotated[str, Field(max_length=20)] = ""


class Part(ApiModel):
    name: Annotated[str, Field(max_length=20)]


class ThingBody(ApiModel):
    name: Annotated[str, Field(min_length=1, max_length=80)]
    state: AgentState = AgentState.READY
    size: int = 0
    story: Annotated[str, Field(max_length=20_000)] = ""
    parts: Annotated[list[Part], Field(max_length=3, default_factory=list)]


class ThingAnswer(ApiModel):
    thing_id: int
    name: str
    who: str
    story: str = ""


ACCOUNTS = {
    role.value: Account(AgentId(n), role.value, role.value.title(), role, (), PERMISSIONS[role])
    for n, role in enumerate(Role, start=1)
}


class Sessions:
    """Tokens are roles; ``away`` cannot be looked up."""

    async def account_of(self, token: str) -> Account | None:
        if token == "away":
            raise Unavailable("the database is away")
        return ACCOUNTS.get(token)


class Things:
    """Handlers that note what reached them."""

    def __init__(self) -> None:
        self.reached: list[ApiRequest] = []

    async def change(self, request: ApiRequest) -> Reply:
        self.reached.append(request)
        body: ThingBody = request.body
        answer = ThingAnswer(
            thing_id=request.path.thing_id, name=body.name, who=request.account.login, story=body.story
        )
        return Reply(answer, headers={"ETag": '"7"'})

    async def show(self, request: ApiRequest) -> ThingAnswer:
        self.reached.append(request)
        return ThingAnswer(thing_id=request.path.thing_id, name=request.query.word, who="anybody")

    async def remove(self, request: ApiRequest) -> Reply:
        self.reached.append(request)
        return Reply(status=204)

    async def clash(self, _request: ApiRequest) -> Reply:
        raise Conflict("the phone is taken", code="phone_taken", field="phone")

    async def crash(self, _request: ApiRequest) -> Reply:
        raise RuntimeError("secret detail 13800138000")

    async def lie(self, _request: ApiRequest) -> Reply:
        return Reply(Part(name="not what was declared"))


def endpoints(things: Things) -> list[Endpoint]:
    path = "/api/v1/things/{thing_id}"
    return [
        Endpoint(
            *("PUT", path, Permission.TAKE_CALLS, "Change", things.change, ThingAnswer),
            path_model=ThingPath,
            query_model=ThingQuery,
            body_model=ThingBody,
            tag="things",
            errors=(409,),
        ),
        Endpoint(
            *("GET", path, Permission.PUBLIC, "Show", things.show, ThingAnswer),
            path_model=ThingPath,
            query_model=ThingQuery,
        ),
        Endpoint(
            *("DELETE", path, Permission.MANAGE_ACCOUNTS, "Remove", things.remove),
            status=204,
            path_model=ThingPath,
        ),
        Endpoint("GET", "/api/v1/clash", Permission.ANY, "Clash", things.clash),
        Endpoint("GET", "/api/v1/crash", Permission.ANY, "Crash", things.crash),
        Endpoint("GET", "/api/v1/lie", Permission.ANY, "Lie", things.lie, ThingAnswer),
    ]
