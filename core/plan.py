"""The routing plan: queues, lines and the rules for calls, as data that may change while calls go on. Pure.

``acd.plan_store`` reads it from PostgreSQL, ``acd.engine`` decides by it; a change is one event
(``core.events.PlanChanged``) with a whole new plan. Durations are seconds, levels 1 to 5.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from core.vocabulary import CertificateName, QueueName, Seconds, SkillName


class Priority(StrEnum):
    """Priority classes of calls; ``HEAD_START`` says what each is worth."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


HEAD_START: dict[Priority, Seconds] = {
    Priority.LOW: -120.0,
    Priority.NORMAL: 0.0,
    Priority.HIGH: 300.0,
    Priority.URGENT: 86_400.0,
}
"""How much earlier a call counts as having arrived. Who waits longer than the difference is served first all
the same, so nothing starves; the urgent lane's head start is longer than anybody waits."""


class Strategy(StrEnum):
    """Which of several idle agents is offered a call; the comparators are ``acd.strategies``."""

    LONGEST_IDLE = "longest_idle"
    FEWEST_CALLS = "fewest_calls"
    BEST_SKILL = "best_skill"


@dataclass(frozen=True, slots=True)
class Need:
    """A skill that an agent must have at least at this level."""

    skill: SkillName
    level: int


@dataclass(frozen=True, slots=True)
class NeedStep:
    """What a call needs from ``after`` seconds of waiting on. Later steps ask for less."""

    after: Seconds
    needs: tuple[Need, ...] = ()


class Relief(StrEnum):
    """Where a call goes that its queue does not keep."""

    STAY = "stay"
    QUEUE = "queue"
    CALL_BACK = "call_back"
    VOICEMAIL = "voicemail"
    MESSAGE = "message"
    """A spoken message, then the end; the outcome is ``overflowed`` with its cause."""


@dataclass(frozen=True, slots=True)
class OverflowRule:
    """One way out of a queue; the first whose every given condition holds counts. At least one is given."""

    to: Relief
    queue: QueueName | None = None
    """For ``Relief.QUEUE``."""
    after_wait: Seconds | None = None
    """The call has waited this long."""
    longer_than: int | None = None
    """More calls than this wait in the queue."""
    expected_over: Seconds | None = None
    """The expected wait is above this."""


class EmptyPolicy(StrEnum):
    """Whether a call may wait where nobody serves the queue (app_queue: joinempty, leavewhenempty)."""

    ALLOW = "allow"
    NEED_SEATED = "need_seated"
    """Somebody who serves it is logged in, in whatever state."""
    NEED_WORKING = "need_working"
    """Somebody who serves it is ready, in a call or in wrap-up."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Open on this weekday (Monday 0) from one minute of the day to another (0..1440)."""

    weekday: int
    opens: int
    closes: int


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """When a line is staffed, in local time of ``zone``."""

    zone: str
    week: tuple[Slot, ...]
    closed_days: frozenset[date] = frozenset()
    extra_days: Mapping[date, int] = field(default_factory=dict)
    """Make-up workdays: the day -> the weekday (0..6) whose hours hold on it."""


@dataclass(frozen=True, slots=True)
class CallBackRules:
    """Call-back in queue: offered when the caller would really wait."""

    offer_above: Seconds = 120.0
    """Expected wait from which on it is offered."""
    tries: int = 3
    retry_after: Seconds = 900.0
    expires_after: Seconds = 86_400.0


@dataclass(frozen=True, slots=True)
class QueueRules:
    """One queue."""

    name: QueueName
    wrap_up_seconds: Seconds
    ring_seconds: Seconds
    wrap_up_step_seconds: Seconds = 60.0
    """How much longer a wrap-up gets each time the agent asks for more."""
    wrap_up_extensions: int = 3
    """How often he may ask for it after one call; 0: not at all."""
    title: str = ""
    service_level_seconds: Seconds = 15.0
    strategy: Strategy = Strategy.LONGEST_IDLE
    last_agent_within: Seconds = 0.0
    """The caller's last agent is preferred for this long after their talk; 0: not."""
    last_agent_hold: Seconds = 0.0
    """How long a call waits for that agent alone when he is busy."""
    certificate: CertificateName | None = None
    """Without it an agent is never offered this queue, whatever the waiting time."""
    needs: tuple[NeedStep, ...] = ()
    priority: Priority = Priority.NORMAL
    music: str = "default"
    greeting: str = ""
    """Name of a prompt played before the caller waits; a line's own replaces it."""
    max_waiting: int | None = None
    full_to: Relief = Relief.MESSAGE
    join_empty: EmptyPolicy = EmptyPolicy.ALLOW
    leave_empty: EmptyPolicy = EmptyPolicy.ALLOW
    empty_to: Relief = Relief.MESSAGE
    hours: OpeningHours | None = None
    """``None``: day and night."""
    closed_to: Relief = Relief.MESSAGE
    overflow: tuple[OverflowRule, ...] = ()
    announce_every: Seconds = 0.0
    """Between two announcements of position and expected wait; 0: none."""
    announce_position: bool = True
    announce_wait: bool = True
    call_back: CallBackRules | None = None
    redial_within: Seconds = 0.0
    """Who gave up and calls again within this time keeps the place; 0: not."""


@dataclass(frozen=True, slots=True)
class Line:
    """One dialled number: a former hotline keeps its number and may have its own treatment."""

    number: str
    queue: QueueName
    title: str = ""
    greeting: str = ""
    priority: Priority | None = None
    needs: tuple[NeedStep, ...] = ()
    """Beside those of the queue."""


@dataclass(frozen=True, slots=True)
class RoutingPlan:
    """Everything that is configured about routing."""

    queues: Mapping[QueueName, QueueRules]
    default_queue: QueueName
    lines: Mapping[str, Line] = field(default_factory=dict)
    """By dialled number; any other number leads to the default queue."""
    version: int = 0

    def known(self, queue: QueueName) -> QueueName:
        """The queue itself, or the default one for a name that is not (or no longer) configured.

        Nobody serves such a name: its callers would wait for ever.
        """
        return queue if queue in self.queues else self.default_queue

    def rules(self, queue: QueueName) -> QueueRules:
        """The queue's rules; those of the default queue for a name that is not (or no longer) configured."""
        return self.queues[self.known(queue)]
