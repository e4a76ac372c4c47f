"""Settings with nothing left open: real ports instead of 0, secrets that were made, absolute folders."""

import socket
from pathlib import Path

from pydantic import SecretStr

from core.errors import ConfigurationError
from hotline.folders import Folders
from hotline.ports import Transport, free_port
from hotline.runtime import path_of
from hotline.secrets import load_or_create
from hotline.settings import Settings

AMI_SECRET, PHONE_SECRET = "ami", "phones"
"""As ``hotline asterisk`` names them."""

RECORDING_KEY = "recordings"
"""The file of the keys that recordings are encrypted with."""

ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - looked for, not listened on

_PORTS = (
    ("sip_host", "sip_port", Transport.UDP),
    ("ami_host", "ami_port", Transport.TCP),
    ("agi_host", "agi_port", Transport.TCP),
    ("http_host", "http_port", Transport.TCP),
    ("metrics_host", "metrics_port", Transport.TCP),
    ("agi_host", "standby_agi_port", Transport.TCP),
    ("http_host", "standby_http_port", Transport.TCP),
    ("metrics_host", "standby_metrics_port", Transport.TCP),
)
_ASTERISKS = frozenset({"sip_port", "ami_port"})
"""Ports that Asterisk listens on; an external one has them already."""


def reachable_host(host: str) -> str:
    """Where a client on this machine finds a server that listens at ``host``."""
    return ANY_ADDRESS.get(host, host)


def resolve(settings: Settings, folders: Folders) -> Settings:
    """The same settings with ports, secrets and folders filled in; secrets are made at the first time.

    Raises:
        ConfigurationError: an external Asterisk is not described.
    """
    if settings.asterisk_external:
        _require_external(settings)
    filled: dict[str, object] = {"data_dir": folders.data, "cache_dir": settings.cache_dir.absolute()}
    taken: set[int] = set()
    for host, port, kind in _PORTS:
        if not getattr(settings, port):
            filled[port] = _fresh_port(kind, getattr(settings, host), taken)
    filled["ami_secret"] = settings.ami_secret or _kept(folders.secrets / AMI_SECRET)
    filled["phone_secret"] = settings.phone_secret or _kept(folders.secrets / PHONE_SECRET)
    if settings.recording_key is None and settings.recording_key_file is None:
        load_or_create(folders.secrets / RECORDING_KEY)
        filled["recording_key_file"] = folders.secrets / RECORDING_KEY
    return settings.model_copy(update=filled)


def check_free(settings: Settings) -> None:
    """Make sure that nobody listens on our ports.

    Raises:
        ConfigurationError: somebody does, or the address is not this machine's; names the setting.
    """
    for host, port, kind in _PORTS:
        if settings.asterisk_external and port in _ASTERISKS:
            continue
        _check_one(getattr(settings, host), getattr(settings, port), kind, port)


def _require_external(settings: Settings) -> None:
    """What only the operator of that Asterisk knows."""
    if not settings.agi_port:
        raise ConfigurationError(
            "asterisk_external needs agi_port: the port that its dialplan calls", field="agi_port"
        )
    described = path_of(settings)
    if not described.exists():
        raise ConfigurationError(
            f"asterisk_external needs {described}, which describes that Asterisk (HOTLINE_ASTERISK_RUNTIME)",
            field="asterisk_runtime",
        )


def _fresh_port(kind: Transport, host: str, taken: set[int]) -> int:
    """A free port that was not handed out for another setting a moment ago."""
    while (port := free_port(kind, host)) in taken:
        continue
    taken.add(port)
    return port


def _kept(path: Path) -> SecretStr:
    return SecretStr(load_or_create(path))


def _check_one(host: str, port: int, kind: Transport, setting: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind.value) as probe:
        if kind is Transport.TCP:
            # What the servers do as well: connections of an earlier run that linger are no obstacle.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigurationError(
                f"{kind.name} port {port} at {host} cannot be used: {error.strerror} "
                f"(HOTLINE_{setting.upper()})",
                field=setting,
            ) from error
