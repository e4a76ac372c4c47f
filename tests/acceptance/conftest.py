"""Every test here drives a whole hotline: real Asterisk, PostgreSQL and SIP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.acceptance.centre import Centre

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.acceptance)


@pytest.fixture
async def centre() -> AsyncIterator[Centre]:
    """A plain centre: no announcement, no rating, no wrap-up, so that times are those of the talk."""
    async with Centre() as running:
        yield running
