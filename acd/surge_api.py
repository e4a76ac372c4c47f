"""HTTP endpoints for surge notices: what supervisors tell all callers, or those of a queue or a line."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AwareDatetime, Field

from acd.surge import NoticeRow, SurgeNotices, Wanted
from core.api import ApiModel, ApiRequest, Endpoint, Reply
from core.errors import InvalidInput
from core.identity import Permission

LONGEST = timedelta(days=30)
"""A notice that stands longer is no news."""

VOICE_BYTES = 4 * 1024 * 1024
"""Largest recording that is taken: about four minutes at 8 kHz."""

Scope = Annotated[str, Field(pattern=r"^(all|queue:[a-z0-9_]{1,40}|line:[0-9]{2,20})$")]
Words = Annotated[str, Field(min_length=1, max_length=500)]


class SurgePath(ApiModel):
    """Whom a notice is for: ``all``, ``queue:NAME`` or ``line:NUMBER``."""

    scope: Scope


class SurgeWish(ApiModel):
    """A notice to be spoken."""

    text: Words
    until: AwareDatetime


class VoiceQuery(ApiModel):
    """What a recorded notice says, and until when it holds."""

    text: Words
    until: AwareDatetime


class SurgeView(ApiModel):
    """A notice in force."""

    id: int
    scope: str
    text: str
    since: datetime
    until: datetime
    set_by: str


class SurgeList(ApiModel):
    """The notices in force, by scope."""

    items: list[SurgeView]


class SurgeApi:
    """Handlers."""

    def __init__(self, service: SurgeNotices) -> None:
        self._service = service

    async def list_notices(self, _request: ApiRequest) -> Reply:
        """Those in force."""
        at = self._service.now()
        return Reply(SurgeList(items=[_view(row) for row in self._service.rows if row.notice.until > at]))

    async def set_text(self, request: ApiRequest) -> Reply:
        """Set a notice that is spoken; it is heard from the answer on."""
        wanted = _wanted(request.path.scope, request.body.text, request.body.until, self._service.now())
        return Reply(_view(await self._service.say(wanted, request.account.login)))

    async def set_voice(self, request: ApiRequest) -> Reply:
        """Set a notice that somebody has recorded; the body is a WAV file."""
        wanted = _wanted(request.path.scope, request.query.text, request.query.until, self._service.now())
        recording = bytearray()
        async for chunk in request.raw.content.iter_chunked(1 << 16):
            recording += chunk
            if len(recording) > VOICE_BYTES:
                raise InvalidInput(f"at most {VOICE_BYTES} bytes", field="body")
        return Reply(_view(await self._service.play(wanted, bytes(recording), request.account.login)))

    async def withdraw(self, request: ApiRequest) -> Reply:
        """End a notice."""
        await self._service.withdraw(request.path.scope, request.account.login)
        return Reply(status=204)


def endpoints(service: SurgeNotices) -> list[Endpoint]:
    """The table of routes."""
    api = SurgeApi(service)
    one = "/api/v1/surge-notices/{scope}"
    return [
        Endpoint(
            "GET",
            "/api/v1/surge-notices",
            Permission.SUPERVISE,
            "Surge notices in force",
            api.list_notices,
            answer=SurgeList,
            tag="surge notices",
        ),
        Endpoint(
            "PUT",
            one,
            Permission.SUPERVISE,
            "Have everybody concerned told something at once: new callers and those who wait, once each",
            api.set_text,
            answer=SurgeView,
            path_model=SurgePath,
            body_model=SurgeWish,
            tag="surge notices",
        ),
        Endpoint(
            "PUT",
            f"{one}/voice",
            Permission.SUPERVISE,
            "The same with a recorded voice; the body is a WAV file of at most 4 MB",
            api.set_voice,
            answer=SurgeView,
            path_model=SurgePath,
            query_model=VoiceQuery,
            tag="surge notices",
        ),
        Endpoint(
            "DELETE",
            one,
            Permission.SUPERVISE,
            "Withdraw a surge notice",
            api.withdraw,
            status=204,
            path_model=SurgePath,
            tag="surge notices",
            errors=(404,),
        ),
    ]


def _wanted(scope: str, text: str, until: datetime, now: float) -> Wanted:
    if until.timestamp() > now + LONGEST.total_seconds():
        raise InvalidInput(f"at most {LONGEST.days} days ahead", field="until")
    return Wanted(scope, text, until.timestamp())


def _view(row: NoticeRow) -> SurgeView:
    notice = row.notice
    return SurgeView(
        id=notice.notice_id,
        scope=notice.scope,
        text=row.text,
        since=datetime.fromtimestamp(notice.since, UTC),
        until=datetime.fromtimestamp(notice.until, UTC),
        set_by=row.set_by,
    )
