"""Retention, holds, unmasking, reading the audit, the sweep and encrypted playing, on a real PostgreSQL."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from agents.permissions import PERMISSIONS
from core.identity import Account, Role
from core.vocabulary import AgentId, CallId
from db.pool import Database
from hotline import audit_api, retention_api, unmask_api
from hotline.audit_anchor import AnchorFolder
from hotline.audit_chain import check
from hotline.audit_sealer import AuditSealer
from hotline.nightly import Nightly
from hotline.retention import DataClass, Retention
from hotline.sweep import Sweep
from tests.fixtures_postgres import Server, database, dsn, fresh_database, postgres_folder, postgres_server
from tests.integration.tickets_bench import ARRIVED, CALLER, Bench, answered, bench, writer
from tests.unit.tickets.samples import call_id
from tickets import keys
from tickets.api import endpoints as ticket_endpoints
from tickets.archive import Archive
from tickets.archiving import ThreadedArchive
from tickets.keys import KeySource
from tickets.rules import recording_id
from tickets.sealing import CHUNK_BYTES, DATA, TAG_BYTES
from tickets.service import TicketService
from web.app import create_app

__all__ = ["bench", "database", "dsn", "fresh_database", "postgres_folder", "postgres_server", "writer"]

pytestmark = pytest.mark.integration

KEY = "a" * 43
OLD, NEW = 100.0, 400.0
"""Days before the test's present at which calls arrived."""
PRESENT = ARRIVED + 3600


class Sessions:
    """Tokens are logins."""

    def __init__(self, *people: Account) -> None:
        self._people = {person.login: person for person in people}

    async def account_of(self, token: str) -> Account | None:
        return self._people.get(token)


@dataclass
class Office:
    """Zhang answers calls; Wang is a supervisor, Chief an administrator, Hired staff of a contractor."""

    bench: Bench
    client: TestClient[Any, Any]
    tickets: TicketService
    zhang: AgentId
    archive: Archive

    async def ask(
        self, login: str, method: str, path: str, body: object = None, **headers: str
    ) -> ClientResponse:
        bearer = {"Authorization": f"Bearer {login}", **headers}
        return await self.client.request(method, f"/api/v1{path}", json=body, headers=bearer)

    async def said(self, login: str, method: str, path: str, body: object = None, status: int = 200) -> Any:  # noqa: ANN401 - JSON
        response = await self.ask(login, method, path, body)
        assert response.status == status, await response.text()
        return await response.json(content_type=None)

    async def take(self, number: int, *, days_ago: float = 0.0, seconds: float = 1.0) -> CallId:
        call, at = call_id(number), PRESENT - days_ago * 86_400 - 1000
        self.bench.speak(call, seconds)
        self.bench.calls.record(answered(call, self.zhang, at)[0])
        for fact in answered(call, self.zhang, at):
            self.bench.calls.record(fact)
            self.tickets.record(fact)
        await self.tickets.drain()
        await self.bench.writer.flush()
        return call

    async def actions(self) -> list[str]:
        rows = await self.bench.database.fetch("SELECT action FROM audit ORDER BY id")
        return [row["action"] for row in rows]

    async def value(self, query: str, *args: object) -> Any:  # noqa: ANN401 - the column's type
        return await self.bench.database.fetchval(query, *args)

    def retention(self) -> Retention:
        return Retention(self.bench.database, self.tickets.hands, list)


@pytest.fixture
async def office(bench: Bench) -> AsyncIterator[Office]:
    zhang = await bench.account("zhang")
    people = {
        login: await bench.account(login, role)
        for login, role in (
            ("wang", "supervisor"),
            ("chief", "administrator"),
            ("hired", "agent"),
            ("sun", "inspector"),
        )
    }

    def person(login: str, role: Role, number: int) -> Account:
        return Account(AgentId(number), login, login, role, (), PERMISSIONS[role])

    sessions = Sessions(
        person("zhang", Role.AGENT, zhang),
        person("wang", Role.SUPERVISOR, people["wang"]),
        person("chief", Role.ADMINISTRATOR, people["chief"]),
        replace(person("hired", Role.SUPERVISOR, people["hired"]), contractor=True),
        replace(person("sun", Role.INSPECTOR, people["sun"]), districts=("lianchi",)),
    )
    source = KeySource(text=KEY)
    archive = Archive(bench.spool, bench.archive, source)
    tickets = TicketService(
        bench.database,
        bench.writer,
        spool=bench.spool,
        archive=bench.archive,
        hands=ThreadedArchive(archive),
        keys=source,
    )
    app = create_app(
        [
            *ticket_endpoints(tickets),
            *audit_api.endpoints(audit_api.AuditApi(bench.database)),
            *unmask_api.endpoints(unmask_api.UnmaskApi(bench.database)),
            *retention_api.endpoints(retention_api.RetentionApi(bench.database)),
        ],
        sessions,
    )
    async with TestClient(TestServer(app)) as client:
        yield Office(bench, client, tickets, zhang, archive)
    await tickets.stop()


