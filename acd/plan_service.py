"""Changes of the plan while calls go on: checked, written, and made to count in routing and in Asterisk.

The API changes it through ``change``; a change made elsewhere (``hotline plan import``, another process) is
noticed by ``hotline.plan_watch`` and taken up by ``refresh``.
"""

from collections.abc import Awaitable, Callable, Collection
from typing import Protocol

import structlog

from acd.plan_document import PlanDocument
from acd.plan_rules import PlanProblem, PlanRefused, check
from acd.plan_store import PlanChange, PlanStore, StoredPlan, changes
from core.errors import Unavailable
from core.events import PlanChanged
from core.plan import RoutingPlan
from core.ports import TelephonyError
from core.vocabulary import Seconds

log = structlog.get_logger()

Edit = Callable[[StoredPlan], PlanDocument]


class Sounds(Protocol):
    """What callers can be played."""

    def has_prompt(self, name: str) -> bool:
        """Whether there is such a prompt."""
        ...

    def music(self) -> Collection[str]:
        """The classes of music that Asterisk was started with."""
        ...


def sound_problems(plan: PlanDocument, sounds: Sounds) -> list[PlanProblem]:
    """Greetings and music that do not exist: callers would hear nothing."""
    music = sounds.music()
    found: list[PlanProblem] = []
    greetings = {f"queues.{name}": queue.greeting for name, queue in plan.queues.items()}
    greetings |= {f"lines.{number}": line.greeting for number, line in plan.lines.items()}
    for at, greeting in greetings.items():
        if greeting and not sounds.has_prompt(greeting):
            found.append(PlanProblem(f"{at}.greeting", f"there is no prompt {greeting}"))
    for name, queue in plan.queues.items():
        if queue.music not in music:
            found.append(PlanProblem(f"queues.{name}.music", f"there is no music {queue.music}"))
    return found


def check_with_sounds(plan: PlanDocument, sounds: Sounds) -> PlanDocument:
    """The plan itself, if it may be used here; raises ``PlanRefused`` otherwise."""
    found = sound_problems(check(plan), sounds)
    if found:
        raise PlanRefused(found)
    return plan


class PlanService:
    """The plan of a running hotline.

    Args:
        store: the rows.
        sounds: what greetings and music there are.
        decide: takes the new plan to the engine, in order with everything else.
        publish: takes it to Asterisk; may raise ``TelephonyError``, then the next connect does it.
        now: Asterisk's clock.
    """

    def __init__(
        self,
        *,
        store: PlanStore,
        sounds: Sounds,
        decide: Callable[[PlanChanged], Awaitable[object]],
        publish: Callable[[RoutingPlan], Awaitable[None]],
        now: Callable[[], Seconds],
    ) -> None:
        self.store = store
        self._sounds = sounds
        self._decide = decide
        self._publish = publish
        self._now = now
        self._used = 0

    async def start(self, initial: PlanDocument) -> RoutingPlan:
        """The plan to begin with; where there is none yet, the initial one becomes it."""
        stored = await self.store.seed(initial)
        self._used = stored.version
        return stored.routing()

    async def current(self) -> StoredPlan:
        """The plan as it stands."""
        stored = await self.store.load()
        if stored is None:
            raise Unavailable("the service is starting")
        return stored

    async def change(self, actor: str, cause: str, edit: Edit) -> StoredPlan:
        """Change the plan and make the change count; see ``PlanStore.change``."""

        def edited(there: StoredPlan | None) -> PlanDocument:
            if there is None:
                raise Unavailable("the service is starting")
            return check_with_sounds(edit(there), self._sounds)

        stored = await self.store.change(actor, cause, edited)
        await self._use(stored)
        return stored

    async def dry_run(self, plan: PlanDocument) -> list[PlanChange]:
        """What would change; raises ``PlanRefused`` as the change itself would."""
        return changes((await self.current()).document, check_with_sounds(plan, self._sounds))

    async def refresh(self) -> None:
        """Take up a plan that somebody else has written."""
        if await self.store.version() > self._used:
            await self._use(await self.current())

    async def _use(self, stored: StoredPlan) -> None:
        if stored.version <= self._used:
            return  # a later one is in use already
        self._used = stored.version
        plan = stored.routing()
        # Routing first: the dialplan must not send callers to a queue that it would not know.
        await self._decide(PlanChanged(plan, self._now()))
        log.info("plan_in_use", version=stored.version, queues=len(plan.queues), lines=len(plan.lines))
        try:
            await self._publish(plan)
        except TelephonyError as error:
            log.warning("plan_not_published", version=stored.version, error=str(error))
