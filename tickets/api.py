"""The HTTP endpoints of tickets and recordings, as one table for ``web``.

An agent reaches the own calls, who may see all reaches all; what somebody may not know of is 404.
"""

import re
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from core.api import ApiRequest, Endpoint, Reply
from core.errors import InvalidInput, PreconditionFailed, PreconditionRequired
from core.identity import Permission
from core.vocabulary import AgentId, CallId, QueueName
from tickets.model import TicketChange, TicketFilter, TicketView
from tickets.playback import part_of, send
from tickets.service import RecordingFile, TicketService
from tickets.views import (
    RecordingAnswer,
    RecordingPath,
    TicketAnswer,
    TicketPage,
    TicketPatch,
    TicketPath,
    TicketQuery,
    before_id,
    cursor_of,
    recording_answer,
    ticket_answer,
    ticket_item,
)

_ETAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]*"', re.ASCII)
_VERSION = re.compile(r'"([0-9]{1,9})"', re.ASCII)


def endpoints(service: TicketService) -> list[Endpoint]:
    """The table of routes."""
    api = TicketApi(service)
    return [
        Endpoint(
            "GET",
            "/api/v1/tickets",
            Permission.SEE_OWN_CALLS,
            "List tickets, newest first",
            api.list_tickets,
            TicketPage,
            query_model=TicketQuery,
            tag="tickets",
        ),
        Endpoint(
            "GET",
            "/api/v1/tickets/{ticket_id}",
            Permission.SEE_OWN_CALLS,
            "Show a ticket with its call and its recording; the ETag is for If-Match",
            api.show_ticket,
            TicketAnswer,
            path_model=TicketPath,
            tag="tickets",
            errors=(404,),
        ),
        Endpoint(
            "PATCH",
            "/api/v1/tickets/{ticket_id}",
            Permission.EDIT_OWN_TICKETS,
            "Write in a ticket, or register it; needs If-Match with the ETag that was read",
            api.edit_ticket,
            TicketAnswer,
            path_model=TicketPath,
            body_model=TicketPatch,
            tag="tickets",
            errors=(404, 409, 412, 428),
        ),
        Endpoint(
            "GET",
            "/api/v1/recordings/{recording_id}",
            Permission.SEE_OWN_CALLS,
            "Show what is known about a recording",
            api.show_recording,
            RecordingAnswer,
            path_model=RecordingPath,
            tag="recordings",
            errors=(404,),
        ),
        Endpoint(
            "GET",
            "/api/v1/recordings/{recording_id}/audio",
            Permission.LISTEN_OWN_RECORDINGS,
            "Hear a recording (FLAC, left the caller, right the agent), whole or in ranges; each is noted",
            api.play_recording,
            path_model=RecordingPath,
            tag="recordings",
            errors=(404, 409, 416),
        ),
    ]