# --- encrypted recordings -------------------------------------------------------------------------


def stored(office: Office, number: int = 1) -> Path:
    (file,) = office.bench.archive.rglob(f"{call_id(number)}.flac*")
    return file


async def heard(office: Office, number: int = 1, /, **headers: str) -> ClientResponse:
    path = f"/recordings/{recording_id(call_id(number))}/audio"
    return await office.ask("zhang", "GET", path, **headers)


async def test_an_encrypted_recording_is_served_whole_and_in_ranges_at_the_borders_of_chunks(
    office: Office,
) -> None:
    await office.take(1, seconds=20.0)
    row = await office.bench.row("recordings", call_id(1))
    assert stored(office).suffix == ".enc"
    whole = await (await heard(office)).read()
    assert len(whole) == row["size_bytes"] > 2 * CHUNK_BYTES
    assert whole[:4] == b"fLaC"
    for first, last in (
        (0, 0),
        (CHUNK_BYTES - 1, CHUNK_BYTES),
        (CHUNK_BYTES, 2 * CHUNK_BYTES - 1),
        (CHUNK_BYTES - 1, 2 * CHUNK_BYTES),
        (len(whole) - 1, len(whole) - 1),
    ):
        part = await heard(office, Range=f"bytes={first}-{last}")
        assert (part.status, await part.read()) == (206, whole[first : last + 1])
        assert part.headers["Content-Range"] == f"bytes {first}-{last}/{len(whole)}"
    tail = await heard(office, Range="bytes=-10")
    assert (tail.status, await tail.read()) == (206, whole[-10:])
    beyond = await heard(office, Range=f"bytes={len(whole)}-")
    assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{len(whole)}")
    stale = await heard(office, 1, **{"Range": "bytes=0-9", "If-Range": '"other"'})
    assert (stale.status, await stale.read()) == (200, whole)
    assert (await office.actions()).count("recording.opened") == 8


async def test_a_damaged_chunk_is_an_error_for_ranges_that_need_it_only(office: Office) -> None:
    await office.take(1, seconds=20.0)
    data = bytearray(stored(office).read_bytes())
    data[DATA + CHUNK_BYTES + TAG_BYTES + 7] ^= 1
    stored(office).write_bytes(data)
    assert (await heard(office, Range="bytes=0-99")).status == 206
    damaged = await heard(office)
    assert damaged.status == 503
    assert (await damaged.json(content_type=None))["code"] == "recording_damaged"
    assert office.tickets.stats.damaged == 1
    assert (await office.actions())[-1] == "recording.damaged"


async def test_a_key_that_is_gone_stops_archiving_and_never_leads_to_plain_text(
    office: Office, tmp_path: Path
) -> None:
    file = tmp_path / "keys"
    keys.write_keys(file, KEY)
    archive = Archive(office.bench.spool, office.bench.archive, KeySource(file))
    call = call_id(9)
    office.bench.speak(call)
    file.unlink()
    with pytest.raises(Exception, match="key file"):
        archive.close(call, ARRIVED)
    assert not list(office.bench.archive.rglob(f"*{call}*"))
    keys.write_keys(file, KEY)
    assert archive.close(call, ARRIVED).sha256 is not None
    assert stored(office, 9).suffix == ".enc"


async def test_old_recordings_in_plain_are_readable_and_can_be_encrypted(office: Office) -> None:
    plain = Archive(office.bench.spool, office.bench.archive)
    call = call_id(9)
    office.bench.speak(call)
    closed = plain.close(call, ARRIVED)
    assert closed.path_key is not None
    assert closed.size_bytes is not None
    assert closed.sha256 is not None
    assert office.archive.plain_keys() == [closed.path_key]
    assert office.archive.check(closed.path_key, closed.size_bytes, closed.sha256) == "ok"
    assert office.archive.encrypt(closed.path_key)
    assert stored(office, 9).suffix == ".enc"
    assert not office.archive.encrypt(closed.path_key)
    assert office.archive.check(closed.path_key, closed.size_bytes, closed.sha256) == "ok"
    assert plain.check(closed.path_key, closed.size_bytes, closed.sha256) == "no_key"
    assert office.archive.close(call, ARRIVED) == closed, "closing again gives the same row"
    office.bench.raw(call).unlink()
    assert office.archive.close(call, ARRIVED) == closed, "also when the raw file is gone"


