"""The hold loop and the ways out of it on a real Asterisk, with the service's voice."""

import asyncio

import pytest

from core import clock
from tests.asterisk_sip import Phone
from tests.integration.test_ivr_asterisk import Hotline, hotline

__all__ = ["hotline"]

pytestmark = pytest.mark.integration


async def _speaks(hotline: Hotline, sessions: int) -> None:
    async with asyncio.timeout(5):
        while hotline.agi.stats.sessions < sessions or not hotline.agi.stats.running:  # noqa: ASYNC110 - a counter
            await asyncio.sleep(0.01)


async def test_a_redirect_cuts_short_what_is_said_and_a_stale_heartbeat_lets_nothing_be_said(
    hotline: Hotline,
) -> None:
    async with Phone("citizen", hotline.rendered.sip_port) as caller:
        caller.call("12345")
        waiting = await hotline.ami.event("HotlineWaiting", deadline=hotline.duration("recording_notice") + 5)
        channel = waiting["Channel"]
        await hotline.ami.setvar("HOTLINE_SAY", "position:7:2:5", channel)
        await _speaks(hotline, 2)
        await asyncio.sleep(0.5)  # in the middle of the first prompt
        asked = clock.monotonic()
        await hotline.ami.redirect(channel, "acd-hold", "s")
        await hotline.ami.event("HotlineWaiting", count=2)
        assert clock.monotonic() - asked < 0.3
        await asyncio.sleep(1.0)
        assert hotline.likeness("number_7", caller.heard) < 0.9
        await hotline.ami.setvar("ACD_HEARTBEAT", "1")
        await hotline.ami.setvar("HOTLINE_SAY", "position:7:2:5", channel)
        await hotline.ami.event("HotlineFallback")
        assert hotline.agi.stats.sessions == 2
        caller.bye()
        await caller.until("200 BYE")
