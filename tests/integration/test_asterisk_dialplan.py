"""The dialplan on a real Asterisk: every point of the contract that can be seen without the service."""

import asyncio
import csv
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from core.clock import monotonic, wall
from hotline.asterisk import render as renderer
from hotline.asterisk.install import AsteriskInstall
from hotline.asterisk.render import render_phones
from tests.fixtures_asterisk import (
    SECRETS,
    Switch,
    asterisk_folder,
    asterisk_install,
    holds,
    running_switch,
    settings_for,
    switch,
)

__all__ = ["asterisk_folder", "asterisk_install", "switch"]

pytestmark = pytest.mark.integration

BYTES_PER_SECOND = 32000
"""Of a recording: 8000 samples, two channels, two bytes."""


async def test_boots_without_a_complaint(switch: Switch) -> None:
    assert re.findall(r".*(?:ERROR|WARNING).*", switch.log()) == []
    assert await switch.process.console("core show version") != ""


async def test_arrival_says_what_the_contract_says(switch: Switch) -> None:
    caller = await switch.caller()
    waiting = await switch.waiting(caller, "+8612345", number="+86139 0000".replace(" ", "%20"))
    arrived = await switch.ami.event("HotlineArrived")
    for event in (arrived, waiting):
        assert [line.partition(":")[0] for line in event.lines[:4]] == [
            "Event",
            "Privilege",
            "Timestamp",
            "SystemName",
        ]
        assert event["SystemName"] == switch.rendered.system_name
        assert (event["Caller"], event["Dialled"], event["Queue"]) == ("861390000", "8612345", "citizens")
        assert event["AccountCode"] == event["CallId"]
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", event["CallId"])
        assert re.fullmatch(r"\d{10}\.\d{6}", event["EnteredAt"])
        assert 0 <= float(arrived["Timestamp"]) - float(event["EnteredAt"]) < 0.5
    assert (waiting["Offer"], waiting["DialStatus"], waiting["NoticeAt"]) == ("", "", "")
    assert await switch.ami.getvar("HOTLINE_STAGE", waiting["Channel"]) == "waiting"


async def test_the_time_of_arrival_is_right_on_both_sides_of_a_second(switch: Switch) -> None:
    """It is made of two clocks, one of which is late: each time lies within its call, in their order."""
    times: list[float] = []
    for _ in range(24):
        await asyncio.sleep(0.04)  # so that a second begins in between
        before = wall()
        entered = float((await switch.waiting(await switch.caller()))["EnteredAt"])
        assert before <= entered <= wall()
        times.append(entered)
    assert times == sorted(times)
    assert len({int(entered) for entered in times}) > 1


async def test_a_number_leads_to_its_queue_and_other_text_nowhere(switch: Switch) -> None:
    known = await switch.waiting(await switch.caller(), "12366")
    assert known["Queue"] == "tax"
    for dialled in ("s", "T", "hotline-arrival", "12345abc", "12%2c45", "1" * 21, "*97"):
        caller = await switch.caller()
        caller.call(dialled)
        await caller.until("404 INVITE")
    assert len(switch.ami.events("HotlineArrived")) == 1


@pytest.mark.parametrize(
    ("uri", "display", "number"),
    [
        ("sip:+8613900001111@example.invalid;user=phone", "", "8613900001111"),
        ("tel:+8613900001111", '"Room 3" ', "8613900001111"),
        ("tel:5012345;phone-context=+86312", "", "5012345"),
        ("sip:anonymous@anonymous.invalid", '"Anonymous" ', ""),
        ("sip:10.0.0.1", "", ""),
        ("sip:" + "1" * 60 + "@example.invalid", "", "1" * 20),
        ("sip:13900001111@example.invalid", '"' + "王伟" * 2 + '" ', "13900001111"),
    ],
)
async def test_callers_number_in_every_notation(switch: Switch, uri: str, display: str, number: str) -> None:
    (await switch.caller()).call("12345", display=display, uri=uri)
    waiting = await switch.ami.event("HotlineWaiting")
    assert waiting["Caller"] == number
    assert waiting["CallerIDName"] == "<unknown>"
    assert re.findall(r".*(?:ERROR|WARNING).*", switch.log()) == []