async def test_a_new_master_key_opens_every_recording(office: Office, tmp_path: Path) -> None:
    await office.take(1)
    await office.take(2)
    file = tmp_path / "keys"
    keys.write_keys(file, KEY)
    source = KeySource(file)
    archive = Archive(office.bench.spool, office.bench.archive, source)
    ring = keys.add_key(file)
    assert [archive.rewrap(key) for key in archive.sealed_keys()] == [True, True]
    assert [archive.rewrap(key) for key in archive.sealed_keys()] == [False, False]
    keys.keep_only(file, frozenset({ring.current.id}))
    for number in (1, 2):
        row = await office.bench.row("recordings", call_id(number))
        assert archive.check(row["path_key"], row["size_bytes"], row["sha256"]) == "ok"
        assert office.archive.check(row["path_key"], row["size_bytes"], row["sha256"]) == "no_key"


async def test_the_sweep_finds_what_is_damaged_or_missing_and_goes_on_where_it_was_interrupted(
    office: Office,
) -> None:
    for number in (1, 2, 3, 4):
        await office.take(number)
    data = bytearray(stored(office, 2).read_bytes())
    data[-1] ^= 1
    stored(office, 2).write_bytes(data)
    stored(office, 3).unlink()

    class Interrupted(Exception):
        pass

    class Stopping(ThreadedArchive):
        async def check(self, key: str, size_bytes: int, sha256: str) -> str:
            if self.seconds_spent:
                raise Interrupted
            return await super().check(key, size_bytes, sha256)

    with pytest.raises(Interrupted):
        await Sweep(office.bench.database, Stopping(office.archive), 10**9).run("test")
    assert await office.value("SELECT count(*) FROM recording_checks") == 1
    sweep = Sweep(office.bench.database, office.tickets.hands, 10**9)
    assert await sweep.run("test") == (4, 2)
    assert (sweep.checked, sweep.bad) == (3, 2)
    rows = await office.bench.database.fetch(
        "SELECT c.result FROM recording_checks c JOIN recordings r ON r.id = recording_id ORDER BY r.call_id"
    )
    assert [row["result"] for row in rows] == ["ok", "damaged", "missing", "ok"]
    assert (await office.actions()).count("recording.damaged") == 2
    assert (await office.actions())[-1] == "recordings.swept"
    assert await sweep.run("test") == (4, 2), "the next sweep reads all of them again"
    assert await office.value("SELECT count(*) FROM recording_sweeps WHERE finished_at IS NOT NULL") == 2


async def test_the_sweep_keeps_to_its_rate(office: Office) -> None:
    await office.take(1)
    size = await office.value("SELECT size_bytes FROM recordings")
    started = asyncio.get_running_loop().time()
    await Sweep(office.bench.database, office.tickets.hands, size * 4).run("test")
    assert asyncio.get_running_loop().time() - started >= 0.2


# --- unmasking and the audit ----------------------------------------------------------------------


async def test_a_number_is_shown_in_full_for_a_reason_that_is_kept(office: Office) -> None:
    call = await office.take(1)
    wanted = {"object": f"call:{call}", "reason": "called back on 13812345678"}
    assert (await office.said("wang", "POST", "/unmask", wanted))["value"] == CALLER
    row = await office.bench.database.fetchrow("SELECT * FROM audit WHERE action = 'personal.unmasked'")
    assert row is not None
    assert (row["actor"], row["object"]) == ("wang", f"call:{call}")
    assert json.loads(row["detail"]) == {"field": "caller", "reason": "called back on 138****5678"}
    assert (await office.said("zhang", "POST", "/unmask", wanted))["value"] == CALLER, "the own call"


