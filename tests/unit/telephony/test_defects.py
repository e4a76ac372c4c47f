"""Every defect of panoramisk 1.4 that our use touches, in pairs: what it does, and what the guard does.

A first half that fails means that panoramisk was repaired; then look whether the guard can go. The numbers
are those of ``telephony.__doc__``. Defects 19 and 26 lie in parts that are not used; that is tested as well.
"""

import ast
import asyncio
import copy
import pkgutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from panoramisk import Manager
from panoramisk.actions import Action
from panoramisk.fast_agi import Application
from panoramisk.fast_agi import Request as BareRequest
from panoramisk.message import Message
from panoramisk.utils import parse_agi_result

import telephony
from core.clock import monotonic
from core.ports import CallerGone, TelephonyError, VoiceChannel
from telephony.actions import BadField, build
from telephony.agi import AgiChannel, AgiServer
from telephony.agi_parse import parse_reply, parse_request
from telephony.ami import Switch
from telephony.connection import ActionRefused, AmiConnection, Timing
from telephony.offset import ClockOffset
from telephony.stats import SwitchStats
from telephony.translate import Dialect, translate
from tests.fakes.agi import FakeAgiClient, request
from tests.fakes.ami import SECRET, USER, FakeAmi, block, error, event, listing, success
from tests.fakes.wire import Bare, Guarded

QUICK = Timing(
    action_timeout=0.2,
    boot_timeout=0.2,
    ping_interval=0.01,
    retry_first=0.001,
    retry_cap=0.001,
    retry_refused=3600,
)
SETTLE = 0.05
"""Long enough for what must not happen to happen, where there is nothing to await."""


@pytest.fixture
async def ami() -> AsyncIterator[FakeAmi]:
    async with FakeAmi() as fake:
        yield fake


async def bare_manager(fake: FakeAmi) -> Any:  # noqa: ANN401 - panoramisk's types
    """panoramisk connected to a fake and logged in, reconnecting at once."""
    manager = Manager(
        host="127.0.0.1", port=fake.port, username=USER, secret=SECRET, reconnect_timeout=0,
        ping_delay=3600, ping_interval=3600, loop=asyncio.get_running_loop(),
    )  # fmt: skip
    logged_in = asyncio.Event()
    manager.on_login = lambda _: logged_in.set()
    await manager.connect()
    await asyncio.wait_for(logged_in.wait(), 5)
    return manager


def end(manager: Any) -> None:  # noqa: ANN401 - panoramisk's types
    """What ``Manager.close`` should do: stop for good."""
    manager.connect = lambda: None
    manager.close()


async def connection(fake: FakeAmi, timing: Timing = QUICK) -> tuple[AmiConnection, SwitchStats]:
    stats = SwitchStats()
    opened = await AmiConnection.open(fake.address, timing, lambda _: None, stats)
    await opened.login()
    return opened, stats


# --- 1: UTF-8 cut by the network ---------------------------------------------------------------

CITIZEN = event("Hangup", CallerIDName="供热热线").encode()
CUT = CITIZEN.index("热".encode()) + 1


async def test_01_panoramisk_loses_a_character_cut_in_two() -> None:
    bare = Bare()
    bare.feed(CITIZEN[:CUT], CITIZEN[CUT:])
    assert bare.events[0]["CallerIDName"] != "供热热线"


async def test_01_guarded_keeps_it() -> None:
    guarded = Guarded()
    guarded.feed(CITIZEN[:CUT], CITIZEN[CUT:])
    assert guarded.events[0]["CallerIDName"] == "供热热线"


# --- 2: an exception in a callback -------------------------------------------------------------


