"""``hotline recordings``, ``hotline retention`` and ``hotline audit verify`` as commands."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from db.pool import Database
from hotline.audit_anchor import AnchorFolder
from hotline.audit_sealer import AuditSealer
from hotline.cli import main
from tests.unit.tickets.samples import call_id, two_tones
from tickets import keys
from tickets.archive import Archive
from tickets.keys import KeySource
from tickets.model import ClosedRecording

pytestmark = pytest.mark.integration

Run = Callable[..., tuple[int, str, str]]
ARRIVED = 1_700_000_000.0
"""November 2023: older than recordings are kept here."""
KEY = "b" * 43


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def hotline(dsn: str, data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command with arguments; gives exit code, output and errors."""
    monkeypatch.setenv("HOTLINE_DATABASE_URL", dsn)
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(data))
    (data / "secrets").mkdir(parents=True)
    (data / "asterisk" / "spool").mkdir(parents=True)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["hotline", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else 0), printed.out, printed.err

    return run


def work(dsn: str, *statements: str) -> list[asyncpg.Record]:
    """Carry statements out; gives the rows of the last one."""

    async def run() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(dsn)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return await connection.fetch(statements[-1])
        finally:
            connection.terminate()

    return asyncio.run(run())


def archived(dsn: str, data: Path, number: int) -> ClosedRecording:
    """A recording in plain, with its rows."""
    call = call_id(number)
    spool = data / "asterisk" / "spool"
    (spool / f"{call}.raw").write_bytes(two_tones(1.0))
    closed = Archive(spool, data / "recordings").close(call, ARRIVED)
    work(
        dsn,
        f"""
        INSERT INTO calls (call_id, uniqueid, caller, dialled, queue, arrived_at, answered_at, talk_ended_at,
                           ended_at, outcome)
        SELECT '{call}', 'x', '13812345678', '12345', 'citizens', at, at, at, at, 'answered'
        FROM to_timestamp({ARRIVED}) at
        """,  # noqa: S608 - a test's values
        f"""
        INSERT INTO tickets (call_id, caller, dialled, queue, arrived_at, answered_at, opened_at, updated_at)
        SELECT call_id, caller, dialled, queue, arrived_at, arrived_at, arrived_at, arrived_at FROM calls
        WHERE call_id = '{call}'
        """,  # noqa: S608 - the same
        f"""
        INSERT INTO recordings (id, call_id, ticket_id, state, path_key, duration_s, size_bytes, sha256,
                                created_at, closed_at)
        SELECT gen_random_uuid(), call_id, id, 'ready', '{closed.path_key}', 1.0, {closed.size_bytes},
               '{closed.sha256}', arrived_at, arrived_at
        FROM tickets WHERE call_id = '{call}' RETURNING id
        """,  # noqa: S608 - the same
    )
    return closed


def test_recordings_are_encrypted_checked_and_given_a_new_key(hotline: Run, dsn: str, data: Path) -> None:
    one, two = archived(dsn, data, 1), archived(dsn, data, 2)
    assert hotline("recordings", "encrypt")[0] == 2, "there is no key yet"
    file = data / "secrets" / "recordings"
    keys.write_keys(file, KEY)
    assert hotline("recordings", "encrypt")[:2] == (0, "2 recordings encrypted, 0 could not be\n")
    assert hotline("recordings", "encrypt")[:2] == (0, "0 recordings encrypted, 0 could not be\n")
    assert not list((data / "recordings").rglob("*.flac"))
    swept = hotline("recordings", "sweep")
    assert swept[:2] == (0, "2 recordings read, 0 of them damaged, missing or without key\n")

    rotated = hotline("recordings", "rotate-key")
    assert rotated[:2] == (0, "2 recordings are opened by the new key alone, 0 could not be changed\n")
    assert len(keys.parse(file.read_text(encoding="ascii")).keys) == 2
    assert hotline("recordings", "rotate-key", "--forget")[1] == "1 keys are kept, 1 forgotten\n"
    archive = Archive(data / "asterisk" / "spool", data / "recordings", KeySource(file))
    for closed in (one, two):
        assert archive.check(closed.path_key or "", closed.size_bytes or 0, closed.sha256 or "") == "ok"

    (first, _) = sorted((data / "recordings").rglob("*.enc"))
    first.write_bytes(first.read_bytes()[:-1])
    code, out, _ = hotline("recordings", "sweep")
    assert code == 1
    assert out.endswith("2 recordings read, 1 of them damaged, missing or without key\n")
    actions = [row["action"] for row in work(dsn, "SELECT action FROM audit ORDER BY id")]
    assert actions.count("recordings.encrypted") == 2
    assert actions.count("recordings.key_rotated") == 1


def test_retention_says_what_would_go_and_lets_it_go(hotline: Run, dsn: str, data: Path) -> None:
    closed = archived(dsn, data, 1)
    work(dsn, "UPDATE retention_policies SET keep_days = 30 WHERE class = 'recordings' RETURNING class")
    command = ("retention", "run", "--class", "recordings")
    assert hotline(*command, "--dry-run")[:2] == (0, "recordings   1 would go, 0 held\n")
    assert (data / "recordings" / (closed.path_key or "")).exists()
    code, out, told = hotline(*command)
    assert (code, out, told) == (0, "recordings   1 gone, 0 held\n", "recordings: 1 of 1\n")
    assert not (data / "recordings" / (closed.path_key or "")).exists()
    assert hotline(*command)[1] == "recordings   0 gone, 0 held\n"


def test_a_damaged_audit_ends_with_an_exit_code_and_names_the_row(
    hotline: Run, dsn: str, owner_dsn: str, data: Path
) -> None:
    async def seal() -> None:
        database = Database(dsn, max_size=1)
        await database.connect()
        await AuditSealer(database, AnchorFolder(data / "audit")).seal()
        await database.close()

    insert = (
        "INSERT INTO audit (actor, action, object) VALUES ('chief', 'call.flagged', 'call:1') RETURNING id"
    )
    (row,) = work(dsn, insert)
    asyncio.run(seal())
    assert hotline("audit", "verify")[:2] == (
        0,
        "1 rows in the chain, 0 not sealed yet, 1 anchors agree: intact\n",
    )
    work(
        owner_dsn,
        "ALTER TABLE audit DISABLE TRIGGER append_only",
        "UPDATE audit SET actor = 'nobody'",
        "ALTER TABLE audit ENABLE TRIGGER append_only",
        "SELECT 1",
    )
    code, out, _ = hotline("audit", "verify")
    assert code == 1
    assert out.startswith(f"edited_row: audit row {row['id']} was edited (position 1)\n")
    assert "DAMAGED, 1 findings" in out
    assert hotline("audit", "verify", "--json", "--without-anchor")[0] == 1
