"""The client in the documentation works as it stands there."""

import asyncio
import sys
from pathlib import Path

from hotline.demo.callers import Caller
from hotline.demo.phones import Answers
from tests.acceptance.centre import PASSWORD, Centre

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "agent_client.py"
LONGEST = 30
"""Lines of code, empty ones left out."""


async def test_the_example_takes_a_call(centre: Centre) -> None:
    await centre.phones("1001", behaviour=Answers(talk_seconds=(1.5, 2.0)))
    client = await centre.seat("1001", ready=False)  # waits until the phone is registered
    await client.leave_seat()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(EXAMPLE),
        centre.stack.api_url,
        "agent1001",
        "1001",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    callers = await centre.callers(Caller("13800000001"))
    said, _ = await process.communicate(PASSWORD.encode() + b"\n")
    assert process.returncode == 0
    ticket = await centre.value("SELECT id FROM tickets")
    assert said.decode().strip() == f"talking with 13800000001, ticket {ticket}"
    assert await callers.wait(10) == 0
    await centre.settled(1)


def test_it_is_short() -> None:
    lines = [line for line in EXAMPLE.read_text(encoding="utf-8").splitlines() if line.strip()]
    assert len(lines) <= LONGEST
