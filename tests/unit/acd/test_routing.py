from collections.abc import Iterable
from dataclasses import dataclass, field

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from acd.routing import COMPACT_ABOVE, NOBODY, IdlePool, WaitingLine, pairs
from acd.skills import CallKind, Profile, fit, may_take
from acd.strategies import COMPARATORS, Candidate
from core.plan import Strategy
from core.vocabulary import AgentId, CallId, CertificateName, QueueName, SkillName

QUEUES = [QueueName(name) for name in ("a", "b", "c")]
A, B, C = QUEUES
ANY_A, ANY_B = CallKind(A), CallKind(B)
ENGLISH, DIALECT = SkillName("english"), SkillName("dialect")
HEATING = CertificateName("heating")


def serving(*queues: QueueName, **skills: int) -> Profile:
    levels = tuple(sorted((SkillName(name), level) for name, level in skills.items()))
    return Profile(frozenset(queues), levels)


def ready(idle: IdlePool, agent: int, profile: Profile, since: float, taken: int = 0) -> None:
    idle.add(Candidate(AgentId(agent), since, taken), profile)


def made(waiting: WaitingLine, idle: IdlePool) -> list[tuple[str, int]]:
    return [(str(call), int(agent)) for call, agent in pairs(waiting, idle)]


def test_nobody_waits_or_nobody_is_idle() -> None:
    waiting, idle = WaitingLine(), IdlePool()
    assert made(waiting, idle) == []
    waiting.add(CallId("x"), ANY_A, 1.0)
    assert made(waiting, idle) == []
    ready(idle, 1, serving(B), 1.0)
    assert made(waiting, idle) == []


def test_longest_waiting_caller_to_longest_idle_agent() -> None:
    waiting, idle = WaitingLine(), IdlePool()
    waiting.add(CallId("late"), ANY_A, 2.0)
    waiting.add(CallId("early"), ANY_A, 1.0)
    ready(idle, 1, serving(A, B), 9.0)
    ready(idle, 2, serving(A), 8.0)
    assert made(waiting, idle) == [("early", 2), ("late", 1)]


def test_a_caller_nobody_serves_does_not_hold_up_the_others() -> None:
    waiting, idle = WaitingLine(), IdlePool()
    waiting.add(CallId("first"), ANY_A, 1.0)
    waiting.add(CallId("second"), ANY_B, 2.0)
    ready(idle, 1, serving(B, C), 1.0)
    assert made(waiting, idle) == [("second", 1)]


def test_equal_moments_are_broken_by_identity() -> None:
    waiting, idle = WaitingLine(), IdlePool()
    for name in ("y", "x"):
        waiting.add(CallId(name), ANY_A, 1.0)
    for number in (2, 1):
        ready(idle, number, serving(A), 1.0)
    assert made(waiting, idle) == [("x", 1), ("y", 2)]


def test_an_agent_of_several_queues_takes_the_oldest_call_across_them() -> None:
    waiting, idle = WaitingLine(), IdlePool()
    waiting.add(CallId("b"), ANY_B, 1.0)
    waiting.add(CallId("a"), ANY_A, 2.0)
    assert made(waiting, idle) == []
    ready(idle, 1, serving(A, B), 5.0)
    assert made(waiting, idle) == [("b", 1)]
    ready(idle, 1, serving(A, B), 6.0)
    assert made(waiting, idle) == [("a", 1)]


def test_who_joins_while_pairs_are_made_takes_part() -> None:
    waiting, idle = WaitingLine(), IdlePool()
    waiting.add(CallId("x"), ANY_A, 1.0)
    ready(idle, 1, serving(A), 1.0)
    seen = []
    for call, agent in pairs(waiting, idle):
        if call == "x":
            waiting.add(CallId("y"), ANY_A, 2.0)
            ready(idle, 2, serving(A), 2.0)
        seen.append((str(call), int(agent)))
    assert seen == [("x", 1), ("y", 2)]


def test_discarding_what_is_not_there_is_harmless() -> None:
    waiting, idle = WaitingLine(), IdlePool()
    waiting.discard(CallId("x"))
    idle.discard(AgentId(1))
    waiting.add(CallId("y"), ANY_A, 1.0)
    waiting.discard(CallId("x"))
    assert (waiting.length(A), waiting.length(B)) == (1, 0)


def test_coming_back_with_another_moment_moves_the_place() -> None:
    waiting = WaitingLine()
    waiting.add(CallId("x"), ANY_A, 1.0)
    waiting.add(CallId("y"), ANY_A, 2.0)
    waiting.add(CallId("x"), ANY_A, 3.0)
    agent = (AgentId(1), serving(A))
    assert waiting.first_for(*agent) == (2.0, "y")
    waiting.discard(CallId("y"))
    assert waiting.first_for(*agent) == (3.0, "x")
    waiting.discard(CallId("x"))
    assert waiting.first_for(*agent) == NOBODY


