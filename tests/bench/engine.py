"""``python -m tests.bench.engine``: how long one decision takes, and how it grows with the number of waiting.

No servers: the engine as it is, fed with what a busy centre sees. 5,000 agents of 200 different profiles,
calls of several queues that need skills, everybody busy, thousands waiting. Each turn of the measured part is
one call's life: a talk ends and its agent is offered the next call, that call is answered, the old caller is
gone, a new one arrives and waits. The last line of the output is one JSON object; times are microseconds.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import NoReturn
from uuid import UUID

from acd.engine import decide
from acd.model import Decision, State
from core.commands import OfferCall
from core.events import (
    AgentLegEnded,
    AgentLogin,
    AgentStateAsked,
    CallAnswered,
    CallArrived,
    CallHungUp,
    CallWaiting,
    Event,
    PhoneReachability,
    PhoneRinging,
    Tick,
)
from core.plan import Line, Need, NeedStep, QueueRules, RoutingPlan, Strategy
from core.vocabulary import AgentId, AgentState, CallId, Phone, QueueName, Seconds, SkillName
from hotline.inbox import Handler, Inbox
from telephony.ami import Switch
from telephony.protocol import GREETING, GuardedProtocol
from tests.bench.gaps import percentile

AGENTS = 5_000
PROFILES = 200
WAITING = 10_000
GROWTH = (100, 1_000, 10_000, 100_000)
TURNS = 4_000
INGEST_CALLS = 10_000
CHUNK_BYTES = 16_384
"""What one read of the socket brings at most when events pour in."""

QUEUES = [QueueName(f"queue{n}") for n in range(10)]
SKILLS = [SkillName(f"skill{n}") for n in range(20)]
STRATEGIES = list(Strategy)
SYSTEM = "bench"
BEGIN: Seconds = 2_000_000.0
LEG_GONE = 4
STEP: Seconds = 0.005
"""Virtual time between two events: needs relax while the measurement runs."""


def plan() -> RoutingPlan:
    """Ten queues of all strategies, twenty lines; half the calls need a skill, less of it after a while."""
    queues = {
        name: QueueRules(
            name,
            wrap_up_seconds=0.0,
            ring_seconds=15.0,
            strategy=STRATEGIES[n % len(STRATEGIES)],
            last_agent_within=3600.0,
            redial_within=300.0,
            needs=_steps(n) if n % 2 else (),
        )
        for n, name in enumerate(QUEUES)
    }
    lines = {
        str(12300 + n): Line(str(12300 + n), QUEUES[n % len(QUEUES)], needs=_steps(n + 7) if n > 9 else ())
        for n in range(20)
    }
    return RoutingPlan(queues, QUEUES[0], lines)


def _steps(n: int) -> tuple[NeedStep, ...]:
    skill = SKILLS[n % len(SKILLS)]
    return tuple(
        NeedStep(after, (Need(skill, level),) if level else ())
        for after, level in ((0, 3), (60, 1), (600, 0))
    )


def profile(number: int) -> tuple[tuple[QueueName, ...], dict[SkillName, int]]:
    """One of 200, all different: up to three queues, one of them without needs, and six skills."""
    n = number % PROFILES
    first, second, plain = n % 10, (n // 10) % 10, 2 * ((n // 20 + 3) % 5)
    skills = [first, second, first + 7, second + 7, n // 10, n // 10 + 5]
    return (
        tuple(sorted({QUEUES[first], QUEUES[second], QUEUES[plain]})),
        {SKILLS[skill % 20]: 1 + (n // 20 + k) % 5 for k, skill in enumerate(skills)},
    )


def call_id(number: int) -> CallId:
    """A canonical id."""
    return CallId(str(UUID(int=number)))


def phone_of(agent: int) -> Phone:
    """Every agent has one."""
    return Phone(str(100_000 + agent))


@dataclass
class Centre:
    """A busy centre under virtual time; what each decision took is kept."""

    state: State = field(default_factory=lambda: State(plan(), next_offer_id=1, run_id="bench", online=True))
    now: Seconds = 1_000_000.0
    calls: int = 0
    talking: list[tuple[CallId, AgentId]] = field(default_factory=list)
    took: list[int] = field(default_factory=list)
    chose: list[int] = field(default_factory=list)
    """Of those the ones that ended in an offer."""

    def apply(self, event: Event) -> Decision:
        """One decision, timed."""
        self.now += STEP
        begun = perf_counter_ns()
        decision = decide(self.state, event, self.now)
        took = perf_counter_ns() - begun
        self.took.append(took)
        for command in decision.commands:
            if isinstance(command, OfferCall):
                self.chose.append(took)
                self._answer(command)
        return decision

    def _answer(self, offer: OfferCall) -> None:
        self.talking.append((offer.call_id, offer.agent_id))
        self.apply(CallAnswered(offer.call_id, offer.phone, f"PJSIP/{offer.phone}", self.now))

    def seat(self, number: int) -> None:
        """An agent logs in and is ready."""
        agent, phone = AgentId(number), phone_of(number)
        queues, skills = profile(number)
        self.apply(PhoneReachability(phone, reachable=True, at=self.now))
        self.apply(AgentLogin(agent, f"agent {number}", phone, queues, self.now, skills))
        self.apply(AgentStateAsked(agent, AgentState.READY, "", "agent", self.now))

    def arrive(self, line: int | None = None) -> None:
        """A caller arrives and waits."""
        self.calls += 1
        line = self.calls % 20 if line is None else line
        call, queue = call_id(self.calls), QUEUES[line % len(QUEUES)]
        number = f"138{self.calls:08d}"
        who = (call, f"PJSIP/trunk-{self.calls:08x}", f"u{self.calls}", number, str(12300 + line), queue)
        entered = self.now
        self.apply(CallArrived(*who, entered))
        self.apply(CallWaiting(*who, entered, None, None, "", self.now))

    def employ(self) -> None:
        """A caller for somebody who is idle."""
        idle = next(iter(self.state.idle.where.values())).profile.queues
        self.arrive(next(line for line in range(0, 10, 2) if QUEUES[line] in idle))

    def turn(self) -> None:
        """A talk ends, its caller leaves; another one arrives."""
        call, agent = self.talking.pop(self.calls * 7919 % len(self.talking))
        phone = phone_of(agent)
        self.apply(AgentLegEnded(call, phone, f"PJSIP/{phone}", self.now))
        self.apply(CallHungUp(call, "PJSIP/trunk", 16, self.now, agent_left=True))
        self.arrive()
        if self.state.wake_at is not None and self.state.wake_at <= self.now:
            self.state.wake_at = None
            self.apply(Tick(self.now))


def busy(waiting: int) -> Centre:
    """Everybody talks, and so many wait."""
    centre = staffed()
    while centre.state.idle.where:
        centre.employ()
    while len(centre.state.waiting.standing) < waiting:
        centre.arrive()
    return centre


def measure(waiting: int) -> Centre:
    """The times of the turns alone."""
    centre = busy(waiting)
    centre.took.clear()
    centre.chose.clear()
    for _ in range(TURNS):
        centre.turn()
    return centre


def microseconds(took: list[int], share: float) -> float:
    """A percentile of nanoseconds."""
    return round(percentile([ns / 1000 for ns in took], share), 1)


# --- ingest: the bytes of whole calls through the real protocol into the engine --------------------


PARTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
"""When the six events of a plain call happen: arrived, waits, rings, answered, leg gone, caller gone."""


def moments() -> list[tuple[Seconds, int, int]]:
    """Many calls that overlap, in order: the moment, the call, which of its six events."""
    return sorted(
        (BEGIN + number * 0.005 + after, number, part)
        for number in range(1, INGEST_CALLS + 1)
        for part, after in enumerate(PARTS)
    )


def rehearse() -> dict[int, Phone]:
    """Which phone rings for which call: the engine is deterministic, so it says the same again."""
    centre, phones = staffed(), dict[int, Phone]()
    for at, number, part in moments():
        call, trunk = call_id(number), f"PJSIP/trunk-{number:08x}"
        who = (call, trunk, f"{SYSTEM}-{number}.1", f"138{number:08d}", str(12300 + 2 * (number % 5)))
        queue = QUEUES[2 * (number % 5)]
        leg = (call, phones.get(number, Phone("")), trunk, at)
        event: Event = (
            CallArrived(*who, queue, at),
            CallWaiting(*who, queue, at - 0.1, None, None, "", at),
            PhoneRinging(*leg),
            CallAnswered(*leg),
            AgentLegEnded(*leg),
            CallHungUp(call, trunk, 16, at),
        )[part]
        for command in decide(centre.state, event, BEGIN).commands:
            if isinstance(command, OfferCall):
                phones[number] = command.phone
    return phones


def block(at: Seconds, number: int, part: int, phone: Phone) -> str:
    """One event of a plain call as Asterisk writes it, without the end."""
    call, trunk, leg = call_id(number), f"PJSIP/trunk-{number:08x}", f"PJSIP/{phone}-{number:08x}"
    name = ("UserEvent", "UserEvent", "DialBegin", "DialEnd", "Hangup", "Hangup")[part]
    line = 2 * (number % 5)
    begun = at - PARTS[part]
    mine = f"CallId: {call}\r\nCaller: 138{number:08d}\r\nDialled: {12300 + line}\r\n"
    mine += f"Queue: {QUEUES[line]}\r\nEnteredAt: {begun:.6f}"
    dest = f"DestChannel: {leg}\r\nDestChannelState: 5\r\nDestAccountCode: {call}\r\nDestUniqueid: u"
    further = (
        f"UserEvent: HotlineArrived\r\n{mine}",
        f"UserEvent: HotlineWaiting\r\n{mine}\r\nNoticeAt: \r\nOffer: \r\nDialStatus: ",
        f"{dest}\r\nDialString: {phone}",
        f"{dest}\r\nDialStatus: ANSWER",
        "Cause: 16\r\nCause-txt: Normal Clearing",
        "Cause: 16\r\nCause-txt: Normal Clearing",
    )[part]
    return (
        f"Event: {name}\r\nPrivilege: call,all\r\nTimestamp: {at:.6f}\r\nSystemName: {SYSTEM}\r\n"
        f"Channel: {leg if part == LEG_GONE else trunk}\r\nChannelState: 6\r\nChannelStateDesc: Up\r\n"
        f"CallerIDNum: 13800000000\r\nCallerIDName: <unknown>\r\nConnectedLineNum: <unknown>\r\n"
        f"ConnectedLineName: <unknown>\r\nLanguage: zh\r\nAccountCode: {call}\r\nContext: acd-hold\r\n"
        f"Exten: s\r\nPriority: 2\r\nUniqueid: {SYSTEM}-{number}.1\r\nLinkedid: {SYSTEM}-{number}.1\r\n"
        f"{further}\r\n\r\n"
    )


def staffed() -> Centre:
    """Everybody ready."""
    centre = Centre()
    for number in range(1, AGENTS + 1):
        centre.seat(number)
    return centre


async def ingest(data: bytes, handle: Handler) -> float:
    """AMI events per second, from the bytes of the socket through the inbox into ``handle``."""
    inbox = Inbox()
    inbox.connect(handle)
    switch = Switch(_nowhere, {phone_of(n) for n in range(1, AGENTS + 1)}, inbox.put)
    protocol = GuardedProtocol(SYSTEM, _gate(switch), switch.stats)
    protocol.data_received(GREETING + b"11.0.0\r\n")
    begun = perf_counter_ns()
    for start in range(0, len(data), CHUNK_BYTES):
        protocol.data_received(data[start : start + CHUNK_BYTES])
    took = (perf_counter_ns() - begun) / 1e9
    stats = switch.stats
    wrong = stats.dropped_forged + stats.malformed + stats.sink_errors + stats.untranslated + inbox.failed
    if stats.events != 6 * INGEST_CALLS or inbox.handled != stats.events or wrong:
        raise AssertionError(f"events went wrong: {stats.events} of {6 * INGEST_CALLS}, {wrong} faults")
    return stats.events / took


async def ingest_figures() -> dict[str, int]:
    """Events taken in alone, and with everything that is decided about them."""
    phones, state = rehearse(), staffed().state
    data = "".join(block(at, number, part, phones[number]) for at, number, part in moments()).encode()
    alone = await ingest(data, lambda _event: ())
    decided = await ingest(data, lambda event: decide(state, event, BEGIN).facts)
    if state.calls or len(state.finished) != INGEST_CALLS:
        raise AssertionError("calls are left over")
    return {"ingest_events_per_s": round(alone), "decided_events_per_s": round(decided)}


def _nowhere() -> NoReturn:
    raise AssertionError("nothing connects in this measurement")


def _gate(switch: Switch) -> Callable[[dict[str, str]], None]:
    """What the connection calls for each genuine event."""
    return switch._on_event


def main() -> None:
    """Measure and print."""
    growth, decide_us = [], {}
    for waiting in sorted({*GROWTH, WAITING}):
        centre = measure(waiting)
        growth.append([waiting, microseconds(centre.took, 0.5)])
        line = {"waiting": waiting, "offers_us": microseconds(centre.chose, 0.5)}
        sys.stderr.write(
            json.dumps({**line, "decisions": len(centre.took), "offers": len(centre.chose)}) + "\n"
        )
        if waiting == WAITING:
            decide_us = {"p50": growth[-1][1], "p99": microseconds(centre.took, 0.99)}
            decide_us["offer_p50"] = line["offers_us"]
    result = {"decide_us": decide_us, "growth": growth, **asyncio.run(ingest_figures())}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
