"""Who is next, on a whole hotline: a supervisor's word, a caller who rings again, a restart in between."""

import asyncio

import pytest

from core.vocabulary import AgentState
from hotline.demo.callers import Caller, CallerGroup
from hotline.demo.client import ApiRefused
from hotline.demo.phones import Answers
from tests.acceptance.centre import Centre, until
from tests.acceptance.test_relief import plan

ANSWERED = "SELECT caller FROM calls WHERE answered_at IS NOT NULL ORDER BY answered_at"
TALKED = "SELECT count(*) FROM calls WHERE answered_at IS NOT NULL"
MARKED = "SELECT count(*) FROM calls WHERE priority <> 'normal' OR place_at IS NOT NULL"


async def test_priority_and_place_survive_a_restart_and_decide_who_is_next(centre: Centre) -> None:
    await plan(centre, citizens={"redial_within": 60})
    await centre.phones("1001", behaviour=Answers(ring_seconds=0.0, talk_seconds=(0.2, 0.2)))
    agent = await centre.seat("1001", ready=False)
    groups = [await caller(centre, number) for number in ("13800000001", "13800000002", "13800000003")]
    await groups[0].stop()  # the first one gives up ...
    await until(lambda: _counts(centre, "SELECT count(*) FROM abandoned_calls", 1), "nobody gave up")
    groups.append(await caller(centre, "13800000001"))  # ... and rings again
    third = await centre.value("SELECT call_id::text FROM calls WHERE caller = '13800000003'")

    with pytest.raises(ApiRefused) as refused:
        await agent.call("PUT", f"/calls/{third}/priority", {"priority": "high"})
    assert refused.value.code == "not_permitted"
    answer = await centre.chief.call("PUT", f"/calls/{third}/priority", {"priority": "urgent"})
    assert answer == {"call_id": third, "priority": "urgent"}
    await until(lambda: _counts(centre, MARKED, 2), "the rows do not say so")
    audit = "SELECT actor || detail::text FROM audit WHERE action = 'call.priority' AND object = $1"
    assert await centre.value(audit, f"call:{third}") == 'chief{"priority": "urgent"}'

    await centre.stack.kill_service()
    await centre.stack.start_service()
    await agent.ask_state(AgentState.READY)
    await until(lambda: _counts(centre, TALKED, 3), "somebody waits still")
    answered = [row["caller"] for row in await centre.rows(ANSWERED)]
    assert answered == ["13800000003", "13800000001", "13800000002"]
    await asyncio.gather(*(group.wait(20) for group in groups[1:]))
    await centre.settled(4)
    with pytest.raises(ApiRefused) as over:
        await centre.chief.call("PUT", f"/calls/{third}/priority", {"priority": "low"})
    assert over.value.code == "call_not_waiting"
    with pytest.raises(ApiRefused) as unknown:
        await centre.chief.call("PUT", f"/calls/{'0' * 8}{third[8:]}/priority", {"priority": "low"})
    assert unknown.value.code == "not_found"


async def caller(centre: Centre, number: str) -> CallerGroup:
    """One more caller who waits."""
    before = await centre.waiting()
    group = await centre.callers(Caller(number))
    await until(lambda: _waiting(centre, before + 1), f"{number} does not wait")
    return group


async def _waiting(centre: Centre, number: int) -> bool:
    return await centre.waiting() == number


async def _counts(centre: Centre, query: str, number: int) -> bool:
    return bool(await centre.value(query) == number)
