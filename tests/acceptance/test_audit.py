"""The journal of a real Asterisk against the tables, whole and damaged."""

import asyncio
import sys

import asyncpg

from core import clock
from hotline.audit_calls import audit
from hotline.demo.callers import Caller
from hotline.demo.phones import Answers
from hotline.environment import to_environment
from tests.acceptance.centre import Centre

ABANDONED = "outcome = 'abandoned', cause = 'caller_hangup'"
LET_GO = "outcome = 'overflowed', cause = 'full'"
MADE_UP = """INSERT INTO calls (call_id, uniqueid, caller, dialled, queue, arrived_at)
             VALUES ($1, 'u', '13800000009', '12345', 'citizens', now())"""
RING_BACK = """INSERT INTO abandoned_calls (call_id, caller, dialled, queue, stage, waited_s, at)
               SELECT call_id, caller, dialled, queue, 'waiting', 0, now() FROM calls WHERE call_id = $1"""
GHOST = "00000000-0000-4000-8000-000000000001"


async def command(centre: Centre, *arguments: str) -> tuple[int | None, str]:
    settings = centre.stack.settings
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hotline",
        "audit",
        "calls",
        *arguments,
        env=to_environment(settings),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await child.communicate()
    return child.returncode, out.decode()


async def test_damage_to_the_tables_is_found_call_by_call(centre: Centre) -> None:
    await centre.staff("1001", behaviour=Answers(ring_seconds=0.05, talk_seconds=(0.4, 0.6)))
    callers = await centre.callers(*(Caller(f"1380000000{n}") for n in range(1, 6)), rate=5)
    assert await callers.wait(40) == 0
    await centre.settled(5)
    code, said = await command(centre)
    assert (code, said.strip().splitlines()[-1].rpartition(": ")[2]) == (0, "0 differences"), said

    rows = await centre.rows("SELECT call_id FROM calls ORDER BY arrived_at")
    late, gone, silent, elsewhere, _sound = (str(row["call_id"]) for row in rows)
    damage = (
        ("UPDATE calls SET ended_at = ended_at + interval '3 s' WHERE call_id = $1", late),
        ("DELETE FROM recordings WHERE call_id = $1", gone),
        ("DELETE FROM tickets WHERE call_id = $1", gone),
        (f"UPDATE calls SET answered_at = NULL, {ABANDONED} WHERE call_id = $1", silent),  # noqa: S608 - our own words
        ("UPDATE calls SET phone = '1009' WHERE call_id = $1", elsewhere),
        (MADE_UP, GHOST),
    )
    undo = await asyncpg.connect(centre.stack.owner_dsn)
    try:
        for query, call_id in damage:
            await undo.execute(query, call_id)
        now = clock.wall()
        found = await audit(centre.stack.settings, now - 3600, now + 1, now=now + 120)
        code, said = await command(centre, "--json")
    finally:
        undo.terminate()
    kinds = {(one.call_id, one.kind) for one in found.differences}
    assert kinds == {
        (late, "time_of_end"),
        (gone, "ticket"),
        (gone, "recording"),
        (silent, "answered"),
        (silent, "ring_back"),
        (elsewhere, "phone"),
        (GHOST, "only_in_the_tables"),
    }
    assert code == 1
    assert "1380000000" not in said
    await repair(centre, gone, silent)


async def repair(centre: Centre, gone: str, silent: str) -> None:
    """What the harness would otherwise rightly complain about at the end."""
    await centre.rows("DELETE FROM calls WHERE call_id = $1", GHOST)
    for call_id in (gone, silent):
        await centre.rows("DELETE FROM call_segments WHERE call_id = $1", call_id)
        change = f"talk_ended_at = NULL, answered_at = NULL, {LET_GO}"
        await centre.rows(f"UPDATE calls SET {change} WHERE call_id = $1", call_id)  # noqa: S608 - our own words
        await centre.rows(RING_BACK, call_id)