async def test_talk_is_recorded_apart_whole_and_nothing_else(switch: Switch) -> None:
    caller, agent = await switch.caller(), await switch.phone("1001", answer_after=0.3)
    waiting = await switch.waiting(caller)
    await switch.offer(waiting, "1001", 7)
    began = await agent.until("ACK")
    await asyncio.sleep(1.2)
    agent.bye()
    ended = await agent.until("bye sent")
    await switch.ami.event("Hangup", Channel=waiting["Channel"])
    size = switch.recording(waiting).stat().st_size
    assert size / BYTES_PER_SECOND == pytest.approx(ended - began, abs=0.1)
    assert loudest(switch.recording(waiting)) == (500, 1000)
    for event in ("DialBegin", "DialEnd"):
        block = await switch.ami.event(event)
        assert block["AccountCode"] == block["DestAccountCode"] == waiting["CallId"]
        assert block["DestChannel"].startswith("PJSIP/1001-")
    assert {block["AccountCode"] for block in switch.ami.events("Hangup")} == {waiting["CallId"]}
    await caller.until("BYE")
    assert switch.recording(waiting).stat().st_size == size


async def test_journal_tells_the_call(switch: Switch) -> None:
    caller, agent = await switch.caller(), await switch.phone("1001")
    waiting = await switch.waiting(caller)
    await switch.offer(waiting, "1001", 7)
    await agent.until("ACK")
    caller.bye()
    await switch.ami.event("Hangup", Channel=waiting["Channel"])
    await holds(lambda: "LINKEDID_END" in switch.rendered.journal.read_text())
    rows = list(csv.reader(switch.rendered.journal.read_text().splitlines()))
    assert {len(row) for row in rows} == {11}
    assert all(re.fullmatch(r"\d{10}\.\d{6}", row[1]) for row in rows)
    assert all(row[2] in {"", waiting["CallId"]} for row in rows)
    assert {row[0] for row in rows if not row[2]} == {"CHAN_START"}
    kinds = [row[0] for row in rows]
    assert kinds[:3] == ["CHAN_START", "HOTLINE_ARRIVED", "ANSWER"]
    assert [kinds.count(kind) for kind in ("BRIDGE_ENTER", "BRIDGE_EXIT", "HANGUP")] == [2, 2, 2]
    entered = next(row for row in rows if row[0] == "BRIDGE_ENTER" and row[5] == waiting["Channel"])
    assert entered[6:8] == ["1001*7", "acd-offer"]


@pytest.mark.parametrize(
    ("answer", "extra", "dial_status"),
    [
        ("ring", "", "NOANSWER"),
        ("486 Busy Here", "", "BUSY"),
        ("603 Decline", "", "CHANUNAVAIL"),
        ("302 Moved Temporarily", "Contact: <sip:1002@127.0.0.1:{port}>\r\n", "BUSY"),
    ],
)
async def test_failed_offer_returns_to_its_place(
    switch: Switch, answer: str, extra: str, dial_status: str
) -> None:
    other = await switch.phone("1002")
    agent = await switch.phone("1001", on_invite=answer, extra=extra.format(port=other.port))
    caller = await switch.caller()
    first = await switch.waiting(caller, "12366")
    await switch.offer(first, "1001", 41)
    back = await switch.ami.event("HotlineWaiting", count=2)
    assert (back["Offer"], back["DialStatus"]) == ("41", dial_status)
    assert (back["EnteredAt"], back["CallId"]) == (first["EnteredAt"], first["CallId"])
    assert agent.saw("INVITE") == 1
    assert other.saw("INVITE") == 0
    heard = len(caller.heard)
    await holds(lambda: len(set(caller.heard[heard:])) > 20)  # music: many different bytes
    # The next offer of the same call, and its recording, are as if nothing had been.
    agent.on_invite = "answer"
    await switch.offer(first, "1001", 42)
    began = await agent.until("answered")
    await asyncio.sleep(0.6)
    caller.bye()
    ended = await caller.until("bye sent")
    await switch.ami.event("Hangup", Channel=first["Channel"])
    seconds = switch.recording(first).stat().st_size / BYTES_PER_SECOND
    assert seconds == pytest.approx(ended - began, abs=0.1)
    await agent.until("BYE")


async def test_phone_that_is_not_registered_fails_without_dialling(switch: Switch) -> None:
    first = await switch.waiting(await switch.caller())
    await switch.offer(first, "1003", 5)
    back = await switch.ami.event("HotlineWaiting", count=2)
    assert (back["Offer"], back["DialStatus"]) == ("5", "CHANUNAVAIL")
    assert switch.ami.events("DialBegin") == []


async def test_offer_can_be_withdrawn(switch: Switch) -> None:
    agent = await switch.phone("1001", on_invite="ring")
    first = await switch.waiting(await switch.caller())
    await switch.offer(first, "1001", 8)
    await agent.until("INVITE")
    assert (await switch.ami.redirect(first["Channel"], "acd-hold", "s"))["Response"] == "Success"
    back = await switch.ami.event("HotlineWaiting", count=2)
    assert (back["Offer"], back["DialStatus"]) == ("8", "CANCEL")
    await agent.until("CANCEL")


