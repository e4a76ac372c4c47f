"""Every rule about tickets and recordings: states, fields, who may see what, masking, names. Pure.

Used by ``tickets.service`` and ``tickets.api``; the same text rules are in the schema as CHECKs.
"""

import re
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid5

from core.errors import Conflict, InvalidInput
from core.identity import Account, Permission
from core.vocabulary import AgentId, CallId, Seconds
from tickets.model import Ticket, TicketChange, TicketFilter, TicketInput, TicketState

S = TicketState
I = TicketInput  # noqa: E741 - the table is read as a picture

TRANSITIONS: dict[tuple[TicketState, TicketInput], TicketState] = {
    (S.DRAFT, I.EDIT): S.DRAFT,
    (S.DRAFT, I.REGISTER): S.REGISTERED,
    (S.REGISTERED, I.EDIT): S.REGISTERED,
}
"""A pair that is not here is refused (409)."""

TEXT_LIMITS: dict[str, int] = {"citizen_name": 80, "title": 200, "body": 20_000, "topic": 80, "place": 200}
"""The fields a person writes, and how many characters each may have."""

_LINES_ALLOWED = frozenset({"body"})
_LINE_CHARACTERS = frozenset("\n\t")
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Control characters, lone surrogates, line and paragraph separators."""

_RECORDING_NAMESPACE = UUID("5c6be1f4-0e0c-5a37-9a52-6e3f0c1d7b12")
_PATH_KEY = re.compile(
    r"[0-9]{4}/[0-9]{2}/[0-9]{2}/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.flac", re.ASCII
)

# --- the state machine and the fields ------------------------------------------------------------


def next_state(state: TicketState, given: TicketInput) -> TicketState | None:
    """The state that ``given`` leads to, ``None`` when the pair is not in the table."""
    return TRANSITIONS.get((state, given))


def text_fault(field: str, value: str) -> str | None:
    """What is wrong with a text for this field, as a sentence without the text; ``None``: nothing."""
    limit = TEXT_LIMITS[field]
    if len(value) > limit:
        return f"at most {limit} characters"
    allowed = _LINE_CHARACTERS if field in _LINES_ALLOWED else frozenset()
    if any(unicodedata.category(c) in _FORBIDDEN_CATEGORIES for c in value if c not in allowed):
        return "no control characters" if allowed else "no control characters and no line breaks"
    return None


def apply_change(ticket: Ticket, change: TicketChange) -> tuple[TicketState, dict[str, str]]:
    """What an edit makes of a ticket.

    Returns:
        The new state, and the texts that really differ.

    Raises:
        InvalidInput: a text breaks its rule, or a registered ticket would be without a title.
        Conflict: the state does not lead there.
    """
    for field, value in change.texts.items():
        if fault := text_fault(field, value):
            raise InvalidInput(f"{field}: {fault}", field=field)
    state = _wanted_state(ticket.state, change.state)
    if state is TicketState.REGISTERED and not change.texts.get("title", ticket.title):
        raise InvalidInput("a registered ticket needs a title", code="title_required", field="title")
    return state, {field: value for field, value in change.texts.items() if getattr(ticket, field) != value}


def _wanted_state(present: TicketState, wanted: TicketState | None) -> TicketState:
    # Asking for the state a ticket is in is an edit: a client that sends the whole form again is right.
    given = TicketInput.EDIT if wanted in (None, present) else TicketInput.REGISTER
    after = next_state(present, given)
    if after is None or wanted not in (None, after):
        raise Conflict(f"a {present} ticket cannot become {wanted}", field="state")
    return after


# --- who may -------------------------------------------------------------------------------------


def within_sight(wanted: TicketFilter, account: Account) -> TicketFilter:
    """The filter, narrowed to the account's own calls unless it sees everybody's."""
    if Permission.SEE_ALL_CALLS in account.permissions:
        return wanted
    return replace(wanted, owner=account.id)


def may_see(account: Account, agent_id: AgentId | None) -> bool:
    """Whether the account may know of a call that ``agent_id`` answered."""
    return _may(account, agent_id, Permission.SEE_OWN_CALLS, Permission.SEE_ALL_CALLS)


def may_edit(account: Account, agent_id: AgentId | None) -> bool:
    """Whether the account may write in a ticket of ``agent_id``'s and see the caller's full number."""
    return _may(account, agent_id, Permission.EDIT_OWN_TICKETS, Permission.EDIT_ALL_TICKETS)


def may_listen(account: Account, agent_id: AgentId | None) -> bool:
    """Whether the account may hear a call that ``agent_id`` answered."""
    return _may(account, agent_id, Permission.LISTEN_OWN_RECORDINGS, Permission.LISTEN_ALL_RECORDINGS)


def _may(account: Account, owner: AgentId | None, own: Permission, everything: Permission) -> bool:
    return everything in account.permissions or (own in account.permissions and owner == account.id)


# --- names ---------------------------------------------------------------------------------------


def canonical_call_id(text: str) -> CallId:
    """The call id in its one form.

    Raises:
        ValueError: it is not a UUID in canonical form; such a name never reaches the file system.
    """
    if str(UUID(text)) != text:
        raise ValueError("not a UUID in canonical form")
    return CallId(text)


def recording_id(call_id: CallId) -> UUID:
    """The recording's id, derived from the call's, so that creating its row twice is harmless."""
    return uuid5(_RECORDING_NAMESPACE, call_id)


def path_key(call_id: CallId, arrived_at: Seconds) -> str:
    """Where in the archive a call's recording is: the folder is the UTC day of its arrival."""
    day = datetime.fromtimestamp(arrived_at, UTC)
    return f"{day:%Y/%m/%d}/{canonical_call_id(call_id)}.flac"


def is_path_key(text: str) -> bool:
    """Whether ``text`` has the one shape that ``path_key`` makes."""
    return _PATH_KEY.fullmatch(text) is not None
