"""OpenAPI 3.1 from the same table that is served: what validates is what is documented."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from core.api import Endpoint, NoInput
from core.identity import Permission
from web.problems import CONTENT_TYPE

REF = "#/components/schemas/{model}"

PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "One sentence for people."},
        "code": {"type": "string", "description": "Stable, for programs."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "rule": {"type": "string"}},
            },
        },
    },
}


def describe(endpoints: Sequence[Endpoint], version: str) -> dict[str, Any]:
    """The OpenAPI document of these endpoints."""
    schemas = _schemas(endpoints)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {"title": "12345 hotline", "version": version, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": {**schemas, "Problem": PROBLEM},
            "securitySchemes": {"session": {"type": "http", "scheme": "bearer"}},
        },
    }


def _schemas(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    models: set[type[BaseModel]] = set()
    for endpoint in endpoints:
        models |= {model for model in (endpoint.answer, endpoint.body_model) if model is not None}
    ordered = sorted(models, key=lambda model: model.__name__)
    modes: list[tuple[type[BaseModel], Any]] = [(model, "validation") for model in ordered]
    _, document = models_json_schema(modes, ref_template=REF)
    found: dict[str, Any] = document.get("$defs", {})
    return found


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", f"{endpoint.method.lower()}{endpoint.path}").strip("_"),
        "summary": endpoint.summary,
        "tags": [endpoint.tag or "hotline"],
        "parameters": [
            *_parameters(endpoint.path_model, "path"),
            *_parameters(endpoint.query_model, "query"),
        ],
        "responses": _responses(endpoint),
    }
    if endpoint.body_model is not None:
        schema = {"$ref": REF.format(model=endpoint.body_model.__name__)}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    if endpoint.permission is not Permission.PUBLIC:
        operation["security"] = [{"session": []}]
        operation["description"] = f"Needs the permission `{endpoint.permission}`."
    return operation


def _parameters(model: type[BaseModel], where: str) -> list[dict[str, Any]]:
    if model is NoInput:
        return []
    schema = model.model_json_schema()
    required = set(schema.get("required", ()))
    return [
        {
            "name": name,
            "in": where,
            "required": where == "path" or name in required,
            "schema": _inlined(rule, schema.get("$defs", {})),
        }
        for name, rule in schema["properties"].items()
    ]


def _inlined(rule: Any, definitions: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON Schema
    """A parameter's schema without references: those would point into the parameter's own model."""
    if isinstance(rule, dict):
        if "$ref" in rule:
            return _inlined(definitions[rule["$ref"].rpartition("/")[2]], definitions)
        return {key: _inlined(value, definitions) for key, value in rule.items()}
    if isinstance(rule, list):
        return [_inlined(item, definitions) for item in rule]
    return rule


def _responses(endpoint: Endpoint) -> dict[str, Any]:
    statuses = {400, 422, 500, 503, *endpoint.errors}
    if endpoint.body_model is not None:
        statuses |= {413, 415}
    if endpoint.permission is not Permission.PUBLIC:
        statuses |= {401, 403}
    else:
        statuses.add(401)
    problem = {"content": {CONTENT_TYPE: {"schema": {"$ref": REF.format(model="Problem")}}}}
    answers: dict[str, Any] = {
        str(status): {"description": HTTPStatus(status).phrase, **problem} for status in sorted(statuses)
    }
    success: dict[str, Any] = {"description": HTTPStatus(endpoint.status).phrase}
    if endpoint.answer is not None:
        schema = {"$ref": REF.format(model=endpoint.answer.__name__)}
        success["content"] = {"application/json": {"schema": schema}}
    return {str(endpoint.status): success, **answers}
