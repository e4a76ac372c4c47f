from datetime import UTC, datetime
from itertools import product

import pytest

from core.errors import Conflict, InvalidInput
from core.identity import Permission
from core.vocabulary import AgentId, CallId
from tests.unit.tickets.samples import ALL, OWN, account, call_id, ticket
from tickets import rules
from tickets.model import TicketChange, TicketFilter, TicketInput, TicketState

DRAFT, REGISTERED = TicketState.DRAFT, TicketState.REGISTERED


@pytest.mark.parametrize(("state", "given_input"), list(product(TicketState, TicketInput)))
def test_every_pair_of_state_and_input(state: TicketState, given_input: TicketInput) -> None:
    expected = {
        (DRAFT, TicketInput.EDIT): DRAFT,
        (DRAFT, TicketInput.REGISTER): REGISTERED,
        (REGISTERED, TicketInput.EDIT): REGISTERED,
        (REGISTERED, TicketInput.REGISTER): None,
    }
    assert rules.next_state(state, given_input) is expected[state, given_input]


@pytest.mark.parametrize("field", rules.TEXT_LIMITS)
def test_a_text_may_be_as_long_as_its_limit_and_no_longer(field: str) -> None:
    limit = rules.TEXT_LIMITS[field]
    assert rules.text_fault(field, "字" * limit) is None
    fault = rules.text_fault(field, "字" * (limit + 1))
    assert fault == f"at most {limit} characters"


@pytest.mark.parametrize("field", rules.TEXT_LIMITS)
@pytest.mark.parametrize("bad", ["\x00", "\x1b", "\x7f", "\x85", "\u2028", "\ud800"])
def test_control_characters_are_refused_everywhere(field: str, bad: str) -> None:
    assert rules.text_fault(field, f"a{bad}b") is not None


@pytest.mark.parametrize("field", rules.TEXT_LIMITS)
def test_lines_are_for_the_body_only(field: str) -> None:
    assert (rules.text_fault(field, "one\n\ttwo") is None) is (field == "body")


def test_an_edit_returns_only_what_differs() -> None:
    change = TicketChange({"title": "No heating", "topic": "heating"})
    state, texts = rules.apply_change(ticket(title="No heating"), change)
    assert state is DRAFT
    assert texts == {"topic": "heating"}


def test_registering_takes_the_title_of_the_same_edit_or_the_earlier_one() -> None:
    assert rules.apply_change(ticket(), TicketChange({"title": "T"}, REGISTERED))[0] is REGISTERED
    assert rules.apply_change(ticket(title="T"), TicketChange({}, REGISTERED))[0] is REGISTERED


@pytest.mark.parametrize(
    ("before", "change"),
    [
        (ticket(), TicketChange({}, REGISTERED)),
        (ticket(title="T"), TicketChange({"title": ""}, REGISTERED)),
        (ticket(title="T", state=REGISTERED), TicketChange({"title": ""})),
    ],
)
def test_a_registered_ticket_is_never_without_a_title(before: object, change: TicketChange) -> None:
    with pytest.raises(InvalidInput) as refusal:
        rules.apply_change(before, change)  # type: ignore[arg-type] # a ticket, see the table
    assert (refusal.value.code, refusal.value.field) == ("title_required", "title")


def test_a_registered_ticket_is_no_draft_again() -> None:
    with pytest.raises(Conflict) as refusal:
        rules.apply_change(ticket(title="T", state=REGISTERED), TicketChange({}, DRAFT))
    assert refusal.value.field == "state"


@pytest.mark.parametrize("state", TicketState)
def test_asking_for_the_present_state_is_an_edit(state: TicketState) -> None:
    before = ticket(title="T", state=state)
    assert rules.apply_change(before, TicketChange({"place": "P"}, state)) == (state, {"place": "P"})


def test_a_bad_text_is_refused_with_its_field_and_without_its_content() -> None:
    with pytest.raises(InvalidInput) as refusal:
        rules.apply_change(ticket(), TicketChange({"place": "secret\x00"}))
    assert refusal.value.field == "place"
    assert "secret" not in refusal.value.message


@pytest.mark.parametrize(
    ("permissions", "owner", "allowed"),
    [
        (OWN, 1, True),
        (OWN, 2, False),
        (OWN, None, False),
        (ALL, 1, True),
        (ALL, 2, True),
        (ALL, None, True),
        (frozenset[Permission](), 1, False),
    ],
)
def test_who_may_see_edit_and_listen(
    permissions: frozenset[Permission], owner: int | None, *, allowed: bool
) -> None:
    somebody = account(1, permissions)
    agent_id = None if owner is None else AgentId(owner)
    assert rules.may_see(somebody, agent_id) is allowed
    assert rules.may_edit(somebody, agent_id) is allowed
    assert rules.may_listen(somebody, agent_id) is allowed


def test_one_permission_does_not_stand_for_another() -> None:
    listener = account(1, frozenset({Permission.LISTEN_ALL_RECORDINGS}))
    assert rules.may_listen(listener, AgentId(2))
    assert not rules.may_see(listener, AgentId(1))
    assert not rules.may_edit(listener, AgentId(1))


def test_a_list_is_narrowed_to_the_own_calls() -> None:
    wanted = TicketFilter(agent_id=AgentId(2))
    assert rules.within_sight(wanted, account(1)).owner == 1
    assert rules.within_sight(wanted, account(1)).agent_id == 2
    assert rules.within_sight(wanted, account(1, ALL)) == wanted


def test_the_recording_id_follows_from_the_call() -> None:
    assert rules.recording_id(call_id(1)) == rules.recording_id(call_id(1))
    assert rules.recording_id(call_id(1)) != rules.recording_id(call_id(2))
    assert rules.recording_id(call_id(1)).version == 5


def test_the_folder_is_the_utc_day_of_the_arrival() -> None:
    before_midnight = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()
    assert rules.path_key(call_id(1), before_midnight) == f"2026/12/31/{call_id(1)}.flac"
    assert rules.path_key(call_id(1), before_midnight + 1) == f"2027/01/01/{call_id(1)}.flac"


@pytest.mark.parametrize(
    "text", ["", "../../etc/passwd", "{" + call_id(1) + "}", call_id(1).replace("-", "")]
)
def test_only_a_canonical_uuid_becomes_a_file_name(text: str) -> None:
    with pytest.raises(ValueError):
        rules.path_key(CallId(text), 0.0)


@pytest.mark.parametrize(
    ("key", "good"),
    [
        (f"2026/11/23/{call_id(1)}.flac", True),
        (f"2026/11/23/{call_id(1)}.flac\n", False),
        (f"/2026/11/23/{call_id(1)}.flac", False),
        (f"2026/11/../{call_id(1)}.flac", False),
        (f"2026/11/23/{call_id(1)}.raw", False),
    ],
)
def test_the_shape_of_a_path_key(key: str, *, good: bool) -> None:
    assert rules.is_path_key(key) is good
