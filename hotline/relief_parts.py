"""The parts of overflow, announcements and surge notices; ``hotline.bootstrap`` plugs them in."""

from collections.abc import Callable
from dataclasses import dataclass

from acd.relief_store import ReliefStore
from acd.surge import SurgeNotices
from core.events import CallerChose, Event
from core.ports import Writer
from core.vocabulary import CallId, Seconds
from db.pool import Database
from hotline.metrics import Metrics
from hotline.relief_metrics import ReliefMetrics
from hotline.settings import Settings
from ivr.session import OnChoice

SOUNDS = "surge"
"""Where the sounds of surge notices are, below the data folder: a recorded voice cannot be made again."""


@dataclass(slots=True)
class ReliefParts:
    """What there is."""

    store: ReliefStore
    notices: SurgeNotices
    metrics: ReliefMetrics
    chose: OnChoice


def build(
    settings: Settings,
    database: Database,
    writer: Writer,
    metrics: Metrics,
    *,
    put: Callable[[Event], None],
    now: Callable[[], Seconds],
) -> ReliefParts:
    """Make them; nothing is started yet."""

    def chose(call_id: CallId, choice: str, at: Seconds) -> None:
        put(CallerChose(call_id, choice, "", at))

    folder = settings.data_dir / SOUNDS
    return ReliefParts(
        store=ReliefStore(database, writer),
        notices=SurgeNotices(database, folder, settings.language, put=put, now=now),
        metrics=ReliefMetrics(metrics.registry),
        chose=chose,
    )