async def test_02_panoramisk_raises_into_the_transport_and_loses_the_rest() -> None:
    bare = Bare()
    bare.manager.register_event("Hangup", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        bare.feed(event("Hangup") + event("DialEnd"))
    assert [message["Event"] for message in bare.events] == ["Hangup"]


async def test_02_guarded_goes_on() -> None:
    seen: list[str] = []

    def sink(headers: dict[str, str]) -> None:
        seen.append(headers["Event"])
        assert headers["Event"] != "Hangup"

    guarded = Guarded(sink)
    guarded.feed(event("Hangup") + event("DialEnd"))
    assert seen == ["Hangup", "DialEnd"]
    assert guarded.stats.sink_errors == 1


# --- 3: pings that nobody answers --------------------------------------------------------------


async def test_03_panoramisk_pings_a_dead_peer_for_ever() -> None:
    bare = Bare()
    for _ in range(5):
        bare.manager.ping()
        bare.manager.pinger.cancel()
    assert not bare.wire.closed


async def test_03_guarded_gives_up_after_two(ami: FakeAmi) -> None:
    opened, stats = await connection(ami)
    ami.silent = True
    await asyncio.wait_for(opened.watch(ClockOffset(0)), 5)
    assert opened.is_lost
    assert stats.watchdog_aborts == 1
    assert ami.names().count("Ping") == 2


# --- 4, 5, 6: what is in flight when the connection goes ---------------------------------------


async def reconnected(fake: FakeAmi, logins: int = 2) -> None:
    await fake.until(lambda: fake.names().count("Login") == logins)


async def test_04_panoramisk_sends_an_action_again_after_a_reconnect(ami: FakeAmi) -> None:
    ami.answers["Redirect"] = lambda _: ""
    manager = await bare_manager(ami)
    manager.send_action({"Action": "Redirect", "Channel": "PJSIP/trunk-00000001"})
    await ami.until(lambda: "Redirect" in ami.names())
    ami.reset()
    await ami.until(lambda: ami.names().count("Redirect") == 2)
    end(manager)


async def test_04_guarded_fails_it_and_sends_it_once(ami: FakeAmi) -> None:
    ami.answers["Redirect"] = lambda _: ""
    switch = Switch(lambda: ami.address, ["1001"], lambda _: None, timing=Timing(retry_first=0.001))
    run = asyncio.create_task(switch.run())
    await ami.until(lambda: "QueueStatus" in ami.names())
    hangup = asyncio.create_task(switch._redirect("PJSIP/trunk-00000001", "acd-hold", "s"))
    await ami.until(lambda: "Redirect" in ami.names())
    ami.reset()
    with pytest.raises(TelephonyError, match="lost"):
        await hangup
    await ami.until(lambda: ami.names().count("QueueStatus") == 2)
    assert ami.names().count("Redirect") == 1
    run.cancel()


def half_a_list(action: dict[str, str]) -> str:
    return listing(action, "Status", [[("Channel", "PJSIP/trunk-00000001")]]).partition(
        "Event: StatusComplete"
    )[0]


async def test_05_panoramisk_never_completes_a_list_cut_short(ami: FakeAmi) -> None:
    ami.answers["Status"] = half_a_list
    manager = await bare_manager(ami)
    future = manager.send_action({"Action": "Status"})
    await ami.until(lambda: "Status" in ami.names())
    ami.reset()
    await reconnected(ami)
    await asyncio.sleep(SETTLE)
    assert not future.done()
    end(manager)


async def test_05_guarded_fails_it(ami: FakeAmi) -> None:
    ami.answers["Status"] = half_a_list
    opened, _ = await connection(ami, Timing())
    future = asyncio.create_task(opened.listing("Status"))
    await ami.until(lambda: "Status" in ami.names())
    ami.reset()
    with pytest.raises(TelephonyError, match="lost"):
        await future


async def test_06_panoramisk_never_completes_an_action_when_asterisk_is_not_booted(ami: FakeAmi) -> None:
    ami.answers["Redirect"] = lambda _: ""
    ami.booted = False
    manager = await bare_manager(ami)
    future = manager.send_action({"Action": "Redirect"})
    await ami.until(lambda: "Redirect" in ami.names())
    ami.reset()
    await reconnected(ami)
    await asyncio.sleep(SETTLE)
    assert not future.done()
    end(manager)


async def test_06_guarded_has_a_time_out(ami: FakeAmi) -> None:
    ami.answers["Redirect"] = lambda _: ""
    ami.booted = False
    opened, stats = await connection(ami)
    with pytest.raises(TelephonyError, match="in time"):
        await opened.action("Redirect")
    assert stats.action_errors == 1
    opened.close()


# --- 7, 8, 9: which answers complete an action -------------------------------------------------

ADDED = "Added interface to queue"


async def test_07_panoramisk_takes_the_answer_to_queueadd_for_a_list() -> None:
    bare = Bare()
    action = Action({"Action": "QueueAdd"})
    future = bare.manager.send_action(action)
    bare.feed(success({"ActionID": action.id}, ADDED))
    assert not future.done()


async def test_07_guarded_resolves(ami: FakeAmi) -> None:
    ami.answers["QueueAdd"] = lambda action: success(action, ADDED)
    opened, _ = await connection(ami)
    assert (await opened.action("QueueAdd", Queue="citizens"))["Message"] == ADDED
    opened.close()


async def test_08_panoramisk_never_resolves_an_error_to_a_list() -> None:
    bare = Bare()
    action = Action({"Action": "Status"})
    future = bare.manager.send_action(action, as_list=True)
    bare.feed(error({"ActionID": action.id}, "No such channel"))
    assert not future.done()


async def test_08_guarded_raises_what_asterisk_said(ami: FakeAmi) -> None:
    ami.answers["Status"] = lambda action: error(action, "No such channel")
    opened, _ = await connection(ami)
    with pytest.raises(ActionRefused, match="No such channel"):
        await opened.listing("Status", Channel="PJSIP/trunk-00000001")
    opened.close()


QUEUED = "Originate successfully queued"


async def test_09_panoramisk_raises_into_the_transport() -> None:
    bare = Bare()
    action = Action({"Action": "Originate"})
    bare.manager.send_action(action)
    with pytest.raises(KeyError):
        bare.feed(success({"ActionID": action.id}, QUEUED) + event("Hangup"))
    assert bare.events == []


async def test_09_guarded_stays_calm() -> None:
    guarded = Guarded()
    action = build("Originate", {"Channel": "PJSIP/1001", "Context": "acd-out"})
    future = guarded.protocol.submit(action)
    guarded.feed(success({"ActionID": action.id}, QUEUED) + event("Hangup"))
    assert future.result()["Message"] == QUEUED
    assert len(guarded.events) == 1


# --- 10, 11: ActionIDs -------------------------------------------------------------------------


async def test_10_panoramisk_withholds_an_event_with_a_pending_actionid() -> None:
    bare = Bare()
    action = Action({"Action": "Ping"})
    bare.manager.send_action(action)
    bare.feed(event("Hangup", ActionID=action.id))
    assert bare.events == []


async def test_10_guarded_dispatches_it_and_the_action_still_waits_for_its_answer() -> None:
    guarded = Guarded()
    action = build("Ping", {})
    future = guarded.protocol.submit(action)
    guarded.feed(event("Hangup", ActionID=action.id))
    assert len(guarded.events) == 1
    assert not future.done()
    guarded.feed(success({"ActionID": action.id}))
    assert future.done()


async def test_11_panoramisk_keeps_actions_that_were_given_up() -> None:
    bare = Bare()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(bare.manager.send_action({"Action": "Ping"}), 0.01)
    assert len(bare.protocol.responses) == 1


async def test_11_guarded_forgets_them_and_knows_their_late_answers(ami: FakeAmi) -> None:
    opened, stats = await connection(ami, Timing(action_timeout=0.2))
    ami.delay = 0.3
    with pytest.raises(TelephonyError):
        await opened.action("Ping")
    assert opened._protocol.responses == {}
    await asyncio.wait_for(_until(lambda: stats.late == 1), 5)
    assert stats.dropped_forged == 0
    opened.close()


async def _until(wanted: Callable[[], bool]) -> None:
    while not wanted():  # noqa: ASYNC110 - counters announce nothing
        await asyncio.sleep(0.002)


# --- 12: the order of events -------------------------------------------------------------------


async def test_12_panoramisk_overtakes_with_coroutines() -> None:
    bare = Bare()
    gate, order = asyncio.Event(), []

    async def callback(_: Any, message: Any) -> None:  # noqa: ANN401 - panoramisk's types
        if message["Event"] == "DialBegin":
            await gate.wait()
        order.append(message["Event"])
        gate.set()

    bare.manager.register_event("Dial*", callback)
    bare.feed(event("DialBegin") + event("DialEnd"))
    await _until(lambda: len(order) == 2)
    assert order == ["DialEnd", "DialBegin"]


async def test_12_guarded_hands_on_in_order_before_it_returns() -> None:
    guarded = Guarded()
    guarded.feed(event("DialBegin") + event("DialEnd"))
    assert [headers["Event"] for headers in guarded.events] == ["DialBegin", "DialEnd"]


# --- 13, 14, 15: reconnecting ------------------------------------------------------------------


async def test_13_panoramisk_reconnects_after_close(ami: FakeAmi) -> None:
    manager = await bare_manager(ami)
    manager.reconnect_timeout = 0.02
    ami.reset()
    await _until(lambda: not manager._connected)
    manager.close()
    await reconnected(ami)
    end(manager)


async def test_13_guarded_stays_closed(ami: FakeAmi) -> None:
    timing = Timing(retry_first=0.02, retry_cap=0.02)
    switch = Switch(lambda: ami.address, ["1001"], lambda _: None, timing=timing)
    run = asyncio.create_task(switch.run())
    await ami.until(lambda: "QueueStatus" in ami.names())
    ami.reset()
    await _until(lambda: not switch.stats.connected)
    run.cancel()
    await asyncio.sleep(SETTLE)
    assert ami.connections == 1


async def test_14_panoramisk_tries_a_wrong_password_for_ever(ami: FakeAmi) -> None:
    manager = await bare_manager(ami)
    manager.config["secret"] = "wrong"
    for attempt in range(2, 6):
        ami.reset()
        await reconnected(ami, attempt)
    end(manager)


async def test_14_guarded_alerts_and_waits(ami: FakeAmi) -> None:
    ami.answers["Login"] = lambda action: error(action, "Authentication failed")
    switch = Switch(lambda: ami.address, ["1001"], lambda _: None, timing=QUICK)
    run = asyncio.create_task(switch.run())
    await _until(lambda: switch.stats.login_is_refused)
    await asyncio.sleep(SETTLE)
    assert ami.connections == 1
    assert switch.stats.login_refused == 1
    run.cancel()


async def test_15_panoramisk_doubles_the_connection(ami: FakeAmi) -> None:
    manager = await bare_manager(ami)
    manager.reconnect_timeout = 0.02
    ami.reset()
    await _until(lambda: not manager._connected)
    await manager.connect()
    await reconnected(ami, 3)
    end(manager)


async def test_15_guarded_makes_one_for_one(ami: FakeAmi) -> None:
    switch = Switch(lambda: ami.address, ["1001"], lambda _: None, timing=Timing(retry_first=0.001))
    run = asyncio.create_task(switch.run())
    await ami.until(lambda: "QueueStatus" in ami.names())
    ami.reset()
    await ami.until(lambda: ami.names().count("QueueStatus") == 2)
    await asyncio.sleep(SETTLE)
    assert ami.connections == 2
    run.cancel()


# --- 16, 17: before there is a connection ------------------------------------------------------


async def _hang(*_: object, **__: object) -> None:
    await asyncio.Event().wait()


async def test_16_panoramisk_waits_for_ever_for_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "create_connection", _hang)
    connecting = Manager(loop=loop).connect()
    await asyncio.sleep(SETTLE)
    assert not connecting.done()
    connecting.remove_done_callback(connecting._callbacks[0][0])
    connecting.cancel()


