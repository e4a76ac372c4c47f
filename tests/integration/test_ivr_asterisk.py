"""What a caller hears and presses: real Asterisk, the rendered dialplan, FastAGI, the built prompts."""

import asyncio
import shutil
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core import clock
from core.vocabulary import CallId, Language
from hotline.asterisk.layout import AsteriskSecrets, RenderedAsterisk, new_system_name
from hotline.asterisk.process import AsteriskProcess
from hotline.asterisk.provision import find_or_build
from hotline.asterisk.render import render
from hotline.ports import Transport, free_port
from hotline.scratch import scratch_folder, scratch_settings
from ivr.prompts import FOLDER, Prompts, build
from ivr.session import IvrSessions
from ivr.sound import Samples
from telephony.agi import AgiServer
from tests.asterisk_ami import Ami
from tests.asterisk_sip import Phone

pytestmark = pytest.mark.integration

TELEPHONE_EVENT = 101
LIVES = str(2**31 - 1)
"""A heartbeat that never grows stale."""


@dataclass
class Hotline:
    """Asterisk and the IVR, without anybody to choose."""

    rendered: RenderedAsterisk
    prompts: Path
    ami: Ami
    agi: AgiServer
    ratings: list[tuple[CallId, int, float]]

    def duration(self, name: str) -> float:
        return float(soundfile.info(self.prompts / "zh" / f"{name}.wav").duration)

    def likeness(self, name: str, heard: bytearray) -> float:
        """Highest correlation of a prompt's words with any place of what was heard; 1.0: all were played."""
        sound, _ = soundfile.read(self.prompts / "zh" / f"{name}.wav", dtype="float64")
        words = np.flatnonzero(sound)
        return _likeness(sound[words[0] : words[-1] + 1], _decode_ulaw(heard))


def _decode_ulaw(data: bytearray) -> Samples:
    code = ~np.frombuffer(bytes(data), dtype=np.uint8).astype(np.int64) & 0xFF
    magnitude = (((code & 0x0F) << 3) + 132 << ((code & 0x70) >> 4)) - 132
    return np.where(code & 0x80, -magnitude, magnitude) / 32768.0


def _likeness(sound: Samples, heard: Samples) -> float:
    if len(heard) < len(sound):
        return 0.0
    size = len(sound) + len(heard)
    product = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(sound, size)), size)
    energy = np.concatenate([[0.0], np.cumsum(heard**2)])
    places = np.arange(len(heard) - len(sound) + 1)
    local = np.sqrt(np.maximum(energy[places + len(sound)] - energy[places], 1e-9))
    return float(np.max(product[places] / (local * np.sqrt(np.sum(sound**2)))))


@pytest.fixture
async def hotline() -> AsyncIterator[Hotline]:
    folder = scratch_folder()
    settings = scratch_settings(
        folder, sip_port=free_port(Transport.UDP), ami_port=free_port(Transport.TCP), agi_port=1
    )
    prompts = settings.cache_dir / FOLDER
    build(prompts, None, lambda _done, _count, _what: None)
    ratings: list[tuple[CallId, int, float]] = []
    sessions = IvrSessions(
        Prompts(prompts), Language.CHINESE, clock.wall, lambda *rating: ratings.append(rating)
    )
    agi = AgiServer("127.0.0.1", 0, sessions.handlers())
    await agi.start()
    install = find_or_build(settings, lambda _line: None)
    rendered = render(
        settings.model_copy(update={"agi_port": agi.port}),
        AsteriskSecrets("ami-secret-of-this-test", "phones-of-this-test"),
        folder / "etc",
        state_dir=folder / "state",
        prompts_dir=prompts,
        system_name=new_system_name(),
        install=install,
    )
    asterisk = AsteriskProcess(install, rendered)
    try:
        await asterisk.start()
        async with Ami(rendered) as ami:
            await ami.setvar("ACD_HEARTBEAT", LIVES)
            yield Hotline(rendered, prompts, ami, agi, ratings)
    finally:
        await asterisk.stop()
        await agi.stop()
        shutil.rmtree(folder)


async def _press(phone: Phone, key: int) -> None:
    """One key as RFC 4733 sends it: start, duration, three times the end."""
    port = next(message.media_port for message in phone.messages if message.media_port)
    for number, duration, end in [(0, 400, 0), (1, 800, 0), (2, 1200, 128), (3, 1200, 128), (4, 1200, 128)]:
        marker = 0x80 if number == 0 else 0
        header = struct.pack("!BBHII", 0x80, TELEPHONE_EVENT | marker, 40000 + number, 7000, 99)
        event = struct.pack("!BBH", key, end | 10, duration)
        phone._rtp.sendto(header + event, ("127.0.0.1", port))
        await asyncio.sleep(0.02)


async def test_the_notice_is_heard_in_full_and_noted_before_the_caller_waits(hotline: Hotline) -> None:
    async with Phone("citizen", hotline.rendered.sip_port) as caller:
        before = clock.wall()
        caller.call("12345")
        await caller.until("200 INVITE")
        await _press(caller, 1)  # must not shorten it
        waiting = await hotline.ami.event("HotlineWaiting", deadline=hotline.duration("recording_notice") + 5)
        noted = float(waiting["NoticeAt"]) - before
        assert noted == pytest.approx(hotline.duration("recording_notice"), abs=1.0)
        assert hotline.likeness("recording_notice", caller.heard) > 0.95
        assert hotline.likeness("please_rate", caller.heard) < 0.5
        caller.bye()
        await caller.until("200 BYE")
    assert hotline.agi.stats.failures == 0


async def test_a_rating_is_asked_for_and_taken_by_key(hotline: Hotline) -> None:
    async with Phone("citizen", hotline.rendered.sip_port) as caller:
        caller.call("12345")
        waiting = await hotline.ami.event("HotlineWaiting", deadline=hotline.duration("recording_notice") + 5)
        await hotline.ami.redirect(waiting["Channel"], "after-call", "s")
        del caller.heard[:]
        await asyncio.sleep(2.0)  # the caller listens for a while
        await _press(caller, 9)  # no such choice
        await asyncio.sleep(hotline.duration("invalid_key") + 1.0)
        pressed = clock.wall()
        await _press(caller, 2)
        await caller.until("BYE", deadline=hotline.duration("thank_you") + 5)
        assert hotline.likeness("invalid_key", caller.heard) > 0.95
        assert hotline.likeness("thank_you", caller.heard) > 0.95
        assert hotline.likeness("please_rate", caller.heard) < 0.5  # both times cut short by a key
    ((call_id, digit, at),) = hotline.ratings
    assert (call_id, digit) == (waiting["CallId"], 2)
    assert at == pytest.approx(pressed, abs=1.0)


async def test_hanging_up_during_the_question_is_no_rating(hotline: Hotline) -> None:
    async with Phone("citizen", hotline.rendered.sip_port) as caller:
        caller.call("12345")
        waiting = await hotline.ami.event("HotlineWaiting", deadline=hotline.duration("recording_notice") + 5)
        await hotline.ami.redirect(waiting["Channel"], "after-call", "s")
        await asyncio.sleep(1.0)  # the caller listens for a while
        caller.bye()
        await hotline.ami.event("Hangup", AccountCode=waiting["CallId"])
    assert hotline.agi.stats.callers_gone == 1
    assert hotline.ratings == []
