"""Every setting of the hotline, from the environment (``HOTLINE_...``) or an env file, checked at the start.

A wrong value ends the command with the name of the setting and the rule (``hotline.cli``).
"""

import os
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from acd.callers import AnonymousPolicy
from core.vocabulary import Language

ROOT = Path(__file__).resolve().parent.parent
"""The checkout."""

Port = Annotated[int, Field(ge=0, le=65535)]
"""0: a free one is chosen at the start."""

EmergencyService = Literal["110", "119", "120", "122"]
EMERGENCY_SERVICES: tuple[EmergencyService, ...] = ("110", "119", "120", "122")
"""Police, fire brigade, ambulance, traffic police."""

QueueKey = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]
CalloutKind = Annotated[str, Field(pattern=r"^(mobile|landline|local|service|premium|international)$")]
Digits = Annotated[str, Field(pattern=r"^[0-9]{2,20}$")]


def _default_home(root_path: str, user_path: str) -> Path:
    """System folder for root, the user's own folder otherwise."""
    return Path(root_path) if os.geteuid() == 0 else Path.home() / user_path


class QueueSettings(BaseModel):
    """One queue and the dialled numbers that lead to it."""

    name: QueueKey
    dialled: tuple[Digits, ...]
    """Numbers that lead here; a queue without any takes what no other queue names."""
    wrap_up_seconds: Annotated[float, Field(ge=0, le=3600)] = 10.0
    ring_seconds: Annotated[int, Field(ge=3, le=120)] = 15
    service_level_seconds: Annotated[int, Field(ge=1, le=600)] = 15


