import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from core.ports import CallerGone, TelephonyError, VoiceChannel
from telephony import agi
from telephony.agi import AgiServer
from tests.fakes.agi import CALL_ID, FakeAgiClient, request


class Script:
    """A handler that does what a test says and keeps how it ended."""

    def __init__(self) -> None:
        self.act: Callable[[VoiceChannel], Awaitable[object]] | None = None
        self.result: object = None
        self.error: BaseException | None = None
        self.done = asyncio.Event()

    async def __call__(self, channel: VoiceChannel) -> None:
        assert self.act is not None
        try:
            self.result = await self.act(channel)
        except BaseException as error:
            self.error = error
            raise
        finally:
            self.done.set()


@pytest.fixture
async def script() -> Script:
    return Script()


@pytest.fixture
async def server(script: Script) -> AsyncIterator[AgiServer]:
    started = AgiServer("127.0.0.1", 0, {"rating": script}, limit=3)
    await started.start()
    yield started
    await started.stop()


async def session(
    server: AgiServer,
    script: Script,
    act: Callable[[VoiceChannel], Awaitable[object]],
    *dialogue: tuple[str, str],
) -> Script:
    """One whole session: what the handler does, and Asterisk's answers to the commands it must send."""
    script.act = act
    async with FakeAgiClient(server.port) as client:
        client.send(request("rating", arg_1="x"))
        for command, reply in dialogue:
            await client.expect(command, reply)
        await asyncio.wait_for(script.done.wait(), 5)
        assert await client.closed()
    return script


async def test_variables_of_the_request(server: AgiServer, script: Script) -> None:
    async def act(channel: VoiceChannel) -> dict[str, str]:
        return channel.variables

    variables = (await session(server, script, act)).result
    assert isinstance(variables, dict)
    assert (variables["accountcode"], variables["arg_1"], variables["network_script"]) == (
        CALL_ID,
        "x",
        "rating",
    )
    assert server.stats.sessions == 1


PLAYED = 'STREAM FILE "/prompts/zh/rate" "123"'


@pytest.mark.parametrize(
    ("reply", "pressed"),
    [("200 result=50 endpos=800", "2"), ("200 result=0 endpos=16000", ""), ("200 result=49 endpos=0", "1")],
)
async def test_playing_a_sound(server: AgiServer, script: Script, reply: str, pressed: str) -> None:
    done = await session(
        server, script, lambda channel: channel.play("/prompts/zh/rate", "123"), (PLAYED, reply)
    )
    assert done.result == pressed


async def test_a_sound_that_is_missing_is_not_taken_for_heard(server: AgiServer, script: Script) -> None:
    done = await session(
        server,
        script,
        lambda channel: channel.play("/prompts/zh/rate", "123"),
        (PLAYED, "200 result=-1 endpos=0"),
        ("CHANNEL STATUS", "200 result=6"),
    )
    assert isinstance(done.error, TelephonyError)
    assert server.stats.failures == 1


@pytest.mark.parametrize("status", ["200 result=-1", "511 Command Not Permitted on a dead channel", "HANGUP"])
async def test_a_caller_who_hangs_up_during_a_sound(server: AgiServer, script: Script, status: str) -> None:
    done = await session(
        server,
        script,
        lambda channel: channel.play("/prompts/zh/rate", "123"),
        (PLAYED, "200 result=-1 endpos=400"),
        ("CHANNEL STATUS", status),
    )
    assert isinstance(done.error, CallerGone)


@pytest.mark.parametrize(
    ("reply", "pressed"),
    [
        ("200 result=51", "3"),
        ("200 result=0", ""),
        ("200 result= (timeout)", ""),
        ("100 Trying\n200 result=49", "1"),
    ],
)
async def test_waiting_for_a_key(server: AgiServer, script: Script, reply: str, pressed: str) -> None:
    done = await session(
        server, script, lambda channel: channel.wait_digit(2.5), ("WAIT FOR DIGIT 2500", reply)
    )
    assert done.result == pressed


async def test_variables_are_set_and_read(server: AgiServer, script: Script) -> None:
    async def act(channel: VoiceChannel) -> tuple[str, str]:
        await channel.set_variable("HOTLINE_NOTICE_AT", "满意 1")
        return await channel.get_variable("A"), await channel.get_variable("B")

    done = await session(
        server,
        script,
        act,
        ('SET VARIABLE HOTLINE_NOTICE_AT "满意 1"', "200 result=1"),
        ("GET VARIABLE A", "200 result=1 (a (b))"),
        ("GET VARIABLE B", "200 result=0"),
    )
    assert done.result == ("a (b)", "")


@pytest.mark.parametrize(
    "act",
    [
        lambda channel: channel.set_variable("X", 'a"b'),
        lambda channel: channel.set_variable("X Y", "a"),
        lambda channel: channel.set_variable("X", "a\nHANGUP"),
        lambda channel: channel.get_variable("X\nHANGUP"),
        lambda channel: channel.play('/a"b'),
        lambda channel: channel.play("/a", "x"),
    ],
)
async def test_what_cannot_be_sent_is_refused_and_nothing_is_sent(
    server: AgiServer, script: Script, act: Callable[[VoiceChannel], Awaitable[object]]
) -> None:
    done = await session(server, script, act)
    assert isinstance(done.error, ValueError)