async def test_caller_leaves_while_the_phone_rings(switch: Switch) -> None:
    agent, caller = await switch.phone("1001", on_invite="ring"), await switch.caller()
    first = await switch.waiting(caller)
    await switch.offer(first, "1001", 8)
    await agent.until("INVITE")
    caller.bye()
    await agent.until("CANCEL")
    assert (await switch.ami.event("DialEnd"))["DialStatus"] == "CANCEL"
    await switch.ami.event("Hangup", Channel=first["Channel"])


async def test_redirect_reaches_the_phone_at_once(switch: Switch) -> None:
    agent = await switch.phone("1001", on_invite="486 Busy Here")
    first = await switch.waiting(await switch.caller())
    took = []
    for number in range(1, 16):
        began = monotonic()
        await switch.offer(first, "1001", number)
        took.append(await agent.until("INVITE", count=number) - began)
        await switch.ami.event("HotlineWaiting", count=number + 1)
    assert sorted(took)[7] < 0.02  # measured: about 2 ms; anything that waits is 20 ms and more


async def test_stale_heartbeat_leads_to_the_native_queue_in_order(switch: Switch) -> None:
    agent = await switch.phone("1001", on_invite="ring")
    first = await switch.waiting(await switch.caller())
    await holds(lambda: wall() > float(first["EnteredAt"]) + 0.02)  # the order is kept to 10 ms
    second = await switch.waiting(await switch.caller())
    await switch.heartbeat(age=60)
    await switch.ami.event("HotlineFallback", count=2)
    # Out of the queue and in again: the first keeps its place.
    added = await switch.ami.ask("QueueAdd", Queue="citizens", Interface="PJSIP/1001")
    assert added["Response"] == "Success"
    await agent.until("INVITE")
    await switch.ami.ask("QueuePause", Interface="PJSIP/1001", Paused="true")
    assert (await switch.ami.redirect(first["Channel"], "acd-hold", "s"))["Response"] == "Success"
    await agent.until("CANCEL")
    await switch.ami.event("HotlineFallback", count=3)
    agent.on_invite = "answer"
    await switch.ami.ask("QueuePause", Interface="PJSIP/1001", Paused="false")
    began = await agent.until("answered", deadline=10)
    answered = await switch.ami.event("DialEnd", DialStatus="ANSWER")
    assert answered["AccountCode"] == answered["DestAccountCode"] == first["CallId"]
    await asyncio.sleep(0.5)
    agent.bye()
    ended = await agent.until("bye sent")
    gone = await switch.ami.event("Hangup", Channel=first["Channel"])
    assert gone["Context"] == "after-call"
    seconds = switch.recording(first).stat().st_size / BYTES_PER_SECOND
    assert seconds == pytest.approx(ended - began, abs=0.1)
    assert loudest(switch.recording(first)) == (500, 1000)
    # The service is back: the other one is taken out of the queue.
    await switch.heartbeat(age=-1000)
    await switch.ami.redirect(second["Channel"], "acd-hold", "s")
    back = await switch.ami.event("HotlineWaiting", CallId=second["CallId"], count=2)
    assert (back["Offer"], back["EnteredAt"]) == ("", second["EnteredAt"])


async def test_rank_goes_before_arrival_in_the_native_queue(switch: Switch) -> None:
    agent = await switch.phone("1001", on_invite="answer")
    first = await switch.waiting(await switch.caller())
    second = await switch.waiting(await switch.caller())
    rank = f"{float(first['EnteredAt']) - 300:.6f}"
    await switch.ami.ask("Setvar", Channel=second["Channel"], Variable="HOTLINE_RANK", Value=rank)
    await switch.heartbeat(age=60)
    await switch.ami.event("HotlineFallback", count=2)
    assert (await switch.ami.ask("QueueAdd", Queue="citizens", Interface="PJSIP/1001"))[
        "Response"
    ] == "Success"
    await agent.until("answered", deadline=10)
    answered = await switch.ami.event("DialEnd", DialStatus="ANSWER")
    assert answered["AccountCode"] == second["CallId"]


async def test_heartbeat_already_stale_when_the_call_comes(switch: Switch) -> None:
    await switch.heartbeat(age=60)
    first = await switch.waiting(await switch.caller())
    await switch.ami.event("HotlineFallback", deadline=1)
    assert await switch.ami.getvar("HOTLINE_STAGE", first["Channel"]) == "fallback"


