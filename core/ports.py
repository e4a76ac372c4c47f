"""What the features need from the outside, as Protocols; ``hotline.bootstrap`` plugs in the real ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from core.breaks import BreakUse
from core.commands import (
    HangUpLeg,
    MarkCall,
    MirrorMember,
    MoveLegs,
    OfferCall,
    ReturnToHold,
    RingThird,
    SendAway,
    SetSound,
    StartCallout,
    StopWarning,
    WarnCaller,
)
from core.events import ApiEvent, Reconciled
from core.facts import Fact
from core.vocabulary import AgentId, AgentState, CallId, Phone, QueueName, Seconds


class Telephony(Protocol):
    """The switch, as ``acd.service`` uses it. Every method may raise ``TelephonyError``."""

    async def offer(self, command: OfferCall) -> None:
        """Redirect the caller into the offer."""
        ...

    async def callout(self, command: StartCallout) -> None:
        """Call an agent's phone, and then, by the dialplan, the citizen."""
        ...

    async def hang_up(self, command: HangUpLeg) -> None:
        """Hang up one leg of a call, unless the channel is another call's by now."""
        ...

    async def return_to_hold(self, command: ReturnToHold) -> None:
        """Redirect the caller back to music, unless a fresh look shows that he talks to an agent."""
        ...

    async def send_away(self, command: SendAway) -> None:
        """Redirect a waiting caller to where he leaves, unless a fresh look shows that he talks."""
        ...

    async def mirror_member(self, command: MirrorMember) -> None:
        """Bring the native queues in line."""
        ...

    async def mark(self, command: MarkCall) -> None:
        """Set variables of the caller's channel."""
        ...

    async def warn_caller(self, command: WarnCaller) -> None:
        """Take both out of their talk: the caller to the warning, the agent's leg to wait."""
        ...

    async def stop_warning(self, command: StopWarning) -> None:
        """Connect the two again."""
        ...

    async def move_legs(self, command: MoveLegs) -> None:
        """Send the legs of a talk elsewhere in the dialplan."""
        ...

    async def set_sound(self, command: SetSound) -> None:
        """Mute a leg, or pause the recording."""
        ...

    async def ring_third(self, command: RingThird) -> None:
        """Call somebody outside into a conference."""
        ...

    async def heartbeat(self) -> None:
        """Write the moment of Asterisk's clock into ``GLOBAL(ACD_HEARTBEAT)``."""
        ...

    async def snapshot(self) -> Reconciled:
        """Ask Asterisk for everything that lives."""
        ...

    def now(self) -> Seconds:
        """Asterisk's clock, estimated from the last Ping and the monotonic clock."""
        ...


class TelephonyError(Exception):
    """An action was refused, timed out, or there is no connection."""


class CallerGone(Exception):
    """The caller hung up, or the channel was taken elsewhere, while the IVR was at it."""


class VoiceChannel(Protocol):
    """One caller inside FastAGI, as ``ivr.session`` uses it. Every method may raise ``CallerGone``."""

    @property
    def variables(self) -> dict[str, str]:
        """The request's ``agi_*`` variables without the prefix, plus ``arg_1``..."""
        ...

    async def play(self, sound: str, interrupt_digits: str = "") -> str:
        """Play a sound (absolute path without extension); returns the key that interrupted it or ``""``."""
        ...

    async def wait_digit(self, seconds: Seconds) -> str:
        """Wait for one key; ``""`` when none came in time."""
        ...

    async def set_variable(self, name: str, value: str) -> None:
        """Set a channel variable; control characters and quotes are refused with ``ValueError``."""
        ...

    async def get_variable(self, name: str) -> str:
        """Read a channel variable; ``""`` when unset."""
        ...


class Inbox(Protocol):
    """The one way for the API into the engine."""

    async def ask(self, event: ApiEvent) -> Sequence[Fact]:
        """Put a person's request in order with everything else.

        Returns the facts it led to. Raises ``core.errors.HotlineError`` (mostly ``Conflict``) when refused.
        """
        ...


class PhoneDirectory(Protocol):
    """Which phones exist and answer."""

    def exists(self, phone: Phone) -> bool:
        """Whether Asterisk has an endpoint for this number."""
        ...

    def reachable(self, phone: Phone) -> bool:
        """Whether it is registered and answers."""
        ...


class Writer(Protocol):
    """The ordered way of the call path into PostgreSQL (``db.writer``)."""

    def submit(self, query: str, *args: object) -> None:
        """Queue one statement (its text, with ``$n``); returns at once and never raises.

        Statements are carried out in order, exactly once, grouped into commits. While the database is away
        they are kept in an fsynced spool. Arguments must be JSON-able scalars, lists of them or ``None``;
        times are float seconds and turned into ``timestamptz`` with ``to_timestamp($n)`` in the query.
        """
        ...

    async def flush(self) -> None:
        """Return when everything submitted so far is durable (committed, or fsynced in the spool)."""
        ...


@dataclass(frozen=True, slots=True)
class AgentView:
    """What is known about an agent at this moment, for API and metrics."""

    agent_id: AgentId
    name: str
    phone: Phone
    queues: tuple[QueueName, ...]
    state: AgentState
    reason: str
    cause: str
    since: Seconds
    until: Seconds | None
    next_state: AgentState | None
    call_id: CallId | None
    caller: str
    dialled: str
    queue: str
    answered_at: Seconds | None
    next_reason: str = ""
    break_use: BreakUse | None = None
    """Of the break that goes on, when it has a reason with a row."""
    extensions_left: int = 0
    """How often the wrap-up that goes on may still be prolonged."""


@dataclass(frozen=True, slots=True)
class QueueView:
    """One queue at this moment."""

    name: QueueName
    waiting: int
    longest_wait: Seconds
    ready_agents: int
    busy_agents: int


class LiveView(Protocol):
    """Read-only look at the engine's memory, for the API."""

    def agent(self, agent_id: AgentId) -> AgentView | None:
        """The agent's seat and state; ``None`` when not logged in."""
        ...

    def agents(self) -> Sequence[AgentView]:
        """Everybody who is logged in, by id."""
        ...

    def queues(self) -> Sequence[QueueView]:
        """Every queue, by name."""
        ...
