"""The switch: keeps one connection to Asterisk alive and is the port through which calls are moved.

``Switch.run`` connects, takes a snapshot, hands on ``Reconciled``, then the events that came meanwhile, then
the events as they come; when the connection is gone, ``TelephonyLost``, and again from the start.
"""

import asyncio
from collections.abc import Callable, Iterable

import structlog

from core.clock import monotonic, wall
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
from core.errors import HotlineError
from core.events import Event, Reconciled, TelephonyEvent, TelephonyLost
from core.plan import RoutingPlan
from core.ports import TelephonyError
from core.vocabulary import CallId, Phone, Seconds
from telephony import snapshot, talks
from telephony.actions import checked_channel, checked_variable
from telephony.backoff import Backoff
from telephony.callout import callout_fields
from telephony.connection import Address, AmiConnection, LoginRefused, Timing
from telephony.contacts import ContactBook
from telephony.fence import Fence
from telephony.members import QueueMirror
from telephony.offset import ClockOffset
from telephony.plan import PlanMirror
from telephony.stats import SwitchStats
from telephony.translate import Dialect, translate, translate_contact

log = structlog.get_logger()

LONGEST_BACKLOG = 200_000
"""Events kept while a snapshot is being taken; more than that and the attempt is given up."""


class Switch:
    """Asterisk, as ``core.ports.Telephony`` describes it.

    Args:
        where: tells where Asterisk is; asked before every attempt: a new Asterisk has a new system name.
        phones: numbers of the agents' phones.
        deliver: takes every event in order; it is called from the read path and must be quick.
        plan_files: writes the files of the plan for Asterisk (``telephony.plan.PlanMirror``).
        fence: refuses to act while we do not lead; ``None``: nobody else can be leading.
    """

    def __init__(
        self,
        where: Callable[[], Address],
        phones: Iterable[str],
        deliver: Callable[[Event], None],
        *,
        trunks: frozenset[str] = frozenset({"trunk", "outside"}),
        timing: Timing | None = None,
        plan_files: Callable[[RoutingPlan], bool] = lambda _plan: False,
        fence: Fence | None = None,
    ) -> None:
        self._fence = fence
        self.stats = SwitchStats()
        self._where = where
        self._dialect = Dialect(phones=frozenset(phones), trunks=trunks)
        self._timing = timing or Timing()
        self._deliver = deliver
        self._connection: AmiConnection | None = None
        self._candidate: AmiConnection | None = None
        self._backlog: list[TelephonyEvent] | None = None
        self._contacts = ContactBook()
        self._mirror = QueueMirror()
        self._plan = PlanMirror(plan_files)
        self._clock = ClockOffset(wall() - monotonic())
        self._backoff = Backoff(self._timing.retry_first, self._timing.retry_cap)

    # --- the connection ------------------------------------------------------------------------

    async def run(self) -> None:
        """Stay connected until cancelled."""
        while True:
            wait = await self._attempt()
            await asyncio.sleep(wait)

    async def _attempt(self) -> Seconds:
        """One connection from beginning to end; returns the seconds to wait before the next."""
        try:
            address = self._where()
            connection = await AmiConnection.open(address, self._timing, self._on_event, self.stats)
        except (OSError, TimeoutError, HotlineError) as error:
            self.stats.connect_failures += 1
            log.warning("ami_connect_failed", error=f"{type(error).__name__}: {error}")
            return self._backoff.wait()
        try:
            return await self._use(connection)
        finally:
            connection.close()

    async def _use(self, connection: AmiConnection) -> Seconds:
        began = monotonic()
        self._candidate, self._backlog = connection, []
        try:
            await connection.login()
            self.stats.login_is_refused = False
            log.info("ami_logged_in")
            connection.fence = self._fence
            await self._live(connection)
        except LoginRefused:
            self.stats.login_refused += 1
            self.stats.login_is_refused = True
            log.error("ami_login_refused")  # noqa: TRY400 - there is no fault to trace
            return self._timing.retry_refused
        except TelephonyError as error:
            log.warning("ami_connection_given_up", reason=str(error))
        if monotonic() - began >= self._timing.stable_after:
            self._backoff.reset()
        return self._backoff.wait()

    async def _live(self, connection: AmiConnection) -> None:
        """From the login to the end of the connection."""
        self._mirror.forget()
        self._plan.forget()
        if self._fence is not None:
            await self._fence.claim(connection)
        picture = await self._take(connection)
        self._open_gate(connection, picture)
        restore = asyncio.create_task(self._restore_members(connection))
        guard = asyncio.create_task(self._guard(connection))
        if self._fence is not None and self._fence.silent_predecessor:
            self._fence.silent_predecessor = False
            await self._rescue(picture)
        try:
            await connection.watch(self._clock)
        finally:
            self._close_gate()
            restore.cancel()
            guard.cancel()

    async def _rescue(self, picture: Reconciled) -> None:
        """Callers whom a stopped service holds in its FastAGI: the dialplan itself plays them the notice."""
        for call in picture.calls:
            if call.stage == "announcement":
                try:
                    await self._redirect(call.channel, "hotline-arrival", "T")
                except TelephonyError as error:
                    log.warning("caller_not_rescued", call_id=call.call_id, reason=str(error))

    async def _guard(self, connection: AmiConnection) -> None:
        """Make sure all the time that nobody else leads."""
        if self._fence is None:
            return
        while not connection.is_lost:
            try:
                await self._fence.keep(connection)
            except TelephonyError as error:
                log.warning("leaders_mark_not_read", reason=str(error))
                await asyncio.sleep(self._timing.retry_first)
            else:
                return

    def _open_gate(self, connection: AmiConnection, picture: Reconciled) -> None:
        """Let events through: first the picture, then what came while it was taken. Awaits nothing."""
        if connection.is_lost:
            raise TelephonyError("the connection was lost after the snapshot")
        self.stats.reconnects += self.stats.connects > 0
        self.stats.connects += 1
        self.stats.connected = True
        self._connection = connection
        backlog, self._backlog = self._backlog or [], None
        log.info("ami_connected", calls=len(picture.calls), backlog=len(backlog))
        self._hand_on(picture)
        for event in backlog:
            self._hand_on(event)

    def _close_gate(self) -> None:
        self.stats.connected = False
        self._connection = None
        self._backlog = []
        self._hand_on(TelephonyLost(at=self.now()))

    async def _restore_members(self, connection: AmiConnection) -> None:
        try:
            await self._settle_plan(connection)
            await self._mirror.restore(connection)
        except TelephonyError as error:
            log.warning("queue_mirror_failed", reason=str(error))

    async def _settle_plan(self, connection: AmiConnection) -> None:
        if await self._plan.settle(connection):
            self._mirror.forget()  # queues came and went

    async def publish(self, plan: RoutingPlan) -> None:
        """Make the dialplan and the native queues follow a plan, now and after every connect.

        Raises:
            TelephonyError: it could not be told now; after the next connect it will be.
        """
        self._plan.want(plan)
        connection = self._connected()
        await self._settle_plan(connection)
        await self._mirror.restore(connection)

    # --- events --------------------------------------------------------------------------------

    def _on_event(self, headers: dict[str, str]) -> None:
        """Called by the protocol for each genuine event that could matter."""
        event = self._translate(headers)
        if event is None:
            self.stats.untranslated += 1
        elif self._backlog is None:
            self._hand_on(event)
        elif len(self._backlog) < LONGEST_BACKLOG:
            self._backlog.append(event)
        elif self._candidate is not None:
            self._candidate.close()  # the snapshot fails with it

    def _translate(self, headers: dict[str, str]) -> TelephonyEvent | None:
        if headers["Event"] != "ContactStatus":
            return translate(headers, self._dialect)
        change = translate_contact(headers, self._dialect)
        return self._contacts.apply(change) if change else None

    def _hand_on(self, event: Event) -> None:
        self.stats.delivered += 1
        self._deliver(event)

    # --- the port ------------------------------------------------------------------------------

    async def offer(self, command: OfferCall) -> None:
        """Redirect the caller into the offer; raises ``TelephonyError``."""
        exten = f"{command.phone}*{command.offer_id}"
        await self._redirect(command.channel, "acd-offer", exten)

    async def callout(self, command: StartCallout) -> None:
        """Call an agent's phone; ``[acd-out]`` then calls the citizen. Raises ``TelephonyError``."""
        await self._connected().action("Originate", **callout_fields(command))

    async def hang_up(self, command: HangUpLeg) -> None:
        """Hang up one leg of a call; one that is gone, or another call's by now, is left alone.

        Raises:
            TelephonyError: the action failed.
        """
        channel = checked_channel(command.channel)
        row = await snapshot.channel(self._connected(), channel)
        if row is not None and row.get("AccountCode") == command.call_id:
            await self.hangup(channel)

    async def return_to_hold(self, command: ReturnToHold) -> None:
        """Redirect the caller back to music, unless a fresh look shows that he talks.

        Raises:
            TelephonyError: the channel is gone, or the action failed.
        """
        if await self._talks(command.channel, command.call_id):
            log.info("return_to_hold_skipped", call_id=command.call_id, reason="talking")
            return
        await self._redirect(command.channel, "acd-hold", "s")

    async def send_away(self, command: SendAway) -> None:
        """Redirect a waiting caller into ``[acd-leave]``, unless a fresh look shows that he talks.

        Raises:
            TelephonyError: the channel is gone, or the action failed.
        """
        if await self._talks(command.channel, command.call_id):
            log.info("send_away_skipped", call_id=command.call_id, reason="talking")
            return
        await self._redirect(command.channel, "acd-leave", command.cause)

    async def mark(self, command: MarkCall) -> None:
        """Set variables of the caller's channel; raises ``TelephonyError``."""
        for name, value in command.variables:
            await self._connected().action(
                "Setvar",
                Channel=checked_channel(command.channel),
                Variable=checked_variable(name),
                Value=value,
            )

    async def warn_caller(self, command: WarnCaller) -> None:
        """Take both out of their talk at once: the caller to the warning, the agent's leg to wait.

        Raises:
            TelephonyError: they do not talk to each other (any more), or an action failed.
        """
        if not await self._talks(command.channel, command.call_id):
            raise TelephonyError("the caller is in no talk")
        peer = checked_channel(command.agent_channel)
        await self.mark(MarkCall(command.call_id, command.channel, (("HOTLINE_PEER", peer),)))
        await self._connected().action(
            "Redirect",
            Channel=command.channel,
            Context="policy-warning",
            Exten="s",
            Priority="1",
            ExtraChannel=peer,
            ExtraContext="talk-wait",
            ExtraExten="s",
            ExtraPriority="1",
        )

    async def stop_warning(self, command: StopWarning) -> None:
        """Connect the caller with the waiting leg again; raises ``TelephonyError``."""
        if await self._talks(command.channel, command.call_id):
            return
        await self._redirect(command.channel, "talk-join", "s")

    async def _talks(self, channel: str, call: CallId) -> bool:
        """Whether the call's channel is in a bridge; a channel that is gone or another's is an error."""
        row = await snapshot.channel(self._connected(), checked_channel(channel))
        if row is None or row.get("AccountCode") != call:
            raise TelephonyError("the caller's channel is gone")
        return bool(row.get("BridgeID"))

    async def _redirect(self, channel: str, context: str, exten: str) -> None:
        await self._connected().action(
            "Redirect", Channel=checked_channel(channel), Context=context, Exten=exten, Priority="1"
        )

    async def move_legs(self, command: MoveLegs) -> None:
        """Send the legs of a talk elsewhere; raises ``TelephonyError``."""
        await talks.move(self._connected(), command)

    async def set_sound(self, command: SetSound) -> None:
        """Mute a leg, or pause the recording; raises ``TelephonyError``."""
        await talks.set_sound(self._connected(), command)

    async def ring_third(self, command: RingThird) -> None:
        """Call somebody outside into a conference; raises ``TelephonyError``."""
        await talks.ring_third(self._connected(), command)

    async def hangup(self, channel: str) -> None:
        """Hang one channel up, normal clearing; raises ``TelephonyError``."""
        await self._connected().action("Hangup", Channel=checked_channel(channel), Cause="16")

    async def mirror_member(self, command: MirrorMember) -> None:
        """Bring the native queues in line; raises ``TelephonyError``.

        The wish is kept in any case: after a reconnect it is carried out where it does not hold.
        """
        self._mirror.want(command)
        await self._mirror.settle(self._connected(), command.phone)

    async def heartbeat(self) -> None:
        """Tell the dialplan that the service is there; raises ``TelephonyError``."""
        await self._connected().action("Setvar", Variable="GLOBAL(ACD_HEARTBEAT)", Value=str(int(self.now())))

    async def snapshot(self) -> Reconciled:
        """A complete picture of what lives; raises ``TelephonyError``."""
        return await self._take(self._connected())

    async def _take(self, connection: AmiConnection) -> Reconciled:
        try:
            taken = await snapshot.take(connection, self._clock, self._dialect)
        except TelephonyError:
            self.stats.snapshot_failures += 1
            raise
        self.stats.snapshots += 1
        self._contacts.replace(taken.reachable_phones)
        return taken

    def now(self) -> Seconds:
        """Asterisk's clock, estimated from the last Ping and the monotonic clock."""
        return self._clock.now(monotonic())

    def reachable(self, phone: Phone) -> bool:
        """Whether the phone is registered and answers, as last heard."""
        return self._contacts.reachable(phone)

    def _connected(self) -> AmiConnection:
        if self._connection is None:
            raise TelephonyError("there is no connection to Asterisk")
        return self._connection
