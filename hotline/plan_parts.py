"""The plan's part of the service: rows, API, what Asterisk is told, and who else looks at the plan."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from acd.model import State
from acd.plan_api import PlanApi
from acd.plan_api import endpoints as plan_endpoints
from acd.plan_service import PlanService
from acd.plan_store import PlanStore
from core.api import Endpoint
from core.errors import ConfigurationError
from core.events import PlanChanged
from core.ports import TelephonyError
from core.vocabulary import Language
from db.pool import Database
from hotline import runtime
from hotline.inbox import Inbox
from hotline.initial_plan import initial_plan
from hotline.metrics import Metrics
from hotline.plan_watch import PlanWatch
from hotline.settings import Settings
from ivr.prompts import FOLDER
from ivr.texts import NAMES
from telephony.ami import Switch


@dataclass(frozen=True, slots=True)
class InstalledSounds:
    """What callers of this hotline can be played (``acd.plan_service.Sounds``)."""

    folder: Path
    language: Language
    settings: Settings

    @classmethod
    def of(cls, settings: Settings) -> "InstalledSounds":
        """Those of an installation."""
        return cls(settings.cache_dir / FOLDER, settings.language, settings)

    def has_prompt(self, name: str) -> bool:
        """Whether it is in the catalogue, or a recording of the operator's that has been built."""
        return name in NAMES or (self.folder / self.language / f"{name}.wav").is_file()

    def music(self) -> Collection[str]:
        """The classes that Asterisk was started with."""
        try:
            return runtime.load(self.settings).music
        except ConfigurationError:
            return ("default",)


class PlanQueues(Collection[str]):
    """The names of the queues as they are at the moment."""

    def __init__(self, state: State) -> None:
        self._state = state

    def __contains__(self, name: object) -> bool:
        return name in self._state.plan.queues

    def __iter__(self) -> Iterator[str]:
        return iter(self._state.plan.queues)

    def __len__(self) -> int:
        return len(self._state.plan.queues)


@dataclass(frozen=True, slots=True)
class PlanParts:
    """What belongs to the plan."""

    service: PlanService
    watch: PlanWatch
    endpoints: list[Endpoint]
    switch: Switch
    metrics: Metrics

    async def restore(self, state: State, settings: Settings) -> None:
        """The plan from its rows into memory; from the settings the first time."""
        state.plan = await self.service.start(initial_plan(settings))
        self.metrics.show_queues(state.plan.queues)
        with suppress(TelephonyError):  # not connected yet: the connect will tell Asterisk
            await self.switch.publish(state.plan)


def build(
    settings: Settings, dsn: str, database: Database, inbox: Inbox, switch: Switch, metrics: Metrics
) -> PlanParts:
    """Make the parts."""

    async def decide(event: PlanChanged) -> None:
        await inbox.ask(event)
        metrics.show_queues(event.plan.queues)

    service = PlanService(
        store=PlanStore(database),
        sounds=InstalledSounds.of(settings),
        decide=decide,
        publish=switch.publish,
        now=switch.now,
    )
    return PlanParts(
        service, PlanWatch(dsn, service.refresh), plan_endpoints(PlanApi(service)), switch, metrics
    )
