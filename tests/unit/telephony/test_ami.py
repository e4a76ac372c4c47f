"""The switch as a whole against a fake Asterisk."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from core.clock import wall
from core.commands import MirrorMember, OfferCall, ReturnToHold
from core.errors import ConfigurationError
from core.events import CallHungUp, Event, PhoneReachability, Reconciled, TelephonyLost
from core.ports import TelephonyError
from core.vocabulary import AgentId, CallId, OfferId, Phone, QueueName
from telephony import ami as module
from telephony.actions import BadField
from telephony.ami import Switch
from telephony.connection import Timing
from tests.fakes.ami import EPOCH, Action, FakeAddress, FakeAmi, error, event, listing, success

CALL = CallId("0f8fad5b-d9cb-469f-a165-70867728950e")
CHANNEL = "PJSIP/trunk-0000000a"
QUICK = Timing(
    action_timeout=2.0,
    boot_timeout=0.2,
    ping_interval=0.02,
    retry_first=0.01,
    retry_cap=0.01,
    retry_refused=0.02,
)
Row = list[tuple[str, str]]


def row(bridge: str = "", channel: str = CHANNEL, account: str = CALL, stage: str = "waiting") -> Row:
    variables = {
        "HOTLINE_CALL_ID": account, "HOTLINE_QUEUE": "citizens", "HOTLINE_ENTERED_AT": "1800000000.0",
        "HOTLINE_STAGE": stage, "HOTLINE_OFFER": "(null)",
    }  # fmt: skip
    held = [("Variable", f"{name}={value}") for name, value in variables.items()]
    return [("Channel", channel), ("AccountCode", account), ("BridgeID", bridge), ("Uniqueid", "u"), *held]


def hangup(number: int) -> str:
    return event(
        "Hangup", at=EPOCH + number, Channel=f"PJSIP/trunk-{number:08x}", AccountCode=CALL, Cause="16"
    )


class Centre:
    """A fake Asterisk, a switch connected to it, and what the switch delivered."""

    def __init__(self, fake: FakeAmi) -> None:
        self.ami = fake
        self.channels: list[Row] = []
        fake.answers["Status"] = lambda action: listing(action, "Status", self.channels)
        self.events: list[Event] = []
        self.changed = asyncio.Event()
        self.switch = Switch(self.where, ["1001", "1002"], self.deliver, timing=QUICK)
        self.run: asyncio.Task[None] | None = None

    def where(self) -> FakeAddress:
        return self.ami.address

    def deliver(self, delivered: Event) -> None:
        self.events.append(delivered)
        self.changed.set()

    def start(self) -> None:
        self.run = asyncio.create_task(self.switch.run())

    async def until(self, wanted: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not wanted():
                self.changed.clear()
                try:
                    await asyncio.wait_for(self.changed.wait(), 0.01)
                except TimeoutError:
                    continue

    async def connected(self, times: int = 1) -> None:
        await self.until(lambda: self.count(Reconciled) == times)

    def count(self, kind: type) -> int:
        return sum(isinstance(delivered, kind) for delivered in self.events)

    @property
    def hangups(self) -> list[str]:
        return [delivered.channel[-1] for delivered in self.events if isinstance(delivered, CallHungUp)]


@pytest.fixture
async def centre() -> AsyncIterator[Centre]:
    async with FakeAmi() as fake:
        made = Centre(fake)
        yield made
        if made.run is not None:
            made.run.cancel()
            await asyncio.wait([made.run])


# --- order -------------------------------------------------------------------------------------


async def test_the_picture_comes_before_the_events_that_came_while_it_was_taken(centre: Centre) -> None:
    def status(action: Action) -> str:
        centre.ami.send(hangup(1))
        return listing(action, "Status", [row()]) + hangup(2)

    centre.ami.answers["Status"] = status
    centre.start()
    await centre.until(lambda: centre.count(CallHungUp) == 2)
    centre.ami.send(hangup(3))
    await centre.until(lambda: centre.count(CallHungUp) == 3)
    picture = centre.events[0]
    assert isinstance(picture, Reconciled)
    assert [call.call_id for call in picture.calls] == [CALL]
    assert picture.at == EPOCH
    assert centre.hangups == ["1", "2", "3"]
    assert centre.ami.names()[:5] == ["Login", "Ping", "Status", "DeviceStateList", "Ping"]


async def test_after_a_reset_in_mid_event_there_is_a_new_picture_and_no_event_twice(centre: Centre) -> None:
    centre.start()
    await centre.connected()
    centre.ami.send(hangup(1) + hangup(2)[:60])
    await centre.until(lambda: centre.count(CallHungUp) == 1)
    centre.ami.reset()
    await centre.connected(2)
    centre.ami.send(hangup(3))
    await centre.until(lambda: centre.count(CallHungUp) == 2)
    kinds = [type(delivered).__name__ for delivered in centre.events]
    assert kinds == ["Reconciled", "CallHungUp", "TelephonyLost", "Reconciled", "CallHungUp"]
    assert (centre.switch.stats.connects, centre.switch.stats.reconnects) == (2, 1)


async def test_events_in_the_smallest_packets(centre: Centre) -> None:
    centre.ami.chunk = 1
    centre.channels = [row()]
    centre.start()
    await centre.connected()
    picture = centre.events[0]
    assert isinstance(picture, Reconciled)
    assert len(picture.calls) == 1


async def test_answers_that_take_their_time(centre: Centre) -> None:
    centre.ami.delay = 0.02
    centre.start()
    await centre.connected()
    assert centre.switch.stats.action_errors == 0


async def test_a_black_hole_is_noticed_and_left(centre: Centre) -> None:
    timing = replace(QUICK, action_timeout=0.2)
    centre.switch = Switch(centre.where, ["1001"], centre.deliver, timing=timing)
    centre.start()
    await centre.connected()
    centre.ami.silent = True
    await centre.until(lambda: centre.count(TelephonyLost) == 1)
    assert centre.switch.stats.watchdog_aborts == 1
    assert not centre.switch.stats.connected
    centre.ami.silent = False
    await centre.connected(2)


async def test_a_lost_connection_that_never_had_a_picture_is_not_told(centre: Centre) -> None:
    centre.ami.answers["Status"] = lambda action: error(action, "Permission denied")
    centre.start()
    await centre.until(lambda: centre.switch.stats.snapshot_failures >= 3)
    assert centre.events == []


# --- attempts ----------------------------------------------------------------------------------


@pytest.mark.parametrize("lie", ["count", "end"])
async def test_an_incomplete_list_is_no_picture(centre: Centre, lie: str) -> None:
    def status(action: Action) -> str:
        if centre.switch.stats.snapshot_failures:
            return listing(action, "Status", [row()])
        if lie == "count":
            return listing(action, "Status", [row()], count=2)
        return listing(action, "Status", [row()], end="cancelled")

    centre.ami.answers["Status"] = status
    centre.start()
    await centre.connected()
    assert centre.switch.stats.snapshot_failures == 1
    assert centre.ami.connections == 2


async def test_a_wrong_password_is_an_alert_until_it_is_right(centre: Centre) -> None:
    login = centre.ami.answers["Login"]
    centre.ami.answers["Login"] = lambda action: error(action, "Authentication failed")
    centre.start()
    await centre.until(lambda: centre.switch.stats.login_refused >= 2)
    assert centre.switch.stats.login_is_refused
    assert centre.events == []
    centre.ami.answers["Login"] = login
    await centre.connected()
    assert not centre.switch.stats.login_is_refused


async def test_where_asterisk_is_is_asked_before_every_attempt(centre: Centre) -> None:
    failures: list[Exception] = [ConfigurationError("asterisk.json is missing"), OSError("unreadable")]

    def where() -> FakeAddress:
        if failures:
            raise failures.pop()
        return centre.ami.address

    centre.switch = Switch(where, ["1001"], centre.deliver, timing=QUICK)
    centre.start()
    await centre.connected()
    assert centre.switch.stats.connect_failures == 2


async def test_nobody_listens(centre: Centre) -> None:
    centre.switch = Switch(lambda: FakeAddress(1), ["1001"], centre.deliver, timing=QUICK)
    centre.start()
    await centre.until(lambda: centre.switch.stats.connect_failures >= 3)
    assert centre.events == []


async def test_asterisk_that_is_still_loading_is_waited_for(centre: Centre) -> None:
    centre.ami.booted = False
    timing = replace(QUICK, boot_timeout=30)
    centre.switch = Switch(centre.where, ["1001"], centre.deliver, timing=timing)
    centre.start()
    await centre.ami.until(lambda: "Login" in centre.ami.names())
    await asyncio.sleep(0.05)
    assert centre.ami.names() == ["Login"]
    centre.ami.send(event("FullyBooted"))
    await centre.connected()


async def test_too_many_events_during_a_snapshot_are_not_kept(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_BACKLOG", 1)
    flood = [hangup(1) + hangup(2)]

    def status(action: Action) -> str:
        return (flood.pop() if flood else "") + listing(action, "Status", [])

    centre.ami.answers["Status"] = status
    centre.start()
    await centre.connected()
    assert centre.ami.connections == 2
    assert centre.hangups == []


async def test_a_connection_that_held_resets_the_back_off(centre: Centre) -> None:
    timing = replace(QUICK, retry_cap=100.0, stable_after=0.0)
    centre.switch = Switch(centre.where, ["1001"], centre.deliver, timing=timing)
    centre.start()
    for times in range(1, 12):
        await centre.connected(times)
        centre.ami.reset()


async def test_stopping_closes_the_connection(centre: Centre) -> None:
    centre.start()
    await centre.connected()
    assert centre.run is not None
    centre.run.cancel()
    await centre.ami.until(lambda: not centre.ami._writers)
    assert isinstance(centre.events[-1], TelephonyLost)


async def test_a_consumer_that_raises_does_not_stop_the_switch(centre: Centre) -> None:
    def deliver(delivered: Event) -> None:
        centre.deliver(delivered)
        assert not isinstance(delivered, CallHungUp)

    centre.switch = Switch(centre.where, ["1001"], deliver, timing=QUICK)
    centre.start()
    await centre.connected()
    centre.ami.send(hangup(1) + hangup(2))
    await centre.until(lambda: len(centre.hangups) == 2)
    assert centre.switch.stats.sink_errors == 2
    assert centre.switch.stats.connected


# --- the port ----------------------------------------------------------------------------------


async def test_an_offer_is_one_redirect(centre: Centre) -> None:
    centre.start()
    await centre.connected()
    await centre.switch.offer(OfferCall(CALL, CHANNEL, AgentId(7), Phone("1001"), OfferId(55)))
    sent = [action for action in centre.ami.actions if action["Action"] == "Redirect"]
    assert len(sent) == 1
    del sent[0]["ActionID"], sent[0]["Action"]
    assert sent[0] == {"Channel": CHANNEL, "Context": "acd-offer", "Exten": "1001*55", "Priority": "1"}


async def test_an_offer_that_asterisk_refuses(centre: Centre) -> None:
    centre.ami.answers["Redirect"] = lambda action: error(action, f"Channel does not exist: {CHANNEL}")
    centre.start()
    await centre.connected()
    with pytest.raises(TelephonyError, match="does not exist"):
        await centre.switch.offer(OfferCall(CALL, CHANNEL, AgentId(7), Phone("1001"), OfferId(55)))
    assert centre.switch.stats.action_errors == 1


@pytest.mark.parametrize("phone", ["10\r\n01", "1001\x00"])
async def test_control_characters_do_not_reach_asterisk(centre: Centre, phone: str) -> None:
    centre.start()
    await centre.connected()
    with pytest.raises(BadField):
        await centre.switch.offer(OfferCall(CALL, CHANNEL, AgentId(7), Phone(phone), OfferId(55)))
    with pytest.raises(BadField):
        await centre.switch.hangup("/.*/")
    assert not {"Redirect", "Hangup"} & set(centre.ami.names())


RETURN = ReturnToHold(CALL, CHANNEL)


async def test_a_caller_who_waits_is_returned_to_hold(centre: Centre) -> None:
    centre.channels = [row()]
    centre.start()
    await centre.connected()
    await centre.switch.return_to_hold(RETURN)
    sent = centre.ami.actions[-1]
    assert (sent["Action"], sent["Context"], sent["Exten"]) == ("Redirect", "acd-hold", "s")


async def test_a_caller_who_talks_is_left_alone(centre: Centre) -> None:
    centre.channels = [row("bridge")]
    centre.start()
    await centre.connected()
    await centre.switch.return_to_hold(RETURN)
    assert "Redirect" not in centre.ami.names()


async def test_a_look_that_is_refused_is_not_taken_for_a_channel_that_is_gone(centre: Centre) -> None:
    centre.start()
    await centre.connected()
    centre.ami.answers["Status"] = lambda action: error(action, "Permission denied")
    with pytest.raises(TelephonyError, match="Permission denied"):
        await centre.switch.return_to_hold(RETURN)


async def test_a_ping_without_a_time_is_no_clock(centre: Centre) -> None:
    centre.start()
    await centre.connected()
    centre.ami.answers["Ping"] = success
    with pytest.raises(TelephonyError, match="no time"):
        await centre.switch.snapshot()


@pytest.mark.parametrize("who", ["another's", "gone"])
async def test_a_channel_that_is_no_longer_the_callers_is_left_alone(centre: Centre, who: str) -> None:
    centre.start()
    await centre.connected()
    if who == "gone":
        centre.ami.answers["Status"] = lambda action: error(action, "No such channel")
    else:
        centre.channels = [row(account="7c9e6679-7425-40de-944b-e07fc1f90ae7")]
    with pytest.raises(TelephonyError, match="gone"):
        await centre.switch.return_to_hold(RETURN)
    assert "Redirect" not in centre.ami.names()


async def test_hanging_up(centre: Centre) -> None:
    centre.start()
    await centre.connected()
    await centre.switch.hangup(CHANNEL)
    assert centre.ami.actions[-1]["Channel"] == CHANNEL


async def test_the_heartbeat_is_asterisks_time_in_whole_seconds(centre: Centre) -> None:
    centre.start()
    await centre.connected()
    await centre.switch.heartbeat()
    beat = next(action for action in centre.ami.actions if action["Action"] == "Setvar")
    assert beat["Variable"] == "GLOBAL(ACD_HEARTBEAT)"
    assert int(beat["Value"]) - int(EPOCH) in {0, 1}
    assert abs(centre.switch.now() - EPOCH) < 1


async def test_before_the_first_ping_the_clock_is_ours(centre: Centre) -> None:
    assert abs(centre.switch.now() - wall()) < 1


async def test_a_snapshot_on_demand_is_returned_and_not_delivered(centre: Centre) -> None:
    centre.start()
    await centre.connected()
    centre.channels = [row()]
    assert [call.channel for call in (await centre.switch.snapshot()).calls] == [CHANNEL]
    assert centre.count(Reconciled) == 1
    assert centre.switch.stats.snapshots == 2


async def test_without_a_connection_everything_says_so(centre: Centre) -> None:
    command = MirrorMember(AgentId(7), Phone("1001"), (QueueName("citizens"),), paused=False)
    for attempt in (
        centre.switch.heartbeat(),
        centre.switch.snapshot(),
        centre.switch.hangup(CHANNEL),
        centre.switch.return_to_hold(RETURN),
        centre.switch.mirror_member(command),
        centre.switch.offer(OfferCall(CALL, CHANNEL, AgentId(7), Phone("1001"), OfferId(55))),
    ):
        with pytest.raises(TelephonyError, match="no connection"):
            await attempt


async def test_a_membership_wished_for_without_a_connection_is_made_with_the_next(centre: Centre) -> None:
    command = MirrorMember(AgentId(7), Phone("1001"), (QueueName("citizens"),), paused=True)
    with pytest.raises(TelephonyError):
        await centre.switch.mirror_member(command)
    centre.ami.answers["QueueAdd"] = lambda action: success(action, "Added interface to queue")
    centre.start()
    await centre.ami.until(lambda: "QueueAdd" in centre.ami.names())
    added = next(action for action in centre.ami.actions if action["Action"] == "QueueAdd")
    assert (added["Interface"], added["MemberName"], added["Paused"]) == ("PJSIP/1001", "7", "true")


# --- phones ------------------------------------------------------------------------------------


def contact(uri: str, status: str) -> str:
    return event("ContactStatus", URI=uri, ContactStatus=status, AOR="1001", EndpointName="1001")


async def test_reachable_phones_from_the_snapshot_and_the_changes_since(centre: Centre) -> None:
    device = [("Device", "PJSIP/1001"), ("State", "NOT_INUSE")]
    centre.ami.answers["DeviceStateList"] = lambda action: listing(action, "DeviceStateChange", [device])
    centre.start()
    await centre.connected()
    picture = centre.events[0]
    assert isinstance(picture, Reconciled)
    assert picture.reachable_phones == {"1001"}
    assert centre.switch.reachable(Phone("1001"))
    centre.ami.send(
        contact("new", "NonQualified") + contact("old", "Removed") + contact("new", "Unreachable")
    )
    await centre.until(lambda: centre.count(PhoneReachability) == 3)
    told = [delivered.reachable for delivered in centre.events if isinstance(delivered, PhoneReachability)]
    assert told == [True, True, False]
    assert not centre.switch.reachable(Phone("1001"))


async def test_events_that_mean_nothing_and_forged_ones_are_counted(centre: Centre) -> None:
    centre.start()
    await centre.connected()
    forged = hangup(1).replace("SystemName", "Systemname")
    centre.ami.send(event("Hangup", Channel="Local/x", AccountCode="") + forged + hangup(2))
    await centre.until(lambda: centre.count(CallHungUp) == 1)
    stats = centre.switch.stats
    assert (stats.untranslated, stats.dropped_forged, stats.events, stats.delivered) == (1, 1, 2, 2)
