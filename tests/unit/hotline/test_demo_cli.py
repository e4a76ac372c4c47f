import json
from pathlib import Path

import pytest
import typer
from pydantic import SecretStr
from typer.testing import CliRunner

from core.errors import ConfigurationError
from core.vocabulary import Phone
from hotline.asterisk.layout import phone_password
from hotline.demo import cli
from hotline.demo.phones import Answers
from hotline.demo.sip import SipServer
from hotline.demo.target import Login, find_target
from hotline.scratch import scratch_settings
from hotline.settings import Settings

TRYOUT = {
    "administrator": {"login": "admin", "password": "pw"},
    "agents": [],
    "sip": {"host": "127.0.0.1", "port": 5099},
    "api": "http://127.0.0.1:8099",
    "metrics": "http://127.0.0.1:9399/metrics",
}


def settings(folder: Path, *, tryout: bool = True, phones: bool = True) -> Settings:
    secrets = folder / "data" / "secrets"
    secrets.mkdir(parents=True)
    if tryout:
        (secrets / "tryout.json").write_text(json.dumps(TRYOUT), encoding="utf-8")
    if phones:
        (secrets / "phones").write_text("master\n", encoding="ascii")
    return scratch_settings(folder)


def test_target_is_found_in_the_data_folder(tmp_path: Path) -> None:
    target = find_target(settings(tmp_path))
    assert (target.base_url, target.sip) == ("http://127.0.0.1:8099", SipServer("127.0.0.1", 5099))
    assert target.administrator == Login("admin", "pw")
    assert target.phone_password(Phone("1001")) == phone_password("master", "1001")
    assert target.agent_password("demo-001") != target.agent_password("demo-002")


def test_what_is_given_counts_more_than_what_is_found(tmp_path: Path) -> None:
    given = find_target(
        settings(tmp_path), base_url="http://h:1", sip=SipServer("h", 2), administrator=Login("a", "b")
    )
    assert (given.base_url, given.sip, given.administrator) == (
        "http://h:1",
        SipServer("h", 2),
        Login("a", "b"),
    )


def test_without_the_try_out_file_the_message_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"tryout.json is not there.*--base-url"):
        find_target(settings(tmp_path, tryout=False))


def test_the_secret_of_the_phones_is_needed(tmp_path: Path) -> None:
    without = settings(tmp_path, phones=False)
    with pytest.raises(ConfigurationError, match="HOTLINE_PHONE_SECRET"):
        find_target(without)
    given = without.model_copy(update={"phone_secret": SecretStr("other")})
    assert find_target(given).phone_master == "other"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--callers", "0"], "--callers"),
        (["--agents", "201"], "--agents"),
        (["--rate", "0"], "--rate"),
        (["--talk", "5", "2"], "must go upwards"),
        (["--dialled", "12a"], "2 to 20 digits"),
        (["--dialled", "1\r\n2"], "2 to 20 digits"),
        (["--sip", "nowhere"], "HOST:PORT"),
        (["--sip", "host:70000"], "HOST:PORT"),
        (["--callers", "200", "--agents", "1", "--talk", "60", "60"], "fewer callers"),
    ],
)
def test_bad_input_names_the_option_and_calls_nobody(arguments: list[str], said: str) -> None:
    app = typer.Typer()
    app.command()(cli.demo)
    result = CliRunner(env={"COLUMNS": "200", "TERM": "dumb"}).invoke(app, arguments)
    assert result.exit_code == 2
    assert said in result.output


def test_demo_agents_sit_at_the_last_phones() -> None:
    agents = cli.demo_agents(["1001", "1002", "1003"], 2, Answers())
    assert [(agent.login, agent.phone) for agent in agents] == [("demo-001", "1002"), ("demo-002", "1003")]
