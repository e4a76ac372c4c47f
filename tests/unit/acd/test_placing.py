from dataclasses import replace

import pytest

from acd.model import State
from core.commands import MarkCall
from core.events import PlanChanged, PriorityAsked, Tick
from core.facts import CallOffered, CallPlaced, Refused
from core.plan import HEAD_START, Line, Need, NeedStep, Priority
from core.vocabulary import AgentState, CallId, QueueName, SkillName
from tests.unit.acd.world import BUSINESS, CITIZENS, World, arrived, channel_of, live, new_state, waiting

S = AgentState
ENGLISH = SkillName("english")
MINE, OTHER = "13800138000", "13900139000"


@pytest.fixture
def world() -> World:
    return World()


def comes(world: World, call: str, at: float, *, caller: str = OTHER, dialled: str = "12345") -> None:
    """A call of this caller and line, waiting at once."""
    world.apply(replace(arrived(call, at), caller=caller, dialled=dialled))
    world.apply(replace(waiting(call, at), caller=caller, dialled=dialled))


def talk(world: World, call: str, agent: int, begin: float, end: float) -> None:
    world.answer(call, agent, begin)
    world.leg_ends(call, agent, end)
    world.hang_up(call, end)


def tick(world: World, at: float) -> None:
    """What the service does when the moment that was asked for has come."""
    while (due := world.state.wake_at) is not None and due <= at:
        world.state.wake_at = None
        world.apply(Tick(due))


def ask(world: World, call: str, priority: Priority, at: float) -> None:
    world.apply(PriorityAsked(CallId(call), priority, "supervisor:boss", at))


def lines(world: World, *some: Line) -> None:
    plan = replace(world.state.plan, lines={line.number: line for line in some})
    world.apply(PlanChanged(plan, 0.0))


# --- priority ---


def test_a_higher_priority_counts_as_an_earlier_arrival_and_no_more(world: World) -> None:
    ahead = HEAD_START[Priority.HIGH]
    lines(world, Line("110", CITIZENS, priority=Priority.HIGH))
    comes(world, "normal", 1000.0)
    comes(world, "high", 1000.0 + ahead + 1, dialled="110")
    comes(world, "sooner", 1000.0 + ahead - 1, dialled="110")
    world.seat(1, 2000.0)
    world.seat(2, 2000.0)
    world.seat(3, 2000.0)
    assert [call for call, _ in world.offers] == ["sooner", "normal", "high"]


def test_the_urgent_lane_goes_before_everybody(world: World) -> None:
    lines(world, Line("119", CITIZENS, priority=Priority.URGENT))
    comes(world, "long", 1000.0)
    comes(world, "urgent", 1000.0 + 3600, dialled="119")
    world.seat(1, 9000.0)
    assert world.offers == [("urgent", 1)]


def test_the_lines_priority_goes_before_the_queues(world: World) -> None:
    world.configure(CITIZENS, priority=Priority.LOW)
    lines(world, Line("110", CITIZENS, priority=Priority.HIGH), Line("111", CITIZENS))
    comes(world, "line", 10.0, dialled="110")
    comes(world, "queue", 10.0, dialled="111")
    comes(world, "neither", 10.0, dialled="112")
    assert [world.call(c).priority for c in ("line", "queue", "neither")] == [
        Priority.HIGH,
        Priority.LOW,
        Priority.LOW,
    ]
    assert [(f.call_id, f.priority, f.cause) for f in world.told(CallPlaced)] == [
        ("line", Priority.HIGH, "plan"),
        ("queue", Priority.LOW, "plan"),
        ("neither", Priority.LOW, "plan"),
    ]


def test_nothing_is_told_of_a_call_that_is_like_any_other(world: World) -> None:
    comes(world, "x", 10.0)
    assert world.told(CallPlaced) == []
    assert world.ordered(MarkCall) == []


def test_a_supervisors_change_counts_at_once_and_is_marked(world: World) -> None:
    comes(world, "first", 1000.0)
    comes(world, "second", 1001.0)
    ask(world, "second", Priority.HIGH, 1002.0)
    assert world.told(CallPlaced) == [
        CallPlaced(CallId("second"), Priority.HIGH, 1001.0, "supervisor:boss", 1002.0)
    ]
    assert world.ordered(MarkCall) == [
        MarkCall(
            CallId("second"),
            channel_of("second"),
            (
                ("HOTLINE_PRIORITY", "high"),
                ("HOTLINE_PLACE", "1001.000000"),
                ("HOTLINE_RANK", "701.000000"),
            ),
        )
    ]
    world.seat(1, 1003.0)
    assert world.offers == [("second", 1)]


def test_the_same_priority_changes_nothing(world: World) -> None:
    comes(world, "x", 10.0)
    ask(world, "x", Priority.NORMAL, 11.0)
    assert world.told(CallPlaced) == []
    assert world.told(Refused) == []


