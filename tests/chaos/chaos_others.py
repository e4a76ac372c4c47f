"""Asterisk, the connection to it, PostgreSQL or the disk fail."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from db import processes
from hotline.demo.phones import NEVER, Answers
from hotline.runtime import path_of
from tests.acceptance.centre import Centre, until
from tests.chaos.load import (
    QUIET_CALLER,
    all_agents_free,
    answer_times,
    callers,
    centre_for,
    count,
    numbers,
    staffed,
    until_calls,
)
from tests.fakes.proxy import FaultProxy

BRIEF = Answers(ring_seconds=0.05, talk_seconds=(0.5, 1.0))

LOOP_LAG_SECONDS = 0.1


async def test_asterisk_killed_with_twenty_talking_and_twenty_waiting() -> None:
    async with centre_for(50) as centre:
        await staffed(centre, numbers(1001, 1020), Answers(ring_seconds=0.05, talk_seconds=(NEVER, NEVER)))
        group = await centre.callers(*callers(0, 40), rate=10, tone=QUIET_CALLER)
        await until_calls(centre, 20, "answered_at IS NOT NULL")
        await until_calls(centre, 40, "queued_at IS NOT NULL")
        await asyncio.sleep(2.0)  # something to be recorded
        await centre.stack.kill_asterisk()
        await centre.stack.start_asterisk()
        await until_calls(centre, 40, "ended_at IS NOT NULL", 10)
        await all_agents_free(centre, 10)
        await centre.settled(40, 30)
        assert await count(centre, "outcome = 'answered'") == 20
        assert await count(centre, "outcome = 'failed' AND cause = 'interrupted'") == 20
        assert await centre.value("SELECT count(*) FROM tickets") == 20
        assert await centre.value("SELECT count(*) FROM recordings WHERE state = 'missing'") == 0
        await group.stop()


async def behind(centre: Centre, proxy: FaultProxy) -> None:
    """From now on the service reaches Asterisk through the proxy."""
    where = path_of(centre.stack.settings)
    described = json.loads(where.read_text(encoding="utf-8"))
    described["ami_port"] = proxy.port
    where.write_text(json.dumps(described), encoding="utf-8")
    await centre.stack.stop_service()
    await centre.stack.start_service()


async def no_double_dispatch(centre: Centre, calls: int) -> None:
    await centre.settled(calls, 60)
    assert await count(centre, "outcome = 'answered'") == calls
    assert await centre.value("SELECT count(*) FROM tickets") == calls
    twice = """SELECT count(*) FROM (
        SELECT call_id FROM offers WHERE result = 'answered' GROUP BY 1 HAVING count(*) > 1) t"""
    assert await centre.value(twice) == 0
    await all_agents_free(centre)


async def test_the_connection_to_asterisk_is_cut_in_the_middle_of_events() -> None:
    async with centre_for(50) as centre, FaultProxy("127.0.0.1", centre.stack.settings.ami_port) as proxy:
        await behind(centre, proxy)
        await staffed(centre, numbers(1001, 1010), BRIEF)
        group = await centre.callers(*callers(0, 60), rate=6, tone=QUIET_CALLER)
        for enough in (10, 25, 40):
            await until_calls(centre, enough, "ended_at IS NOT NULL")
            proxy.split = 7
            proxy.cut_answer = lambda piece: b"Event" in piece
            await until(lambda: _cut(proxy), "no event came", 10)
            proxy.split, proxy.cut_answer = 0, None
        assert await group.wait(120) == 0
        await no_double_dispatch(centre, 60)


async def _cut(proxy: FaultProxy) -> bool:
    return not proxy._writers


async def test_a_black_hole_of_sixty_seconds_before_asterisk() -> None:
    async with centre_for(50) as centre, FaultProxy("127.0.0.1", centre.stack.settings.ami_port) as proxy:
        await behind(centre, proxy)
        await staffed(centre, numbers(1001, 1010), BRIEF)
        group = await centre.callers(*callers(0, 40), rate=1, tone=QUIET_CALLER)
        await until_calls(centre, 5, "ended_at IS NOT NULL")
        proxy.hole = True
        await asyncio.sleep(60.0)  # the outage itself
        proxy.hole = False
        assert await group.wait(120) == 0
        await no_double_dispatch(centre, 40)


@pytest.mark.parametrize("how", ["frozen", "killed"])
async def test_postgresql_is_away_for_sixty_seconds_with_twenty_calls(how: str) -> None:
    async with centre_for(50) as centre:
        await staffed(centre, numbers(1001, 1005), BRIEF)
        async with answer_times(centre) as times:
            with _away(centre, how):
                if how == "killed":
                    await centre.stack.kill_postgres()
                group = await centre.callers(*callers(0, 20), rate=0.4, tone=QUIET_CALLER)
                await asyncio.sleep(60.0)  # the outage itself
                assert await group.wait(30) == 0
        if how == "killed":
            await centre.stack.start_postgres()
        await centre.settled(20, 60)
        placed = {one.caller.number: one.call for one in group.placed()}
        for row in await centre.rows("SELECT caller, arrived_at, outcome FROM calls"):
            call = placed[row["caller"]]
            assert call is not None
            assert row["outcome"] == "answered"
            assert abs(row["arrived_at"].timestamp() - call.invited_at) < 0.5
        samples = await centre.metrics()
        assert samples["hotline_writer_lost_total"] == 0
        assert samples["hotline_writer_dead_letters_total"] == 0
        times.sort()
        assert times[int(len(times) * 0.99)] < LOOP_LAG_SECONDS, f"the loop lagged: {times[-10:]}"


@contextmanager
def _away(centre: Centre, how: str) -> Iterator[None]:
    pids = processes.running_in(centre.stack.folders.postgresql) if how == "frozen" else []
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
async def test_the_spools_disk_is_full_while_postgresql_is_away() -> None:
    async with centre_for(50) as centre:
        await staffed(centre, numbers(1001, 1005), BRIEF)
        await centre.stack.stop_service()
        with _small_disk(centre.stack.folders.data / "spool"):
            await centre.stack.start_service()
            await centre.stack.kill_postgres()
            group = await centre.callers(*callers(0, 40), rate=4, tone=QUIET_CALLER)
            assert await group.wait(60) == 0
            async with centre.http.get(f"{centre.stack.api_url}/readyz") as answer:
                assert (await answer.json())["checks"]["disk"] == "failed"
            assert (await centre.metrics())['hotline_disk_used_ratio{disk="spool"}'] > 0.85
            await centre.stack.start_postgres()
            await centre.settled(40, 60)
            assert await count(centre, "outcome = 'answered'") == 40
            assert (await centre.metrics())["hotline_writer_lost_total"] == 0
            await centre.stack.stop_service()
        await centre.stack.start_service()


@contextmanager
def _small_disk(folder: Path) -> Iterator[None]:
    subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["/bin/umount", "-l", str(folder)], check=True)
