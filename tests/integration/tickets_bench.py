"""A ticket service on a real PostgreSQL, fed with the facts of calls as the routing states them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from acd.store import CallStore
from core.facts import CallFinished, CallOffered, CallQueued, Fact, TalkEnded, TalkStarted
from core.vocabulary import AbandonStage, AgentId, CallId, Outcome, Phone, QueueName
from db.pool import Database
from db.writer import OrderedWriter
from tests.unit.tickets.samples import two_tones
from tickets.service import TicketService

ARRIVED = 1_795_420_800.0
CALLER = "13812345678"
QUEUE = QueueName("citizens")


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for something that nobody announces."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.005)


@dataclass
class Bench:
    """Everything around one ticket service."""

    database: Database
    writer: OrderedWriter
    calls: CallStore
    tickets: TicketService
    spool: Path
    archive: Path

    def state(self, *facts: Fact) -> None:
        """Give facts to routing's rows first, then to the tickets, as the service does."""
        for fact in facts:
            self.calls.record(fact)
            self.tickets.record(fact)

    async def settle(self) -> None:
        """Wait until everything stated has become rows and files."""
        await self.tickets.drain()
        await self.writer.flush()

    def raw(self, call_id: CallId) -> Path:
        return self.spool / f"{call_id}.raw"

    def speak(self, call_id: CallId, seconds: float = 1.0) -> bytes:
        """Leave the recorder's file of a talk."""
        samples = two_tones(seconds)
        self.raw(call_id).write_bytes(samples)
        return samples

    def another(self) -> TicketService:
        """The service as a new process would have it."""
        return TicketService(self.database, self.writer, spool=self.spool, archive=self.archive)

    async def account(self, login: str, role: str = "agent") -> AgentId:
        return AgentId(
            await self.database.fetchval(
                "INSERT INTO accounts (login, display_name, role, password_hash)"
                " VALUES ($1, $1, $2, '-') RETURNING id",
                login,
                role,
            )
        )

    async def row(self, table: str, call_id: CallId) -> dict[str, Any]:
        rows = await self.database.fetch(f"SELECT * FROM {table} WHERE call_id = $1", call_id)  # noqa: S608 - tables named by tests
        assert len(rows) == 1
        return dict(rows[0])

    async def count(self, table: str) -> int:
        return int(await self.database.fetchval(f"SELECT count(*) FROM {table}"))  # noqa: S608 - tables named by tests


def offered(call_id: CallId, at: float = ARRIVED) -> tuple[Fact, ...]:
    return (
        CallOffered(call_id, f"x-{call_id}", CALLER, "12345", QUEUE, at),
        CallQueued(call_id, QUEUE, at + 2, at + 3),
    )


def talk_started(call_id: CallId, agent_id: AgentId | None, at: float = ARRIVED) -> TalkStarted:
    return TalkStarted(call_id, agent_id, Phone("1001"), CALLER, "12345", QUEUE, at, at + 3, at + 5)


def talk_ended(call_id: CallId, agent_id: AgentId | None, at: float = ARRIVED) -> TalkEnded:
    return TalkEnded(call_id, agent_id, at + 65)


def finished(call_id: CallId, at: float = ARRIVED) -> CallFinished:
    return CallFinished(
        call_id, QUEUE, CALLER, "12345", Outcome.ANSWERED, "agent_hangup", None, at, at + 3,
        at + 5, at + 65, at + 70,
    )  # fmt: skip


def abandoned(call_id: CallId, at: float = ARRIVED) -> CallFinished:
    return CallFinished(
        call_id, QUEUE, CALLER, "12345", Outcome.ABANDONED, "caller_hangup", AbandonStage.WAITING, at, at + 3,
        None, None, at + 40,
    )  # fmt: skip


def answered(call_id: CallId, agent_id: AgentId | None, at: float = ARRIVED) -> tuple[Fact, ...]:
    """The whole of an answered call."""
    return (
        *offered(call_id, at),
        talk_started(call_id, agent_id, at),
        talk_ended(call_id, agent_id, at),
        finished(call_id, at),
    )


@pytest.fixture
async def writer(dsn: str, tmp_path: Path) -> AsyncIterator[OrderedWriter]:
    writer = OrderedWriter(dsn, tmp_path / "writer")
    await writer.start()
    yield writer
    await writer.stop()


@pytest.fixture
async def bench(
    database: Database, writer: OrderedWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Bench]:
    monkeypatch.setattr("core.clock.wall", lambda: ARRIVED + 3600)
    spool, archive = tmp_path / "spool", tmp_path / "archive"
    spool.mkdir()
    archive.mkdir()
    service = TicketService(database, writer, spool=spool, archive=archive)
    bench = Bench(database, writer, CallStore(database, writer), service, spool, archive)
    yield bench
    await service.stop()
    await writer.flush()
    assert (writer.dead, writer.lost) == (0, 0)
