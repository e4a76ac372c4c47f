import asyncio
import hashlib
from typing import Any

import pytest

from agents import sessions
from agents.sessions import Sessions
from core import clock
from core.errors import Unavailable
from core.vocabulary import AgentId
from db.pool import Database


class Clock:
    """Both clocks, moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(clock, "wall", lambda: self.now)
        monkeypatch.setattr(clock, "monotonic", lambda: self.now)


class FakeDatabase(Database):
    """Sessions in a dictionary; can be away, or frozen."""

    def __init__(self) -> None:
        super().__init__("postgresql://unused")
        self.rows: dict[bytes, dict[str, Any]] = {}
        self.asked = 0
        self.away = False
        self.frozen: asyncio.Event | None = None

    async def fetchrow(self, _query: str, *args: object) -> Any:  # noqa: ANN401 - a record
        self.asked += 1
        if self.frozen is not None:
            await self.frozen.wait()
        if self.away:
            raise Unavailable("away")
        digest, now = args
        assert isinstance(digest, bytes)
        assert isinstance(now, float)
        row = self.rows.get(digest)
        return row if row is None or row["expires_at"] > now else None

    async def execute(self, query: str, *args: object) -> int:
        if self.away:
            raise Unavailable("away")
        digest: bytes = args[0]  # type: ignore[assignment]
        if query.startswith("INSERT"):
            self.rows[digest] = {
                "id": args[1],
                "login": "zhang",
                "display_name": "Zhang",
                "role": "agent",
                "queues": ["citizens"],
                "expires_at": args[3],
            }
        else:
            self.rows.pop(digest, None)
        return 1


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def database() -> FakeDatabase:
    return FakeDatabase()


@pytest.fixture
def found(database: FakeDatabase, time: Clock) -> Sessions:
    assert time.now
    return Sessions(database, 3600)


async def test_only_the_hash_of_a_token_of_256_bits_is_stored(
    found: Sessions, database: FakeDatabase
) -> None:
    opened = await found.open(AgentId(1))
    assert len(opened.token) == 43
    assert list(database.rows) == [hashlib.sha256(opened.token.encode()).digest()]
    assert opened.expires_at == 4600.0


async def test_a_token_leads_to_its_account(found: Sessions) -> None:
    opened = await found.open(AgentId(1))
    account = await found.account_of(opened.token)
    assert account is not None
    assert (account.id, account.login, account.queues) == (1, "zhang", ("citizens",))
    assert await found.account_of("made up") is None


async def test_a_session_seen_just_now_is_not_asked_for_again(
    found: Sessions, database: FakeDatabase, time: Clock
) -> None:
    token = (await found.open(AgentId(1))).token
    for _ in range(5):
        await found.account_of(token)
    assert database.asked == 1
    time.now += sessions.CACHE_SECONDS
    await found.account_of(token)
    assert database.asked == 2


async def test_a_session_ends_at_its_time_whatever_is_remembered(
    found: Sessions, database: FakeDatabase, time: Clock
) -> None:
    token = (await found.open(AgentId(1))).token
    time.now = 4599.0
    assert await found.account_of(token) is not None
    time.now = 4600.0
    assert await found.account_of(token) is None
    database.away = True
    with pytest.raises(Unavailable):
        await found.account_of(token)


async def test_an_ended_session_is_gone_at_once(found: Sessions) -> None:
    token = (await found.open(AgentId(1))).token
    await found.account_of(token)
    await found.end(token)
    assert await found.account_of(token) is None


async def test_a_changed_account_is_asked_for_anew(found: Sessions, database: FakeDatabase) -> None:
    token = (await found.open(AgentId(1))).token
    await found.account_of(token)
    database.rows.clear()
    found.forget(AgentId(2))
    assert await found.account_of(token) is not None
    found.forget(AgentId(1))
    assert await found.account_of(token) is None


async def test_agents_work_on_while_the_database_is_away(
    found: Sessions, database: FakeDatabase, time: Clock
) -> None:
    token = (await found.open(AgentId(1))).token
    await found.account_of(token)
    database.away = True
    time.now += sessions.STALE_SECONDS - 1
    assert await found.account_of(token) is not None
    asked = database.asked
    assert await found.account_of(token) is not None
    assert database.asked == asked, "a database that is away is not asked at every request"
    time.now += 1
    with pytest.raises(Unavailable):
        await found.account_of(token)


async def test_an_unknown_token_is_unavailable_while_the_database_is_away(
    found: Sessions, database: FakeDatabase
) -> None:
    database.away = True
    with pytest.raises(Unavailable):
        await found.account_of("never seen")


async def test_a_frozen_database_slows_nobody_who_was_seen(
    found: Sessions, database: FakeDatabase, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "LOOK_UP_SECONDS", 0.05)
    token = (await found.open(AgentId(1))).token
    await found.account_of(token)
    database.frozen = asyncio.Event()
    time.now += sessions.CACHE_SECONDS
    async with asyncio.timeout(2):
        assert await found.account_of(token) is not None
        assert await found.account_of(token) is not None
    database.frozen.set()


async def test_a_session_revoked_meanwhile_ends_when_the_database_is_back(
    found: Sessions, database: FakeDatabase, time: Clock
) -> None:
    token = (await found.open(AgentId(1))).token
    await found.account_of(token)
    database.rows.clear()
    database.away = True
    time.now += sessions.CACHE_SECONDS
    assert await found.account_of(token) is not None
    database.away = False
    time.now += sessions.CACHE_SECONDS
    assert await found.account_of(token) is None


async def test_the_memory_of_sessions_is_bounded(found: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "CACHED", 10)
    for _ in range(20):
        await found.account_of((await found.open(AgentId(1))).token)
    assert len(found._cache) == 10
