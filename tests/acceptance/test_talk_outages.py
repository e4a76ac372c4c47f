"""The service dies during a hold and a conference; a phone dies in a talk of Asterisk's own queue."""

import asyncio

from core.vocabulary import Phone
from hotline.demo.callers import Caller
from hotline.demo.client import ApiRefused
from hotline.demo.phones import Answers
from tests.acceptance.centre import Centre, until
from tests.acceptance.outside import OutsideParty

HELD, THREE = "13800000001", "13800000002"
QUICK = Answers(ring_seconds=0.05)


async def talks(centre: Centre, phone: str, state: str = "connected") -> bool:
    try:
        talk = await centre.agents[Phone(phone)].call("GET", "/me/call")
    except ApiRefused:
        return False  # in no talk, or not yet
    return bool(talk["state"] == state)


async def segments(centre: Centre, caller: str) -> list[tuple[str, ...]]:
    query = (
        "SELECT s.phone, began, ended FROM call_segments s JOIN calls USING (call_id)"
        " WHERE caller = $1 ORDER BY number"
    )
    return [tuple(row) for row in await centre.rows(query, caller)]


async def test_service_killed_during_a_hold_and_a_conference() -> None:
    outside = OutsideParty()
    centre = Centre(outside_uri=outside.uri, transfer_numbers=("0312X.",), heartbeat_stale_seconds=30)
    async with centre, outside.answering(centre):
        await centre.staff("1001", behaviour=QUICK)
        await centre.callers(Caller(HELD))
        await until(lambda: talks(centre, "1001"), "the first call is not answered")
        await centre.staff("1002", behaviour=QUICK)
        await centre.callers(Caller(THREE))
        await until(lambda: talks(centre, "1002"), "the second call is not answered")
        one, two = centre.agents[Phone("1001")], centre.agents[Phone("1002")]
        await one.call("POST", "/me/call/hold")
        await two.call("POST", "/me/call/consult", {"to": {"number": "03121234567"}})
        await until(lambda: talks(centre, "1002", "consulting"), "nobody outside answers")
        await two.call("POST", "/me/call/conference")

        async def three() -> bool:
            return len(await segments(centre, THREE)) == 2

        await until(three, "there is no conference")
        await centre.stack.kill_service()
        await centre.stack.start_service()

        assert await talks(centre, "1001", "held")
        assert await talks(centre, "1002", "conference")
        await one.call("POST", "/me/call/resume")
        await until(lambda: talks(centre, "1001"), "the caller is not taken back")
        # The agent leaves the conference; the citizen and the third party talk on until that one hangs up.
        await two.call("POST", "/me/call/hang-up")

        async def alone() -> bool:
            return (await segments(centre, THREE))[0][2] is not None

        await until(alone, "the agent does not leave")
        assert await centre.value("SELECT count(*) FROM calls WHERE ended_at IS NOT NULL") == 0
        outside.hang_up(outside.calls()[0])
        await one.call("POST", "/me/call/hang-up")
        await centre.settled(2)
        assert await segments(centre, HELD) == [("1001", "answered", "hang_up")]
        assert await segments(centre, THREE) == [
            ("1002", "answered", "left"),
            ("03121234567", "conference", "hang_up"),
        ]
        marks = await centre.rows("SELECT kind, ended_at FROM call_marks ORDER BY kind")
        assert [row["kind"] for row in marks] == ["consult", "hold"]
        assert all(row["ended_at"] is not None for row in marks)
        outcomes = await centre.rows("SELECT outcome FROM calls")
        assert [row["outcome"] for row in outcomes] == ["answered", "answered"]
        assert await centre.value("SELECT count(*) FROM tickets") == 2
        assert await centre.total("hotline_calls_unaccounted") == 0


async def test_a_phone_that_dies_while_asterisks_own_queue_has_the_calls() -> None:
    async with Centre(phone_rtp_timeout_seconds=2, phone_qualify_seconds=0) as centre:
        groups = [await centre.staff(phone, behaviour=QUICK) for phone in ("1001", "1002")]
        await asyncio.sleep(0.5)  # the native queue is told behind the answer, and tells nobody
        await centre.stack.kill_service()
        callers = await centre.callers(Caller(HELD))

        async def answered() -> bool:
            return any(call.answered_at for group in groups for call in group.calls())

        await until(answered, "the native queue rings nobody", 30)
        dying, next_one = sorted(groups, key=lambda group: not group.calls())
        await dying.switch_off()

        async def taken() -> bool:
            return any(call.answered_at for call in next_one.calls())

        await until(taken, "nobody takes the caller of the dead phone", 40)
        assert callers.placed()[0].call is not None
        await centre.stack.start_service()
        await until(lambda: talks(centre, str(next_one.phones[0])), "the second talk is not seen", 20)
        await next_one.hang_up()
        assert await callers.wait(10) == 0
        await centre.settled(1)
        outcomes = await centre.rows("SELECT outcome FROM calls")
        assert [row["outcome"] for row in outcomes] == ["answered"]
        assert await centre.value("SELECT count(*) FROM tickets") == 1
        assert await centre.total("hotline_calls_unaccounted") == 0
