"""Which surge notice a caller hears."""

import pytest

from core.surge import SurgeNotice, applying
from core.vocabulary import QueueName


def notice(scope: str, since: float = 0.0, until: float = 100.0) -> SurgeNotice:
    return SurgeNotice(1, scope, f"/{scope}", since, until)


@pytest.mark.parametrize(
    ("scopes", "heard"),
    [
        (["all", "queue:heating", "line:12319"], "line:12319"),
        (["all", "queue:heating"], "queue:heating"),
        (["all", "queue:water", "line:99999"], "all"),
        (["queue:water"], None),
        ([], None),
    ],
)
def test_the_narrowest_scope_counts(scopes: list[str], heard: str | None) -> None:
    found = applying(map(notice, scopes), QueueName("heating"), "12319", 50.0)
    assert (found and found.scope) == heard


@pytest.mark.parametrize(("at", "heard"), [(9.9, False), (10.0, True), (19.9, True), (20.0, False)])
def test_a_notice_holds_from_its_beginning_to_its_end(at: float, heard: bool) -> None:  # noqa: FBT001 - a column
    assert (applying([notice("all", 10.0, 20.0)], QueueName("q"), "1", at) is not None) is heard
