"""Whatever memory believes of an agent, a picture of Asterisk ends it: every state against every picture.

No state is ever cleared by hand. Where memory holds a call that the picture lacks, it takes a second picture,
which is asked for at once: the first may have been taken while the call moved.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from acd import seats
from core.commands import RequestReconcile
from core.events import LiveCall, Tick
from core.facts import AgentStateChanged
from core.vocabulary import AgentState, CallId
from tests.unit.acd.world import World, live

S = AgentState


@dataclass(frozen=True)
class Truth:
    """What Asterisk shows of agent 1's phone."""

    calls: Sequence[LiveCall] = ()
    registered: bool = True
    busy: bool = False


def offering(*, talking: bool) -> LiveCall:
    return live("x", "offering", entered_at=1.0, agent=1, talking=talking, offer_id=7)


TRUTHS = {
    "idle": Truth(),
    "gone": Truth(registered=False),
    "rings": Truth([offering(talking=False)], busy=True),
    "talks": Truth([offering(talking=True)], busy=True),
    "held": Truth([live("x", "held", entered_at=1.0, agent=1)], busy=True),
    "rates": Truth([live("x", "rating", entered_at=1.0)]),
    "other": Truth(busy=True),
}

MEMORIES = {
    "READY": (S.READY, ""),
    "BREAK": (S.BREAK, "agent"),
    "STRESS_ROOM": (S.STRESS_ROOM, "agent"),
    "WRAP_UP": (S.WRAP_UP, "system:talk_ended"),
    "RINGING": (S.RINGING, "system:offer"),
    "TALKING": (S.TALKING, "system:answered"),
    "OUTBOUND": (S.OUTBOUND, "agent:callout"),
    "silent": (S.NOT_RESPONDING, "system:no_answer"),
    "lost": (S.NOT_RESPONDING, "system:phone_lost"),
}
"""States as memory has them, each without the call that it would belong to."""

# What one picture leads to. "other": the phone is in use by something that is no call of the hotline; for as
# long as it is, a state of a call stays, and the next picture ends it.
GRID = """
             idle            gone            rings       talks    held     rates           other
READY        READY           NOT_RESPONDING  RINGING     TALKING  TALKING  READY           READY
BREAK        BREAK           BREAK           BREAK       TALKING  TALKING  BREAK           BREAK
STRESS_ROOM  STRESS_ROOM     STRESS_ROOM     STRESS_ROOM TALKING  TALKING  STRESS_ROOM     STRESS_ROOM
WRAP_UP      WRAP_UP         WRAP_UP         WRAP_UP     TALKING  TALKING  WRAP_UP         WRAP_UP
RINGING      READY           NOT_RESPONDING  RINGING     TALKING  TALKING  READY           RINGING
TALKING      WRAP_UP         WRAP_UP         WRAP_UP     TALKING  TALKING  WRAP_UP         TALKING
OUTBOUND     READY           NOT_RESPONDING  OUTBOUND    TALKING  TALKING  READY           OUTBOUND
silent       NOT_RESPONDING  NOT_RESPONDING  NOT_RESPONDING TALKING TALKING NOT_RESPONDING NOT_RESPONDING
lost         READY           NOT_RESPONDING  READY       TALKING  TALKING  READY           READY
"""


def cells() -> list[tuple[str, str, AgentState]]:
    head, *rows = [line.split() for line in GRID.strip().splitlines()]
    return [
        (row[0], truth, AgentState(cell)) for row in rows for truth, cell in zip(head, row[1:], strict=True)
    ]


def believing(memory: str) -> World:
    """Agent 1 is in a state, however that came about; agent 2 on a break."""
    world = World()
    world.seat(1, ready=False)
    world.seat(2, ready=False)
    agent = world.agent(1)
    agent.state, agent.cause = MEMORIES[memory]
    agent.since = 5.0
    if agent.state is S.READY:
        seats.join_pool(world.state, agent)
    agent.reachable = memory != "lost"
    agent.until = 25.0 if agent.state is S.WRAP_UP else None  # no timer: that is believed wrongly, too
    world.facts.clear()
    return world


def look(world: World, truth: Truth, at: float) -> None:
    phones = [1, 2] if truth.registered else [2]
    world.picture(at, *truth.calls, phones=phones, busy=[1] if truth.busy else [])


@pytest.mark.parametrize(("memory", "truth", "expected"), cells())
def test_one_picture_puts_the_agent_right(memory: str, truth: str, expected: AgentState) -> None:
    world = believing(memory)
    look(world, TRUTHS[truth], 20.0)
    agent = world.agent(1)
    assert agent.state is expected
    changes = [fact for fact in world.told(AgentStateChanged) if fact.agent_id == 1]
    states = [MEMORIES[memory][0], *(fact.to_state for fact in changes)]
    assert [fact.from_state for fact in changes] == states[:-1]
    assert all(fact.cause for fact in changes)


@pytest.mark.parametrize(("memory", "truth"), [(memory, truth) for memory in MEMORIES for truth in TRUTHS])
def test_nothing_sticks_once_the_phone_is_idle(memory: str, truth: str) -> None:
    """Whatever was seen first, pictures of an idle phone and the end of the wrap-up free the agent."""
    world = believing(memory)
    look(world, TRUTHS[truth], 20.0)
    for at in (30.0, 31.0, 32.0):
        look(world, TRUTHS["idle"], at)
    world.apply(Tick(1e6))
    agent = world.agent(1)
    assert agent.state not in (S.RINGING, S.TALKING, S.OUTBOUND, S.WRAP_UP)
    assert (agent.call_id, agent.reachable) == (None, True)
    if agent.state is S.NOT_RESPONDING:
        assert agent.cause not in seats.PHONE_CAUSES


@pytest.mark.parametrize("state", [S.RINGING, S.TALKING])
def test_a_call_that_is_missing_takes_a_second_picture_which_is_asked_for(state: AgentState) -> None:
    world = World()
    world.seat(1)
    world.wait("y", 3.0)
    if state is S.TALKING:
        world.answer("y", 1, 4.0)
    look(world, TRUTHS["idle"], 20.0)
    assert world.agent(1).state is state
    assert world.ordered(RequestReconcile)
    look(world, TRUTHS["idle"], 21.0)
    assert world.agent(1).state is (S.READY if state is S.RINGING else S.WRAP_UP)


def test_a_talk_with_another_caller_than_memory_has_counts_at_once() -> None:
    world = World()
    world.seat(1)
    world.wait("y", 3.0)
    world.answer("y", 1, 4.0)
    look(world, TRUTHS["talks"], 20.0)
    assert (world.agent(1).state, world.agent(1).call_id) == (S.TALKING, CallId("x"))


def test_the_grid_holds_every_pair() -> None:
    pairs = [(memory, truth) for memory, truth, _ in cells()]
    assert sorted(pairs) == sorted((memory, truth) for memory in MEMORIES for truth in TRUTHS)
    assert {state for state, _ in MEMORIES.values()} == set(S) - {S.OFFLINE}