async def test_who_may_not_unmask_learns_nothing_and_leaves_no_row(office: Office) -> None:
    call = await office.take(1)
    ticket = await office.value("SELECT id FROM tickets")
    for thing in (f"call:{call}", f"ticket:{ticket}", f"call:{call_id(77)}"):
        wanted = {"object": thing, "reason": "curious"}
        for login in ("hired", "sun"):
            said = await office.said(login, "POST", "/unmask", wanted, 403)
            assert said["code"] == "unmask_not_permitted"
    await office.said(
        "wang", "POST", "/unmask", {"object": f"call:{call_id(77)}", "reason": "it is not there"}, 404
    )
    await office.said(
        "wang", "POST", "/unmask", {"object": f"call:{call}", "field": "body", "reason": "none"}, 404
    )
    for body in (
        {"object": f"call:{call}"},
        {"object": "call:1", "reason": "wrong"},
        {"object": f"call:{call}", "reason": " "},
    ):
        await office.said("wang", "POST", "/unmask", body, 422)
    assert "personal.unmasked" not in await office.actions()


async def test_looks_are_limited(office: Office) -> None:
    call = await office.take(1)
    wanted = {"object": f"call:{call}", "reason": "many of them"}
    for _ in range(unmask_api.LIMIT):
        await office.said("wang", "POST", "/unmask", wanted)
    assert (await office.said("wang", "POST", "/unmask", wanted, 429))["code"] == "too_many_looks"
    await office.said("zhang", "POST", "/unmask", wanted)


async def test_the_audit_is_read_by_filters_and_pages_and_reading_is_a_row(office: Office) -> None:
    for number in range(5):
        await office.bench.database.execute(
            "INSERT INTO audit (actor, action, object) VALUES ($1, $2, $3)",
            "wang" if number % 2 else "zhang",
            "call.flagged" if number < 3 else "call.moved",
            f"call:{number}",
        )
    await AuditSealer(office.bench.database, AnchorFolder(office.bench.spool / "audit")).seal()
    page = await office.said("chief", "GET", "/audit?limit=2&action=call.*")
    assert [row["object"] for row in page["items"]] == ["call:4", "call:3"]
    assert page["items"][0]["position"] == 5
    page = await office.said("chief", "GET", f"/audit?limit=9&action=call.*&cursor={page['next_cursor']}")
    assert [row["object"] for row in page["items"]] == ["call:2", "call:1", "call:0"]
    assert page["next_cursor"] is None
    by = await office.said("chief", "GET", "/audit?actor=wang&object=call:1")
    assert [row["action"] for row in by["items"]] == ["call.flagged"]
    assert (await office.actions()).count("audit.read") == 3
    await office.said("chief", "GET", "/audit?cursor=nonsense", status=422)
    await office.said("chief", "GET", "/audit?object=call:%25", status=422)
    for login in ("wang", "zhang"):
        await office.said(login, "GET", "/audit", status=403)


async def test_an_inspector_with_districts_sees_what_their_people_did(office: Office) -> None:
    insert = "INSERT INTO audit (actor, action, object) VALUES ($1, 'call.flagged', 'call:1')"
    await office.bench.database.execute(insert, "zhang")
    await office.bench.database.execute(insert, "system")
    assert (await office.said("sun", "GET", "/audit"))["items"] == []
    assert len((await office.said("chief", "GET", "/audit?action=call.flagged"))["items"]) == 2


# --- retention ------------------------------------------------------------------------------------


async def policy(office: Office, kind: str, days: int | None) -> None:
    known = {one["data_class"]: one for one in (await office.said("chief", "GET", "/retention"))["items"]}
    body = {"keep_days": days, "version": known[kind]["version"]}
    assert (await office.said("chief", "PUT", f"/retention/{kind}", body))["keep_days"] == days


async def test_a_dry_run_says_what_would_go_and_changes_nothing(office: Office) -> None:
    await office.take(1, days_ago=OLD)
    await office.take(2)
    await policy(office, "recordings", 30)
    await policy(office, "calls", 30)
    results = await office.retention().run("test", dry_run=True)
    assert (results[DataClass.RECORDINGS].due, results[DataClass.CALLS].due) == (1, 1)
    assert {outcome.done for outcome in results.values()} == {0}
    assert stored(office, 1).exists()
    assert await office.value("SELECT count(*) FROM calls WHERE caller = $1", CALLER) == 2
    assert (await office.actions())[-1] == "retention.tried"


