"""What the endpoints about people do; ``agents.api`` has the table of routes that lead here."""

from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, Protocol

from agents.caller_card import CallerCard
from agents.patience import within
from agents.qualifications_api import tell_seated
from agents.service import AccountChange, AgentService, NewAccount, StoredAccount
from agents.store import AgentStore
from agents.views import (
    AccountList,
    AccountPatch,
    CallAnswer,
    LiveAgent,
    LiveAgents,
    LoginBody,
    MeAnswer,
    NewAccountBody,
    PageQuery,
    SessionAnswer,
    StateRow,
    StateRows,
    account_answer,
    seat_answer,
    state_answer,
    stored_answer,
    utc,
    version_of,
)
from core.api import ApiRequest, Reply
from core.errors import Conflict, InvalidInput, NotFound, PreconditionRequired, Unavailable
from core.events import AgentLogin, AgentLogout, AgentStateAsked
from core.facts import AgentLeft
from core.identity import Account, Permission
from core.ports import AgentView, Inbox, LiveView, PhoneDirectory
from core.vocabulary import AgentId, AgentState, CallId, Phone, QueueName, Seconds

LATEST = 2**63 - 1
TICKET_SECONDS: Seconds = 1.0
"""How long the agent's screen waits for the number of the ticket."""


class Tickets(Protocol):
    """What the agent's screen needs to know about tickets."""

    def ticket_of(self, call_id: CallId) -> Coroutine[Any, Any, int | None]:
        """The ticket of a call, ``None`` when it has none (yet)."""
        ...


class Callers(Protocol):
    """What the agent's screen shows about whoever calls."""

    def card(self, call_id: CallId, caller: str, account: Account) -> Coroutine[Any, Any, CallerCard | None]:
        """What is known by the number, ``None`` when it is withheld or not known at once."""
        ...


class Clock(Protocol):
    """Seconds since the epoch on Asterisk's clock."""

    def __call__(self) -> Seconds:
        """The present moment."""
        ...