async def test_caller_cannot_forge_events(switch: Switch) -> None:
    hostile = "1%0d%0a%0d%0aEvent%3a%20Forged%0d%0aX%3a%20y%0d%0a%0d%0a"
    first = await switch.waiting(await switch.caller(), number=hostile)
    assert (first["Caller"], first["CallerIDNum"], first["CallerIDName"]) == ("1", "1", "<unknown>")
    for _ in range(5):  # gone before the dialplan could filter anything
        caller = await switch.caller()
        caller.call("12345", hostile, display='"Event: Forged" ')
        await caller.until("100 INVITE")
        caller.cancel()
        if await caller.until("487 INVITE|200 INVITE") and caller.saw("200 INVITE"):
            caller.bye()
    own = await switch.waiting(await switch.caller())
    assert own["Caller"] == "13900001111"
    events = [block for block in switch.ami.blocks if block["Event"] not in {"FullyBooted", ""}]
    assert {block["SystemName"] for block in events} == {switch.rendered.system_name}
    assert not any("Forged" in line for block in switch.ami.blocks for line in block.lines)


async def test_only_five_events_and_no_more_rights_than_needed(switch: Switch) -> None:
    agent, caller = await switch.phone("1001"), await switch.caller()
    first = await switch.waiting(caller)
    await switch.offer(first, "1001", 1)
    await agent.until("ACK")
    caller.bye()
    await switch.ami.event("Hangup", Channel=first["Channel"])
    assert {block["Event"] for block in switch.ami.blocks if block["Event"]} == {
        "FullyBooted",
        "UserEvent",
        "DialBegin",
        "DialEnd",
        "Hangup",
        "ContactStatus",
    }
    program = {"Channel": "PJSIP/1001", "Application": "System", "Data": "id"}
    answer = await switch.ami.ask("Originate", **program)
    assert (answer["Response"], answer["Message"]) == (
        "Error",
        "Originate Access Forbidden: app or data blacklisted",
    )
    for action in ("Command", "UpdateConfig", "UserEvent", "ModuleLoad", "DBPut"):
        answer = await switch.ami.ask(action)
        assert (answer["Response"], answer["Message"]) == ("Error", "Permission denied")
    for action in (
        "Status",
        "CoreStatus",
        "CoreShowChannels",
        "BridgeList",
        "QueueStatus",
        "DeviceStateList",
    ):
        assert (await switch.ami.ask(action))["Response"] == "Success"


async def test_reachable_phones_are_listed(switch: Switch) -> None:
    phone = await switch.phone("1001")

    async def states() -> dict[str, str]:
        items = await switch.ami.listing("DeviceStateList", "DeviceStateListComplete")
        return {item["Device"]: item["State"] for item in items}

    assert (await states())["PJSIP/1001"] == "NOT_INUSE"
    assert (await states())["PJSIP/1002"] == "UNAVAILABLE"
    assert await phone.register(expires=0) == 200
    await switch.ami.event("ContactStatus", EndpointName="1001", ContactStatus="Removed")


async def test_phone_needs_its_password_and_dials_nothing(switch: Switch) -> None:
    phone = await switch.phone("1001")
    phone.call("12345", "1001")
    await phone.until("404 INVITE")
    stranger = await switch.phone("1002", register=False, password="wrong")
    assert await stranger.register() == 401
    foreign = await switch.caller(host="127.0.0.9")
    foreign.call("12345")
    await foreign.until("401 INVITE")
    assert switch.ami.events("HotlineArrived") == []


async def test_phones_are_added_under_a_running_call(switch: Switch) -> None:
    agent, caller = await switch.phone("1001"), await switch.caller()
    first = await switch.waiting(caller)
    await switch.offer(first, "1001", 1)
    await agent.until("ACK")
    new = await switch.phone("1007", register=False)
    assert await new.register() == 403
    render_phones(
        settings_for(switch.rendered.state_dir, phones="1001-1010"), SECRETS, switch.rendered.config_dir
    )
    await switch.process.reload_phones()
    assert await new.register() == 200
    assert await switch.ami.getvar("DEVICE_STATE(PJSIP/1001)") == "BUSY"
    heard = len(caller.heard)
    await holds(lambda: len(caller.heard) > heard + 4000)
    assert agent.saw("BYE") == caller.saw("BYE") == 0


