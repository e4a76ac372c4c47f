import socket
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.errors import ConfigurationError
from hotline.folders import Folders, prepare
from hotline.ports import Transport, free_port
from hotline.resolve import check_free, reachable_host, resolve
from hotline.settings import Settings
from tickets.keys import KeySource

PORTS = ("sip_port", "ami_port", "agi_port", "http_port", "metrics_port")


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return prepare(tmp_path / "data", tmp_path / "cache")


def _settings(tmp_path: Path, **values: object) -> Settings:
    free = dict.fromkeys(PORTS, 0) | {"data_dir": tmp_path / "data", "sip_host": "127.0.0.1"}
    return Settings(_env_prefix="HOTLINE_NOTHING_", **(free | values))  # type: ignore[arg-type] # checked by pydantic


def test_open_ends_are_filled(tmp_path: Path, folders: Folders) -> None:
    resolved = resolve(_settings(tmp_path), folders)
    ports = [getattr(resolved, name) for name in PORTS]
    assert 0 not in ports
    assert len(set(ports)) == len(PORTS)
    assert resolved.ami_secret is not None
    assert (
        resolved.ami_secret.get_secret_value()
        == (folders.secrets / "ami").read_text(encoding="ascii").strip()
    )
    assert resolved.phone_secret is not None
    assert resolved.data_dir.is_absolute()
    check_free(resolved)


def test_secrets_are_the_same_at_the_next_start(tmp_path: Path, folders: Folders) -> None:
    first, second = (resolve(_settings(tmp_path), folders) for _ in range(2))
    assert (first.ami_secret, first.phone_secret) == (second.ami_secret, second.phone_secret)
    assert first.ami_secret != first.phone_secret


def test_what_is_set_stays(tmp_path: Path, folders: Folders) -> None:
    given = _settings(
        tmp_path,
        ami_secret=SecretStr("mine"),
        phone_secret=SecretStr("ours"),
        ami_port=5038,
        recording_key=SecretStr("a" * 43),
    )
    resolved = resolve(given, folders)
    assert (resolved.ami_secret, resolved.phone_secret, resolved.ami_port) == (
        SecretStr("mine"),
        SecretStr("ours"),
        5038,
    )
    assert resolved.recording_key_file is None
    assert list(folders.secrets.iterdir()) == []


def test_without_a_recording_key_one_is_made_and_kept(tmp_path: Path, folders: Folders) -> None:
    resolved = resolve(_settings(tmp_path), folders)
    assert resolved.recording_key_file == folders.secrets / "recordings"
    ring = KeySource(resolved.recording_key_file).ring()
    assert ring is not None
    assert len(ring.keys) == 1
    assert (folders.secrets / "recordings").stat().st_mode & 0o777 == 0o600
    given = _settings(tmp_path, recording_key_file=tmp_path / "mine")
    assert resolve(given, folders).recording_key_file == tmp_path / "mine"


def test_an_external_asterisk_must_be_described(tmp_path: Path, folders: Folders) -> None:
    with pytest.raises(ConfigurationError, match="asterisk_external needs agi_port"):
        resolve(_settings(tmp_path, asterisk_external=True), folders)
    with pytest.raises(ConfigurationError, match=r"needs .*/data/run/asterisk.json, which describes"):
        resolve(_settings(tmp_path, asterisk_external=True, agi_port=4573), folders)
    elsewhere = tmp_path / "runtime.json"
    elsewhere.touch()
    described = _settings(tmp_path, asterisk_external=True, agi_port=4573, asterisk_runtime=elsewhere)
    assert resolve(described, folders).asterisk_external


@pytest.mark.parametrize(
    ("setting", "kind"),
    [("http_port", socket.SOCK_STREAM), ("sip_port", socket.SOCK_DGRAM), ("ami_port", socket.SOCK_STREAM)],
)
def test_a_taken_port_names_its_setting(tmp_path: Path, folders: Folders, setting: str, kind: int) -> None:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            taken.listen()
        resolved = resolve(_settings(tmp_path, **{setting: taken.getsockname()[1]}), folders)
        with pytest.raises(ConfigurationError, match=rf"in use \(HOTLINE_{setting.upper()}\)") as raised:
            check_free(resolved)
        assert raised.value.field == setting


def test_the_ports_of_an_external_asterisk_are_meant_to_be_taken(tmp_path: Path, folders: Folders) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        (folders.run / "asterisk.json").touch()
        external = _settings(
            tmp_path,
            asterisk_external=True,
            agi_port=free_port(Transport.TCP),
            ami_port=taken.getsockname()[1],
        )
        check_free(resolve(external, folders))


def test_a_port_is_free_again_right_after_its_server(tmp_path: Path, folders: Folders) -> None:
    port = free_port(Transport.TCP)
    with socket.create_server(("127.0.0.1", port)) as server, socket.create_connection(("127.0.0.1", port)):
        server.accept()[0].close()
    check_free(resolve(_settings(tmp_path, http_port=port), folders))


@pytest.mark.parametrize(
    ("host", "found"), [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("10.0.0.1", "10.0.0.1")]
)
def test_where_a_client_on_this_machine_looks(host: str, found: str) -> None:
    assert reachable_host(host) == found
