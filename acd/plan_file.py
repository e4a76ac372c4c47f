"""The plan as a TOML file: read with errors that name line and field, written so that it reads back the same.

Used by ``hotline plan`` and by the API's import and export.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from enum import Enum
from typing import Any

from pydantic import ValidationError

from acd.plan_document import PlanDocument
from acd.plan_rules import PlanProblem, PlanRefused, problems

HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?")
KEY = re.compile(r"\s*([A-Za-z0-9_\"'.-]+)\s*=")

BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def read(text: str) -> PlanDocument:
    """The plan that a TOML text describes, checked as a whole.

    Raises:
        PlanRefused: it is not TOML, or breaks rules; each problem names its line where that can be told.
    """
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise PlanRefused([PlanProblem("toml", f"cannot be read: {error}")]) from error
    try:
        # As JSON, so that the file is read as strictly as a body of the API.
        document = PlanDocument.model_validate_json(json.dumps(values, default=str), strict=True)
    except ValidationError as error:
        raise PlanRefused([_located(text, problem) for problem in from_pydantic(error)]) from error
    found = problems(document)
    if found:
        raise PlanRefused([_located(text, problem) for problem in found])
    return document


def from_pydantic(error: ValidationError) -> list[PlanProblem]:
    """What pydantic found, in the plan's notation."""
    words = {"extra_forbidden": "no such field", "missing": "is required"}
    return [
        PlanProblem(
            ".".join(str(part) for part in item["loc"] if part != "[key]") or "plan",
            words.get(item["type"], item["msg"].removeprefix("Value error, ")),
        )
        for item in error.errors(include_url=False, include_input=False, include_context=False)
    ]


def _located(text: str, problem: PlanProblem) -> PlanProblem:
    """The problem with the line that it is on, or that its table begins on."""
    lines = dict(_lines(text))
    parts = problem.field.split(".")
    for length in range(len(parts), 0, -1):
        number = lines.get(".".join(parts[:length]))
        if number is not None:
            return PlanProblem(problem.field, f"{problem.rule} (line {number})")
    return problem


def _lines(text: str) -> Iterator[tuple[str, int]]:
    """Every table and key of a TOML text as (path, line number from 1)."""
    table, places = "", dict[str, int]()
    for number, line in enumerate(text.splitlines(), start=1):
        header, key = HEADER.fullmatch(line), KEY.match(line)
        if header is not None:
            table = _plain(header[2])
            if header[1] == "[[":
                places[table] = places.get(table, -1) + 1
                yield table, number
            # Whatever lies below an array of tables lies in its latest one.
            for array, place in places.items():
                if table == array or table.startswith(f"{array}."):
                    table = f"{array}.{place}{table.removeprefix(array)}"
                    break
            yield table, number
        elif key is not None:
            yield f"{table}.{_plain(key[1])}" if table else _plain(key[1]), number


def _plain(path: str) -> str:
    return re.sub(r"[\"'\s]", "", path)


def write(document: PlanDocument) -> str:
    """The plan as TOML; what has its default value is left out."""
    values = document.model_dump(exclude_defaults=True)
    return "\n".join(_table((), values)).lstrip("\n") + "\n"


def _table(path: tuple[str, ...], values: Mapping[Any, Any]) -> Iterator[str]:
    """The lines of one table: plain values first, since everything after a header belongs to that header."""
    for key, value in values.items():
        if not _is_table(value):
            yield f"{_key(key)} = {_value(value)}"
    for key, value in values.items():
        inner = (*path, _key(key))
        if isinstance(value, Mapping):
            if len(inner) > 1 or not _holds_tables(value):
                yield from ("", f"[{'.'.join(inner)}]")
            yield from _table(inner, value)
        elif _is_table(value):
            for item in value:
                yield from ("", f"[[{'.'.join(inner)}]]")
                yield from _table(inner, item)


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping) or (_is_list(value) and bool(value) and isinstance(value[0], Mapping))  # type: ignore[index] # a list, then


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _holds_tables(value: Mapping[Any, Any]) -> bool:
    return bool(value) and all(isinstance(item, Mapping) for item in value.values())


def _key(key: object) -> str:
    text = _text(key)
    return text if BARE_KEY.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _text(value: object) -> str:
    return str(value.value if isinstance(value, Enum) else value)


def _value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float() | date():
            return str(value)
        case str():
            return json.dumps(_text(value), ensure_ascii=False)
        case list() | tuple():
            return f"[{', '.join(map(_value, value))}]"
        case _:
            raise TypeError(f"{type(value).__name__} has no place in a plan")
