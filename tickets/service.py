"""Tickets and recordings: what the call path writes about them, and what the API does with them.

``hotline.bootstrap`` gives every fact to ``record`` and calls ``recover`` at the start; ``tickets.api`` and
the agent's screen call the rest. A ticket is opened from ``TalkStarted``; its recording is closed from
``CallFinished``, because only then the recorder is sure to have let go of the file. Abandoned calls are the
routing's business; of them only the recorder's empty file is removed here.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import structlog

from core import clock
from core.errors import (
    ConfigurationError,
    Conflict,
    NotFound,
    NotPermitted,
    PreconditionFailed,
    Unavailable,
)
from core.facts import CallFinished, CallHandedOver, Fact, TalkEnded, TalkStarted, VoicemailLeft
from core.identity import Account
from core.masking import in_full, mask_number
from core.ports import Writer
from core.vocabulary import CallId, Outcome, Seconds
from db.pool import Database
from tickets import rules
from tickets.archive import Archive
from tickets.archiving import ArchiveHands, ArchiverProcess
from tickets.keys import KeySource
from tickets.model import Recording, RecordingState, TicketChange, TicketFilter, TicketView
from tickets.recordings import ClosingStats, RecordingCloser
from tickets.sealing import Damaged, KeyMissing
from tickets.store import SQL, AnsweredCall, FinishedCall, TicketStore
from tickets.stored import StoredRecording

RECOVERY_REACH: Seconds = 7 * 86_400.0
"""How far back ``recover`` looks for answered calls without a ticket; pending recordings have no limit."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RecordingFile:
    """A recording that may be served: its row and its file, checked."""

    recording: Recording
    path: Path | None
    """``None``: it is encrypted, see ``TicketService.open_checked``."""
    size_bytes: int