async def test_16_guarded_gives_up(ami: FakeAmi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", _hang)
    with pytest.raises(TimeoutError):
        await AmiConnection.open(ami.address, Timing(connect_timeout=0.05), lambda _: None, SwitchStats())


async def test_17_panoramisk_raises_attributeerror() -> None:
    with pytest.raises(AttributeError):
        Manager(loop=asyncio.get_running_loop()).send_action({"Action": "Ping"})


async def test_17_guarded_says_that_there_is_no_connection(ami: FakeAmi) -> None:
    switch = Switch(lambda: ami.address, ["1001"], lambda _: None)
    with pytest.raises(TelephonyError, match="no connection"):
        await switch.heartbeat()
    opened, _ = await connection(ami)
    opened.close()
    with pytest.raises(TelephonyError, match="no connection"):
        await opened.action("Ping")


# --- 18: line breaks in values -----------------------------------------------------------------

INJECTION = "1001\r\n\r\nAction: Hangup\r\nChannel: /.*/"


async def test_18_panoramisk_writes_a_second_action() -> None:
    assert "\r\n\r\nAction: Hangup\r\n" in str(Action({"Action": "Redirect", "Exten": INJECTION}))


async def test_18_guarded_refuses(ami: FakeAmi) -> None:
    opened, stats = await connection(ami)
    with pytest.raises(BadField):
        await opened.action("Redirect", Exten=INJECTION)
    assert ami.names() == ["Login"]
    assert stats.actions == 1
    opened.close()


# --- 20 to 24: FastAGI -------------------------------------------------------------------------


class Spun(Exception):
    """The handler read and read without ever letting the loop go on."""


class EndlessEnd:
    """A reader at the end of its stream; raises when asked too often."""

    reads = 0

    async def read(self, _: int) -> bytes:
        self.reads += 1
        if self.reads > 1000:
            raise Spun
        return b""


async def test_20_panoramisk_spins_when_a_client_connects_and_closes() -> None:
    application = Application(loop=asyncio.get_running_loop())
    with pytest.raises(Spun):
        await application.handler(EndlessEnd(), None)


async def _ignore(_: VoiceChannel) -> None:
    """A handler that says nothing."""


async def test_20_guarded_counts_it_and_goes_on() -> None:
    server = AgiServer("127.0.0.1", 0, {"announcement": _ignore})
    await server.start()
    async with FakeAgiClient(server.port):
        pass
    await _until(lambda: server.stats.bad_requests == 1)
    async with FakeAgiClient(server.port) as client:
        client.send(request("announcement"))
        assert await client.closed()
    assert server.stats.sessions == 1
    await server.stop()


def ended_reader() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    reader.feed_eof()
    return reader


class NoWriter:
    """A writer that takes everything."""

    def write(self, _: bytes) -> None: ...

    async def drain(self) -> None: ...

    def close(self) -> None: ...

    def get_extra_info(self, _: str) -> None: ...


async def test_21_panoramisk_raises_valueerror_at_the_end() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        await BareRequest(None, {}, ended_reader(), NoWriter()).send_command("ANSWER")


async def test_21_guarded_says_that_the_caller_is_gone() -> None:
    with pytest.raises(CallerGone):
        await AgiChannel({}, ended_reader(), NoWriter()).get_variable("X")  # type: ignore[arg-type] # enough of one


async def test_21_panoramisk_swallows_cancellation() -> None:
    started = asyncio.Event()

    async def route(_: Any) -> None:  # noqa: ANN401 - panoramisk's types
        started.set()
        await asyncio.Event().wait()

    application = Application(loop=asyncio.get_running_loop())
    application.add_route("announcement", route)
    reader = asyncio.StreamReader()
    reader.feed_data(request("announcement"))
    session = asyncio.create_task(application.handler(reader, NoWriter()))
    await started.wait()
    session.cancel()
    await session  # returns as if nothing had been asked
    assert not session.cancelled()


async def test_21_guarded_is_cancelled() -> None:
    ended: list[str] = []
    started = asyncio.Event()

    async def handler(_: VoiceChannel) -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    server = AgiServer("127.0.0.1", 0, {"announcement": handler})
    await server.start()
    async with FakeAgiClient(server.port) as client:
        client.send(request("announcement"))
        await started.wait()
        (session,) = server._sessions
        await server.stop()
        assert session.cancelled()
        assert await client.closed()
    assert ended == ["cancelled"]


def test_22_panoramisk_loses_the_time_out() -> None:
    assert "timeout" not in str(parse_agi_result("200 result= (timeout)"))


def test_22_guarded_keeps_it() -> None:
    reply = parse_reply("200 result= (timeout)")
    assert reply is not None
    assert (reply.result, reply.data) == ("", "timeout")


GBK = request("announcement").replace(b"agi_channel", "agi_calleridname: 王\nagi_channel".encode("gbk"))


async def test_23_panoramisk_fails_on_a_name_in_another_encoding() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(GBK)
    with pytest.raises(UnicodeDecodeError):
        await Application(loop=asyncio.get_running_loop()).handler(reader, None)


def test_23_guarded_replaces_it() -> None:
    variables = parse_request(GBK)
    assert "\N{REPLACEMENT CHARACTER}" in variables["calleridname"]
    assert variables["network_script"] == "announcement"


class Flow:
    """A handler that is an object."""

    def __init__(self) -> None:
        self.ran = False

    async def __call__(self, _: VoiceChannel) -> None:
        self.ran = True


async def test_24_panoramisk_cannot_route_to_a_callable_object() -> None:
    with pytest.raises(AttributeError, match="coroutine"):
        Application(loop=asyncio.get_running_loop()).add_route("announcement", Flow())


async def test_24_guarded_can() -> None:
    flow = Flow()
    server = AgiServer("127.0.0.1", 0, {"announcement": flow})
    await server.start()
    async with FakeAgiClient(server.port) as client:
        client.send(request("announcement"))
        assert await client.closed()
    await server.stop()
    assert flow.ran


# --- 25, 27: messages --------------------------------------------------------------------------


def test_25_panoramisk_cannot_copy_a_message() -> None:
    with pytest.raises(RecursionError):
        copy.copy(Message({"Event": "Hangup"}))


async def test_25_guarded_hands_on_plain_dicts() -> None:
    guarded = Guarded()
    guarded.feed(event("Hangup", Channel="PJSIP/trunk-00000001"))
    assert type(guarded.events[0]) is dict
    assert copy.copy(guarded.events[0]) == guarded.events[0]


def test_27_panoramisk_reads_a_missing_header_as_empty() -> None:
    assert Message({"Event": "Hangup"}).channel == ""


def test_27_guarded_makes_no_event_of_it() -> None:
    assert translate({"Event": "Hangup", "Timestamp": "1.0"}, Dialect(phones={"1001"})) is None


# --- 19, 26: not used --------------------------------------------------------------------------


def test_parts_of_panoramisk_that_are_used() -> None:
    used: set[str] = set()
    for module in pkgutil.iter_modules(telephony.__path__):
        tree = ast.parse(Path(telephony.__path__[0], f"{module.name}.py").read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("panoramisk"):
                used |= {f"{node.module}.{name.name}" for name in node.names}
            elif isinstance(node, ast.Import):
                assert not any(name.name.startswith("panoramisk") for name in node.names)
    assert used == {
        "panoramisk.actions.Action",
        "panoramisk.ami_protocol.AMIProtocol",
        "panoramisk.message.Message",
        "panoramisk.utils.agi_code_check",
    }


async def test_19_panoramisk_kills_the_connection_when_it_saves_the_stream(tmp_path: Path) -> None:
    bare = Bare(save_stream=str(tmp_path / "stream"))
    with pytest.raises(TypeError):
        bare.feed(block({"Event": "Hangup"}))


async def test_watchdog_takes_anything_received_for_life(ami: FakeAmi) -> None:
    """A busy Asterisk that answers pings late but sends events is alive."""
    opened, stats = await connection(ami, Timing(action_timeout=0.2, ping_interval=0.001))
    ami.silent = True
    began = monotonic()
    watch = asyncio.create_task(opened.watch(ClockOffset(0)))
    while monotonic() < began + 1.0:
        ami.send(event("Hangup"))
        await asyncio.sleep(0.005)
    assert stats.watchdog_aborts == 0
    await asyncio.wait_for(watch, 5)
    assert stats.watchdog_aborts == 1
