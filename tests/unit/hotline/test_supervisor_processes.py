"""Tiny real children: how they are started, restarted and ended, and that nothing is left over."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import pytest

from hotline.child import ChildProcess, ChildSpec, last_line
from hotline.leftovers import PidFile, ProcessIdentity, end_process, identify, stop_leftovers
from hotline.supervisor import Backoff, PartFailed, PartState, Supervisor

SLEEPER = "import time; time.sleep(600)"
DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(600)
"""
POLITE = """
import signal, sys, time
def leave(*_):
    print("bye", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
print("here", flush=True)
time.sleep(600)
"""


async def until(met: Callable[[], bool], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not met():  # noqa: ASYNC110 - other processes set no event of ours
            await asyncio.sleep(0.01)


@pytest.fixture
def child(tmp_path: Path) -> Callable[..., ChildProcess]:
    def make(
        code: str,
        name: str = "service",
        *,
        says: str | None = None,
        environment: Mapping[str, str] | None = None,
        ready: Callable[[], Awaitable[None]] | None = None,
        **options: float,
    ) -> ChildProcess:
        log = tmp_path / f"{name}.log"

        async def said() -> None:
            await until(lambda: log.exists() and says is not None and says in log.read_text(encoding="utf-8"))

        spec = ChildSpec(
            name,
            [sys.executable, "-c", code],
            log,
            tmp_path,
            environment=lambda: {**os.environ, **(environment or {})},
            ready=said if says else ready,
            **options,
        )
        return ChildProcess(spec)

    return make


async def test_a_child_runs_in_a_session_of_its_own_with_its_log_and_pid_file(
    child: Callable[..., ChildProcess], tmp_path: Path
) -> None:
    part = child(POLITE, says="here")
    await part.start()
    pid = part.pid
    assert pid is not None
    assert os.getsid(pid) == pid
    noted = PidFile(tmp_path, "service").running()
    assert noted is not None
    assert noted.pid == pid
    await part.stop()
    assert part.pid is None
    assert identify(pid) is None
    assert not (tmp_path / "service.pid").exists()
    assert (tmp_path / "service.log").read_text(encoding="utf-8") == "here\nbye\n"


async def test_its_environment_is_asked_for_at_each_start(
    child: Callable[..., ChildProcess], tmp_path: Path
) -> None:
    values = {"WORD": "one"}
    spec_code = "import os, time; print(os.environ['WORD'], flush=True); time.sleep(600)"
    part = child(spec_code, says="one", environment=values)
    await part.start()
    await part.stop()
    assert (tmp_path / "service.log").read_text(encoding="utf-8") == "one\n"


async def test_sigterm_ignored_means_sigkill_after_the_deadline(child: Callable[..., ChildProcess]) -> None:
    part = child(DEAF, says="deaf", stop_seconds=0.2)
    await part.start()
    pid = part.pid
    assert pid is not None
    waiting = asyncio.create_task(part.wait())
    await part.stop()
    assert await waiting == -signal.SIGKILL
    assert identify(pid) is None


async def test_a_child_that_ends_at_its_start_is_reported_with_its_exit_code(
    child: Callable[..., ChildProcess], tmp_path: Path
) -> None:
    part = child("print('the disk is full'); raise SystemExit(3)", says="never")
    said = r"service ended at its start \(exit code 3\): the disk is full; see .*service.log"
    with pytest.raises(PartFailed, match=said):
        await part.start()
    assert part.pid is None
    assert not (tmp_path / "service.pid").exists()


async def test_a_child_that_does_not_serve_in_time_is_ended(
    child: Callable[..., ChildProcess], tmp_path: Path
) -> None:
    async def never() -> None:
        await until(lambda: False, 600)

    part = child(SLEEPER, ready=never, ready_seconds=0.3)
    starting = asyncio.create_task(part.start())
    await until(lambda: part.pid is not None)
    pid = part.pid
    assert pid is not None
    with pytest.raises(PartFailed, match=r"service does not serve after 0.3 s"):
        await starting
    assert identify(pid) is None
    assert not (tmp_path / "service.pid").exists()


async def test_a_start_that_is_cancelled_leaves_nothing(child: Callable[..., ChildProcess]) -> None:
    part = child(POLITE, says="never said")
    starting = asyncio.create_task(part.start())
    await until(lambda: part.pid is not None)
    pid = part.pid
    assert pid is not None
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert identify(pid) is None


async def test_killed_children_come_back_and_all_are_gone_after_the_stop(
    child: Callable[..., ChildProcess],
) -> None:
    first, second = child(POLITE, "first", says="here"), child(POLITE, "second", says="here")
    running: list[str] = []
    supervisor = Supervisor(
        [first, second],
        backoff=Backoff(first=0.01),
        on_change=lambda name, state: running.append(name) if state is PartState.RUNNING else None,
    )
    await supervisor.start()
    before = first.pid
    await first.kill(signal.SIGKILL)
    await until(lambda: running == ["first", "second", "first"])
    assert first.pid not in {None, before}
    pids = [first.pid, second.pid]
    await supervisor.stop()
    assert [identify(pid) for pid in pids if pid is not None] == [None, None]


def _stray(code: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True)


async def test_leftovers_are_found_by_pid_and_start_and_ended(tmp_path: Path) -> None:
    with _stray(POLITE) as stray:
        assert stray.stdout is not None
        stray.stdout.readline()
        PidFile(tmp_path, "service").write(stray.pid)
        said: list[str] = []
        found = await stop_leftovers(
            tmp_path, [("service", signal.SIGTERM, 5.0), ("postgresql", signal.SIGINT, 5.0)], said.append
        )
        assert found == ["service"]
        assert said == [f"An earlier run left service running (pid {stray.pid}); stopping it."]
        assert stray.wait(1) == 0
    assert not (tmp_path / "service.pid").exists()


async def test_a_deaf_leftover_is_killed(tmp_path: Path) -> None:
    with _stray(DEAF) as stray:
        assert stray.stdout is not None
        stray.stdout.readline()
        PidFile(tmp_path, "asterisk").write(stray.pid)
        await stop_leftovers(tmp_path, [("asterisk", signal.SIGTERM, 0.1)], lambda _text: None)
        assert stray.wait(1) == -signal.SIGKILL


async def test_a_reused_pid_is_never_touched(tmp_path: Path) -> None:
    with _stray(SLEEPER) as stray:
        identity = identify(stray.pid)
        assert identity is not None
        other = ProcessIdentity(identity.pid, identity.started - 1, identity.boot)
        note = tmp_path / "service.pid"
        note.write_text(
            f'{{"pid": {other.pid}, "started": {other.started}, "boot": "{other.boot}"}}', encoding="utf-8"
        )
        assert await stop_leftovers(tmp_path, [("service", signal.SIGTERM, 1.0)], lambda _text: None) == []
        await end_process(other, signal.SIGTERM, 1.0)
        assert stray.poll() is None
        assert not note.exists()
        stray.kill()


@pytest.mark.parametrize("content", ["", "12", '"x"', "{}", '{"pid": "x"', "[1]"])
def test_a_broken_pid_file_counts_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "service.pid").write_text(content, encoding="utf-8")
    assert PidFile(tmp_path, "service").running() is None


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "it said nothing"), ("\n \n", "it said nothing"), ("a\nb\n\n", "b"), ("x" * 9000, "x" * 300)],
)
def test_the_last_words_of_a_process(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "x.log").write_text(content, encoding="utf-8")
    assert last_line(tmp_path / "x.log") == said


def test_a_process_that_is_gone_has_no_identity() -> None:
    with subprocess.Popen([sys.executable, "-c", "pass"]) as gone:
        gone.wait()
    assert identify(gone.pid) is None
