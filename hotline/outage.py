"""Catches up after an outage: before a picture of Asterisk is applied, its journal tells what was missed.

A picture shows what lives; of a call that came and went while nobody listened only the journal knows. It is
read when the service (re)connects, and when a call in memory is missing from a picture.
"""

from collections.abc import Callable
from pathlib import Path

import structlog

from acd import journal
from acd.model import State
from core.events import Event, Reconciled, TelephonyLost
from core.vocabulary import Seconds

log = structlog.get_logger()

TAIL_BYTES = 64 * 1024 * 1024
"""At most this much of the journal's end is read; about half a million lines, days of a busy centre."""

OVERLAP_SECONDS = 10.0
"""The journal is read from a little before the outage; what was seen already changes nothing."""


class OutageReplay:
    """Stands between the switch and the inbox.

    Args:
        state: the engine's memory, read only.
        path: says where the journal is, ``None`` when there is none to read.
        is_phone: whether an endpoint is an agent's phone.
        put: the inbox.
    """

    def __init__(
        self,
        *,
        state: State,
        path: Callable[[], Path | None],
        is_phone: Callable[[str], bool],
        put: Callable[[Event], None],
    ) -> None:
        self._state = state
        self._path = path
        self._is_phone = is_phone
        self._put = put
        self.known_until: Seconds = 0.0
        self.replayed = 0

    def deliver(self, event: Event) -> None:
        """Take an event from the switch; a picture is preceded by what the journal knows."""
        if isinstance(event, TelephonyLost):
            self.known_until = event.at
        if isinstance(event, Reconciled):
            self._catch_up(event)
        self._put(event)

    def _catch_up(self, picture: Reconciled) -> None:
        seen = {live.call_id for live in picture.calls}
        missing = [
            c.arrived_at
            for c in self._state.calls.values()
            if c.call_id not in seen and not c.awaits_callout  # whom nobody has called yet is in no journal
        ]
        if self._state.online and not missing:
            return
        moments = missing if self._state.online else [*missing, self.known_until]
        self.replay(min(moments) - OVERLAP_SECONDS)

    def replay(self, since: Seconds) -> None:
        """Put every event of the journal from ``since`` on into the inbox."""
        path = self._path()
        if path is None:
            return
        events = journal.replay(journal.parse(_tail(path), since), self._is_phone)
        self.replayed += len(events)
        log.info("journal_replayed", events=len(events), since=since)
        for event in events:
            self._put(event)


def _tail(path: Path) -> list[str]:
    """The last lines of the journal, without a torn first one; none when there is no journal yet."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            start = max(0, size - TAIL_BYTES)
            file.seek(start)
            data = file.read()
    except OSError as error:
        log.warning("journal_unreadable", error=error.strerror)
        return []
    lines = data.decode("utf-8", "replace").splitlines()
    return lines[1:] if start else lines
