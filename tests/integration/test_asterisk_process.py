"""Starting, stopping and losing a real Asterisk."""

import asyncio
import os
import signal
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from hotline.asterisk.install import AsteriskInstall
from hotline.asterisk.process import AsteriskDown, AsteriskProcess
from tests.fixtures_asterisk import (
    Switch,
    asterisk_folder,
    asterisk_install,
    holds,
    running_switch,
    switch,
)

__all__ = ["asterisk_folder", "asterisk_install", "switch"]

pytestmark = pytest.mark.integration


async def test_runs_in_a_session_of_its_own_and_stops_when_asked(switch: Switch) -> None:
    process = switch.process
    assert os.getsid(process.pid) == process.pid
    assert await process.stop(30) == 0
    assert await process.stop() == 0
    with pytest.raises(AsteriskDown):
        await process.console("core show version")


async def test_stops_with_calls_on_it(switch: Switch) -> None:
    caller = await switch.caller()
    await switch.waiting(caller)
    assert await switch.process.stop(30) == 0
    await caller.until("BYE")


async def test_a_crash_is_seen(switch: Switch) -> None:
    waiting = asyncio.create_task(switch.process.wait())
    os.kill(switch.process.pid, signal.SIGKILL)
    async with asyncio.timeout(5):
        assert await waiting == -signal.SIGKILL
    assert not switch.process.running


async def test_starts_again_over_what_a_crash_left(switch: Switch) -> None:
    phone = await switch.phone("1001")
    # Asterisk writes its database once a second.
    await holds(lambda: b"sip:1001@" in (switch.rendered.state_dir / "lib" / "astdb.sqlite3").read_bytes())
    os.kill(switch.process.pid, signal.SIGKILL)
    await switch.process.wait()
    again = AsteriskProcess(switch.process.install, switch.rendered)
    await again.start()
    try:
        # Registrations are kept; the phone need not do anything.
        assert f"1001/sip:1001@127.0.0.1:{phone.port}" in await again.console("pjsip show contacts")
    finally:
        await again.stop(0)


async def test_a_frozen_one_is_killed_after_the_deadline(switch: Switch) -> None:
    os.kill(switch.process.pid, signal.SIGSTOP)
    with pytest.raises(AsteriskDown, match="did not answer"):
        await switch.process.console("core show version", timeout=0.3)
    assert await switch.process.stop(0.3) == -signal.SIGKILL


async def test_a_second_one_in_the_same_folders_is_refused(switch: Switch) -> None:
    second = AsteriskProcess(switch.process.install, switch.rendered)
    with pytest.raises(ConfigurationError, match="Asterisk did not start: it ended with status 1"):
        await second.start()
    assert not second.running
    assert switch.process.running


@pytest.mark.parametrize(
    ("port", "kind"), [("ami_port", socket.SOCK_STREAM), ("sip_port", socket.SOCK_DGRAM)]
)
async def test_a_taken_port_is_named(
    asterisk_install: AsteriskInstall, asterisk_folder: Path, port: str, kind: socket.SocketKind
) -> None:
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", 0))
        overrides: dict[str, object] = {port: other.getsockname()[1]}
        with pytest.raises(ConfigurationError, match=r"did not start: .*Address already in use"):
            async with running_switch(asterisk_install, asterisk_folder, **overrides):
                raise AssertionError("it started")


async def test_what_asterisk_says_when_it_cannot_start_is_shown(switch: Switch) -> None:
    broken = replace(switch.process.install, command=("/bin/sh", "-c", "echo cannot possibly work; exit 3"))
    process = AsteriskProcess(broken, switch.rendered)
    with pytest.raises(ConfigurationError, match=r"(?s)ended with status 3.*cannot possibly work"):
        await process.start()
    with pytest.raises(AsteriskDown):
        AsteriskProcess(broken, switch.rendered).pid  # noqa: B018 - the property raises
