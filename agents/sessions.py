"""Sessions: opaque tokens of 256 random bits, of which only the SHA-256 is stored."""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agents.breaks_store import SQL as STATES
from agents.patience import within
from agents.permissions import PERMISSIONS
from agents.store import SQL
from core import clock
from core.errors import Unavailable
from core.identity import Account, Role
from core.vocabulary import AgentId, QueueName, Seconds
from db.pool import Database

CACHE_SECONDS: Seconds = 5.0
"""How long a session is taken for valid without asking; a deactivated account may act this much longer."""

STALE_SECONDS: Seconds = 300.0
"""How long a session seen valid is trusted while the database is away, so that agents can go on working."""

LOOK_UP_SECONDS: Seconds = 1.0
"""How long a look-up may take for a session that was seen valid lately: a frozen database slows nobody."""

CACHED = 5_000


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A new session; the token is shown once."""

    token: str
    expires_at: Seconds


@dataclass(slots=True)
class _Seen:
    account: Account
    expires_at: Seconds
    seen_at: Seconds


class Sessions:
    """Opens, finds and ends sessions.

    Args:
        database: where they are.
        lifetime: seconds until a session ends by itself.
    """

    def __init__(self, database: Database, lifetime: Seconds) -> None:
        self._database = database
        self._lifetime = lifetime
        self._cache: OrderedDict[bytes, _Seen] = OrderedDict()
        self._away_until: Seconds = 0.0
        """On the monotonic clock: until then the database is taken for away."""

    async def open(self, account_id: AgentId) -> OpenedSession:
        """A new session; raises ``Unavailable`` while the database is away."""
        token = secrets.token_urlsafe(32)
        now = clock.wall()
        await self._database.execute(
            SQL["open_session"], _digest(token), account_id, now, now + self._lifetime
        )
        return OpenedSession(token, now + self._lifetime)

    async def account_of(self, token: str) -> Account | None:
        """The account behind a token, ``None`` for one that is unknown, expired or ended.

        Raises:
            Unavailable: the database is away and the session has not been seen lately.
        """
        digest, now = _digest(token), clock.wall()
        seen = self._cache.get(digest)
        if seen is None or now >= seen.expires_at or now - seen.seen_at >= STALE_SECONDS:
            return await self._look_up(digest)
        if now - seen.seen_at < CACHE_SECONDS or clock.monotonic() < self._away_until:
            return seen.account
        return await self._look_up_soon(digest, seen)

    async def _look_up_soon(self, digest: bytes, seen: _Seen) -> Account | None:
        """Ask the database, but rather trust what was seen lately than wait for a server that is away."""
        try:
            return await within(LOOK_UP_SECONDS, self._look_up(digest))
        except Unavailable:
            self._away_until = clock.monotonic() + CACHE_SECONDS
            return seen.account

    async def _look_up(self, digest: bytes) -> Account | None:
        now = clock.wall()
        row = await self._database.fetchrow(SQL["session"], digest, now)
        self._cache.pop(digest, None)
        if row is None:
            return None
        account = account_of(dict(row))
        self._remember(digest, _Seen(account, row["expires_at"], now))
        return account

    def _remember(self, digest: bytes, seen: _Seen) -> None:
        self._cache[digest] = seen
        if len(self._cache) > CACHED:
            self._cache.popitem(last=False)

    async def others(self, account_id: AgentId, token: str) -> int:
        """In how many other browsers the person is logged in; raises ``Unavailable``."""
        found: int = await self._database.fetchval(
            STATES["other_sessions"], account_id, _digest(token), clock.wall()
        )
        return found

    async def end(self, token: str) -> None:
        """End this session."""
        digest = _digest(token)
        await self._database.execute(SQL["revoke_session"], digest, clock.wall())
        self._cache.pop(digest, None)

    def forget(self, account_id: AgentId) -> None:
        """Ask the database anew for every session of an account."""
        stale = [digest for digest, seen in self._cache.items() if seen.account.id == account_id]
        for digest in stale:
            del self._cache[digest]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def account_of(row: Mapping[str, Any]) -> Account:
    """A row of accounts as the one who asks."""
    role = Role(row["role"])
    return Account(
        id=AgentId(row["id"]),
        login=row["login"],
        display_name=row["display_name"],
        role=role,
        queues=tuple(QueueName(name) for name in row["queues"]),
        permissions=PERMISSIONS[role],
    )
