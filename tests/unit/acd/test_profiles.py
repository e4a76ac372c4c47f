import pytest

from core.commands import MirrorMember
from core.events import AgentProfileChanged, Tick
from core.facts import AgentStateChanged
from core.plan import Need, NeedStep, Strategy
from core.vocabulary import AgentId, AgentState, CertificateName, SkillName
from tests.unit.acd.world import BUSINESS, CITIZENS, World

S = AgentState
OFFICER = CertificateName("officer")


@pytest.fixture
def world() -> World:
    return World()


def change(
    world: World,
    agent: int,
    at: float,
    *,
    queues: tuple[str, ...] = (),
    skills: dict[str, int] | None = None,
    certificates: dict[str, float | None] | None = None,
    wrap_up: float | None = None,
) -> None:
    world.apply(
        AgentProfileChanged(
            AgentId(agent),
            queues,  # type: ignore[arg-type] # the names of queues
            {SkillName(name): level for name, level in (skills or {}).items()},
            {CertificateName(name): until for name, until in (certificates or {}).items()},
            at,
            wrap_up,
        )
    )


def native(world: World, agent: int) -> MirrorMember:
    return [m for m in world.ordered(MirrorMember) if m.agent_id == agent][-1]


def test_without_the_certificate_the_queue_is_never_offered(world: World) -> None:
    world.configure(BUSINESS, certificate=OFFICER)
    world.seat(1)
    world.wait("x", 10.0, BUSINESS)
    world.apply(Tick(1e6))
    assert world.offers == []
    assert native(world, 1).queues == (CITIZENS,)


def test_a_certificate_gained_counts_at_once_and_the_native_queue_hears_of_it(world: World) -> None:
    world.configure(BUSINESS, certificate=OFFICER)
    world.seat(1)
    world.wait("x", 10.0, BUSINESS)
    change(world, 1, 11.0, certificates={"officer": None})
    assert world.offers == [("x", 1)]
    assert native(world, 1).queues == (CITIZENS, BUSINESS)


def test_a_certificate_expires_by_a_deadline(world: World) -> None:
    world.configure(BUSINESS, certificate=OFFICER)
    world.seat(1, certificates={"officer": 100.0})
    assert native(world, 1).queues == (CITIZENS, BUSINESS)
    assert world.state.wake_at == 100.0
    world.state.wake_at = None
    world.apply(Tick(100.0))
    assert native(world, 1).queues == (CITIZENS,)
    world.wait("x", 101.0, BUSINESS)
    world.wait("y", 102.0, CITIZENS)
    assert world.offers == [("y", 1)]


def test_a_certificate_that_has_expired_before_the_log_in_counts_for_nothing(world: World) -> None:
    world.configure(BUSINESS, certificate=OFFICER)
    world.seat(1, 50.0, certificates={"officer": 50.0})
    world.wait("x", 60.0, BUSINESS)
    assert world.offers == []


def test_a_profile_changed_in_a_call_counts_after_it_and_the_call_stays(world: World) -> None:
    world.seat(1, queues=[CITIZENS])
    world.wait("x", 10.0)
    world.answer("x", 1, 11.0)
    world.wait("y", 12.0)
    world.wait("z", 13.0, BUSINESS)
    change(world, 1, 14.0, queues=(BUSINESS,))
    assert world.agent(1).state is S.TALKING
    world.leg_ends("x", 1, 20.0)
    world.ask(1, S.READY, 21.0)
    assert world.offers == [("x", 1), ("z", 1)]


def test_a_skill_gained_while_idle_finds_the_call_that_waits(world: World) -> None:
    world.configure(CITIZENS, needs=(NeedStep(0.0, (Need(SkillName("english"), 2),)),))
    world.seat(1)
    world.wait("x", 10.0)
    change(world, 1, 11.0, skills={"english": 1})
    assert world.offers == []
    change(world, 1, 12.0, skills={"english": 2})
    assert world.offers == [("x", 1)]


def test_a_lost_queue_is_no_longer_offered_and_the_place_among_the_idle_is_kept(world: World) -> None:
    world.seat(1, 1.0)
    world.seat(2, 2.0)
    change(world, 1, 5.0, queues=(CITIZENS,))
    assert (
        len([f for f in world.told(AgentStateChanged) if f.agent_id == 1]) == 2
    )  # log-in and ready: no more
    world.wait("x", 10.0, BUSINESS)
    world.wait("y", 11.0, CITIZENS)
    assert world.offers == [("x", 2), ("y", 1)]


def test_nobody_seated_nothing_said(world: World) -> None:
    before = len(world.commands)
    change(world, 9, 1.0)
    assert len(world.commands) == before


def test_an_agents_own_wrap_up_goes_before_the_queues(world: World) -> None:
    world.seat(1, wrap_up=25.0)
    world.wait("x", 10.0)
    world.answer("x", 1, 11.0)
    world.leg_ends("x", 1, 20.0)
    assert world.agent(1).until == 45.0


def test_each_queue_has_its_wrap_up(world: World) -> None:
    world.configure(BUSINESS, wrap_up_seconds=3.0)
    world.seat(1)
    world.wait("x", 10.0, BUSINESS)
    world.answer("x", 1, 11.0)
    world.leg_ends("x", 1, 20.0)
    assert world.agent(1).until == 23.0


def test_fewest_calls_since_the_log_in(world: World) -> None:
    world.configure(CITIZENS, strategy=Strategy.FEWEST_CALLS, wrap_up_seconds=0.0)
    world.seat(1, 1.0)
    world.wait("a", 2.0)
    world.answer("a", 1, 3.0)
    world.leg_ends("a", 1, 4.0)
    world.seat(2, 5.0)
    world.wait("b", 6.0)
    world.answer("b", 2, 7.0)
    world.leg_ends("b", 2, 8.0)
    world.wait("c", 9.0)
    world.answer("c", 1, 10.0)
    world.leg_ends("c", 1, 11.0)
    world.wait("d", 12.0)  # 1 has taken two, 2 one
    assert world.offers == [("a", 1), ("b", 2), ("c", 1), ("d", 2)]


def test_levels_are_app_queues_penalties_the_best_first_the_others_when_he_is_busy(world: World) -> None:
    asked = (NeedStep(0.0, (Need(SkillName("tax"), 1),)),)
    world.configure(CITIZENS, strategy=Strategy.BEST_SKILL, needs=asked)
    world.seat(1, 1.0, skills={"tax": 2})
    world.seat(2, 2.0, skills={"tax": 5})
    world.seat(3, 3.0, skills={"tax": 3})
    for number, call in enumerate("abc"):
        world.wait(call, 10.0 + number)
    assert world.offers == [("a", 2), ("b", 3), ("c", 1)]