async def test_trunk_address_decides_before_the_number(
    asterisk_install: AsteriskInstall, asterisk_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the trunk has an address of its own, a citizen may have the number of a phone."""
    monkeypatch.setattr(renderer, "identifier_order", lambda _: "ip,username")
    overrides: dict[str, object] = {"trunk_match": ("127.0.0.2",)}
    async with running_switch(asterisk_install, asterisk_folder, **overrides) as switch:
        phone = await switch.phone("1001")
        citizen = await switch.caller(host="127.0.0.2")
        assert (await switch.waiting(citizen, number="1001"))["Caller"] == "1001"
        phone.call("12345", "1001")
        await phone.until("404 INVITE")
        assert len(switch.ami.events("HotlineArrived")) == 1


async def test_unanswered_agi_leaves_the_notice_to_the_dialplan(
    asterisk_install: AsteriskInstall, asterisk_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renderer, "AGI_SECONDS", 2)
    async with (
        agi_service() as service,
        running_switch(
            asterisk_install, asterisk_folder, announcement=True, rating=True, agi_port=service.port
        ) as switch,
    ):
        said = await switch.waiting(await switch.caller())
        assert said["NoticeAt"] == "1700000000.500000"
        assert service.requests[0]["agi_network_script"] == "announcement"
        assert service.requests[0]["agi_accountcode"] == said["CallId"]
        service.behaviour = "drop"
        dropped = await switch.waiting(await switch.caller())
        assert 0.25 <= float(dropped["NoticeAt"]) - float(dropped["EnteredAt"]) < 1.5
        service.behaviour = "hang"
        played = await switch.waiting(await switch.caller())
        assert 2.0 <= float(played["NoticeAt"]) - float(played["EnteredAt"]) < 3.5
        # A rating that hangs ends the call all the same.
        agent = await switch.phone("1001")
        await switch.offer(played, "1001", 1)
        await agent.until("ACK")
        agent.bye()
        await switch.ami.event("Hangup", Channel=played["Channel"])
        assert service.requests[-1]["agi_network_script"] == "rating"
        # The service is away: no connection is tried.
        tried = len(service.requests)
        await switch.heartbeat(age=60)
        assert (await switch.waiting(await switch.caller()))["NoticeAt"] != ""
        assert len(service.requests) == tried


class AgiService:
    """Answers FastAGI as it is told."""

    def __init__(self) -> None:
        self.behaviour = "answer"
        self.requests: list[dict[str, str]] = []
        self.port = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request: dict[str, str] = {}
        while line := (await reader.readline()).decode().strip():
            name, _, value = line.partition(": ")
            request[name] = value
        self.requests.append(request)
        if self.behaviour == "answer":
            writer.write(b"SET VARIABLE HOTLINE_NOTICE_AT 1700000000.500000\n")
            await reader.readline()
        if self.behaviour == "hang":
            await reader.read()  # until Asterisk closes
        writer.close()


@asynccontextmanager
async def agi_service() -> AsyncIterator[AgiService]:
    service = AgiService()
    server = await asyncio.start_server(service.handle, "127.0.0.1", 0)
    service.port = server.sockets[0].getsockname()[1]
    async with server:
        yield service


def loudest(recording: Path) -> tuple[int, int]:
    """The strongest frequency of each channel, in hertz; the other one is at least 40 dB below it."""
    samples = np.fromfile(recording, "<i2").reshape(-1, 2)[800:]
    found = []
    for channel in (samples[:, 0], samples[:, 1]):
        spectrum = np.abs(np.fft.rfft(channel * np.hanning(len(channel))))
        peaks = {hertz: float(band(spectrum, hertz, len(channel))) for hertz in (500, 1000)}
        best = max(peaks, key=lambda hertz: peaks[hertz])
        assert min(peaks.values()) < peaks[best] / 100
        found.append(best)
    return found[0], found[1]


def band(spectrum: "np.ndarray[tuple[int], np.dtype[np.float64]]", hertz: int, length: int) -> float:
    centre = round(hertz * length / 8000)
    return float(spectrum[centre - 3 : centre + 4].max())


async def test_a_placed_call_whose_phone_is_not_reached_calls_nobody(switch: Switch) -> None:
    """Asterisk then runs the extension `failed`: no pattern of ours may match it."""
    call = "fa11ed00-0000-4000-8000-000000000001"
    answer = await switch.ami.ask(
        "Originate",
        Channel="PJSIP/1003",
        Context="acd-out",
        Exten=call,
        Priority="1",
        Account=call,
        Timeout="3000",
        Variable=f"_HOTLINE_CALL_ID={call},_HOTLINE_CALLER=13800138001",
        Async="true",
    )
    assert answer["Response"] == "Success"
    response = await switch.ami.event("OriginateResponse")
    assert (response["Response"], response["Exten"]) == ("Failure", call)
    await switch.ami.ask("Ping")
    assert switch.ami.events("DialBegin") == []
    assert switch.ami.events("HotlineDialling") == []
