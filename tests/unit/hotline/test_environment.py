import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.vocabulary import Language
from hotline.environment import to_environment
from hotline.settings import QueueSettings, Settings


def test_settings_survive_the_way_through_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(
        data_dir=tmp_path,
        cache_dir=tmp_path / "cache",
        database_url=SecretStr("postgresql://hotline:se'cret@127.0.0.1:5433/hotline"),
        ami_secret=SecretStr('se cret"{}'),
        ami_port=5038,
        trunk_match=("127.0.0.1", "10.0.0.0/8"),
        queues=(
            QueueSettings(name="a", dialled=("12345",), wrap_up_seconds=0.5),
            QueueSettings(name="b", dialled=()),
        ),
        language=Language.ENGLISH,
        rating=False,
        heartbeat_seconds=0.5,
    )
    for name in [name for name in os.environ if name.startswith("HOTLINE_")]:
        monkeypatch.delenv(name)
    environment = to_environment(
        settings, {"PATH": "/bin", "HOTLINE_RATING": "true", "HOTLINE_PROMPT_PACK": "/x"}
    )
    assert environment["PATH"] == "/bin"
    assert "HOTLINE_PROMPT_PACK" not in environment
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings


def test_our_own_environment_is_the_base(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOMETHING", "else")
    assert to_environment(Settings())["SOMETHING"] == "else"
