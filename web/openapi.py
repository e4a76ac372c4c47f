"""OpenAPI 3.1, made from the same table of endpoints that is served: it cannot disagree with it."""

import json
import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any, Literal

from pydantic.json_schema import models_json_schema

from core.api import ApiModel, Endpoint
from core.identity import Permission
from web.problems import MEDIA_TYPE, Problem

_REF = "#/components/schemas/{model}"
_ALWAYS = (422, 503)
_WITH_SESSION = (401, 403)

Mode = Literal["validation", "serialization"]
Schemas = dict[tuple[type, Mode], dict[str, Any]]


def document(endpoints: Sequence[Endpoint], version: str) -> bytes:
    """The description of the API as JSON."""
    schemas, definitions = models_json_schema(_models(endpoints), ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        operation = _operation(endpoint, schemas)
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = operation
    described = {
        "openapi": "3.1.0",
        "info": {
            "title": "Hotline API",
            "version": version,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": definitions.get("$defs", {}),
            "securitySchemes": {"session": {"type": "http", "scheme": "bearer"}},
        },
    }
    return json.dumps(described, ensure_ascii=False, sort_keys=False).encode()


def _models(endpoints: Iterable[Endpoint]) -> list[tuple[type[Any], Mode]]:
    found: dict[tuple[type[Any], Mode], None] = {(Problem, "serialization"): None}
    for endpoint in endpoints:
        for model in (endpoint.path_model, endpoint.query_model, endpoint.body_model):
            if model is not None:
                found[model, "validation"] = None
        if endpoint.answer is not None:
            found[endpoint.answer, "serialization"] = None
    return list(found)


def _operation(endpoint: Endpoint, schemas: Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(endpoint),
        "summary": endpoint.summary,
        "tags": [endpoint.tag or "general"],
        "parameters": [
            *_parameters(endpoint.path_model, "path"),
            *_parameters(endpoint.query_model, "query"),
        ],
        "responses": _responses(endpoint, schemas),
    }
    if endpoint.body_model is not None:
        content = {"application/json": {"schema": schemas[endpoint.body_model, "validation"]}}
        operation["requestBody"] = {"required": True, "content": content}
    if endpoint.permission is Permission.PUBLIC:
        operation["security"] = []
    else:
        operation["security"] = [{"session": []}]
        operation["x-permission"] = endpoint.permission.value
    return operation


def _operation_id(endpoint: Endpoint) -> str:
    words = re.findall(r"[A-Za-z0-9_]+", endpoint.path.removeprefix("/api/v1"))
    return "_".join([endpoint.method.lower(), *words])


def _parameters(model: type[ApiModel], place: str) -> list[dict[str, Any]]:
    schema = model.model_json_schema(ref_template=_REF)
    required = set(schema.get("required", ()))
    return [
        {"name": name, "in": place, "required": place == "path" or name in required, "schema": inner}
        for name, inner in schema.get("properties", {}).items()
    ]


def _responses(endpoint: Endpoint, schemas: Schemas) -> dict[str, Any]:
    good: dict[str, Any] = {"description": HTTPStatus(endpoint.status).phrase}
    if endpoint.answer is not None:
        good["content"] = {"application/json": {"schema": schemas[endpoint.answer, "serialization"]}}
    statuses = {*_ALWAYS, *endpoint.errors}
    if endpoint.permission is not Permission.PUBLIC:
        statuses.update(_WITH_SESSION)
    if endpoint.body_model is not None:
        statuses.update((400, 413, 415))
    responses: dict[str, Any] = {str(endpoint.status): good}
    for status in sorted(statuses):
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": schemas[Problem, "serialization"]}},
        }
    return responses
