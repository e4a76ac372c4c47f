"""Runs the flows on a caller's channel: the handlers that the FastAGI server calls.

The dialplan enters ``announcement`` before the queue and ``rating`` after the agent has hung up; whatever
happens here, it goes on afterwards.
"""

import uuid
from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from core.ports import CallerGone, VoiceChannel
from core.vocabulary import CallId, Language, Seconds
from ivr.flow import (
    RATING,
    Finish,
    Flow,
    Input,
    Listen,
    NoteNotice,
    NoteRating,
    S,
    Say,
    Task,
    announcement,
    heard,
)
from ivr.prompts import Prompts

log = structlog.get_logger()

Handler = Callable[[VoiceChannel], Awaitable[None]]
OnRating = Callable[[CallId, int, Seconds], None]
"""Takes the call, the key (1, 2 or 3) and when it was pressed; must not block."""


class IvrSessions:
    """The conversations of the IVR.

    Args:
        prompts: where the sounds are.
        language: what callers are spoken to in.
        clock: seconds since the epoch on Asterisk's clock.
        on_rating: told about each rating.
        surge_notice: name of a prompt to play after the recording notice, ``None`` for none.

    Raises:
        ConfigurationError: ``surge_notice`` names no prompt.
    """

    def __init__(
        self,
        prompts: Prompts,
        language: Language,
        clock: Callable[[], Seconds],
        on_rating: OnRating,
        surge_notice: str | None = None,
    ) -> None:
        self._sound = partial(prompts.sound, language=language)
        self._clock = clock
        self._on_rating = on_rating
        self._announcement = announcement(surge_notice)
        if surge_notice is not None:
            prompts.check_name(surge_notice)

    def handlers(self) -> dict[str, Handler]:
        """Path of the AGI request (``agi://host/PATH``) -> the handler of one caller."""
        return {"announcement": self.announcement, "rating": self.rating}

    async def announcement(self, channel: VoiceChannel) -> None:
        """Play the recording notice (and the surge notice); a call without a valid id hears it as well.

        Raises:
            CallerGone: the caller hung up meanwhile; nothing is left to do.
        """
        await self._converse(self._announcement, channel, _call_id(channel))

    async def rating(self, channel: VoiceChannel) -> None:
        """Ask for a rating; a call without a valid id is not asked, since the answer would be nobody's.

        Raises:
            CallerGone: the caller hung up meanwhile; a key pressed before has been reported.
        """
        call_id = _call_id(channel)
        if call_id is not None:
            await self._converse(RATING, channel, call_id)

    async def _converse(self, flow: Flow[S], channel: VoiceChannel, call_id: CallId | None) -> None:
        conversation = _Conversation(self._sound, self._clock, self._on_rating, channel, call_id)
        state, action = flow.first
        try:
            while not isinstance(action, Finish):
                state, action = flow.step(state, await conversation.carry_out(action))
        except CallerGone:
            log.info("ivr_caller_left", call_id=call_id, flow=flow.name, state=state.value)
            raise
        log.info("ivr_finished", call_id=call_id, flow=flow.name)


class _Conversation:
    """Carries out the actions of one flow for one caller."""

    def __init__(
        self,
        sound: Callable[[str], str],
        clock: Callable[[], Seconds],
        on_rating: OnRating,
        channel: VoiceChannel,
        call_id: CallId | None,
    ) -> None:
        self._sound = sound
        self._clock = clock
        self._on_rating = on_rating
        self._channel = channel
        self._call_id = call_id
        self._key = ""
        self._key_at: Seconds = 0.0

    async def carry_out(self, task: Task) -> Input:
        """Do it and say what came of it."""
        match task:
            case Say(prompt, keys):
                return self._pressed(await self._channel.play(self._sound(prompt), keys), Input.DONE)
            case Listen(seconds):
                return self._pressed(await self._channel.wait_digit(seconds), Input.SILENCE)
            case NoteNotice():
                await self._channel.set_variable("HOTLINE_NOTICE_AT", f"{self._clock():.6f}")
            case NoteRating():
                self._report()
        return Input.DONE

    def _pressed(self, key: str, otherwise: Input) -> Input:
        self._key, self._key_at = key, self._clock()
        return heard(key, otherwise)

    def _report(self) -> None:
        if self._call_id is not None:
            self._on_rating(self._call_id, int(self._key), self._key_at)
            log.info("call_rated", call_id=self._call_id, rating=int(self._key))


def _call_id(channel: VoiceChannel) -> CallId | None:
    """The call's UUID in canonical form, from the account code that the dialplan set."""
    given = channel.variables.get("accountcode", "")
    try:
        return CallId(str(uuid.UUID(given)))
    except ValueError:
        log.warning("ivr_call_without_id", length=len(given))
        return None
