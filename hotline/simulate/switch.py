"""A model of Asterisk and of the callers in it: carries out the engine's commands, tells it what happens.

The stages are those of the dialplan (``docs/contracts.md``). What one caller has under way ends with the
stage it belongs to: every stage has a number, and an action of an earlier one does nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.commands import (
    Command,
    MarkCall,
    OfferCall,
    RequestReconcile,
    ReturnToHold,
    SendAway,
    StartCallout,
)
from core.events import (
    AgentLegEnded,
    CallAnswered,
    CallArrived,
    CallerChose,
    CallHungUp,
    CallLeaving,
    CallWaiting,
    Event,
    LiveCall,
    OfferFailed,
    PhoneRinging,
    Reconciled,
)
from core.plan import RoutingPlan
from core.vocabulary import CallId, OfferId, Phone, QueueName, Seconds
from hotline.simulate.agenda import Agenda
from hotline.simulate.arrivals import Caller
from hotline.simulate.callouts import CalloutModel

NORMAL_CLEARING = 16
RECONCILE_PAUSE: Seconds = 1.0
"""The service's own pause before a picture that was asked for."""
MESSAGE: Seconds = 8.0
"""Length of what a caller is told who is sent away."""
VOICEMAIL: Seconds = 45.0
"""Length of a message that a caller leaves."""
SAY_PAUSE: Seconds = 4.0
"""Until a caller who is offered a call-back has pressed a key."""

ANNOUNCEMENT, WAITING, OFFERING, TALKING, LEAVING = (
    "announcement",
    "waiting",
    "offering",
    "talking",
    "leaving",
)
QUEUE, SAY = "HOTLINE_QUEUE", "HOTLINE_SAY"
CALL_BACK = "call_back"


@dataclass(slots=True)
class Leg:
    """One caller's channel."""

    call_id: CallId
    channel: str
    caller: Caller
    queue: QueueName
    entered_at: Seconds
    stage: str = ANNOUNCEMENT
    stage_number: int = 0
    notice_at: Seconds | None = None
    offer_id: OfferId | None = None
    phone: Phone | None = None

    def enter(self, stage: str) -> int:
        """Go on to the next stage; returns its number."""
        self.stage = stage
        self.stage_number += 1
        return self.stage_number

    @property
    def agent_channel(self) -> str:
        """The channel of the agent's phone."""
        return f"PJSIP/{self.phone}-{self.call_id}"


