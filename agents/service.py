"""What can be done with accounts: log in and out, create, change. Every change is an audit row."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import structlog

from agents import passwords
from agents.passwords import Passwords
from agents.qualifications import Qualifications
from agents.sessions import OpenedSession, Sessions, account_of
from agents.store import SQL
from agents.throttle import LoginThrottle, TooManyLogins
from core import clock
from core.errors import (
    Conflict,
    InvalidInput,
    NotAuthenticated,
    NotFound,
    PreconditionFailed,
)
from core.identity import Account, Role
from core.vocabulary import AgentId, QueueName, Seconds
from db.pool import Database

if TYPE_CHECKING:
    from db.pool import Connection

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class StoredAccount:
    """An account as administrators see it."""

    id: AgentId
    login: str
    display_name: str
    role: Role
    queues: tuple[QueueName, ...]
    active: bool
    version: int
    created_at: Seconds


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What a new account needs; the rules for the values are the API's and the command line's."""

    login: str
    display_name: str
    role: Role
    password: str
    queues: tuple[QueueName, ...] = ()


@dataclass(frozen=True, slots=True)
class AccountChange:
    """What to change; ``None`` leaves it as it is."""

    display_name: str | None = None
    role: Role | None = None
    queues: tuple[QueueName, ...] | None = None
    active: bool | None = None
    password: str | None = None

    def named(self) -> list[str]:
        """The names of what changes, for the audit row: values may be secret."""
        return [f.name for f in fields(self) if getattr(self, f.name) is not None]


