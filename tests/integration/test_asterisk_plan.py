"""The plan reaches a running Asterisk: numbers, queues and their music, without a reload of the dialplan."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.commands import MirrorMember
from core.events import Event, Reconciled
from core.plan import Line, QueueRules, RoutingPlan
from core.ports import TelephonyError
from core.vocabulary import AgentId, Phone, QueueName
from hotline.asterisk.files import fill, write
from hotline.plan_files import NAMES, context
from hotline.runtime import AsteriskRuntime
from telephony.ami import Switch
from tests.eventually import eventually
from tests.fixtures_asterisk import Switch as Asterisk
from tests.fixtures_asterisk import asterisk_folder, asterisk_install, switch

__all__ = ["asterisk_folder", "asterisk_install", "switch"]

pytestmark = pytest.mark.integration

CITIZENS, HEATING = QueueName("citizens"), QueueName("heating")


def plan(*queues: QueueName, **lines: QueueName) -> RoutingPlan:
    rules = {name: QueueRules(name, 5.0, 7.0) for name in queues}
    numbers = {name.removeprefix("n"): queue for name, queue in lines.items()}
    return RoutingPlan(rules, queues[0], {number: Line(number, queue) for number, queue in numbers.items()})


@asynccontextmanager
async def ours(asterisk: Asterisk, *, files: bool = True) -> AsyncIterator[Switch]:
    """Our switch, connected."""
    events: list[Event] = []

    def write_files(given: RoutingPlan) -> bool:
        for name in NAMES if files else ():
            write(Path(asterisk.rendered.config_dir) / name, fill(name, context(given)))
        return files

    made = Switch(
        lambda: AsteriskRuntime.of(asterisk.rendered), ["1001"], events.append, plan_files=write_files
    )
    async with running(made):
        await eventually(lambda: any(isinstance(event, Reconciled) for event in events))
        yield made


@asynccontextmanager
async def running(made: Switch) -> AsyncIterator[None]:
    task = asyncio.create_task(made.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def native(asterisk: Asterisk) -> dict[str, set[str]]:
    """Asterisk's own queues and the phones in each."""
    found: dict[str, set[str]] = {}
    for block in await asterisk.ami.listing("QueueStatus", "QueueStatusComplete"):
        phones = found.setdefault(block["Queue"], set())
        if block["Event"] == "QueueMember":
            phones.add(block["Location"])
    return found


async def test_a_new_number_leads_to_a_new_queue_while_a_caller_waits(switch: Asterisk) -> None:
    async with ours(switch) as made:
        before = await switch.waiting(await switch.caller(), "12345")
        await made.publish(plan(CITIZENS, HEATING, n96777=HEATING))
        after = await switch.waiting(await switch.caller(), "96777")
        other = await switch.waiting(await switch.caller(), "+8612345")
        assert [block["Queue"] for block in (before, after, other)] == ["citizens", "heating", "citizens"]
        await made.publish(plan(CITIZENS, HEATING))
        assert (await switch.waiting(await switch.caller(), "96777"))["Queue"] == "citizens"


async def test_members_stay_in_their_native_queues_and_enter_the_new_one(switch: Asterisk) -> None:
    member = MirrorMember(AgentId(7), Phone("1001"), (CITIZENS, HEATING), paused=False)
    async with ours(switch) as made:
        await made.publish(plan(CITIZENS))
        with pytest.raises(TelephonyError, match="No such queue"):
            await made.mirror_member(member)
        assert await native(switch) == {"citizens": {"PJSIP/1001"}}
        await made.publish(plan(CITIZENS, HEATING))
        assert await native(switch) == {"citizens": {"PJSIP/1001"}, "heating": {"PJSIP/1001"}}


async def test_without_its_file_a_new_queue_falls_back_to_the_default_one(switch: Asterisk) -> None:
    agent = await switch.phone("1001")
    async with ours(switch, files=False) as made:
        await made.publish(plan(CITIZENS, HEATING, n96777=HEATING))
        await made.mirror_member(MirrorMember(AgentId(7), Phone("1001"), (CITIZENS,), paused=False))
        await switch.heartbeat(age=1000)
        waiting = await switch.waiting(await switch.caller(), "96777")
        assert waiting["Queue"] == "heating"
        await agent.until("ACK")
