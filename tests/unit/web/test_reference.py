"""The reference page: every operation is there, links lead somewhere, nothing comes from outside."""

import hashlib
import re
from base64 import b64encode
from html.parser import HTMLParser

import pytest

from tests.unit.web.samples import Sessions, Things, endpoints
from web.app import create_app
from web.openapi import document
from web.reference import POLICY, page

VOID = {"meta"}


class Checked(HTMLParser):
    """Counts what opens and closes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name == "href":
                self.links.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def text() -> str:
    return page(document(endpoints(Things()), "1.2")).decode()


def test_it_is_well_formed_and_every_link_leads_somewhere(text: str) -> None:
    checked = Checked()
    checked.feed(text)
    assert checked.open == []
    assert len(set(checked.ids)) == len(checked.ids)
    assert {link for link in checked.links if not link.startswith("#")} == {"/openapi.json"}
    assert {link[1:] for link in checked.links if link.startswith("#")} <= set(checked.ids)


def test_every_operation_is_there_with_its_permission(text: str) -> None:
    for endpoint in endpoints(Things()):
        assert f"<b>{endpoint.method}</b> {endpoint.path}</h3>" in text
        assert endpoint.summary in text


def test_nothing_comes_from_outside_and_the_policy_allows_just_this_style(text: str) -> None:
    assert not re.search(r"https?:|<script|<link|<img|@import|url\(", text)
    style = text.partition("<style>")[2].partition("</style>")[0]
    assert f"'sha256-{b64encode(hashlib.sha256(style.encode()).digest()).decode()}'" in POLICY


async def test_it_is_served_under_its_own_policy(aiohttp_client) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001 - pytest-aiohttp's fixture
    client = await aiohttp_client(create_app(endpoints(Things()), Sessions(), version="1.2"))
    response = await client.get("/docs")
    assert response.status == 200
    assert response.content_type == "text/html"
    assert response.headers["Content-Security-Policy"] == POLICY
    assert "Hotline API 1.2" in await response.text()
