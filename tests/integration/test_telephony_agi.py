"""FastAGI sessions of a real Asterisk: what it sends, what it takes, what it does when the caller leaves."""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.ports import CallerGone, TelephonyError, VoiceChannel
from hotline.asterisk.install import AsteriskInstall
from telephony.agi import AgiServer
from tests.asterisk_sip import Phone
from tests.fixtures_asterisk import Switch, asterisk_folder, asterisk_install, running_switch

__all__ = ["asterisk_folder", "asterisk_install"]

pytestmark = pytest.mark.integration

TELEPHONE_EVENT = 101
NOTHING = "a (strange) \\ value, 热线 $X"


async def press(phone: Phone, key: int) -> None:
    """One key as RFC 4733 sends it: start, duration, three times the end."""
    port = next(message.media_port for message in phone.messages if message.media_port)
    for number, duration, end in [(0, 400, 0), (1, 800, 0), (2, 1200, 128), (3, 1200, 128), (4, 1200, 128)]:
        marker = 0x80 if number == 0 else 0
        header = struct.pack("!BBHII", 0x80, TELEPHONE_EVENT | marker, 40000 + number, 7000, 99)
        phone._rtp.sendto(header + struct.pack("!BBH", key, end | 10, duration), ("127.0.0.1", port))
        await asyncio.sleep(0.02)


@dataclass
class Conversation:
    """An Asterisk whose announcement is what a test says, and how it ended."""

    asterisk: Switch
    agi: AgiServer
    sounds: Path
    act: list[Callable[[VoiceChannel], Awaitable[object]]] = field(default_factory=list)
    results: list[object] = field(default_factory=list)
    began: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, channel: VoiceChannel) -> None:
        self.began.set()
        try:
            self.results.append(await self.act[0](channel))
        except BaseException as error:
            self.results.append(error)
            raise
        finally:
            self.ended.set()

    async def call(self, act: Callable[[VoiceChannel], Awaitable[object]]) -> Phone:
        """A caller for whom ``act`` runs."""
        self.act.append(act)
        caller = await self.asterisk.caller()
        caller.call("12345")
        await asyncio.wait_for(self.began.wait(), 5)
        return caller

    async def result(self) -> object:
        await asyncio.wait_for(self.ended.wait(), 10)
        return self.results[0]

    @property
    def sound(self) -> str:
        return str(self.sounds / "zh" / "recording_notice")


@pytest.fixture
async def conversation(
    asterisk_install: AsteriskInstall, asterisk_folder: Path
) -> AsyncIterator[Conversation]:
    made: list[Conversation] = []

    async def handle(channel: VoiceChannel) -> None:
        await made[0].handle(channel)

    agi = AgiServer("127.0.0.1", 0, {"announcement": handle})
    await agi.start()
    try:
        async with running_switch(
            asterisk_install, asterisk_folder, announcement=True, agi_port=agi.port
        ) as asterisk:
            made.append(Conversation(asterisk, agi, asterisk_folder / "prompts"))
            yield made[0]
    finally:
        await agi.stop()


async def test_variables_and_quoting(conversation: Conversation) -> None:
    async def act(channel: VoiceChannel) -> tuple[str, str, str, str]:
        await channel.set_variable("HOTLINE_TEST", NOTHING)
        return (
            channel.variables["accountcode"],
            channel.variables["network_script"],
            await channel.get_variable("HOTLINE_TEST"),
            await channel.get_variable("HOTLINE_NOT_SET"),
        )

    await conversation.call(act)
    result = await conversation.result()
    waiting = await conversation.asterisk.ami.event("HotlineWaiting")
    assert result == (waiting["CallId"], "announcement", NOTHING, "")


async def test_a_sound_is_played_to_its_end(conversation: Conversation) -> None:
    await conversation.call(lambda channel: channel.play(conversation.sound))
    assert await conversation.result() == ""


async def test_a_key_interrupts_a_sound(conversation: Conversation) -> None:
    async def act(channel: VoiceChannel) -> str:
        while True:
            if pressed := await channel.play(conversation.sound, "123"):
                return pressed

    caller = await conversation.call(act)
    await caller.until("200 INVITE")
    await asyncio.sleep(0.3)
    await press(caller, 2)
    assert await conversation.result() == "2"


async def test_a_key_is_awaited_and_may_not_come(conversation: Conversation) -> None:
    async def act(channel: VoiceChannel) -> tuple[str, str]:
        return await channel.wait_digit(0.2), await channel.wait_digit(5)

    caller = await conversation.call(act)
    await caller.until("200 INVITE")
    await asyncio.sleep(0.5)
    await press(caller, 3)
    assert await conversation.result() == ("", "3")


async def test_a_sound_that_is_missing_is_not_taken_for_heard(conversation: Conversation) -> None:
    await conversation.call(lambda channel: channel.play("/nowhere/at/all", "1"))
    assert isinstance(await conversation.result(), TelephonyError)
    await conversation.asterisk.ami.event("HotlineWaiting")


@pytest.mark.parametrize("act", ["wait", "play"])
async def test_the_caller_hangs_up(conversation: Conversation, act: str) -> None:
    async def play(channel: VoiceChannel) -> None:
        while True:
            await channel.play(conversation.sound)

    caller = await conversation.call(play if act == "play" else lambda channel: channel.wait_digit(30))
    await caller.until("200 INVITE")
    caller.bye()
    assert isinstance(await conversation.result(), CallerGone)
    await conversation.asterisk.ami.event("Hangup")
    assert conversation.agi.stats.callers_gone == 1


async def test_a_handler_that_fails_or_is_stopped_leaves_the_caller_in_the_dialplan(
    conversation: Conversation,
) -> None:
    async def fail(_: VoiceChannel) -> None:
        raise ZeroDivisionError

    await conversation.call(fail)
    await conversation.asterisk.ami.event("HotlineWaiting")
    assert conversation.agi.stats.failures == 1


async def test_stopping_the_service_sends_callers_on(conversation: Conversation) -> None:
    await conversation.call(lambda channel: channel.wait_digit(30))
    await asyncio.wait_for(conversation.agi.stop(), 1)
    await conversation.asterisk.ami.event("HotlineWaiting")
    assert isinstance(await conversation.result(), asyncio.CancelledError)
