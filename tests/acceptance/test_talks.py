"""Inside a talk, with real phones: hold, transfer, conference, emergency, pause, a phone that dies."""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest

from core.vocabulary import Phone
from hotline.demo.callers import Caller
from hotline.demo.client import ApiRefused, HotlineClient
from hotline.demo.phones import Answers, PhoneGroup
from tests.acceptance.audio import Stereo, level, read
from tests.acceptance.centre import Centre, until
from tests.acceptance.outside import OutsideParty

ONE, TWO, CITIZEN, OUTSIDE = 620, 1020, 440, 880
"""Hertz of the first agent, the second, the citizen and whoever is outside."""
HEARD, ABSENT = 0.05, 0.01
RATE = 8000

NUMBERS = {"transfer_numbers": ("0312X.",)}


class Talk:
    """One citizen in a talk with the agent at 1001; 1002 is free when it is there."""

    def __init__(self, centre: Centre, agent: HotlineClient) -> None:
        self.centre = centre
        self.agent = agent

    async def ask(
        self, path: str, body: dict[str, Any] | None = None, by: HotlineClient | None = None
    ) -> Any:  # noqa: ANN401 - JSON
        return await (by or self.agent).call("POST", f"/me/call/{path}", body)

    async def state(self, wanted: str, *, answered: bool | None = None) -> None:
        async def so() -> bool:
            talk = await self.agent.call("GET", "/me/call")
            third = talk["third"] or {}
            return bool(talk["state"] == wanted and answered in (None, third.get("answered")))

        await until(so, f"the talk is not {wanted}")

    async def segments(self) -> list[tuple[str, str, str, str | None]]:
        rows = await self.centre.rows("SELECT kind, phone, began, ended FROM call_segments ORDER BY number")
        return [tuple(row) for row in rows]

    async def sound(self) -> Stereo:
        await self.centre.settled(1)
        recording = await self.centre.value("SELECT id::text FROM recordings")
        return read(await self.centre.chief.recording(recording))


def heard(samples: Sequence[float], at: float, hertz: float) -> float:
    """Level of a tone in the fifth of a second at a moment."""
    piece = list(samples[int(at * RATE) : int((at + 0.2) * RATE)])
    return level(piece, hertz)


async def talking(centre: Centre, *phones: str) -> Talk:
    """The citizen's call is answered at 1001; the others become ready afterwards."""
    await centre.staff("1001", behaviour=Answers(ring_seconds=0.05, tone=ONE))
    await centre.callers(Caller("13800000001"), tone=CITIZEN)
    agent = centre.agents[Phone("1001")]

    async def begun() -> bool:
        return bool((await agent.call("GET", "/me"))["state"]["state"] == "TALKING")

    await until(begun, "the call is not answered")
    for phone in phones:
        await centre.staff(phone, behaviour=Answers(ring_seconds=0.05, tone=TWO))
    return Talk(centre, agent)


async def row(centre: Centre) -> asyncpg.Record:
    (only,) = await centre.rows("SELECT * FROM calls")
    return only


async def test_hold_and_pause_are_marked_and_not_to_be_heard() -> None:
    async with Centre() as centre:
        talk = await talking(centre)
        await asyncio.sleep(0.6)
        await talk.ask("hold")
        await talk.state("held")
        await asyncio.sleep(1.0)
        await talk.ask("resume")
        await asyncio.sleep(0.5)
        await talk.ask("record-pause", {"seconds": 0.8})
        await asyncio.sleep(1.5)
        await talk.ask("hang-up")
        sound = await talk.sound()
        marks = {r["kind"]: r for r in await centre.rows("SELECT * FROM call_marks")}
        assert set(marks) == {"hold", "record_pause"}
        held, paused = marks["hold"], marks["record_pause"]
        assert held["record_from"] == pytest.approx(held["record_to"], abs=0.05)
        assert paused["record_to"] - paused["record_from"] == pytest.approx(0.8, abs=0.2)
        silent = (paused["record_from"] + paused["record_to"]) / 2 - 0.1
        assert heard(sound.left, silent, CITIZEN) < ABSENT
        assert heard(sound.right, silent, ONE) < ABSENT
        for at in (0.3, held["record_to"] + 0.2, sound.seconds - 0.4):
            assert heard(sound.left, at, CITIZEN) > HEARD
            assert heard(sound.right, at, ONE) > HEARD
        assert (await row(centre))["outcome"] == "answered"
        assert await centre.total("hotline_calls_unaccounted") == 0


