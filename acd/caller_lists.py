"""Lists of callers: what they are, how an entry lives, and who may decide what about it. Pure.

A citizen is never shut out: an entry only changes how a call is routed (``acd.callers``). It takes two people
to put one into force and a third one to judge an appeal against it, and it ends by itself.
"""

from dataclasses import dataclass
from enum import StrEnum

from core.errors import Conflict, InvalidInput, NotPermitted
from core.vocabulary import AgentId, Seconds

DAY: Seconds = 86_400.0


class ReasonCode(StrEnum):
    """Why somebody is on a list."""

    ABUSE = "abuse"
    THREAT = "threat"
    PRANK = "prank"
    NUISANCE = "nuisance"
    SILENT_CALLS = "silent_calls"
    CARE = "care"
    DUTY = "duty"
    OTHER = "other"


class EntryState(StrEnum):
    """Where an entry stands."""

    PROPOSED = "proposed"
    ACTIVE = "active"
    REFUSED = "refused"
    APPEALED = "appealed"
    """In force until the appeal is judged."""
    LIFTED = "lifted"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class EntryInput(StrEnum):
    """What moves an entry."""

    APPROVE = "approve"
    REFUSE = "refuse"
    APPEAL = "appeal"
    UPHOLD = "uphold"
    LIFT = "lift"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    """Its time is over; not asked for by anybody."""


S, I = EntryState, EntryInput  # noqa: E741 - the table is read as a picture

TRANSITIONS: dict[tuple[EntryState, EntryInput], EntryState] = {
    (S.PROPOSED, I.APPROVE): S.ACTIVE,
    (S.PROPOSED, I.REFUSE): S.REFUSED,
    (S.PROPOSED, I.WITHDRAW): S.WITHDRAWN,
    (S.PROPOSED, I.EXPIRE): S.EXPIRED,
    (S.ACTIVE, I.APPEAL): S.APPEALED,
    (S.ACTIVE, I.WITHDRAW): S.WITHDRAWN,
    (S.ACTIVE, I.EXPIRE): S.EXPIRED,
    (S.APPEALED, I.UPHOLD): S.ACTIVE,
    (S.APPEALED, I.LIFT): S.LIFTED,
    (S.APPEALED, I.WITHDRAW): S.WITHDRAWN,
    (S.APPEALED, I.EXPIRE): S.EXPIRED,
}

ACTING = frozenset({S.ACTIVE, S.APPEALED})
"""Only these have an effect, and only before their end."""

OPEN = ACTING | {S.PROPOSED}


@dataclass(frozen=True, slots=True)
class Standing:
    """What the rules need to know about an entry."""

    state: EntryState
    expires_at: Seconds
    proposed_by: AgentId
    decided_by: AgentId | None = None
    appealed_by: AgentId | None = None


def present_state(entry: Standing, now: Seconds) -> EntryState:
    """The state at this moment: an open entry whose time is over has expired, whatever its row says."""
    if now < entry.expires_at:
        return entry.state
    return TRANSITIONS.get((entry.state, I.EXPIRE), entry.state)


def next_state(entry: Standing, given: EntryInput, now: Seconds) -> EntryState:
    """The state that a step leads to.

    Raises:
        Conflict: the step does not fit the entry as it is now.
    """
    state = present_state(entry, now)
    then = TRANSITIONS.get((state, given))
    if then is None:
        raise Conflict(f"an entry that is {state} cannot be given: {given}", code="entry_not_open")
    return then


def check_may(entry: Standing, given: EntryInput, who: AgentId, *, decides: bool) -> None:
    """Whether this person may take this step.

    Args:
        entry: as it stands.
        given: the step.
        who: the account.
        decides: whether the account has the right to decide about lists.

    Raises:
        NotPermitted: it takes somebody else.
    """
    if given in {I.APPROVE, I.REFUSE}:
        _somebody_else(who, {entry.proposed_by}, "whoever proposed an entry does not decide about it")
    elif given in {I.UPHOLD, I.LIFT}:
        involved = {entry.proposed_by, entry.decided_by, entry.appealed_by}
        _somebody_else(who, involved, "an appeal is judged by somebody who had no part in the entry")
    elif given is I.WITHDRAW:
        own = entry.state is S.PROPOSED and who == entry.proposed_by
        if not (own or decides):
            raise NotPermitted("only a supervisor withdraws an entry that is not your own proposal")


def _somebody_else(who: AgentId, involved: set[AgentId | None], why: str) -> None:
    if who in involved:
        raise NotPermitted(why, code="second_person_needed")


def check_end(expires_at: Seconds, now: Seconds, longest_days: int) -> None:
    """Whether an entry may last that long; raises ``InvalidInput`` naming the field."""
    if expires_at <= now:
        raise InvalidInput("the end must lie in the future", field="expires_at")
    if expires_at > now + longest_days * DAY:
        raise InvalidInput(f"an entry may last {longest_days} days at most", field="expires_at")
