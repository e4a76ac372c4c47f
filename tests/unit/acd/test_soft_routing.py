from dataclasses import replace

import pytest

from acd import soft_routing
from acd.callers import ELDER_CARE, SENIOR, VOICE_SERVICE, CallerPolicy
from core.callers import CallerEntry, ListKind, Treatment
from core.commands import MarkCall
from core.events import AgentProfileChanged, CallerListsChanged, Tick
from core.facts import CallerTreated, CallPlaced
from core.plan import Priority
from core.vocabulary import AgentId, CallId, SkillName
from tests.unit.acd.world import CITIZENS, World, arrived, waiting

NUMBER = "13800138000"
LATER = 1e9
SAID = (soft_routing.SAY, soft_routing.SAY_VOICE_SERVICE)


def centre(*kinds: ListKind, **policy: object) -> World:
    """A world in which the caller that the builders use stands on these lists."""
    world = World()
    world.state.callers.policy = replace(CallerPolicy(), **policy)  # type: ignore[arg-type] # fields of the policy
    entries = [
        CallerEntry(place, NUMBER, is_prefix=False, kind=kind, low_priority=False, expires_at=LATER)
        for place, kind in enumerate(kinds, 1)
    ]
    world.apply(CallerListsChanged(tuple(entries), 0.0))
    return world


def come(world: World, call: str, at: float, caller: str = NUMBER) -> None:
    world.apply(replace(arrived(call, at), caller=caller))
    world.apply(replace(waiting(call, at), caller=caller))


def skilled(world: World, agent: int, at: float, skills: dict[SkillName, int]) -> None:
    world.seat(agent, at)
    world.apply(AgentProfileChanged(AgentId(agent), (), skills, {}, at))


def said(world: World) -> list[str]:
    return [mark.call_id for mark in world.ordered(MarkCall) if SAID in mark.variables]


def tick(world: World, at: float) -> None:
    world.apply(Tick(at))


def test_a_listed_caller_goes_to_the_senior_agent_although_another_one_is_idle_longer() -> None:
    world = centre(ListKind.SENIOR)
    world.seat(1, 0.0)
    skilled(world, 2, 1.0, {SENIOR: 1})
    come(world, "a", 10.0)
    assert world.offers == [("a", 2)]
    assert world.told(CallerTreated) == [CallerTreated(CallId("a"), Treatment.SENIOR, "list:1", 10.0)]


def test_nobody_waits_for_ever_for_a_senior_agent_who_is_not_there() -> None:
    world = centre(ListKind.SENIOR, relax_after=60.0)
    world.seat(1, 0.0)
    come(world, "a", 10.0)
    assert world.offers == []
    tick(world, 69.999)
    assert world.offers == []
    tick(world, 70.0)
    assert world.offers == [("a", 1)]


@pytest.mark.parametrize("kind", [ListKind.VOICE_SERVICE, ListKind.BLOCK])
def test_a_caller_who_is_sent_to_the_voice_service_hears_it_and_reaches_a_person_in_the_end(
    kind: ListKind,
) -> None:
    world = centre(kind, message_seconds=45.0, relax_after=60.0)
    world.seat(1, 0.0)
    come(world, "a", 10.0)
    assert said(world) == ["a"]
    assert world.offers == []
    tick(world, 55.0)
    tick(world, 200.0)
    assert world.offers == [("a", 1)]


def test_a_blocked_caller_is_served_after_the_others_who_came_at_the_same_time() -> None:
    world = centre(ListKind.BLOCK, message_seconds=1.0, relax_after=1.0)
    come(world, "a", 10.0)
    come(world, "b", 20.0, "13900000000")
    tick(world, 30.0)
    assert world.call("a").priority is Priority.LOW
    world.seat(1, 31.0)
    assert world.offers == [("b", 1)]


def test_a_very_important_caller_goes_first_and_others_keep_their_order() -> None:
    world = centre(ListKind.VIP)
    come(world, "b", 10.0, "13900000000")
    come(world, "a", 20.0)
    world.seat(1, 30.0)
    assert world.offers == [("a", 1)]
    (placed,) = world.told(CallPlaced)
    assert (placed.call_id, placed.priority, placed.cause) == ("a", Priority.HIGH, "caller")


def test_the_elderly_go_to_whoever_cares_for_them() -> None:
    world = centre(ListKind.ELDER_CARE)
    world.seat(1, 0.0)
    skilled(world, 2, 1.0, {ELDER_CARE: 3})
    come(world, "a", 10.0)
    assert world.offers == [("a", 2)]


def test_whoever_has_the_skill_of_the_voice_service_takes_the_call_at_once() -> None:
    world = centre(ListKind.VOICE_SERVICE)
    skilled(world, 1, 0.0, {VOICE_SERVICE: 1})
    come(world, "a", 10.0)
    assert world.offers == [("a", 1)]


def test_who_calls_too_often_is_still_answered() -> None:
    world = centre(cap_calls=1, message_seconds=45.0)
    for place in range(3):
        come(world, f"c{place}", 10.0 + place)
    assert [world.call(f"c{place}").priority for place in range(3)] == [
        Priority.NORMAL,
        Priority.LOW,
        Priority.LOW,
    ]
    assert said(world) == ["c2"]
    for agent in (1, 2):
        world.seat(agent, 20.0 + agent)
    assert world.offers == [("c0", 1), ("c1", 2)]
    world.seat(3, 30.0)
    tick(world, 57.0)
    assert world.offers[2:] == [("c2", 3)]


def test_the_same_arrival_told_twice_is_one_call() -> None:
    world = centre(cap_calls=1)
    for _ in range(5):
        come(world, "a", 10.0)
    assert world.told(CallerTreated) == []


def test_a_withheld_number_is_like_everybody_unless_told_otherwise() -> None:
    world = centre(ListKind.BLOCK, cap_calls=1)
    for place in range(4):
        come(world, f"c{place}", 10.0 + place, "")
    assert world.told(CallerTreated) == []


def test_a_change_of_the_lists_does_not_change_calls_that_have_arrived() -> None:
    world = centre(ListKind.SENIOR)
    come(world, "a", 10.0)
    world.apply(CallerListsChanged((), 11.0))
    come(world, "b", 12.0)
    world.seat(1, 20.0)
    assert world.offers == [("b", 1)]
    assert world.call("a").extra_needs != ()


def test_after_a_restart_calls_need_again_what_they_needed() -> None:
    world = centre()
    come(world, "a", 10.0)
    soft_routing.restore(
        world.state,
        [
            (CallId("a"), Treatment.LOW_PRIORITY),
            (CallId("a"), Treatment.SENIOR),
            (CallId("gone"), Treatment.VIP),
        ],
    )
    call = world.call("a")
    assert call.extra_needs[0].needs[0].skill == SENIOR
    assert call.queue == CITIZENS
