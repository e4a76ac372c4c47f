"""HTTP endpoints for what an agent does in his own talk, and for what came of an emergency."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from acd.model import State
from acd.talk_store import SQL
from core.api import ApiModel, ApiRequest, Endpoint, Reply
from core.errors import InvalidInput, NotFound, Unavailable
from core.events import TalkAsked
from core.identity import Permission
from core.ports import Inbox
from core.talk import TalkAction
from core.vocabulary import AgentId, Phone, QueueName, Seconds
from db.pool import Database

Number = Annotated[str, Field(pattern=r"^[0-9]{2,20}$")]
Text = Annotated[str, Field(min_length=1, max_length=2000)]

LONGEST_PAUSE_SECONDS: Seconds = 600.0


class Target(ApiModel):
    """Whom to ask, or to hand the citizen to; exactly one of them is given."""

    agent_id: Annotated[int, Field(ge=1)] | None = None
    login: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    phone: Number | None = None
    """A colleague's phone."""
    queue: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")] | None = None
    """Only for a transfer."""
    number: Number | None = None
    """A unit outside; must match a pattern of ``HOTLINE_TRANSFER_NUMBERS``."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("give exactly one of agent_id, login, phone, queue, number")
        return self


class TargetBody(ApiModel):
    """Where to."""

    to: Target


class PauseBody(ApiModel):
    """How long the recording pauses at most; then it goes on by itself."""

    seconds: Annotated[float, Field(gt=0, le=LONGEST_PAUSE_SECONDS)] | None = None


class EmergencyBody(ApiModel):
    """Which service is called in, and what it is told."""

    service: Annotated[str, Field(pattern=r"^(110|119|120|122)$")]
    note: Text


class OutcomeBody(ApiModel):
    """What came of it."""

    outcome: Text


class EmergencyPath(ApiModel):
    """Names one emergency of a call."""

    call_id: UUID
    number: Annotated[int, Field(ge=1)]


class ThirdView(ApiModel):
    """Whom the agent has called into his talk."""

    kind: str
    phone: str | None
    agent_id: int | None
    number: str | None
    answered: bool


class TalkView(ApiModel):
    """The agent's talk at this moment."""

    call_id: UUID
    state: str
    mine: bool
    """False for a colleague who is only being asked."""
    third: ThirdView | None
    muted: bool
    record_paused_until: datetime | None


class TalkRules:
    """What the settings allow inside talks.

    Args:
        patterns: numbers outside that may be asked or transferred to; ``X`` stands for any digit,
            a final ``.`` for any further ones.
        services: what is dialled for each emergency service.
        pause_seconds: how long the recording pauses at most when nothing is said.
        outside: whether anybody outside can be called at all.
    """

    def __init__(
        self,
        patterns: tuple[str, ...],
        services: Mapping[str, str],
        pause_seconds: Seconds,
        *,
        outside: bool,
    ) -> None:
        self._allowed = [re.compile(p.replace("X", "[0-9]").replace(".", "[0-9]+")) for p in patterns]
        self._services = dict(services)
        self.pause_seconds = pause_seconds
        self._outside = outside

    def number(self, number: str) -> str:
        """The number, if it may be called; raises ``InvalidInput`` or ``Unavailable``."""
        self._need_outside()
        if not any(pattern.fullmatch(number) for pattern in self._allowed):
            raise InvalidInput(
                "calls may not be sent to this number",
                code="number_not_allowed",
                field="to.number",
            )
        return number

    def service(self, service: str) -> str:
        """What is dialled for an emergency service."""
        self._need_outside()
        return self._services[service]

    def _need_outside(self) -> None:
        if not self._outside:
            raise Unavailable(
                "calls to the outside are not set up (HOTLINE_OUTSIDE_URI)", code="outside_not_configured"
            )


