import json
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.unit.web.samples import Things, endpoints
from web.openapi import document


@pytest.fixture
def described() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(document(endpoints(Things()), "1.2.3"))
    return found


def test_the_document_is_valid_openapi_3_1(described: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(described).validate()
    assert described["openapi"] == "3.1.0"
    assert described["info"]["version"] == "1.2.3"


def test_every_endpoint_is_described_with_its_inputs_and_answers(described: dict[str, Any]) -> None:
    operation = described["paths"]["/api/v1/things/{thing_id}"]["put"]
    assert operation["summary"] == "Change"
    assert operation["tags"] == ["things"]
    assert [(item["name"], item["in"], item["required"]) for item in operation["parameters"]] == [
        ("thing_id", "path", True),
        ("limit", "query", False),
        ("word", "query", False),
    ]
    assert operation["parameters"][1]["schema"]["maximum"] == 100
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/ThingBody"}
    assert described["components"]["schemas"]["ThingBody"]["additionalProperties"] is False
    answers = set(operation["responses"])
    assert answers == {"200", "400", "401", "403", "409", "413", "415", "422", "503"}


def test_permissions_show(described: dict[str, Any]) -> None:
    paths = described["paths"]
    assert paths["/api/v1/things/{thing_id}"]["put"]["security"] == [{"session": []}]
    assert paths["/api/v1/things/{thing_id}"]["put"]["x-permission"] == "take_calls"
    assert paths["/api/v1/things/{thing_id}"]["get"]["security"] == []
    assert "401" not in paths["/api/v1/things/{thing_id}"]["get"]["responses"]


def test_operation_ids_are_distinct(described: dict[str, Any]) -> None:
    ids = [item["operationId"] for path in described["paths"].values() for item in path.values()]
    assert len(set(ids)) == len(ids)
    assert "put_things_thing_id" in ids
