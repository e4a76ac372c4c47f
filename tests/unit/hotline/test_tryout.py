import json
import stat
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from core.identity import Role
from core.vocabulary import Phone
from hotline.tryout import (
    Place,
    SipAddress,
    TryOut,
    announce,
    ensure,
    how_to_call,
    lan_address,
    load,
    new_password,
)

PLACE = Place(
    SipAddress("127.0.0.1", 5060),
    "http://127.0.0.1:8012",
    "http://127.0.0.1:9312/metrics",
    tuple(Phone(str(number)) for number in range(1001, 1011)),
    lambda phone: f"secret-of-{phone}",
)


class Accounts:
    """The database's accounts."""

    def __init__(self) -> None:
        self.made: list[tuple[str, str, Role, str]] = []
        self.fail_at = ""

    async def create(self, login: str, name: str, role: Role, password: str) -> None:
        if login == self.fail_at:
            raise ConnectionError
        self.made.append((login, name, role, password))

    @property
    def logins(self) -> list[str]:
        return [account[0] for account in self.made]


@pytest.fixture
def accounts() -> Accounts:
    return Accounts()


async def test_the_first_start_makes_accounts_and_keeps_them_for_the_owner_alone(
    tmp_path: Path, accounts: Accounts
) -> None:
    file = tmp_path / "tryout.json"
    made, fresh = await ensure(file, PLACE, [], accounts.create)
    assert fresh
    assert made is not None
    assert accounts.logins == ["admin", "agent1", "agent2", "agent3", "agent4"]
    assert [account[2] for account in accounts.made] == [Role.ADMINISTRATOR] + [Role.AGENT] * 4
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    kept = json.loads(file.read_text(encoding="utf-8"))
    assert kept["administrator"] == {"login": "admin", "password": accounts.made[0][3]}
    assert kept["agents"][1] == {
        "login": "agent2",
        "password": accounts.made[2][3],
        "phone": "1002",
        "phone_password": "secret-of-1002",
    }
    assert kept["sip"] == {"host": "127.0.0.1", "port": 5060}
    assert (kept["api"], kept["metrics"]) == ("http://127.0.0.1:8012", "http://127.0.0.1:9312/metrics")
    assert load(file) == made


async def test_the_second_start_makes_nothing_and_refreshes_the_addresses(
    tmp_path: Path, accounts: Accounts
) -> None:
    file = tmp_path / "tryout.json"
    first, _ = await ensure(file, PLACE, [], accounts.create)
    moved = Place(
        SipAddress("127.0.0.1", 7000), "http://127.0.0.1:1", "http://m", PLACE.phones, lambda _phone: "new"
    )
    second, fresh = await ensure(file, moved, accounts.logins, accounts.create)
    assert not fresh
    assert first is not None
    assert second is not None
    assert len(accounts.made) == 5
    assert second.administrator == first.administrator
    assert [seat.password for seat in second.agents] == [seat.password for seat in first.agents]
    assert {seat.phone_password for seat in second.agents} == {"new"}
    assert load(file).sip.port == 7000


async def test_a_start_that_was_cut_off_is_completed_with_the_same_passwords(
    tmp_path: Path, accounts: Accounts
) -> None:
    file = tmp_path / "tryout.json"
    accounts.fail_at = "agent2"
    with pytest.raises(ConnectionError):
        await ensure(file, PLACE, [], accounts.create)
    kept = load(file)
    accounts.fail_at = ""
    _, fresh = await ensure(file, PLACE, accounts.logins, accounts.create)
    assert fresh
    assert accounts.logins == ["admin", "agent1", "agent2", "agent3", "agent4"]
    assert [account[3] for account in accounts.made[1:]] == [seat.password for seat in kept.agents]


async def test_a_database_with_accounts_of_its_own_is_left_alone(tmp_path: Path, accounts: Accounts) -> None:
    file = tmp_path / "tryout.json"
    assert await ensure(file, PLACE, ["wang.fang"], accounts.create) == (None, False)
    assert accounts.made == []
    assert not file.exists()


async def test_fewer_phones_mean_fewer_agents(tmp_path: Path, accounts: Accounts) -> None:
    place = Place(PLACE.sip, PLACE.api, PLACE.metrics, PLACE.phones[:2], PLACE.phone_password)
    await ensure(tmp_path / "tryout.json", place, [], accounts.create)
    assert accounts.logins == ["admin", "agent1", "agent2"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"administrator": {"login": "a"}}'])
async def test_a_damaged_file_is_a_clear_error(tmp_path: Path, accounts: Accounts, content: str) -> None:
    file = tmp_path / "tryout.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"tryout.json cannot be used"):
        await ensure(file, PLACE, [], accounts.create)
    assert file.read_text(encoding="utf-8") == content


def test_without_a_first_start_there_is_nothing_to_load(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="`hotline run` makes it"):
        load(tmp_path / "tryout.json")


async def test_what_is_shown(tmp_path: Path, accounts: Accounts) -> None:
    file = tmp_path / "tryout.json"
    made, _ = await ensure(file, PLACE, [], accounts.create)
    assert isinstance(made, TryOut)
    shown = announce(made, file)
    for _, _, _, password in accounts.made:
        assert password in shown
    assert "phone 1004, SIP password secret-of-1004" in shown
    said = how_to_call(made, "10.0.0.5", ["127.0.0.1", "10.1.0.0/16"])
    assert "server 10.0.0.5:5060 (UDP), user 1001" in said
    assert not [password for *_, password in accounts.made if password in said]
    assert "dial sip:12345@127.0.0.1:5060, unregistered" in said
    assert "(from 127.0.0.1, 10.1.0.0/16)" in said


def test_passwords_differ_and_are_long_enough() -> None:
    passwords = {new_password() for _ in range(100)}
    assert len(passwords) == 100
    assert {len(password) for password in passwords} == {19}
    assert not set("".join(passwords)) & set("il1o0O")


def test_the_address_for_phones() -> None:
    assert lan_address("10.0.0.7") == "10.0.0.7"
    assert lan_address("0.0.0.0").count(".") == 3
    assert lan_address("0.0.0.0") != "0.0.0.0"
