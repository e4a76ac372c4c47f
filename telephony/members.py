"""Keeps Asterisk's own queues in line with the agents, for the time when the service is away.

What is wanted is remembered per phone; what Asterisk has is read once per connection and then followed.
Only differences are sent, and commands for one phone never overtake each other.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import structlog

from core.commands import MirrorMember
from core.ports import TelephonyError
from core.vocabulary import AgentId, Phone, QueueName
from telephony.connection import ActionRefused, AmiConnection
from telephony.picture import text

log = structlog.get_logger()

NOT_THERE = "Not there"
NOBODY = AgentId(0)


@dataclass(frozen=True, slots=True)
class Member:
    """One phone's place in one native queue."""

    name: str
    """Whose it is: the agent's id."""
    paused: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One action that brings a queue closer to what is wanted."""

    action: str
    queue: QueueName
    member: Member


def steps(wanted: MirrorMember, found: Mapping[QueueName, Member]) -> Iterator[Step]:
    """What has to be done so that the phone is a member as ``wanted`` says. Pure."""
    member = Member(name=str(wanted.agent_id), paused=wanted.paused)
    for queue, present in sorted(found.items()):
        if queue not in wanted.queues or present.name != member.name:
            yield Step("QueueRemove", queue, present)
    for queue in sorted(set(wanted.queues)):
        present_or_none = found.get(queue)
        if present_or_none is None or present_or_none.name != member.name:
            yield Step("QueueAdd", queue, member)
        elif present_or_none.paused != member.paused:
            yield Step("QueuePause", queue, member)


def interface(phone: Phone) -> str:
    """The name under which a queue dials a phone."""
    return f"PJSIP/{phone}"


class QueueMirror:
    """The members of the native queues: wanted, and as they are."""

    def __init__(self) -> None:
        self._wanted: dict[Phone, MirrorMember] = {}
        self._found: dict[Phone, dict[QueueName, Member]] | None = None
        self._reading = asyncio.Lock()
        self._turns: defaultdict[Phone, asyncio.Lock] = defaultdict(asyncio.Lock)

    def forget(self) -> None:
        """What Asterisk has is no longer known: the connection was lost, or an answer was unexpected."""
        self._found = None

    async def _known(self, connection: AmiConnection) -> dict[Phone, dict[QueueName, Member]]:
        """The members that Asterisk has; read once, then followed."""
        async with self._reading:
            if self._found is None:
                self._found = await _read(connection)
            return self._found

    def want(self, command: MirrorMember) -> None:
        """Remember what a phone's membership should be."""
        self._wanted[command.phone] = command

    async def restore(self, connection: AmiConnection) -> None:
        """After a (re)connect: make the queues as wanted; a member that nobody asked for leaves.

        A refusal concerns one phone; the others are seen to all the same.

        Raises:
            TelephonyError: there was no answer.
        """
        known = await self._known(connection)
        for phone in sorted(self._wanted.keys() | known.keys()):
            try:
                await self.settle(connection, phone)
            except ActionRefused as error:
                log.warning("queue_mirror_refused", reason=error.reason)

    async def settle(self, connection: AmiConnection, phone: Phone) -> None:
        """Bring the queues in line with what is wanted for a phone; raises ``TelephonyError``."""
        async with self._turns[phone]:
            known = await self._known(connection)
            found = known.setdefault(phone, {})
            # The latest wish: it may have changed while this one waited its turn.
            wanted = self._wanted.get(phone, MirrorMember(NOBODY, phone, (), paused=False))
            refused: ActionRefused | None = None
            try:
                for step in list(steps(wanted, found)):
                    refused = await _try(connection, phone, step, found) or refused
                if refused is not None:
                    raise refused
            except TelephonyError:
                self.forget()
                raise


async def _try(
    connection: AmiConnection, phone: Phone, step: Step, found: dict[QueueName, Member]
) -> ActionRefused | None:
    """One step, noted in ``found``; a refusal (Asterisk lacks the queue) must not stop the others."""
    try:
        await _carry_out(connection, phone, step)
    except ActionRefused as error:
        return error
    if step.action == "QueueRemove":
        del found[step.queue]
    else:
        found[step.queue] = step.member
    return None


async def _carry_out(connection: AmiConnection, phone: Phone, step: Step) -> None:
    """One step; a queue that is already as wanted is no error."""
    place = {"Queue": step.queue, "Interface": interface(phone)}
    paused = "true" if step.member.paused else "false"
    try:
        match step.action:
            case "QueueAdd":
                await connection.action("QueueAdd", **place, MemberName=step.member.name, Paused=paused)
            case "QueuePause":
                await connection.action("QueuePause", **place, Paused=paused)
            case _:
                await connection.action("QueueRemove", **place)
    except ActionRefused as error:
        if step.action == "QueueRemove" and error.reason.endswith(NOT_THERE):
            return
        raise


async def _read(connection: AmiConnection) -> dict[Phone, dict[QueueName, Member]]:
    """The members that the service may have added; raises ``TelephonyError``."""
    found: dict[Phone, dict[QueueName, Member]] = {}
    for row in await connection.listing("QueueStatus"):
        technology, _, phone = text(row, "Location").partition("/")
        dynamic = text(row, "Membership") == "dynamic"  # others are the operator's
        if text(row, "Event") == "QueueMember" and technology == "PJSIP" and dynamic:
            member = Member(name=text(row, "Name"), paused=text(row, "Paused") == "1")
            found.setdefault(Phone(phone), {})[QueueName(text(row, "Queue"))] = member
    return found
