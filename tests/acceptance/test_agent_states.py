"""Agents in all kinds of states, on the real Asterisk and PostgreSQL, through the death of the service."""

from core.vocabulary import Phone
from tests.acceptance.centre import Centre
from tests.acceptance.everybody import killed_with_everybody_somewhere

WRAP_UP = 60.0
QUEUES = ({"name": "citizens", "dialled": (), "wrap_up_seconds": WRAP_UP, "ring_seconds": 3},)


async def test_the_service_is_killed_with_agents_in_all_kinds_of_states() -> None:
    async with Centre(queues=QUEUES, heartbeat_stale_seconds=60) as centre:
        there = await killed_with_everybody_somewhere(centre, 1, WRAP_UP)
        await centre.settled(4)
        (phone,) = there.of["wrapping"]
        day = await centre.agents[Phone(phone)].call("GET", "/me/day")
        assert (day["calls_answered"], day["calls_placed"], day["not_responding"]) == (1, 0, 0)
        assert 0.1 < day["handle_time"]["talk"] < 3.0
        assert day["handle_time"]["wrap_up"] > 1.0
        (silent,) = there.of["silent"]
        me = await centre.agents[Phone(silent)].call("GET", "/me")
        assert (me["state"]["cause"], me["state"]["back_by"]) == ("system:no_answer", "request")
        day = await centre.agents[Phone(silent)].call("GET", "/me/day")
        assert (day["calls_answered"], day["not_responding"]) == (0, 1)
