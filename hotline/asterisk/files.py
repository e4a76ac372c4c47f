"""Templates to files, with a check on every value: what gets in cannot change the meaning of a line."""

import os
import re
import secrets
from pathlib import Path
from typing import Any

import jinja2

from core.errors import ConfigurationError
from hotline.settings import ROOT

TEMPLATES = ROOT / "asterisk-config" / "templates"

MODE = 0o640
"""Some files hold passwords."""

_SAFE_PATH = re.compile(r"[A-Za-z0-9/._+@=-]+")
_SAFE_TEXT = re.compile(r"[\x20-\x3a\x3c-\x7e]*")
"""Printable ASCII without the semicolon, which begins a comment."""


def fill(template: str, context: dict[str, Any]) -> str:
    """The text of one file.

    Args:
        template: name without ``.j2``.
        context: what the template names.

    Raises:
        ConfigurationError: a value has characters that mean something to Asterisk.
    """
    return _ENVIRONMENT.get_template(f"{template}.j2").render(context)


def names() -> list[str]:
    """Every file that there is a template for."""
    return sorted(path.stem for path in TEMPLATES.glob("*.j2"))


def write(path: Path, text: str) -> None:
    """Replace a file as a whole; a reader sees the old text or the new one."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        temporary.replace(path)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error}") from error


def _checked(value: object) -> object:
    """Called by jinja2 for every value that is put into a text."""
    if isinstance(value, Path):
        if not _SAFE_PATH.fullmatch(str(value)):
            raise ConfigurationError(
                f"the path {value} cannot be written into Asterisk's configuration: "
                "use letters, digits and / . _ + @ = - only"
            )
    elif isinstance(value, str) and not _SAFE_TEXT.fullmatch(value):
        raise ConfigurationError(
            "a value for Asterisk's configuration has a semicolon, a line break or other than printable ASCII"
        )
    return value


_ENVIRONMENT = jinja2.Environment(  # noqa: S701 - configuration files are no HTML; `finalize` checks values
    loader=jinja2.FileSystemLoader(TEMPLATES),
    undefined=jinja2.StrictUndefined,
    finalize=_checked,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
