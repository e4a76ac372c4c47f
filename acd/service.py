"""Carries out what the engine decides: one event in, facts told, commands sent to the switch.

``handle`` is called by the inbox, one event at a time. Commands run as tasks outside it; when one fails, that
comes back through the inbox as an event.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import structlog

from acd import offers as offering
from acd import seats
from acd.engine import decide
from acd.model import Agent, Call, State
from acd.phases import Phase
from agents.model import SeatedAgent
from core import clock
from core.commands import (
    Command,
    HangUpLeg,
    MarkCall,
    MirrorMember,
    MoveLegs,
    OfferCall,
    RequestReconcile,
    ReturnToHold,
    RingThird,
    SendAway,
    SetSound,
    StartCallout,
    StopWarning,
    WakeAt,
    WarnCaller,
)
from core.events import Event, OfferFailed, SendAwayFailed, TalkFailed, ThirdLegEnded, Tick, WarningFailed
from core.facts import Fact
from core.ports import Telephony, TelephonyError
from core.vocabulary import AgentId, AgentState, CallId, OfferId, Phone, Seconds

log = structlog.get_logger()

RECONCILE_PAUSE_SECONDS = 1.0
"""The least time between two pictures asked for because something looked wrong."""

STOP_SECONDS = 2.0
"""How long commands that are under way may take when the service stops."""


class AcdService:
    """The engine's memory and its hands.

    Args:
        state: the memory, empty or restored.
        telephony: the switch.
        put: how an event gets into the inbox.
        tell: called for every fact, in order; must not block or raise.
        reconcile_seconds: how often everything is compared with Asterisk.
        heartbeat_seconds: how often the dialplan is told that we are here.
    """

    def __init__(
        self,
        *,
        state: State,
        telephony: Telephony,
        put: Callable[[Event], None],
        tell: Callable[[Fact], None],
        reconcile_seconds: Seconds,
        heartbeat_seconds: Seconds,
    ) -> None:
        self.state = state
        self._telephony = telephony
        self._put = put
        self._tell = tell
        self._reconcile_seconds = reconcile_seconds
        self._heartbeat_seconds = heartbeat_seconds
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._reconcile_wanted = asyncio.Event()
        self._mirrors: dict[AgentId, asyncio.Task[None]] = {}
        self._starters: dict[type[Command], Callable[[Any], None]] = {
            OfferCall: self._spawned(self._offer),
            StartCallout: self._spawned(self._callout),
            HangUpLeg: self._spawned(self._hang_up),
            ReturnToHold: self._spawned(self._return),
            SendAway: self._spawned(self._send_away),
            MirrorMember: self._mirror,
            MarkCall: self._spawned(self._mark),
            WarnCaller: self._spawned(self._warn),
            StopWarning: self._spawned(self._stop_warning),
            MoveLegs: self._spawned(self._move_legs),
            SetSound: self._spawned(self._set_sound),
            RingThird: self._spawned(self._ring_third),
            RequestReconcile: self._ask_for_picture,
            WakeAt: lambda command: self._wake(command.at),
        }

    def handle(self, event: Event) -> Sequence[Fact]:
        """Decide about one event, tell the facts, start the commands."""
        was_online = self.state.online
        decision = decide(self.state, event, self._telephony.now())
        if self.state.online and not was_online:
            self._spawn(self._heartbeat())
        for command in decision.commands:
            if isinstance(command, OfferCall):  # the caller waits for this one: before any bookkeeping
                self._start(command)
        for fact in decision.facts:
            self._tell_one(fact)
        for command in decision.commands:
            if not isinstance(command, OfferCall):
                self._start(command)
        return decision.facts

    def _tell_one(self, fact: Fact) -> None:
        try:
            self._tell(fact)
        except Exception:
            # One listener's fault must not keep the other facts from being told and timers from being set.
            log.exception("fact_not_told", kind=type(fact).__name__)

    def _start(self, command: Command) -> None:
        self._starters[type(command)](command)

    def _spawned(self, work: Callable[[Any], Coroutine[Any, Any, None]]) -> Callable[[Any], None]:
        def start(command: Command) -> None:
            self._spawn(work(command))

        return start

    def _ask_for_picture(self, command: RequestReconcile) -> None:
        log.info("reconcile_requested", why=command.why)
        self._reconcile_wanted.set()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("command_crashed", error=repr(error))

    async def _offer(self, command: OfferCall) -> None:
        try:
            await self._telephony.offer(command)
        except (TelephonyError, ValueError) as error:  # ValueError: a field that must not be sent
            self._put(OfferFailed(command.call_id, command.offer_id, str(error), self._telephony.now()))

    async def _callout(self, command: StartCallout) -> None:
        try:
            await self._telephony.callout(command)
        except (TelephonyError, ValueError) as error:
            self._put(OfferFailed(command.call_id, command.offer_id, str(error), self._telephony.now()))

    async def _hang_up(self, command: HangUpLeg) -> None:
        try:
            await self._telephony.hang_up(command)
        except (TelephonyError, ValueError) as error:
            log.warning("hang_up_failed", call_id=command.call_id, error=str(error))
            self._reconcile_wanted.set()

    async def _return(self, command: ReturnToHold) -> None:
        try:
            # With a stale heartbeat the caller would be in the native queue again at once.
            await self._telephony.heartbeat()
            await self._telephony.return_to_hold(command)
        except TelephonyError as error:
            log.warning("return_to_hold_failed", call_id=command.call_id, error=str(error))
            self._reconcile_wanted.set()

    async def _send_away(self, command: SendAway) -> None:
        try:
            await self._telephony.send_away(command)
        except (TelephonyError, ValueError) as error:
            self._put(SendAwayFailed(command.call_id, str(error), self._telephony.now()))

    async def _mark(self, command: MarkCall) -> None:
        try:
            await self._telephony.mark(command)
        except (TelephonyError, ValueError) as error:
            log.warning("mark_failed", call_id=command.call_id, error=str(error))

    async def _warn(self, command: WarnCaller) -> None:
        try:
            await self._telephony.warn_caller(command)
        except (TelephonyError, ValueError) as error:
            self._put(WarningFailed(command.call_id, str(error), self._telephony.now()))

    async def _stop_warning(self, command: StopWarning) -> None:
        try:
            await self._telephony.stop_warning(command)
        except (TelephonyError, ValueError) as error:
            log.warning("stop_warning_failed", call_id=command.call_id, error=str(error))

    async def _move_legs(self, command: MoveLegs) -> None:
        try:
            await self._telephony.move_legs(command)
        except (TelephonyError, ValueError) as error:
            log.warning("legs_not_moved", call_id=command.call_id, error=str(error))
            self._put(TalkFailed(command.call_id, command.number, str(error), self._telephony.now()))

    async def _set_sound(self, command: SetSound) -> None:
        try:
            await self._telephony.set_sound(command)
        except (TelephonyError, ValueError) as error:
            log.warning("sound_not_set", call_id=command.call_id, sound=command.sound, error=str(error))

    async def _ring_third(self, command: RingThird) -> None:
        try:
            await self._telephony.ring_third(command)
        except (TelephonyError, ValueError) as error:
            log.warning("third_not_rung", call_id=command.call_id, error=str(error))
            self._put(ThirdLegEnded(command.call_id, "", self._telephony.now()))

    def _mirror(self, command: MirrorMember) -> None:
        """One after the other for each agent, so that the last word is the last one spoken."""
        before = self._mirrors.get(command.agent_id)
        task = self._spawn(self._mirror_after(before, command))
        self._mirrors[command.agent_id] = task
        task.add_done_callback(lambda done: self._forget_mirror(command.agent_id, done))

    def _forget_mirror(self, agent_id: AgentId, done: asyncio.Task[None]) -> None:
        if self._mirrors.get(agent_id) is done:
            del self._mirrors[agent_id]

    async def _mirror_after(self, before: asyncio.Task[None] | None, command: MirrorMember) -> None:
        if before is not None:
            await asyncio.wait([before])
        try:
            await self._telephony.mirror_member(command)
        except TelephonyError as error:
            # The first picture after the next connect mirrors everybody anew.
            log.warning("mirror_failed", agent_id=command.agent_id, error=str(error))

    def _wake(self, at: Seconds | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if at is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0.0, at - self._telephony.now()), self._tick)

    def _tick(self) -> None:
        # A timer may fire a hair early; the engine must not be asked to wait for a moment that has come.
        at = max(self._telephony.now(), self.state.wake_at or 0.0)
        self.state.wake_at = None
        self._put(Tick(at))

    async def run(self) -> None:
        """Heartbeat and healing, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._beat())
            group.create_task(self._heal())

    async def _beat(self) -> None:
        while True:
            if self.state.online:
                await self._heartbeat()
            await asyncio.sleep(self._heartbeat_seconds)

    async def _heartbeat(self) -> None:
        try:
            await self._telephony.heartbeat()
        except TelephonyError as error:
            log.warning("heartbeat_failed", error=str(error))

    async def _heal(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._reconcile_seconds):
                    await self._reconcile_wanted.wait()
                await asyncio.sleep(RECONCILE_PAUSE_SECONDS)
            except TimeoutError:
                pass
            self._reconcile_wanted.clear()
            if self.state.online:
                await self._reconcile()

    async def _reconcile(self) -> None:
        try:
            picture = await self._telephony.snapshot()
        except TelephonyError as error:
            log.warning("snapshot_failed", error=str(error))
            self._reconcile_wanted.set()
            return
        if (
            self.state.online
        ):  # else the connection went meanwhile, and the next one begins with its own picture
            self._put(picture)

    async def stop(self) -> None:
        """Let commands that are under way end."""
        if self._timer is not None:
            self._timer.cancel()
        if not self._tasks:
            return
        _, late = await asyncio.wait(list(self._tasks), timeout=STOP_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


def restore(
    state: State,
    seated: Sequence[SeatedAgent],
    open_calls: Sequence[Call],
    offers: Sequence[tuple[OfferId, CallId, AgentId, Phone]],
    finished: Sequence[CallId],
    taken: Mapping[AgentId, int] | None = None,
) -> None:
    """Put the record back into memory; the first picture of Asterisk and the journal correct it."""
    for call_id in finished:
        state.remember_finished(call_id)
    for seat in seated:
        sitting = _agent(seat)
        sitting.taken = (taken or {}).get(sitting.agent_id, 0)
        seats.restore(state, sitting)
    for call in open_calls:
        call.queue = state.known_queue(call.queue)
        call.place_at = call.place_at or call.arrived_at
        call.talking_since = call.answered_at or 0.0
        call.changed_at = max(
            filter(None, (call.arrived_at, call.queued_at, call.answered_at, call.talk_ended_at))
        )
        state.calls[call.call_id] = call
        holder = state.agents.get(call.agent_id) if call.agent_id is not None else None
        if call.phase is Phase.TALKING and holder is not None:
            holder.call_id = call.call_id
    for offer_id, call_id, agent_id, phone in offers:
        agent = state.agents.get(agent_id)
        if agent is not None and agent.phone == phone:
            _restore_offer(state, offer_id, call_id, agent)


def _restore_offer(state: State, offer_id: OfferId, call_id: CallId, agent: Agent) -> None:
    call = state.calls.get(call_id)
    if call is None or call.phase is not Phase.UNCERTAIN:
        return
    if agent.state is AgentState.RINGING and agent.call_id is None:
        call.phase = Phase.OFFERING
        offering.hold_agent(state, call, agent, offer_id)


def _agent(seat: SeatedAgent) -> Agent:
    return Agent(
        agent_id=seat.agent_id,
        name=seat.name,
        phone=seat.phone,
        queues=seat.queues,
        state=seat.state,
        reason=seat.reason,
        cause=seat.cause,
        since=seat.since,
        idle_since=seat.since,
        until=seat.until,
        next_state=seat.next_state,
        next_reason=seat.next_reason,
        next_cause=seat.next_cause,
        extensions=seat.extensions,
        skills=seat.skills,
        certificates=seat.certificates,
        wrap_up_seconds=seat.wrap_up_seconds,
        call_id=seat.call_id if seat.state is AgentState.WRAP_UP else None,
        # What made the agent unavailable was the phone: the first picture that shows it ends that.
        reachable=not (seat.state is AgentState.NOT_RESPONDING and seat.cause in seats.PHONE_CAUSES),
    )


def new_run_id() -> str:
    """Distinguishes this run of the service from every other: its start in hexadecimal milliseconds."""
    return f"{int(clock.wall() * 1000):x}"
