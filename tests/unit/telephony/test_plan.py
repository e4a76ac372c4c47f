"""What Asterisk is told of a plan: variables, only what is new, and everything after a connect."""

import pytest

from core.errors import InvalidInput
from core.plan import Line, QueueRules, RoutingPlan
from core.vocabulary import QueueName
from telephony.connection import AmiConnection, Timing
from telephony.plan import PlanMirror, global_variables, native_queues
from telephony.stats import SwitchStats
from tests.fakes.ami import FakeAmi, success

A, B = QueueName("a"), QueueName("b")


def plan(*lines: str) -> RoutingPlan:
    rules = {name: QueueRules(name, 7.2, 20.0, music="soft", greeting="hi") for name in (A, B)}
    return RoutingPlan(rules, A, {number: Line(number, B, greeting="own") for number in lines})


def test_variables_of_a_plan() -> None:
    assert global_variables(plan("96777")) == {
        "DEFAULT_QUEUE": "a",
        "RING_a": "20",
        "RING_b": "20",
        "MUSIC_a": "soft",
        "MUSIC_b": "soft",
        "GREETING_a": "hi",
        "GREETING_b": "hi",
        "LINE_QUEUE_96777": "b",
        "LINE_GREETING_96777": "own",
    }


@pytest.mark.parametrize("number", ["12,3", "1", "12)${SHELL(x)}", "12\r\n"])
def test_what_could_mean_something_to_asterisk_is_refused(number: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be a variable of the dialplan"):
        global_variables(plan(number))


def test_native_queues_have_whole_seconds_and_never_less_wrap_up() -> None:
    (first, _) = native_queues(plan())
    assert (first.name, first.ring_seconds, first.wrap_up_seconds, first.service_level_seconds) == (
        "a",
        20,
        8,
        15,
    )


class Told:
    """A fake Asterisk, and what it was told since the last look."""

    def __init__(self, ami: FakeAmi) -> None:
        self.ami = ami
        ami.answers |= {"Setvar": success, "QueueReload": success}

    def news(self) -> dict[str, str]:
        found = {a["Variable"]: a["Value"] for a in self.ami.actions if a["Action"] == "Setvar"}
        if "QueueReload" in self.ami.names():
            found["reload"] = "yes"
        self.ami.actions.clear()
        return found


async def test_only_news_are_told_and_lines_taken_back() -> None:
    async with FakeAmi() as ami:
        told, written = Told(ami), list[RoutingPlan]()
        link = await AmiConnection.open(ami.address, Timing(), lambda _: None, SwitchStats())
        await link.login()

        def write(given: RoutingPlan) -> bool:
            written.append(given)
            return True

        mirror = PlanMirror(write)
        assert not await mirror.settle(link)
        mirror.want(plan("96777"))
        assert await mirror.settle(link)
        assert len(told.news()) == 10
        assert not await mirror.settle(link)
        assert told.news() == {}
        mirror.want(plan("96778"))
        assert await mirror.settle(link)
        assert told.news() == {
            "GLOBAL(LINE_QUEUE_96778)": "b",
            "GLOBAL(LINE_GREETING_96778)": "own",
            "GLOBAL(LINE_QUEUE_96777)": "",
            "GLOBAL(LINE_GREETING_96777)": "",
            "reload": "yes",
        }
        mirror.forget()
        assert await mirror.settle(link)
        assert len(told.news()) == 10
        assert len(written) == 3
        link.close()


async def test_without_files_the_variables_are_told_all_the_same() -> None:
    async with FakeAmi() as ami:
        told = Told(ami)
        link = await AmiConnection.open(ami.address, Timing(), lambda _: None, SwitchStats())
        await link.login()
        mirror = PlanMirror(lambda _plan: False)
        mirror.want(plan())
        assert not await mirror.settle(link)
        assert "reload" not in told.news()
        link.close()
