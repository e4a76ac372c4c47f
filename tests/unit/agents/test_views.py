import pytest
from pydantic import ValidationError

from agents.views import AccountPatch, LoginBody, NewAccountBody, version_of
from core.errors import InvalidInput

NEW = {"login": "li.si", "display_name": "Li Si", "role": "agent", "password": " with blanks "}


@pytest.mark.parametrize(("header", "version"), [('"1"', 1), ('W/"12"', 12), (' "7" ', 7), ("7", 7)])
def test_an_etag_tells_the_version(header: str, version: int) -> None:
    assert version_of(header) == version


@pytest.mark.parametrize(
    "header", ["", "*", '"a"', '"1", "2"', '"-1"', '"1.0"', '"9999999999"', '"²"', '"١"']
)
def test_anything_else_is_no_etag_of_ours(header: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        version_of(header)
    assert caught.value.field == "If-Match"


def test_passwords_keep_their_blanks_and_names_lose_theirs() -> None:
    body = NewAccountBody.model_validate({**NEW, "display_name": "  Li Si "})
    assert (body.password, body.display_name, body.queues) == (" with blanks ", "Li Si", [])
    assert LoginBody(login="a", password=" x ").password == " x "


def test_a_change_that_names_nothing_is_refused() -> None:
    with pytest.raises(ValidationError, match="names nothing to change"):
        AccountPatch.model_validate({})


@pytest.mark.parametrize("field", ["display_name", "role", "password", "queues", "active"])
def test_null_is_no_change(field: str) -> None:
    with pytest.raises(ValidationError, match="leave it out instead"):
        AccountPatch.model_validate({field: None})
