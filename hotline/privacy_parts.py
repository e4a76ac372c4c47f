"""The parts that keep the record honest and personal data safe; ``hotline.bootstrap`` plugs them in.

The audit chain, unmasking, retention, the sweep over recordings, and what is done once a night.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from core.api import Endpoint
from db.pool import Database
from hotline import audit_api, retention_api, runtime, unmask_api
from hotline.audit_anchor import AnchorFolder
from hotline.audit_sealer import AuditSealer
from hotline.audit_targets import AnchorTarget
from hotline.journal_files import rotated
from hotline.nightly import Nightly
from hotline.retention import Retention
from hotline.settings import Settings
from hotline.sweep import Sweep
from tickets.keys import KeySource
from tickets.service import TicketService

AUDIT_FOLDER = "audit"
"""The anchors, below the data folder."""

NIGHTLY_ACTOR = "system"


@dataclass(slots=True)
class PrivacyParts:
    """What there is."""

    sealer: AuditSealer
    target: AnchorTarget | None
    sweep: Sweep
    nightly: Nightly
    endpoints: list[Endpoint]
    closing: Callable[[], int]
    """How many recordings were asked for and found damaged."""

    async def run(self) -> None:
        """Everything that goes on until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.sealer.run(), name="audit-sealer")
            group.create_task(self.nightly.run(), name="nightly")

    def gauges(self) -> dict[str, tuple[str, Callable[[], float]]]:
        """Figures that are read at each scrape."""
        sealer, sweep = self.sealer, self.sweep
        return {
            "hotline_audit_unsealed_rows": ("Audit rows not in the chain yet", lambda: sealer.unsealed),
            "hotline_audit_unsealed_seconds": ("Age of the oldest of them", lambda: sealer.unsealed_seconds),
            "hotline_audit_anchor_contradicted": (
                "1: the audit chain is not the one whose heads were noted; an alarm",
                lambda: float(sealer.contradicted),
            ),
            "hotline_audit_anchor_works": ("1 while heads can be noted", lambda: float(sealer.anchor_works)),
            "hotline_recordings_bad": (
                "Recordings that the latest check found damaged, missing or without key; not 0 is an alarm",
                lambda: sweep.bad,
            ),
            "hotline_recordings_sweep_age_seconds": (
                "Since when the last whole check of all recordings is over",
                lambda: sweep.age_seconds,
            ),
        }

    def counters(self) -> dict[str, tuple[str, Callable[[], float]]]:
        """The same for what only grows."""
        return {
            "hotline_audit_sealed": ("Audit rows put into the chain", lambda: self.sealer.sealed),
            "hotline_audit_anchor_send_failures": (
                "Heads that could not be sent to HOTLINE_AUDIT_ANCHOR_URL",
                lambda: self.target.failed if self.target is not None else 0,
            ),
            "hotline_recordings_checked": ("Recordings read through", lambda: self.sweep.checked),
            "hotline_recordings_damaged": (
                "Times that somebody asked for a recording whose file was damaged",
                self.closing,
            ),
        }


def keys_of(settings: Settings) -> KeySource:
    """What recordings are encrypted with."""
    key = settings.recording_key
    return KeySource(settings.recording_key_file, key.get_secret_value() if key is not None else "")


def build(
    settings: Settings, database: Database, tickets: TicketService, epoch: Callable[[], int]
) -> PrivacyParts:
    """Make them; nothing is started yet."""
    target = AnchorTarget(settings.audit_anchor_url) if settings.audit_anchor_url else None
    sealer = AuditSealer(
        database, AnchorFolder(settings.data_dir / AUDIT_FOLDER), target.send if target is not None else None
    )
    sweep = Sweep(database, tickets.hands, settings.sweep_bytes_per_second)
    retention = Retention(database, tickets.hands, lambda: _journals(settings))
    nightly = Nightly(database, epoch, settings.nightly_at, ZoneInfo(settings.time_zone))
    nightly.add("retention", lambda: retention.run(NIGHTLY_ACTOR))
    nightly.add("sweep", lambda: sweep.run(NIGHTLY_ACTOR))
    return PrivacyParts(
        sealer=sealer,
        target=target,
        sweep=sweep,
        nightly=nightly,
        endpoints=[
            *audit_api.endpoints(audit_api.AuditApi(database)),
            *unmask_api.endpoints(unmask_api.UnmaskApi(database)),
            *retention_api.endpoints(retention_api.RetentionApi(database)),
        ],
        closing=lambda: tickets.stats.damaged,
    )


def _journals(settings: Settings) -> list[Path]:
    path = runtime.load(settings).journal
    return rotated(Path(path)) if path else []
