"""How long after its login to Asterisk a restarted service offers the first of 1,000 waiting callers."""

import asyncio
import json
from pathlib import Path
from typing import Any

from core import clock
from core.errors import Unavailable
from core.vocabulary import Seconds
from db.pool import Database
from hotline.demo.callers import Caller, CallerGroup
from hotline.demo.phones import NEVER, Answers
from hotline.stack import Stack
from tests.bench.rig import ACD, DIALLED, connected, moment, rig, say

CALLERS = 1000
AGENTS = 10
RATE = 200.0
TALK: Seconds = 25.0
"""The agents' talks outlast the arrivals and end while the service is away."""
ANSWERS = Answers(0.0, (TALK, TALK))
STALE_SECONDS = 60
"""The callers stay in the hold loop; Asterisk's own queue is another measurement."""
LONGEST: Seconds = 60.0

ALL_WAIT = """
SELECT (count(*) FILTER (WHERE answered_at IS NOT NULL) = $1::int AND count(queued_at) = $2::int)::int
  FROM calls
"""

OFFERS_SINCE = "SELECT count(*) FROM offers WHERE at >= to_timestamp($1::float8)"

FIRST_WAITING = """
SELECT caller FROM calls WHERE answered_at IS NULL ORDER BY arrived_at, call_id LIMIT $1::int
"""
"""In the order in which Asterisk took their calls: INVITEs 5 ms apart may be taken the other way round."""

FIRST_OFFERS = """
SELECT o.at, c.caller FROM offers o JOIN calls c USING (call_id)
 WHERE o.at >= to_timestamp($1::float8) ORDER BY o.offer_id LIMIT $2::int
"""


async def measure(folder: Path) -> tuple[dict[str, Any], list[str]]:
    """Key ``restart_1000_s`` of the result, and what went wrong."""
    async with (
        rig(
            folder,
            AGENTS,
            Answers(0.0, (TALK, TALK)),
            CALLERS + AGENTS,
            music=False,  # a thousand streams of it would measure the machine
            heartbeat_stale_seconds=STALE_SECONDS,
        ) as running,
        connected(running.stack) as database,
    ):
        callers = [Caller(f"1370{index:07}", DIALLED[ACD], NEVER) for index in range(AGENTS + CALLERS)]
        group = CallerGroup(running.crew.server, callers, running.folder, RATE, tone=None, name="waiting")
        await group.start()
        try:
            say(f"{CALLERS} callers wait while {AGENTS} agents talk")
            await _until(database, ALL_WAIT, 1, AGENTS, AGENTS + CALLERS)
            expected = [row["caller"] for row in await database.fetch(FIRST_WAITING, AGENTS)]
            await running.stack.kill_service()
            say("the service is killed; the talks end while it is away")
            await running.quiet(0, LONGEST)
            began = clock.wall()
            await running.stack.start_service()
            await _until(database, OFFERS_SINCE, AGENTS, began)
            rows = await database.fetch(FIRST_OFFERS, began, AGENTS)
        finally:
            await group.stop()
        login = _logged_in(running.stack, began)
    offered = [row["caller"] for row in rows]
    problems = [] if offered == expected else [f"the first offers went to {offered}, not to {expected}"]
    return {"restart_1000_s": round(rows[0]["at"].timestamp() - login, 3)}, problems


def _logged_in(stack: Stack, since: Seconds) -> Seconds:
    """When the service that was started last logged in to Asterisk, as its log says."""
    text = (stack.folders.log / "service.log").read_text(encoding="utf-8")
    lines = (json.loads(line) for line in text.splitlines() if '"ami_logged_in"' in line)
    return next(at for line in lines if (at := moment(line["timestamp"])) >= since)


async def _until(database: Database, query: str, wanted: int, *args: object) -> None:
    """Wait until the tables say so."""
    deadline = clock.monotonic() + LONGEST
    while (found := await database.fetchval(query, *args)) < wanted:
        if clock.monotonic() > deadline:
            raise Unavailable(f"after {LONGEST:g} s the tables say {found} instead of {wanted}")
        await asyncio.sleep(0.1)
