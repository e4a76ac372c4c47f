"""Looks up what is known about callers while their call is offered: the agent's screen has it at once.

Nothing waits for it: facts queue the question, one task asks about all that is queued in one statement, and
the answer stays in memory. A screen that asks earlier waits ``PATIENCE`` at most and goes without it.
"""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from asyncpg import Record

from acd.callers_store import SQL
from agents.caller_card import CallerCard
from core.errors import HotlineError
from core.facts import Fact, OfferStarted, TalkStarted
from core.identity import Account, Permission
from core.vocabulary import CallId, Seconds
from db.pool import Database

log = structlog.get_logger()

PATIENCE: Seconds = 0.2
REMEMBERED = 5_000
"""Calls whose answer is kept; more than are offered within a long call."""
AT_ONCE = 100
"""Questions in one statement."""

EMPTY = CallerCard(open_tickets=[], last_calls=[], flags=[], lists=[])

Question = tuple[CallId, str]


class CallerDesk:
    """The callers' history by call.

    Args:
        database: where it is.
        caller_of: number of the caller of a live call, ``""`` for a withheld or unknown one.
        now: seconds since the epoch.
    """

    def __init__(
        self, database: Database, caller_of: Callable[[CallId], str], now: Callable[[], Seconds]
    ) -> None:
        self._database = database
        self._caller_of = caller_of
        self._now = now
        self._cards: OrderedDict[CallId, asyncio.Future[CallerCard | None]] = OrderedDict()
        self._questions: list[Question] = []
        self._asking: asyncio.Task[None] | None = None

    def record(self, fact: Fact) -> None:
        """A call is offered: begin to look; never blocks."""
        match fact:
            case OfferStarted():
                self._look_up(fact.call_id, self._caller_of(fact.call_id))
            case TalkStarted():
                self._look_up(fact.call_id, fact.caller)
            case _:
                pass

    async def card(self, call_id: CallId, caller: str, account: Account) -> CallerCard | None:
        """What this account may see about the caller; ``None`` when it is not known in time, or withheld."""
        if not caller:
            return None
        try:
            async with asyncio.timeout(PATIENCE):
                found = await asyncio.shield(self._look_up(call_id, caller))
        except TimeoutError:
            return None
        return None if found is None else seen_by(account, found)

    async def fresh(self, call_id: CallId, caller: str, account: Account) -> CallerCard:
        """The same as it is now; empty for a withheld number.

        Raises:
            Unavailable: the database is away.
        """
        if not caller:
            return EMPTY
        rows = await self._ask([(call_id, caller)])
        return seen_by(account, _card(rows[0]))

    def _look_up(self, call_id: CallId, caller: str) -> "asyncio.Future[CallerCard | None]":
        known = self._cards.get(call_id)
        if known is not None and not (known.done() and known.result() is None):
            return known
        answer: asyncio.Future[CallerCard | None] = asyncio.get_running_loop().create_future()
        self._cards[call_id] = answer
        while len(self._cards) > REMEMBERED:
            self._settle(next(iter(self._cards)), None)
            self._cards.popitem(last=False)
        if not caller:
            answer.set_result(EMPTY)
            return answer
        self._questions.append((call_id, caller))
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._answer())
        return answer

    async def _answer(self) -> None:
        while self._questions:
            batch, self._questions = self._questions[:AT_ONCE], self._questions[AT_ONCE:]
            try:
                found = {row["call_id"]: _card(row) for row in await self._ask(batch)}
            except (HotlineError, ValueError) as error:  # away, or not as the card wants it
                log.warning("callers_not_looked_up", calls=len(batch), error=type(error).__name__)
                found = {}
            for call_id, _ in batch:
                self._settle(call_id, found.get(call_id))

    def _settle(self, call_id: CallId, card: CallerCard | None) -> None:
        answer = self._cards.get(call_id)
        if answer is not None and not answer.done():
            answer.set_result(card)

    async def _ask(self, batch: Sequence[Question]) -> list[Record]:
        calls, callers = [call for call, _ in batch], [caller for _, caller in batch]
        return await self._database.fetch(SQL["histories"], calls, callers, self._now())


def seen_by(account: Account, card: CallerCard) -> CallerCard:
    """What an account may see: why somebody is on a list is for those who decide about lists."""
    if Permission.DECIDE_CALLER_LISTS in account.permissions:
        return card
    lists = [listed.model_copy(update={"reason_code": None}) for listed in card.lists]
    return card.model_copy(update={"lists": lists})


def _card(row: Record) -> CallerCard:
    parts: dict[str, Any] = {name: json.loads(row[name]) for name in ("tickets", "calls", "flags", "lists")}
    return CallerCard.model_validate(
        {
            "open_tickets": parts["tickets"],
            "last_calls": parts["calls"],
            "flags": parts["flags"],
            "lists": parts["lists"],
        }
    )
