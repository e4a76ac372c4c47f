"""The model of Asterisk for the engine's property test, with what its dialplan does inside a talk."""

from dataclasses import dataclass, field, replace

from core.commands import MoveLegs, OfferCall, ReturnToHold, RingThird
from core.events import (
    AgentLegEnded,
    CallAnswered,
    ConsultOver,
    LiveCall,
    ThirdAnswered,
    ThirdLegEnded,
    ThirdRinging,
)
from core.talk import Leg
from core.vocabulary import CallId, Phone
from tests.unit.acd.switch import Channel, Switch
from tests.unit.acd.world import channel_of, waiting

NO_SOUND = 44
INSIDE = frozenset({"talking", "held", "conference", "outside"})


@dataclass(slots=True)
class Third:
    """The leg of whoever was called into a talk."""

    channel: str
    phone: Phone | None
    up: bool = False


@dataclass(slots=True)
class TalkSwitch(Switch):
    """The truth, with its talks."""

    thirds: dict[CallId, Third] = field(default_factory=dict)
    legs: int = 0
    """How many legs to the outside there have been: each has its own name."""

    def busy(self) -> set[Phone]:
        asked = {third.phone for third in self.thirds.values() if third.phone is not None}
        return Switch.busy(self) | asked

    def leg_of(self, channel: Channel) -> str:
        return "" if channel.phone is None else f"PJSIP/{channel.phone}-{channel.call}"

    # --- legs that end ---

    def drop_third(self, channel: Channel) -> None:
        third = self.thirds.pop(channel.call, None)
        if third is None:
            return
        if third.phone is None:
            self.say(ThirdLegEnded(channel.call, third.channel, self.tick()))
        else:
            self.say(AgentLegEnded(channel.call, third.phone, third.channel, self.tick()))

    def hang_up(self, channel: Channel, cause: int = 16) -> None:
        self.drop_third(channel)
        Switch.hang_up(self, channel, cause)

    def hold(self, channel: Channel, status: str = "", reason: str = "") -> None:
        """Into the hold loop; out of a talk it says why."""
        self.drop_third(channel)
        at = self.tick()
        channel.stage = "waiting"
        event = waiting(
            channel.call,
            at,
            queue=channel.queue,
            entered_at=channel.entered_at,
            offer_id=channel.offer_id,
            dial_status=status,
        )
        self.say(replace(event, reason=reason))
        channel.offer_id = None

    def agent_hangs_up(self, channel: Channel, *, died: bool = False) -> None:
        """The agent's leg ends, at any moment of the talk."""
        leg, phone = self.leg_of(channel), channel.phone
        assert phone is not None
        channel.phone = None
        was, channel.talking = channel.stage, False
        self.say(AgentLegEnded(channel.call, phone, leg, self.tick(), NO_SOUND if died else 16))
        third = self.thirds.get(channel.call)
        if was == "held":
            self.hold(channel, reason="agent_left")
        elif was == "conference" and third is not None and third.up:
            return
        elif died:
            self.hold(channel, reason="phone_lost")
        else:
            self.drop_third(channel)
            channel.stage = "rating"

    def third_answers(self, channel: Channel) -> None:
        third = self.thirds[channel.call]
        third.up = True
        if third.phone is None:
            self.say(ThirdAnswered(channel.call, third.channel, self.tick()))
        else:
            self.say(CallAnswered(channel.call, third.phone, third.channel, self.tick()))

    def third_leaves(self, channel: Channel, status: str = "ANSWER") -> None:
        """He hangs up, or does not answer."""
        up = self.thirds[channel.call].up
        self.drop_third(channel)
        if channel.stage == "held" and channel.phone is not None:
            self.say(ConsultOver(channel.call, channel.phone, "ANSWER" if up else status, self.tick()))
        elif channel.stage == "outside" and not up:
            self.hold(channel, reason="not_reached")
        elif channel.stage == "outside" or channel.phone is None:
            channel.stage = "rating"

    # --- what the service orders ---

    def offer(self, command: OfferCall) -> bool:
        channel = self.channels.get(command.call_id)
        if channel is not None and command.channel == channel_of(channel.call):
            self.drop_third(channel)
        return Switch.offer(self, command)

    def take_back(self, command: ReturnToHold) -> None:
        channel = self.channels.get(command.call_id)
        if channel is not None and channel.stage in ("fallback", "offering"):
            Switch.take_back(self, command)

    def _there(self, channel: Channel, leg: str) -> bool:
        third = self.thirds.get(channel.call)
        return leg in (channel_of(channel.call), self.leg_of(channel), third.channel if third else "")

    def move(self, command: MoveLegs) -> bool:
        """Redirects, then hang-ups; ``False``: a leg is gone, nothing was done."""
        channel = self.channels.get(command.call_id)
        legs = [leg for group in command.groups for leg in group]
        if channel is None or not all(leg.channel and self._there(channel, leg.channel) for leg in legs):
            return not legs
        variables = dict(command.variables)
        if "HOTLINE_QUEUE" in variables:
            channel.queue = variables["HOTLINE_QUEUE"]  # type: ignore[assignment] # a queue's name
        citizen = next((leg for leg in legs if leg.channel == channel_of(channel.call)), None)
        others = [leg for leg in legs if leg is not citizen]
        if citizen is not None:
            self._citizen_goes(channel, citizen, others, variables)
        for gone in command.hang_up:
            self._hang_up_leg(command.call_id, gone)
        return True

    def _citizen_goes(self, channel: Channel, to: Leg, others: list[Leg], variables: dict[str, str]) -> None:
        if to.context == "talk-hold":
            self._unjoin(channel)
            channel.stage, channel.talking = "held", False
            if others and others[0].context == "talk-consult":
                self._ask(channel, others[0].exten)
        elif to.context == "talk-join":
            self._join(channel, variables["HOTLINE_PEER"])
        elif to.context == "talk-conference":
            channel.stage, channel.talking = "conference", True
        elif to.context == "talk-outside":
            self._leave_agent(channel)
            channel.stage = "outside"
            self._ring_outside(channel)
        elif to.context == "talk-requeue":
            self._leave_agent(channel)
            self.hold(channel, reason=variables["HOTLINE_REASON"])
        else:
            assert to.context == "after-call"
            self._leave_agent(channel)
            channel.stage = "rating"

    def _unjoin(self, channel: Channel) -> None:
        """Who is asked is let go when the agent's leg goes elsewhere."""
        self.drop_third(channel)

    def _leave_agent(self, channel: Channel) -> None:
        self.drop_third(channel)
        self.drop_leg(channel)

    def _ask(self, channel: Channel, exten: str) -> None:
        if exten.startswith("o"):
            self._ring_outside(channel)
            return
        phone = Phone(exten[1:])
        if phone in self.registered - self.busy():
            self.thirds[channel.call] = Third(f"PJSIP/{phone}-{channel.call}", phone)
        elif channel.phone is not None:
            status = "BUSY" if phone in self.registered else "CHANUNAVAIL"
            self.say(ConsultOver(channel.call, channel.phone, status, self.tick()))

    def _ring_outside(self, channel: Channel) -> None:
        self.legs += 1
        self.thirds[channel.call] = third = Third(f"PJSIP/third-{self.legs}", None)
        self.say(ThirdRinging(channel.call, third.channel, self.tick()))

    def _join(self, channel: Channel, peer: str) -> None:
        third = self.thirds.get(channel.call)
        if third is not None and third.up and peer == third.channel:
            agent, leg = channel.phone, self.leg_of(channel)
            del self.thirds[channel.call]
            if agent is not None:
                self.say(AgentLegEnded(channel.call, agent, leg, self.tick()))
            if third.phone is None:
                self.thirds[channel.call] = third
                channel.phone, channel.stage, channel.talking = None, "talking", False
            else:
                channel.phone, channel.stage, channel.talking = third.phone, "talking", True
        elif channel.phone is not None and peer == self.leg_of(channel):
            self.drop_third(channel)
            channel.stage, channel.talking = "talking", True
        else:
            self._leave_agent(channel)
            self.hold(channel, reason="agent_left")

    def _hang_up_leg(self, call: CallId, leg: str) -> None:
        channel = self.channels.get(call)
        if channel is None:
            return
        third = self.thirds.get(call)
        if third is not None and leg == third.channel:
            self.third_leaves(channel)
        elif channel.phone is not None and leg == self.leg_of(channel) and channel.stage in INSIDE:
            self.agent_hangs_up(channel)

    def ring_third(self, command: RingThird) -> bool:
        """An emergency service is called into the conference."""
        channel = self.channels.get(command.call_id)
        if channel is None or channel.stage != "conference":
            return False
        self._ring_outside(channel)
        return True

    def _live(self, channel: Channel) -> LiveCall:
        live, third = Switch._live(self, channel), self.thirds.get(channel.call)
        alone = channel.stage == "talking" and channel.phone is None
        if third is None or not (alone or channel.stage in ("held", "conference", "outside")):
            return live
        if channel.phone is None and third.phone is not None:
            return replace(live, agent_phone=third.phone, agent_channel=third.channel, talking=third.up)
        return replace(live, third=third.channel, third_phone=third.phone, third_up=third.up)
