import base64
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.api import CallQuery, decode_cursor, encode_cursor
from core.errors import InvalidInput

IDENT = "0b6c2d0e-8a5e-4a57-9d6f-3f1f6f0f8a11"


def packed(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


FIRST = datetime(2000, 1, 1, tzinfo=UTC)


@given(st.integers(0, 3_000_000_000_000_000), st.uuids())
def test_a_cursor_brings_back_the_very_microsecond(microseconds: int, ident: UUID) -> None:
    moment = FIRST + timedelta(microseconds=microseconds)
    assert decode_cursor(encode_cursor(moment.timestamp(), str(ident))) == (moment, str(ident))


def test_no_cursor_is_the_beginning() -> None:
    assert decode_cursor(None) == (None, None)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "%%%%",
        "表",
        packed(""),
        packed("1.5"),
        packed(f"1.5 {IDENT} more"),
        packed("1.5 not-a-uuid"),
        packed(f"soon {IDENT}"),
        packed(f"nan {IDENT}"),
        packed(f"inf {IDENT}"),
        packed(f"1e300 {IDENT}"),
        packed(f"-1e18 {IDENT}"),
        base64.urlsafe_b64encode(b"\xff\xfe \xff").decode(),
        encode_cursor(1.5, IDENT) + "!",
        " " + encode_cursor(1.5, IDENT),
        encode_cursor(1.5, IDENT.upper()),
        packed(f"1.50 {IDENT}"),
    ],
)
def test_any_other_cursor_names_the_field(cursor: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        decode_cursor(cursor)
    assert caught.value.field == "cursor"


@given(st.text(max_size=60))
def test_arbitrary_text_is_refused_or_genuine(text: str) -> None:
    try:
        at, ident = decode_cursor(text)
    except InvalidInput:
        return
    assert at is not None
    assert ident is not None
    assert encode_cursor(at.timestamp(), ident) == text


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 101},
        {"queue": "Citizens;"},
        {"outcome": "lost"},
        {"agent_id": 0},
        {"arrived_from": "2026-01-01T00:00:00"},
        {"cursor": "x" * 201},
        {"surprise": 1},
    ],
)
def test_a_list_query_with_a_wrong_value_is_refused(query: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(query))):
        CallQuery.model_validate(query)
