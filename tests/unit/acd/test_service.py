import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from acd import service as service_module
from acd.live import Live
from acd.model import State
from acd.service import AcdService, new_run_id
from core.commands import MirrorMember, OfferCall
from core.events import (
    AgentLogin,
    AgentLogout,
    AgentStateAsked,
    CallFellBack,
    CallHungUp,
    Event,
    OfferFailed,
    PhoneReachability,
    Reconciled,
    TelephonyLost,
    Tick,
)
from core.facts import CallFinished, Fact
from core.vocabulary import AgentId, AgentState, CallId, QueueName, Seconds
from hotline.inbox import Inbox
from tests.fakes.telephony import FakeTelephony, settle, until
from tests.unit.acd.world import BUSINESS, CITIZENS, arrived, channel_of, new_state, phone_of, waiting

S = AgentState
NEVER: Seconds = 3600.0


@dataclass
class Desk:
    """A service on a fake switch, with a real inbox."""

    telephony: FakeTelephony
    inbox: Inbox
    service: AcdService
    state: State
    facts: list[Fact]
    events: list[Event] = field(default_factory=list)

    def put(self, event: Event) -> None:
        self.events.append(event)
        self.inbox.put(event)

    def seat(self, agent: int, *, ready: bool = True) -> None:
        at = self.telephony.clock
        self.put(PhoneReachability(phone_of(agent), reachable=True, at=at))
        self.put(AgentLogin(AgentId(agent), "", phone_of(agent), (), at))
        if ready:
            self.put(AgentStateAsked(AgentId(agent), S.READY, "", "agent", at))

    def called(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]


def desk(
    *,
    online: bool = True,
    heartbeat: Seconds = NEVER,
    reconcile: Seconds = NEVER,
    tell: Callable[[Fact], None] | None = None,
) -> Desk:
    telephony, inbox, facts = FakeTelephony(), Inbox(), []  # type: ignore[var-annotated] # Desk says it
    state = new_state(online=online)
    made = Desk(telephony, inbox, None, state, facts)  # type: ignore[arg-type] # set below; they need each other
    made.service = AcdService(
        state=state,
        telephony=telephony,
        put=made.put,
        tell=tell or facts.append,
        reconcile_seconds=reconcile,
        heartbeat_seconds=heartbeat,
    )
    inbox.connect(made.service.handle)
    return made


@asynccontextmanager
async def running(made: Desk) -> AsyncIterator[Desk]:
    """Heartbeat and healing on; all of it ended afterwards."""
    task = asyncio.create_task(made.service.run())
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await made.service.stop()


# --- commands ----------------------------------------------------------------------------------


async def test_an_offer_is_carried_out() -> None:
    made = desk()
    made.seat(1)
    made.put(waiting("x", 1000.0))
    await settle()
    (offer,) = made.telephony.of("offer")
    assert isinstance(offer, OfferCall)
    assert (offer.call_id, offer.channel, offer.phone) == ("x", channel_of("x"), phone_of(1))
    await made.service.stop()


async def test_a_failing_offer_comes_back_as_an_event_and_asks_for_a_picture() -> None:
    made = desk()
    made.telephony.failing.add("offer")
    made.seat(1)
    made.put(waiting("x", 1000.0))
    await settle()
    (failed,) = made.called(OfferFailed)
    assert isinstance(failed, OfferFailed)
    assert (failed.call_id, failed.reason, failed.at) == ("x", "offer refused", 1000.0)
    assert made.state.agents[AgentId(1)].state is S.READY
    await made.service.stop()


async def test_the_offer_goes_out_before_the_bookkeeping() -> None:
    order: list[str] = []
    made = desk(tell=lambda fact: order.append(type(fact).__name__))
    made.seat(1)
    spawn = made.service._start

    def start(command: object) -> None:
        order.append(type(command).__name__)
        spawn(command)  # type: ignore[arg-type] # passed on

    made.service._start = start  # type: ignore[method-assign] # looking on
    order.clear()
    made.put(waiting("x", 1000.0))
    assert order[0] == "OfferCall"
    await made.service.stop()


async def test_a_caller_in_the_native_queue_is_taken_back_after_a_heartbeat() -> None:
    made = desk()
    made.put(waiting("x", 1000.0))
    made.put(CallFellBack(CallId("x"), 1001.0))
    await settle()
    assert [action for action, _ in made.telephony.done] == ["heartbeat", "return_to_hold"]
    await made.service.stop()


@pytest.mark.parametrize("action", ["heartbeat", "return_to_hold"])
async def test_who_could_not_be_taken_back_is_looked_for(
    action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_module, "RECONCILE_PAUSE_SECONDS", 0.0)
    made = desk()
    made.put(waiting("x", 1000.0))
    made.telephony.failing.add(action)
    async with running(made):
        made.put(CallFellBack(CallId("x"), 1001.0))
        await until(lambda: made.telephony.pictures)
        assert made.telephony.of("return_to_hold") == []