class TalkApi:
    """Handlers; whose talk it is the engine checks."""

    def __init__(
        self, database: Database, inbox: Inbox, state: State, now: Callable[[], Seconds], rules: TalkRules
    ) -> None:
        self._database = database
        self._inbox = inbox
        self._state = state
        self._now = now
        self._rules = rules

    async def show(self, request: ApiRequest) -> Reply:
        """The agent's talk at this moment."""
        view = self._view(request.account.id)
        if view is None:
            raise NotFound("you are in no talk")
        return Reply(view)

    async def plain(self, request: ApiRequest, action: TalkAction) -> Reply:
        """Whatever needs nothing but the wish."""
        return await self._ask(TalkAsked(request.account.id, action, self._now()))

    async def transfer(self, request: ApiRequest) -> Reply:
        """Hand the citizen over without asking."""
        return await self._towards(request, TalkAction.TRANSFER)

    async def consult(self, request: ApiRequest) -> Reply:
        """Ask somebody while the citizen hears music."""
        if request.body.to.queue is not None:
            raise InvalidInput("a queue cannot be asked; transfer to it instead", field="to.queue")
        return await self._towards(request, TalkAction.CONSULT)

    async def pause(self, request: ApiRequest) -> Reply:
        """Pause the recording."""
        seconds = request.body.seconds or self._rules.pause_seconds
        asked = TalkAsked(request.account.id, TalkAction.RECORD_PAUSE, self._now(), seconds=seconds)
        return await self._ask(asked)

    async def emergency(self, request: ApiRequest) -> Reply:
        """Bring an emergency service into the talk, at once."""
        body: EmergencyBody = request.body
        return await self._ask(
            TalkAsked(
                request.account.id,
                TalkAction.EMERGENCY,
                self._now(),
                number=self._rules.service(body.service),
                service=body.service,
                note=body.note,
            )
        )

    async def outcome(self, request: ApiRequest) -> Reply:
        """Note what came of an emergency; for those who took part, and supervisors."""
        account, path = request.account, request.path
        call_id = str(path.call_id)
        if Permission.SEE_ALL_CALLS not in account.permissions and not await self._database.fetchval(
            SQL["talked_in"], call_id, account.id
        ):
            raise NotFound("no such emergency")
        done = await self._database.fetchval(
            SQL["record_outcome"], call_id, path.number, request.body.outcome, account.id
        )
        if done is None:
            raise NotFound("no such emergency")
        return Reply(status=204)

    async def _towards(self, request: ApiRequest, action: TalkAction) -> Reply:
        to: Target = request.body.to
        asked = TalkAsked(
            request.account.id,
            action,
            self._now(),
            phone=await self._phone(to),
            queue=QueueName(to.queue) if to.queue is not None else None,
            number=self._rules.number(to.number) if to.number is not None else "",
        )
        return await self._ask(asked)

    async def _phone(self, to: Target) -> Phone | None:
        """The phone of the colleague who is meant, ``None`` when none is; raises ``InvalidInput``."""
        if to.phone is not None:
            return Phone(to.phone)
        agent_id = to.agent_id
        if to.login is not None:
            agent_id = await self._database.fetchval(SQL["agent_of_login"], to.login)
        elif agent_id is None:
            return None
        agent = self._state.agents.get(AgentId(agent_id)) if agent_id is not None else None
        if agent is None:
            raise InvalidInput("this colleague is at no phone", code="nobody_there", field="to")
        return agent.phone

    async def _ask(self, asked: TalkAsked) -> Reply:
        await self._inbox.ask(asked)
        view = self._view(asked.agent_id)
        return Reply(status=204) if view is None else Reply(view)

    def _view(self, agent_id: AgentId) -> TalkView | None:
        agent = self._state.agents.get(agent_id)
        call = self._state.calls.get(agent.call_id) if agent is not None and agent.call_id else None
        if call is None or call.answered_at is None:
            return None
        talk, third = call.talk, call.talk.third
        return TalkView(
            call_id=UUID(call.call_id),
            state=talk.state,
            mine=call.agent_id == agent_id,
            third=None
            if third is None
            else ThirdView(
                kind=third.kind,
                phone=third.phone,
                agent_id=third.agent_id,
                number=third.number or None,
                answered=third.answered_at is not None,
            ),
            muted=any(kind == "mute" for kind in talk.marks),
            record_paused_until=None
            if talk.paused_until is None
            else datetime.fromtimestamp(talk.paused_until, UTC),
        )


PLAIN: tuple[tuple[str, TalkAction, str], ...] = (
    ("hold", TalkAction.HOLD, "Put the citizen on hold"),
    ("resume", TalkAction.RESUME, "Take him back from hold"),
    ("mute", TalkAction.MUTE, "Be heard by nobody"),
    ("unmute", TalkAction.UNMUTE, "Be heard again"),
    ("consult/complete", TalkAction.COMPLETE, "Hand the citizen to whom you consult"),
    ("consult/cancel", TalkAction.CANCEL, "Back to the citizen, without the third party"),
    ("conference", TalkAction.CONFERENCE, "Bring together the citizen and whom you consult"),
    ("record-resume", TalkAction.RECORD_RESUME, "Let the recording go on"),
    ("hang-up", TalkAction.HANG_UP, "End the call; out of a conference only you leave"),
)
"""Path below ``/api/v1/me/call``, what it asks for, and the summary."""


def endpoints(api: TalkApi) -> list[Endpoint]:
    """The table of routes."""
    plain = [_post(path, text, _plain(api, action)) for path, action, text in PLAIN]
    return [
        Endpoint(
            "GET",
            "/api/v1/me/call",
            Permission.TAKE_CALLS,
            "Your talk at this moment",
            api.show,
            answer=TalkView,
            tag="talk",
            errors=(404,),
        ),
        *plain,
        _post("transfer", "Hand the citizen over without asking", api.transfer, TargetBody),
        _post("consult", "Ask somebody while the citizen hears music", api.consult, TargetBody),
        _post("record-pause", "Pause the recording for what must not be kept", api.pause, PauseBody),
        _post("emergency", "Bring 110, 119, 120 or 122 into the talk", api.emergency, EmergencyBody),
        Endpoint(
            "PUT",
            "/api/v1/calls/{call_id}/emergencies/{number}/outcome",
            Permission.SEE_OWN_CALLS,
            "What came of an emergency",
            api.outcome,
            status=204,
            path_model=EmergencyPath,
            body_model=OutcomeBody,
            tag="talk",
            errors=(404,),
        ),
    ]


def _plain(api: TalkApi, action: TalkAction) -> Callable[[ApiRequest], object]:
    async def handle(request: ApiRequest) -> Reply:
        return await api.plain(request, action)

    return handle


def _post(
    path: str,
    summary: str,
    handler: Callable[[ApiRequest], object],
    body: type[ApiModel] | None = None,
) -> Endpoint:
    return Endpoint(
        "POST",
        f"/api/v1/me/call/{path}",
        Permission.TAKE_CALLS,
        summary,
        handler,  # type: ignore[arg-type]  # an async function, as above
        answer=TalkView,
        body_model=body,
        tag="talk",
        errors=(409,),
    )