@pytest.mark.parametrize("reply", ["HANGUP", "200 result=-1", "511 Command Not Permitted on a dead channel"])
async def test_the_caller_hangs_up(server: AgiServer, script: Script, reply: str) -> None:
    done = await session(
        server, script, lambda channel: channel.wait_digit(1), ("WAIT FOR DIGIT 1000", reply)
    )
    assert isinstance(done.error, CallerGone)
    assert (server.stats.callers_gone, server.stats.failures) == (1, 0)


@pytest.mark.parametrize("how", ["end", "reset"])
async def test_the_connection_goes(server: AgiServer, script: Script, how: str) -> None:
    script.act = lambda channel: channel.wait_digit(5)
    async with FakeAgiClient(server.port) as client:
        client.send(request("rating"))
        await client.command()
        if how == "reset":
            client.reset()
    await asyncio.wait_for(script.done.wait(), 5)
    assert isinstance(script.error, CallerGone)


async def test_a_command_that_asterisk_does_not_know(server: AgiServer, script: Script) -> None:
    done = await session(
        server,
        script,
        lambda channel: channel.get_variable("A"),
        ("GET VARIABLE A", "510 Invalid or unknown command"),
    )
    assert isinstance(done.error, TelephonyError)
    assert "AGIInvalidCommand" in str(done.error)


async def test_usage_text_is_read_to_its_end(server: AgiServer, script: Script) -> None:
    async def act(channel: VoiceChannel) -> str:
        with pytest.raises(TelephonyError, match="AGIUsageError"):
            await channel.get_variable("A")
        return await channel.get_variable("B")

    usage = (
        "520-Invalid command syntax.  Proper usage follows:\nUsage: GET VARIABLE\n200 result=1 (no)\n520 End."
    )
    done = await session(
        server, script, act, ("GET VARIABLE A", usage), ("GET VARIABLE B", "200 result=1 (yes)")
    )
    assert done.result == "yes"


async def test_no_answer_in_time(server: AgiServer, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agi, "REPLY_TIMEOUT", 0.02)
    script.act = lambda channel: channel.get_variable("A")
    async with FakeAgiClient(server.port) as client:
        client.send(request("rating"))
        await asyncio.wait_for(script.done.wait(), 5)
    assert isinstance(script.error, TelephonyError)


async def test_an_endless_reply(server: AgiServer, script: Script) -> None:
    script.act = lambda channel: channel.get_variable("A")
    async with FakeAgiClient(server.port) as client:
        client.send(request("rating"))
        await client.command()
        client.send("x" * 200_000)
        await asyncio.wait_for(script.done.wait(), 5)
    assert isinstance(script.error, TelephonyError)


async def test_an_unknown_script_is_closed(server: AgiServer) -> None:
    async with FakeAgiClient(server.port) as client:
        client.send(request("other"))
        assert await client.closed()
    assert server.stats.unknown_script == 1


@pytest.mark.parametrize("sent", [b"", b"agi_network: yes\n", b"x" * 200_000, b"GET / HTTP/1.1\r\n\r\n"])
async def test_a_request_that_is_none(
    server: AgiServer, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(agi, "REQUEST_TIMEOUT", 0.05)
    async with FakeAgiClient(server.port) as client:
        client.send(sent)
        assert await client.closed()
    assert (server.stats.bad_requests, server.stats.sessions) == (1, 0)


async def test_a_request_in_pieces(server: AgiServer, script: Script) -> None:
    script.act = lambda channel: asyncio.sleep(0, channel.variables["accountcode"])
    async with FakeAgiClient(server.port) as client:
        for byte in request("rating"):
            client.send(bytes([byte]))
            await asyncio.sleep(0)
        assert await client.closed()
    assert script.result == CALL_ID


async def test_a_handler_that_fails_ends_only_its_session(server: AgiServer, script: Script) -> None:
    async def act(_: VoiceChannel) -> None:
        raise ZeroDivisionError

    await session(server, script, act)
    assert server.stats.failures == 1
    script.done.clear()
    await session(server, script, lambda channel: asyncio.sleep(0, channel))
    assert server.stats.sessions == 2


async def test_too_many_sessions_are_refused(server: AgiServer, script: Script) -> None:
    script.act = lambda channel: channel.wait_digit(5)
    clients = [FakeAgiClient(server.port) for _ in range(4)]
    for client in clients[:3]:
        await client.__aenter__()
        client.send(request("rating"))
        await client.command()
    assert server.stats.running == 3
    async with clients[3] as client:
        assert await client.closed()
    assert server.stats.refused_busy == 1
    for client in clients[:3]:
        await client.__aexit__()


async def test_stopping_ends_sessions_at_once_and_frees_the_port(server: AgiServer, script: Script) -> None:
    script.act = lambda channel: channel.wait_digit(3600)
    async with FakeAgiClient(server.port) as client:
        client.send(request("rating"))
        await client.command()
        await asyncio.wait_for(server.stop(), 1)
        assert await client.closed()
        assert isinstance(script.error, asyncio.CancelledError)
        assert server.stats.running == 0
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", server.port)
    await server.stop()