def test_a_call_of_another_queue_leaves_the_old_one() -> None:
    waiting = WaitingLine()
    waiting.add(CallId("x"), ANY_A, 1.0)
    waiting.add(CallId("x"), ANY_B, 1.0)
    assert (waiting.length(A), waiting.length(B)) == (0, 1)
    assert waiting.first_for(AgentId(1), serving(A)) == NOBODY


def test_the_wanted_agent_goes_before_the_strategy_when_idle() -> None:
    waiting, idle = WaitingLine(), IdlePool()
    ready(idle, 1, serving(A), 1.0)
    ready(idle, 2, serving(A), 2.0)
    waiting.add(CallId("x"), ANY_A, 1.0, wanted=AgentId(2))
    waiting.add(CallId("y"), ANY_A, 2.0, wanted=AgentId(3))
    assert made(waiting, idle) == [("x", 2), ("y", 1)]


def test_a_call_that_waits_for_one_agent_alone_is_nobody_elses() -> None:
    waiting, idle = WaitingLine(), IdlePool()
    ready(idle, 1, serving(A), 1.0)
    waiting.add(CallId("x"), ANY_A, 1.0, wanted=AgentId(2), alone=True)
    assert made(waiting, idle) == []
    assert waiting.only_for(AgentId(2)) == ("x",)
    assert waiting.length(A) == 1
    ready(idle, 2, serving(A), 5.0)
    assert made(waiting, idle) == [("x", 2)]
    assert waiting.alone == {}


def test_the_hold_over_the_idle_agent_gets_it() -> None:
    waiting, idle = WaitingLine(), IdlePool()
    ready(idle, 1, serving(A), 1.0)
    waiting.add(CallId("x"), ANY_A, 1.0, wanted=AgentId(2), alone=True)
    assert made(waiting, idle) == []
    waiting.add(CallId("x"), ANY_A, 1.0, wanted=AgentId(2))
    assert made(waiting, idle) == [("x", 1)]


def test_relaxed_needs_find_the_agent_who_was_idle_all_along() -> None:
    waiting, idle = WaitingLine(), IdlePool()
    ready(idle, 1, serving(A, english=1), 1.0)
    waiting.add(CallId("x"), CallKind(A, needs=((ENGLISH, 3),)), 1.0)
    assert made(waiting, idle) == []
    waiting.add(CallId("x"), CallKind(A, needs=((ENGLISH, 1),), asked=((ENGLISH, 3),)), 1.0)
    assert made(waiting, idle) == [("x", 1)]


def test_a_changed_profile_finds_the_call_that_waited() -> None:
    waiting, idle = WaitingLine(), IdlePool()
    ready(idle, 1, serving(A), 1.0)
    waiting.add(CallId("x"), CallKind(A, certificate=HEATING), 1.0)
    assert made(waiting, idle) == []
    ready(idle, 1, Profile(frozenset({A}), certificates=frozenset({HEATING})), 1.0)
    assert made(waiting, idle) == [("x", 1)]


def test_forgotten_entries_do_not_pile_up() -> None:
    waiting = WaitingLine()
    for turn in range(10_000):
        waiting.add(CallId(str(turn)), ANY_A, float(turn))
        waiting.discard(CallId(str(turn)))
        if turn % 100 == 0:
            waiting.add(CallId("stays"), ANY_A, 0.5)
    line = waiting.lines[ANY_A]
    assert len(line.heap) <= COMPACT_ABOVE + 2 * (len(line.members) + 1)
    assert line.head == (0.5, "stays")
    assert waiting.fresh.keys() == {"stays"}


def test_profiles_that_nobody_has_any_more_do_not_pile_up() -> None:
    waiting, idle = WaitingLine(), IdlePool()
    for level in range(1000):
        ready(idle, 1, serving(A, english=level), 1.0)
    assert len(idle.groups) <= COMPACT_ABOVE + 4
    waiting.add(CallId("x"), CallKind(A, needs=((ENGLISH, 999),)), 1.0)
    assert made(waiting, idle) == [("x", 1)]


