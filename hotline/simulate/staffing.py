"""How many agents each half hour needs: Erlang A for a start, the simulation for the truth.

Agents who share queues form a *pool*; each pool is staffed by itself. Erlang A takes every half hour for
itself and for stationary. The simulation knows what a half hour hands on to the next, phones that ring out,
agents who need the stress room, the volume of the day that is unsure. Half hours that miss the target in it
get more agents, until none does. Then shifts are filled so that they cover what is needed.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from core.vocabulary import QueueName, Seconds
from hotline.simulate.erlang import Load, Target, required_agents
from hotline.simulate.figures import Measured
from hotline.simulate.replicate import Effort, Results, replicate
from hotline.simulate.scenario import HALF_HOUR, Demand, Scenario, Shift, rostered

ROUNDS = 12
"""How often agents are added before it is said that the target is not reached."""
STEP = 0.03
"""Share of agents that are added to a half hour that misses the target; at least one."""
SAMPLE = 100
"""Agents of a shift by whom its coverage of each half hour, breaks and all, is measured."""
SLACK = 0.05
"""So much less than one agent is not worth another one."""


@dataclass(frozen=True, slots=True)
class Need:
    """One half hour of one pool."""

    slot: int
    calls: float
    """Expected."""
    erlang_a: int
    required: int
    rostered: float
    level: float | None
    """Service level with ``required`` agents, as simulated."""
    abandoned: float | None

    @property
    def missing(self) -> float:
        """How many agents the roster lacks; negative: has to spare."""
        return self.required - self.rostered


@dataclass(frozen=True, slots=True)
class Staffing:
    """What one pool needs."""

    queues: tuple[QueueName, ...]
    needs: tuple[Need, ...]
    reached: bool
    """Every half hour meets the target in the simulation."""
    rounds: int
    shifts: tuple[tuple[Shift, int], ...]
    """Each shift of the pool as rostered, and how many agents it should have."""
    uncovered: tuple[int, ...]
    """Half hours that need agents and lie in no shift."""
    verified: Results | None
    """The scenario with the shifts so filled; ``None`` where there are none."""


def pools(scenario: Scenario) -> list[tuple[QueueName, ...]]:
    """The queues with demand, those together that are served by the same people."""
    everything = tuple(scenario.plan.queues)
    found = [{queue} for queue in everything]
    for shift in scenario.shifts:
        served = set(shift.queues or everything)
        touched = [pool for pool in found if pool & served]
        found = [pool for pool in found if not pool & served] + [set().union(*touched)]
    wanted = {queue_of(scenario, demand) for demand in scenario.demand}
    return sorted(tuple(sorted(pool)) for pool in found if pool & wanted)


def queue_of(scenario: Scenario, demand: Demand) -> QueueName:
    """Where a dialled number leads."""
    line = scenario.plan.lines.get(demand.dialled)
    return line.queue if line is not None else scenario.plan.default_queue


def part(scenario: Scenario, queues: tuple[QueueName, ...]) -> Scenario:
    """The scenario of one pool."""
    return replace(
        scenario,
        demand=tuple(demand for demand in scenario.demand if queue_of(scenario, demand) in queues),
        shifts=tuple(
            shift for shift in scenario.shifts if set(shift.queues or scenario.plan.queues) & set(queues)
        ),
    )


def handle_time(scenario: Scenario, demand: Demand) -> Seconds:
    """What a call costs an agent: ringing, talk, writing."""
    habits = scenario.habits
    grant = scenario.plan.rules(queue_of(scenario, demand)).wrap_up_seconds
    writing = grant if habits.wrap_up is None else min(grant, habits.wrap_up.mean)
    return habits.ring.mean + demand.callers.talk.mean + writing


def load_of(scenario: Scenario, slot: int) -> Load:
    """What comes in within one half hour, all lines together; means are weighted by calls."""
    calls = [demand.calls[slot] for demand in scenario.demand]
    total = sum(calls)
    weights = [number / total if total else 1 / len(calls) for number in calls]
    pairs = list(zip(weights, scenario.demand, strict=True))
    # Who loses patience leaves at a rate; rates are averaged, so that "never" has its place.
    losing = sum(weight / demand.callers.patience.mean for weight, demand in pairs)
    return Load(
        rate=total / HALF_HOUR,
        handle=sum(weight * handle_time(scenario, demand) for weight, demand in pairs),
        patience=1 / losing if losing > 0 else math.inf,
    )


def first_guess(scenario: Scenario, target: Target) -> list[int]:
    """Agents per half hour by Erlang A; announcement and ringing are waits that no agent shortens.

    Raises:
        ValueError: no number of agents can meet the target.
    """
    within = target.within - scenario.notice - scenario.habits.ring.mean
    if within < 0:
        raise ValueError("announcement and ringing alone last longer than the threshold")
    return [
        required_agents(load_of(scenario, slot), target, within) if scenario.expected_calls(slot) else 0
        for slot in range(scenario.slots)
    ]


def staffed(scenario: Scenario, agents: Sequence[int]) -> Scenario:
    """The scenario with exactly so many agents in each half hour, who come and go as they are needed.

    They have queues, skills and certificates like those on the roster, in the same proportions.
    """
    return replace(scenario, shifts=tuple(_stretches(scenario, agents)))


def _stretches(scenario: Scenario, agents: Sequence[int]) -> Iterator[Shift]:
    kinds = _kinds(scenario.shifts)
    began: list[int] = []
    for slot, wanted in enumerate([*agents, 0]):
        at = scenario.start + slot * HALF_HOUR
        while len(began) > wanted:
            came = began.pop(0)  # who has been there longest goes
            yield _stretch(next(kinds), scenario.start + came * HALF_HOUR, at)
        began += [slot] * (wanted - len(began))


def _stretch(kind: Shift, start: Seconds, end: Seconds) -> Shift:
    return replace(kind, agents=1, start=start, end=end, breaks=(), daily=False)


def _kinds(shifts: Sequence[Shift]) -> Iterator[Shift]:
    """One shift after the other as a pattern, each as often as it has agents, evenly mixed."""
    patterns = [shift for shift in shifts if shift.agents > 0] or [Shift("agents", 1, 0.0, 0.0)]
    used = [0] * len(patterns)
    while True:
        place = min(range(len(patterns)), key=lambda n: (used[n] + 1) / patterns[n].agents)
        used[place] += 1
        yield patterns[place]


@dataclass(frozen=True, slots=True)
class Seen:
    """One half hour over all replications; ``None`` where nobody called."""

    calls: float
    level: float | None
    abandoned: float | None

    def meets(self, target: Target) -> bool:
        """Whether it reaches the target, or misses it by no more than one standard error: by chance."""
        if self.level is None or self.abandoned is None:
            return True
        few = math.sqrt(target.level * (1 - target.level) / self.calls)
        rare = math.sqrt(target.abandoned * (1 - target.abandoned) / self.calls)
        return target.met(self.level + few, self.abandoned - rare)


def simulated(runs: Sequence[Measured], slot: int) -> Seen:
    """One half hour, by sums of calls over all replications."""
    rows = [run.slots[slot] for run in runs]
    reached = [(row["answered"] or 0.0) + (row["abandoned"] or 0.0) for row in rows]
    offered = sum(row["offered"] or 0.0 for row in rows)
    if sum(reached) == 0 or offered == 0:
        return Seen(0.0, None, None)
    in_time = sum((row["service_level"] or 0.0) * calls for row, calls in zip(rows, reached, strict=True))
    abandoned = sum(row["abandoned"] or 0.0 for row in rows)
    return Seen(offered, in_time / sum(reached), abandoned / offered)


def staff(
    scenario: Scenario,
    target: Target,
    effort: Effort,
    progress: Callable[[str, int], None] = lambda _what, _done: None,
) -> list[Staffing]:
    """What every pool needs.

    Args:
        scenario: who calls, and the roster as it is.
        target: what is to be reached in each half hour.
        effort: of each simulation.
        progress: told what is being done, and how many replications of it are.

    Raises:
        ValueError: no number of agents can meet the target.
    """
    return [
        _staff_pool(part(scenario, queues), queues, target, effort, progress) for queues in pools(scenario)
    ]


def _staff_pool(
    scenario: Scenario,
    queues: tuple[QueueName, ...],
    target: Target,
    effort: Effort,
    progress: Callable[[str, int], None],
) -> Staffing:
    guess = first_guess(scenario, target)
    agents, rounds, missed = list(guess), 0, [0]
    seen: list[Seen] = []
    while missed and rounds < ROUNDS:
        rounds += 1
        results = replicate(staffed(scenario, agents), effort, partial(progress, f"round {rounds}"))
        seen = [simulated(results.runs, slot) for slot in range(scenario.slots)]
        missed = [slot for slot, one in enumerate(seen) if not one.meets(target)]
        if rounds < ROUNDS:
            for slot in missed:
                agents[slot] += max(1, math.ceil(STEP * agents[slot]))
    needs = tuple(
        Need(
            slot,
            scenario.expected_calls(slot),
            guess[slot],
            agents[slot],
            rostered(scenario, slot),
            seen[slot].level,
            seen[slot].abandoned,
        )
        for slot in range(scenario.slots)
    )
    numbers, uncovered = fill(scenario, agents)
    filled = replace(
        scenario,
        shifts=tuple(
            replace(shift, agents=number) for shift, number in zip(scenario.shifts, numbers, strict=True)
        ),
    )
    verified = replicate(filled, effort, partial(progress, "shifts")) if scenario.shifts else None
    return Staffing(
        queues=queues,
        needs=needs,
        reached=not missed,
        rounds=rounds,
        shifts=tuple(zip(scenario.shifts, numbers, strict=True)),
        uncovered=uncovered,
        verified=verified,
    )


def coverage(scenario: Scenario, shift: Shift) -> list[float]:
    """How much of one agent of a shift each half hour has, breaks taken off."""
    alone = replace(scenario, shifts=(replace(shift, agents=SAMPLE),))
    return [rostered(alone, slot) / SAMPLE for slot in range(scenario.slots)]


def fill(scenario: Scenario, needed: Sequence[int]) -> tuple[list[int], tuple[int, ...]]:
    """Agents per shift so that every half hour has what it needs, and the half hours that no shift touches.

    Greedy: the next agent joins the shift where he relieves most; then who is not missed is let go, and two
    whom one of another shift can replace are replaced, as long as there are such.
    """
    covers = [coverage(scenario, shift) for shift in scenario.shifts]
    uncovered = tuple(
        slot for slot, number in enumerate(needed) if number and not any(cover[slot] for cover in covers)
    )
    short = [0.0 if slot in uncovered else float(number) for slot, number in enumerate(needed)]
    numbers = [0] * len(covers)
    while any(value > SLACK for value in short):
        place = max(range(len(covers)), key=lambda n: (_relief(covers[n], short), -n))
        numbers[place] += 1
        short = [value - share for value, share in zip(short, covers[place], strict=True)]
    needs = [0.0 if slot in uncovered else float(number) for slot, number in enumerate(needed)]
    return _exchanged(numbers, covers, needs), uncovered


def _relief(cover: Sequence[float], short: Sequence[float]) -> float:
    return sum(min(max(0.0, value), share) for value, share in zip(short, cover, strict=True))


def _covered(numbers: Sequence[int], covers: Sequence[Sequence[float]], needs: Sequence[float]) -> bool:
    there = (
        sum(n * share for n, share in zip(numbers, column, strict=True))
        for column in zip(*covers, strict=True)
    )
    return all(have >= need - SLACK for have, need in zip(there, needs, strict=True))


def _exchanged(numbers: list[int], covers: Sequence[Sequence[float]], needs: Sequence[float]) -> list[int]:
    """The least that such exchanges lead to."""
    places = range(len(numbers))
    moves: list[tuple[tuple[int, ...], int | None]] = [((gone,), None) for gone in places]
    moves += [((one, two), new) for one in places for two in places if two >= one for new in places]
    found = True
    while found:
        found = False
        for gone, new in moves:
            tried = list(numbers)
            for place in gone:
                tried[place] -= 1
            if new is not None:
                tried[new] += 1
            if min(tried) >= 0 and _covered(tried, covers, needs):
                numbers, found = tried, True
    return numbers