class TicketApi:
    """The handlers."""

    def __init__(self, service: TicketService) -> None:
        self._service = service

    async def list_tickets(self, request: ApiRequest) -> Reply:
        """A page of tickets; one more than asked for is read to know whether there is another page."""
        limit = request.query.limit
        views = await self._service.find(request.account, _filter(request.query), limit + 1)
        page = views[:limit]
        cursor = cursor_of(page[-1].ticket.id) if len(views) > limit else None
        return Reply(TicketPage(items=[ticket_item(view) for view in page], next_cursor=cursor))

    async def show_ticket(self, request: ApiRequest) -> Reply:
        """One ticket."""
        return await self._reply(request, await self._service.get(request.account, request.path.ticket_id))

    async def edit_ticket(self, request: ApiRequest) -> Reply:
        """Change a ticket under the condition that it is still the one that was read."""
        change = TicketChange(request.body.texts(), request.body.wanted_state())
        view = await self._service.edit(
            request.account, request.path.ticket_id, _version(request.headers), change
        )
        return await self._reply(request, view)

    async def show_recording(self, request: ApiRequest) -> Reply:
        """A recording's row."""
        recording = await self._service.recording(request.account, request.path.recording_id)
        return Reply(recording_answer(recording))

    async def play_recording(self, request: ApiRequest) -> web.StreamResponse:
        """A recording's file; the access row is written before the first byte leaves."""
        found = await self._service.recording_file(request.account, request.path.recording_id)
        headers = {
            "Content-Type": "audio/flac",
            "Cache-Control": "no-store",
            "Content-Disposition": f'inline; filename="{found.recording.id}.flac"',
        }
        if found.path is None:
            return await self._play_sealed(request, found, headers)
        part = _byte_range(request.raw, found.size_bytes)
        if part is None:
            return _not_satisfiable(found.size_bytes)
        await self._service.note_access(request.account, found.recording, part, request.remote)
        return web.FileResponse(found.path, headers=headers)

    async def _play_sealed(
        self, request: ApiRequest, found: RecordingFile, headers: dict[str, str]
    ) -> web.StreamResponse:
        """The same of an encrypted one: what will be sent is checked first."""
        etag = f'"{found.recording.sha256}"'
        part = part_of(request.raw, found.size_bytes, etag)
        if part is None:
            return _not_satisfiable(found.size_bytes)
        with await self._service.open_checked(found, part.first, part.last) as stored:
            await self._service.note_access(request.account, found.recording, str(part), request.remote)
            return await send(request.raw, stored, part, {**headers, "ETag": etag})

    async def _reply(self, request: ApiRequest, view: TicketView) -> Reply:
        caller = await self._service.show_caller(request.account, view)
        return Reply(
            ticket_answer(view, caller),
            headers={"ETag": f'"{view.ticket.version}"', "Cache-Control": "no-store"},
        )


def _filter(query: TicketQuery) -> TicketFilter:
    return TicketFilter(
        agent_id=None if query.agent_id is None else AgentId(query.agent_id),
        state=query.state,
        queue=None if query.queue is None else QueueName(query.queue),
        call_id=None if query.call_id is None else CallId(str(query.call_id)),
        before_id=None if query.cursor is None else before_id(query.cursor),
    )


def _version(headers: Mapping[str, str]) -> int:
    """The version in ``If-Match``; a tag that can be none of ours is stale (RFC 9110, 13.1.1)."""
    given = headers.get("If-Match", "").strip()
    if given in ("", "*"):
        raise PreconditionRequired(
            "If-Match must carry the ETag of the ticket as it was read", field="If-Match"
        )
    if not _ETAG.fullmatch(given):
        raise InvalidInput("If-Match must be one ETag in quotes", field="If-Match")
    found = _VERSION.fullmatch(given)
    if found is None:
        raise PreconditionFailed("the ticket has been changed since it was read", field="If-Match")
    return int(found[1])


def _byte_range(request: web.Request, size: int) -> str | None:
    """What of the file will be sent, ``first-last/size``; ``None`` when the range cannot be satisfied.

    The same reading of the header as ``FileResponse`` has, which does the sending.
    """
    everything = f"0-{size - 1}/{size}"
    if "If-Range" in request.headers:
        return everything  # at most that: whether the condition holds is decided while sending
    try:
        asked = request.http_range
    except ValueError:
        return None
    if asked.start is None:
        return everything
    first: int = max(size + asked.start, 0) if asked.start < 0 else asked.start
    last: int = size - 1 if asked.stop is None else min(asked.stop, size) - 1
    return f"{first}-{last}/{size}" if first < size else None


def _not_satisfiable(size: int) -> web.Response:
    """A problem of our own making, because it must tell the size in a header (RFC 9110, 15.5.17)."""
    detail = f"the recording has {size} bytes; ask for one range inside it"
    problem: dict[str, Any] = {
        "type": "urn:hotline:problem:range_not_satisfiable",
        "title": "Range Not Satisfiable",
        "status": 416,
        "detail": detail,
        "code": "range_not_satisfiable",
        "errors": [{"field": "Range", "rule": detail}],
    }
    return web.json_response(
        problem,
        status=416,
        content_type="application/problem+json",
        headers={"Content-Range": f"bytes */{size}", "Cache-Control": "no-store"},
    )
