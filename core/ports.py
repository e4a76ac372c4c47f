"""What the features need from the outside world, as Protocols; ``hotline.bootstrap`` plugs in the real ones."""

from collections.abc import Sequence
from typing import Protocol

from core.commands import MirrorMember, OfferCall, ReturnToHold
from core.events import ApiEvent, Reconciled
from core.facts import Fact
from core.vocabulary import Phone, Seconds


class Telephony(Protocol):
    """The switch, as ``acd.service`` uses it. Every method raises ``TelephonyError`` (core.ports) on failure."""

    async def offer(self, command: OfferCall) -> None:
        """Redirect the caller into the offer."""
        ...

    async def return_to_hold(self, command: ReturnToHold) -> None:
        """Redirect the caller back to music, unless a fresh look shows that he talks to an agent."""
        ...

    async def mirror_member(self, command: MirrorMember) -> None:
        """Bring the native queues in line."""
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


class CallerGone(Exception):  # noqa: N818 - an outcome of a conversation, not a fault
    """The caller hung up, or the channel was taken elsewhere, while the IVR was at it."""


class VoiceChannel(Protocol):
    """One caller inside FastAGI, as ``ivr.session`` uses it. Every method may raise ``CallerGone``."""

    @property
    def variables(self) -> dict[str, str]:
        """The request's ``agi_*`` variables without the prefix, plus ``arg_1``..."""
        ...

    async def play(self, sound: str, interrupt_digits: str = "") -> str:
        """Play a sound file (absolute path without extension). Returns the key that interrupted it or ``""``."""
        ...

    async def wait_digit(self, timeout: Seconds) -> str:
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
