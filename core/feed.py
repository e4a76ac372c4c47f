"""What the live feed carries: a fact or a change as something a screen can show.

Features publish through ``Feed``; ``web`` numbers, masks and delivers it. PURE.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from core.identity import Permission
from core.vocabulary import AgentId, Seconds


class Topic(StrEnum):
    """What a client may subscribe to. The permission that each needs is the table ``NEEDS``."""

    ME = "me"
    """Own seat, state, call, ticket, messages, warnings, stress room. Delivered to its agent only."""
    AGENTS = "agents"
    CALLS = "calls"
    QUEUES = "queues"
    TICKETS = "tickets"
    WALL = "wall"
    """The figures of the wall display; no persons."""


NEEDS: dict[Topic, Permission] = {
    Topic.ME: Permission.ANY,
    Topic.AGENTS: Permission.SUPERVISE,
    Topic.CALLS: Permission.SEE_ALL_CALLS,
    Topic.QUEUES: Permission.SEE_FIGURES,
    Topic.TICKETS: Permission.EDIT_ALL_TICKETS,
    Topic.WALL: Permission.SEE_FIGURES,
}


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One thing that happened, before it has a number."""

    topic: Topic
    kind: str
    """``noun.verb`` in snake case: ``agent.state_changed``, ``message.received``."""
    key: str
    """Which object: ``agent:7``, ``call:<uuid>``, ``ticket:12``; changes of one object keep their order."""
    data: Mapping[str, Any]
    """JSON values. A caller's number stands under ``caller`` only: that is what masking looks for."""
    at: Seconds
    agent_id: AgentId | None = None
    """Of ``Topic.ME``: whose it is."""


class Feed(Protocol):
    """Takes what is to be shown; never blocks, never raises."""

    def publish(self, item: FeedItem) -> None:
        """Number it and deliver it to whoever listens."""
        ...
