"""The service dies while a hundred agents are in all kinds of states."""

from tests.acceptance.everybody import killed_with_everybody_somewhere
from tests.chaos.load import centre_for

EACH = 15
"""Of seven kinds: 105 agents."""
WRAP_UP = 600.0
QUEUES = ({"name": "citizens", "dialled": (), "wrap_up_seconds": WRAP_UP, "ring_seconds": 3},)


async def test_killed_with_a_hundred_agents_in_all_kinds_of_states() -> None:
    async with centre_for(7 * EACH, queues=QUEUES, phones="1001-1120") as centre:
        await killed_with_everybody_somewhere(centre, EACH, WRAP_UP)
        await centre.settled(4 * EACH, 60)