class Settings(BaseSettings):
    """All settings; each field's environment variable is ``HOTLINE_`` + its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="HOTLINE_", env_nested_delimiter="__", extra="ignore")

    data_dir: Path = Field(default_factory=lambda: _default_home("/var/lib/hotline", ".local/share/hotline"))
    """Database, recordings, logs, secrets: everything that stays."""
    cache_dir: Path = Field(default_factory=lambda: _default_home("/var/cache/hotline", ".cache/hotline"))
    """Downloads and generated prompts: everything that can be made again."""

    # PostgreSQL
    database_url: SecretStr | None = None
    """``postgresql://...`` of an existing server (>= 15); unset: the embedded one is started."""

    # Asterisk
    asterisk_binary: Path | None = None
    """An Asterisk to start; unset: a suitable one on PATH, else the cached tree."""
    asterisk_external: bool = False
    """True: Asterisk runs elsewhere with the rendered configuration; it is neither started nor stopped."""
    asterisk_runtime: Path | None = None
    """The file that describes the running Asterisk to the service; unset: ``DATA/run/asterisk.json``."""
    ami_host: str = "127.0.0.1"
    ami_port: Port = 0
    ami_user: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")] = "hotline"
    ami_secret: SecretStr | None = None
    """Unset: made at the first start and kept in the data folder."""
    agi_host: str = "127.0.0.1"
    agi_port: Port = 0
    sip_host: str = "0.0.0.0"  # noqa: S104 - phones are on the network; a firewall decides who else
    sip_port: Port = 5060
    rtp_from: Annotated[int, Field(ge=1024, le=65000)] = 10000
    rtp_to: Annotated[int, Field(ge=1025, le=65535)] = 20000
    trunk_match: tuple[str, ...] = ("127.0.0.1",)
    """Addresses or networks that calls from the public network come from."""
    outside_uri: Annotated[str, Field(pattern=r"^sip:[A-Za-z0-9.-]{1,100}(:[0-9]{1,5})?$")] | None = None
    """Where calls that the centre places go: the provider's ``sip:HOST:PORT``; unset: none are placed."""
    outside_number: Digits = "12345"
    """The number that whoever is called sees."""
    callout_kinds: tuple[CalloutKind, ...] = (
        "mobile",
        "landline",
        "local",
        "service",
    )
    """Kinds of numbers that agents may call (``acd.numbers``)."""
    callout_ring_seconds: Annotated[int, Field(ge=5, le=120)] = 45
    """How long the phone of somebody whom the centre calls rings."""
    phones: Annotated[str, Field(pattern=r"^[0-9]{2,10}-[0-9]{2,10}$")] = "1001-1100"
    """Range of agents' phone numbers; each is a PJSIP endpoint with a password of its own."""
    phone_qualify_seconds: Annotated[int, Field(ge=0, le=3600)] = 30
    phone_rtp_timeout_seconds: Annotated[int, Field(ge=0, le=600)] = 20
    """A phone that sends no sound for so long in a talk is dead: its caller goes back to the head of the
    queue; 0: never. Phones must not suppress silence."""
    phone_rtp_hold_timeout_seconds: Annotated[int, Field(ge=0, le=3600)] = 300
    """The same for a phone whose agent has pressed the phone's own hold key."""
    transfer_numbers: tuple[Annotated[str, Field(pattern=r"^[0-9X]{2,20}\.?$")], ...] = ()
    """Numbers outside that agents may consult or transfer to; ``X``: any digit, final ``.``: any more."""
    emergency: dict[EmergencyService, Digits] = {}
    """What is dialled for an emergency service (``HOTLINE_EMERGENCY__110=...``); unset: its number."""
    record_pause_seconds: Annotated[float, Field(gt=0, le=600)] = 60.0
    """How long a recording that an agent pauses stays silent at most."""
    phone_secret: SecretStr | None = None
    """What phone passwords are derived from; unset: made at the first start and kept."""

    # Calls
    queues: tuple[QueueSettings, ...] = (QueueSettings(name="citizens", dialled=()),)
    announcement: bool = True
    """Play the recording notice before the queue."""
    surge_notice: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")] | None = None
    """Name of a prompt played after the recording notice on days when many people call (``surge``)."""
    voicemail_seconds: Annotated[int, Field(ge=10, le=600)] = 120
    """Longest message in the voicemail box."""
    caller_cap_calls: Annotated[int, Field(ge=0, le=1000)] = 20
    """More calls than this by one number within the window are routed softly; 0: never."""
    caller_cap_seconds: Annotated[float, Field(gt=0, le=86400)] = 3600.0
    """That window."""
    caller_relax_seconds: Annotated[float, Field(gt=0, le=3600)] = 60.0
    """How long a listed caller waits for an agent with the skill before anybody will do."""
    caller_message_seconds: Annotated[float, Field(gt=0, le=600)] = 45.0
    """How long a caller who is sent to the voice service is left to it."""
    caller_list_days: Annotated[int, Field(ge=1, le=3650)] = 90
    """How long an entry of a caller list may last."""
    anonymous_callers: AnonymousPolicy = AnonymousPolicy.LIKE_EVERYBODY
    """How callers who withhold their number are treated."""
    rating: bool = True
    """Ask for a rating of 1-3 after the agent hangs up."""
    language: Language = Language.CHINESE
    prompt_pack: Path | None = None
    """Folder with recorded prompts (``zh/NAME.wav``), used before generated ones."""
    time_zone: Annotated[str, Field(max_length=60)] = "Asia/Shanghai"
    """Where the centre is: its days begin and end at this zone's midnight."""
    recording_key: SecretStr | None = None
    """Keys that recordings are encrypted with, base64 of 32 bytes each, the present one first."""
    recording_key_file: Path | None = None
    """The same in a file, one a line; goes before the former. Neither: `hotline run` makes and keeps one."""
    audit_anchor_url: Annotated[str, Field(pattern=r"^(https?|syslog)://[^\s]{1,500}$")] | None = None
    """Another machine that is sent each head of the audit chain: ``https://...`` or ``syslog://HOST:PORT``."""
    nightly_at: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] = "03:10"
    """When retention and the check of all recordings begin, in ``time_zone``."""
    sweep_bytes_per_second: Annotated[int, Field(ge=10_000, le=10_000_000_000)] = 5_000_000
    """How fast that check reads recordings at most."""
    heartbeat_seconds: Annotated[float, Field(gt=0, le=10)] = 1.0
    heartbeat_stale_seconds: Annotated[int, Field(ge=2, le=60)] = 6
    reconcile_seconds: Annotated[float, Field(gt=0, le=600)] = 30.0

    # Processes
    instance: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,20}$")] = "service"
    """Name of this process among those that share the data folder: each has a spool of its own."""
    standby: bool = False
    """``hotline run`` starts a second service process, which takes over when the first one fails."""
    standby_http_port: Port = 0
    """Where the second process listens; ``http_host`` and its kin apply to it, too."""
    standby_metrics_port: Port = 0
    standby_agi_port: Port = 0

    # HTTP
    http_host: str = "127.0.0.1"
    http_port: Port = 8012
    metrics_host: str = "127.0.0.1"
    metrics_port: Port = 9312
    session_hours: Annotated[float, Field(gt=0, le=48)] = 12.0

    log_level: Annotated[str, Field(pattern=r"^(debug|info|warning|error)$")] = "info"

    @field_validator("queues")
    @classmethod
    def _queues_are_distinct(cls, value: tuple[QueueSettings, ...]) -> tuple[QueueSettings, ...]:
        names = [queue.name for queue in value]
        numbers = [number for queue in value for number in queue.dialled]
        if not value:
            raise ValueError("at least one queue is needed")
        if len(set(names)) != len(names):
            raise ValueError("two queues have the same name")
        if len(set(numbers)) != len(numbers):
            raise ValueError("a dialled number leads to two queues")
        return value

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("is not a known time zone, such as Asia/Shanghai") from error
        return value

    @model_validator(mode="after")
    def _ranges_are_sound(self) -> Self:
        first, last = (int(part) for part in self.phones.split("-"))
        if not first <= last or last - first >= 5000:  # noqa: PLR2004 - the rule itself
            raise ValueError("phones: the range must go upwards and hold at most 5000 numbers")
        if self.rtp_from >= self.rtp_to:
            raise ValueError("rtp_from must be below rtp_to")
        if self.heartbeat_stale_seconds <= 2 * self.heartbeat_seconds:
            raise ValueError("heartbeat_stale_seconds must be more than twice heartbeat_seconds")
        return self

    @property
    def phone_numbers(self) -> list[str]:
        """The phones of the range, in order, with the width of its first number."""
        first, last = self.phones.split("-")
        return [str(number).zfill(len(first)) for number in range(int(first), int(last) + 1)]
