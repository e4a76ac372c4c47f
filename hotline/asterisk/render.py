"""Writes every file that Asterisk reads, from the settings: ``asterisk-config/templates`` -> a folder."""

import ipaddress
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from acd.plan_values import routing_plan
from core.errors import ConfigurationError
from hotline import plan_files
from hotline.asterisk.files import fill, names, write
from hotline.asterisk.install import AsteriskInstall
from hotline.asterisk.layout import AsteriskSecrets, RenderedAsterisk, phone_password
from hotline.asterisk.modules import modules_for
from hotline.asterisk.music import music_classes, write_hold_music
from hotline.initial_plan import initial_plan
from hotline.settings import Settings

PHONES_FILE = "pjsip_phones.conf"

SLICE_SECONDS = 2
"""How often a waiting caller's channel looks at the heartbeat."""
AGI_SECONDS = 60
"""Longest conversation with the service over FastAGI before the dialplan goes on by itself."""
FALLBACK_SECONDS = 60
"""Longest stay in the native queue before the heartbeat is looked at again; the place is kept."""
VOICEMAIL_SILENCE_SECONDS = 8
"""So much silence ends a message in the voicemail box."""
VOICEMAIL_LEAST_SECONDS = 2
"""A shorter message holds no words."""
VOICEMAIL_BYTES_PER_SECOND = 16_000
"""Of the format ``sln``: 8 kHz, 16 bit, one channel."""
WARNING_PAUSE_SECONDS = 3
"""Between the warning before a protected disconnect and the end of the call."""
SHORTEST_NUMBER, LONGEST_NUMBER = 2, 20
"""Digits of a dialled number."""
CONSULT_SECONDS = 30
"""How long a colleague or somebody outside is rung from within a talk."""
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
LONGEST_SOCKET = 107
"""Bytes that the path of a Unix socket can have."""


def render(
    settings: Settings,
    secret: AsteriskSecrets,
    out: Path,
    *,
    state_dir: Path,
    prompts_dir: Path,
    system_name: str,
    install: AsteriskInstall | None = None,
) -> RenderedAsterisk:
    """Write every file that Asterisk reads into ``out`` and make the folders it uses below ``state_dir``.

    Args:
        settings: with real ports (none of them 0).
        secret: the passwords that get into the files (mode 0640).
        out: becomes Asterisk's configuration folder; ``out/custom`` is the operator's and left alone.
        state_dir: recordings, logs, registrations, music, control socket.
        prompts_dir: where ``LANGUAGE/NAME.wav`` are.
        system_name: from ``new_system_name()``; must be a fresh one at each start of Asterisk.
        install: which Asterisk it is for; ``None``: one with its own default paths, of the newest version.

    Raises:
        ConfigurationError: a value cannot be written into Asterisk's configuration.
    """
    rendered = _describe(settings, secret, out.absolute(), state_dir.absolute(), system_name)
    context = _context(settings, secret, rendered, prompts_dir.absolute(), install)
    # What the service has written of the plan stays: it may be away when this Asterisk starts.
    kept = {name for name in plan_files.NAMES if (rendered.config_dir / name).exists()}
    texts = {name: fill(name, context) for name in names() if name not in kept}
    _make_folders(rendered)
    write_hold_music(rendered.music_dir)
    for name, text in texts.items():
        write(rendered.config_dir / name, text)
    return rendered


def render_phones(settings: Settings, secret: AsteriskSecrets, out: Path) -> None:
    """Write the phones' file again, after the range has changed (``process.reload_phones``)."""
    write(out / PHONES_FILE, fill(PHONES_FILE, _phones(settings, secret)))


def identifier_order(trunk_match: tuple[str, ...]) -> str:
    """In which order Asterisk finds out who sent a request.

    Where trunk and phones have different addresses the address decides first, so that nobody outside can
    pass for a phone by its number. Where they share one (loopback, in try-outs) phones are known by their
    user name, and a caller with the number of a phone is asked for its password.
    """
    networks = [ipaddress.ip_network(entry, strict=False) for entry in trunk_match]
    shared = any(
        network.version == loopback.version and network.overlaps(loopback)
        for network in networks
        for loopback in LOOPBACK
    )
    return "username,ip" if shared else "ip,username"


