"""A small model of Asterisk for the engine's property test: which channels exist, and what it says of them.

The truth is here; the engine sees it through a wire that repeats, swaps and loses events, and through
pictures that may be old when they arrive.
"""

from dataclasses import dataclass, field

from core.commands import MarkCall, OfferCall, ReturnToHold
from core.events import (
    AgentLegEnded,
    CallAnswered,
    CallArrived,
    CallFellBack,
    CallHungUp,
    CallWaiting,
    Event,
    LiveCall,
    PhoneReachability,
    Reconciled,
)
from core.plan import Priority
from core.vocabulary import CallId, OfferId, Phone, QueueName, Seconds
from tests.unit.acd.world import arrived, channel_of, waiting

JOURNALLED = (CallArrived, CallFellBack, CallAnswered, AgentLegEnded, CallHungUp)
JOURNAL_LINES = 100

STEP: Seconds = 0.001
"""No two things happen at the same moment."""


@dataclass(slots=True)
class Channel:
    """A caller's channel, and the leg to an agent's phone if there is one."""

    call: CallId
    queue: QueueName
    entered_at: Seconds
    stage: str = "announcement"
    offer_id: OfferId | None = None
    phone: Phone | None = None
    talking: bool = False
    marked: dict[str, str] = field(default_factory=dict)
    """Variables that the service has set."""


@dataclass(slots=True)
class Switch:
    """The truth."""

    now: Seconds = 1000.0
    channels: dict[CallId, Channel] = field(default_factory=dict)
    registered: set[Phone] = field(default_factory=set)
    wire: list[Event] = field(default_factory=list)
    journal: list[Event] = field(default_factory=list)
    ended: set[CallId] = field(default_factory=set)

    def tick(self) -> Seconds:
        self.now += STEP
        return self.now

    def busy(self) -> set[Phone]:
        return {channel.phone for channel in self.channels.values() if channel.phone is not None}

    def say(self, event: Event) -> None:
        """Over the wire, and into the journal what belongs there."""
        self.wire.append(event)
        first_wait = isinstance(event, CallWaiting) and event.offer_id is None
        if first_wait or isinstance(event, JOURNALLED):
            self.journal.append(event)
            del self.journal[:-JOURNAL_LINES]

    # --- callers ---

    def arrive(self, call: CallId, queue: QueueName) -> None:
        at = self.tick()
        self.channels[call] = Channel(call, queue, at)
        self.say(arrived(call, at, queue))

    def hold(self, channel: Channel, status: str = "") -> None:
        """Into the hold loop, with its one announcement."""
        at = self.tick()
        channel.stage = "waiting"
        self.say(
            waiting(
                channel.call,
                at,
                queue=channel.queue,
                entered_at=channel.entered_at,
                offer_id=channel.offer_id,
                dial_status=status,
            )
        )
        channel.offer_id = None

    def hang_up(self, channel: Channel, cause: int = 16) -> None:
        self.drop_leg(channel)
        del self.channels[channel.call]
        self.ended.add(channel.call)
        self.say(CallHungUp(channel.call, channel_of(channel.call), cause, self.tick()))

    # --- agents' phones ---

    def drop_leg(self, channel: Channel) -> None:
        if channel.phone is not None:
            leg = f"PJSIP/{channel.phone}-{channel.call}"
            self.say(AgentLegEnded(channel.call, channel.phone, leg, self.tick()))
        channel.phone, channel.talking = None, False

    def pick_up(self, channel: Channel, phone: Phone) -> None:
        channel.phone, channel.talking = phone, True
        self.say(CallAnswered(channel.call, phone, f"PJSIP/{phone}-{channel.call}", self.tick()))

    def agent_hangs_up(self, channel: Channel) -> None:
        self.drop_leg(channel)
        channel.stage = "rating"

    def rings_out(self, channel: Channel) -> None:
        self.drop_leg(channel)
        self.hold(channel, "NOANSWER")

    def fall_back(self, channel: Channel) -> None:
        channel.stage = "fallback"
        self.say(CallFellBack(channel.call, self.tick()))

    def register(self, phone: Phone, *, there: bool) -> None:
        (self.registered.add if there else self.registered.discard)(phone)
        self.say(PhoneReachability(phone, there, self.tick()))

    # --- what the service orders ---

    def offer(self, command: OfferCall) -> bool:
        """Redirect into the offer; ``False`` when there is no such channel."""
        channel = self.channels.get(command.call_id)
        if channel is None or command.channel != channel_of(channel.call):
            return False
        self.drop_leg(channel)
        channel.stage, channel.offer_id = "offering", command.offer_id
        if command.phone not in self.registered:
            self.hold(channel, "CHANUNAVAIL")
        elif command.phone in self.busy():
            self.hold(channel, "BUSY")
        else:
            channel.phone = command.phone
        return True

    def take_back(self, command: ReturnToHold) -> None:
        """Redirect to the hold loop, unless he talks."""
        channel = self.channels.get(command.call_id)
        if channel is not None and channel.stage in ("fallback", "offering") and not channel.talking:
            self.drop_leg(channel)
            self.hold(channel)

    def mark(self, command: MarkCall) -> None:
        """Variables of a caller's channel."""
        channel = self.channels.get(command.call_id)
        if channel is not None:
            channel.marked.update(command.variables)

    def picture(self) -> Reconciled:
        return Reconciled(
            calls=tuple(self._live(channel) for channel in self.channels.values()),
            reachable_phones=frozenset(self.registered),
            busy_phones=frozenset(self.busy()),
            at=self.tick(),
        )

    def _live(self, channel: Channel) -> LiveCall:
        return LiveCall(
            call_id=channel.call,
            channel=channel_of(channel.call),
            uniqueid=f"u-{channel.call}",
            caller="13800138000",
            dialled="12345",
            queue=channel.queue,
            entered_at=channel.entered_at,
            notice_at=None,
            stage=channel.stage,
            offer_id=channel.offer_id,
            agent_phone=channel.phone,
            agent_channel="" if channel.phone is None else f"PJSIP/{channel.phone}-{channel.call}",
            talking=channel.talking,
            priority=Priority(found) if (found := channel.marked.get("HOTLINE_PRIORITY")) else None,
            place_at=float(found) if (found := channel.marked.get("HOTLINE_PLACE")) else None,
        )