def test_a_call_that_does_not_wait_keeps_its_priority(world: World) -> None:
    world.seat(1)
    comes(world, "x", 10.0)
    ask(world, "x", Priority.HIGH, 11.0)  # it rings: should nobody answer, it counts
    assert world.told(Refused) == []
    world.answer("x", 1, 12.0)
    ask(world, "x", Priority.URGENT, 13.0)
    ask(world, "unknown", Priority.URGENT, 13.0)
    assert [refusal.code for refusal in world.told(Refused)] == ["call_not_waiting"] * 2
    assert world.call("x").priority is Priority.HIGH


def test_who_comes_back_from_an_offer_keeps_priority_and_place(world: World) -> None:
    world.seat(1)
    comes(world, "x", 10.0)
    ask(world, "x", Priority.HIGH, 11.0)
    comes(world, "y", 5.0)
    world.back("x", "NOANSWER", 12.0)
    world.seat(2, 13.0)
    assert world.offers[-1] == ("x", 2)


# --- lines ---


def test_the_line_says_the_queue_and_the_channel_is_told(world: World) -> None:
    lines(world, Line("12366", BUSINESS))
    world.apply(replace(arrived("x", 1.0, CITIZENS), dialled="12366"))
    assert world.call("x").queue == BUSINESS
    assert world.told(CallOffered)[0].queue == BUSINESS
    assert world.ordered(MarkCall)[0].variables == (("HOTLINE_QUEUE", BUSINESS),)


def test_who_is_adopted_stays_in_the_queue_that_his_channel_says(world: World) -> None:
    lines(world, Line("12345", BUSINESS))
    world.apply(waiting("x", 1.0, queue=CITIZENS))
    world.picture(5.0, live("x", "waiting"), live("y", "waiting", queue=CITIZENS))
    assert (world.call("x").queue, world.call("y").queue) == (CITIZENS, CITIZENS)


# --- needs ---


def needing(*steps: tuple[float, int]) -> tuple[NeedStep, ...]:
    return tuple(NeedStep(after, (Need(ENGLISH, level),) if level else ()) for after, level in steps)


def test_needs_relax_by_a_deadline_and_find_who_was_idle(world: World) -> None:
    world.configure(CITIZENS, needs=needing((0, 3), (30, 1), (60, 0)))
    world.seat(1, skills={"english": 1})
    world.seat(2)
    comes(world, "x", 100.0)
    assert world.offers == []
    assert world.state.wake_at == 130.0
    tick(world, 130.0)
    assert world.offers == [("x", 1)]
    comes(world, "y", 140.0)
    tick(world, 200.0)
    assert world.offers == [("x", 1), ("y", 2)]


def test_the_time_that_a_fruitless_offer_took_counts(world: World) -> None:
    world.configure(CITIZENS, needs=needing((0, 3), (30, 0)))
    world.seat(1, skills={"english": 3})
    world.seat(2)
    comes(world, "x", 100.0)
    assert world.offers == [("x", 1)]
    tick(world, 131.0)
    world.back("x", "NOANSWER", 131.0)
    assert world.offers == [("x", 1), ("x", 2)]


def test_a_line_may_need_more_than_its_queue(world: World) -> None:
    lines(world, Line("12366", CITIZENS, needs=needing((0, 2))))
    world.seat(1)
    comes(world, "x", 1.0, dialled="12366")
    comes(world, "y", 2.0)
    assert world.offers == [("y", 1)]
    world.seat(2, 3.0, skills={"english": 2})
    assert world.offers == [("y", 1), ("x", 2)]


def test_needs_begin_anew_after_a_talk(world: World) -> None:
    world.configure(CITIZENS, needs=needing((0, 3), (30, 0)))
    world.seat(1, skills={"english": 3})
    comes(world, "x", 100.0)
    world.answer("x", 1, 110.0)
    world.leg_ends("x", 1, 200.0)
    world.ask(1, S.BREAK, 201.0)
    world.picture(210.0, live("x", "waiting", entered_at=100.0))
    world.picture(220.0, live("x", "waiting", entered_at=100.0))
    world.seat(2, 221.0)
    assert world.offers == [("x", 1)]
    tick(world, 250.0)
    assert world.offers[-1] == ("x", 2)


# --- the caller's last agent ---


def last_agent_centre(hold: float = 0.0) -> World:
    """Agent 1 has talked to the caller, agent 2 has been idle for longer."""
    world = World(new_state(wrap_up=0.0))
    world.configure(CITIZENS, last_agent_within=3600.0, last_agent_hold=hold)
    world.seat(1)
    comes(world, "before", 10.0, caller=MINE)
    talk(world, "before", 1, 11.0, 20.0)
    world.seat(2, 5.0)
    return world


def test_the_last_agent_goes_before_who_is_idle_longest() -> None:
    world = last_agent_centre()
    comes(world, "again", 30.0, caller=MINE)
    comes(world, "somebody", 31.0)
    assert world.offers[-2:] == [("again", 1), ("somebody", 2)]


