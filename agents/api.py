"""The HTTP endpoints about people: sessions, one's own seat and state, accounts, supervision of agents."""

from collections.abc import Sequence

from agents.handlers import PeopleApi
from agents.views import (
    AccountList,
    AccountPatch,
    AccountPath,
    AgentPath,
    ForcedStateBody,
    LiveAgent,
    LiveAgents,
    LoginBody,
    MeAnswer,
    NewAccountBody,
    PageQuery,
    SeatBody,
    SessionAnswer,
    StateBody,
    StateRows,
    StoredAccountAnswer,
)
from core.api import Endpoint
from core.identity import Permission

__all__ = ["PeopleApi", "endpoints"]


def endpoints(api: PeopleApi) -> list[Endpoint]:
    """The table of routes."""
    return [*_own(api), *_supervision(api), *_accounts(api)]


def _own(api: PeopleApi) -> Sequence[Endpoint]:
    return [
        Endpoint(
            "POST",
            "/api/v1/sessions",
            Permission.PUBLIC,
            "Log in",
            api.open_session,
            SessionAnswer,
            201,
            body_model=LoginBody,
            tag="sessions",
            errors=(429,),
        ),
        Endpoint(
            "DELETE",
            "/api/v1/sessions/current",
            Permission.ANY,
            "Log out",
            api.end_session,
            status=204,
            tag="sessions",
            errors=(409,),
        ),
        Endpoint(
            "GET",
            "/api/v1/me",
            Permission.ANY,
            "Own account, seat, state and call",
            api.me,
            MeAnswer,
            tag="me",
        ),
        Endpoint(
            "PUT",
            "/api/v1/me/seat",
            Permission.TAKE_CALLS,
            "Take a seat at a phone (hot-desking)",
            api.sit_down,
            MeAnswer,
            body_model=SeatBody,
            tag="me",
            errors=(409,),
        ),
        Endpoint(
            "DELETE",
            "/api/v1/me/seat",
            Permission.TAKE_CALLS,
            "Leave the seat",
            api.stand_up,
            status=204,
            tag="me",
            errors=(409,),
        ),
        Endpoint(
            "PUT",
            "/api/v1/me/state",
            Permission.TAKE_CALLS,
            "Ask for a state; during a call it becomes the next one",
            api.ask_state,
            MeAnswer,
            body_model=StateBody,
            tag="me",
            errors=(409,),
        ),
    ]


def _supervision(api: PeopleApi) -> Sequence[Endpoint]:
    return [
        Endpoint(
            "GET",
            "/api/v1/agents",
            Permission.SUPERVISE,
            "Agents at phones, live",
            api.live_agents,
            LiveAgents,
            tag="agents",
        ),
        Endpoint(
            "PUT",
            "/api/v1/agents/{agent_id}/state",
            Permission.SUPERVISE,
            "Set an agent's state, with a reason the agent sees",
            api.force_state,
            LiveAgent,
            path_model=AgentPath,
            body_model=ForcedStateBody,
            tag="agents",
            errors=(404, 409),
        ),
        Endpoint(
            "DELETE",
            "/api/v1/agents/{agent_id}/seat",
            Permission.SUPERVISE,
            "Log an agent out; refused during a call",
            api.force_out,
            status=204,
            path_model=AgentPath,
            tag="agents",
            errors=(404, 409),
        ),
    ]


def _accounts(api: PeopleApi) -> Sequence[Endpoint]:
    return [
        Endpoint(
            "POST",
            "/api/v1/accounts",
            Permission.MANAGE_ACCOUNTS,
            "Create an account",
            api.create_account,
            StoredAccountAnswer,
            201,
            body_model=NewAccountBody,
            tag="accounts",
            errors=(409,),
        ),
        Endpoint(
            "GET",
            "/api/v1/accounts",
            Permission.MANAGE_ACCOUNTS,
            "Accounts, by id",
            api.list_accounts,
            AccountList,
            query_model=PageQuery,
            tag="accounts",
        ),
        Endpoint(
            "GET",
            "/api/v1/accounts/{account_id}",
            Permission.MANAGE_ACCOUNTS,
            "One account",
            api.show_account,
            StoredAccountAnswer,
            path_model=AccountPath,
            tag="accounts",
            errors=(404,),
        ),
        Endpoint(
            "PATCH",
            "/api/v1/accounts/{account_id}",
            Permission.MANAGE_ACCOUNTS,
            "Change an account; needs If-Match",
            api.change_account,
            StoredAccountAnswer,
            path_model=AccountPath,
            body_model=AccountPatch,
            tag="accounts",
            errors=(404, 409, 412, 428),
        ),
        Endpoint(
            "GET",
            "/api/v1/accounts/{account_id}/states",
            Permission.ANY,
            "History of an agent's states, newest first",
            api.state_rows,
            StateRows,
            path_model=AccountPath,
            query_model=PageQuery,
            tag="accounts",
            errors=(404,),
        ),
    ]
