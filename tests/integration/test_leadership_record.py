"""Leadership against a real PostgreSQL: taking, keeping, losing, and rows of a deposed leader."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from core.errors import Unavailable
from core.tenure import LeaseTiming, Tenure
from db.leadership import LeadershipRecord
from db.writer import OrderedWriter
from hotline.leadership import Leadership, Standing
from hotline.witness import Witness
from tests.eventually import eventually
from tests.fakes.proxy import FaultProxy

pytestmark = pytest.mark.integration

TIMING = LeaseTiming(renew=0.1, lease=1.5, watch=2.0, look=0.05, fence=0.2)
INSERT = "INSERT INTO audit (at, actor, action, object) VALUES (to_timestamp($1), 'w', 'x', $2)"
MOMENT_ROW = "INSERT INTO audit (at, actor, action, object) VALUES (to_timestamp($1), 'w', 'moment', $2)"


class Process:
    """One service's leadership with its writer."""

    def __init__(self, dsn: str, folder: Path, name: str, witness: str = "leader.lock") -> None:
        instance = uuid4()
        self.deposed = 0
        self.tenure = Tenure(TIMING)
        spools = lambda: [p for p in folder.glob("spool-*") if p.name != f"spool-{name}"]  # noqa: E731 - as short as it gets
        self.writer = OrderedWriter(
            dsn,
            folder / f"spool-{name}",
            neighbours=spools,
            of_the_moment=[MOMENT_ROW],
            on_deposed=lambda: self.leadership.depose("writer"),
            name=f"hotline-writer/{instance}",
        )
        self.record = LeadershipRecord(dsn, instance, limit=0.5)
        self.leadership = Leadership(
            self.record,
            self.tenure,
            Witness(folder / witness),
            self.writer.writer_id,
            self._note,
            self.writer.adopt,
        )
        self.keeping: asyncio.Task[None] | None = None

    def _note(self) -> None:
        self.deposed += 1

    async def lead(self) -> int:
        epoch = await self.leadership.acquire()
        self.keeping = asyncio.create_task(self.leadership.keep())
        await self.writer.start(epoch)
        return epoch

    def pause(self) -> None:
        """As if stopped: nothing is renewed any more, everything stays open."""
        if self.keeping is not None:
            self.keeping.cancel()

    async def end(self) -> None:
        self.pause()
        await self.writer.stop(patience=1.0)
        await self.leadership.release()


Make = Callable[..., Process]


@pytest.fixture
async def make(dsn: str, tmp_path: Path) -> AsyncIterator[Make]:
    made: list[Process] = []

    def one(name: str, *, through: str = dsn, witness: str = "leader.lock") -> Process:
        made.append(Process(through, tmp_path, name, witness))
        return made[-1]

    yield one
    for process in made:
        await process.end()


async def objects(dsn: str) -> list[str]:
    connection = await asyncpg.connect(dsn)
    try:
        return [row["object"] for row in await connection.fetch("SELECT object FROM audit ORDER BY id")]
    finally:
        connection.terminate()


async def ends(dsn: str) -> list[str | None]:
    connection = await asyncpg.connect(dsn)
    try:
        return [
            row["ended_by"] for row in await connection.fetch("SELECT ended_by FROM tenures ORDER BY epoch")
        ]
    finally:
        connection.terminate()


async def test_the_first_leads_at_once_and_the_second_stands_by(make: Make) -> None:
    first, second = make("a"), make("b")
    async with asyncio.timeout(1):
        assert await first.lead() == 1
    waiting = asyncio.create_task(second.leadership.acquire())
    await asyncio.sleep(1.5 * TIMING.watch)
    assert not waiting.done()
    assert second.leadership.standing is Standing.STANDBY
    await first.end()
    async with asyncio.timeout(1):
        assert await waiting == 2


async def test_after_a_death_on_the_same_machine_nobody_waits(make: Make, dsn: str) -> None:
    first, second = make("a"), make("b")
    await first.lead()
    first.pause()
    first.record.disconnect()
    first.leadership._witness.release()  # what the kernel does for a process that is killed
    async with asyncio.timeout(TIMING.watch / 2):
        assert await second.lead() == 2
    assert second.tenure.predecessor_gone
    assert await ends(dsn) == ["superseded", None]