class SwitchModel:
    """Asterisk, as far as the engine can tell.

    Args:
        agenda: virtual time.
        feed: tells the engine an event.
        plan: which number leads where.
        notice: length of the announcement.
        rings: how long a phone rings until it is picked up, ``None``: it rings out.
        phones: those that are registered.
        gone: told when a caller has hung up, with whether he may call again.
    """

    def __init__(
        self,
        *,
        agenda: Agenda,
        feed: Callable[[Event], None],
        plan: RoutingPlan,
        notice: Seconds,
        rings: Callable[[], Seconds | None],
        phones: Callable[[], frozenset[Phone]],
        gone: Callable[[Caller, bool], None],
    ) -> None:
        self.legs: dict[CallId, Leg] = {}
        self._agenda, self._feed, self._plan, self._notice = agenda, feed, plan, notice
        self._rings, self._phones, self._gone = rings, phones, gone
        self._arrived = 0
        self._picture_wanted = False
        self._callers: dict[str, Caller] = {}
        self.callouts = CalloutModel(agenda, feed, rings, self._callers.__getitem__, notice)
        self._hands: Mapping[type[Command], Callable[..., None]] = {
            OfferCall: self._offer,
            StartCallout: self.callouts.start,
            ReturnToHold: self._return_to_hold,
            SendAway: self._send_away,
            MarkCall: self._mark,
            RequestReconcile: self._reconcile,
        }

    def carry_out(self, command: Command) -> None:
        """Do what the engine wants; what concerns native queues or people's requests has no counterpart."""
        hand = self._hands.get(type(command))
        if hand is not None:
            hand(command)

    # --- the caller ---

    def arrive(self, caller: Caller) -> None:
        """Somebody calls."""
        self._arrived += 1
        self._callers[caller.number] = caller
        call_id = CallId(f"{self._arrived:08d}")
        line = self._plan.lines.get(caller.dialled)
        queue = line.queue if line is not None else self._plan.default_queue
        leg = Leg(call_id, f"PJSIP/trunk-{call_id}", caller, queue, self._agenda.now)
        self.legs[call_id] = leg
        self._feed(
            CallArrived(call_id, leg.channel, call_id, caller.number, caller.dialled, queue, self._agenda.now)
        )
        self._agenda.after(self._notice, self._notice_over, leg)

    def _notice_over(self, leg: Leg) -> None:
        leg.notice_at = self._agenda.now
        self._agenda.after(leg.caller.patience, self._give_up, leg)
        self._hold(leg, None, "")

    def _hold(self, leg: Leg, offer_id: OfferId | None, dial_status: str) -> None:
        leg.enter(WAITING)
        leg.phone = None
        self._feed(
            CallWaiting(
                call_id=leg.call_id,
                channel=leg.channel,
                uniqueid=leg.call_id,
                caller=leg.caller.number,
                dialled=leg.caller.dialled,
                queue=leg.queue,
                entered_at=leg.entered_at,
                notice_at=leg.notice_at,
                offer_id=offer_id,
                dial_status=dial_status,
                at=self._agenda.now,
            )
        )

    def _give_up(self, leg: Leg) -> None:
        if leg.stage in (WAITING, OFFERING):
            self.hang_up(leg)

    def hang_up(self, leg: Leg) -> None:
        """The caller's channel ends, and with it that of an agent's phone."""
        if self.legs.pop(leg.call_id, None) is None:
            return
        unheard = leg.stage not in (TALKING, LEAVING)
        if leg.phone is not None:
            self._agent_leg_ends(leg)
        leg.enter("gone")
        self._feed(CallHungUp(leg.call_id, leg.channel, NORMAL_CLEARING, self._agenda.now))
        self._gone(leg.caller, unheard)

    def _agent_leg_ends(self, leg: Leg) -> None:
        if leg.phone is not None:
            self._feed(AgentLegEnded(leg.call_id, leg.phone, leg.agent_channel, self._agenda.now))

    # --- what the engine wants ---

    def _offer(self, command: OfferCall) -> None:
        leg = self.legs.get(command.call_id)
        if leg is None or leg.stage != WAITING:
            self._agenda.after(0.0, self._offer_failed, command)
            return
        leg.offer_id, leg.phone = command.offer_id, command.phone
        number = leg.enter(OFFERING)
        ringing = self._rings()
        longest = self._plan.rules(leg.queue).ring_seconds
        self._agenda.after(0.0, self._ring, leg, number)
        if ringing is None or ringing > longest:
            self._agenda.after(longest, self._back, leg, number, "NOANSWER")
        else:
            self._agenda.after(ringing, self._answer, leg, number)

    def _offer_failed(self, command: OfferCall) -> None:
        self._feed(OfferFailed(command.call_id, command.offer_id, "No such channel", self._agenda.now))

    def _ring(self, leg: Leg, number: int) -> None:
        if leg.stage_number == number and leg.phone is not None:
            self._feed(PhoneRinging(leg.call_id, leg.phone, leg.agent_channel, self._agenda.now))

    def _answer(self, leg: Leg, number: int) -> None:
        if leg.stage_number != number or leg.phone is None:
            return
        talk = leg.enter(TALKING)
        self._feed(CallAnswered(leg.call_id, leg.phone, leg.agent_channel, self._agenda.now))
        self._agenda.after(leg.caller.talk, self._talk_over, leg, talk)

    def _talk_over(self, leg: Leg, number: int) -> None:
        if leg.stage_number == number:
            self.hang_up(leg)

    def _back(self, leg: Leg, number: int, dial_status: str) -> None:
        if leg.stage_number == number:
            self._agent_leg_ends(leg)
            self._hold(leg, leg.offer_id, dial_status)

    def _return_to_hold(self, command: ReturnToHold) -> None:
        leg = self.legs.get(command.call_id)
        if leg is not None and leg.stage == OFFERING:
            self._agenda.after(0.0, self._back, leg, leg.stage_number, "CANCEL")

    def _send_away(self, command: SendAway) -> None:
        leg = self.legs.get(command.call_id)
        if leg is None or leg.stage != WAITING:
            return  # he has hung up, or rings at an agent's: the engine sends him again when he is back
        number = leg.enter(LEAVING)
        stay = VOICEMAIL if command.cause == "voicemail" else MESSAGE
        self._agenda.after(stay, self._leave, leg, number, command.cause)

    def _leave(self, leg: Leg, number: int, cause: str) -> None:
        if leg.stage_number == number:
            self._feed(CallLeaving(leg.call_id, cause, self._agenda.now))
            self.hang_up(leg)

    def _mark(self, command: MarkCall) -> None:
        leg = self.legs.get(command.call_id)
        if leg is None:
            return
        variables = dict(command.variables)
        leg.queue = QueueName(variables.get(QUEUE, leg.queue))
        if variables.get(SAY, "").partition(":")[0] == CALL_BACK and leg.caller.takes_call_back:
            self._agenda.after(SAY_PAUSE, self._take_call_back, leg, leg.stage_number)

    def _take_call_back(self, leg: Leg, number: int) -> None:
        """He presses the key; the engine sends him away with a promise."""
        if leg.stage_number == number:
            self._feed(CallerChose(leg.call_id, CALL_BACK, "", self._agenda.now))

    # --- pictures ---

    def _reconcile(self, _command: RequestReconcile) -> None:
        if not self._picture_wanted:
            self._picture_wanted = True
            self._agenda.after(RECONCILE_PAUSE, self._show)

    def _show(self) -> None:
        self._picture_wanted = False
        self._feed(self.picture())

    def picture(self) -> Reconciled:
        """Everything that lives."""
        return Reconciled(
            calls=(*(_live(leg) for leg in self.legs.values()), *self.callouts.picture()),
            reachable_phones=self._phones(),
            busy_phones=self._busy(),
            at=self._agenda.now,
        )

    def _busy(self) -> frozenset[Phone]:
        own = frozenset(leg.phone for leg in self.legs.values() if leg.phone is not None)
        return own | self.callouts.phones()


def _live(leg: Leg) -> LiveCall:
    talking = leg.stage == TALKING
    return LiveCall(
        call_id=leg.call_id,
        channel=leg.channel,
        uniqueid=leg.call_id,
        caller=leg.caller.number,
        dialled=leg.caller.dialled,
        queue=leg.queue,
        entered_at=leg.entered_at,
        notice_at=leg.notice_at,
        stage={TALKING: OFFERING, LEAVING: ANNOUNCEMENT}.get(leg.stage, leg.stage),
        offer_id=leg.offer_id,
        agent_phone=leg.phone,
        agent_channel=leg.agent_channel if leg.phone is not None else "",
        talking=talking,
        leaving="",
    )
