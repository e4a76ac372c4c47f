"""From bytes to validated models: path, query and body of a request.

Beyond what the models say: unknown fields, doubled keys, deep nesting and control characters are refused.
A text may hold line feeds and tabs only where it is long (room for ``LONG_TEXT`` characters or more).
"""

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from aiohttp import web
from annotated_types import MaxLen
from pydantic import BaseModel, ValidationError

from core.api import ApiModel, Endpoint
from web.problems import FieldError, RequestRefused, field_errors, invalid

BODY_LIMIT_BYTES = 256 * 1024
BODY_SECONDS = 15.0
"""A client that sends its body more slowly is sent away."""
DEPTH_LIMIT = 16
LONG_TEXT = 1000

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_IN_LONG_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def path_of(endpoint: Endpoint, request: web.Request) -> ApiModel:
    """The path's parameters; one that does not fit is a 422 that names it."""
    return _validated(endpoint.path_model, dict(request.match_info))


def query_of(endpoint: Endpoint, request: web.Request) -> ApiModel:
    """The query's parameters, each at most once."""
    doubled = [FieldError(field=name, rule="is given twice") for name in _doubled(request)]
    if doubled:
        raise invalid(doubled)
    return _validated(endpoint.query_model, dict(request.query))


async def body_of(endpoint: Endpoint, request: web.Request) -> ApiModel | None:
    """The JSON body, ``None`` where the endpoint takes none.

    Raises:
        RequestRefused: 400, 408, 413, 415 or 422.
    """
    if endpoint.body_model is None:
        return None
    if request.content_type != "application/json":
        raise RequestRefused(415, "unsupported_media_type", "the body must be application/json")
    try:
        async with asyncio.timeout(BODY_SECONDS):
            raw = await request.read()
    except TimeoutError:
        raise RequestRefused(408, "body_too_slow", "the body did not arrive in time") from None
    _check_json(raw)
    try:
        model = endpoint.body_model.model_validate_json(raw, strict=True)
    except ValidationError as error:
        raise invalid(field_errors(error)) from error
    _refuse_control_characters(model)
    return model


def _doubled(request: web.Request) -> list[str]:
    return [name for name in dict.fromkeys(request.query) if len(request.query.getall(name)) > 1]


def _validated(model: type[ApiModel], values: dict[str, str]) -> ApiModel:
    try:
        found = model.model_validate(values)
    except ValidationError as error:
        raise invalid(field_errors(error)) from error
    _refuse_control_characters(found)
    return found


def _check_json(raw: bytes) -> None:
    """Well-formed, without doubled keys, not nested deeply; 400 otherwise."""
    try:
        value = json.loads(raw, object_pairs_hook=_distinct, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise RequestRefused(400, "bad_json", "the body is not valid JSON") from error
    if _deeper_than(value, DEPTH_LIMIT):
        raise RequestRefused(400, "json_too_deep", f"the body is nested deeper than {DEPTH_LIMIT} levels")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _deeper_than(value: object, levels: int) -> bool:
    """Whether lists and objects lie inside each other more than ``levels`` times; an empty one counts."""
    if not isinstance(value, dict | list):
        return False
    if levels == 0:
        return True
    inner = value.values() if isinstance(value, dict) else value
    return any(_deeper_than(item, levels - 1) for item in inner)


def _refuse_control_characters(model: BaseModel) -> None:
    errors = [
        FieldError(field=field, rule="must not contain control characters")
        for field, text, long in _texts(model, "")
        if (_CONTROL_IN_LONG_TEXT if long else _CONTROL).search(text)
    ]
    if errors:
        raise invalid(errors)


def _texts(model: BaseModel, prefix: str) -> Iterator[tuple[str, str, bool]]:
    """Every text in a model: its field, itself, and whether it is a long one."""
    for name, info in type(model).model_fields.items():
        field = f"{prefix}.{name}" if prefix else name
        room = max((item.max_length for item in info.metadata if isinstance(item, MaxLen)), default=0)
        yield from _texts_in(getattr(model, name), field, long=room >= LONG_TEXT)


def _texts_in(value: object, field: str, *, long: bool) -> Iterator[tuple[str, str, bool]]:
    if isinstance(value, str):
        yield field, value, long
    elif isinstance(value, BaseModel):
        yield from _texts(value, field)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts_in(key, field, long=False)
            yield from _texts_in(item, f"{field}.{key}", long=long)
    elif isinstance(value, list | tuple | set | frozenset):
        for index, item in enumerate(value):
            yield from _texts_in(item, f"{field}.{index}", long=long)