async def test_a_silent_leader_elsewhere_is_outwaited_and_its_sessions_ended(make: Make) -> None:
    first, second = make("a"), make("b", witness="of-another-machine")
    await first.lead()
    first.pause()  # its sessions and its lock stay
    began = asyncio.get_running_loop().time()
    assert await second.lead() == 2
    assert asyncio.get_running_loop().time() - began >= TIMING.watch
    assert not second.tenure.predecessor_gone
    assert not first.tenure.may_act(asyncio.get_running_loop().time())
    assert await _cut(first)


async def _cut(process: Process) -> bool:
    """Its session is gone, which it learns when it uses it."""
    try:
        return not await process.record.renew(1, "")
    except Unavailable:
        return True


async def test_the_deposed_leader_learns_it_from_its_renewal(make: Make) -> None:
    first, second = make("a"), make("b", witness="of-another-machine")
    await first.lead()
    first.pause()
    await second.lead()
    first.keeping = asyncio.create_task(first.leadership.keep())
    await eventually(lambda: first.leadership.standing is Standing.DEPOSED)
    assert first.deposed == 1
    await first.keeping


async def test_batches_of_a_deposed_leader_are_refused_and_adopted_once(
    make: Make, dsn: str, tmp_path: Path
) -> None:
    first, second = make("a"), make("b", witness="of-another-machine")
    await first.lead()
    first.writer.submit(INSERT, 1.0, "before")
    await first.writer.flush()
    first.pause()
    await second.lead()
    first.writer.submit(INSERT, 2.0, "late")
    first.writer.submit(MOMENT_ROW, 2.0, "of the moment")
    await eventually(lambda: first.leadership.standing is Standing.DEPOSED)
    second.writer.submit(INSERT, 3.0, "after")
    await second.writer.flush()
    assert await objects(dsn) == ["before", "after"]
    await second.writer.adopt()
    await second.writer.flush()
    assert await objects(dsn) == ["before", "after"]  # its process lives: its spool is its own

    await first.end()
    await second.writer.adopt()
    await eventually(lambda: second.writer.leftovers == 0)
    assert await objects(dsn) == ["before", "after", "late"]
    assert list((tmp_path / "spool-a").glob("*.jsonl")) == []


async def test_what_a_dead_leader_left_is_written_before_its_successor_begins(make: Make, dsn: str) -> None:
    async with FaultProxy(*_address(dsn)) as proxy:
        first, second = make("a", through=_through(dsn, proxy)), make("b")
        await first.lead()
        proxy.reset()
        proxy.hole = True
        first.writer.submit(MOMENT_ROW, 1.0, "of the moment, the last word")
        await first.writer.flush()
        first.pause()
        await first.writer.stop(patience=0.1)
        first.record.disconnect()
        first.leadership._witness.release()
        await second.lead()
        await eventually(lambda: second.writer.leftovers == 0)
        assert await objects(dsn) == ["of the moment, the last word"]
        proxy.hole = False


async def test_a_leader_that_is_cut_off_goes_on_only_as_long_as_asterisk_confirms(
    make: Make, dsn: str
) -> None:
    async with FaultProxy(*_address(dsn)) as proxy:
        first = make("a", through=_through(dsn, proxy))
        second = make("b", witness="of-another-machine")
        await first.lead()
        standing_by = asyncio.create_task(second.leadership.acquire())
        proxy.hole = True
        proxy.reset()
        await eventually(lambda: first.leadership.standing is Standing.UNCONFIRMED)
        first.tenure.marked(1, asyncio.get_running_loop().time())
        assert first.tenure.may_act(asyncio.get_running_loop().time())
        async with asyncio.timeout(5):
            assert await standing_by == 2
        first.tenure.marked(2, asyncio.get_running_loop().time())
        assert first.leadership.standing is Standing.DEPOSED
        proxy.hole = False


async def test_a_lost_connection_is_renewed_before_anybody_takes_over(make: Make, dsn: str) -> None:
    first, second = make("a"), make("b")
    await first.lead()
    standing_by = asyncio.create_task(second.leadership.acquire())
    connection = await asyncpg.connect(dsn)
    try:
        for _ in range(3):
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            )
            await asyncio.sleep(TIMING.watch / 2)
    finally:
        connection.terminate()
    assert first.leadership.standing is Standing.LEADER
    assert await ends(dsn) == [None]
    standing_by.cancel()


def _address(dsn: str) -> tuple[str, int]:
    host, _, port = dsn.rpartition("@")[2].partition("/")[0].partition(":")
    return host, int(port)


def _through(dsn: str, proxy: FaultProxy) -> str:
    host, port = _address(dsn)
    return dsn.replace(f"{host}:{port}/", f"{host}:{proxy.port}/")
