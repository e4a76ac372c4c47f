import pytest

from core.vocabulary import Language
from ivr.texts import CATALOGUE, NAMES, PromptText, spoken


def test_names_are_distinct_and_fit_a_file_and_a_setting() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert all(name.replace("_", "a").isalnum() and name == name.lower() for name in NAMES)


def is_part_of_a_sentence(name: str) -> bool:
    """Put together by ``ivr.holding``."""
    parts = {"position_before", "wait_at_most", "wait_between", "wait_and"}
    return name in parts or name.startswith("number_")


@pytest.mark.parametrize("prompt", CATALOGUE, ids=NAMES)
def test_each_text_is_written_in_its_language(prompt: PromptText) -> None:
    chinese, english = prompt.text(Language.CHINESE), prompt.text(Language.ENGLISH)
    assert all("一" <= char <= "鿿" or char in "，。、" or char.isdigit() for char in chinese)
    assert english.isascii()
    if not is_part_of_a_sentence(prompt.name):
        assert chinese.endswith("。")
        assert english.endswith(".")


def test_the_notice_says_that_the_call_is_recorded() -> None:
    notice = next(prompt for prompt in CATALOGUE if prompt.name == "recording_notice")
    assert "录音" in notice.chinese
    assert "recorded" in notice.english


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("致电12345热线", Language.CHINESE, "致电一二三四五热线"),
        ("满意请按1，", Language.CHINESE, "满意请按一，"),
        ("the 12345 hotline", Language.ENGLISH, "the one two three four five hotline"),
        ("press 1. If 90", Language.ENGLISH, "press one. If nine zero"),
        ("no figures", Language.ENGLISH, "no figures"),
    ],
)
def test_figures_are_read_digit_by_digit(text: str, language: Language, expected: str) -> None:
    assert spoken(text, language) == expected
