"""SIPp's phones and callers against a real Asterisk with the rendered configuration, without the service."""

import array
import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from core import clock
from core.vocabulary import Phone
from hotline.asterisk.layout import AsteriskSecrets, new_system_name, phone_password
from hotline.asterisk.process import AsteriskProcess
from hotline.asterisk.provision import find_or_build
from hotline.asterisk.render import render
from hotline.demo.callers import Caller, CallerGroup
from hotline.demo.phones import Answers, Behaviour, Busy, Dead, Forwards, NeverAnswers, PhoneGroup
from hotline.demo.sip import SipFailed, SipServer
from hotline.demo.tones import tone_level
from hotline.folders import Folders
from hotline.resolve import resolve
from hotline.scratch import scratch_folder, scratch_settings

pytestmark = pytest.mark.integration

MASTER = "master"

DIALPLAN = """
[from-trunk]
exten => _70X!,1,Set(CALLER=${{PJSIP_PARSE_URI(${{CHANNEL(pjsip,remote_uri)}},user)}})
 same => n,Answer(,i)
 same => n,MixMonitor({spool}/${{CALLER}}.raw,bD)
 same => n,Dial(PJSIP/10${{EXTEN:2}},3,g)
 same => n,StopMixMonitor()
 same => n,Read(RATING,,1,,1,5)
 same => n,System(echo ${{CALLER}} ${{DIALSTATUS}} ${{FILTER(0-9,${{RATING}})}} >> {result})
 same => n,Hangup()
"""


class Exchange:
    """The running Asterisk and where its test dialplan leaves things."""

    def __init__(self, process: AsteriskProcess, folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.server = SipServer("127.0.0.1", process.rendered.sip_port)

    def phones(self, behaviour: Behaviour, name: str, *numbers: str) -> PhoneGroup:
        passwords = {Phone(number): phone_password(MASTER, number) for number in numbers}
        return PhoneGroup(self.server, passwords, behaviour, self.folder / "sip", name)

    def callers(self, *callers: Caller, rate: float = 5.0) -> CallerGroup:
        return CallerGroup(self.server, callers, self.folder / "sip", rate)

    def results(self) -> dict[str, list[str]]:
        lines = (self.folder / "result").read_text(encoding="ascii").splitlines()
        return {line.split()[0]: line.split()[1:] for line in lines}

    def channels(self, caller: str) -> tuple[list[int], list[int]]:
        raw = array.array("h", (self.process.rendered.spool_dir / f"{caller}.raw").read_bytes())
        return list(raw[0::2]), list(raw[1::2])

    async def contact(self, phone: str) -> str:
        return await self.process.console(f"pjsip show aor {phone}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def exchange() -> AsyncIterator[Exchange]:
    folder = scratch_folder("hotline-sip-")
    settings = resolve(scratch_settings(folder, phone_qualify_seconds=1), Folders(folder / "data"))
    rendered = render(
        settings,
        AsteriskSecrets("ami", MASTER),
        folder / "etc",
        state_dir=folder / "state",
        prompts_dir=folder,
        system_name=new_system_name(),
        install=(install := find_or_build(settings, lambda _: None)),
    )
    custom = DIALPLAN.format(spool=rendered.spool_dir, result=folder / "result")
    (folder / "etc" / "custom" / "extensions_test.conf").write_text(custom, encoding="ascii")
    modules = "load = app_system.so\nload = app_read.so\n"
    (folder / "etc" / "custom" / "modules_test.conf").write_text(modules, encoding="ascii")
    process = AsteriskProcess(install, rendered)
    await process.start()
    try:
        yield Exchange(process, folder)
    finally:
        await process.stop()
        shutil.rmtree(folder)


module_loop = pytest.mark.asyncio(loop_scope="module")


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = clock.monotonic() + seconds
    while not condition():
        assert clock.monotonic() < deadline, "condition not met"
        await asyncio.sleep(0.02)


@module_loop
async def test_tones_talk_times_and_a_rating(exchange: Exchange) -> None:
    group = exchange.phones(Answers(0.2, (1.5, 1.5), tone=620), "answering", "1001", "1002")
    rating = Caller("13800000001", "7001", hangs_up_after=20, presses="3", presses_after=2.0)
    short = Caller("13800000002", "7002", hangs_up_after=1.0)
    await group.start()
    try:
        assert "1001" in await exchange.contact("1001")
        callers = exchange.callers(rating, short)
        await callers.start()
        assert await callers.wait(25) == 0, callers.errors()
        answered = {call.user: call for call in group.calls()}
    finally:
        await group.stop()
    assert callers.statistics().created == callers.statistics().successful == 2
    assert answered["1001"].hung_up_here
    assert answered["1001"].talk_seconds == pytest.approx(1.5, abs=0.1)
    assert not answered["1002"].hung_up_here
    assert [placed.call and placed.call.hung_up_here for placed in callers.placed()] == [False, True]
    assert exchange.results()["13800000001"] == ["ANSWER", "3"]
    left, right = exchange.channels("13800000001")
    second = slice(2000, 10000)
    assert tone_level(left[second], 440) > 100 * tone_level(left[second], 620)
    assert tone_level(right[second], 620) > 100 * tone_level(right[second], 440)
    assert "sip:" not in await exchange.contact("1001")
    assert group.errors() == callers.errors() == ""


@module_loop
async def test_phones_that_do_not_take_the_call(exchange: Exchange) -> None:
    groups = [
        exchange.phones(NeverAnswers(), "silent", "1003"),
        exchange.phones(Busy(), "busy", "1004"),
        exchange.phones(Forwards("1009"), "moved", "1005"),
        exchange.phones(Dead(), "dead", "1006"),
    ]
    callers = exchange.callers(*(Caller(f"1380000001{n}", f"700{n}", hangs_up_after=20) for n in range(3, 7)))
    try:
        for group in groups:
            await group.start()
        await callers.start()
        await callers.wait(25)
        by_phone = {call.user: call for group in groups for call in group.calls()}
    finally:
        for group in groups:
            await group.stop()
    results = exchange.results()
    assert results["13800000013"][0] == "NOANSWER"
    assert results["13800000014"][0] == "BUSY"
    assert results["13800000016"][0] in {"CHANUNAVAIL", "NOANSWER"}
    assert (by_phone["1003"].refused_with, by_phone["1003"].answered_at) == (487, None)
    assert by_phone["1003"].cancelled_at is not None
    assert by_phone["1004"].refused_with == 486
    assert by_phone["1005"].refused_with == 302
    assert "1006" not in by_phone


@module_loop
async def test_a_phone_without_the_right_password_is_reported(exchange: Exchange) -> None:
    group = PhoneGroup(exchange.server, {Phone("1007"): "wrong"}, Answers(), exchange.folder / "sip", "wrong")
    with pytest.raises(SipFailed, match="could not register"):
        await group.start()


@module_loop
async def test_stopping_callers_hangs_their_calls_up(exchange: Exchange) -> None:
    group = exchange.phones(Answers(0.1), "patient", "1008")
    await group.start()
    try:
        callers = exchange.callers(Caller("13800000020", "7008"))
        await callers.start()
        await until(lambda: any(call.acknowledged_at for call in group.calls()))
        await callers.stop()
        await until(lambda: all(call.hung_up_at for call in group.calls()))
    finally:
        await group.stop()
    (placed,) = callers.placed()
    assert placed.call is not None
    assert placed.call.hung_up_here
