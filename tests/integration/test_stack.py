"""The whole hotline as one object: real PostgreSQL, real Asterisk, the service; up, killed, down."""

import asyncio
import json
import os
import shutil
import signal
import socket
import stat
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import aiohttp
import asyncpg
import pytest

from core.clock import monotonic
from core.errors import ConfigurationError
from hotline import parts, tryout
from hotline.environment import to_environment
from hotline.folders import AlreadyRunning
from hotline.leftovers import identify
from hotline.runtime import load, path_of
from hotline.settings import Settings
from hotline.stack import Stack, scratch_folder, scratch_settings
from hotline.status import Figures, Today, read_figures, read_today
from hotline.supervisor import PartFailed, PartState

pytestmark = pytest.mark.integration

NAMES = ["postgresql", "asterisk", "service"]


@pytest.fixture
def folder() -> Iterator[Path]:
    made = scratch_folder("hotline-stack-")
    yield made
    shutil.rmtree(made)


@pytest.fixture
def settings(folder: Path) -> Settings:
    return scratch_settings(folder)


@pytest.fixture
async def stack(settings: Settings) -> AsyncIterator[Stack]:
    async with Stack(settings) as running:
        yield running


async def until(met: Callable[[], bool], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not met():  # noqa: ASYNC110 - other processes set no event of ours
            await asyncio.sleep(0.02)


def running_pids(stack: Stack) -> list[int]:
    return [pid for pid in stack.processes.values() if pid is not None]


def gone(pids: list[int]) -> bool:
    return all(identify(pid) is None for pid in pids)


def back(stack: Stack, name: str) -> Callable[[], bool]:
    return lambda: stack.processes[name] is not None and stack.states[name] is PartState.RUNNING


async def fetchval(dsn: str, query: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_everything_comes_up_and_nothing_is_left_over(settings: Settings) -> None:
    stack = Stack(settings)
    async with stack:
        pids = running_pids(stack)
        assert list(stack.processes) == NAMES
        assert len(pids) == 3
        assert [os.getsid(pid) for pid in pids] == pids
        assert set(stack.states.values()) == {PartState.RUNNING}
        assert await fetchval(stack.dsn, "SELECT count(*) FROM calls") == 0
        for port in (stack.settings.ami_port, stack.settings.http_port):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            await writer.wait_closed()
    assert gone(pids)
    assert list(stack.folders.run.glob("*.pid")) == []
    assert (stack.folders.log / "service.log").exists()
    assert (stack.folders.log / "postgresql.log").exists()


async def test_secrets_are_on_no_command_line_and_in_no_open_file(stack: Stack) -> None:
    secrets = [path.read_text(encoding="ascii").strip() for path in stack.folders.secrets.iterdir()]
    assert len(secrets) >= 4
    lines = [Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8") for pid in running_pids(stack)]
    assert not [line for line in lines for secret in secrets if secret in line]
    for path in (*stack.folders.secrets.iterdir(), stack.folders.run / "asterisk.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(stack.folders.run.stat().st_mode) == 0o700


async def test_try_out_accounts_can_log_in(stack: Stack) -> None:
    accounts, _ = await tryout.prepare(stack)
    assert accounts is not None
    url = f"{accounts.api}/api/v1/sessions"
    async with aiohttp.ClientSession() as session:
        people = [(seat.login, seat.password) for seat in accounts.agents]
        for login, password in (*people, (accounts.administrator.login, accounts.administrator.password)):
            async with session.post(url, json={"login": login, "password": password}) as answer:
                assert answer.status == 201
        async with session.get(accounts.metrics) as answer:
            assert read_figures(await answer.text()) == Figures()
    assert await read_today(stack.dsn) == Today()


async def test_the_second_start_is_quick_and_finds_its_data(settings: Settings) -> None:
    async with Stack(settings) as first:
        accounts, fresh = await tryout.prepare(first)
        assert fresh
    began = monotonic()
    async with Stack(settings) as second:
        assert monotonic() - began < 10
        assert await tryout.prepare(second) == (
            tryout.load(tryout.file_of(second)),
            False,
        )
        assert accounts is not None
        assert await fetchval(second.dsn, "SELECT count(*) FROM accounts") == 1 + len(accounts.agents)
        assert second.leftovers == []


async def test_a_killed_part_comes_back_and_the_others_stay(stack: Stack) -> None:
    await fetchval(stack.owner_dsn, "CREATE TABLE kept AS SELECT 7 AS seven")
    for name in NAMES:
        before, tag = stack.processes, load(stack.settings).systemname
        await stack.kill(name)
        assert stack.processes[name] is None
        await until(back(stack, name))
        await stack.wait_ready()
        after = stack.processes
        assert [part for part in NAMES if after[part] != before[part]] == [name]
        assert (load(stack.settings).systemname != tag) is (name == "asterisk")
    assert await fetchval(stack.owner_dsn, "SELECT seven FROM kept") == 7


async def test_without_supervision_the_dead_stay_dead_until_they_are_started(settings: Settings) -> None:
    async with Stack(settings, supervise=False) as stack:
        for name in NAMES:
            await stack.kill(name)
        assert stack.processes == dict.fromkeys(NAMES)
        await stack.start_postgres()
        await stack.start_asterisk()
        await stack.start_service()
        assert None not in stack.processes.values()
        await stack.stop_service()
        assert stack.processes["service"] is None
        assert stack.states["service"] is PartState.STOPPED


async def test_database_and_asterisk_may_be_somebody_elses(settings: Settings, folder: Path) -> None:
    async with Stack(settings, supervise=False) as owner:
        await owner.stop_service()
        external = scratch_settings(
            folder,
            data_dir=folder / "other",
            database_url=owner.owner_dsn,
            asterisk_external=True,
            asterisk_runtime=path_of(owner.settings),
            agi_port=owner.settings.agi_port,
        )
        theirs = {name: owner.processes[name] for name in ("postgresql", "asterisk")}
        async with Stack(external) as stack:
            assert list(stack.processes) == ["service"]
            accounts, fresh = await tryout.prepare(stack)
            assert fresh
            assert accounts is not None
        assert {name: owner.processes[name] for name in theirs} == theirs
        assert await fetchval(owner.dsn, "SELECT count(*) FROM accounts") == 5


async def test_one_hotline_a_folder(stack: Stack, settings: Settings) -> None:
    with pytest.raises(
        AlreadyRunning, match=rf"another hotline runs in {stack.folders.data} \(pid {os.getpid()}\)"
    ):
        await Stack(settings).start()
    assert len(running_pids(stack)) == 3


async def test_a_port_that_is_taken_is_named_and_nothing_is_started(folder: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        stack = Stack(scratch_settings(folder, sip_port=port))
        with pytest.raises(ConfigurationError, match=rf"UDP port {port} at 127.0.0.1 .*\(HOTLINE_SIP_PORT\)"):
            await stack.start()
    assert running_pids(stack) == []


async def test_a_service_that_does_not_come_up_takes_the_others_down_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        parts, "SERVICE_COMMAND", (sys.executable, "-c", "print('no licence'); raise SystemExit(4)")
    )
    seen: list[int] = []
    broken = Stack(settings, on_change=lambda _name, _state: seen.extend(running_pids(broken)))
    with pytest.raises(PartFailed, match=r"exit code 4\): no licence; see .*/log/service.log"):
        await broken.start()
    assert len(set(seen)) == 2
    assert gone(seen)


class Run:
    """``hotline run`` as a process of its own."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.output = ""
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "hotline",
            "run",
            env=to_environment(self.settings),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    @property
    def process(self) -> asyncio.subprocess.Process:
        assert self._process is not None
        return self._process

    async def until_says(self, text: str, seconds: float = 60.0) -> None:
        assert self.process.stdout is not None
        async with asyncio.timeout(seconds):
            while text not in self.output:
                line = await self.process.stdout.readline()
                assert line, self.output
                self.output += line.decode()

    async def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        assert self.process.stdout is not None
        self.output += (await self.process.stdout.read()).decode()
        return await self.process.wait()

    def pids(self) -> list[int]:
        notes = (self.settings.data_dir / "run").glob("*.pid")
        return [json.loads(note.read_text(encoding="utf-8"))["pid"] for note in notes]


@pytest.fixture
async def run(settings: Settings) -> AsyncIterator[Run]:
    started = Run(settings)
    yield started
    if started.process.returncode is None:
        started.process.send_signal(signal.SIGTERM)
        await started.process.communicate()


UP = "all parts running"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_run_says_how_to_use_it_and_ends_in_order(run: Run, number: signal.Signals) -> None:
    await run.start()
    await run.until_says(UP)
    pids = run.pids()
    assert len(pids) == 3
    assert await run.end(number) == 0
    assert gone(pids)
    kept = json.loads((run.settings.data_dir / "secrets" / "tryout.json").read_text(encoding="utf-8"))
    for person in (kept["administrator"], *kept["agents"]):
        assert run.output.count(person["password"]) == 1
    assert f"sip:12345@127.0.0.1:{kept['sip']['port']}" in run.output
    stopped = [line.split("  ", 1)[1] for line in run.output.splitlines() if line.endswith("stopped")]
    assert stopped == ["service: stopped", "asterisk: stopped", "postgresql: stopped"]

    run.output = ""
    await run.start()
    await run.until_says(UP)
    assert kept["administrator"]["password"] not in run.output
    assert "How to place a call" in run.output


async def test_a_killed_supervisor_leaves_parts_that_the_next_start_ends_cleanly(run: Run) -> None:
    await run.start()
    await run.until_says(UP)
    pids = run.pids()
    assert await run.end(signal.SIGKILL) == -signal.SIGKILL
    assert not any(gone([pid]) for pid in pids)

    said: list[str] = []
    async with Stack(run.settings, progress=said.append) as stack:
        assert sorted(stack.leftovers) == sorted(NAMES)
        assert gone(pids)
        told = [line.split()[4] for line in said if line.startswith("An earlier run left")]
        assert told == ["service", "asterisk", "postgresql"]
        assert len(running_pids(stack)) == 3


async def test_a_second_interrupt_ends_everything_at_once(settings: Settings) -> None:
    deaf = Run(settings)
    await deaf.start()
    await deaf.until_says(UP)
    pids = deaf.pids()
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    deaf.process.send_signal(signal.SIGINT)
    await deaf.until_says("Stopping")
    assert await deaf.end(signal.SIGINT) == 130
    await until(lambda: gone(pids))
    async with Stack(settings) as stack:
        assert await fetchval(stack.dsn, "SELECT count(*) FROM accounts") == 5
