"""What people can and may do: levels of skills, certificates with their end, a wrap-up time of their own.

The names of skills and certificates are the plan's. Every change is an audit row with before and after.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from core.errors import InvalidInput, NotFound, PreconditionFailed, Unavailable
from core.identity import Account
from core.vocabulary import AgentId, CertificateName, QueueName, Seconds, SkillName
from db import queries
from db.pool import Database

if TYPE_CHECKING:
    from db.pool import Connection

SQL = queries.load(__file__)


@dataclass(frozen=True, slots=True)
class Qualification:
    """One person's."""

    version: int
    """Of the account; goes up with every change."""
    queues: tuple[QueueName, ...]
    skills: Mapping[SkillName, int]
    """Level 1..5 of each."""
    certificates: Mapping[CertificateName, Seconds | None]
    """Until when each is valid, ``None``: without end."""
    wrap_up_seconds: Seconds | None
    """Instead of the queue's."""


@dataclass(frozen=True, slots=True)
class QualificationChange:
    """What to change; an empty field stays as it is."""

    skills: Mapping[str, int] | None = None
    certificates: Mapping[str, Seconds | None] | None = None
    wrap_up: tuple[Seconds | None] | None = None
    """The new wrap-up time, ``(None,)`` for the queue's."""


class Qualifications:
    """The rows."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[AgentId, Qualification] = {}

    async def last_known(self, account: Account) -> Qualification:
        """For sitting down, which must work while the database is away: then what was read last counts.

        Of somebody who was never asked about nothing is known, so he is offered no queue with a certificate.
        """
        try:
            return await self.of(account.id)
        except Unavailable:
            return self._known.get(account.id, replace(NOBODYS, queues=account.queues))

    async def of(self, account_id: AgentId) -> Qualification:
        """One person's; raises ``NotFound``."""
        found = await self.of_all([account_id])
        if account_id not in found:
            raise NotFound("no such account")
        return found[account_id]

    async def of_all(self, account_ids: Iterable[AgentId]) -> dict[AgentId, Qualification]:
        """Those of several people; who has no account is left out."""
        rows = await self._database.fetch(SQL["qualifications"], list(account_ids))
        found = {AgentId(row["id"]): _qualification(dict(row)) for row in rows}
        self._known.update(found)
        return found

    async def change(
        self, account_id: AgentId, version: int | None, change: QualificationChange, actor: str
    ) -> Qualification:
        """Change what is given.

        Args:
            account_id: whose.
            version: of the account as it was read; ``None``: whichever it is.
            change: what.
            actor: who changes it, for the audit.

        Raises:
            NotFound: no such account.
            PreconditionFailed: somebody changed the account meanwhile.
            InvalidInput: the plan has no such skill or certificate.
        """
        before = await self.of(account_id)
        async with self._database.transaction() as connection:
            await _check_names(connection, change)
            touched = await connection.execute(
                SQL["touch_account"], account_id, before.version if version is None else version
            )
            if touched == "UPDATE 0":
                raise PreconditionFailed("the account has been changed meanwhile", field="If-Match")
            await _put(connection, account_id, change)
            for action, detail in _audit(before, change):
                await connection.execute(SQL["audit"], actor, action, f"account:{account_id}", detail)
        return await self.of(account_id)


async def _check_names(connection: "Connection", change: QualificationChange) -> None:
    for part, names in (("skills", change.skills), ("certificates", change.certificates)):
        unknown = await connection.fetch(SQL[f"unknown_{part}"], list(names or ()))
        if unknown:
            name = unknown[0]["name"]
            raise InvalidInput(f"the plan has no {part.removesuffix('s')} {name}", field=f"{part}.{name}")


async def _put(connection: "Connection", account_id: AgentId, change: QualificationChange) -> None:
    for part, values in (("skills", change.skills), ("certificates", change.certificates)):
        if values is not None:
            await connection.execute(SQL[f"drop_{part}_of"], account_id)
            await connection.execute(SQL[f"put_{part}_of"], account_id, json.dumps(dict(values)))
    if change.wrap_up is not None:
        await connection.execute(SQL["put_wrap_up_of"], account_id, change.wrap_up[0])


def _audit(before: Qualification, change: QualificationChange) -> Iterable[tuple[str, str]]:
    """Action and detail of each part that is given."""
    parts: list[tuple[str, Any, Any]] = []
    if change.skills is not None:
        parts.append(("account.skills", dict(before.skills), dict(change.skills)))
    if change.certificates is not None:
        parts.append(("account.certificates", dict(before.certificates), dict(change.certificates)))
    if change.wrap_up is not None:
        parts.append(("account.wrap_up", before.wrap_up_seconds, change.wrap_up[0]))
    return [(action, json.dumps({"before": was, "after": now})) for action, was, now in parts]


def with_skill(before: Qualification, skill: str, level: int | None) -> QualificationChange:
    """One skill set, or taken away with ``None``; the others stay."""
    others = {str(name): value for name, value in before.skills.items() if name != skill}
    return QualificationChange(skills=others if level is None else {**others, skill: level})


def with_certificate(before: Qualification, name: str, until: Seconds | None) -> QualificationChange:
    """One certificate given (``None``: without end); the others stay."""
    return QualificationChange(
        certificates={**dict(before.certificates.items()), CertificateName(name): until}
    )


def without_certificate(before: Qualification, name: str) -> QualificationChange:
    """One certificate taken away; the others stay."""
    return QualificationChange(certificates={k: v for k, v in before.certificates.items() if k != name})


def _qualification(row: Mapping[str, Any]) -> Qualification:
    return Qualification(
        version=row["version"],
        queues=tuple(QueueName(name) for name in row["queues"]),
        skills=json.loads(row["skills"]),
        certificates=json.loads(row["certificates"]),
        wrap_up_seconds=row["wrap_up_seconds"],
    )


NOBODYS = Qualification(0, (), {}, {}, None)
"""Of somebody without an account."""
