"""The command as an operator types it."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from core.errors import ConfigurationError
from hotline.prompts_cli import prompts_app
from ivr import tts
from ivr.prompts import COUNT
from ivr.texts import NAMES


@pytest.fixture(autouse=True)
def _quick_speech(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tts, "speak", lambda _text, _language: 0.1 * np.ones(800))
    monkeypatch.setenv("HOTLINE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")


def test_build_goes_to_the_cache_folder_unless_told_otherwise(tmp_path: Path) -> None:
    result = CliRunner().invoke(prompts_app, ["build"])
    assert result.exit_code == 0
    assert f"[{COUNT}/{COUNT}] en/{NAMES[-1]}: generated, 0.1 s" in result.stdout
    assert (
        f"{COUNT} prompts in {tmp_path}/cache/prompts: 0 recorded, {COUNT} generated; {COUNT} made now"
        in (result.stdout)
    )
    again = CliRunner().invoke(prompts_app, ["build", "--out", str(tmp_path / "cache" / "prompts")])
    assert "0 made now" in again.stdout


@pytest.mark.parametrize("by_option", [True, False])
def test_a_wrong_pack_ends_with_a_message(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    by_option: bool,  # noqa: FBT001 - a table of two cases
) -> None:
    missing = str(tmp_path / "pack")
    if not by_option:
        monkeypatch.setenv("HOTLINE_PROMPT_PACK", missing)
    result = CliRunner().invoke(prompts_app, ["build", *(["--pack", missing] if by_option else [])])
    assert result.exit_code != 0
    assert isinstance(result.exception, ConfigurationError)
    assert result.exception.message == f"prompt pack {missing}: no such folder"
    assert not (tmp_path / "cache").exists()


def test_list_shows_each_prompt_with_its_text(tmp_path: Path) -> None:
    out = ["--out", str(tmp_path / "out")]
    before = CliRunner().invoke(prompts_app, ["list", *out])
    assert before.stdout.count("not built") == COUNT
    CliRunner().invoke(prompts_app, ["build", *out])
    after = CliRunner().invoke(prompts_app, ["list", *out])
    assert after.stdout.count("generated") == COUNT
    assert "感谢您的评价，祝您生活愉快，再见。" in after.stdout
