"""The mark in Asterisk, against a map of variables instead of a connection."""

import asyncio

import pytest

from core import clock
from core.tenure import LeaseTiming, Tenure
from telephony.fence import AGI, MARK, Fence, NotTheLeader

TIMING = LeaseTiming(renew=0.05, lease=0.1, watch=0.2, look=0.01, fence=0.08)


class Marks:
    """Asterisk's global variables."""

    def __init__(self, mark: str = "") -> None:
        self.values = {MARK: mark}
        self.actions: list[str] = []

    async def action(self, name: str, **fields: str) -> dict[str, str]:
        self.actions.append(name)
        await asyncio.sleep(0)
        if name == "Setvar":
            self.values[fields["Variable"]] = fields["Value"]
        return {"Value": self.values.get(fields["Variable"], "")}


class Process:
    def __init__(self, epoch: int, *, gone: bool) -> None:
        self.tenure = Tenure(TIMING)
        self.tenure.take(epoch, clock.monotonic(), predecessor_gone=gone)
        self.deposed = 0
        self.fence = Fence(self.tenure, "127.0.0.1:4573", self.note)

    def note(self) -> None:
        self.deposed += 1


async def test_a_claim_writes_the_mark_and_where_the_service_is() -> None:
    marks, process = Marks("3"), Process(4, gone=True)
    await process.fence.claim(marks)
    assert marks.values == {MARK: "4", AGI: "127.0.0.1:4573"}
    assert process.fence.may_act()
    assert not process.fence.silent_predecessor


async def test_who_follows_a_silent_leader_waits_until_that_one_must_have_looked() -> None:
    marks, process = Marks("3"), Process(4, gone=False)
    began = clock.monotonic()
    await process.fence.claim(marks)
    assert clock.monotonic() - began >= TIMING.fence
    assert process.fence.silent_predecessor


async def test_a_later_leaders_mark_is_left_alone_and_deposes() -> None:
    marks, process = Marks("5"), Process(4, gone=True)
    with pytest.raises(NotTheLeader):
        await process.fence.claim(marks)
    assert marks.values == {MARK: "5"}
    assert process.deposed == 1


async def test_a_mark_that_was_lost_is_written_again() -> None:
    marks, process = Marks("4"), Process(4, gone=True)
    keeping = asyncio.create_task(process.fence.keep(marks))
    await asyncio.sleep(0.02)
    marks.values[MARK] = ""  # Asterisk's globals were cleared
    async with asyncio.timeout(5):
        while marks.values[MARK] != "4":  # noqa: ASYNC110 - a map sets no event
            await asyncio.sleep(0.01)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)


async def test_after_a_pause_an_action_looks_first() -> None:
    marks, process = Marks("4"), Process(4, gone=True)
    await process.fence.require(marks)
    assert marks.actions == []  # the record confirms
    await asyncio.sleep(TIMING.lease)
    assert not process.fence.may_act()
    await process.fence.require(marks)
    assert marks.actions == ["Getvar"]
    marks.values[MARK] = "5"
    await asyncio.sleep(TIMING.fence)
    with pytest.raises(NotTheLeader):
        await process.fence.require(marks)
    assert process.deposed == 1


async def test_what_is_no_number_is_no_mark() -> None:
    marks, process = Marks("nonsense"), Process(4, gone=True)
    await process.fence.claim(marks)
    assert marks.values[MARK] == "4"