async def test_a_consultation_is_completed_and_the_ticket_follows() -> None:
    async with Centre() as centre:
        talk = await talking(centre, "1002")
        await asyncio.sleep(0.4)
        await talk.ask("consult", {"to": {"login": "agent1002"}})
        await talk.state("consulting")
        await asyncio.sleep(0.8)
        await talk.ask("consult/complete")
        second = centre.agents[Phone("1002")]

        async def taken() -> bool:
            return bool((await second.call("GET", "/me"))["state"]["state"] == "TALKING")

        await until(taken, "the colleague has not got the call")
        await asyncio.sleep(0.8)
        await talk.ask("hang-up", by=second)
        sound = await talk.sound()
        assert heard(sound.right, 0.2, ONE) > HEARD
        assert heard(sound.right, sound.seconds - 0.4, TWO) > HEARD
        assert heard(sound.right, sound.seconds - 0.4, ONE) < ABSENT
        assert await talk.segments() == [
            ("agent", "1001", "answered", "transfer"),
            ("agent", "1002", "consult", "hang_up"),
        ]
        owner = await centre.value(
            "SELECT login FROM tickets JOIN accounts ON accounts.id = tickets.agent_id"
        )
        assert owner == "agent1002"
        assert await centre.value("SELECT count(*) FROM tickets") == 1
        assert await centre.total("hotline_calls_unaccounted") == 0


@pytest.mark.parametrize("to", [{"phone": "1002"}, {"queue": "citizens"}])
async def test_a_blind_transfer_reaches_the_colleague(to: dict[str, str]) -> None:
    async with Centre(queues=({"name": "citizens", "dialled": (), "wrap_up_seconds": 30},)) as centre:
        talk = await talking(centre, "1002")
        await talk.ask("transfer", {"to": to})
        second = centre.agents[Phone("1002")]

        async def taken() -> bool:
            return bool((await second.call("GET", "/me"))["state"]["state"] == "TALKING")

        await until(taken, "the colleague has not got the call")
        assert (await talk.agent.call("GET", "/me"))["state"]["state"] == "WRAP_UP"
        await talk.ask("hang-up", by=second)
        await centre.settled(1)
        assert [s[1:] for s in await talk.segments()] == [
            ("1001", "answered", "transfer"),
            ("1002", "transfer", "hang_up"),
        ]
        assert await centre.value("SELECT count(*) FROM calls") == 1


async def test_conference_with_somebody_outside_goes_on_without_the_agent() -> None:
    outside = OutsideParty()
    async with Centre(outside_uri=outside.uri, **NUMBERS) as centre, outside.answering(centre):
        talk = await talking(centre)
        await talk.ask("consult", {"to": {"number": "03121234567"}})
        await talk.state("consulting")
        await talk.ask("conference")
        await talk.state("conference")
        await asyncio.sleep(1.0)
        await talk.ask("hang-up")
        await asyncio.sleep(1.0)
        outside.hang_up(outside.calls()[0])
        sound = await talk.sound()
        both = sound.seconds - 1.5
        assert heard(sound.right, both, ONE) > HEARD
        assert heard(sound.right, both, OUTSIDE) > HEARD
        assert heard(sound.right, sound.seconds - 0.5, OUTSIDE) > HEARD
        assert heard(sound.right, sound.seconds - 0.5, ONE) < ABSENT
        assert [s[0] for s in await talk.segments()] == ["agent", "outside"]
        assert await centre.total("hotline_calls_unaccounted") == 0


async def test_a_transfer_outside_that_is_not_allowed_or_refused() -> None:
    outside = OutsideParty()
    async with Centre(outside_uri=outside.uri, **NUMBERS) as centre, outside.answering(centre):
        talk = await talking(centre)
        with pytest.raises(ApiRefused) as refused:
            await talk.ask("transfer", {"to": {"number": "008613800000000"}})
        assert refused.value.code == "number_not_allowed"
        await talk.ask("transfer", {"to": {"number": "03121234567"}})

        async def reached() -> bool:
            return len(await talk.segments()) == 2

        await until(reached, "nobody outside was reached")
        outside.hang_up(outside.calls()[0])
        await centre.settled(1)
        assert [s[:3] for s in await talk.segments()] == [
            ("agent", "1001", "answered"),
            ("outside", "03121234567", "transfer"),
        ]


