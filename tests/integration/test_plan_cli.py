"""``hotline plan`` and the qualifications of ``hotline accounts`` against a real database."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from hotline.cli import main

pytestmark = pytest.mark.integration

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "plan.toml"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def hotline(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Runs the command with arguments; gives exit code, output and errors."""
    monkeypatch.setenv("HOTLINE_DATABASE_URL", dsn)
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(tmp_path / "data"))

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["hotline", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else 0), printed.out, printed.err

    return run


def value(dsn: str, query: str) -> object:
    async def fetch() -> object:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(query)
        finally:
            connection.terminate()

    return asyncio.run(fetch())


def test_in_and_out_again(hotline: Run, dsn: str, tmp_path: Path) -> None:
    assert hotline("plan", "show")[0] == 2
    code, out, err = hotline("plan", "import", str(EXAMPLE))
    assert (code, err) == (0, "")
    assert out.endswith("The plan is now version 1.\n")
    assert "line.create          96" not in out
    assert out.count("line.create") == 20
    code, out, _ = hotline("plan", "export")
    again = tmp_path / "again.toml"
    again.write_text(out, encoding="utf-8")
    assert hotline("plan", "import", str(again))[1] == "The plan is the same.\nThe plan is now version 1.\n"
    shown = hotline("plan", "show")[1]
    assert shown.startswith("Version 1; other numbers go to citizens.\n")
    assert "heating              供热  12345008" in shown
    assert value(dsn, "SELECT count(*) FROM audit WHERE actor = 'command line'") == 12 + 20 + 5 + 2 + 1


def test_a_dry_run_changes_nothing(hotline: Run, dsn: str, tmp_path: Path) -> None:
    hotline("plan", "import", str(EXAMPLE))
    other = tmp_path / "other.toml"
    other.write_text(EXAMPLE.read_text("utf-8").replace("ring_seconds = 20", "ring_seconds = 21"), "utf-8")
    assert hotline("plan", "import", str(other), "--dry-run")[:2] == (
        0,
        "queue.change         heating\nNothing was changed.\n",
    )
    assert value(dsn, "SELECT version FROM plan") == 1


@pytest.mark.parametrize(
    ("there", "instead", "words"),
    [
        ("ring_seconds = 20", "ring_seconds = 2", "queues.heating.ring_seconds: "),
        ('"greeting_heating"', '"greeting_of_nobody"', "there is no prompt greeting_of_nobody"),
        ("[skills]", "[skills", "cannot be read"),
    ],
)
def test_a_file_with_a_mistake_leaves_nothing_behind(
    hotline: Run, dsn: str, tmp_path: Path, there: str, instead: str, words: str
) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(EXAMPLE.read_text("utf-8").replace(there, instead, 1), "utf-8")
    for command in ("check", "import"):
        code, out, err = hotline("plan", command, str(wrong))
        assert (code, out) == (2, "")
        assert err.startswith(f"{wrong}: ")
        assert words in err
    assert value(dsn, "SELECT count(*) FROM plan") == 0


def test_a_file_that_is_not_there(hotline: Run, tmp_path: Path) -> None:
    code, _, err = hotline("plan", "check", str(tmp_path / "none.toml"))
    assert (code, err) == (2, f"hotline: {tmp_path}/none.toml: No such file or directory\n")


def test_skills_and_certificates_of_a_person(hotline: Run, dsn: str) -> None:
    hotline("plan", "import", str(EXAMPLE))
    hotline("accounts", "create", "wang", "--queue", "heating")
    assert hotline("accounts", "skill", "wang", "heating", "3")[:2] == (0, "wang: heating 3\n")
    assert hotline("accounts", "certificate", "wang", "basic", "--until", "2027-01-31")[0] == 0
    assert value(dsn, "SELECT level FROM agent_skills") == 3
    assert value(dsn, "SELECT valid_until = '2027-02-01T00:00:00Z' FROM agent_certificates") is True
    assert hotline("accounts", "certificate", "wang", "basic", "--remove")[0] == 0
    assert value(dsn, "SELECT count(*) FROM agent_certificates") == 0
    code, _, err = hotline("accounts", "skill", "wang", "juggling", "3")
    assert (code, err) == (2, "hotline: the plan has no skill juggling\n")
    assert hotline("accounts", "skill", "wang", "heating", "0")[:2] == (0, "wang: without heating\n")
