"""The service dies, hangs, or has more to do than it can."""

import asyncio
import signal
from itertools import pairwise

from hotline.demo.phones import NEVER, Answers
from tests.acceptance.centre import Centre
from tests.chaos.load import (
    QUIET_CALLER,
    all_agents_free,
    callers,
    centre_for,
    count,
    numbers,
    staffed,
    until_calls,
)

FIRST_OFFERS = """
SELECT min(offer_id) AS first, extract(epoch FROM arrived_at)::float8 AS arrived
FROM offers JOIN calls USING (call_id) GROUP BY call_id, arrived_at ORDER BY 1
"""


CLOCK_SLACK = 0.25
"""Callers who come within so many seconds of each other may be taken in either order."""


async def most_overtaken(centre: Centre) -> float:
    """By how many seconds somebody was overtaken by a later caller, at the worst."""
    arrivals = [row["arrived"] for row in await centre.rows(FIRST_OFFERS)]
    assert len(arrivals) > 1
    return float(max(before - then for before, then in pairwise(arrivals)))


async def test_killed_with_fifty_waiting_fifty_talking_and_ten_hanging_up() -> None:
    async with centre_for(110) as centre:
        await staffed(centre, numbers(1001, 1050), Answers(ring_seconds=0.05, talk_seconds=(NEVER, NEVER)))
        leaving = await centre.callers(*callers(0, 10, hangs_up_after=20.0), rate=10, tone=QUIET_CALLER)
        staying = await centre.callers(*callers(10, 40, hangs_up_after=60.0), rate=10, tone=QUIET_CALLER)
        await until_calls(centre, 50, "answered_at IS NOT NULL")
        waiting = await centre.callers(*callers(50, 50, hangs_up_after=90.0), rate=20, tone=QUIET_CALLER)
        await until_calls(centre, 100, "queued_at IS NOT NULL")
        assert await count(centre, "ended_at IS NOT NULL") == 0, "the machine was too slow for this test"
        await centre.stack.kill_service()
        assert await leaving.wait(60) == 0
        await centre.stack.start_service()
        await until_calls(centre, 10, "ended_at IS NOT NULL", 10)
        heard = {placed.caller.number: placed.call for placed in leaving.placed()}
        for row in await centre.rows(
            "SELECT * FROM calls WHERE ended_at IS NOT NULL AND caller < '13800000010'"
        ):
            call = heard[row["caller"]]
            assert call is not None
            assert call.ended_at is not None
            assert row["outcome"] == "answered"
            assert abs(row["ended_at"].timestamp() - call.ended_at) < 1.0
        assert await staying.wait(120) == 0
        assert await waiting.wait(120) == 0
        await centre.settled(100, 60)
        assert await most_overtaken(centre) < CLOCK_SLACK
        assert await count(centre, "outcome NOT IN ('answered', 'abandoned')") == 0


async def test_a_loop_that_is_blocked_for_five_seconds() -> None:
    async with centre_for(40) as centre:
        await staffed(centre, numbers(1001, 1010), Answers(ring_seconds=0.05, talk_seconds=(0.5, 1.0)))
        group = await centre.callers(*callers(0, 60), rate=6, tone=QUIET_CALLER)
        await until_calls(centre, 10, "ended_at IS NOT NULL")
        await centre.stack.kill_service(signal.SIGSTOP)
        await asyncio.sleep(5.0)  # the outage itself
        await centre.stack.kill_service(signal.SIGCONT)
        assert await group.wait(90) == 0
        await centre.settled(60, 30)
        assert await count(centre, "outcome = 'answered'") == 60
        double = """SELECT count(*) FROM offers a JOIN offers b USING (call_id)
                    WHERE a.offer_id < b.offer_id AND b.at < a.ended_at"""
        assert await centre.value(double) == 0
        await all_agents_free(centre)


async def test_callers_who_hang_up_as_the_agent_answers() -> None:
    async with centre_for(40) as centre:
        await staffed(centre, numbers(1001, 1010), Answers(ring_seconds=0.5, talk_seconds=(1.0, 1.0)))
        moments = [0.3 + 0.01 * n for n in range(41)]  # 200 ms before to 200 ms after the answer
        groups = [
            await centre.callers(*callers(n, 1, hangs_up_after=moment), tone=QUIET_CALLER)
            for n, moment in enumerate(moments)
        ]
        for group in groups:
            await group.wait(30)
        await centre.settled(41, 30)
        await all_agents_free(centre, 5)
        outcomes = {row["outcome"] for row in await centre.rows("SELECT DISTINCT outcome FROM calls")}
        assert outcomes <= {"answered", "abandoned"}
        assert await count(centre, "cause = 'inconsistent'") == 0


async def test_five_hundred_calls_within_ten_seconds_for_twenty_agents() -> None:
    async with centre_for(520) as centre:
        await staffed(centre, numbers(1001, 1020), Answers(ring_seconds=0.02, talk_seconds=(0.5, 1.0)))
        group = await centre.callers(*callers(0, 500), rate=50, tone=QUIET_CALLER)
        assert await group.wait(180) == 0
        await centre.settled(500, 90)
        assert await count(centre, "outcome = 'answered'") == 500
        assert await most_overtaken(centre) < CLOCK_SLACK


async def test_sigterm_under_load() -> None:
    async with centre_for(60) as centre:
        await staffed(centre, numbers(1001, 1020), Answers(ring_seconds=0.05, talk_seconds=(0.5, 1.5)))
        group = await centre.callers(*callers(0, 120), rate=12, tone=QUIET_CALLER)
        for enough in (20, 60):
            await until_calls(centre, enough, "ended_at IS NOT NULL")
            await centre.stack.stop_service()
            await centre.stack.start_service()
        assert await group.wait(120) == 0
        await centre.settled(120, 60)
        assert await count(centre, "outcome = 'answered'") == 120
        assert await centre.value("SELECT count(*) FROM recordings WHERE state = 'ready'") == 120