def _describe(
    settings: Settings, secret: AsteriskSecrets, out: Path, state_dir: Path, system_name: str
) -> RenderedAsterisk:
    for name in ("ami_port", "agi_port", "sip_port"):
        if not getattr(settings, name):
            raise ConfigurationError(f"{name} must be a real port before Asterisk's files can be rendered")
    return RenderedAsterisk(
        config_dir=out,
        state_dir=state_dir,
        spool_dir=state_dir / "spool",
        log_dir=state_dir / "log",
        run_dir=state_dir / "run",
        music_dir=state_dir / "music",
        journal=state_dir / "log" / "cel-custom" / "hotline.csv",
        system_name=system_name,
        ami_host=settings.ami_host,
        ami_port=settings.ami_port,
        ami_user=settings.ami_user,
        ami_secret=secret.ami_secret,
        sip_host=settings.sip_host,
        sip_port=settings.sip_port,
        rtp_from=settings.rtp_from,
        rtp_to=settings.rtp_to,
        music_classes=music_classes(_own_music(settings)),
    )


def _own_music(settings: Settings) -> Path:
    return settings.data_dir.absolute() / "music"


def _make_folders(rendered: RenderedAsterisk) -> None:
    if len(os.fsencode(rendered.run_dir / "asterisk.ctl")) > LONGEST_SOCKET:
        raise ConfigurationError(f"the path {rendered.run_dir} is too long for Asterisk's control socket")
    folders = (
        rendered.config_dir / "custom",
        rendered.spool_dir,
        rendered.journal.parent,
        rendered.run_dir,
        rendered.music_dir,
        rendered.state_dir / "lib" / "spool",
    )
    try:
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    except OSError as error:
        raise ConfigurationError(f"Asterisk's folders cannot be made: {error}") from error


def _context(
    settings: Settings,
    secret: AsteriskSecrets,
    rendered: RenderedAsterisk,
    prompts_dir: Path,
    install: AsteriskInstall | None,
) -> dict[str, Any]:
    """Everything that the templates name."""
    return {
        **asdict(rendered),
        **_phones(settings, secret),
        "module_dir": install and install.module_dir,
        "data_dir": install and install.data_dir,
        "modules": modules_for(install),
        "ami_loopback": _is_loopback(settings.ami_host),
        "trunk_match": settings.trunk_match,
        "outside_uri": settings.outside_uri,
        "outside_number": settings.outside_number,
        "identifier_order": _identifier_order(settings),
        **plan_files.context(routing_plan(initial_plan(settings), 0)),
        "own_music": _own_music(settings),
        "own_default": (_own_music(settings) / "default").is_dir(),
        "number_patterns": list(_number_patterns()),
        "stale_seconds": settings.heartbeat_stale_seconds,
        "slice_seconds": SLICE_SECONDS,
        "agi_seconds": AGI_SECONDS,
        "consult_seconds": CONSULT_SECONDS,
        "fallback_seconds": FALLBACK_SECONDS,
        # The leader puts its own address there (telephony/fence.py); until then it is the first process's.
        "agi_url": "agi://${GLOBAL(ACD_AGI)}",
        "agi_address": f"{settings.agi_host}:{settings.agi_port}",
        "announcement": settings.announcement,
        "rating": settings.rating,
        "spoken_prompts": prompts_dir / settings.language,
        "voicemail_seconds": settings.voicemail_seconds,
        "voicemail_silence_seconds": VOICEMAIL_SILENCE_SECONDS,
        "voicemail_least_bytes": VOICEMAIL_LEAST_SECONDS * VOICEMAIL_BYTES_PER_SECOND,
        "notice_prompt": prompts_dir / settings.language / "recording_notice",
        "policy_prompts": prompts_dir / settings.language,
        "warning_pause_seconds": WARNING_PAUSE_SECONDS,
        "phone_digits": sorted({len(phone) for phone in settings.phone_numbers}),
    }


def _phones(settings: Settings, secret: AsteriskSecrets) -> dict[str, Any]:
    """What the phones' file names."""
    phones = [
        {"number": phone, "password": phone_password(secret.phone_master, phone)}
        for phone in settings.phone_numbers
    ]
    return {
        "phones": phones,
        "qualify_seconds": settings.phone_qualify_seconds,
        "rtp_timeout": settings.phone_rtp_timeout_seconds,
        "rtp_timeout_hold": settings.phone_rtp_hold_timeout_seconds,
        "language": settings.language,
    }


def _number_patterns() -> Iterator[str]:
    """Extensions of ``[from-trunk]``: every number of digits, with or without a plus."""
    for length in range(SHORTEST_NUMBER, LONGEST_NUMBER + 1):
        for plus in ("", "+"):
            yield f"_{plus}{'X' * length}"


def _identifier_order(settings: Settings) -> str:
    try:
        return identifier_order(settings.trunk_match)
    except ValueError as error:
        raise ConfigurationError(f"trunk_match: {error}", field="trunk_match") from error


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