async def test_an_emergency_is_a_talk_of_three_at_once() -> None:
    outside = OutsideParty()
    async with (
        Centre(outside_uri=outside.uri, emergency={"120": "99120"}) as centre,
        outside.answering(centre),
    ):
        talk = await talking(centre)
        note = "Fall from a scaffold, building site by the east gate"
        await talk.ask("emergency", {"service": "120", "note": note})
        await talk.state("conference", answered=True)
        await asyncio.sleep(1.2)
        call = str((await row(centre))["call_id"])
        await talk.agent.call(
            "PUT", f"/calls/{call}/emergencies/1/outcome", {"outcome": "Ambulance on its way"}
        )
        outside.hang_up(outside.calls()[0])
        await talk.state("connected")
        await talk.ask("hang-up")
        sound = await talk.sound()
        at = sound.seconds - 0.9
        assert heard(sound.right, at, OUTSIDE) > HEARD
        assert heard(sound.right, at, ONE) > HEARD
        assert heard(sound.left, at, CITIZEN) > HEARD
        (emergency,) = await centre.rows("SELECT * FROM emergencies")
        assert (emergency["service"], emergency["note"]) == ("120", note)
        assert emergency["outcome"] == "Ambulance on its way"
        assert emergency["at"] < emergency["reached_at"] < emergency["ended_at"]
        assert [c.user for c in outside.calls()] == ["99120"]
        actions = await centre.rows("SELECT action FROM audit WHERE action LIKE 'emergency.%' ORDER BY id")
        assert [r["action"] for r in actions] == ["emergency.called", "emergency.outcome"]


async def test_a_phone_that_dies_gives_its_caller_to_the_next_agent() -> None:
    async with Centre(phone_rtp_timeout_seconds=2, phone_qualify_seconds=0) as centre:
        group: PhoneGroup = await centre.staff("1001", behaviour=Answers(ring_seconds=0.05, tone=ONE))
        callers = await centre.callers(Caller("13800000001"), tone=CITIZEN)
        first = centre.agents[Phone("1001")]

        async def begun() -> bool:
            return bool((await first.call("GET", "/me"))["state"]["state"] == "TALKING")

        await until(begun, "the call is not answered")
        await centre.staff("1002", behaviour=Answers(ring_seconds=0.05, tone=TWO))
        await group.switch_off()
        second = centre.agents[Phone("1002")]

        async def taken() -> bool:
            return bool((await second.call("GET", "/me"))["state"]["state"] == "TALKING")

        await until(taken, "nobody takes the caller of the dead phone", 30)
        state = (await first.call("GET", "/me"))["state"]
        assert (state["state"], state["cause"]) == ("NOT_RESPONDING", "system:phone_died")
        await second.call("POST", "/me/call/hang-up")
        assert await callers.wait(10) == 0
        await centre.settled(1)
        rows = await centre.rows("SELECT phone, began, ended FROM call_segments ORDER BY number")
        assert [tuple(r) for r in rows] == [
            ("1001", "answered", "phone_lost"),
            ("1002", "returned", "hang_up"),
        ]
        assert await centre.value("SELECT count(*) FROM tickets") == 1
        assert await centre.total("hotline_calls_unaccounted") == 0


async def test_an_agent_who_leaves_a_held_caller_gives_him_back_to_the_queue() -> None:
    async with Centre() as centre:
        await centre.staff("1001", behaviour=Answers(ring_seconds=0.05, talk_seconds=(1.5, 1.5)))
        await centre.callers(Caller("13800000001"))
        agent = centre.agents[Phone("1001")]

        async def begun() -> bool:
            return bool((await agent.call("GET", "/me"))["state"]["state"] == "TALKING")

        await until(begun, "the call is not answered")
        await agent.call("POST", "/me/call/hold")

        async def again() -> bool:
            return bool(await centre.value("SELECT count(*) FROM offers") == 2)

        await until(again, "the caller does not come back")
        began = await centre.rows("SELECT began, ended FROM call_segments ORDER BY number")
        assert began[0]["ended"] == "left"
