import asyncio

import pytest

from agents import passwords
from agents.passwords import Passwords, check_rules, generate
from core import clock
from core.errors import InvalidInput, Unavailable


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("", "10 to 128"),
        ("short-one", "10 to 128"),
        ("x1y2z3" * 22, "10 to 128"),
        ("my-zhang.san-1", "must not contain the login"),
        ("MY-ZHANG.SAN-1", "must not contain the login"),
        ("aaaaaaaaaaaa", "too few different"),
        ("1212121212", "too few different"),
        ("tab\tin the middle", "no control characters"),
        ("lone \ud800 surrogate", "no control characters"),
    ],
)
def test_a_weak_password_is_refused_with_its_rule(password: str, rule: str) -> None:
    with pytest.raises(InvalidInput, match=rule) as caught:
        check_rules(password, "zhang.san")
    assert caught.value.field == "password"
    assert not password or password not in caught.value.message


@pytest.mark.parametrize(
    "password", ["tencharsok", "热线热线一二三四五六七", " blanks count ", "x1y2z3" * 21]
)
def test_a_long_password_of_any_kind_is_taken(password: str) -> None:
    check_rules(password, "zhang.san")


def test_generated_passwords_keep_the_rules_and_differ() -> None:
    made = {generate() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        check_rules(password, "login")


async def test_a_password_matches_its_own_hash_only() -> None:
    keeper = Passwords()
    stored = await keeper.hash("correct horse battery")
    assert stored.startswith("$argon2id$")
    assert await keeper.matches(stored, "correct horse battery")
    assert not await keeper.matches(stored, "correct horse batterz")
    assert not await keeper.matches("not a hash", "correct horse battery")
    assert await keeper.hash("correct horse battery") != stored


async def test_an_unknown_login_never_matches_but_costs_the_same() -> None:
    keeper = Passwords()
    stored = await keeper.hash("correct horse battery")
    assert not await keeper.matches(None, "correct horse battery")

    async def seconds(hashed: str | None) -> float:
        began = clock.monotonic()
        await keeper.matches(hashed, "wrong horse battery")
        return clock.monotonic() - began

    known = min([await seconds(stored) for _ in range(3)])
    unknown = min([await seconds(None) for _ in range(3)])
    assert 0.3 < unknown / known < 3


async def test_hashing_does_not_hold_up_the_loop() -> None:
    keeper = Passwords()
    work = asyncio.gather(*(keeper.hash("correct horse battery") for _ in range(4)))
    turns = 0
    while not work.done():
        await asyncio.sleep(0.001)
        turns += 1
    await work
    assert turns > 20  # hashing in the loop would leave it one turn per hash


async def test_a_crowd_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "LONGEST_QUEUE", 3)
    keeper = Passwords()
    results = await asyncio.gather(*(keeper.hash("x") for _ in range(6)), return_exceptions=True)
    refused = [result for result in results if isinstance(result, Unavailable)]
    assert len(refused) == 3
    assert {error.code for error in refused} == {"too_many_logins"}
    assert (await keeper.hash("x")).startswith("$argon2id$")
