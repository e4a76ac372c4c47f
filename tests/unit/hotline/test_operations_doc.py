"""The tables of docs/operations.md say what the code says."""

import json
import re
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from pydantic_core import PydanticUndefined

from hotline import bootstrap
from hotline.metrics import Metrics
from hotline.settings import Settings
from ivr.texts import NAMES

PAGE = (Path(__file__).parents[3] / "docs" / "operations.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `HOTLINE_([A-Z_]+)` \| (.*?) \|", PAGE, re.MULTILINE))
IN_WORDS = {"data_dir", "cache_dir", "queues"}
"""Settings whose default is described instead of shown."""


def test_every_setting_has_its_row_and_every_row_is_a_setting() -> None:
    assert sorted(ROWS) == sorted(name.upper() for name in Settings.model_fields)


@pytest.mark.parametrize("name", sorted(set(Settings.model_fields) - IN_WORDS))
def test_the_default_in_the_row_is_the_real_one(name: str) -> None:
    default = Settings.model_fields[name].default
    assert default is not PydanticUndefined
    assert ROWS[name.upper()] == ("unset" if default is None else f"`{_shown(default)}`")


def _shown(value: object) -> str:
    return str(value) if isinstance(value, str) else json.dumps(value)


def test_every_metric_of_the_registry_is_explained() -> None:
    families = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in Metrics(["citizens"]).registry.collect()
    }
    assert len(families) > 10
    assert {name for name in families if f"`{name}" not in PAGE} == set()


def test_every_figure_read_from_the_parts_is_explained() -> None:
    parts = MagicMock()
    bootstrap.watch(parts)
    read = parts.metrics.watch.call_args.kwargs
    names = [*read["gauges"], *(f"{name}_total" for name in read["counters"])]
    assert len(names) > 10
    assert {name for name in names if f"`{name}`" not in PAGE} == set()


def test_every_prompt_is_explained() -> None:
    assert {name for name in NAMES if f"`{name}`" not in PAGE} == set()
