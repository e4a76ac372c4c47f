"""The same figure wherever it stands: /metrics, a real Prometheus, the tables, SIPp's own statistics."""

import asyncio
from pathlib import Path

import pytest

from core.vocabulary import AgentState
from hotline.demo.callers import Caller
from hotline.demo.phones import Answers
from tests.acceptance.centre import Centre
from tests.acceptance.prometheus import prometheus


async def _play(centre: Centre) -> tuple[int, int]:
    """Calls of both kinds; returns SIPp's counts of callers and of answered phones."""
    phones = await centre.staff("1001", "1002", behaviour=Answers(ring_seconds=0.1, talk_seconds=(0.5, 1.0)))
    callers = await centre.callers(*(Caller(f"138000000{n:02}") for n in range(10)), rate=5)
    assert await callers.wait(40) == 0
    for agent in centre.agents.values():
        await agent.ask_state(AgentState.BREAK)
    quitters = await centre.callers(
        *(Caller(f"139000000{n:02}", hangs_up_after=0.5) for n in range(4)), rate=10
    )
    assert await quitters.wait(20) == 0
    await centre.settled(14)
    created = callers.statistics().created + quitters.statistics().created
    answered = sum(call.answered_at is not None for call in phones.calls())
    return created, answered


async def test_all_figures_agree(centre: Centre) -> None:
    created, answered = await _play(centre)
    abandoned = created - answered
    assert (created, answered, abandoned) == (14, 10, 4)
    assert await centre.value("SELECT count(*) FROM calls") == created
    assert await centre.value("SELECT count(*) FROM calls WHERE outcome = 'answered'") == answered
    assert await centre.value("SELECT count(*) FROM abandoned_calls") == abandoned
    assert await centre.value("SELECT count(*) FROM tickets") == answered
    assert await centre.value("SELECT count(*) FROM recordings WHERE state = 'ready'") == answered
    assert await centre.total("hotline_calls_offered_total") == created
    assert await centre.total("hotline_calls_answered_total") == answered
    assert await centre.total("hotline_calls_abandoned_total") == abandoned
    assert await centre.total("hotline_calls_finished_total") == created
    assert await centre.total("hotline_call_wait_seconds_count") == answered
    assert await centre.total("hotline_call_talk_seconds_count") == answered
    assert await centre.total("hotline_call_handle_seconds_count") == answered
    assert await centre.total("hotline_calls_unaccounted") == 0
    assert await centre.total("hotline_ami_connected") == 1
    samples = await centre.metrics()
    assert 'hotline_call_wait_seconds_bucket{le="15.0",queue="citizens"}' in samples
    answer = await centre.chief.call("GET", "/calls", None, limit=100)
    assert len(answer["items"]) == created
    assert sum(item["outcome"] == "answered" for item in answer["items"]) == answered


async def test_an_abandoned_caller_can_be_rung_back_and_looking_is_a_row(
    centre: Centre,
) -> None:
    callers = await centre.callers(Caller("13900001234", hangs_up_after=0.5))
    assert await callers.wait(10) == 0
    await centre.settled(1)
    (listed,) = await centre.chief.abandoned_calls()
    assert listed["caller"] == "139****1234"
    assert listed["stage"] == "waiting"
    assert await centre.value("SELECT count(*) FROM audit WHERE action = 'call.caller_shown'") == 0
    shown = await centre.chief.call("GET", f"/abandoned-calls/{listed['call_id']}")
    assert shown["caller"] == "13900001234"
    assert await centre.value("SELECT count(*) FROM audit WHERE action = 'call.caller_shown'") == 1


async def test_promtool_finds_nothing_to_say(centre: Centre) -> None:
    async with centre.http.get(centre.stack.metrics_url) as response:
        text = await response.text()
    process = await asyncio.create_subprocess_exec(
        *("promtool", "check", "metrics"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate(text.encode())
    assert process.returncode == 0, output.decode()
    assert output.decode().strip() == ""


async def test_a_real_prometheus_scrapes_it(centre: Centre, tmp_path: Path) -> None:
    created, answered = await _play(centre)
    async with prometheus(centre.http, tmp_path, centre.stack.metrics_url) as server:
        assert await server.one("sum(hotline_calls_offered_total)") == created
        assert await server.one("sum(hotline_calls_answered_total)") == answered
        assert await server.one('sum(hotline_agents{state="BREAK"})') == 2


async def test_forged_events_are_dropped_and_counted(centre: Centre) -> None:
    """A caller puts a complete event into his number; the centre neither believes nor forgets it."""
    await centre.staff("1001", behaviour=Answers(talk_seconds=(0.5, 0.5)))
    forged = "1%0d%0a%0d%0aEvent%3a%20Hangup%0d%0aChannel%3a%20PJSIP%2fx"
    callers = await centre.callers(Caller(forged), Caller("13800000002"), rate=5)
    assert await callers.wait(20) == 0
    await centre.settled(2)
    numbers = [row["caller"] for row in await centre.rows("SELECT caller FROM calls ORDER BY arrived_at")]
    assert numbers[1] == "13800000002"
    assert all(number.isdigit() and len(number) <= 20 for number in numbers)
    assert await centre.total("hotline_calls_answered_total") == 2
    assert await centre.total("hotline_calls_unaccounted") == 0


@pytest.mark.parametrize("path", ["/metrics"])
async def test_metrics_are_not_on_the_agents_port(centre: Centre, path: str) -> None:
    async with centre.http.get(centre.stack.api_url + path) as response:
        assert response.status == 404
