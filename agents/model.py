"""What the record knows about a seat; the routing engine is restored from it after a restart. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.vocabulary import (
    AgentId,
    AgentState,
    CallId,
    CertificateName,
    Phone,
    QueueName,
    Seconds,
    SkillName,
)


@dataclass(frozen=True, slots=True)
class SeatedAgent:
    """An open seat with the agent's latest recorded state."""

    agent_id: AgentId
    name: str
    phone: Phone
    queues: tuple[QueueName, ...]
    """Queues served from this seat; empty: all."""
    state: AgentState
    reason: str
    cause: str
    since: Seconds
    until: Seconds | None
    """When the state ends by itself, ``None`` when it does not."""
    next_state: AgentState | None
    """Asked for during the call that was going on; takes effect when it ends."""
    next_reason: str
    call_id: CallId | None
    """The call that the latest state belongs to."""
    skills: Mapping[SkillName, int] = field(default_factory=dict)
    certificates: Mapping[CertificateName, Seconds | None] = field(default_factory=dict)
    wrap_up_seconds: Seconds | None = None
    """The agent's own wrap-up time, ``None``: that of the queue."""
    next_cause: str = ""
    extensions: int = 0
    """How often the wrap-up has been prolonged at the agent's wish."""
