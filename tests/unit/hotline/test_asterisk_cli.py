"""The commands for operators: what they print, and how they refuse."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from hotline.asterisk.cli import asterisk_app

RUNNER = CliRunner()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in {
        "HOTLINE_DATA_DIR": str(tmp_path / "data"),
        "HOTLINE_CACHE_DIR": str(tmp_path / "cache"),
        "HOTLINE_AMI_PORT": "5038",
        "HOTLINE_AGI_PORT": "4573",
        "HOTLINE_PHONES": "1001-1002",
    }.items():
        monkeypatch.setenv(name, value)
    return tmp_path / "data"


def test_render_writes_into_the_folder(data: Path, tmp_path: Path) -> None:
    done = RUNNER.invoke(asterisk_app, ["render", "--out", str(tmp_path / "etc")])
    assert done.exit_code == 0, done.output
    secret = (data / "secrets" / "ami").read_text().strip()
    assert f"secret = {secret}" in (tmp_path / "etc" / "manager.conf").read_text()
    assert str(tmp_path / "etc" / "asterisk.conf") in done.output
    assert secret not in done.output


def test_each_rendering_has_a_fresh_system_name(data: Path, tmp_path: Path) -> None:
    names = set()
    for _ in range(2):
        RUNNER.invoke(asterisk_app, ["render", "--out", str(tmp_path / "etc")])
        text = (tmp_path / "etc" / "asterisk.conf").read_text()
        names.add(next(line for line in text.splitlines() if line.startswith("systemname")))
    assert len(names) == 2
    assert data.exists()


def test_phones_lists_the_passwords_that_are_rendered(data: Path, tmp_path: Path) -> None:
    RUNNER.invoke(asterisk_app, ["render", "--out", str(tmp_path / "etc")])
    rows = [line.split("\t") for line in RUNNER.invoke(asterisk_app, ["phones"]).output.splitlines()]
    rendered = (tmp_path / "etc" / "pjsip_phones.conf").read_text()
    assert [number for number, _ in rows] == ["1001", "1002"]
    assert all(f"username = {number}\npassword = {password}\n" in rendered for number, password in rows)
    assert (data / "secrets" / "phones").exists()


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("HOTLINE_PHONES", "1005-1001", "phones: the range must go upwards"),
        ("HOTLINE_PHONES", "abc", "HOTLINE_PHONES"),
        ("HOTLINE_AMI_PORT", "0", "ami_port must be a real port"),
        ("HOTLINE_TRUNK_MATCH", '["nowhere"]', "trunk_match"),
    ],
)
def test_bad_settings_are_refused_with_status_2(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, message: str
) -> None:
    monkeypatch.setenv(variable, value)
    done = RUNNER.invoke(asterisk_app, ["render", "--out", str(tmp_path / "etc")])
    assert done.exit_code == 2
    assert message in done.output
    assert not (tmp_path / "etc").exists()
    assert not (data / "asterisk").exists()


def test_folder_that_cannot_be_made_is_refused(data: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = RUNNER.invoke(asterisk_app, ["render", "--out", str(tmp_path / "file" / "etc")])
    assert done.exit_code == 2
    assert "cannot be made" in done.output
    assert data.exists()


def test_unsuitable_asterisk_is_refused(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binary = tmp_path / "asterisk"
    binary.write_text("#!/bin/sh\necho Asterisk 18.1.0\n")
    binary.chmod(0o755)
    monkeypatch.setenv("HOTLINE_ASTERISK_BINARY", str(binary))
    done = RUNNER.invoke(asterisk_app, ["provision"])
    assert done.exit_code == 2
    assert "is of series 18" in done.output
    assert not data.exists()
