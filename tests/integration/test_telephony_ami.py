"""The switch on a real Asterisk with the rendered configuration: what the fake only imitates."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import pytest

from core.clock import wall
from core.commands import MirrorMember, OfferCall, ReturnToHold
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
    PhoneRinging,
    Reconciled,
    TelephonyLost,
)
from core.ports import TelephonyError
from core.vocabulary import AgentId, CallId, OfferId, Phone, QueueName
from hotline.asterisk.install import AsteriskInstall
from hotline.asterisk.layout import RenderedAsterisk, new_system_name
from hotline.asterisk.process import AsteriskProcess
from telephony.ami import Switch
from telephony.connection import Timing
from tests.asterisk_sip import Phone as SipPhone
from tests.eventually import eventually
from tests.fakes.proxy import FaultProxy
from tests.fixtures_asterisk import Switch as Asterisk
from tests.fixtures_asterisk import asterisk_folder, asterisk_install, running_switch, switch

__all__ = ["asterisk_folder", "asterisk_install", "switch"]

pytestmark = pytest.mark.integration

PHONES = [f"10{number:02}" for number in range(1, 5)]
QUICK = Timing(action_timeout=0.5, ping_interval=0.1, retry_first=0.02, retry_cap=0.1, retry_refused=60)
E = TypeVar("E")


@dataclass
class Address:
    """Where an Asterisk is; a test may change its mind."""

    systemname: str
    ami_host: str
    ami_port: int
    ami_user: str
    ami_secret: str

    @classmethod
    def of(cls, rendered: RenderedAsterisk) -> "Address":
        return cls(
            rendered.system_name,
            rendered.ami_host,
            rendered.ami_port,
            rendered.ami_user,
            rendered.ami_secret,
        )


class Centre:
    """Our switch, connected to a real Asterisk, and what it delivered."""

    def __init__(self, asterisk: Asterisk, address: Address, timing: Timing) -> None:
        self.asterisk = asterisk
        self.events: list[Event] = []
        self.ours = Switch(lambda: address, PHONES, self._deliver, timing=timing)
        self._changed = asyncio.Event()

    def _deliver(self, event: Event) -> None:
        self.events.append(event)
        self._changed.set()

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    async def event(self, kind: type[E], count: int = 1, seconds: float = 10.0) -> E:
        """The ``count``-th event of a kind."""
        async with asyncio.timeout(seconds):
            while len(self.of(kind)) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.of(kind)[count - 1]

    async def caller(self) -> tuple[SipPhone, CallWaiting]:
        """A caller who waits."""
        known = len(self.of(CallWaiting))
        caller = await self.asterisk.caller()
        caller.call("12345")
        await caller.until("200 INVITE")
        return caller, await self.event(CallWaiting, known + 1)

    async def offer(self, waiting: CallWaiting, phone: str = "1001", number: int = 55) -> None:
        command = OfferCall(waiting.call_id, waiting.channel, AgentId(7), Phone(phone), OfferId(number))
        await self.ours.offer(command)

    async def the_call(self) -> LiveCall:
        (call,) = (await self.ours.snapshot()).calls
        return call


@asynccontextmanager
async def connected(
    asterisk: Asterisk, address: Address | None = None, timing: Timing = QUICK
) -> AsyncIterator[Centre]:
    made = Centre(asterisk, address or Address.of(asterisk.rendered), timing)
    run = asyncio.create_task(made.ours.run())
    try:
        yield made
    finally:
        run.cancel()
        await asyncio.wait([run])


@pytest.fixture
async def centre(switch: Asterisk) -> AsyncIterator[Centre]:
    async with connected(switch) as made:
        await made.event(Reconciled)
        yield made


async def test_a_call_from_the_first_ring_to_the_hang_up(centre: Centre) -> None:
    agent = await centre.asterisk.phone("1001", on_invite="ring")
    _, waiting = await centre.caller()
    arrived = await centre.event(CallArrived)
    assert (arrived.call_id, arrived.channel) == (waiting.call_id, waiting.channel)
    assert (waiting.caller, waiting.dialled, waiting.queue) == ("13900001111", "12345", "citizens")
    assert 0 <= arrived.at - waiting.entered_at < 0.5
    assert abs(waiting.at - centre.ours.now()) < 1

    await centre.offer(waiting)
    ringing = await centre.event(PhoneRinging)
    assert (ringing.call_id, ringing.phone) == (waiting.call_id, "1001")
    await agent.until("INVITE")
    call = await centre.the_call()
    assert (call.stage, call.offer_id, call.agent_phone, call.talking) == ("offering", 55, "1001", False)

    agent.answer()
    answered = await centre.event(CallAnswered)
    assert (answered.call_id, answered.phone, answered.agent_channel) == (
        waiting.call_id,
        "1001",
        ringing.agent_channel,
    )

    async def talking() -> bool:
        return (await centre.the_call()).talking

    await eventually(talking)
    agent.bye()
    leg = await centre.event(AgentLegEnded)
    ended = await centre.event(CallHungUp)
    assert (leg.call_id, leg.phone, ended.call_id, ended.cause) == (
        waiting.call_id,
        "1001",
        waiting.call_id,
        16,
    )
    assert (await centre.ours.snapshot()).calls == ()
    assert centre.ours.stats.dropped_forged == centre.ours.stats.malformed == 0


async def test_the_picture_of_a_caller_who_waits(centre: Centre) -> None:
    _, waiting = await centre.caller()
    before = centre.ours.now()
    picture = await centre.ours.snapshot()
    assert picture.calls == (
        LiveCall(
            call_id=waiting.call_id,
            channel=waiting.channel,
            uniqueid=waiting.uniqueid,
            caller="13900001111",
            dialled="12345",
            queue=QueueName("citizens"),
            entered_at=waiting.entered_at,
            notice_at=None,
            stage="waiting",
            offer_id=None,
            agent_phone=None,
            agent_channel="",
            talking=False,
        ),
    )
    assert picture.busy_phones == picture.reachable_phones == frozenset()
    assert abs(picture.at - before) < 0.1


async def test_a_service_that_starts_later_finds_talks_and_waiting_callers(switch: Asterisk) -> None:
    agent = await switch.phone("1001")
    first = await switch.waiting(await switch.caller())
    second = await switch.waiting(await switch.caller())
    await switch.offer(first, "1001", 3)
    await agent.until("ACK")
    async with connected(switch) as made:
        picture = await made.event(Reconciled)
        found = {call.call_id: call for call in picture.calls}
        talk, wait = found[CallId(first["CallId"])], found[CallId(second["CallId"])]
        assert (talk.talking, talk.agent_phone, talk.offer_id) == (True, "1001", 3)
        assert (wait.talking, wait.agent_phone, wait.stage) == (False, None, "waiting")
        assert talk.entered_at < wait.entered_at
        assert picture.busy_phones == picture.reachable_phones == {"1001"}


async def test_back_to_hold_while_it_rings_and_not_while_they_talk(centre: Centre) -> None:
    agent = await centre.asterisk.phone("1001", on_invite="ring")
    _, waiting = await centre.caller()
    await centre.offer(waiting)
    await agent.until("INVITE")
    await centre.ours.return_to_hold(ReturnToHold(waiting.call_id, waiting.channel))
    back = await centre.event(CallWaiting, 2)
    assert (back.call_id, back.entered_at, back.offer_id) == (waiting.call_id, waiting.entered_at, 55)
    await agent.until("CANCEL")
    await centre.event(AgentLegEnded)

    agent.on_invite = "answer"
    await centre.offer(waiting, number=56)
    await centre.event(CallAnswered)

    async def talking() -> bool:
        return (await centre.the_call()).talking

    await eventually(talking)
    await centre.ours.return_to_hold(ReturnToHold(waiting.call_id, waiting.channel))
    assert (await centre.the_call()).talking


async def test_an_offer_to_a_caller_who_has_gone(centre: Centre) -> None:
    caller, waiting = await centre.caller()
    caller.bye()
    await centre.event(CallHungUp)
    with pytest.raises(TelephonyError, match="does not exist"):
        await centre.offer(waiting)
    with pytest.raises(TelephonyError, match="gone"):
        await centre.ours.return_to_hold(ReturnToHold(waiting.call_id, waiting.channel))


async def test_hanging_up_a_caller(centre: Centre) -> None:
    caller, waiting = await centre.caller()
    await centre.ours.hangup(waiting.channel)
    await caller.until("BYE")
    assert (await centre.event(CallHungUp)).call_id == waiting.call_id


async def test_the_heartbeat_is_written_on_asterisks_clock(centre: Centre) -> None:
    await centre.ours.heartbeat()
    assert abs(int(await centre.asterisk.ami.getvar("ACD_HEARTBEAT")) - wall()) < 2
    assert abs(centre.ours.now() - wall()) < 0.05


async def test_a_stale_heartbeat_is_told(centre: Centre) -> None:
    await centre.asterisk.heartbeat(age=1000)
    _, waiting = await centre.caller()
    assert (await centre.event(CallFellBack)).call_id == waiting.call_id
    assert (await centre.the_call()).stage == "fallback"


# --- the native queues -------------------------------------------------------------------------


def command(*queues: str, paused: bool = False, agent: int = 7, phone: str = "1001") -> MirrorMember:
    return MirrorMember(AgentId(agent), Phone(phone), tuple(map(QueueName, queues)), paused)


async def members(asterisk: Asterisk) -> set[tuple[str, str, str, str]]:
    blocks = await asterisk.ami.listing("QueueStatus", "QueueStatusComplete")
    return {
        (block["Queue"], block["Location"], block["Name"], block["Paused"])
        for block in blocks
        if block["Event"] == "QueueMember"
    }


async def test_the_native_queues_know_exactly_what_was_said_last(centre: Centre) -> None:
    await centre.ours.mirror_member(command("citizens", "tax", paused=True))
    assert await members(centre.asterisk) == {
        ("citizens", "PJSIP/1001", "7", "1"),
        ("tax", "PJSIP/1001", "7", "1"),
    }
    await centre.ours.mirror_member(command("tax"))
    assert await members(centre.asterisk) == {("tax", "PJSIP/1001", "7", "0")}
    await centre.ours.mirror_member(command("tax", agent=8))
    assert await members(centre.asterisk) == {("tax", "PJSIP/1001", "8", "0")}
    await centre.ours.mirror_member(command())
    assert await members(centre.asterisk) == set()
    with pytest.raises(TelephonyError):
        await centre.ours.mirror_member(command("no_such_queue"))


async def test_many_words_about_one_phone_at_once_end_with_the_last(centre: Centre) -> None:
    words = [command("citizens", paused=bool(number % 2)) for number in range(9)]
    await asyncio.gather(*map(centre.ours.mirror_member, [*words, command("tax", paused=True)]))
    assert await members(centre.asterisk) == {("tax", "PJSIP/1001", "7", "1")}


async def test_a_member_left_over_from_before_is_put_out(switch: Asterisk) -> None:
    await switch.ami.ask("QueueAdd", Queue="citizens", Interface="PJSIP/1002", MemberName="9")
    async with connected(switch) as made:
        await made.event(Reconciled)

        async def gone() -> bool:
            return await members(switch) == set()

        await eventually(gone)


# --- phones ------------------------------------------------------------------------------------


async def test_phones_come_move_and_go(centre: Centre) -> None:
    phone = await centre.asterisk.phone("1001")
    assert (await centre.event(PhoneReachability)).reachable
    assert (await centre.ours.snapshot()).reachable_phones == {"1001"}

    moved = await centre.asterisk.phone("1001", register=False)
    known = len(centre.of(PhoneReachability))
    assert await moved.register() == 200
    await centre.asterisk.ami.event("ContactStatus", ContactStatus="Removed")
    await centre.event(PhoneReachability, known + 2)
    assert all(told.reachable for told in centre.of(PhoneReachability))
    assert centre.ours.reachable(Phone("1001"))

    await moved.register(expires=0)
    await eventually(lambda: not centre.ours.reachable(Phone("1001")))
    assert not centre.of(PhoneReachability)[-1].reachable
    assert phone.port != moved.port

    async def unreachable() -> bool:
        return (await centre.ours.snapshot()).reachable_phones == frozenset()

    await eventually(unreachable)


# --- the connection ----------------------------------------------------------------------------


async def test_events_with_another_tag_are_forged(switch: Asterisk) -> None:
    address = replace(Address.of(switch.rendered), systemname="another")
    async with connected(switch, address) as made:
        await made.event(Reconciled)
        await switch.waiting(await switch.caller())
        await eventually(lambda: made.ours.stats.dropped_forged == 2)
        assert made.of(CallWaiting) == []
        assert len((await made.ours.snapshot()).calls) == 1


async def test_a_wrong_password_is_an_alert(switch: Asterisk) -> None:
    address = replace(Address.of(switch.rendered), ami_secret="wrong")
    async with connected(switch, address, Timing()) as made:  # Asterisk takes a second over its refusal
        await eventually(lambda: made.ours.stats.login_is_refused)
        assert made.events == []


@asynccontextmanager
async def behind_a_proxy(asterisk: Asterisk) -> AsyncIterator[tuple[Centre, FaultProxy]]:
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(FaultProxy("127.0.0.1", asterisk.rendered.ami_port))
        address = replace(Address.of(asterisk.rendered), ami_port=proxy.port)
        made = await stack.enter_async_context(connected(asterisk, address))
        await made.event(Reconciled)
        yield made, proxy


Break = Callable[[FaultProxy], None]


def _hole(proxy: FaultProxy) -> None:
    proxy.hole = True


@pytest.mark.parametrize("how", [FaultProxy.reset, _hole], ids=["reset", "black hole"])
async def test_after_an_outage_there_is_a_picture_and_nothing_twice(switch: Asterisk, how: Break) -> None:
    async with behind_a_proxy(switch) as (made, proxy):
        _, first = await made.caller()
        how(proxy)
        await made.event(TelephonyLost)
        missed = await switch.waiting(await switch.caller())
        proxy.hole = False
        picture = await made.event(Reconciled, 2)
        assert [call.call_id for call in sorted(picture.calls, key=lambda call: call.entered_at)] == [
            first.call_id,
            missed["CallId"],
        ]
        assert [event.call_id for event in made.of(CallWaiting)] == [first.call_id]
        await made.offer(first)
        await made.event(CallWaiting, 2)


async def test_everything_in_small_pieces(switch: Asterisk) -> None:
    async with behind_a_proxy(switch) as (made, proxy):
        proxy.split = 7
        _, waiting = await made.caller()
        assert (await made.the_call()).call_id == waiting.call_id
        assert made.ours.stats.malformed == made.ours.stats.dropped_forged == 0


async def test_a_new_asterisk_with_a_new_name(
    asterisk_install: AsteriskInstall, asterisk_folder: Path
) -> None:
    async with running_switch(asterisk_install, asterisk_folder) as asterisk:
        address = Address.of(asterisk.rendered)
        async with connected(asterisk, address) as made:
            await made.event(Reconciled)
            await made.caller()
            await asterisk.process.stop(0)
            await made.event(TelephonyLost)
            address.systemname = new_system_name()
            config = asterisk.rendered.config_dir / "asterisk.conf"
            config.write_text(config.read_text().replace(asterisk.rendered.system_name, address.systemname))
            again = AsteriskProcess(asterisk_install, asterisk.rendered)
            await again.start()
            try:
                assert (await made.event(Reconciled, 2)).calls == ()
                phone = await asterisk.phone("1002", register=False)
                assert await phone.register() == 200
                assert (await made.event(PhoneReachability)).phone == "1002"
            finally:
                await again.stop(0)
