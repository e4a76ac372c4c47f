"""A model of the calls that the centre places (call-backs in queue): the agent's phone rings, then his."""

from collections.abc import Callable
from dataclasses import dataclass

from core.commands import StartCallout
from core.events import (
    AgentLegEnded,
    CallHungUp,
    CalloutConnected,
    CalloutUnreached,
    CitizenAnswered,
    Event,
    LiveCall,
    PhoneNotReached,
    PhonePickedUp,
    PhoneRinging,
)
from core.vocabulary import CallId, Direction, Phone, Seconds
from hotline.simulate.agenda import Agenda
from hotline.simulate.arrivals import Caller

NORMAL_CLEARING, NO_ANSWER = 16, 19
RANG_OUT = 3
"""Asterisk's reason for an Originate that nobody answered."""
PICKS_UP: Seconds = 8.0
"""How long a citizen's phone rings before he picks up."""
CALLING, DIALLING, TALKING = "calling", "dialling", "talking"


@dataclass(slots=True)
class Leg:
    """One call that is being placed."""

    command: StartCallout
    caller: Caller
    stage: str = CALLING
    channel: str = ""
    """The citizen's, once he has answered."""

    @property
    def agent_channel(self) -> str:
        """The channel of the agent's phone."""
        return f"PJSIP/{self.command.phone}-{self.command.call_id}"


class CalloutModel:
    """What Asterisk and the citizen make of a call that the centre places.

    Args:
        agenda: virtual time.
        feed: tells the engine an event.
        rings: how long an agent's phone rings until it is picked up, ``None``: it rings out.
        caller: who has this number.
        notice: length of the announcement.
    """

    def __init__(
        self,
        agenda: Agenda,
        feed: Callable[[Event], None],
        rings: Callable[[], Seconds | None],
        caller: Callable[[str], Caller],
        notice: Seconds,
    ) -> None:
        self.legs: dict[CallId, Leg] = {}
        self._agenda, self._feed, self._rings, self._caller = agenda, feed, rings, caller
        self._notice = notice

    def start(self, command: StartCallout) -> None:
        """Call the agent's phone."""
        leg = Leg(command, self._caller(command.number))
        self.legs[command.call_id] = leg
        self._agenda.after(0.0, self._ring, leg)
        ringing = self._rings()
        if ringing is None or ringing > command.phone_seconds:
            self._agenda.after(command.phone_seconds, self._not_reached, leg)
        else:
            self._agenda.after(ringing, self._picked_up, leg)

    def _ring(self, leg: Leg) -> None:
        command = leg.command
        self._feed(PhoneRinging(command.call_id, command.phone, leg.agent_channel, self._agenda.now))

    def _not_reached(self, leg: Leg) -> None:
        del self.legs[leg.command.call_id]
        self._agent_leg_ends(leg)
        self._feed(PhoneNotReached(leg.command.call_id, RANG_OUT, self._agenda.now))

    def _picked_up(self, leg: Leg) -> None:
        leg.stage, command = DIALLING, leg.command
        self._feed(
            PhonePickedUp(
                call_id=command.call_id,
                phone=command.phone,
                agent_channel=leg.agent_channel,
                caller=command.number,
                dialled=command.dialled,
                queue=command.queue,
                entered_at=command.entered_at,
                offer_id=command.offer_id,
                at=self._agenda.now,
            )
        )
        if leg.caller.answers_call_back:
            self._agenda.after(PICKS_UP, self._answered, leg)
        else:
            self._agenda.after(command.citizen_seconds, self._unreached, leg)

    def _unreached(self, leg: Leg) -> None:
        del self.legs[leg.command.call_id]
        self._feed(CalloutUnreached(leg.command.call_id, "NOANSWER", NO_ANSWER, self._agenda.now))
        self._agent_leg_ends(leg)

    def _answered(self, leg: Leg) -> None:
        call_id = leg.command.call_id
        leg.channel = f"PJSIP/outside-{call_id}"
        self._feed(CitizenAnswered(call_id, leg.channel, call_id, self._agenda.now))
        self._agenda.after(self._notice, self._connected, leg)

    def _connected(self, leg: Leg) -> None:
        leg.stage, call_id, now = TALKING, leg.command.call_id, self._agenda.now
        self._feed(
            CalloutConnected(call_id, leg.channel, call_id, leg.command.phone, leg.agent_channel, now, now)
        )
        self._agenda.after(leg.caller.talk, self._over, leg)

    def _over(self, leg: Leg) -> None:
        del self.legs[leg.command.call_id]
        self._agent_leg_ends(leg)
        self._feed(CallHungUp(leg.command.call_id, leg.channel, NORMAL_CLEARING, self._agenda.now))

    def _agent_leg_ends(self, leg: Leg) -> None:
        command = leg.command
        self._feed(AgentLegEnded(command.call_id, command.phone, leg.agent_channel, self._agenda.now))

    def picture(self) -> list[LiveCall]:
        """Those that are under way."""
        return [_live(leg) for leg in self.legs.values()]

    def phones(self) -> frozenset[Phone]:
        """Phones that are in such a call."""
        return frozenset(leg.command.phone for leg in self.legs.values())


def _live(leg: Leg) -> LiveCall:
    command = leg.command
    return LiveCall(
        call_id=command.call_id,
        channel=leg.channel,
        uniqueid=command.call_id,
        caller=command.number,
        dialled=command.dialled,
        queue=command.queue,
        entered_at=command.entered_at,
        notice_at=None,
        stage=leg.stage,
        offer_id=command.offer_id,
        agent_phone=command.phone,
        agent_channel=leg.agent_channel,
        talking=leg.stage == TALKING,
        direction=Direction.OUTBOUND,
    )