async def test_what_is_too_old_goes_and_what_is_held_stays(office: Office) -> None:
    for number in (1, 2, 3):
        await office.take(number, days_ago=OLD)
    await office.take(4)
    held = await office.value("SELECT id FROM tickets WHERE call_id = $1", call_id(2))
    hold = await office.said(
        "chief", "POST", "/legal-holds", {"object": f"ticket:{held}", "reason": "a lawsuit"}, 201
    )
    await office.said("chief", "POST", "/legal-holds", {"object": f"ticket:{held}", "reason": "again"}, 409)
    body = "回电 13812345678"
    await office.bench.database.execute("UPDATE tickets SET citizen_name = '李雷', body = $1", body)
    for kind in ("recordings", "calls", "tickets"):
        await policy(office, kind, 30)
    results = await office.retention().run("test")
    for kind in (DataClass.RECORDINGS, DataClass.CALLS, DataClass.TICKETS):
        assert (results[kind].done, results[kind].held) == (2, 1), kind
    kept = [path.name[:36] for path in sorted(office.bench.archive.rglob("*.enc"))]
    assert sorted(kept) == sorted([call_id(2), call_id(4)])
    states = await office.bench.database.fetch("SELECT state FROM recordings ORDER BY call_id")
    assert [row["state"] for row in states] == ["removed", "ready", "removed", "ready"]
    rows = await office.bench.database.fetch(
        "SELECT caller, citizen_name, body FROM tickets ORDER BY call_id"
    )
    assert [tuple(row) for row in rows] == [
        ("", "", "回电 138****5678"),
        (CALLER, "李雷", body),
        ("", "", "回电 138****5678"),
        (CALLER, "李雷", body),
    ]
    gone = await heard(office, 1)
    assert (gone.status, (await gone.json(content_type=None))["code"]) == (404, "recording_removed")

    lift = {"reason": "it is settled"}
    await office.said("chief", "POST", f"/legal-holds/{hold['id']}/lift", lift)
    await office.said("chief", "POST", f"/legal-holds/{hold['id']}/lift", lift, 404)
    results = await office.retention().run("test")
    assert {results[kind].done for kind in (DataClass.RECORDINGS, DataClass.CALLS, DataClass.TICKETS)} == {1}
    runs = await office.said("chief", "GET", "/retention/runs?limit=1")
    assert runs["items"][0]["result"]["calls"]["done"] == 1
    assert runs["next_cursor"] is not None
    actions = await office.actions()
    assert [actions.count(f"hold.{what}") for what in ("placed", "lifted")] == [1, 1]
    assert actions.count("retention.ran") == 2
    assert actions.count("retention.policy_changed") == 3


async def test_a_class_can_be_held_as_a_whole(office: Office) -> None:
    await office.take(1, days_ago=OLD)
    await policy(office, "calls", 30)
    await office.said("chief", "POST", "/legal-holds", {"object": "class:calls", "reason": "an inquiry"}, 201)
    results = await office.retention().run("test")
    assert (results[DataClass.CALLS].done, results[DataClass.CALLS].skipped) == (0, "held")
    holds = (await office.said("chief", "GET", "/legal-holds"))["items"]
    assert [one["object"] for one in holds] == ["class:calls"]


async def test_policies_have_rules_and_owners(office: Office) -> None:
    said = await office.said("chief", "PUT", "/retention/audit", {"keep_days": 30, "version": 1}, 422)
    assert said["errors"][0]["field"].endswith("keep_days")
    await office.said("chief", "PUT", "/retention/calls", {"keep_days": 30, "version": 9}, 409)
    await office.said("chief", "PUT", "/retention/nothing", {"keep_days": 30, "version": 1}, 422)
    await office.said("chief", "POST", "/legal-holds", {"object": "ticket:999", "reason": "not there"}, 404)
    for login in ("wang", "zhang", "sun"):
        await office.said(login, "GET", "/retention", status=403)
        await office.said(login, "GET", "/legal-holds", status=403)


async def test_expired_sessions_and_rotated_journals_go(office: Office, tmp_path: Path) -> None:
    journals = [tmp_path / f"hotline.csv.{number}" for number in (1, 2)]
    for file, days in zip(journals, (NEW, 1.0), strict=True):
        file.write_text("x", encoding="utf-8")
        os.utime(file, (PRESENT - days * 86_400,) * 2)
    for number, days in enumerate((NEW, 1.0)):
        await office.bench.database.execute(
            "INSERT INTO sessions (token_hash, account_id, created_at, expires_at) VALUES ($1, $2, $3, $3)",
            bytes([number]) * 32,
            office.zhang,
            datetime.fromtimestamp(PRESENT - days * 86_400, UTC),
        )
    results = await Retention(office.bench.database, office.tickets.hands, lambda: journals).run("test")
    assert (results[DataClass.SESSIONS].done, results[DataClass.JOURNAL].done) == (1, 1)
    assert [file.exists() for file in journals] == [False, True]
    assert await office.value("SELECT count(*) FROM sessions") == 1


