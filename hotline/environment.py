"""Settings as environment variables: how the supervisor hands its resolved settings to the service process.

The environment and not the command line, because a command line can be read by everybody on the machine.
"""

import json
import os
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from hotline.settings import Settings

PREFIX = "HOTLINE_"


def to_environment(settings: Settings, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment from which ``Settings()`` reads exactly these settings.

    Args:
        settings: what the process is to use.
        base: the other variables; unset: ours. Its own ``HOTLINE_`` variables are left out.
    """
    kept = {
        name: value for name, value in (base or os.environ).items() if not name.upper().startswith(PREFIX)
    }
    given = {name: getattr(settings, name) for name in type(settings).model_fields}
    plain = settings.model_dump(mode="json")
    return kept | {
        PREFIX + name.upper(): _text(value, plain[name]) for name, value in given.items() if value is not None
    }


def _text(value: object, plain: Any) -> str:  # noqa: ANN401 - whatever JSON can hold
    """One value in the notation that pydantic-settings reads: strings bare, everything else as JSON."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return plain if isinstance(plain, str) else json.dumps(plain)
