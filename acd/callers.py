"""How a call is treated because of who calls: lists, frequency, withheld numbers. Pure.

Soft routing only: a call may be heard later, by somebody experienced, or after a spoken message, but it
always waits for a person. Needs relax by themselves (``core.plan.NeedStep``), so nobody waits for ever for
somebody who is not there.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from acd.numbers import normal
from core.callers import CallerEntry, ListKind, Treatment
from core.plan import HEAD_START, Need, NeedStep, Priority
from core.vocabulary import AgentId, CallId, Seconds, SkillName

SENIOR = SkillName("senior")
"""Skill of agents who are used to difficult callers."""
ELDER_CARE = SkillName("elder_care")
VOICE_SERVICE = SkillName("voice_service")
"""What a call needs while the message is played. Whoever is given this skill takes such calls at once."""

CARE = frozenset({ListKind.VIP, ListKind.ELDER_CARE})
"""Lists for somebody's sake: frequency is not held against them."""

MOST_NUMBERS = 50_000
"""How many different numbers are remembered for the frequency."""


class AnonymousPolicy(StrEnum):
    """What becomes of callers who withhold their number."""

    LIKE_EVERYBODY = "like_everybody"
    SENIOR = "senior"
    LOW_PRIORITY = "low_priority"


@dataclass(frozen=True, slots=True)
class CallerPolicy:
    """The rules about callers."""

    cap_calls: int = 20
    """More calls than this by one number within the window: low priority; more than twice as many: a message
    first, too. 0: never."""
    cap_window: Seconds = 3600.0
    relax_after: Seconds = 60.0
    """How long a call waits for an agent with the skill before anybody will do."""
    message_seconds: Seconds = 45.0
    """How long a caller who is sent to the voice service is left to it."""
    anonymous: AnonymousPolicy = AnonymousPolicy.LIKE_EVERYBODY


@dataclass(frozen=True, slots=True)
class Effect:
    """What a treatment does to a call."""

    priority: Priority | None = None
    skill: SkillName | None = None
    message: bool = False


EFFECTS: dict[Treatment, Effect] = {
    Treatment.VIP: Effect(priority=Priority.HIGH),
    Treatment.ELDER_CARE: Effect(priority=Priority.HIGH, skill=ELDER_CARE),
    Treatment.BLOCK: Effect(priority=Priority.LOW, skill=SENIOR, message=True),
    Treatment.VOICE_SERVICE: Effect(message=True),
    Treatment.SENIOR: Effect(skill=SENIOR),
    Treatment.LOW_PRIORITY: Effect(priority=Priority.LOW),
}

ANONYMOUS: dict[AnonymousPolicy, tuple[Treatment, ...]] = {
    AnonymousPolicy.LIKE_EVERYBODY: (),
    AnonymousPolicy.SENIOR: (Treatment.SENIOR,),
    AnonymousPolicy.LOW_PRIORITY: (Treatment.LOW_PRIORITY,),
}


@dataclass(slots=True)
class CallerLists:
    """The entries in force, found by number in as many steps as it has digits."""

    exact: dict[str, list[CallerEntry]] = field(default_factory=dict)
    prefixes: dict[str, list[CallerEntry]] = field(default_factory=dict)

    def replace(self, entries: Iterable[CallerEntry]) -> None:
        """From now on these, and no others."""
        self.exact, self.prefixes = {}, {}
        for entry in entries:
            table = self.prefixes if entry.is_prefix else self.exact
            table.setdefault(entry.number, []).append(entry)

    def find(self, number: str, at: Seconds) -> CallerEntry | None:
        """The entry that counts for a number at a moment.

        The whole number goes before a prefix, a longer prefix before a shorter one; for the same digits the
        order is that of ``ListKind``: what helps a caller first.
        """
        for candidates in self._candidates(number):
            acting = [entry for entry in candidates if at < entry.expires_at]
            if acting:
                return min(acting, key=lambda entry: (_RANK[entry.kind], entry.entry_id))
        return None

    def _candidates(self, number: str) -> Iterator[Sequence[CallerEntry]]:
        yield self.exact.get(number, ())
        for length in range(len(number), 0, -1):
            yield self.prefixes.get(number[:length], ())


