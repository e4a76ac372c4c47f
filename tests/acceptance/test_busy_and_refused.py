"""Who is in a talk or on a break is rung by nobody; whoever is refused outside is not lost."""

import asyncio

from core import clock
from core.vocabulary import AgentState, Phone
from hotline.demo.callers import Caller
from hotline.demo.phones import Answers, Busy, PhoneGroup
from tests.acceptance.centre import Centre, until
from tests.acceptance.outside import OutsideParty

RTP_TIMEOUT = 2
FIRST, SECOND = "13800000001", "13800000002"


class Scene:
    """1001 talks to the first caller, 1002 is on a break, the second caller waits."""

    def __init__(self, centre: Centre) -> None:
        self.centre = centre

    async def begin(self) -> None:
        centre = self.centre
        self.talker = await centre.staff("1001", behaviour=Answers(ring_seconds=0.05))
        await centre.callers(Caller(FIRST))
        await until(lambda: self.talks_with("1001", FIRST), "the call is not answered")
        self.talking_since = clock.monotonic()
        self.resting = await centre.phones("1002", behaviour=Answers(ring_seconds=0.05))
        await centre.seat("1002", ready=False)
        await centre.callers(Caller(SECOND))
        await until(self.waits, "the second caller does not wait")

    async def waits(self) -> bool:
        return await self.centre.waiting() == 1

    async def talks_with(self, phone: str, caller: str) -> bool:
        query = "SELECT answered_at IS NOT NULL AND phone = $1 FROM calls WHERE caller = $2"
        return bool(await self.centre.value(query, phone, caller))

    def rung(self) -> list[int]:
        groups: list[PhoneGroup] = [self.talker, self.resting]
        return [len(group.calls()) for group in groups]

    async def fallen_back(self) -> bool:
        journal = self.centre.stack.folders.asterisk.rglob("hotline.csv")
        return any("HOTLINE_FALLBACK" in path.read_text(encoding="utf-8") for path in journal)

    async def segments(self, caller: str) -> list[tuple[str, ...]]:
        query = (
            "SELECT s.phone, began, ended FROM call_segments s JOIN calls USING (call_id)"
            " WHERE caller = $1 ORDER BY number"
        )
        return [tuple(row) for row in await self.centre.rows(query, caller)]


async def test_busy_and_resting_agents_are_not_rung_and_a_refused_transfer_comes_back() -> None:
    """With the service alive, with the service dead; phones that send sound outlast the rtp time-out."""
    outside = OutsideParty()
    centre = Centre(
        outside_uri=outside.uri,
        transfer_numbers=("0312X.",),
        phone_rtp_timeout_seconds=RTP_TIMEOUT,
    )
    async with centre, outside.answering(centre, Busy()):
        scene = Scene(centre)
        await scene.begin()
        await asyncio.sleep(1.0)
        assert scene.rung() == [1, 0]
        assert await centre.value("SELECT count(*) FROM offers") == 1
        await centre.stack.kill_service()
        await until(scene.fallen_back, "the second caller does not reach the native queue", 30)
        await asyncio.sleep(2.0)
        assert scene.rung() == [1, 0], "Asterisk's own queue rang somebody"
        await centre.stack.start_service()
        assert clock.monotonic() - scene.talking_since > 3 * RTP_TIMEOUT
        assert scene.talker.calls()[0].ended_at is None, "the talk was cut"

        second = centre.agents[Phone("1002")]
        await second.ask_state(AgentState.READY)
        await until(lambda: scene.talks_with("1002", SECOND), "the second call is not answered")
        await second.call("POST", "/me/call/transfer", {"to": {"number": "03121234567"}})

        async def again() -> bool:
            return len(await scene.segments(SECOND)) == 2

        await until(again, "the caller does not come back from outside")
        assert [call.user for call in outside.calls()] == ["03121234567"]
        for phone in ("1001", "1002"):
            await centre.agents[Phone(phone)].call("POST", "/me/call/hang-up")
        await centre.settled(2)
        assert await scene.segments(FIRST) == [("1001", "answered", "hang_up")]
        assert await scene.segments(SECOND) == [
            ("1002", "answered", "transfer"),
            ("1002", "returned", "hang_up"),
        ]
        changed = await centre.rows("SELECT priority, outcome FROM calls WHERE caller = $1", SECOND)
        assert [tuple(row) for row in changed] == [("urgent", "answered")]
