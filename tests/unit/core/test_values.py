"""The shared values are values: equal by content, not to be changed, and no two features' words collide."""

import dataclasses
import inspect
import typing
from enum import StrEnum

import pytest

from core import clock, commands, events, facts, ports, vocabulary
from core.api import ApiModel, ApiRequest, NoInput
from core.errors import NotAuthenticated
from core.identity import Permission, Role
from core.vocabulary import AgentState, Outcome

VALUES = [
    kind
    for module in (events, commands, facts)
    for kind in vars(module).values()
    if inspect.isclass(kind) and dataclasses.is_dataclass(kind) and kind.__module__ == module.__name__
]


@pytest.mark.parametrize("kind", VALUES)
def test_values_are_frozen_and_small(kind: type) -> None:
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined] # every dataclass has it
    assert "__dict__" not in dir(kind), "slots"
    assert kind.__doc__


@pytest.mark.parametrize(
    ("module", "union"),
    [(events, events.Event), (commands, commands.Command), (facts, facts.Fact)],
)
def test_the_union_names_every_kind(module: object, union: object) -> None:
    named = {kind for kind in VALUES if inspect.getmodule(kind) is module} - {events.LiveCall}
    assert set(typing.get_args(union)) == named


@pytest.mark.parametrize(
    "kind", [k for k in VALUES if k.__module__ == "core.events" and k is not events.LiveCall]
)
def test_every_event_has_its_moment(kind: type) -> None:
    assert "at" in {field.name for field in dataclasses.fields(kind)}


@pytest.mark.parametrize(
    "words",
    [kind for kind in vars(vocabulary).values() if isinstance(kind, type) and issubclass(kind, StrEnum)],
)
def test_words_of_the_vocabulary_are_plain(words: type[StrEnum]) -> None:
    for word in words:
        assert word.value.replace("_", "").isalnum()
        assert len(word.value) <= 40


def test_words_that_are_stored_do_not_change() -> None:
    """They are in people's databases."""
    assert [state.value for state in AgentState] == [
        "OFFLINE",
        "READY",
        "RINGING",
        "TALKING",
        "WRAP_UP",
        "BREAK",
        "STRESS_ROOM",
        "NOT_RESPONDING",
        "OUTBOUND",
    ]
    assert [outcome.value for outcome in Outcome] == [
        "answered",
        "abandoned",
        "overflowed",
        "called_back",
        "failed",
    ]
    assert [role.value for role in Role] == [
        "agent",
        "senior_agent",
        "supervisor",
        "dispatcher",
        "reviewer",
        "callback_staff",
        "knowledge_editor",
        "analyst",
        "unit_handler",
        "unit_head",
        "inspector",
        "administrator",
        "machine",
    ]


def test_permissions_are_distinct_words() -> None:
    assert len({permission.value for permission in Permission}) == len(Permission)


def test_the_clocks_run() -> None:
    before = clock.monotonic()
    assert clock.wall() > 1_700_000_000
    assert clock.monotonic() >= before


def test_an_unknown_field_in_a_body_is_refused() -> None:
    class Body(ApiModel):
        name: str

    assert Body.model_validate({"name": " Li "}).name == "Li"
    with pytest.raises(ValueError, match="surprise"):
        Body.model_validate({"name": "Li", "surprise": 1})


def test_a_request_without_a_session_has_no_account() -> None:
    request = ApiRequest(NoInput(), NoInput(), None, {}, "127.0.0.1", None, None)
    with pytest.raises(NotAuthenticated):
        _ = request.account


def test_a_caller_who_is_gone_is_not_a_fault_of_the_switch() -> None:
    assert not issubclass(ports.CallerGone, ports.TelephonyError)
