import json

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.errors import HotlineError
from core.identity import Permission
from tests.unit.tickets.samples import ListWriter
from tickets.api import _byte_range, _not_satisfiable, _version, endpoints
from tickets.model import TicketState
from tickets.views import TicketPatch, TicketQuery, before_id, cursor_of


def test_every_endpoint_asks_for_a_session() -> None:
    table = endpoints(object())  # type: ignore[arg-type] # the table is built without calling the service
    assert {endpoint.permission for endpoint in table}.isdisjoint({Permission.PUBLIC, Permission.ANY})
    assert len({(endpoint.method, endpoint.path) for endpoint in table}) == len(table) == 5


def test_the_version_comes_from_the_etag() -> None:
    assert _version({"If-Match": ' "17" '}) == 17


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 428),
        ({"If-Match": ""}, 428),
        ({"If-Match": "*"}, 428),
        ({"If-Match": "17"}, 422),
        ({"If-Match": '"17", "18"'}, 422),
        ({"If-Match": '"17'}, 422),
        ({"If-Match": 'W/"17"'}, 412),
        ({"If-Match": '"abc"'}, 412),
        ({"If-Match": '"99999999999999999999"'}, 412),
    ],
)
def test_an_unusable_if_match_names_the_header(headers: dict[str, str], status: int) -> None:
    with pytest.raises(HotlineError) as refusal:
        _version(headers)
    assert (refusal.value.status, refusal.value.field) == (status, "If-Match")


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ({}, "0-999/1000"),
        ({"Range": "bytes=0-99"}, "0-99/1000"),
        ({"Range": "bytes=900-"}, "900-999/1000"),
        ({"Range": "bytes=-100"}, "900-999/1000"),
        ({"Range": "bytes=-5000"}, "0-999/1000"),
        ({"Range": "bytes=990-5000"}, "990-999/1000"),
        ({"Range": "bytes=1000-"}, None),
        ({"Range": "bytes=5-4"}, None),
        ({"Range": "lines=1-2"}, None),
        ({"Range": "bytes=0-1,5-6"}, None),
        ({"Range": "bytes=0-9", "If-Range": '"abc"'}, "0-999/1000"),
    ],
)
def test_the_access_row_tells_what_is_sent(header: dict[str, str], part: str | None) -> None:
    assert _byte_range(make_mocked_request("GET", "/", headers=header), 1000) == part


def test_an_impossible_range_is_a_problem_with_the_size() -> None:
    answer = _not_satisfiable(1000)
    assert isinstance(answer, web.Response)
    assert answer.status == 416
    assert answer.headers["Content-Range"] == "bytes */1000"
    assert answer.content_type == "application/problem+json"
    assert json.loads(answer.text or "")["errors"][0]["field"] == "Range"


@given(st.integers(1, 2**63 - 1))
def test_a_cursor_finds_back(ticket_id: int) -> None:
    cursor = cursor_of(ticket_id)
    assert before_id(cursor) == ticket_id
    assert TicketQuery(cursor=cursor).cursor == cursor


@given(st.text(max_size=80))
def test_any_other_text_is_no_cursor(text: str) -> None:
    with pytest.raises(ValidationError):
        TicketQuery(cursor=text)


def test_a_cursor_beyond_the_largest_id_is_refused() -> None:
    with pytest.raises(ValidationError):
        TicketQuery(cursor=cursor_of(2**63))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("state", "draft"),
        ("agent_id", "0"),
        ("agent_id", "9223372036854775808"),
        ("agent_id", "x"),
        ("queue", "Citizens"),
        ("queue", "a" * 41),
        ("queue", "citi\nzens"),
        ("call_id", "1234"),
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "1.5"),
        ("other", "1"),
    ],
)
def test_a_bad_filter_names_its_field(field: str, value: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        TicketQuery.model_validate({field: value})
    assert refusal.value.errors()[0]["loc"] == (field,)


@pytest.mark.parametrize("value", ["a\x00b", "\ud800", None, 5, ["x"], "x" * 20_001])
@pytest.mark.parametrize("field", ["citizen_name", "title", "body", "topic", "place"])
def test_a_bad_text_names_its_field(field: str, value: object) -> None:
    with pytest.raises(ValidationError) as refusal:
        TicketPatch.model_validate({field: value})
    assert refusal.value.errors()[0]["loc"] == (field,)


def test_a_patch_says_what_was_given_and_nothing_else() -> None:
    patch = TicketPatch.model_validate({"title": "  Heating  ", "body": ""})
    assert patch.texts() == {"title": "Heating", "body": ""}
    assert patch.wanted_state() is None
    assert TicketPatch.model_validate({"state": "REGISTERED"}).wanted_state() is TicketState.REGISTERED


def test_an_empty_patch_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least one field"):
        TicketPatch.model_validate({})


def test_list_writer_refuses_what_the_real_writer_refuses() -> None:
    with pytest.raises(TypeError):
        ListWriter().submit("SELECT $1", object())
