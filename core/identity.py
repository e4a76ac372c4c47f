"""Who is asking: the account behind a session. What a role may do is the table in ``agents.permissions``."""

from dataclasses import dataclass
from enum import StrEnum

from core.vocabulary import AgentId, QueueName


class Role(StrEnum):
    """What somebody is employed for."""

    AGENT = "agent"
    SENIOR_AGENT = "senior_agent"
    SUPERVISOR = "supervisor"
    DISPATCHER = "dispatcher"
    REVIEWER = "reviewer"
    CALLBACK_STAFF = "callback_staff"
    KNOWLEDGE_EDITOR = "knowledge_editor"
    ANALYST = "analyst"
    UNIT_HANDLER = "unit_handler"
    UNIT_HEAD = "unit_head"
    INSPECTOR = "inspector"
    ADMINISTRATOR = "administrator"
    MACHINE = "machine"
    """Another program: a wall display, a unit's own system."""


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
    MONITOR_TALKS = "monitor_talks"
    """Listen, whisper, barge in, take over."""
    COACH = "coach"
    SEND_MESSAGES = "send_messages"
    MANAGE_SHIFTS = "manage_shifts"
    NOMINATE_AWARDS = "nominate_awards"
    DECIDE_AWARDS = "decide_awards"
    DECIDE_APPEALS = "decide_appeals"
    SEE_FIGURES = "see_figures"
    """The wall display and the figures without persons."""
    UNMASK = "unmask"
    """See numbers in full, with a reason that is kept."""
    READ_AUDIT = "read_audit"
    MANAGE_RETENTION = "manage_retention"
    MANAGE_WEBHOOKS = "manage_webhooks"
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
    team_id: int | None = None
    unit: str | None = None
    """Code of the handling unit the person works for; ``None``: the hotline itself."""
    districts: tuple[str, ...] = ()
    """Codes of the districts whose objects an inspector sees; empty: all."""
    contractor: bool = False
    """Staff of a contractor: what they may see is limited."""
