"""Events of legs inside a talk, and the actions that move them."""

from typing import Any

import pytest

from core.commands import MoveLegs, RingThird, SetSound
from core.events import AgentLegEnded, ConsultOver, ThirdAnswered, ThirdLegEnded, ThirdRinging
from core.ports import TelephonyError
from core.talk import Leg, Sound
from core.vocabulary import CallId
from telephony import talks
from telephony.actions import BadField
from telephony.translate import translate
from tests.unit.telephony.test_translate import AGENT, AT, CALL, CALLER, DIAL, DIALECT, HANGUP, PHONE, USER

THIRD = "PJSIP/third-0000000c"
OTHER = "3d1b6a0a-4d9c-43f7-bf2c-2b1f66b8e101"


@pytest.mark.parametrize(
    ("message", "event"),
    [
        (
            USER | {"UserEvent": "HotlineConsultOver", "Channel": AGENT, "DialStatus": "BUSY"},
            ConsultOver(CALL, PHONE, "BUSY", AT),
        ),
        (USER | {"UserEvent": "HotlineConsultOver"}, None),
        (USER | {"UserEvent": "HotlineJoined", "Channel": THIRD}, ThirdAnswered(CALL, THIRD, AT)),
        (USER | {"UserEvent": "HotlineJoined", "Channel": AGENT}, None),
        (DIAL | {"DestChannel": THIRD}, ThirdRinging(CALL, THIRD, AT)),
        (DIAL | {"DestChannel": THIRD, "AccountCode": ""}, ThirdRinging(CALL, THIRD, AT)),
        (
            DIAL | {"Event": "DialEnd", "DestChannel": THIRD, "DialStatus": "ANSWER"},
            ThirdAnswered(CALL, THIRD, AT),
        ),
        (DIAL | {"Event": "DialEnd", "DestChannel": THIRD, "DialStatus": "BUSY"}, None),
        (HANGUP | {"Channel": THIRD}, ThirdLegEnded(CALL, THIRD, AT)),
        (HANGUP | {"Channel": AGENT, "Cause": "44"}, AgentLegEnded(CALL, PHONE, AGENT, AT, cause=44)),
    ],
)
def test_what_legs_tell(message: dict[str, str], event: object) -> None:
    assert translate(message, DIALECT) == event


class Asterisk:
    """A connection that knows which channels live, and notes what it is asked to change."""

    def __init__(self, **channels: str) -> None:
        self.channels = {CALLER: CALL, AGENT: CALL, THIRD: CALL} | channels
        self.done: list[tuple[str, dict[str, str]]] = []

    async def listing(self, _action: str, Channel: str) -> list[dict[str, str]]:  # noqa: N803 - a header
        code = self.channels.get(Channel)
        return [] if code is None else [{"Channel": Channel, "AccountCode": code}]

    async def action(self, name: str, **fields: str) -> None:
        self.done.append((name, fields))


def move(asterisk: Asterisk, **more: Any) -> Any:  # noqa: ANN401 - a coroutine
    pair = (Leg(CALLER, "talk-hold", "s"), Leg(AGENT, "talk-wait", "s"))
    command = MoveLegs(CALL, 1, CALLER, (pair,), (("HOTLINE_PEER", AGENT),), **more)
    return talks.move(asterisk, command)  # type: ignore[arg-type]  # as much of it as is used


async def test_variables_first_then_both_legs_in_one_action_then_hang_up() -> None:
    asterisk = Asterisk()
    await move(asterisk, hang_up=(THIRD,))
    assert [name for name, _ in asterisk.done] == ["Setvar", "Redirect", "Hangup"]
    assert asterisk.done[1][1] == {
        "Channel": CALLER,
        "Context": "talk-hold",
        "Exten": "s",
        "Priority": "1",
        "ExtraChannel": AGENT,
        "ExtraContext": "talk-wait",
        "ExtraExten": "s",
        "ExtraPriority": "1",
    }


async def test_a_leg_of_another_call_is_never_touched() -> None:
    asterisk = Asterisk()
    asterisk.channels[AGENT] = OTHER
    with pytest.raises(TelephonyError):
        await move(asterisk)
    asterisk.channels |= {AGENT: CALL, THIRD: OTHER}
    await move(asterisk, hang_up=(THIRD,))
    assert [name for name, _ in asterisk.done] == ["Setvar", "Redirect"]


@pytest.mark.parametrize(
    ("sound", "action", "value"),
    [
        (Sound.MUTE, "Setvar", "on"),
        (Sound.UNMUTE, "Setvar", "off"),
        (Sound.RECORD_PAUSE, "MixMonitorMute", "1"),
        (Sound.RECORD_RESUME, "MixMonitorMute", "0"),
    ],
)
async def test_sound(sound: Sound, action: str, value: str) -> None:
    asterisk = Asterisk()
    await talks.set_sound(asterisk, SetSound(CALL, AGENT, sound))  # type: ignore[arg-type]  # as above
    ((name, fields),) = asterisk.done
    assert (name, fields.get("Value") or fields.get("State")) == (action, value)


async def test_only_digits_are_dialled() -> None:
    asterisk = Asterisk()
    with pytest.raises(BadField):
        await talks.ring_third(asterisk, RingThird(CallId(CALL), "110@evil", CALLER))  # type: ignore[arg-type]  # as above
    await talks.ring_third(asterisk, RingThird(CallId(CALL), "110", CALLER))  # type: ignore[arg-type]  # as above
    ((name, fields),) = asterisk.done
    assert (name, fields["Channel"], fields["Context"]) == ("Originate", "PJSIP/110@third", "talk-conference")
