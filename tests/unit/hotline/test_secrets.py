"""Secrets are made once, kept, and readable by the owner only."""

import stat
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from hotline.secrets import load_or_create


def test_made_once_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "ami"
    first = load_or_create(path)
    assert len(first) >= 40
    assert load_or_create(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert load_or_create(tmp_path / "other") != first
    assert [entry.name for entry in path.parent.iterdir()] == ["ami"]


def test_empty_or_unreadable_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(ConfigurationError, match="is empty"):
        load_or_create(tmp_path / "empty")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigurationError, match="cannot be used"):
        load_or_create(tmp_path / "folder")
