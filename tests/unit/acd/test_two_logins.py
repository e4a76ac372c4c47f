"""One person in two browsers or at two phones, two people at one phone, as the engine carries it out."""

from collections.abc import Sequence

import pytest

from core.commands import MirrorMember
from core.events import AgentLogin
from core.facts import AgentLeft, AgentSatDown, AgentStateChanged, Fact, Refused
from core.vocabulary import AgentId, AgentState
from tests.unit.acd.world import World, phone_of

S = AgentState


def login(
    world: World, agent: int, phone: int, at: float, *, take_over: bool = False, in_charge: bool = False
) -> Sequence[Fact]:
    event = AgentLogin(
        AgentId(agent),
        f"agent {agent}",
        phone_of(phone),
        (),
        at,
        take_over=take_over,
        in_charge=in_charge,
        login=f"login{agent}",
    )
    return world.apply(event).facts


def codes(facts: Sequence[Fact]) -> list[str]:
    return [fact.code for fact in facts if isinstance(fact, Refused)]


@pytest.fixture
def world() -> World:
    """Agent 1 is ready at phone 1; phone 2 is free; agent 3 is on a break at phone 3."""
    there = World()
    there.phone(2, 0.0, reachable=True)
    there.seat(1)
    there.seat(3, ready=False)
    there.facts.clear()
    there.commands.clear()
    return there


def put(world: World, agent: int, state: AgentState) -> None:
    """Bring an agent into a state, as things would."""
    if state in (S.RINGING, S.TALKING):
        world.ask(agent, S.READY, 5.0)
        world.wait("x", 6.0)
        if state is S.TALKING:
            world.answer("x", agent, 7.0)
    else:
        world.ask(agent, state, 5.0)
    assert world.agent(agent).state is state


def test_the_second_browser_finds_the_seat_as_it_is(world: World) -> None:
    assert login(world, 1, 1, 5.0) == login(world, 1, 1, 6.0, take_over=True) == []
    assert world.agent(1).state is S.READY


def test_another_phone_is_refused_and_the_sentence_says_what_helps(world: World) -> None:
    (refused,) = login(world, 1, 2, 5.0)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.field) == ("already_seated", "phone")
    assert "take_over" in refused.message


@pytest.mark.parametrize("state", [S.READY, S.BREAK, S.STRESS_ROOM, S.WRAP_UP])
def test_the_same_person_moves_to_another_phone(world: World, state: AgentState) -> None:
    put(world, 1, state)
    world.facts.clear()
    world.commands.clear()
    login(world, 1, 2, 20.0, take_over=True)
    rows = [(f.from_state, f.to_state, f.cause) for f in world.told(AgentStateChanged)]
    assert rows == [(state, S.OFFLINE, "agent:take_over"), (S.OFFLINE, S.BREAK, "agent")]
    assert [fact.phone for fact in world.told(AgentLeft)] == [phone_of(1)]
    assert [fact.phone for fact in world.told(AgentSatDown)] == [phone_of(2)]
    assert (world.state.agent_at(phone_of(1)), world.agent(1).phone) == (None, phone_of(2))
    last = {command.phone: command.queues for command in world.ordered(MirrorMember)}
    assert last[phone_of(1)] == ()
    assert last[phone_of(2)] != ()


@pytest.mark.parametrize("state", [S.RINGING, S.TALKING])
def test_nobody_moves_out_of_a_call(world: World, state: AgentState) -> None:
    put(world, 1, state)
    assert codes(login(world, 1, 2, 20.0, take_over=True)) == ["call_in_progress"]
    assert (world.agent(1).state, world.agent(1).phone) == (state, phone_of(1))


def test_a_phone_that_is_not_there_costs_nobody_the_seat(world: World) -> None:
    assert codes(login(world, 1, 9, 5.0, take_over=True)) == ["phone_not_registered"]
    world.phone(3, 6.0, reachable=False)
    assert codes(login(world, 2, 3, 7.0, take_over=True, in_charge=True)) == ["phone_not_registered"]
    assert (world.agent(1).phone, world.agent(3).phone) == (phone_of(1), phone_of(3))


def test_a_colleague_may_not_take_the_phone_of_somebody_on_a_break(world: World) -> None:
    assert codes(login(world, 2, 3, 5.0)) == ["phone_taken"]
    assert codes(login(world, 2, 3, 5.0, take_over=True)) == ["phone_taken"]


@pytest.mark.parametrize("state", [S.BREAK, S.NOT_RESPONDING])
def test_a_supervisor_takes_the_phone_of_somebody_who_is_away(world: World, state: AgentState) -> None:
    if state is S.NOT_RESPONDING:
        world.ask(1, S.BREAK, 1.0)
        world.ask(3, S.READY, 2.0)
        world.wait("x", 3.0)
        world.back("x", "NOANSWER", 4.0)
        world.hang_up("x", 4.5)
    assert world.agent(3).state is state
    world.facts.clear()
    login(world, 2, 3, 20.0, take_over=True, in_charge=True)
    rows = [(f.agent_id, f.to_state, f.cause) for f in world.told(AgentStateChanged)]
    assert rows == [(3, S.OFFLINE, "supervisor:login2"), (2, S.BREAK, "agent")]
    assert (world.agent(2).phone, AgentId(3) in world.state.agents) == (phone_of(3), False)


@pytest.mark.parametrize("state", [S.READY, S.RINGING, S.TALKING, S.WRAP_UP, S.STRESS_ROOM])
def test_nobody_takes_the_phone_of_somebody_at_work_or_in_the_stress_room(
    world: World, state: AgentState
) -> None:
    put(world, 1, state)
    assert codes(login(world, 2, 1, 20.0, take_over=True, in_charge=True)) == ["phone_taken"]
    assert world.agent(1).state is state


def test_a_supervisor_moves_and_takes_at_once(world: World) -> None:
    login(world, 1, 3, 5.0, take_over=True, in_charge=True)
    rows = [(f.agent_id, f.from_state, f.to_state) for f in world.told(AgentStateChanged)]
    assert rows == [(3, S.BREAK, S.OFFLINE), (1, S.READY, S.OFFLINE), (1, S.OFFLINE, S.BREAK)]
    assert world.state.by_phone == {phone_of(3): 1}


def test_log_out_during_a_call_is_refused_and_works_afterwards(world: World) -> None:
    put(world, 1, S.TALKING)
    assert codes(world.leave(1, 8.0).facts) == ["call_in_progress"]
    world.leg_ends("x", 1, 9.0)
    assert codes(world.leave(1, 10.0).facts) == []