class TicketService:
    """All there is to do with tickets and recordings.

    Args:
        database: the pool, for reading and for what people do.
        writer: the ordered writer, for what calls do.
        spool: folder with the raw files that Asterisk writes.
        archive: folder with the finished recordings.
        hands: who converts recordings; by default a process of its own.
        keys: what recordings are encrypted with; by default nothing.
    """

    def __init__(
        self,
        database: Database,
        writer: Writer,
        *,
        spool: Path,
        archive: Path,
        hands: ArchiveHands | None = None,
        keys: KeySource | None = None,
    ) -> None:
        self._store = TicketStore(database)
        self._writer = writer
        self._archive = Archive(spool, archive, keys)
        self.hands = hands or ArchiverProcess(spool, archive, keys)
        self._closer = RecordingCloser(self.hands, writer)

    # --- the call path -----------------------------------------------------------------------------

    @property
    def stats(self) -> ClosingStats:
        """What has become of recordings since the start, for metrics."""
        return self._closer.stats

    def record(self, fact: Fact) -> None:
        """Take note of a fact; never blocks, never raises, and a fact may come twice or late."""
        match fact:
            case TalkStarted():
                self._open(
                    AnsweredCall(
                        fact.call_id,
                        fact.caller,
                        fact.dialled,
                        fact.queue,
                        fact.agent_id,
                        fact.arrived_at,
                        fact.at,
                    )
                )
            case VoicemailLeft():
                self._open_message(fact)
            case CallHandedOver():
                self._writer.submit(SQL["hand_over"], fact.call_id, fact.agent_id)
            case TalkEnded():
                self._writer.submit(SQL["end_call"], fact.call_id, fact.at)
            case CallFinished(outcome=Outcome.ANSWERED):
                if fact.talk_ended_at is None:  # else TalkEnded has told
                    self._writer.submit(SQL["end_call"], fact.call_id, fact.at)
                self._closer.close(fact.call_id, fact.arrived_at)
            case CallFinished(outcome=Outcome.OVERFLOWED, cause="voicemail"):
                self._writer.submit(SQL["end_call"], fact.call_id, fact.at)
                self._closer.close(fact.call_id, fact.arrived_at)
            case CallFinished():
                self._closer.discard(fact.call_id)
            case _:
                pass

    async def recover(self) -> int:
        """Take up what an interruption left; may be called at any time and any number of times.

        Opens the tickets of answered calls that have none, closes every recording that is still pending
        although its call is finished, and removes raw files whose recordings are archived.

        Returns:
            How many recordings were queued for closing.

        Raises:
            Unavailable: the database is away.
        """
        since = clock.wall() - RECOVERY_REACH
        await self._writer.flush()
        for call in await self._store.answered_without_ticket(since):
            log.warning("ticket_recovered", call_id=call.call_id)
            self._open(call)
        for message in await self._store.messages_without_ticket(since):
            log.warning("ticket_recovered", call_id=message.call_id)
            self._open_message(message)
        self._writer.submit(SQL["end_calls"], since)
        await self._writer.flush()
        unclosed = await self._store.unclosed()
        for call_id, arrived_at in unclosed:
            self._closer.close(call_id, arrived_at)
        await self._tidy_spool()
        return len(unclosed)

    async def drain(self) -> None:
        """Return when every queued recording is closed; at a shutdown to be given a deadline."""
        await self._closer.drain()

    async def stop(self) -> None:
        """Stop closing recordings; those left over are closed after the next ``recover``."""
        await self._closer.stop()

    async def ticket_of(self, call_id: CallId) -> int | None:
        """The ticket of an answered call, for the agent's screen; ``None`` when there is none."""
        ticket_id = await self._store.ticket_of_call(call_id)
        if ticket_id is None:  # the agent has just answered: the row may still be in the writer
            await self._writer.flush()
            ticket_id = await self._store.ticket_of_call(call_id)
        return ticket_id

    def _open(self, call: AnsweredCall) -> None:
        self._writer.submit(
            SQL["open_ticket"],
            call.call_id,
            call.caller,
            call.dialled,
            call.queue,
            call.agent_id,
            call.arrived_at,
            call.answered_at,
            str(rules.recording_id(call.call_id)),
        )

    def _open_message(self, left: VoicemailLeft) -> None:
        self._writer.submit(
            SQL["open_voicemail"],
            left.call_id,
            left.caller,
            left.dialled,
            left.queue,
            left.arrived_at,
            left.at,
            str(rules.recording_id(left.call_id)),
        )

    async def _tidy_spool(self) -> None:
        spooled = await asyncio.to_thread(self._archive.spooled)
        idle = [call_id for call_id in spooled if not self._closer.is_closing(call_id)]
        for call in await self._store.finished(idle):
            self._tidy(call)

    def _tidy(self, call: FinishedCall) -> None:
        if call.path_key is not None and call.size_bytes is not None:
            self._closer.tidy(call.call_id, call.path_key, call.size_bytes)
        elif call.outcome is not Outcome.ANSWERED or call.recording is RecordingState.MISSING:
            self._closer.discard(call.call_id)

    # --- what people do ----------------------------------------------------------------------------

    async def find(self, account: Account, wanted: TicketFilter, limit: int) -> list[TicketView]:
        """Tickets that the account may see and that pass the filter, newest first."""
        return await self._store.find(rules.within_sight(wanted, account), limit)

    async def get(self, account: Account, ticket_id: int) -> TicketView:
        """One ticket.

        Raises:
            NotFound: there is none that the account may know of.
        """
        view = await self._store.get(ticket_id)
        if view is None or not rules.may_see(account, view.ticket.agent_id):
            raise NotFound("no such ticket")
        return view

    async def show_caller(self, account: Account, view: TicketView) -> str:
        """The caller's number as this account may see it: full (and noted in the audit) or masked."""
        number = view.ticket.caller
        owner = view.ticket.agent_id
        talking = owner == account.id and view.ticket.call_ended_at is None
        if not number or not in_full(account, owner, talking=talking):
            return mask_number(number)
        await self._store.caller_shown(view.ticket.id, account)
        return number

    async def edit(self, account: Account, ticket_id: int, version: int, change: TicketChange) -> TicketView:
        """Change a ticket; nothing is written when nothing differs.

        Args:
            account: who edits.
            ticket_id: which ticket.
            version: the version that the person saw.
            change: what is wanted.

        Raises:
            NotFound, NotPermitted: not to be known of, or not to be edited.
            PreconditionFailed: somebody else has changed it since.
            InvalidInput, Conflict: a rule is broken; names the field.
        """
        view = await self.get(account, ticket_id)
        ticket = view.ticket
        if not rules.may_edit(account, ticket.agent_id):
            raise NotPermitted("only those who handle this ticket may edit it")
        stale = PreconditionFailed("the ticket has been changed since it was read", field="If-Match")
        if version != ticket.version:
            raise stale
        state, texts = rules.apply_change(ticket, change)
        changed = [*texts, *(["state"] if state is not ticket.state else [])]
        if not changed:
            return view
        if await self._store.edit(ticket, state, texts, account, changed) is None:
            raise stale
        log.info("ticket_edited", ticket_id=ticket_id, agent_id=account.id, fields=changed)
        return await self.get(account, ticket_id)

    async def recording(self, account: Account, recording_id: UUID) -> Recording:
        """What is known about a recording.

        Raises:
            NotFound: there is none that the account may know of.
        """
        recording = await self._store.recording(recording_id)
        if recording is None or not (
            rules.may_listen(account, recording.agent_id) or rules.may_see(account, recording.agent_id)
        ):
            raise NotFound("no such recording")
        return recording

    async def recording_file(self, account: Account, recording_id: UUID) -> RecordingFile:
        """The file of a recording that the account may hear; its size is that of the row.

        Raises:
            NotFound, NotPermitted: not to be known of, nothing was recorded, or not to be heard.
            Conflict: it is not closed yet.
            Unavailable: the file is not there or not what was archived.
        """
        recording = await self.recording(account, recording_id)
        if not rules.may_listen(account, recording.agent_id):
            raise NotPermitted("this recording is not yours to hear")
        if recording.state is RecordingState.PENDING:
            raise Conflict("the recording is not ready yet", code="recording_not_ready")
        if recording.state is RecordingState.REMOVED:
            raise NotFound("the recording is no longer kept", code="recording_removed")
        if recording.path_key is None or recording.size_bytes is None:
            raise NotFound("nothing was recorded", code="recording_missing")
        with await self._stored(recording, recording.path_key) as stored:
            if stored.size != recording.size_bytes:
                raise await self._damaged(recording)
            return RecordingFile(recording, stored.plain_path, recording.size_bytes)

    async def open_checked(self, found: RecordingFile, first: int, last: int) -> StoredRecording:
        """An encrypted recording whose bytes from ``first`` to ``last`` are what was written; to be closed.

        Raises:
            Unavailable: they are not, which is noted in the audit, or it cannot be opened.
        """
        stored = await self._stored(found.recording, found.recording.path_key or "")
        try:
            await asyncio.to_thread(stored.check, first, last)
        except Damaged:
            stored.close()
            raise await self._damaged(found.recording) from None
        return stored

    async def _stored(self, recording: Recording, key: str) -> StoredRecording:
        # Not on the recordings' threads: whoever listens does not wait behind a peak of calls.
        try:
            return await asyncio.to_thread(self._archive.open, key)
        except (KeyMissing, ConfigurationError):
            log.critical("recording_key_missing", call_id=recording.call_id)
            raise Unavailable("the recording's key is not here", code="recording_key_missing") from None
        except (OSError, ValueError, Damaged):
            raise await self._damaged(recording) from None

    async def _damaged(self, recording: Recording) -> Unavailable:
        """The file is not there, or not what was archived: counted, and noted in the audit."""
        self.stats.damaged += 1
        log.error("recording_damaged", call_id=recording.call_id)
        await self._store.recording_damaged(recording.id)
        return Unavailable("the recording's file is damaged", code="recording_damaged")

    async def note_access(self, account: Account, recording: Recording, byte_range: str, remote: str) -> None:
        """Write the access row; only when this has returned may a byte leave.

        Raises:
            Unavailable: it cannot be written.
        """
        await self._store.recording_opened(recording.id, account, byte_range, remote)
        log.info("recording_opened", call_id=recording.call_id, agent_id=account.id, byte_range=byte_range)