@dataclass
class Naive:
    """What the heaps must agree with: plain lists, sorted anew each time by the comparators themselves."""

    waiting: dict[CallId, tuple[float, CallKind, AgentId | None, bool]] = field(default_factory=dict)
    idle: dict[AgentId, tuple[Candidate, Profile]] = field(default_factory=dict)

    def agent_for(self, kind: CallKind, wanted: AgentId | None, *, alone: bool) -> AgentId | None:
        able = {agent: c for agent, (c, profile) in self.idle.items() if may_take(profile, kind)}
        if wanted in able:
            return wanted
        if alone or not able:
            return None
        compare = COMPARATORS[kind.strategy]
        return min(able, key=lambda a: compare(self.seen(a, kind)))

    def seen(self, agent: AgentId, kind: CallKind) -> Candidate:
        candidate, profile = self.idle[agent]
        return Candidate(agent, candidate.idle_since, candidate.taken, fit(profile, kind))

    def choose(self) -> tuple[CallId, AgentId] | None:
        for _, call in sorted((entry[0], call) for call, entry in self.waiting.items()):
            _, kind, wanted, alone = self.waiting[call]
            agent = self.agent_for(kind, wanted, alone=alone)
            if agent is not None:
                return call, agent
        return None


moments = st.integers(0, 8).map(float)  # few, so that equal ones are common
calls = st.sampled_from([CallId(f"c{n}") for n in range(12)])
agents = st.sampled_from([AgentId(n) for n in range(1, 8)])
levels = st.dictionaries(st.sampled_from([ENGLISH, DIALECT]), st.integers(1, 3)).map(
    lambda found: tuple(sorted(found.items()))
)
profiles = st.builds(
    Profile,
    queues=st.frozensets(st.sampled_from(QUEUES), min_size=1),
    skills=levels,
    certificates=st.sampled_from([frozenset(), frozenset({HEATING})]),
)
kinds = st.builds(
    CallKind,
    queue=st.sampled_from(QUEUES),
    certificate=st.sampled_from([None, None, HEATING]),
    needs=levels,
    asked=levels,
    strategy=st.sampled_from(Strategy),
)


class AgainstSortedLists(RuleBasedStateMachine):
    """Pairs are looked for at some moments only: what has changed since then is found, and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting, self.idle, self.naive = WaitingLine(), IdlePool(), Naive()

    @rule(call=calls, rank=moments, kind=kinds)
    def wait(self, call: CallId, rank: float, kind: CallKind) -> None:
        self.naive.waiting[call] = (rank, kind, None, False)
        self.waiting.add(call, kind, rank)

    @rule(call=calls, rank=moments, kind=kinds, wanted=agents, alone=st.booleans())
    def wait_for_one(
        self,
        call: CallId,
        rank: float,
        kind: CallKind,
        wanted: AgentId,
        alone: bool,  # noqa: FBT001 - drawn by hypothesis
    ) -> None:
        if alone and (seat := self.naive.idle.get(wanted)) and not may_take(seat[1], kind):
            return  # the engine lets a call wait only for somebody who may take it
        self.naive.waiting[call] = (rank, kind, wanted, alone)
        self.waiting.add(call, kind, rank, wanted=wanted, alone=alone)

    @rule(call=calls)
    def leave(self, call: CallId) -> None:
        self.naive.waiting.pop(call, None)
        self.waiting.discard(call)

    @rule(agent=agents, since=moments, taken=st.integers(0, 2), profile=profiles)
    def becomes_ready(self, agent: AgentId, since: float, taken: int, profile: Profile) -> None:
        for call in self.waiting.only_for(agent):
            if not may_take(profile, self.naive.waiting[call][1]):
                self.leave(call)
        candidate = Candidate(agent, since, taken)
        self.naive.idle[agent] = (candidate, profile)
        self.idle.add(candidate, profile)

    @rule(agent=agents)
    def busy(self, agent: AgentId) -> None:
        self.naive.idle.pop(agent, None)
        self.idle.discard(agent)

    @rule()
    def pair_everybody(self) -> None:
        for pair in pairs(self.waiting, self.idle):
            assert pair == self.naive.choose()
            del self.naive.waiting[pair[0]], self.naive.idle[pair[1]]
        assert self.naive.choose() is None

    @invariant()
    def same_lines(self) -> None:
        for queue in QUEUES:
            line = sorted((e[0], call) for call, e in self.naive.waiting.items() if e[1].queue == queue)
            assert self.waiting.length(queue) == len(line)
            places = self.waiting.places.get(queue)
            if places is not None:
                assert [places.position(call) for _, call in line] == list(range(1, len(line) + 1))

    @invariant()
    def same_members(self) -> None:
        assert self.waiting.standing.keys() == self.naive.waiting.keys()
        assert sorted(together(self.waiting)) == sorted(self.naive.waiting)
        assert sorted(a for group in self.idle.groups.values() for a in group.members) == sorted(
            self.naive.idle
        )


def together(waiting: WaitingLine) -> Iterable[CallId]:
    for line in (*waiting.lines.values(), *waiting.alone.values()):
        yield from line.members


TestAgainstSortedLists = AgainstSortedLists.TestCase
TestAgainstSortedLists.settings = settings(max_examples=80, stateful_step_count=60, deadline=None)
