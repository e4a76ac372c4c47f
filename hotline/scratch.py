"""A hotline of its own beside others, for tests and ``hotline smoke``: free ports, temporary folders."""

import tempfile
from pathlib import Path
from typing import Any

from hotline.ports import free_range
from hotline.settings import Settings

RTP_PORTS = 400
"""Enough for a hundred calls: two legs, two ports each."""


def scratch_folder(prefix: str = "hotline-") -> Path:
    """A new temporary folder that the database's unprivileged user can pass through."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
    folder.chmod(0o711)
    return folder


def scratch_settings(folder: Path, **overrides: Any) -> Settings:  # noqa: ANN401 - any setting
    """Settings for a hotline of its own beside others: free ports on loopback, all data below ``folder``.

    The cache folder is the normal one, so that nothing is built again. Nothing but the cache and Asterisk's
    program is taken from the environment.
    """
    normal = Settings()
    rtp_from, rtp_to = free_range(RTP_PORTS)
    values: dict[str, Any] = {
        "data_dir": folder / "data",
        "cache_dir": normal.cache_dir,
        "asterisk_binary": normal.asterisk_binary,
        "sip_host": "127.0.0.1",
        "sip_port": 0,
        "http_port": 0,
        "metrics_port": 0,
        "rtp_from": rtp_from,
        "rtp_to": rtp_to,
        "phones": "1001-1050",
        "phone_qualify_seconds": 5,
        "heartbeat_seconds": 0.5,
        "heartbeat_stale_seconds": 3,
        "reconcile_seconds": 5.0,
    }
    return Settings(_env_prefix="HOTLINE_SCRATCH_", **(values | overrides))
