"""``hotline accounts`` against a real database: what it makes, what it refuses, what it shows."""

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest

from agents.passwords import Passwords
from hotline.cli import main

pytestmark = pytest.mark.integration

PASSWORD = "correct horse battery"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def hotline(dsn: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command with arguments; gives exit code, output and errors."""
    monkeypatch.setenv("HOTLINE_DATABASE_URL", dsn)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["hotline", "accounts", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else 0), printed.out, printed.err

    return run


def rows(dsn: str, query: str) -> list[dict[str, Any]]:
    async def fetch() -> list[dict[str, Any]]:
        connection = await asyncpg.connect(dsn)
        try:
            return [dict(row) for row in await connection.fetch(query)]
        finally:
            connection.terminate()

    return asyncio.run(fetch())


def accounts(dsn: str) -> list[dict[str, Any]]:
    return rows(dsn, "SELECT * FROM accounts ORDER BY id")


def matches(account: dict[str, Any], password: str) -> bool:
    return asyncio.run(Passwords().matches(account["password_hash"], password))


def test_an_account_with_a_generated_password(hotline: Run, dsn: str) -> None:
    code, out, err = hotline("create", "zhang.san", "--name", "张三", "--role", "administrator")
    assert (code, err) == (0, "")
    (account,) = accounts(dsn)
    assert (account["login"], account["display_name"], account["role"]) == (
        "zhang.san",
        "张三",
        "administrator",
    )
    shown = out.strip().rpartition(" ")[2]
    assert matches(account, shown)
    (row,) = rows(dsn, "SELECT actor, action, object FROM audit")
    assert tuple(row.values()) == ("command line", "account.create", f"account:{account['id']}")


def test_a_given_password_is_never_printed(hotline: Run, dsn: str) -> None:
    code, out, err = hotline("create", "zhang", "--password", PASSWORD, "--queue", "citizens")
    assert code == 0
    assert PASSWORD not in out + err
    (account,) = accounts(dsn)
    assert account["queues"] == ["citizens"]
    assert matches(account, PASSWORD)


def test_listing_changing_and_deactivating(hotline: Run, dsn: str) -> None:
    hotline("create", "zhang", "--password", PASSWORD)
    hotline("create", "li", "--password", PASSWORD, "--role", "supervisor")
    code, out, _ = hotline("list")
    assert code == 0
    assert [line.split()[1:4] for line in out.splitlines()] == [
        ["zhang", "agent", "active"],
        ["li", "supervisor", "active"],
    ]
    assert hotline("password", "zhang", "--password", "another horse battery")[0] == 0
    assert matches(accounts(dsn)[0], "another horse battery")
    assert hotline("deactivate", "zhang")[0] == 0
    assert [account["active"] for account in accounts(dsn)] == [False, True]
    assert hotline("activate", "zhang")[0] == 0
    assert [account["active"] for account in accounts(dsn)] == [True, True]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["create", "Zhang"], "login"),
        (["create", "z"], "login"),
        (["create", "x" * 41], "login"),
        (["create", "zhang san"], "login"),
        (["create", "sun", "--name", "x" * 81], "name"),
        (["create", "sun", "--name", "a\nb"], "name"),
        (["create", "sun", "--name", "   "], "name"),
        (["create", "sun", "--role", "boss"], "role"),
        (["create", "sun", "--queue", "nowhere"], "queue"),
        (["create", "sun", "--password", ""], "password"),
        (["create", "sun", "--password", "short"], "password"),
        (["create", "sun", "--password", "tab\tin the middle"], "password"),
        (["create", "sun", "--password", "my-sun-password"], "password"),
        (["create", "admin", "--password", PASSWORD], "login"),
        (["create"], "login"),
        (["password", "nobody"], "nobody"),
        (["password", "admin", "--password", "short"], "password"),
        (["password", "admin", "--password", ""], "password"),
        (["deactivate", "nobody"], "nobody"),
        (["deactivate", "admin"], "last active administrator"),
    ],
)
def test_bad_input_ends_with_exit_2_and_a_clear_line(
    hotline: Run, dsn: str, arguments: list[str], named: str
) -> None:
    hotline("create", "admin", "--password", PASSWORD, "--role", "administrator")
    before = accounts(dsn)
    code, out, err = hotline(*arguments)
    assert code == 2
    assert named in err
    assert "Traceback" not in err
    assert "Password" not in out
    assert accounts(dsn) == before


def test_a_database_that_is_away_is_told(hotline: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_DATABASE_URL", "postgresql://a:b@127.0.0.1:1/c")
    code, _, err = hotline("list")
    assert code == 2
    assert "the database is away" in err


def test_without_a_running_hotline_it_says_what_to_do(
    hotline: Run, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.delenv("HOTLINE_DATABASE_URL")
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(tmp_path_factory.mktemp("empty")))
    code, _, err = hotline("list")
    assert code == 2
    assert "start `hotline run` first" in err
