"""Builds what makes one process lead: its connections under one name, its spool, the claim and the fences.

Used by ``hotline.bootstrap``; ``hotline.leadership`` says how leadership is taken and kept.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from agents.store import SQL as PEOPLE_SQL
from core.tenure import Tenure
from db.leadership import LeadershipRecord
from db.pool import Database
from db.writer import OrderedWriter
from hotline.leadership import Leadership
from hotline.settings import Settings
from hotline.witness import Witness
from telephony.fence import Fence

FIRST_INSTANCE = "service"

DEPOSED_EXIT = 75
"""EX_TEMPFAIL of sysexits.h: start it again, it will stand by."""

OF_THE_MOMENT = frozenset(
    PEOPLE_SQL[name]
    for name in ("seat_superseded", "seat_taken", "seat_left", "state_changed", "next_state_set")
)
"""Who sits where and does what: of the spool of a deposed leader this is not made up for, since the newest
row counts and the present leader has written newer ones."""


@dataclass(frozen=True, slots=True)
class Leading:
    """The parts that act only while this process leads."""

    database: Database
    writer: OrderedWriter
    leadership: Leadership
    fence: Fence


class _Told:
    """Ties the knot: those who may learn of a later leader are made before the leadership is."""

    leadership: Leadership

    def by(self, witness: str) -> None:
        """Somebody has learned of it."""
        self.leadership.depose(witness)


def lead(settings: Settings, dsn: str) -> Leading:
    """Make the parts; nothing is started."""
    instance, tenure, told = uuid4(), Tenure(), _Told()
    writer = OrderedWriter(
        dsn,
        spool_of(settings),
        neighbours=lambda: neighbours_of(settings),
        of_the_moment=OF_THE_MOMENT,
        on_deposed=lambda: told.by("writer"),
        name=f"hotline-writer/{instance}",
    )
    told.leadership = Leadership(
        LeadershipRecord(dsn, instance),
        tenure,
        Witness(settings.data_dir / "run" / "leader.lock"),
        writer.writer_id,
        end_at_once,
        writer.adopt,
    )
    agi = f"{settings.agi_host}:{settings.agi_port}"
    return Leading(
        database=Database(dsn, name=f"hotline-api/{instance}"),
        writer=writer,
        leadership=told.leadership,
        fence=Fence(tenure, agi, lambda: told.by("asterisk")),
    )


def end_at_once() -> None:
    """End as if killed: another process leads, and whatever this one still did would be wrong.

    All that is left behind is what a crash leaves, and the present leader takes care of it.
    """
    os._exit(DEPOSED_EXIT)


def spool_of(settings: Settings) -> Path:
    """Each process has a spool of its own; the first one's is where it always was."""
    name = "spool" if settings.instance == FIRST_INSTANCE else f"spool-{settings.instance}"
    return settings.data_dir / name


def neighbours_of(settings: Settings) -> list[Path]:
    """The spools of the other processes that share the data folder."""
    ours = spool_of(settings)
    return sorted(path for path in settings.data_dir.glob("spool*") if path.is_dir() and path != ours)
