"""The chain of audit rows on a real PostgreSQL: every damage is done as a superuser, and found."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from db.pool import Database
from hotline.audit_anchor import AnchorFolder
from hotline.audit_chain import check
from hotline.audit_sealer import AuditSealer
from tests.fixtures_postgres import Server

pytestmark = pytest.mark.integration

INSERT = (
    "INSERT INTO audit (actor, action, object, detail) "
    "VALUES ($1, 'call.flagged', $2, '{\"code\": \"供热\"}')"
)


class Book:
    """A database with some sealed audit rows, its anchor, and a superuser."""

    def __init__(self, server: Server, database: Database, root: Any, folder: Path) -> None:  # noqa: ANN401 - a connection
        self.server = server
        self.database = database
        self.root = root
        self.folder = folder
        self.sealer = AuditSealer(database, AnchorFolder(folder))

    async def write(self, *numbers: int) -> None:
        for number in numbers:
            await self.database.execute(INSERT, "chief", f"call:{number}")
            await self.sealer.seal()

    async def damage(self, *statements: str) -> None:
        """As somebody who may do everything."""
        await self.root.execute("SET session_replication_role = replica")
        for statement in statements:
            await self.root.execute(statement)
        await self.root.execute("SET session_replication_role = origin")

    async def found(self, *, anchored: bool = True) -> set[tuple[str, int | None]]:
        verdict = await check(self.server.service_dsn, [self.folder] if anchored else None)
        return {(finding.kind, finding.audit_id) for finding in verdict.findings}

    async def rechain(self, first: int) -> None:
        """Make the chain again from a position on, as the formula says: what a clever superuser does."""
        await self.damage(
            f"UPDATE audit_seals s SET digest = audit_digest(a.at, a.actor, a.action, a.object, a.detail) "  # noqa: S608 - a test's number
            f"FROM audit a WHERE a.id = s.audit_id AND s.position >= {first}"
        )
        last = await self.root.fetchval("SELECT max(position) FROM audit_seals")
        for position in range(first, last + 1):
            await self.damage(
                "UPDATE audit_seals s SET head = sha256(coalesce((SELECT head FROM audit_seals b "  # noqa: S608 - the same
                "WHERE b.position = s.position - 1), decode(repeat('00', 32), 'hex')) || int8send(position) "
                "|| int8send(audit_id) || digest "
                "|| int8send((extract(epoch FROM sealed_at) * 1000000)::bigint)) "
                f"WHERE position = {position}"
            )


@pytest.fixture
async def book(fresh_database: Server, database: Database, tmp_path: Path) -> AsyncIterator[Book]:
    root = await asyncpg.connect(fresh_database.admin_dsn)
    made = Book(fresh_database, database, root, tmp_path / "audit")
    await made.write(1, 2, 3, 4, 5, 6)
    yield made
    root.terminate()


async def test_an_untouched_book_is_intact(book: Book) -> None:
    verdict = await check(book.server.service_dsn, [book.folder])
    assert (verdict.findings, verdict.sealed, verdict.unsealed, verdict.anchored) == ([], 6, 0, 6)
    assert (book.sealer.sealed, book.sealer.unsealed) == (6, 0)


async def test_rows_of_concurrent_transactions_are_sealed_once_each(book: Book) -> None:
    async def writer(name: str) -> None:
        for number in range(40):
            await book.database.execute(INSERT, name, f"call:{number}")

    async def sealing() -> None:
        other = AuditSealer(book.database, AnchorFolder(book.folder))
        for _ in range(30):
            await other.seal()

    await asyncio.gather(*(writer(f"w{n}") for n in range(3)), sealing(), sealing())
    await book.sealer.seal()
    verdict = await check(book.server.service_dsn, [book.folder])
    assert (verdict.findings, verdict.sealed, verdict.unsealed) == ([], 126, 0)


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("UPDATE audit SET actor = 'nobody' WHERE id = 3", ("edited_row", 3)),
        ("UPDATE audit SET at = at - interval '1 day' WHERE id = 3", ("edited_row", 3)),
        ("UPDATE audit SET detail = detail || '{\"x\": 1}' WHERE id = 3", ("edited_row", 3)),
        ("DELETE FROM audit WHERE id = 4", ("missing_row", 4)),
        ("DELETE FROM audit_seals WHERE position = 4", ("missing_seal", None)),
        (
            "INSERT INTO audit (id, actor, action, object) OVERRIDING SYSTEM VALUE VALUES (50, 'x', 'y', '')",
            ("inserted_row", 50),
        ),
        ("DELETE FROM audit_seals WHERE position > 4", ("cut_tail", None)),
        (
            "UPDATE audit_seals SET sealed_at = sealed_at + interval '1 second' WHERE position = 2",
            ("broken_chain", 2),
        ),
    ],
)
async def test_damage_by_a_superuser_is_found_and_named(
    book: Book, statement: str, finding: tuple[str, int | None]
) -> None:
    await book.damage(statement)
    assert finding in await book.found()


async def test_exchanged_rows_are_named(book: Book) -> None:
    await book.damage(
        "ALTER TABLE audit ALTER COLUMN id DROP IDENTITY",
        "UPDATE audit SET id = -id WHERE id IN (2, 5)",
        "UPDATE audit SET id = 7 + id WHERE id IN (-2, -5)",
    )
    # -2 -> 5 and -5 -> 2: each has the other one's number now.
    assert await book.found() == {("reordered_row", 2), ("reordered_row", 5)}


async def test_a_row_that_is_edited_before_it_is_sealed_is_found(book: Book) -> None:
    await book.database.execute(INSERT, "chief", "call:7")
    await book.damage("UPDATE audit SET object = 'call:8' WHERE id = 7")
    assert await book.found() == {("edited_row", 7)}
    await book.sealer.seal()
    assert await book.found() == {("edited_row", 7)}


async def test_a_chain_that_was_rewritten_as_a_whole_contradicts_the_anchor_alone(book: Book) -> None:
    await book.damage("UPDATE audit SET actor = 'nobody' WHERE id = 3")
    await book.rechain(3)
    assert await book.found(anchored=False) == set()
    verdict = await check(book.server.service_dsn, [book.folder])
    assert {finding.kind for finding in verdict.findings} == {"rewritten_chain"}
    assert (verdict.findings[0].first, verdict.findings[0].last) == (3, 3)


async def test_rows_and_links_that_were_cut_off_together_are_missed_by_the_anchor(book: Book) -> None:
    await book.damage("DELETE FROM audit WHERE id > 4", "DELETE FROM audit_seals WHERE position > 4")
    assert await book.found(anchored=False) == set()
    assert await book.found() == {("cut_tail", None)}


async def test_without_its_anchor_or_its_guards_a_chain_is_not_intact(book: Book, tmp_path: Path) -> None:
    verdict = await check(book.server.service_dsn, [tmp_path / "elsewhere"])
    assert [finding.kind for finding in verdict.findings] == ["no_anchor"]
    await book.root.execute("ALTER TABLE audit DISABLE TRIGGER seal")
    assert await book.found() == {("guard_off", None)}


async def test_a_restored_copy_contradicts_its_anchor_and_says_so(book: Book) -> None:
    await book.damage("DELETE FROM audit WHERE id > 4", "DELETE FROM audit_seals WHERE position > 4")
    fresh = AuditSealer(book.database, AnchorFolder(book.folder))
    await fresh.seal()
    assert fresh.contradicted


async def test_a_head_that_could_not_be_noted_is_noted_later(book: Book) -> None:
    files = list(book.folder.glob("*.jsonl"))
    for file in files:
        file.unlink()
    book.folder.rmdir()
    book.folder.write_text("in the way", encoding="utf-8")
    await book.write(7)
    failed = book.sealer.anchor_works
    assert not failed
    book.folder.unlink()
    await book.sealer.seal()
    assert book.sealer.anchor_works
    last = AnchorFolder(book.folder).last()
    assert last is not None
    assert last.position == 7


FORBIDDEN = (
    "UPDATE audit SET actor = 'x'",
    "DELETE FROM audit",
    "TRUNCATE audit",
    "INSERT INTO audit (id, actor, action, object) OVERRIDING SYSTEM VALUE VALUES (99, 'x', 'y.z', 'o:1')",
    "UPDATE audit_seals SET head = digest",
    "DELETE FROM audit_seals",
    "TRUNCATE audit_seals",
    "INSERT INTO audit_seals SELECT 99, 99, digest, sealed_at, head FROM audit_seals LIMIT 1",
    "INSERT INTO audit_pending (audit_id, digest) SELECT 99, digest FROM audit_seals LIMIT 1",
    "UPDATE audit_pending SET audit_id = 5",
    "DELETE FROM audit_pending",
    "TRUNCATE audit_pending",
    "ALTER TABLE audit DISABLE TRIGGER ALL",
    "ALTER TABLE audit DISABLE TRIGGER seal",
    "DROP TRIGGER seal ON audit",
    "DROP TABLE audit",
    "SET session_replication_role = replica",
    "SET ROLE hotline_owner",
    "SET ROLE postgres",
    "CREATE OR REPLACE FUNCTION seal_audit(most integer) RETURNS integer LANGUAGE sql AS 'SELECT 0'",
    "DROP FUNCTION audit_digest",
    "CREATE FUNCTION public.sha256(bytea) RETURNS bytea LANGUAGE sql AS 'SELECT $1'",
    "ALTER TABLE audit OWNER TO hotline_service",
    "ALTER ROLE hotline_service SUPERUSER",
)


@pytest.mark.parametrize("statement", FORBIDDEN)
async def test_the_service_cannot_touch_what_has_happened(book: Book, statement: str) -> None:
    await book.database.execute(INSERT, "chief", "call:7")
    connection = await asyncpg.connect(book.server.service_dsn)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        connection.terminate()
    await book.sealer.seal()
    assert await book.found() == set()