async def test_audit_rows_go_by_the_owner_alone_and_the_chain_stays_whole(
    office: Office, fresh_database: Server, tmp_path: Path
) -> None:
    folder = tmp_path / "anchors"
    sealer = AuditSealer(office.bench.database, AnchorFolder(folder))
    for number in range(4):
        await office.bench.database.execute(
            "INSERT INTO audit (actor, action, object) VALUES ('x', 'a.b', $1)", f"c:{number}"
        )
    await sealer.seal()
    root = await asyncpg.connect(fresh_database.admin_dsn)
    await _age(root, 3)
    for file in folder.glob("*"):
        file.unlink()
    await AuditSealer(office.bench.database, AnchorFolder(folder)).seal()
    await policy(office, "audit", 400)
    results = await office.retention().run("test")
    assert (results[DataClass.AUDIT].due, results[DataClass.AUDIT].skipped) == (3, "owner_only")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await office.bench.database.fetchval("SELECT prune_audit('x')")
    owner = Database(fresh_database.owner_dsn, max_size=1)
    await owner.connect()
    results = await Retention(owner, office.tickets.hands, list).run("test")
    assert results[DataClass.AUDIT].done == 3
    await owner.close()
    await sealer.seal()
    verdict = await check(fresh_database.service_dsn, [folder])
    assert (verdict.findings, verdict.pruned_to) == ([], 3)
    await root.execute("SET session_replication_role = replica")
    await root.execute("DELETE FROM audit WHERE object = 'c:3'")
    verdict = await check(fresh_database.service_dsn, [folder])
    assert [finding.kind for finding in verdict.findings] == ["missing_row"], "a younger one is not covered"
    root.terminate()


async def _age(root: Any, rows: int) -> None:  # noqa: ANN401 - a connection
    """Make the first rows 500 days old, as if they had been sealed then."""
    await root.execute("SET session_replication_role = replica")
    await root.execute("UPDATE audit SET at = at - interval '500 days' WHERE id <= $1", rows)
    await root.execute(
        "UPDATE audit_seals s SET sealed_at = s.sealed_at - interval '500 days' WHERE position <= $1", rows
    )
    await root.execute(
        "UPDATE audit_seals s SET digest = audit_digest(a.at, a.actor, a.action, a.object, a.detail) "
        "FROM audit a WHERE a.id = s.audit_id"
    )
    for position in range(1, await root.fetchval("SELECT max(position) FROM audit_seals") + 1):
        await root.execute(
            "UPDATE audit_seals s SET head = sha256(coalesce((SELECT head FROM audit_seals b "
            "WHERE b.position = s.position - 1), decode(repeat('00', 32), 'hex')) || int8send(position) "
            "|| int8send(audit_id) || digest "
            "|| int8send((extract(epoch FROM sealed_at) * 1000000)::bigint)) "
            "WHERE position = $1",
            position,
        )
    await root.execute("SET session_replication_role = origin")


# --- once a night ---------------------------------------------------------------------------------


async def test_a_nightly_job_is_done_once_by_one_and_taken_over_when_it_was_not_finished(
    database: Database,
) -> None:
    zone, ran = ZoneInfo("Asia/Shanghai"), []
    before, after = (datetime(2026, 11, 24, 3, minute, tzinfo=zone).timestamp() for minute in (9, 11))

    async def job(who: str) -> None:
        ran.append(who)
        if who == "dies":
            raise asyncio.CancelledError

    def leader(epoch: int, who: str) -> Nightly:
        nightly = Nightly(database, lambda: epoch, "03:10", zone)
        nightly.add("job", lambda: job(who))
        return nightly

    assert await leader(1, "early").look(before) == []
    with pytest.raises(asyncio.CancelledError):
        await leader(1, "dies").look(after)
    assert await leader(2, "successor").look(after) == ["job"]
    assert await leader(3, "late").look(after) == []
    next_night = leader(3, "next")
    assert await next_night.look(after + 86_400) == ["job"]
    assert await next_night.look(after + 86_400) == []
    assert ran == ["dies", "successor", "next"]
    assert await database.fetchval("SELECT count(*) FROM nightly_runs WHERE finished_at IS NOT NULL") == 2
