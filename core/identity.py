"""Who is asking: the account behind a session. What a role may do is the table in ``agents.permissions``."""

from dataclasses import dataclass
from enum import StrEnum

from core.vocabulary import AgentId, QueueName


class Role(StrEnum):
    """What somebody is employed for."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"


class Permission(StrEnum):
    """What an endpoint needs; ``PUBLIC`` needs no session, ``ANY`` any session."""

    PUBLIC = "public"
    ANY = "any"
    TAKE_CALLS = "take_calls"
    SEE_OWN_CALLS = "see_own_calls"
    SEE_ALL_CALLS = "see_all_calls"
    EDIT_OWN_TICKETS = "edit_own_tickets"
    EDIT_ALL_TICKETS = "edit_all_tickets"
    LISTEN_OWN_RECORDINGS = "listen_own_recordings"
    LISTEN_ALL_RECORDINGS = "listen_all_recordings"
    PROPOSE_CALLER_LISTS = "propose_caller_lists"
    DECIDE_CALLER_LISTS = "decide_caller_lists"
    SUPERVISE = "supervise"
    SEE_PLAN = "see_plan"
    MANAGE_PLAN = "manage_plan"
    MANAGE_ACCOUNTS = "manage_accounts"


@dataclass(frozen=True, slots=True)
class Account:
    """A person who may log in."""

    id: AgentId
    login: str
    display_name: str
    role: Role
    queues: tuple[QueueName, ...]
    """Queues the person serves; empty: all."""
    permissions: frozenset[Permission]