async def test_mirrors_of_one_agent_are_in_order_and_others_do_not_wait_for_them() -> None:
    made = desk()
    made.telephony.gates["mirror_member"] = gate = asyncio.Event()
    made.seat(1)  # BREAK, then READY: two mirrors
    made.put(AgentStateAsked(AgentId(1), S.BREAK, "", "agent", 1000.0))
    made.put(AgentLogout(AgentId(1), "agent", 1000.0))
    made.seat(2, ready=False)
    await settle()
    assert made.telephony.done == []
    gate.set()
    await settle(60)
    mirrors = [m for m in made.telephony.of("mirror_member") if isinstance(m, MirrorMember)]
    assert [(m.paused, len(m.queues)) for m in mirrors if m.agent_id == 1] == [
        (True, 2),
        (False, 2),
        (True, 2),
        (True, 0),
    ]
    assert mirrors.index(next(m for m in mirrors if m.agent_id == 2)) < 2, "not behind all of the other's"
    assert made.service._mirrors == {}
    await made.service.stop()


async def test_a_failing_mirror_does_not_stop_the_next() -> None:
    made = desk()
    made.telephony.failing.add("mirror_member")
    made.seat(1, ready=False)
    await settle()
    made.telephony.failing.clear()
    made.put(AgentStateAsked(AgentId(1), S.READY, "", "agent", 1000.0))
    await settle()
    assert len(made.telephony.of("mirror_member")) == 1
    await made.service.stop()


async def test_a_command_that_crashes_takes_nothing_with_it() -> None:
    made = desk()
    made.telephony.crashing.add("offer")
    made.seat(1)
    made.put(waiting("x", 1000.0))
    await settle()
    made.put(CallHungUp(CallId("x"), channel_of("x"), 16, 1001.0))
    assert isinstance(made.facts[-1], CallFinished)
    await made.service.stop()


async def test_a_listener_that_crashes_does_not_cost_the_other_facts_nor_the_timers() -> None:
    told: list[Fact] = []

    def tell(fact: Fact) -> None:
        told.append(fact)
        if fact == told[0]:
            raise RuntimeError("a bug")

    made = desk(tell=tell)
    made.seat(1)
    made.put(waiting("x", 1000.0))
    assert made.inbox.failed == 0
    assert {type(fact).__name__ for fact in told} >= {"CallQueued", "OfferStarted"}
    assert made.service._timer is not None
    await made.service.stop()


# --- wake-ups ----------------------------------------------------------------------------------


async def test_the_engine_is_woken_when_it_asked_to_be() -> None:
    made = desk()
    made.seat(1)
    made.put(waiting("x", 1000.0))
    wanted = made.state.wake_at or 0.0
    assert wanted > 1000.0
    made.telephony.clock = wanted - 0.002
    made.service._wake(wanted)  # as if asked now: two milliseconds to go
    await until(lambda: made.called(Tick))
    (tick,) = made.called(Tick)
    assert tick.at >= wanted, "never before the moment, or the engine would ask again and again"
    assert made.state.wake_at is None, "nothing else is due"
    await made.service.stop()


async def test_a_later_wish_replaces_the_earlier() -> None:
    made = desk()
    made.service._wake(1000.001)
    made.service._wake(None)
    await asyncio.sleep(0.005)
    assert made.called(Tick) == []
    made.service._wake(999.0)
    await until(lambda: made.called(Tick))
    await made.service.stop()


# --- heartbeat ---------------------------------------------------------------------------------


async def test_the_heart_beats_only_online() -> None:
    made = desk(online=False, heartbeat=0.0)
    async with running(made):
        await settle(50)
        assert made.telephony.heartbeats == 0
        made.put(Reconciled((), frozenset(), frozenset(), 1000.0))
        await until(lambda: made.telephony.heartbeats > 3)
        made.put(TelephonyLost(1001.0))
        await settle()
        beats = made.telephony.heartbeats
        await settle(50)
        assert made.telephony.heartbeats == beats


async def test_the_first_beat_does_not_wait_for_its_turn() -> None:
    made = desk(online=False)
    async with running(made):
        await settle()
        made.put(Reconciled((), frozenset(), frozenset(), 1000.0))
        await settle()
        assert made.telephony.heartbeats == 1


async def test_a_failing_heartbeat_is_tried_again() -> None:
    made = desk(heartbeat=0.0)
    made.telephony.failing.add("heartbeat")
    async with running(made):
        await settle()
        made.telephony.failing.clear()
        await until(lambda: made.telephony.heartbeats)


# --- healing -----------------------------------------------------------------------------------


async def test_a_picture_is_taken_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "RECONCILE_PAUSE_SECONDS", 0.0)
    made = desk()
    async with running(made):
        await settle()
        assert made.telephony.pictures == 0
        made.put(CallFellBack(CallId("ghost"), 1000.0))
        await until(lambda: made.called(Reconciled))
        await settle(50)
        assert made.telephony.pictures == 1