def test_after_its_time_the_last_agent_is_like_any_other() -> None:
    world = last_agent_centre()
    comes(world, "again", 20.0 + 3601, caller=MINE)
    assert world.offers[-1] == ("again", 2)


def test_a_caller_waits_for_the_busy_agent_alone_but_not_longer_than_set() -> None:
    world = last_agent_centre(hold=15.0)
    comes(world, "other", 29.0)  # agent 2
    comes(world, "third", 29.5)  # agent 1
    assert world.offers[-2:] == [("other", 2), ("third", 1)]
    comes(world, "again", 30.0, caller=MINE)
    talk(world, "other", 2, 31.0, 40.0)
    assert world.agent(2).state is S.READY
    assert world.offers[-1] == ("third", 1)
    tick(world, 45.0)
    assert world.offers[-1] == ("again", 2)


def test_the_busy_agent_gets_his_caller_when_he_is_free() -> None:
    world = last_agent_centre(hold=15.0)
    world.ask(2, S.BREAK, 28.0)
    comes(world, "third", 29.5)
    comes(world, "again", 30.0, caller=MINE)
    talk(world, "third", 1, 31.0, 40.0)
    assert world.offers[-1] == ("again", 1)


@pytest.mark.parametrize("wanted", [S.BREAK, S.STRESS_ROOM])
def test_nobody_waits_for_an_agent_on_a_break(wanted: AgentState) -> None:
    world = last_agent_centre(hold=15.0)
    world.ask(1, wanted, 25.0)
    comes(world, "again", 30.0, caller=MINE)
    assert world.offers[-1] == ("again", 2)


def test_who_waits_for_an_agent_who_leaves_is_anybodys() -> None:
    world = last_agent_centre(hold=1000.0)
    comes(world, "other", 29.0)
    comes(world, "third", 29.5)
    comes(world, "again", 30.0, caller=MINE)
    world.ask(1, S.BREAK, 31.0)  # noted: he talks
    talk(world, "other", 2, 32.0, 33.0)
    assert world.offers[-1] == ("third", 1)
    talk(world, "third", 1, 34.0, 40.0)
    assert world.agent(1).state is S.BREAK
    assert world.offers[-1] == ("again", 2)


# --- calling again ---


def test_who_calls_again_soon_keeps_the_place(world: World) -> None:
    world.configure(CITIZENS, redial_within=60.0)
    comes(world, "first", 10.0, caller=MINE)
    comes(world, "second", 20.0)
    world.hang_up("first", 30.0)
    comes(world, "again", 80.0, caller=MINE)
    assert world.told(CallPlaced) == [
        CallPlaced(CallId("again"), Priority.NORMAL, 10.0, "redial", 80.0),
    ]
    world.seat(1, 90.0)
    assert world.offers == [("again", 1)]
    assert world.call("again").arrived_at == 80.0


@pytest.mark.parametrize(("within", "at"), [(60.0, 91.0), (0.0, 40.0)])
def test_later_or_unless_granted_the_place_is_lost(world: World, within: float, at: float) -> None:
    world.configure(CITIZENS, redial_within=within)
    comes(world, "first", 10.0, caller=MINE)
    comes(world, "second", 20.0)
    world.hang_up("first", 30.0)
    comes(world, "again", at, caller=MINE)
    world.seat(1, 100.0)
    assert world.offers == [("second", 1)]


def test_anonymous_callers_have_no_place_to_keep(world: World) -> None:
    world.configure(CITIZENS, redial_within=60.0)
    comes(world, "first", 10.0, caller="")
    world.hang_up("first", 30.0)
    comes(world, "stranger", 40.0, caller="")
    assert world.call("stranger").place_at == 40.0


# --- restart ---


def test_priority_and_place_are_read_back_from_the_channel() -> None:
    world = World(State(new_state().plan, next_offer_id=1, run_id="next"))
    shown = [
        replace(live("late", "waiting", entered_at=500.0), priority=Priority.HIGH),
        replace(live("redial", "waiting", entered_at=400.0), place_at=100.0),
        live("plain", "waiting", entered_at=300.0),
    ]
    world.picture(1000.0, *shown)
    for agent in (1, 2, 3):
        world.seat(agent, 1001.0)
    assert [call for call, _ in world.offers] == ["redial", "late", "plain"]


def test_a_call_of_a_queue_that_is_gone_goes_on_in_the_default_one(world: World) -> None:
    world.wait("x", 10.0, BUSINESS)
    plan = world.state.plan
    world.apply(PlanChanged(replace(plan, queues={CITIZENS: plan.queues[CITIZENS]}, version=2), 11.0))
    assert world.call("x").queue == CITIZENS
    assert world.ordered(MarkCall)[-1].variables == (("HOTLINE_QUEUE", QueueName(CITIZENS)),)
    world.apply(PlanChanged(plan, 12.0))  # told late
    assert world.state.plan.version == 2
    world.seat(1, 13.0, queues=[CITIZENS])
    assert world.offers == [("x", 1)]
