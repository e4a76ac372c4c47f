import asyncio
from collections.abc import Callable

import pytest

from hotline.supervisor import Backoff, PartFailed, PartState, Supervisor, first_of

NO_WAIT = Backoff(first=0.0, second=0.0)


class FakePart:
    """A part without a process: ends when told, fails to start when told, writes down what happens to it."""

    def __init__(self, name: str, journal: list[str]) -> None:
        self.name = name
        self.journal = journal
        self.pid: int | None = None
        self.failing_starts = 0
        self.failing_stop = False
        self.unwatchable = False
        self._ended = asyncio.Event()
        self._code = 0
        self._next_pid = 100

    async def start(self) -> None:
        self.journal.append(f"start {self.name}")
        if self.failing_starts:
            self.failing_starts -= 1
            raise PartFailed(f"{self.name} does not come up")
        self._ended = asyncio.Event()
        self._next_pid += 1
        self.pid = self._next_pid

    async def stop(self) -> None:
        self.journal.append(f"stop {self.name}")
        self.pid = None
        if self.failing_stop:
            raise OSError("no")

    async def wait(self) -> int:
        if self.unwatchable:
            self.unwatchable = False
            raise OSError("no such process")
        await self._ended.wait()
        return self._code

    def crash(self, code: int = -9) -> None:
        self.pid = None
        self._code = code
        self._ended.set()