class PeopleApi:
    """Handlers; what moves an agent goes through the inbox."""

    def __init__(
        self,
        *,
        service: AgentService,
        store: AgentStore,
        inbox: Inbox,
        live: LiveView,
        phones: PhoneDirectory,
        tickets: Tickets,
        now: Clock,
        callers: Callers | None = None,
    ) -> None:
        self._service = service
        self._store = store
        self._inbox = inbox
        self._live = live
        self._phones = phones
        self._tickets = tickets
        self._callers = callers
        self._now = now

    # --- sessions ------------------------------------------------------------------------------

    async def open_session(self, request: ApiRequest) -> Reply:
        """Log in."""
        body: LoginBody = request.body
        account, session = await self._service.log_in(body.login, body.password, request.remote)
        answer = SessionAnswer(
            token=session.token,
            expires_at=datetime.fromtimestamp(session.expires_at, UTC),
            account=account_answer(account),
        )
        return Reply(answer, 201)

    async def end_session(self, request: ApiRequest) -> Reply:
        """Log out."""
        token = request.headers.get("Authorization", "").partition(" ")[2].strip()
        await self._leave_with_the_last_browser(request.account, token)
        await self._service.log_out(request.account, token)
        return Reply(status=204)

    async def _leave_with_the_last_browser(self, account: Account, token: str) -> None:
        """Nobody stays at a phone without a screen; during a call the log-out is refused."""
        if self._live.agent(account.id) is None or await self._service.sessions.others(account.id, token):
            return
        await self._inbox.ask(AgentLogout(account.id, "agent", self._now()))
        self._note(account, "seat.leave", account.id)

    # --- one's own seat and state --------------------------------------------------------------

    async def me(self, request: ApiRequest) -> Reply:
        """Account, seat, state and call."""
        return Reply(await self._me(request.account))

    async def _me(self, account: Account) -> MeAnswer:
        view = self._live.agent(account.id)
        return MeAnswer(
            account=account_answer(account),
            seat=seat_answer(view) if view else None,
            state=state_answer(view) if view else None,
            call=await self._call(view, account) if view else None,
        )

    async def _call(self, view: AgentView, account: Account) -> CallAnswer | None:
        if view.call_id is None:
            return None
        ticket = await self._ticket(view.call_id) if view.answered_at is not None else None
        card = await self._callers.card(view.call_id, view.caller, account) if self._callers else None
        return CallAnswer.model_validate(
            {
                "call_id": view.call_id,
                "caller": view.caller,
                "dialled": view.dialled,
                "queue": view.queue,
                "answered_at": utc(view.answered_at),
                "ticket_id": ticket,
                "known": card,
            },
        )

    async def _ticket(self, call_id: CallId) -> int | None:
        try:
            return await within(TICKET_SECONDS, self._tickets.ticket_of(call_id))
        except Unavailable:
            return None  # the state is still worth showing; the ticket comes when the database is back

    async def sit_down(self, request: ApiRequest) -> Reply:
        """Take a seat at a phone."""
        account, phone = request.account, Phone(request.body.phone)
        if not self._phones.exists(phone):
            raise InvalidInput("there is no such phone", code="unknown_phone", field="phone")
        if not self._phones.reachable(phone):
            raise Conflict("the phone is not registered", code="phone_not_registered", field="phone")
        held = await self._service.qualifications.last_known(account)
        facts = await self._inbox.ask(
            AgentLogin(
                account.id,
                account.display_name,
                phone,
                held.queues,
                self._now(),
                held.skills,
                held.certificates,
                held.wrap_up_seconds,
                take_over=request.body.take_over,
                in_charge=Permission.SUPERVISE in account.permissions,
                login=account.login,
            ),
        )
        for fact in facts:
            if isinstance(fact, AgentLeft) and fact.agent_id != account.id:
                self._note(account, "agent.force_out", fact.agent_id, phone=phone)
        self._note(account, "seat.take", account.id, phone=phone)
        return Reply(await self._me(account))

    async def stand_up(self, request: ApiRequest) -> Reply:
        """Leave the seat."""
        account = request.account
        await self._inbox.ask(AgentLogout(account.id, "agent", self._now()))
        self._note(account, "seat.leave", account.id)
        return Reply(status=204)

    async def ask_state(self, request: ApiRequest) -> Reply:
        """Ask for a state; during a call it is noted as the next one."""
        account, body = request.account, request.body
        await self._ask(account.id, body.state, body.reason, "agent")
        return Reply(await self._me(account))

    async def _ask(self, agent_id: AgentId, state: AgentState, reason: str, cause: str) -> None:
        await self._inbox.ask(AgentStateAsked(agent_id, state, reason, cause, self._now()))

    def _note(self, account: Account, action: str, agent_id: AgentId, **detail: str) -> None:
        """An audit row; it goes the way of the call path, so that a database that is away loses none."""
        self._store.note(account.login, action, agent_id, self._now(), **detail)

    # --- supervision ---------------------------------------------------------------------------

    async def live_agents(self, _request: ApiRequest) -> Reply:
        """Everybody at a phone."""
        return Reply(LiveAgents(items=[_live_agent(view) for view in self._live.agents()]))

    async def force_state(self, request: ApiRequest) -> Reply:
        """A supervisor sets an agent's state."""
        agent_id, body = AgentId(request.path.agent_id), request.body
        self._seated(agent_id)
        await self._ask(agent_id, body.state, body.reason, f"supervisor:{request.account.login}")
        self._note(request.account, "agent.force_state", agent_id, state=body.state)
        return Reply(_live_agent(self._seated(agent_id)))

    async def force_out(self, request: ApiRequest) -> Reply:
        """A supervisor logs an agent out."""
        agent_id = AgentId(request.path.agent_id)
        self._seated(agent_id)
        await self._inbox.ask(AgentLogout(agent_id, f"supervisor:{request.account.login}", self._now()))
        self._note(request.account, "agent.force_out", agent_id)
        return Reply(status=204)

    def _seated(self, agent_id: AgentId) -> AgentView:
        view = self._live.agent(agent_id)
        if view is None:
            raise NotFound("this agent is not at a phone")
        return view

    # --- accounts ------------------------------------------------------------------------------

    async def create_account(self, request: ApiRequest) -> Reply:
        """A new account."""
        body: NewAccountBody = request.body
        new = NewAccount(
            body.login, body.display_name, body.role, body.password, tuple(map(QueueName, body.queues))
        )
        account = await self._service.create_account(new, request.account.login)
        return Reply(stored_answer(account), 201, {"ETag": f'"{account.version}"'})

    async def list_accounts(self, request: ApiRequest) -> Reply:
        """A page of accounts, by id."""
        query: PageQuery = request.query
        found = await self._service.accounts(int(query.cursor or 0), query.limit + 1)
        page = found[: query.limit]
        cursor = str(page[-1].id) if len(found) > query.limit else None
        return Reply(AccountList(items=[stored_answer(a) for a in page], next_cursor=cursor))

    async def show_account(self, request: ApiRequest) -> Reply:
        """One account."""
        account = await self._service.account(AgentId(request.path.account_id))
        return Reply(stored_answer(account), headers={"ETag": f'"{account.version}"'})

    async def change_account(self, request: ApiRequest) -> Reply:
        """Change an account, if it still is what the client has read."""
        if_match = request.headers.get("If-Match")
        if if_match is None:
            raise PreconditionRequired("If-Match is needed", field="If-Match")
        body: AccountPatch = request.body
        change = AccountChange(
            display_name=body.display_name,
            role=body.role,
            queues=None if body.queues is None else tuple(map(QueueName, body.queues)),
            active=body.active,
            password=body.password,
        )
        account = await self._service.change_account(
            AgentId(request.path.account_id), version_of(if_match), change, request.account.login
        )
        if not account.active:
            await self._clear_seat(account, request.account)
        elif change.queues is not None:
            held = await self._service.qualifications.of(account.id)
            await tell_seated(self._inbox, self._live, account.id, held, self._now())
        return Reply(stored_answer(account), headers={"ETag": f'"{account.version}"'})

    async def _clear_seat(self, account: StoredAccount, actor: Account) -> None:
        """A deactivated agent gets no further calls; one that is going on is not cut."""
        if self._live.agent(account.id) is None:
            return
        cause = f"supervisor:{actor.login}"
        try:
            await self._inbox.ask(AgentLogout(account.id, cause, self._now()))
        except Conflict:
            await self._ask(account.id, AgentState.BREAK, "account deactivated", cause)

    async def state_rows(self, request: ApiRequest) -> Reply:
        """The history of one agent's states; agents see their own."""
        account_id, query = AgentId(request.path.account_id), request.query
        may = account_id == request.account.id or Permission.SUPERVISE in request.account.permissions
        if not may:
            raise NotFound("no such account")
        await self._service.account(account_id)
        rows = await self._service.state_rows(account_id, int(query.cursor or LATEST), query.limit + 1)
        page = rows[: query.limit]
        cursor = str(page[-1]["seq"]) if len(rows) > query.limit else None
        return Reply(StateRows(items=[_state_row(dict(row)) for row in page], next_cursor=cursor))


def _live_agent(view: AgentView) -> LiveAgent:
    return LiveAgent.model_validate(
        {
            "agent_id": view.agent_id,
            "name": view.name,
            "seat": seat_answer(view),
            "state": state_answer(view),
            "call_id": view.call_id,
        },
    )


def _state_row(row: dict[str, object]) -> StateRow:
    row.pop("seq")
    times = {name: utc(row[name]) for name in ("at", "until")}  # type: ignore[arg-type] # float8 columns
    return StateRow.model_validate({**row, **times})