_RANK: dict[ListKind, int] = {kind: place for place, kind in enumerate(ListKind)}


@dataclass(slots=True)
class Frequency:
    """When each number called lately; bounded in numbers and in calls of each."""

    calls: OrderedDict[str, deque[Seconds]] = field(default_factory=OrderedDict)
    """The number that called last is at the end."""

    def note(self, number: str, at: Seconds, policy: CallerPolicy) -> int:
        """Count a call; returns how many it makes within the window that ends with it."""
        since = at - policy.cap_window
        moments = self.calls.pop(number, None) or deque(maxlen=2 * policy.cap_calls + 1)
        self._forget(since)
        moments.append(at)
        self.calls[number] = moments
        return sum(since < moment <= at for moment in moments)

    def _forget(self, since: Seconds) -> None:
        while self.calls:
            number, moments = next(iter(self.calls.items()))
            if moments[-1] > since and len(self.calls) < MOST_NUMBERS:
                return
            del self.calls[number]


@dataclass(frozen=True, slots=True)
class Warned:
    """A caller who is being warned that the call will be ended (``acd.disconnects``)."""

    agent_id: AgentId
    asked_at: Seconds


@dataclass(slots=True)
class CallerBook:
    """What the engine remembers about callers."""

    policy: CallerPolicy = field(default_factory=CallerPolicy)
    warnings: dict[CallId, Warned] = field(default_factory=dict)
    lists: CallerLists = field(default_factory=CallerLists)
    frequency: Frequency = field(default_factory=Frequency)


def treatments(book: CallerBook, number: str, at: Seconds) -> Iterator[tuple[Treatment, str]]:
    """What applies to a caller who calls now, and why; the call is counted.

    Yields:
        Treatment and its cause: ``list:<entry id>``, ``frequency`` or ``anonymous``.
    """
    if not number:
        yield from ((what, "anonymous") for what in ANONYMOUS[book.policy.anonymous])
        return
    number, most = normal(number), book.policy.cap_calls
    calls = book.frequency.note(number, at, book.policy) if most else 0
    entry = book.lists.find(number, at)
    if entry is not None:
        yield from _listed(entry)
    if calls > most and (entry is None or entry.kind not in CARE):
        yield Treatment.LOW_PRIORITY, "frequency"
        if calls > 2 * most:
            yield Treatment.VOICE_SERVICE, "frequency"


def _listed(entry: CallerEntry) -> Iterator[tuple[Treatment, str]]:
    cause = f"list:{entry.entry_id}"
    yield Treatment(entry.kind), cause
    if entry.low_priority:
        yield Treatment.LOW_PRIORITY, cause


def priority_after(present: Priority, given: Iterable[Treatment]) -> Priority:
    """The priority that treatments lead to; one that raises never lowers it, and the other way round."""
    for wanted in (EFFECTS[treatment].priority for treatment in given):
        if wanted is not None:
            choose = max if HEAD_START[wanted] > 0 else min
            present = choose(present, wanted, key=HEAD_START.__getitem__)
    return present


def needs_of(policy: CallerPolicy, given: Sequence[Treatment]) -> tuple[NeedStep, ...]:
    """The needs that treatments bring: the message first, then somebody with the skill, then anybody."""
    effects = [EFFECTS[treatment] for treatment in given]
    skill = next((effect.skill for effect in effects if effect.skill is not None), None)
    return tuple(_steps(policy, skill, message=hears_message(given)))


def hears_message(given: Iterable[Treatment]) -> bool:
    """Whether the caller is sent to the voice service first."""
    return any(EFFECTS[treatment].message for treatment in given)


def _steps(policy: CallerPolicy, skill: SkillName | None, *, message: bool) -> Iterator[NeedStep]:
    after = 0.0
    if message:
        yield NeedStep(after, (Need(VOICE_SERVICE, 1),))
        after += policy.message_seconds
    if skill is not None:
        yield NeedStep(after, (Need(skill, 1),))
        after += policy.relax_after
    if after > 0:
        yield NeedStep(after)
