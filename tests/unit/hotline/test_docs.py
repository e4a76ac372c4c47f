"""The documentation names what exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = ["README.md", "README.zh-CN.md", "CHANGELOG.md", *(f"docs/{p.name}" for p in ROOT.glob("docs/*.md"))]
FOLDERS = "acd|agents|asterisk-config|core|db|docs|hotline|ivr|telephony|tests|tickets|web"


def _text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_is_named_exists(page: str) -> None:
    named = set(re.findall(rf"`((?:{FOLDERS})/[\w./-]*)", _text(page)))
    assert {path for path in named if not (ROOT / path).exists()} == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_link_inside_the_project_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*)(#[^)]*)?\)", _text(page))
    here = (ROOT / page).parent
    assert {link for link, _ in links if link and not (here / link).exists()} == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_that_is_named_exists(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", _text("Makefile"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", _text(page), re.MULTILINE)) <= targets


def test_both_readmes_show_the_same_commands_and_variables() -> None:
    def code(page: str) -> set[str]:
        return set(
            re.findall(r"HOTLINE_[A-Z_]+|(?:`|bin/)hotline [a-z]+|make [a-z]+|/api/v1|\$API/\S+", _text(page))
        )

    assert code("README.md") == code("README.zh-CN.md")
