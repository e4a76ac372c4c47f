"""Surge notices: set and withdrawn by supervisors, heard by everybody concerned. Called by ``acd.surge_api``.

A text is spoken by the prompts' voice in a thread, a recorded voice is checked and brought to the telephone's
format; either becomes a file named by a hash of what it was made from, so the same words are made once.
"""

import asyncio
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from acd.relief_store import SQL
from core.errors import ConfigurationError, InvalidInput, NotFound
from core.events import Event, SurgeChanged
from core.surge import SurgeNotice
from core.vocabulary import Language, Seconds
from db.pool import Database
from ivr import sound, tts

log = structlog.get_logger()

RECIPE = "1"
"""Raised when texts should be spoken anew."""

SUFFIX = ".wav"


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A notice with what people want to know about it."""

    notice: SurgeNotice
    text: str
    set_by: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """A notice that somebody sets."""

    scope: str
    text: str
    until: Seconds


class SurgeNotices:
    """The notices in force, and their sounds.

    Args:
        database: where the notices are.
        folder: where the sounds are; made if missing.
        language: in which texts are spoken.
        put: how an event gets into the inbox.
        now: Asterisk's clock.
    """

    def __init__(
        self,
        database: Database,
        folder: Path,
        language: Language,
        *,
        put: Callable[[Event], None],
        now: Callable[[], Seconds],
    ) -> None:
        self._database = database
        self._folder = folder.absolute()
        self._language = language
        self._put = put
        self.now = now
        self._changing = asyncio.Lock()
        self.rows: tuple[NoticeRow, ...] = ()

    def notices(self) -> tuple[SurgeNotice, ...]:
        """Those that are set, for the IVR and the engine."""
        return tuple(row.notice for row in self.rows)

    async def load(self) -> None:
        """Read what is in force; those who wait and have heard it are not told again (their channel knows).

        Raises:
            Unavailable: the database is away.
        """
        rows = await self._database.fetch(SQL["notices_in_force"], self.now())
        self.rows = tuple(
            NoticeRow(
                SurgeNotice(row["id"], row["scope"], self._path(row["sound"]), row["since"], row["until"]),
                row["text"],
                row["set_by"],
            )
            for row in rows
        )
        self._put(SurgeChanged(self.notices(), self.now()))

    async def say(self, wanted: Wanted, actor: str) -> NoticeRow:
        """Set a notice that is spoken by the prompts' voice.

        Raises:
            InvalidInput: the text cannot be spoken.
            Unavailable: the database is away.
        """
        recipe = json.dumps([RECIPE, self._language, wanted.text])
        name = hashlib.sha256(recipe.encode()).hexdigest()
        if not (self._folder / f"{name}{SUFFIX}").is_file():
            await asyncio.to_thread(self._speak, name, wanted.text)
        return await self._set(wanted, name, actor)

    async def play(self, wanted: Wanted, recording: bytes, actor: str) -> NoticeRow:
        """Set a notice that somebody has recorded (WAV).

        Raises:
            InvalidInput: the recording cannot be played.
            Unavailable: the database is away.
        """
        name = hashlib.sha256(recording).hexdigest()
        await asyncio.to_thread(self._keep, name, recording)
        return await self._set(wanted, name, actor)

    async def withdraw(self, scope: str, actor: str) -> None:
        """End the notice of a scope.

        Raises:
            NotFound: it has none.
            Unavailable: the database is away.
        """
        async with self._changing:
            async with self._database.transaction() as connection:
                gone = await connection.fetchrow(SQL["withdraw_notice"], scope, self.now(), actor)
                if gone is None or not gone["in_force"]:
                    raise NotFound("there is no surge notice for this scope")
                await connection.execute(SQL["audit_notice"], actor, "surge_notice.withdraw", scope, "{}")
            await self.load()
        log.info("surge_notice_withdrawn", scope=scope)

    async def _set(self, wanted: Wanted, name: str, actor: str) -> NoticeRow:
        since = self.now()
        if wanted.until <= since:
            raise InvalidInput("until must lie in the future", field="until")
        async with self._changing:
            async with self._database.transaction() as connection:
                await connection.fetchrow(SQL["withdraw_notice"], wanted.scope, since, actor)
                number = await connection.fetchval(
                    SQL["set_notice"], wanted.scope, wanted.text, name, since, wanted.until, actor
                )
                detail = json.dumps({"id": number, "until": wanted.until, "sound": name})
                await connection.execute(SQL["audit_notice"], actor, "surge_notice.set", wanted.scope, detail)
            await self.load()
        log.info("surge_notice_set", scope=wanted.scope, notice=number)
        return NoticeRow(
            SurgeNotice(number, wanted.scope, self._path(name), since, wanted.until), wanted.text, actor
        )

    def _path(self, name: str) -> str:
        return str(self._folder / name)

    def _speak(self, name: str, text: str) -> None:
        try:
            samples = tts.speak(text, self._language)
        except ValueError as error:
            raise InvalidInput("the text holds something that cannot be spoken", field="text") from error
        if not len(samples):
            raise InvalidInput("the text holds no words", field="text")
        sound.write(self._folder / f"{name}{SUFFIX}", samples)

    def _keep(self, name: str, recording: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        given = self._folder / f".{name}.upload"
        try:
            given.write_bytes(recording)
            samples = sound.read(given)
        except ConfigurationError as error:
            raise InvalidInput(
                "a WAV file of 8 to 192 kHz with at most 180 s of speech is needed", field="body"
            ) from error
        finally:
            given.unlink(missing_ok=True)
        sound.write(self._folder / f"{name}{SUFFIX}", sound.level(samples))
