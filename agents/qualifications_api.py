"""HTTP endpoints about skills, certificates and the wrap-up time of people.

A change counts at once for somebody who is at a phone.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, Field

from agents.qualifications import Qualification, QualificationChange, Qualifications
from agents.views import AccountPath, version_of
from core.api import ApiModel, ApiRequest, Endpoint, Reply
from core.errors import PreconditionRequired
from core.events import AgentProfileChanged
from core.identity import Permission
from core.ports import Inbox, LiveView
from core.vocabulary import AgentId, Seconds

Name = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]
Level = Annotated[int, Field(ge=1, le=5)]


class SkillsBody(ApiModel):
    """All skills of a person: name -> level 1 to 5."""

    skills: Annotated[dict[Name, Level], Field(max_length=100)]


class CertificatesBody(ApiModel):
    """All certificates of a person: name -> valid until, ``null``: without end."""

    certificates: Annotated[dict[Name, AwareDatetime | None], Field(max_length=100)]


class WrapUpBody(ApiModel):
    """A person's own wrap-up time; ``null``: that of the queue."""

    seconds: Annotated[float, Field(ge=0, le=3600)] | None


class QualificationAnswer(ApiModel):
    """What a person can and may do; the ETag is the account's version."""

    version: int
    skills: dict[str, int]
    certificates: dict[str, datetime | None]
    wrap_up_seconds: float | None


class QualificationsApi:
    """Handlers."""

    def __init__(
        self, qualifications: Qualifications, inbox: Inbox, live: LiveView, now: Callable[[], Seconds]
    ) -> None:
        self._qualifications = qualifications
        self._inbox = inbox
        self._live = live
        self._now = now

    async def show(self, request: ApiRequest) -> Reply:
        """What the person has."""
        return _answer(await self._qualifications.of(AgentId(request.path.account_id)))

    async def put_skills(self, request: ApiRequest) -> Reply:
        """Other skills."""
        return await self._change(request, QualificationChange(skills=request.body.skills))

    async def put_certificates(self, request: ApiRequest) -> Reply:
        """Other certificates."""
        given = request.body.certificates
        ends = {name: until and until.timestamp() for name, until in given.items()}
        return await self._change(request, QualificationChange(certificates=ends))

    async def put_wrap_up(self, request: ApiRequest) -> Reply:
        """Another wrap-up time."""
        return await self._change(request, QualificationChange(wrap_up=(request.body.seconds,)))

    async def _change(self, request: ApiRequest, change: QualificationChange) -> Reply:
        if_match = request.headers.get("If-Match")
        if if_match is None:
            raise PreconditionRequired("If-Match is needed", field="If-Match")
        account_id = AgentId(request.path.account_id)
        held = await self._qualifications.change(
            account_id, version_of(if_match), change, request.account.login
        )
        await tell_seated(self._inbox, self._live, account_id, held, self._now())
        return _answer(held)


async def tell_seated(
    inbox: Inbox, live: LiveView, agent_id: AgentId, held: Qualification, at: Seconds
) -> None:
    """Somebody who is at a phone is offered calls by the new values from now on."""
    if live.agent(agent_id) is not None:
        await inbox.ask(
            AgentProfileChanged(
                agent_id, held.queues, held.skills, held.certificates, at, held.wrap_up_seconds
            )
        )


def _answer(held: Qualification) -> Reply:
    ends = held.certificates.items()
    answer = QualificationAnswer(
        version=held.version,
        skills={str(name): level for name, level in held.skills.items()},
        certificates={
            str(name): None if until is None else datetime.fromtimestamp(until, UTC) for name, until in ends
        },
        wrap_up_seconds=held.wrap_up_seconds,
    )
    return Reply(answer, headers={"ETag": f'"{held.version}"'})


def endpoints(api: QualificationsApi) -> list[Endpoint]:
    """The table of routes."""
    parts = (
        ("skills", "skills", api.put_skills, SkillsBody),
        ("certificates", "certificates", api.put_certificates, CertificatesBody),
        ("wrap-up", "own wrap-up time", api.put_wrap_up, WrapUpBody),
    )
    found: list[Endpoint] = []
    for path, words, put, body in parts:
        place = f"/api/v1/accounts/{{account_id}}/{path}"
        show, change = Permission.SUPERVISE, Permission.MANAGE_ACCOUNTS
        found += [
            Endpoint("GET", place, show, f"A person's {words}", api.show, QualificationAnswer,
                     path_model=AccountPath, tag="accounts", errors=(404,)),
            Endpoint("PUT", place, change, f"Set a person's {words}; needs If-Match", put,
                     QualificationAnswer, path_model=AccountPath, body_model=body, tag="accounts",
                     errors=(404, 412, 428)),
        ]  # fmt: skip
    return found
