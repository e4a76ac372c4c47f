"""Two service processes on one Asterisk and one database: one leads, the other one takes over."""

import os
import signal
from typing import Any

import asyncpg
import pytest

from core import clock
from core.vocabulary import Phone
from db import processes
from hotline import parts
from hotline.demo.callers import Caller
from hotline.demo.client import ApiRefused, HotlineClient
from hotline.demo.phones import NEVER, Answers
from tests.acceptance.centre import ADMIN, PASSWORD, Centre, until

TAKEOVER_SECONDS = 10.0

STAY = Answers(ring_seconds=0.05, talk_seconds=(NEVER, NEVER))
BRIEF = Answers(ring_seconds=0.05, talk_seconds=(0.3, 0.3))


def two_processes() -> Centre:
    return Centre(standby=True, heartbeat_stale_seconds=30)


async def readiness(centre: Centre, url: str) -> dict[str, Any]:
    async with centre.http.get(f"{url}/readyz") as answer:
        body: dict[str, Any] = await answer.json()
        return body


async def until_the_standby_leads(centre: Centre, seconds: float = TAKEOVER_SECONDS) -> None:
    async def ready() -> bool:
        return bool((await readiness(centre, centre.stack.standby_api_url))["status"] == "ok")

    await until(ready, "the standby does not take over", seconds)


async def epochs(centre: Centre) -> list[tuple[int, str | None]]:
    rows = await centre.rows("SELECT epoch, ended_by FROM tenures ORDER BY epoch")
    return [(row["epoch"], row["ended_by"]) for row in rows]


async def until_open(centre: Centre, column: str, number: int) -> None:
    async def so() -> bool:
        query = f"SELECT count(*) FROM calls WHERE {column} IS NOT NULL AND ended_at IS NULL"  # noqa: S608 - our own words
        return bool(await centre.value(query) == number)

    await until(so, f"{column}: not {number} calls")


async def test_the_standby_takes_over_with_every_caller_when_the_leader_is_killed() -> None:
    async with two_processes() as centre:
        standby = centre.stack.standby_api_url
        assert (await readiness(centre, standby))["standing"] == "standby"
        with pytest.raises(ApiRefused) as refused:
            await HotlineClient.logged_in(centre.http, standby, *ADMIN)
        assert (refused.value.status, refused.value.code) == (503, "not_leading_standby")
        await centre.staff("1001", behaviour=STAY)
        talking = await centre.callers(Caller("13800000001", hangs_up_after=25.0))
        await until_open(centre, "answered_at", 1)
        waiting = await centre.callers(*(Caller(f"138000000{n}") for n in (10, 11, 12)), rate=10)
        await until_open(centre, "queued_at", 4)

        await centre.stack.kill_service()
        began = clock.monotonic()
        await until_the_standby_leads(centre)
        took = clock.monotonic() - began
        assert took < TAKEOVER_SECONDS
        chief = await HotlineClient.logged_in(centre.http, standby, *ADMIN)
        queues = await chief.call("GET", "/queues")
        assert sum(queue["waiting"] for queue in queues["items"]) == 3
        agent = await HotlineClient.logged_in(centre.http, standby, "agent1001", PASSWORD)
        assert (await agent.call("GET", "/me"))["state"]["state"] == "TALKING"

        await centre.phones("1002", behaviour=BRIEF)
        centre.chief = chief
        await seat_at_the_standby(centre, "1002")
        assert await waiting.wait(30) == 0
        assert await talking.wait(40) == 0
        await centre.settled(4)
        answered = await centre.rows("SELECT caller FROM calls ORDER BY answered_at")
        assert [row["caller"] for row in answered] == [f"138000000{n:02}" for n in (1, 10, 11, 12)]

        await centre.stack.start_part(parts.SERVICE)
        assert (await readiness(centre, centre.stack.api_url))["standing"] == "standby"
        assert await epochs(centre) == [(1, "superseded"), (2, None)]


async def until_written(centre: Centre, state: str) -> None:
    async def so() -> bool:
        return bool(await centre.value("SELECT count(*) FROM agent_states WHERE to_state = $1", state))

    await until(so, f"nobody is {state} on the record")


async def seat_at_the_standby(centre: Centre, phone: str) -> None:
    before = centre.stack.settings
    centre.stack.settings = before.model_copy(update={"http_port": before.standby_http_port})
    try:
        await centre.seat(phone)
    finally:
        centre.stack.settings = before


async def test_a_leader_that_was_stopped_finds_itself_deposed_and_ends() -> None:
    async with two_processes() as centre:
        await centre.staff("1001", behaviour=BRIEF)
        await until_written(centre, "READY")
        await centre.stack.kill_service(signal.SIGSTOP)
        meanwhile = await centre.callers(Caller("13800000001"))
        await until_the_standby_leads(centre, 15)
        assert await meanwhile.wait(20) == 0

        stopped = centre.stack.processes[parts.SERVICE]
        assert stopped is not None
        os.kill(stopped, signal.SIGCONT)

        async def gone() -> bool:
            return centre.stack.processes[parts.SERVICE] is None

        await until(gone, "the deposed leader does not end", 5)
        assert '"event": "deposed"' in centre.log("service")
        after = await centre.callers(Caller("13800000002"))
        assert await after.wait(20) == 0
        await centre.settled(2)
        outcomes = await centre.rows("SELECT outcome FROM calls")
        assert [row["outcome"] for row in outcomes] == ["answered"] * 2
        assert await epochs(centre) == [(1, "superseded"), (2, None)]


async def cut_the_leaders_connection(centre: Centre) -> None:
    service = await asyncpg.connect(centre.stack.dsn)
    try:
        cut = await service.fetchval(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        )
    finally:
        service.terminate()
    assert cut == 1


async def test_a_frozen_database_or_a_cut_connection_makes_nobody_else_leader() -> None:
    async with two_processes() as centre:
        await centre.staff("1001", behaviour=BRIEF)
        await cut_the_leaders_connection(centre)
        frozen = processes.running_in(centre.stack.folders.postgresql)
        assert frozen
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        try:
            callers = await centre.callers(Caller("13800000001"), Caller("13800000002"), rate=0.2)
            # Longer than any lease: the leader goes on, since Asterisk confirms it.
            assert await callers.wait(30) == 0
        finally:
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)
        await centre.settled(2, 30)
        outcomes = await centre.rows("SELECT outcome, agent_id FROM calls")
        assert [row["outcome"] for row in outcomes] == ["answered"] * 2
        assert (await readiness(centre, centre.stack.standby_api_url))["standing"] == "standby"
        assert await epochs(centre) == [(1, None)]
        me = await centre.agents[Phone("1001")].call("GET", "/me")
        assert me["call"] is None
