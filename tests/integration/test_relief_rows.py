"""Rows of overflow, announcements and surge notices in a real PostgreSQL, and a restart that reads them."""

from pathlib import Path

import numpy as np
import pytest

from acd.relief_store import ReliefStore
from acd.surge import SurgeNotices, Wanted
from core.errors import InvalidInput, NotFound
from core.events import Event, SurgeChanged, Tick
from core.facts import CallOverflowed, WaitAnnounced, WaitEstimateProved
from core.plan import OverflowRule, Relief
from core.vocabulary import CallId, Language
from db.pool import Database
from ivr import sound
from tests.fixtures_postgres import database, dsn, fresh_database, postgres_folder, postgres_server
from tests.unit.acd.world import BUSINESS, CITIZENS, World

__all__ = ["database", "dsn", "fresh_database", "postgres_folder", "postgres_server"]

pytestmark = pytest.mark.integration

CALL = CallId("0f8fad5b-d9cb-469f-a165-70867728950e")
NOW = 1_700_000_000.0


class Direct:
    """A writer that keeps what it is given; ``carry_out`` does it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: list[tuple[str, tuple[object, ...]]] = []

    def submit(self, query: str, *args: object) -> None:
        self._kept.append((query, args))

    async def flush(self) -> None:
        for query, args in self._kept:
            await self._database.execute(query, *args)


async def _call(database: Database) -> None:
    await database.execute(
        "INSERT INTO calls (call_id, uniqueid, caller, dialled, queue, arrived_at)"
        " VALUES ($1::uuid, 'u', '13800138000', '12345', 'citizens', to_timestamp($2))",
        CALL,
        NOW,
    )


async def test_facts_become_rows_once_and_the_call_is_in_its_new_queue(database: Database) -> None:
    await _call(database)
    writer = Direct(database)
    store = ReliefStore(database, writer)
    for _ in range(2):
        store.record(CallOverflowed(CALL, CITIZENS, BUSINESS, "wait", "queue", 30.0, NOW + 30))
        store.record(WaitAnnounced(CALL, BUSINESS, 3, 60.0, 180.0, 120.0, NOW + 40))
        store.record(WaitAnnounced(CALL, BUSINESS, 2, None, None, None, NOW + 70))
        store.record(WaitEstimateProved(CALL, BUSINESS, 120.0, 100.0, within=True, at=NOW + 140))
    await writer.flush()
    assert await database.fetchval("SELECT queue FROM calls") == "business"
    (overflow,) = await database.fetch("SELECT * FROM overflows")
    assert (overflow["from_queue"], overflow["to_queue"], overflow["waited_s"]) == (
        "citizens",
        "business",
        30,
    )
    told = await database.fetch(
        "SELECT position, low_s, expected_s, high_s FROM wait_announcements ORDER BY at"
    )
    assert [tuple(row) for row in told] == [(3, 60, 120, 180), (2, None, None, None)]
    (proof,) = await database.fetch("SELECT expected_s - waited_s AS error, within FROM wait_estimates")
    assert tuple(proof) == (20, True)


async def test_a_restart_sends_nobody_back_and_times_go_on(database: Database) -> None:
    await _call(database)
    writer = Direct(database)
    store = ReliefStore(database, writer)
    store.record(CallOverflowed(CALL, CITIZENS, BUSINESS, "wait", "queue", 30.0, NOW + 30))
    await writer.flush()
    world = World()
    back = OverflowRule(Relief.QUEUE, CITIZENS, after_wait=5.0)
    world.configure(BUSINESS, overflow=(back, OverflowRule(Relief.MESSAGE, after_wait=60.0)))
    world.arrive(CALL, NOW, BUSINESS)
    await store.restore(world.state, NOW + 50)
    world.wait(CALL, NOW + 50, BUSINESS)
    world.apply(Tick(NOW + 89))
    assert world.call(CALL).leaving is None
    assert world.call(CALL).queue == BUSINESS
    world.apply(Tick(NOW + 90))  # sixty seconds after it came into this queue
    assert world.call(CALL).leaving is not None


async def test_a_restart_knows_what_calls_cost(database: Database) -> None:
    agent = await database.fetchval(
        "INSERT INTO accounts (login, display_name, role, password_hash)"
        " VALUES ('a1', 'A', 'agent', '') RETURNING id"
    )
    for number in range(25):
        call_id, began = f"00000000-0000-4000-8000-{number:012}", NOW + 100 * number
        await database.execute(
            "INSERT INTO calls (call_id, uniqueid, caller, dialled, queue, arrived_at, answered_at, agent_id,"
            " talk_ended_at, ended_at, outcome)"
            " SELECT $1::uuid, '', '', '12345', 'citizens', to_timestamp($2), to_timestamp($2 + 10), $3,"
            " to_timestamp($2 + 60), to_timestamp($2 + 60), 'answered'",
            call_id,
            began,
            agent,
        )
        for state, later in (("RINGING", 5), ("TALKING", 10), ("WRAP_UP", 60), ("READY", 85)):
            await database.execute(
                "INSERT INTO agent_states (key, agent_id, from_state, to_state, reason, cause, call_id, at)"
                " VALUES ($1, $5, 'READY', $2, '', '', $3::uuid, to_timestamp($4))",
                f"{number}-{state}",
                state,
                None if state == "READY" else call_id,
                began + later,
                agent,
            )
    world = World()
    await ReliefStore(database, Direct(database)).restore(world.state, NOW + 2600)
    assert world.state.relief.handle_times.mean(CITIZENS) == pytest.approx(80.0)


def _notices(database: Database, folder: Path, events: list[Event]) -> SurgeNotices:
    return SurgeNotices(database, folder, Language.CHINESE, put=events.append, now=lambda: NOW)


async def test_notices_replace_each_other_survive_a_restart_and_are_audited(
    database: Database, tmp_path: Path
) -> None:
    events: list[Event] = []
    service = _notices(database, tmp_path, events)
    first = await service.say(Wanted("all", "供热抢修中，请您稍候。", NOW + 60), "chief")
    second = await service.say(Wanted("all", "停水抢修中，请您稍候。", NOW + 60), "chief")
    assert Path(f"{second.notice.sound}.wav").is_file()
    again = _notices(database, tmp_path, events)
    await again.load()
    assert [row.notice.notice_id for row in again.rows] == [second.notice.notice_id]
    told = events[-1]
    assert isinstance(told, SurgeChanged)
    assert told.notices == (second.notice,)
    assert second.notice.notice_id != first.notice.notice_id
    await again.withdraw("all", "chief")
    assert again.notices() == ()
    with pytest.raises(NotFound):
        await again.withdraw("all", "chief")
    actions = await database.fetch("SELECT action FROM audit ORDER BY id")
    assert [row["action"] for row in actions] == [
        "surge_notice.set",
        "surge_notice.set",
        "surge_notice.withdraw",
    ]


async def test_a_recorded_voice_is_taken_and_rubbish_is_not(database: Database, tmp_path: Path) -> None:
    service = _notices(database, tmp_path / "sounds", [])
    voice = tmp_path / "voice.wav"
    sound.write(voice, 0.3 * np.sin(np.arange(8000) / 5))
    row = await service.play(Wanted("line:12319", "供热", NOW + 60), voice.read_bytes(), "chief")
    assert Path(f"{row.notice.sound}.wav").is_file()
    with pytest.raises(InvalidInput, match="WAV"):
        await service.play(Wanted("line:12319", "供热", NOW + 60), b"not a sound", "chief")
    with pytest.raises(InvalidInput, match="future"):
        await service.say(Wanted("all", "供热", NOW), "chief")
    with pytest.raises(InvalidInput, match="spoken"):
        await service.say(Wanted("all", "TEL", NOW + 60), "chief")
    assert [r.notice.scope for r in service.rows] == ["line:12319"]
    assert not list((tmp_path / "sounds").glob(".*"))
