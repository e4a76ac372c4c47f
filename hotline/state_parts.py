"""Breaks, wrap-up and days of agents as parts of the service."""

from collections.abc import Callable
from dataclasses import dataclass

from acd import breaks
from acd.model import State
from agents.breaks_api import BreaksApi
from agents.breaks_api import endpoints as break_endpoints
from agents.breaks_store import BreakStore
from agents.day_store import DayStore
from agents.states_api import StatesApi
from agents.states_api import endpoints as state_endpoints
from core.api import Endpoint
from core.ports import Inbox, LiveView
from core.vocabulary import Seconds
from db.pool import Database
from hotline.settings import Settings


@dataclass(frozen=True, slots=True)
class StateParts:
    """What there is."""

    store: BreakStore
    endpoints: list[Endpoint]
    zone: str

    async def restore(self, state: State, now: Seconds) -> None:
        """Reasons and used allowances into memory, after the agents; raises ``Unavailable``."""
        state.breaks.zone = self.zone
        breaks.restore(state, await self.store.in_use(), await self.store.ledgers(now), now)


def build(
    settings: Settings, database: Database, inbox: Inbox, live: LiveView, now: Callable[[], Seconds]
) -> StateParts:
    """Make them."""
    store = BreakStore(database)
    days = DayStore(database, store, settings.time_zone)
    return StateParts(
        store,
        [
            *break_endpoints(BreaksApi(store, inbox, now)),
            *state_endpoints(StatesApi(inbox, live, days, now)),
        ],
        settings.time_zone,
    )
