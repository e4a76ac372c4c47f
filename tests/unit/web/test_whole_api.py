"""All features' endpoints together: one valid description, distinct routes, every rule of the house kept."""

import json
import re
from collections.abc import Iterator
from typing import Any, cast

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from acd.api import CallApi
from acd.api import endpoints as call_endpoints
from agents.api import PeopleApi
from agents.api import endpoints as people_endpoints
from core.api import Endpoint
from core.identity import Permission
from tickets.api import endpoints as ticket_endpoints
from web.openapi import document

NOTHING = cast("Any", None)


@pytest.fixture
def endpoints() -> list[Endpoint]:
    people = PeopleApi(
        service=NOTHING,
        store=NOTHING,
        inbox=NOTHING,
        live=NOTHING,
        phones=NOTHING,
        tickets=NOTHING,
        now=NOTHING,
    )
    calls = CallApi(NOTHING, NOTHING, NOTHING)
    return [*people_endpoints(people), *call_endpoints(calls), *ticket_endpoints(NOTHING)]


@pytest.fixture
def described(endpoints: list[Endpoint]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(document(endpoints, "1"))
    return found


def references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def test_the_description_is_valid_and_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(described).validate()
    known = {f"#/components/schemas/{name}" for name in described["components"]["schemas"]}
    assert set(references(described)) <= known


def test_routes_are_distinct_and_versioned(endpoints: list[Endpoint]) -> None:
    routes = [(endpoint.method, endpoint.path) for endpoint in endpoints]
    assert len(set(routes)) == len(routes)
    assert all(path.startswith("/api/v1/") for _, path in routes)


def test_only_logging_in_is_public(endpoints: list[Endpoint]) -> None:
    public = [e.path for e in endpoints if e.permission is Permission.PUBLIC]
    assert public == ["/api/v1/sessions"]


def test_every_place_in_a_path_is_declared(endpoints: list[Endpoint]) -> None:
    for endpoint in endpoints:
        assert set(re.findall(r"\{(\w+)\}", endpoint.path)) == set(endpoint.path_model.model_fields)


def test_every_answer_and_body_refuses_unknown_fields(endpoints: list[Endpoint]) -> None:
    for endpoint in endpoints:
        for model in (endpoint.path_model, endpoint.query_model, endpoint.body_model, endpoint.answer):
            assert model is None or model.model_config["extra"] == "forbid"