class Changes:
    """The supervisor's announcements, to be waited for."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, PartState]] = []
        self._news = asyncio.Event()

    def __call__(self, name: str, state: PartState) -> None:
        self.seen.append((name, state))
        self._news.set()

    async def until(self, met: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not met():
                self._news.clear()
                await self._news.wait()


@pytest.fixture
def journal() -> list[str]:
    return []


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 0.1), (1, 0.1), (2, 1.0), (3, 2.0), (4, 4.0), (6, 16.0), (7, 30.0), (5000, 30.0)],
)
def test_the_first_restart_is_fast_and_the_waits_grow_to_a_limit(failures: int, seconds: float) -> None:
    assert Backoff().delay(failures) == seconds


async def test_parts_start_in_order_and_stop_in_reverse(journal: list[str]) -> None:
    supervisor = Supervisor([FakePart("a", journal), FakePart("b", journal), FakePart("c", journal)])
    await supervisor.start()
    assert set(supervisor.states().values()) == {PartState.RUNNING}
    await supervisor.stop()
    assert journal == ["start a", "start b", "start c", "stop c", "stop b", "stop a"]
    assert set(supervisor.states().values()) == {PartState.STOPPED}


async def test_when_a_part_does_not_come_up_the_others_are_stopped(journal: list[str]) -> None:
    broken = FakePart("b", journal)
    broken.failing_starts = 1
    supervisor = Supervisor([FakePart("a", journal), broken, FakePart("c", journal)])
    with pytest.raises(PartFailed, match="b does not come up"):
        await supervisor.start()
    assert journal == ["start a", "start b", "stop b", "stop a"]


async def test_a_crashed_part_is_restarted_and_the_others_are_left_alone(journal: list[str]) -> None:
    first, second = FakePart("a", journal), FakePart("b", journal)
    changes = Changes()
    supervisor = Supervisor([first, second], backoff=NO_WAIT, on_change=changes)
    await supervisor.start()
    second.crash()
    await changes.until(
        lambda: supervisor.restarts("b") == 1 or changes.seen.count(("b", PartState.RUNNING)) == 2
    )
    assert changes.seen[-2:] == [("b", PartState.RESTARTING), ("b", PartState.RUNNING)]
    assert journal == ["start a", "start b", "start b"]
    await supervisor.stop()


async def test_failed_restarts_are_tried_again_until_one_works(journal: list[str]) -> None:
    part, changes = FakePart("a", journal), Changes()
    supervisor = Supervisor([part], backoff=NO_WAIT, on_change=changes)
    await supervisor.start()
    part.failing_starts = 3
    part.crash()
    await changes.until(lambda: changes.seen.count(("a", PartState.RUNNING)) == 2)
    assert journal.count("start a") == 5
    assert supervisor.pid("a") == 102
    await supervisor.stop()


async def test_repeated_crashes_wait_longer(journal: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    real_sleep = asyncio.sleep

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await real_sleep(0)

    monkeypatch.setattr("hotline.supervisor.asyncio.sleep", sleep)
    part, changes = FakePart("a", journal), Changes()
    supervisor = Supervisor([part], on_change=changes)
    await supervisor.start()
    for number in range(2, 6):
        part.crash()
        await changes.until(lambda: changes.seen.count(("a", PartState.RUNNING)) == number)  # noqa: B023 - used at once
    assert waits == [0.1, 1.0, 2.0, 4.0]
    await supervisor.stop()


async def test_a_part_that_ran_calmly_starts_counting_anew(
    journal: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("core.clock.monotonic", lambda: now)
    waits: list[float] = []
    real_sleep = asyncio.sleep

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await real_sleep(0)

    monkeypatch.setattr("hotline.supervisor.asyncio.sleep", sleep)
    part, changes = FakePart("a", journal), Changes()
    supervisor = Supervisor([part], on_change=changes)
    await supervisor.start()
    part.crash()
    await changes.until(lambda: changes.seen.count(("a", PartState.RUNNING)) == 2)
    await real_sleep(0)  # the keeper notes when it began to watch
    now = 61.0
    part.crash()
    await changes.until(lambda: changes.seen.count(("a", PartState.RUNNING)) == 3)
    assert waits == [0.1, 0.1]
    await supervisor.stop()


async def test_a_part_stopped_on_purpose_stays_stopped_and_can_be_started_again(journal: list[str]) -> None:
    part = FakePart("a", journal)
    supervisor = Supervisor([part], backoff=NO_WAIT)
    await supervisor.start()
    await supervisor.stop_part("a")
    assert supervisor.states() == {"a": PartState.STOPPED}
    await supervisor.start_part("a")
    await supervisor.start_part("a")
    assert journal == ["start a", "stop a", "start a"]
    await supervisor.stop()


async def test_without_supervision_a_dead_part_stays_dead(journal: list[str]) -> None:
    part = FakePart("a", journal)
    supervisor = Supervisor([part], supervise=False, backoff=NO_WAIT)
    await supervisor.start()
    part.crash()
    for _ in range(20):
        await asyncio.sleep(0)
    assert journal == ["start a"]
    await supervisor.start_part("a")
    assert journal == ["start a", "start a"]
    await supervisor.stop()


async def test_trouble_while_stopping_one_part_does_not_save_the_others(journal: list[str]) -> None:
    first, second = FakePart("a", journal), FakePart("b", journal)
    second.failing_stop = True
    supervisor = Supervisor([first, second])
    await supervisor.start()
    await supervisor.stop()
    assert journal[-2:] == ["stop b", "stop a"]


async def test_a_part_that_cannot_be_watched_counts_as_ended(journal: list[str]) -> None:
    part, changes = FakePart("a", journal), Changes()
    supervisor = Supervisor([part], backoff=NO_WAIT, on_change=changes)
    part.unwatchable = True
    await supervisor.start()
    await changes.until(lambda: changes.seen.count(("a", PartState.RUNNING)) == 2)
    assert journal == ["start a", "start a"]
    await supervisor.stop()


async def test_stopping_during_a_restart_ends_the_restart(journal: list[str]) -> None:
    part, changes = FakePart("a", journal), Changes()
    supervisor = Supervisor([part], backoff=Backoff(first=3600.0), on_change=changes)
    await supervisor.start()
    part.crash()
    await changes.until(lambda: ("a", PartState.RESTARTING) in changes.seen)
    async with asyncio.timeout(2):
        await supervisor.stop()
    assert journal == ["start a", "stop a"]


async def test_first_of_tells_what_came_first() -> None:
    async def never() -> int:
        await asyncio.Event().wait()
        return 0

    async def at_once() -> None:
        return None

    async def code() -> int:
        return 3

    async def never_ready() -> None:
        await asyncio.Event().wait()

    async def broken() -> None:
        raise PartFailed("no")

    assert await first_of(at_once(), never()) is None
    assert await first_of(never_ready(), code()) == 3
    with pytest.raises(PartFailed):
        await first_of(broken(), never())
