"""The API reference as one page that needs nothing from anywhere: made of the description that is served.

No script and nothing from outside: the page works on a network without the internet, under the strictest
content policy (its style is allowed by its hash).
"""

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 70rem; padding: 1rem; color: #222; }
nav ul { columns: 3; list-style: none; padding: 0; }
article { border-top: 1px solid #ccc; margin-top: 1.5rem; }
h3 { font-family: ui-monospace, monospace; font-size: 1rem; }
h3 b { display: inline-block; min-width: 4.5rem; }
table { border-collapse: collapse; width: 100%; }
td, th { border-bottom: 1px solid #e5e5e5; padding: .2rem .6rem .2rem 0; text-align: left; }
code { font-family: ui-monospace, monospace; }
"""

POLICY = (
    "default-src 'none'; frame-ancestors 'none'; "
    f"style-src 'sha256-{b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
)
"""The Content-Security-Policy that the page is served with."""

INTRODUCTION = (
    "Machine-readable: <a href='/openapi.json'>/openapi.json</a>. Every request but logging in carries "
    "<code>Authorization: Bearer TOKEN</code>."
)

Object = Mapping[str, Any]


def page(description: bytes) -> bytes:
    """The whole page.

    Args:
        description: the OpenAPI document as JSON.
    """
    described = json.loads(description)
    operations = sorted(_operations(described["paths"]), key=lambda each: (each[2]["tags"], each[1], each[0]))
    schemas: Object = described["components"]["schemas"]
    title = escape(f"{described['info']['title']} {described['info']['version']}")
    body = [
        f"<h1>{title}</h1>",
        f"<p>{INTRODUCTION}</p>",
        *_contents(operations),
        *(line for each in operations for line in _operation(*each)),
        "<h2>Objects</h2>",
        *(line for name in sorted(schemas) for line in _schema(name, schemas[name])),
    ]
    head = f"<meta charset='utf-8'><title>{title}</title><style>{STYLE}</style>"
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{''.join(body)}</body></html>".encode()


def _operations(paths: Object) -> Iterator[tuple[str, str, Object]]:
    for path, operations in paths.items():
        for method, operation in operations.items():
            yield method.upper(), path, operation


def _contents(operations: Sequence[tuple[str, str, Object]]) -> Iterator[str]:
    """Links to every operation, by tag."""
    yield "<nav>"
    tag = None
    for method, path, operation in operations:
        if operation["tags"][0] != tag:
            if tag is not None:
                yield "</ul>"
            tag = operation["tags"][0]
            yield f"<h2>{escape(tag)}</h2><ul>"
        yield f"<li><a href='#{escape(operation['operationId'])}'>{method} {escape(path)}</a></li>"
    yield "</ul></nav>"


def _operation(method: str, path: str, operation: Object) -> Iterator[str]:
    yield f"<article id='{escape(operation['operationId'])}'><h3><b>{method}</b> {escape(path)}</h3>"
    needs = operation.get("x-permission", "none")
    yield f"<p>{escape(operation['summary'])}. Permission: <code>{needs}</code>.</p>"
    if operation["parameters"]:
        yield "<table><tr><th>Parameter</th><th>In</th><th>Value</th></tr>"
        for each in operation["parameters"]:
            needed = " (needed)" if each["required"] else ""
            yield _row(escape(each["name"]) + needed, each["in"], _kind(each["schema"]))
        yield "</table>"
    if "requestBody" in operation:
        yield f"<p>Body: {_content(operation['requestBody'])}</p>"
    yield "<table><tr><th>Status</th><th>Meaning</th><th>Answer</th></tr>"
    for status, answer in operation["responses"].items():
        yield _row(status, escape(answer["description"]), _content(answer))
    yield "</table></article>"


def _schema(name: str, schema: Object) -> Iterator[str]:
    yield f"<article id='schema-{escape(name)}'><h3>{escape(name)}</h3>"
    if schema.get("description"):
        yield f"<p>{escape(schema['description'])}</p>"
    if "enum" in schema:
        yield f"<p>{_kind(schema)}</p>"
    if schema.get("properties"):
        yield "<table><tr><th>Field</th><th>Value</th><th></th></tr>"
        for field, inner in schema["properties"].items():
            needed = " (needed)" if field in schema.get("required", ()) else ""
            yield _row(escape(field) + needed, _kind(inner), escape(inner.get("description", "")))
        yield "</table>"
    yield "</article>"


def _row(*cells: str) -> str:
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _content(holder: Object) -> str:
    """The kind of a body."""
    for media in holder.get("content", {}).values():
        return _kind(media.get("schema", {}))
    return ""


def _kind(schema: Object) -> str:
    """What values a schema allows, in a few words."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f"<a href='#schema-{name}'>{name}</a>"
    if "enum" in schema:
        return ", ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return " or ".join(_kind(each) for each in schema[several])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    limits = [f"{words} {schema[key]}" for key, words in _LIMITS if key in schema]
    return escape(", ".join([str(schema.get("format") or schema.get("type", "any")), *limits]))


_LIMITS = (
    ("minimum", "from"),
    ("maximum", "to"),
    ("minLength", "at least so many characters:"),
    ("maxLength", "at most so many characters:"),
    ("pattern", "like"),
)
