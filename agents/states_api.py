"""HTTP endpoints about one's own next state, wrap-up and day, and for supervisors the days of others."""

from collections.abc import Callable
from datetime import date
from typing import Annotated

from pydantic import Field

from agents.break_views import BreakAnswer, break_answer
from agents.day import Day
from agents.day_store import DayStore, Person
from agents.views import AgentPath, Cursor, Limit, StateAnswer, state_answer
from core.api import ApiModel, ApiRequest, Endpoint, Reply
from core.errors import Conflict
from core.events import ApiEvent, NextStateCancelled, WrapUpExtensionAsked, WrapUpFinished
from core.identity import Permission
from core.ports import Inbox, LiveView
from core.vocabulary import AgentId, AgentState, Seconds

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 1, 1)

LocalDay = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)]


class DayQuery(ApiModel):
    """Which day."""

    day: LocalDay | None = None
    """A local day; left out: today."""


class DaysQuery(DayQuery):
    """Which day of everybody."""

    cursor: Cursor | None = None
    limit: Limit = 50


class HandleTime(ApiModel):
    """Averages per handled call in seconds; ``null`` without calls."""

    talk: float | None
    hold: float | None
    wrap_up: float | None
    whole: float | None


class BreakDayAnswer(BreakAnswer):
    """Breaks of one reason on that day, and what is left of the allowance."""

    count: int
    """Begun that day."""
    seconds: float
    """Within the day; ``used_seconds`` is within the allowance's period."""


class DayAnswer(ApiModel):
    """One agent's figures of one day; all durations in seconds. ``docs/agent-states.md`` has the formulas."""

    agent_id: int
    name: str
    day: date
    calls_answered: int
    calls_placed: int
    handle_time: HandleTime
    seconds_in_state: dict[AgentState, float]
    staffed_seconds: float
    productive_seconds: float
    occupancy: float | None
    """Share of the time at calls that was not spent waiting for one, 0 to 1."""
    not_responding: int
    """How often the phone was not answered or lost."""
    breaks: list[BreakDayAnswer]


class DayList(ApiModel):
    """Everybody who was at a phone that day, by id."""

    items: list[DayAnswer]
    next_cursor: str | None


class StatesApi:
    """Handlers.

    Args:
        inbox: the way to the engine.
        live: the engine's memory.
        days: figures out of the rows.
        now: Asterisk's clock.
    """

    def __init__(self, inbox: Inbox, live: LiveView, days: DayStore, now: Callable[[], Seconds]) -> None:
        self._inbox = inbox
        self._live = live
        self._days = days
        self._now = now

    # --- next state and wrap-up ----------------------------------------------------------------

    async def cancel_next(self, request: ApiRequest) -> Reply:
        """The state noted during the call is not wanted any more."""
        return await self._ask(request, NextStateCancelled(request.account.id, self._now()))

    async def prolong(self, request: ApiRequest) -> Reply:
        """More time after the call."""
        return await self._ask(request, WrapUpExtensionAsked(request.account.id, "agent", self._now()))

    async def finish(self, request: ApiRequest) -> Reply:
        """Done before the time."""
        return await self._ask(request, WrapUpFinished(request.account.id, "agent", self._now()))

    async def _ask(self, request: ApiRequest, event: ApiEvent) -> Reply:
        await self._inbox.ask(event)
        view = self._live.agent(request.account.id)
        if view is None:
            raise Conflict("take a seat at a phone first", code="not_seated")
        return Reply(state_answer(view))

    # --- days ----------------------------------------------------------------------------------

    async def my_day(self, request: ApiRequest) -> Reply:
        """One's own figures."""
        return Reply(await self._day_of(request.account.id, request.query.day))

    async def agent_day(self, request: ApiRequest) -> Reply:
        """An agent's figures."""
        return Reply(await self._day_of(AgentId(request.path.agent_id), request.query.day))

    async def _day_of(self, agent_id: AgentId, wanted: date | None) -> DayAnswer:
        person, day = await self._days.person(agent_id), wanted or self._today()
        found = await self._days.days([agent_id], day, self._now())
        return _answer(person, day, found[agent_id])

    async def all_days(self, request: ApiRequest) -> Reply:
        """Everybody's figures, a page at a time."""
        query: DaysQuery = request.query
        day = query.day or self._today()
        people = await self._days.people(day, int(query.cursor or 0), query.limit + 1)
        page = people[: query.limit]
        found = await self._days.days([person.agent_id for person in page], day, self._now())
        cursor = str(page[-1].agent_id) if len(people) > query.limit else None
        items = [_answer(person, day, found[person.agent_id]) for person in page]
        return Reply(DayList(items=items, next_cursor=cursor))

    def _today(self) -> date:
        return self._days.date_of(self._now())


def _answer(person: Person, day: date, figures: Day) -> DayAnswer:
    sheet, contacts = figures.sheet, figures.contacts
    return DayAnswer(
        agent_id=person.agent_id,
        name=person.display_name,
        day=day,
        calls_answered=contacts.inbound,
        calls_placed=contacts.outbound,
        handle_time=HandleTime(
            talk=_rounded(figures.average(figures.talk)),
            hold=_rounded(figures.average(contacts.hold)),
            wrap_up=_rounded(figures.average(figures.wrap_up)),
            whole=_rounded(figures.handle_time),
        ),
        seconds_in_state={state: round(seconds, 3) for state, seconds in sheet.by_state.items()},
        staffed_seconds=round(sheet.staffed, 3),
        productive_seconds=round(sheet.productive, 3),
        occupancy=_rounded(sheet.occupancy),
        not_responding=figures.not_responding,
        breaks=[
            BreakDayAnswer(
                **break_answer(one.use).model_dump(), count=one.count, seconds=round(one.seconds, 3)
            )
            for one in figures.breaks
        ],
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def endpoints(api: StatesApi) -> list[Endpoint]:
    """The table of routes."""
    work = Permission.TAKE_CALLS
    return [
        Endpoint("DELETE", "/api/v1/me/next-state", work, "Take back the state noted for after the call",
                 api.cancel_next, StateAnswer, tag="me", errors=(409,)),
        Endpoint("POST", "/api/v1/me/wrap-up/extension", work, "More time after the call",
                 api.prolong, StateAnswer, tag="me", errors=(409,)),
        Endpoint("DELETE", "/api/v1/me/wrap-up", work, "Finish the time after the call early",
                 api.finish, StateAnswer, tag="me", errors=(409,)),
        Endpoint("GET", "/api/v1/me/day", work, "Own figures of a day: calls, handle times, breaks, states",
                 api.my_day, DayAnswer, query_model=DayQuery, tag="me"),
        Endpoint("GET", "/api/v1/agents/{agent_id}/day", Permission.SUPERVISE, "An agent's figures of a day",
                 api.agent_day, DayAnswer, path_model=AgentPath, query_model=DayQuery, tag="agents",
                 errors=(404,)),
        Endpoint("GET", "/api/v1/agent-days", Permission.SUPERVISE,
                 "Figures of a day of everybody who was at a phone", api.all_days, DayList,
                 query_model=DaysQuery, tag="agents"),
    ]  # fmt: skip
