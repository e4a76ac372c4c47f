import pytest

from core import errors
from core.errors import Conflict, HotlineError, InvalidInput

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, HotlineError)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_has_a_code_and_a_status(kind: type[HotlineError]) -> None:
    error = kind("what happened")
    assert str(error) == error.message == "what happened"
    assert error.code.replace("_", "").isalpha()
    assert error.code == error.code.lower()
    assert 400 <= error.status < 600
    assert error.field is None


def test_codes_are_distinct() -> None:
    codes = [kind.code for kind in KINDS]
    assert len(set(codes)) == len(codes)


def test_a_code_of_its_own_does_not_change_the_class() -> None:
    assert Conflict("taken", code="phone_taken", field="phone").code == "phone_taken"
    assert Conflict("taken").code == "conflict"


def test_a_wrong_value_names_its_field() -> None:
    assert InvalidInput("too long", field="body.title").field == "body.title"
