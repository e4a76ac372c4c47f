from collections.abc import AsyncIterator, Mapping

import pytest

from core.commands import MirrorMember
from core.ports import TelephonyError
from core.vocabulary import AgentId, Phone, QueueName
from telephony.connection import AmiConnection, Timing
from telephony.members import Member, QueueMirror, Step, steps
from telephony.stats import SwitchStats
from tests.fakes.ami import Action, FakeAmi, block, error, success

PHONE = Phone("1001")
A, B, C = QueueName("a"), QueueName("b"), QueueName("c")
MINE, PAUSED, OTHERS = Member("7", paused=False), Member("7", paused=True), Member("8", paused=False)


def wanted(*queues: QueueName, paused: bool = False, agent: int = 7, phone: Phone = PHONE) -> MirrorMember:
    return MirrorMember(AgentId(agent), phone, queues, paused)


TABLE: list[tuple[str, MirrorMember, Mapping[QueueName, Member], list[Step]]] = [
    ("new", wanted(B, A), {}, [Step("QueueAdd", A, MINE), Step("QueueAdd", B, MINE)]),
    ("new and paused", wanted(A, paused=True), {}, [Step("QueueAdd", A, PAUSED)]),
    ("as wanted", wanted(A), {A: MINE}, []),
    ("pause", wanted(A, paused=True), {A: MINE}, [Step("QueuePause", A, PAUSED)]),
    ("go on", wanted(A), {A: PAUSED}, [Step("QueuePause", A, MINE)]),
    ("leave", wanted(), {A: MINE, B: MINE}, [Step("QueueRemove", A, MINE), Step("QueueRemove", B, MINE)]),
    ("change", wanted(B, C), {A: MINE, B: PAUSED},
     [Step("QueueRemove", A, MINE), Step("QueuePause", B, MINE), Step("QueueAdd", C, MINE)]),
    ("another agent sat here", wanted(A), {A: OTHERS},
     [Step("QueueRemove", A, OTHERS), Step("QueueAdd", A, MINE)]),
    ("the same queue twice", wanted(A, A), {}, [Step("QueueAdd", A, MINE)]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("command", "found", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_steps(command: MirrorMember, found: Mapping[QueueName, Member], expected: list[Step]) -> None:
    assert list(steps(command, found)) == expected


class Queues:
    """Native queues behind a fake: they hold what the actions made of them."""

    def __init__(self, fake: FakeAmi) -> None:
        self.members: dict[tuple[str, str], Member] = {}
        self.static: list[list[tuple[str, str]]] = []
        fake.answers |= {
            "QueueAdd": self._add,
            "QueueRemove": self._remove,
            "QueuePause": self._pause,
            "QueueStatus": self._status,
        }

    def _add(self, action: Action) -> str:
        if self._place(action) in self.members:
            return error(action, "Unable to add interface: Already there")
        self.members[self._place(action)] = Member(action["MemberName"], paused=action["Paused"] == "true")
        return success(action, "Added interface to queue")

    def _remove(self, action: Action) -> str:
        if self.members.pop(self._place(action), None) is None:
            return error(action, "Unable to remove interface: Not there")
        return success(action, "Removed interface from queue")

    def _pause(self, action: Action) -> str:
        if self._place(action) not in self.members:
            return error(action, "Interface not found")
        name = self.members[self._place(action)].name
        self.members[self._place(action)] = Member(name, paused=action["Paused"] == "true")
        return success(action, "Interface paused successfully")

    def _status(self, action: Action) -> str:
        number = ("ActionID", action["ActionID"])
        rows = [[("Event", "QueueParams"), ("Queue", "a"), number]]
        for (queue, place), member in self.members.items():
            paused = "1" if member.paused else "0"
            head = [("Event", "QueueMember"), ("Queue", queue), ("Name", member.name)]
            state = [("Location", place), ("Membership", "dynamic"), ("Paused", paused)]
            rows.append([*head, *state, number])
        rows += [[*row, number] for row in self.static]
        last = {"Event": "QueueStatusComplete", "EventList": "Complete", "ListItems": str(len(rows))}
        start = success(action, "Queue status will follow", EventList="start")
        return start + "".join(block(row) for row in rows) + block({**last, **dict([number])})

    @staticmethod
    def _place(action: Action) -> tuple[str, str]:
        return action["Queue"], action["Interface"]

    def of(self, phone: Phone = PHONE) -> dict[str, Member]:
        return {queue: member for (queue, place), member in self.members.items() if place == f"PJSIP/{phone}"}


@pytest.fixture
async def ami() -> AsyncIterator[FakeAmi]:
    async with FakeAmi() as fake:
        yield fake


@pytest.fixture
async def queues(ami: FakeAmi) -> Queues:
    return Queues(ami)


@pytest.fixture
async def link(ami: FakeAmi) -> AsyncIterator[AmiConnection]:
    opened = await AmiConnection.open(ami.address, Timing(), lambda _: None, SwitchStats())
    await opened.login()
    yield opened
    opened.close()


async def mirror(mirrored: QueueMirror, link: AmiConnection, command: MirrorMember) -> None:
    mirrored.want(command)
    await mirrored.settle(link, command.phone)


async def test_only_differences_are_sent(ami: FakeAmi, queues: Queues, link: AmiConnection) -> None:
    mirrored = QueueMirror()
    await mirror(mirrored, link, wanted(A, B, paused=True))
    assert queues.of() == {"a": PAUSED, "b": PAUSED}
    ami.actions.clear()
    await mirror(mirrored, link, wanted(B, paused=True))
    assert [(action["Action"], action["Queue"]) for action in ami.actions] == [("QueueRemove", "a")]
    await mirror(mirrored, link, wanted(B, paused=True))
    assert len(ami.actions) == 1


async def test_what_was_there_before_is_found(queues: Queues, link: AmiConnection, ami: FakeAmi) -> None:
    queues.members["a", "PJSIP/1001"] = PAUSED
    await mirror(QueueMirror(), link, wanted(A))
    assert queues.of() == {"a": MINE}
    assert "QueueAdd" not in ami.names()


async def test_members_that_nobody_asked_for_leave_and_those_of_others_stay(
    queues: Queues, link: AmiConnection
) -> None:
    queues.members["a", "PJSIP/1002"] = OTHERS
    queues.static = [
        [("Event", "QueueMember"), ("Queue", "a"), ("Name", "x"), ("Location", "PJSIP/1003"),
         ("Membership", "static"), ("Paused", "0")],
        [("Event", "QueueMember"), ("Queue", "a"), ("Name", "y"), ("Location", "Local/1@x"),
         ("Membership", "dynamic"), ("Paused", "0")],
    ]  # fmt: skip
    mirrored = QueueMirror()
    mirrored.want(wanted(A))
    await mirrored.restore(link)
    assert queues.members == {("a", "PJSIP/1001"): MINE}


async def test_after_a_restart_of_asterisk_everything_is_there_again(
    queues: Queues, link: AmiConnection
) -> None:
    mirrored = QueueMirror()
    await mirror(mirrored, link, wanted(A))
    await mirror(mirrored, link, wanted(B, phone=Phone("1002"), agent=8))
    queues.members.clear()
    mirrored.forget()
    await mirrored.restore(link)
    assert set(queues.members) == {("a", "PJSIP/1001"), ("b", "PJSIP/1002")}


async def test_a_member_that_is_gone_already_is_gone(queues: Queues, link: AmiConnection) -> None:
    mirrored = QueueMirror()
    await mirror(mirrored, link, wanted(A))
    queues.members.clear()
    await mirror(mirrored, link, wanted())
    assert queues.members == {}


async def test_what_is_unexpected_raises_and_is_put_right_by_the_next(
    queues: Queues, link: AmiConnection
) -> None:
    mirrored = QueueMirror()
    await mirror(mirrored, link, wanted(A))
    queues.members.clear()
    with pytest.raises(TelephonyError, match="Interface not found"):
        await mirror(mirrored, link, wanted(A, paused=True))
    await mirror(mirrored, link, wanted(A, paused=True))
    assert queues.of() == {"a": PAUSED}


async def test_a_refusal_for_one_phone_does_not_keep_the_others_out(
    ami: FakeAmi, queues: Queues, link: AmiConnection
) -> None:
    add = ami.answers["QueueAdd"]
    ami.answers["QueueAdd"] = lambda action: (
        error(action, "No such queue") if action["Queue"] == "c" else add(action)
    )
    mirrored = QueueMirror()
    mirrored.want(wanted(C))
    mirrored.want(wanted(A, phone=Phone("1002")))
    await mirrored.restore(link)
    assert queues.of(Phone("1002")) == {"a": MINE}
