import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.permissions import PERMISSIONS
from core import masking
from core.identity import Account, Role
from core.vocabulary import AgentId


def account(role: Role = Role.AGENT, ident: int = 1, *, contractor: bool = False) -> Account:
    return Account(AgentId(ident), "wang", "Wang", role, (), PERMISSIONS[role], contractor=contractor)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("13812345678", "138****5678"),
        ("+8613812345678", "+86*******5678"),
        ("031212345678", "031*****5678"),
        ("03125901234", "031****1234"),
        ("5901234", "59***34"),
        ("59012345", "59****45"),
        ("12345", "*****"),
        ("", ""),
    ],
)
def test_numbers(number: str, shown: str) -> None:
    assert masking.mask_number(number) == shown


@given(st.text("0123456789+", min_size=1, max_size=30))
def test_a_masked_number_keeps_its_length_and_at_most_seven_digits(number: str) -> None:
    shown = masking.mask_number(number)
    assert len(shown) == len(number)
    assert shown.count("*") >= max(min(3, len(number)), len(number) - 7)


@pytest.mark.parametrize(
    ("name", "shown"),
    [("张三", "张*"), ("欧阳娜娜", "欧阳**"), ("欧阳", "欧*"), ("John Smith", "J*** S****"), ("", "")],
)
def test_names(name: str, shown: str) -> None:
    assert masking.mask_name(name) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("我叫李雷,电话13812345678,供热不热", "我叫李雷,电话138****5678,供热不热"),
        ("ring 138 1234 5678 or 138-1234-5678", "ring 138******5678 or 138******5678"),
        ("+86 13812345678.", "+86********5678."),
        ("身份证13060219900101123X。", "130**************X。"),
        ("old card 130602900101123", "old card 130***********3"),
        ("座机0312-5901234", "座机031*****1234"),
        ("１３８１２３４５６７８", "１３８****５６７８"),
        ("卡号6222021234567890123", "卡号622************0123"),
        ("2026年11月24日,20261124,3楼102室", "2026年11月24日,20261124,3楼102室"),
        ("20269924", "20****24"),
        ("12345热线,110", "12345热线,110"),
        ("", ""),
    ],
)
def test_free_text(text: str, shown: str) -> None:
    expected = shown if "身份证" not in text else "身份证" + shown
    assert masking.mask_text(text) == expected


@given(st.text(max_size=60), st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.text(max_size=60))
def test_no_mobile_number_survives_in_a_text(before: str, number: str, after: str) -> None:
    assert number not in masking.mask_text(f"{before} {number} {after}")


@given(st.text("0123456789 -Xabc供", max_size=60))
def test_masking_twice_changes_nothing_more(text: str) -> None:
    once = masking.mask_text(text)
    assert masking.mask_text(once) == once


@pytest.mark.parametrize(
    ("who", "owner", "may"),
    [
        (account(), 1, True),
        (account(), 2, False),
        (account(), None, False),
        (account(Role.SUPERVISOR), 2, True),
        (account(Role.CALLBACK_STAFF), None, True),
        (account(Role.REVIEWER), 2, False),
        (account(contractor=True), 1, False),
        (account(Role.SUPERVISOR, contractor=True), 1, False),
    ],
)
def test_who_may_unmask(who: Account, owner: int | None, *, may: bool) -> None:
    assert masking.may_unmask(who, None if owner is None else AgentId(owner)) is may


@pytest.mark.parametrize(
    ("who", "owner", "talking", "full"),
    [
        (account(), 1, False, True),
        (account(), 2, False, False),
        (account(contractor=True), 1, False, False),
        (account(contractor=True), 1, True, True),
        (account(Role.SUPERVISOR), 2, False, False),
        (account(Role.AGENT), None, False, False),
    ],
)
def test_who_sees_a_number_in_full(who: Account, owner: int | None, *, talking: bool, full: bool) -> None:
    owner_id = None if owner is None else AgentId(owner)
    assert masking.in_full(who, owner_id, talking=talking) is full
