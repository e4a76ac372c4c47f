"""Runs the flows on a caller's channel: the handlers that the FastAGI server calls.

The dialplan enters ``announcement`` before the queue, ``holding`` from the music when the engine has asked
for it, and ``rating`` after the agent has hung up; whatever happens here, it goes on afterwards.
"""

import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

import structlog

from core.ports import CallerGone, VoiceChannel
from core.surge import SurgeNotice, applying
from core.vocabulary import CallId, Language, QueueName, Seconds
from ivr.flow import (
    RATING,
    Finish,
    Flow,
    Input,
    Listen,
    NoteChoice,
    NoteNotice,
    NoteRating,
    S,
    Say,
    SayAll,
    Task,
    announcement,
    heard,
)
from ivr.holding import FLOWS, surge
from ivr.prompts import Prompts

log = structlog.get_logger()

HEARD = "HOTLINE_SURGE"
"""Channel variable: the number of the surge notice that the caller has heard last."""

Handler = Callable[[VoiceChannel], Awaitable[None]]
OnRating = Callable[[CallId, int, Seconds], None]
"""Takes the call, the key (1, 2 or 3) and when it was pressed; must not block."""
OnChoice = Callable[[CallId, str, Seconds], None]
"""Takes the call, what the caller chose and when; must not block."""
SurgeNotices = Callable[[], Sequence[SurgeNotice]]
"""The surge notices that supervisors have set, in force or not."""


def nobody(_call_id: CallId, _choice: str, _at: Seconds) -> None:
    """For a hotline that offers no choices."""


class IvrSessions:
    """The conversations of the IVR.

    Args:
        prompts: where the sounds are.
        language: what callers are spoken to in.
        clock: seconds since the epoch on Asterisk's clock.
        on_rating: told about each rating.
        surge_notice: name of a prompt to play after the recording notice where no supervisor has set
            another one, ``None`` for none.
        notices: what supervisors have set.
        on_choice: told what a waiting caller chose.

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
        notices: SurgeNotices = tuple,
        on_choice: OnChoice = nobody,
    ) -> None:
        self._clock = clock
        self._on_rating = on_rating
        self._on_choice = on_choice
        self._notices = notices
        self._prompts = prompts
        self._language = language
        self._surge_notice = surge_notice
        if surge_notice is not None:
            prompts.check_name(surge_notice)

    def handlers(self) -> dict[str, Handler]:
        """Path of the AGI request (``agi://host/PATH``) -> the handler of one caller."""
        return {"announcement": self.announcement, "holding": self.holding, "rating": self.rating}

    async def announcement(self, channel: VoiceChannel) -> None:
        """Play the recording notice, the greeting of line or queue (argument 1), the surge notice.

        A call without a valid id hears it as well.

        Raises:
            CallerGone: the caller hung up meanwhile; nothing is left to do.
        """
        notice = await self._unheard(channel)
        greeting = self._prompts.greeting(channel.variables.get("arg_1", ""), self._language)
        flow = announcement(self._surge_notice if notice is None else notice.sound, greeting)
        await self._converse(flow, channel, _call_id(channel))

    async def holding(self, channel: VoiceChannel) -> None:
        """Tell a waiting caller what the engine has asked for, after a surge notice that is new to him.

        Raises:
            CallerGone: the caller hung up, or an agent became free for him.
        """
        call_id = _call_id(channel)
        kind, *arguments = channel.variables.get("arg_1", "").split(":")
        notice = await self._unheard(channel)
        if notice is not None:
            await self._converse(surge(notice.sound), channel, call_id)
        make = FLOWS.get(kind)
        if make is not None and call_id is not None:
            await self._converse(make(tuple(arguments)), channel, call_id)

    async def _unheard(self, channel: VoiceChannel) -> SurgeNotice | None:
        """The surge notice that this caller is to hear now, at most once each; the channel remembers it."""
        notices = self._notices()
        if not notices:
            return None
        queue = QueueName(await channel.get_variable("HOTLINE_QUEUE"))
        dialled = await channel.get_variable("HOTLINE_DIALLED")
        notice = applying(notices, queue, dialled, self._clock())
        if notice is None or await channel.get_variable(HEARD) == str(notice.notice_id):
            return None
        await channel.set_variable(HEARD, str(notice.notice_id))
        return notice

    def _sound(self, name: str) -> str:
        """A prompt by name; the sound of a surge notice is a path already."""
        return name if name.startswith("/") else self._prompts.sound(name, self._language)

    async def rating(self, channel: VoiceChannel) -> None:
        """Ask for a rating; a call without a valid id is not asked, since the answer would be nobody's.

        Raises:
            CallerGone: the caller hung up meanwhile; a key pressed before has been reported.
        """
        call_id = _call_id(channel)
        if call_id is not None:
            await self._converse(RATING, channel, call_id)

    async def _converse(self, flow: Flow[S], channel: VoiceChannel, call_id: CallId | None) -> None:
        conversation = _Conversation(
            sound=self._sound,
            clock=self._clock,
            on_rating=self._on_rating,
            on_choice=self._on_choice,
            keys=flow.keys,
            channel=channel,
            call_id=call_id,
        )
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
        *,
        sound: Callable[[str], str],
        clock: Callable[[], Seconds],
        on_rating: OnRating,
        on_choice: OnChoice,
        keys: Mapping[str, Input],
        channel: VoiceChannel,
        call_id: CallId | None,
    ) -> None:
        self._sound = sound
        self._clock = clock
        self._on_rating = on_rating
        self._on_choice = on_choice
        self._keys = keys
        self._channel = channel
        self._call_id = call_id
        self._key = ""
        self._key_at: Seconds = 0.0

    async def carry_out(self, task: Task) -> Input:
        """Do it and say what came of it."""
        match task:
            case Say(prompt, keys):
                return self._pressed(await self._channel.play(self._sound(prompt), keys), Input.DONE)
            case SayAll(prompts, keys):
                return await self._say_all(prompts, keys)
            case Listen(seconds):
                return self._pressed(await self._channel.wait_digit(seconds), Input.SILENCE)
            case NoteNotice():
                await self._channel.set_variable("HOTLINE_NOTICE_AT", f"{self._clock():.6f}")
            case NoteRating():
                self._report()
            case NoteChoice(choice):
                self._choose(choice)
        return Input.DONE

    async def _say_all(self, prompts: Iterable[str], keys: str) -> Input:
        for prompt in prompts:
            given = self._pressed(await self._channel.play(self._sound(prompt), keys), Input.DONE)
            if given is not Input.DONE:
                return given
        return Input.DONE

    def _choose(self, choice: str) -> None:
        if self._call_id is not None:
            self._on_choice(self._call_id, choice, self._key_at)
            log.info("caller_chose", call_id=self._call_id, choice=choice)

    def _pressed(self, key: str, otherwise: Input) -> Input:
        self._key, self._key_at = key, self._clock()
        return heard(key, otherwise, self._keys)

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
