"""What brings an agent back who is NOT_RESPONDING, by the coded cause. Pure."""

from enum import StrEnum

from core.vocabulary import AgentState


class BackBy(StrEnum):
    """What ends NOT_RESPONDING."""

    PHONE = "phone"
    """The phone is registered again: ready at once. Asking for a state does it as well."""
    REQUEST = "request"
    """The agent asks for a state."""


CAUSES: dict[str, BackBy] = {
    "system:no_answer": BackBy.REQUEST,
    "system:busy": BackBy.REQUEST,
    "system:failed": BackBy.REQUEST,
    "system:phone_died": BackBy.REQUEST,
    "system:unreachable": BackBy.PHONE,
    "system:phone_lost": BackBy.PHONE,
}
"""Every cause with which the system sets NOT_RESPONDING: the phone rang out, was busy, could not be rung,
fell silent in a talk, could not be reached, lost its registration."""


def back_by(state: AgentState, cause: str) -> BackBy | None:
    """What brings the agent back; ``None`` outside NOT_RESPONDING."""
    return CAUSES.get(cause, BackBy.REQUEST) if state is AgentState.NOT_RESPONDING else None
