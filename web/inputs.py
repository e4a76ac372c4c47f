"""Reads a request's path, query and body into the declared models; whatever breaks a rule names its field."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from pydantic import BaseModel

from core.api import Endpoint
from core.errors import HotlineError, InvalidInput

DEEPEST = 20
"""How deeply a JSON body may be nested."""

ALLOWED_CONTROLS = frozenset("\n\t\r")


class BadRequest(HotlineError):
    """The request cannot be read at all."""

    code = "bad_request"
    status = 400


class UnsupportedMediaType(HotlineError):
    """The body is not JSON."""

    code = "unsupported_media_type"
    status = 415


def check_controls(value: object, field: str) -> None:
    """Refuse control characters wherever they stand: they have no meaning here and do harm elsewhere.

    Line breaks and tabs are left to the rules of the field.
    """
    if isinstance(value, str):
        if any((ord(c) < ord(" ") and c not in ALLOWED_CONTROLS) or c == "\x7f" for c in value):
            raise InvalidInput("control characters are not allowed", field=field)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            check_controls(key, field)
            check_controls(item, f"{field}.{key}" if field else str(key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            check_controls(item, f"{field}.{index}")


def read_path(endpoint: Endpoint, request: web.Request) -> BaseModel:
    """The path's variables."""
    values = dict(request.match_info)
    check_controls(values, "")
    return endpoint.path_model.model_validate(values)


def read_query(endpoint: Endpoint, request: web.Request) -> BaseModel:
    """The query's parameters, each at most once."""
    values: dict[str, str] = {}
    for name, value in request.query.items():
        if name in values:
            raise InvalidInput("is given more than once", field=name)
        values[name] = value
    check_controls(values, "")
    return endpoint.query_model.model_validate(values)


async def read_body(endpoint: Endpoint, request: web.Request) -> BaseModel | None:
    """The JSON body, ``None`` for endpoints without one."""
    if endpoint.body_model is None:
        return None
    if request.content_type != "application/json":
        raise UnsupportedMediaType("the body must be application/json")
    text = await _text(request)
    try:
        values: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRequest("the body is not JSON") from error
    _check_depth(values)
    check_controls(values, "")
    return endpoint.body_model.model_validate(values)


async def _text(request: web.Request) -> str:
    try:
        return (await request.read()).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequest("the body is not UTF-8") from error


def _check_depth(value: object, depth: int = 0) -> None:
    if depth > DEEPEST:
        raise BadRequest("the body is nested too deeply")
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in inner:
        _check_depth(item, depth + 1)
