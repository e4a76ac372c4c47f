from dataclasses import dataclass, field

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from acd.routing import COMPACT_ABOVE, IdlePool, WaitingLine, choose
from core.vocabulary import AgentId, CallId, QueueName

QUEUES = [QueueName(name) for name in ("a", "b", "c")]
A, B, C = QUEUES


def test_nobody_waits_or_nobody_is_idle() -> None:
    waiting, idle = WaitingLine(), IdlePool()
    assert choose(waiting, idle) is None
    waiting.add(A, CallId("x"), 1.0)
    assert choose(waiting, idle) is None
    idle.add(AgentId(1), [B], 1.0)
    assert choose(waiting, idle) is None


def test_longest_waiting_caller_to_longest_idle_agent() -> None:
    waiting, idle = WaitingLine(), IdlePool()
    waiting.add(A, CallId("late"), 2.0)
    waiting.add(A, CallId("early"), 1.0)
    idle.add(AgentId(1), [A, B], 9.0)
    idle.add(AgentId(2), [A], 8.0)
    assert choose(waiting, idle) == ("early", 2)


def test_a_caller_nobody_serves_does_not_hold_up_the_others() -> None:
    waiting, idle = WaitingLine(), IdlePool()
    waiting.add(A, CallId("first"), 1.0)
    waiting.add(B, CallId("second"), 2.0)
    idle.add(AgentId(1), [B, C], 1.0)
    assert choose(waiting, idle) == ("second", 1)


def test_equal_moments_are_broken_by_identity() -> None:
    waiting, idle = WaitingLine(), IdlePool()
    for name in ("y", "x"):
        waiting.add(A, CallId(name), 1.0)
    for number in (2, 1):
        idle.add(AgentId(number), [A], 1.0)
    assert choose(waiting, idle) == ("x", 1)


def test_order_of_the_named_queues_does_not_matter() -> None:
    idle = IdlePool()
    idle.add(AgentId(1), [B, A], 1.0)
    idle.discard(AgentId(1), [A, B])
    assert idle.first(A) is None
    assert len(idle.groups) == 1


def test_discarding_what_is_not_there_is_harmless() -> None:
    waiting, idle = WaitingLine(), IdlePool()
    waiting.discard(A, CallId("x"))
    idle.discard(AgentId(1), [A])
    waiting.add(A, CallId("y"), 1.0)
    waiting.discard(A, CallId("x"))
    assert (waiting.length(A), waiting.length(B)) == (1, 0)


def test_coming_back_with_another_moment_moves_the_place() -> None:
    waiting = WaitingLine()
    waiting.add(A, CallId("x"), 1.0)
    waiting.add(A, CallId("y"), 2.0)
    waiting.discard(A, CallId("x"))
    waiting.add(A, CallId("x"), 3.0)
    assert waiting.first(A) == (2.0, "y")
    waiting.discard(A, CallId("y"))
    assert waiting.first(A) == (3.0, "x")


def test_forgotten_entries_do_not_pile_up() -> None:
    waiting = WaitingLine()
    for turn in range(10_000):
        waiting.add(A, CallId(str(turn)), float(turn))
        waiting.discard(A, CallId(str(turn)))
        if turn % 100 == 0:
            waiting.add(A, CallId("stays"), 0.5)
    line = waiting.queues[A]
    assert len(line.heap) <= COMPACT_ABOVE + 2 * (len(line.members) + 1)
    assert waiting.first(A) == (0.5, "stays")


@dataclass
class Naive:
    """What the heaps must agree with: plain lists, sorted anew each time."""

    waiting: dict[CallId, tuple[float, QueueName]] = field(default_factory=dict)
    idle: dict[AgentId, tuple[float, frozenset[QueueName]]] = field(default_factory=dict)

    def agent_for(self, queue: QueueName) -> AgentId | None:
        fitting = sorted((since, agent) for agent, (since, queues) in self.idle.items() if queue in queues)
        return fitting[0][1] if fitting else None

    def choose(self) -> tuple[CallId, AgentId] | None:
        for _, call, queue in sorted((at, call, queue) for call, (at, queue) in self.waiting.items()):
            agent = self.agent_for(queue)
            if agent is not None:
                return call, agent
        return None


moments = st.integers(0, 8).map(float)  # few, so that equal ones are common
calls = st.sampled_from([CallId(f"c{n}") for n in range(12)])
agents = st.sampled_from([AgentId(n) for n in range(8)])
served = st.frozensets(st.sampled_from(QUEUES), min_size=1)


class AgainstSortedLists(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.waiting, self.idle, self.naive = WaitingLine(), IdlePool(), Naive()

    @rule(call=calls, at=moments, queue=st.sampled_from(QUEUES))
    def wait(self, call: CallId, at: float, queue: QueueName) -> None:
        if call in self.naive.waiting:
            at, queue = self.naive.waiting[call]  # said twice: a caller's place never changes
        self.naive.waiting[call] = (at, queue)
        self.waiting.add(queue, call, at)

    @rule(call=calls)
    def leave(self, call: CallId) -> None:
        _, queue = self.naive.waiting.pop(call, (0.0, A))
        self.waiting.discard(queue, call)

    @rule(agent=agents, since=moments, queues=served)
    def ready(self, agent: AgentId, since: float, queues: frozenset[QueueName]) -> None:
        if agent in self.naive.idle:
            _, queues = self.naive.idle[agent]
        self.naive.idle[agent] = (since, queues)
        self.idle.add(agent, queues, since)

    @rule(agent=agents)
    def busy(self, agent: AgentId) -> None:
        _, queues = self.naive.idle.pop(agent, (0.0, frozenset({A})))
        self.idle.discard(agent, queues)

    @rule()
    def pair_everybody(self) -> None:
        while (pair := choose(self.waiting, self.idle)) is not None:
            assert pair == self.naive.choose()
            call, agent = pair
            self.leave(call)
            self.busy(agent)

    @invariant()
    def same_choice(self) -> None:
        assert choose(self.waiting, self.idle) == self.naive.choose()

    @invariant()
    def same_lines(self) -> None:
        for queue in QUEUES:
            line = sorted((at, call) for call, (at, where) in self.naive.waiting.items() if where == queue)
            assert self.waiting.length(queue) == len(line)
            assert self.waiting.first(queue) == (line[0] if line else None)
            assert self.idle.first(queue) == self.naive.agent_for(queue)


TestAgainstSortedLists = AgainstSortedLists.TestCase
TestAgainstSortedLists.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
