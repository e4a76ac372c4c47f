"""The conversations over a real FastAGI connection; Asterisk's side is played from a script."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from core.vocabulary import CallId, Language
from ivr.prompts import Prompts
from ivr.session import IvrSessions
from telephony.agi import AgiServer

CALL_ID = "0b0f5a7e-3a2b-4c1d-9e8f-001122334455"
PLAYED = "200 result=0 endpos=8000"
KEY_2 = "200 result=50 endpos=4000"
SILENCE = "200 result=0"
SET = "200 result=1"
UP = "200 result=6"


class Ratings:
    def __init__(self) -> None:
        self.given: list[tuple[CallId, int, float]] = []

    def __call__(self, call_id: CallId, digit: int, at: float) -> None:
        self.given.append((call_id, digit, at))


@asynccontextmanager
async def _server(ratings: Ratings) -> AsyncIterator[AgiServer]:
    sessions = IvrSessions(Prompts(Path("/p")), Language.ENGLISH, lambda: 1_700_000_000.5, ratings)
    server = AgiServer("127.0.0.1", 0, sessions.handlers())
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def _play_asterisk(server: AgiServer, script: str, replies: list[str]) -> list[str]:
    """The commands that came, each answered with the next reply, until the server is done."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(f"agi_network: yes\nagi_network_script: {script}\nagi_accountcode: {CALL_ID}\n\n".encode())
    commands = []
    try:
        while line := (await reader.readline()).decode().rstrip("\n"):
            commands.append(line)
            writer.write(f"{replies[len(commands) - 1]}\n".encode())
    finally:
        writer.close()
        await writer.wait_closed()
    return commands


async def test_the_announcement_in_the_words_of_agi() -> None:
    async with _server(Ratings()) as server:
        commands = await _play_asterisk(server, "announcement", [PLAYED, SET])
    assert commands == [
        'STREAM FILE "/p/en/recording_notice" ""',
        'SET VARIABLE HOTLINE_NOTICE_AT "1700000000.500000"',
    ]


async def test_a_notice_that_could_not_be_played_is_not_noted() -> None:
    async with _server(Ratings()) as server:
        commands = await _play_asterisk(server, "announcement", ["200 result=-1 endpos=0", UP])
        assert server.stats.failures == 1
    # Asterisk says the same for a sound that is missing and for a caller who has gone: it is asked which.
    assert commands == ['STREAM FILE "/p/en/recording_notice" ""', "CHANNEL STATUS"]


async def test_a_rating_in_the_words_of_agi() -> None:
    ratings = Ratings()
    async with _server(ratings) as server:
        commands = await _play_asterisk(server, "rating", [PLAYED, SILENCE, PLAYED, KEY_2, PLAYED])
    assert commands == [
        'STREAM FILE "/p/en/please_rate" "0123456789*#"',
        "WAIT FOR DIGIT 5000",
        'STREAM FILE "/p/en/no_key" "123"',
        'STREAM FILE "/p/en/please_rate" "0123456789*#"',
        'STREAM FILE "/p/en/thank_you" ""',
    ]
    assert ratings.given == [(CALL_ID, 2, 1_700_000_000.5)]


async def test_a_caller_who_hangs_up_is_counted_as_gone() -> None:
    ratings = Ratings()
    async with _server(ratings) as server:
        commands = await _play_asterisk(server, "rating", [PLAYED, "HANGUP"])
        assert server.stats.callers_gone == 1
    assert len(commands) == 2
    assert ratings.given == []