class AgentService:
    """Accounts and sessions.

    Args:
        database: where they are.
        queues: the queues there are, also when they change; accounts may name only these.
        session_seconds: how long a session lasts.
    """

    def __init__(self, database: Database, queues: Collection[str], session_seconds: Seconds) -> None:
        self.sessions = Sessions(database, session_seconds)
        self.qualifications = Qualifications(database)
        self._database = database
        self._queues = queues
        self._passwords = Passwords()
        self._throttle = LoginThrottle()
        self.logins = {"opened": 0, "refused": 0, "throttled": 0}
        """Attempts to log in so far, by result."""

    async def log_in(self, login: str, password: str, remote: str) -> tuple[Account, OpenedSession]:
        """Open a session.

        Raises:
            NotAuthenticated: unknown login, wrong password or inactive account: which, is not said.
            TooManyRequests: too many failures for this login from this address.
            Unavailable: the database is away.
        """
        pause = self._throttle.wait(login, remote, clock.monotonic())
        if pause > 0:
            self.logins["throttled"] += 1
            raise TooManyLogins(pause)
        row = await self._database.fetchrow(SQL["account_by_login"], login)
        usable = row is not None and row["active"]
        right = await self._passwords.matches(row["password_hash"] if row else None, password)
        if row is None or not (right and usable):
            self._throttle.failed(login, remote, clock.monotonic())
            self.logins["refused"] += 1
            log.info("login_failed", known=row is not None)
            raise NotAuthenticated("the login or the password is wrong", code="wrong_login")
        self._throttle.succeeded(login, remote)
        self.logins["opened"] += 1
        account = account_of(dict(row))
        session = await self.sessions.open(account.id)
        await self._audit(account.login, "session.open", f"account:{account.id}")
        return account, session

    async def log_out(self, account: Account, token: str) -> None:
        """End a session."""
        await self.sessions.end(token)
        await self._audit(account.login, "session.end", f"account:{account.id}")

    async def create_account(self, new: NewAccount, actor: str) -> StoredAccount:
        """A new account.

        Raises:
            Conflict: the login is taken.
            InvalidInput: the password breaks a rule, or a queue does not exist.
        """
        passwords.check_rules(new.password, new.login)
        self._check_queues(new.queues)
        hashed = await self._passwords.hash(new.password)
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(
                SQL["create_account"], new.login, new.display_name, new.role, hashed, list(new.queues)
            )
            if row is None:
                raise Conflict("there is an account with this login", code="login_taken", field="login")
            detail = json.dumps({"role": new.role})
            await connection.execute(SQL["audit"], actor, "account.create", f"account:{row['id']}", detail)
        return _stored(dict(row))

    def _check_queues(self, names: Sequence[str]) -> None:
        unknown = sorted(set(names) - set(self._queues))
        if unknown:
            raise InvalidInput(f"there is no queue {unknown[0]}", field="queues")

    async def accounts(self, after: int, limit: int) -> list[StoredAccount]:
        """Accounts with an id above ``after``, by id."""
        return [_stored(dict(row)) for row in await self._database.fetch(SQL["accounts"], after, limit)]

    async def account(self, account_id: AgentId) -> StoredAccount:
        """One account; raises ``NotFound``."""
        row = await self._database.fetchrow(SQL["account_by_id"], account_id)
        if row is None:
            raise NotFound("no such account")
        return _stored(dict(row))

    async def find_by_login(self, login: str) -> StoredAccount:
        """One account; raises ``NotFound``."""
        row = await self._database.fetchrow(SQL["account_by_login"], login)
        if row is None:
            raise NotFound(f"there is no account {login}")
        return await self.account(AgentId(row["id"]))

    async def change_account(
        self, account_id: AgentId, version: int, change: AccountChange, actor: str
    ) -> StoredAccount:
        """Change an account; its sessions end when its password, role or activity changes.

        Raises:
            PreconditionFailed: somebody changed it meanwhile.
            Conflict: it is the last account that may manage accounts.
            InvalidInput, NotFound: as the names say.
        """
        before = await self.account(account_id)
        hashed = await self._new_hash(before.login, change)
        if change.queues is not None:
            self._check_queues(change.queues)
        async with self._database.transaction() as connection:
            await _keep_an_administrator(connection, account_id, change)
            row = await connection.fetchrow(
                SQL["change_account"],
                account_id,
                version,
                change.display_name,
                change.role,
                None if change.queues is None else list(change.queues),
                change.active,
                hashed,
            )
            if row is None:
                raise PreconditionFailed("the account has been changed meanwhile", field="If-Match")
            if hashed is not None or change.role is not None or change.active is False:
                await connection.execute(SQL["revoke_sessions"], account_id, clock.wall())
            detail = json.dumps({"changed": change.named()})
            await connection.execute(SQL["audit"], actor, "account.change", f"account:{account_id}", detail)
        self.sessions.forget(account_id)
        return _stored(dict(row))

    async def _new_hash(self, login: str, change: AccountChange) -> str | None:
        if change.password is None:
            return None
        passwords.check_rules(change.password, login)
        return await self._passwords.hash(change.password)

    async def state_rows(self, account_id: AgentId, before: int, limit: int) -> list[Mapping[str, Any]]:
        """The history of one agent's states, newest first."""
        return [dict(row) for row in await self._database.fetch(SQL["state_rows"], account_id, before, limit)]

    async def _audit(self, actor: str, action: str, target: str, **detail: str) -> None:
        await self._database.execute(SQL["audit"], actor, action, target, json.dumps(detail))


async def _keep_an_administrator(
    connection: "Connection", account_id: AgentId, change: AccountChange
) -> None:
    """Refuse a change after which nobody could manage accounts."""
    steps_down = change.role not in (None, Role.ADMINISTRATOR)
    if not steps_down and change.active is not False:
        return
    administrators = {row["id"] for row in await connection.fetch(SQL["lock_administrators"])}
    if administrators == {account_id}:
        raise Conflict(
            "this is the last active administrator",
            code="last_administrator",
            field="role" if steps_down else "active",
        )


def _stored(row: Mapping[str, Any]) -> StoredAccount:
    return StoredAccount(
        id=AgentId(row["id"]),
        login=row["login"],
        display_name=row["display_name"],
        role=Role(row["role"]),
        queues=tuple(QueueName(name) for name in row["queues"]),
        active=row["active"],
        version=row["version"],
        created_at=row["created_at"],
    )
