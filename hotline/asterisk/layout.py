"""What was rendered and where: handed from whoever renders to whoever starts Asterisk or talks to it."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class AsteriskSecrets:
    """Passwords; the operator's (settings) or made and kept by the installation (``hotline.secrets``)."""

    ami_secret: str
    phone_master: str
    """What every phone's password is derived from."""


@dataclass(frozen=True, slots=True)
class RenderedAsterisk:
    """Everything about one rendered configuration."""

    config_dir: Path
    """Holds ``asterisk.conf``."""
    state_dir: Path
    """Holds all folders that follow."""
    spool_dir: Path
    """Recordings in progress, ``CALL_ID.raw``."""
    log_dir: Path
    run_dir: Path
    music_dir: Path
    journal: Path
    """The CEL journal; exists from the first call on."""
    system_name: str
    """Tag of every genuine event; valid for one start of Asterisk."""
    ami_host: str
    ami_port: int
    ami_user: str
    ami_secret: str
    sip_host: str
    sip_port: int
    rtp_from: int
    rtp_to: int
    music_classes: tuple[str, ...] = ("default",)
    """What queues may name as their music."""


def new_system_name() -> str:
    """A fresh tag: 64 random bits in 16 characters."""
    return secrets.token_hex(8)


def phone_password(master: str, phone: str) -> str:
    """The SIP password of a phone: derived, so that a new phone needs no new secret to be stored."""
    return hmac.new(master.encode(), f"phone:{phone}".encode(), hashlib.sha256).hexdigest()[:32]