async def test_many_wishes_in_the_pause_are_one_picture() -> None:
    made = desk()
    async with running(made):
        for number in range(50):
            made.put(CallFellBack(CallId(f"ghost{number}"), 1000.0))
        await settle(50)
        assert made.telephony.pictures == 0, "the pause is a second"


async def test_pictures_are_taken_regularly() -> None:
    made = desk(reconcile=0.001)
    async with running(made):
        await until(lambda: len(made.called(Reconciled)) > 2)


async def test_a_failed_picture_is_taken_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "RECONCILE_PAUSE_SECONDS", 0.0)
    made = desk()
    made.telephony.failing.add("snapshot")
    async with running(made):
        made.put(CallFellBack(CallId("ghost"), 1000.0))
        await until(lambda: made.telephony.pictures > 1)
        made.telephony.failing.clear()
        await until(lambda: made.called(Reconciled))


async def test_no_picture_is_taken_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "RECONCILE_PAUSE_SECONDS", 0.0)
    made = desk(online=False)
    async with running(made):
        made.put(CallFellBack(CallId("ghost"), 1000.0))
        await settle(50)
        assert made.telephony.pictures == 0


async def test_a_picture_of_a_connection_that_is_gone_does_not_bring_us_online() -> None:
    made = desk(reconcile=0.001)
    made.telephony.gates["snapshot"] = gate = asyncio.Event()
    async with running(made):
        await until(lambda: made.telephony.pictures)
        made.put(TelephonyLost(1000.0))
        gate.set()
        await settle(50)
        assert not made.state.online
        assert made.called(Reconciled) == []


# --- stop --------------------------------------------------------------------------------------


async def test_stopping_lets_commands_end() -> None:
    made = desk()
    made.telephony.gates["offer"] = gate = asyncio.Event()
    made.seat(1)
    made.put(waiting("x", 1000.0))
    await settle()
    stopping = asyncio.create_task(made.service.stop())
    await settle()
    gate.set()
    await stopping
    assert len(made.telephony.of("offer")) == 1


async def test_stopping_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "STOP_SECONDS", 0.001)
    made = desk()
    made.telephony.gates["offer"] = asyncio.Event()
    made.seat(1)
    made.put(waiting("x", 1000.0))
    await settle()
    await made.service.stop()
    assert made.telephony.of("offer") == []
    assert made.service._tasks == set()


async def test_stopping_before_anything_happened() -> None:
    await desk().service.stop()


# --- the live view -----------------------------------------------------------------------------


async def test_the_live_view_of_agents() -> None:
    made = desk()
    live = Live(made.state, frozenset({"1001", "1002"}), made.telephony.now)
    assert live.agent(AgentId(1)) is None
    made.seat(2, ready=False)
    made.seat(1)
    made.put(waiting("x", 1000.0, queue=BUSINESS))
    view = live.agent(AgentId(1))
    assert view is not None
    assert (view.state, view.call_id, view.caller, view.dialled, view.queue) == (
        S.RINGING,
        "x",
        "13800138000",
        "12345",
        BUSINESS,
    )
    assert (view.queues, view.answered_at) == ((CITIZENS, BUSINESS), None)
    assert [agent.agent_id for agent in live.agents()] == [1, 2]
    assert live.live_calls() == ["x"]
    await made.service.stop()


async def test_the_live_view_of_phones() -> None:
    made = desk()
    live = Live(made.state, frozenset({"1001", "1002"}), made.telephony.now)
    made.put(PhoneReachability(phone_of(1), reachable=True, at=1.0))
    assert (live.exists(phone_of(2)), live.exists(phone_of(3))) == (True, False)
    assert (live.reachable(phone_of(1)), live.reachable(phone_of(2))) == (True, False)


async def test_the_live_view_of_queues() -> None:
    made = desk()
    live = Live(made.state, frozenset(), made.telephony.now)
    made.put(arrived("announced", 900.0))
    made.put(waiting("first", 960.0))
    made.put(waiting("second", 990.0))
    by_name = {queue.name: queue for queue in live.queues()}
    assert (by_name[CITIZENS].waiting, by_name[CITIZENS].longest_wait) == (2, 40.0)
    assert (by_name[BUSINESS].waiting, by_name[BUSINESS].longest_wait) == (0, 0.0)
    made.seat(1)  # takes the first: he still waits while it rings
    made.seat(3, ready=False)
    made.put(AgentLogin(AgentId(4), "", phone_of(4), (QueueName("gone"),), 1000.0))
    by_name = {queue.name: queue for queue in live.queues()}
    assert (by_name[CITIZENS].waiting, by_name[CITIZENS].busy_agents) == (2, 1)
    made.seat(2)
    made.put(CallHungUp(CallId("second"), channel_of("second"), 16, 1000.0))
    by_name = {queue.name: queue for queue in live.queues()}
    assert (by_name[BUSINESS].ready_agents, by_name[BUSINESS].busy_agents) == (1, 1)
    await made.service.stop()


def test_runs_are_told_apart() -> None:
    assert int(new_run_id(), 16) > 1_700_000_000_000
