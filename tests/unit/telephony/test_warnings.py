"""The warning before a protected disconnect, on the wire."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from core.commands import StopWarning, WarnCaller
from core.events import CallHungUp
from core.ports import TelephonyError
from telephony.translate import Dialect, translate
from tests.fakes.ami import FakeAmi
from tests.unit.telephony.test_ami import CALL, CHANNEL, Centre, row
from tests.unit.telephony.test_translate import HANGUP

PEER = "PJSIP/1001-0000000b"
WARN, STOP = WarnCaller(CALL, CHANNEL, PEER), StopWarning(CALL, CHANNEL)


@pytest.fixture
async def centre() -> AsyncIterator[Centre]:
    async with FakeAmi() as fake:
        centre = Centre(fake)
        centre.channels = [row("bridge")]
        centre.start()
        await centre.connected()
        yield centre
        assert centre.run is not None
        centre.run.cancel()
        await asyncio.wait([centre.run])


async def test_both_legs_leave_the_talk_in_one_action(centre: Centre) -> None:
    await centre.switch.warn_caller(WARN)
    mark, move = centre.ami.actions[-2:]
    assert (mark["Variable"], mark["Value"]) == ("HOTLINE_PEER", PEER)
    assert (move["Action"], move["Channel"], move["Context"]) == ("Redirect", CHANNEL, "policy-warning")
    assert (move["ExtraChannel"], move["ExtraContext"]) == (PEER, "talk-wait")


async def test_a_caller_who_is_in_no_talk_is_not_warned(centre: Centre) -> None:
    centre.channels = [row("")]
    with pytest.raises(TelephonyError, match="in no talk"):
        await centre.switch.warn_caller(WARN)
    assert "Redirect" not in centre.ami.names()


async def test_taken_back_the_caller_joins_the_waiting_leg(centre: Centre) -> None:
    centre.channels = [row("")]
    await centre.switch.stop_warning(STOP)
    move = centre.ami.actions[-1]
    assert (move["Action"], move["Channel"], move["Context"]) == ("Redirect", CHANNEL, "talk-join")


async def test_a_talk_that_goes_on_already_is_left_alone(centre: Centre) -> None:
    await centre.switch.stop_warning(STOP)
    assert "Redirect" not in centre.ami.names()


@pytest.mark.parametrize(("context", "disconnected"), [("policy-end", True), ("policy-warning", False)])
def test_only_who_has_heard_the_warning_to_its_end_was_disconnected(context: str, disconnected: bool) -> None:  # noqa: FBT001 - a table
    event = translate({**HANGUP, "Context": context}, Dialect(phones=frozenset()))
    assert isinstance(event, CallHungUp)
    assert event.disconnected is disconnected
    assert not event.agent_left
