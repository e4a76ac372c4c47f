"""Whatever Asterisk does, says twice, says late or never says: the engine's promises hold and memory heals.

``ENGINE_EXAMPLES`` and ``ENGINE_STEPS`` in the environment make a longer search of it.
"""

import os
from collections import Counter
from typing import ClassVar

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from acd.engine import decide
from acd.model import Agent, Call, State
from acd.phases import Phase
from acd.placing import BACK_SOON, rank_of
from acd.routing import COMPACT_ABOVE
from acd.service import restore
from acd.skills import may_take
from acd.timers import Deadline
from agents.model import SeatedAgent
from core.breaks import BreakReason
from core.commands import Command, MarkCall, OfferCall, ReturnToHold
from core.events import (
    AgentLogin,
    AgentLogout,
    AgentProfileChanged,
    AgentStateAsked,
    BreakReasonsChanged,
    Event,
    NextStateCancelled,
    OfferFailed,
    PlanChanged,
    PriorityAsked,
    Reconciled,
    TelephonyLost,
    Tick,
    WrapUpExtensionAsked,
    WrapUpFinished,
)
from core.facts import (
    AgentStateChanged,
    CallFinished,
    CallOffered,
    CallQueued,
    Fact,
    OfferEnded,
    OfferStarted,
    TalkEnded,
    TalkStarted,
)
from core.plan import Need, NeedStep, Priority, QueueRules, RoutingPlan, Strategy
from core.vocabulary import AgentId, AgentState, CallId, CertificateName, QueueName, Seconds, SkillName
from tests.unit.acd.switch import JOURNAL_LINES, Channel, Switch
from tests.unit.acd.world import BUSINESS, CITIZENS, RING, WRAP_UP, new_state, phone_of

AGENTS = range(1, 5)
SERVED: dict[int, tuple[QueueName, ...]] = {1: (), 2: (CITIZENS,), 3: (BUSINESS,), 4: (BUSINESS, CITIZENS)}
ENGLISH, OFFICER = SkillName("english"), CertificateName("officer")


def plan(version: int = 0) -> RoutingPlan:
    """A queue whose needs relax, and one with a certificate; who calls again keeps place and agent."""
    return RoutingPlan(
        {
            CITIZENS: QueueRules(
                CITIZENS,
                WRAP_UP,
                RING,
                strategy=list(Strategy)[version % len(Strategy)],
                needs=(
                    NeedStep(0.0, (Need(ENGLISH, 2),)),
                    NeedStep(2.0, (Need(ENGLISH, 1),)),
                    NeedStep(20.0),
                ),
                redial_within=60.0,
                last_agent_within=100.0,
                last_agent_hold=2.0 * (version % 2),
            ),
            BUSINESS: QueueRules(
                BUSINESS,
                WRAP_UP / 5,
                RING,
                certificate=OFFICER if version % 3 != 1 else None,
                priority=Priority.LOW,
                last_agent_within=100.0,
                last_agent_hold=4.0,
            ),
        },
        CITIZENS,
        version=version,
    )


REDIRECT_SECONDS = 1.0
"""How long a command may be under way."""
SKILLS = {1: {ENGLISH: 3}, 2: {ENGLISH: 1}, 3: dict[SkillName, int](), 4: {ENGLISH: 2}}
LIMITED = 3
"""The agent whose certificate is about to expire."""
TICK_LATE_SECONDS = 31.0
"""Time may pass by so much at once in this model before its deadlines are told."""
CALL_LIMIT = 12
"""Callers at the same time: few, so that things meet."""

IN_A_CALL = (AgentState.RINGING, AgentState.TALKING)
HELD = {Phase.OFFERING: AgentState.RINGING, Phase.TALKING: AgentState.TALKING}

pick = st.integers(0, 10**6)


class Hotline(RuleBasedStateMachine):
    """The engine against the model."""

    CARRIED: ClassVar[tuple[type[Command], ...]] = (OfferCall, ReturnToHold)
    """Commands that are under way for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.switch = Switch()
        self.state: State = new_state()
        self.state.plan = plan()
        self.sent: list[tuple[Seconds, Command]] = []
        self.pictures: list[Reconciled] = []
        self.counts: Counter[tuple[str, object]] = Counter()
        self.rows: dict[AgentId, AgentState] = {}
        """The latest row of each agent's states: the next one begins where it ended."""
        self.numbers = 0
        self.runs = 0

    @initialize()
    def begin(self) -> None:
        for number in AGENTS:
            self.switch.register(phone_of(number), there=True)
        self.deliver_all()

    # --- plumbing ---

    def put(self, event: Event) -> None:
        decision = decide(self.state, event, self.switch.now)
        for command in decision.commands:
            if isinstance(command, MarkCall):
                self.switch.mark(command)
            elif isinstance(command, OfferCall):
                self.is_right(command)
        self.sent += [(self.switch.now, c) for c in decision.commands if isinstance(c, self.CARRIED)]
        if not self.state.online:
            assert not any(isinstance(command, OfferCall) for command in decision.commands)
        for fact in decision.facts:
            self.note(fact)

    def is_right(self, offer: OfferCall) -> None:
        """Who is offered a call may take it, and nobody before it in the order waits whom he could take."""
        call, agent = self.state.calls[offer.call_id], self.state.agents[offer.agent_id]
        assert agent.profile is not None
        certificate = self.state.rules(call.queue).certificate
        if certificate is not None:
            until = agent.certificates[certificate]
            assert until is None or until > self.switch.now - TICK_LATE_SECONDS
        mine = (rank_of(call), call.call_id)
        for other, entry in self.state.waiting.standing.items():
            open_to_him = not entry.alone or entry.wanted == agent.agent_id
            if open_to_him and may_take(agent.profile, entry.kind):
                assert entry.place > mine, f"{other} was passed over"

    def note(self, fact: Fact) -> None:
        """Count what may be said once."""
        match fact:
            case CallOffered() | CallQueued() | TalkStarted() | TalkEnded() | CallFinished():
                key: tuple[str, object] = (type(fact).__name__, fact.call_id)
            case OfferStarted():
                key = ("OfferStarted", fact.offer_id)
            case OfferEnded():
                # An offer given up just before a restart may ring on: the record keeps the first result.
                key = ("OfferEnded", (fact.offer_id, self.runs))
            case AgentStateChanged():
                key = ("state", fact.key)
                assert fact.from_state is self.rows.get(fact.agent_id, AgentState.OFFLINE)
                assert fact.cause
                self.rows[fact.agent_id] = fact.to_state
            case _:
                return
        self.counts[key] += 1
        assert self.counts[key] == 1, f"said twice: {key}"

    def channels(self, *stages: str) -> list[Channel]:
        return [channel for channel in self.switch.channels.values() if channel.stage in stages]

    def run_command(self, command: Command, *, refuse: bool = False) -> None:
        match command:
            case OfferCall() if refuse or not self.switch.offer(command):
                self.put(OfferFailed(command.call_id, command.offer_id, "refused", self.switch.tick()))
            case ReturnToHold() if not refuse:
                self.switch.take_back(command)

    def pass_time(self, seconds: Seconds) -> None:
        """What was ordered does not stay under way for ever; deadlines come."""
        self.switch.now += seconds
        while self.sent and self.sent[0][0] < self.switch.now - REDIRECT_SECONDS:
            self.run_command(self.sent.pop(0)[1])
        if self.state.wake_at is not None and self.state.wake_at <= self.switch.now:
            self.state.wake_at = None
            self.put(Tick(self.switch.now))

    def deliver_all(self) -> None:
        while self.sent or self.switch.wire:
            while self.switch.wire:
                self.put(self.switch.wire.pop(0))
            if self.sent:
                self.run_command(self.sent.pop(0)[1])

    # --- the wire ---

    @precondition(lambda self: self.switch.wire)
    @rule(which=st.integers(0, 2), twice=st.booleans())
    def deliver(self, which: int, twice: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        event = self.switch.wire.pop(min(which, len(self.switch.wire) - 1))
        self.put(event)
        if twice:
            self.switch.wire.insert(min(which, len(self.switch.wire)), event)

    @precondition(lambda self: self.switch.wire)
    @rule()
    def deliver_everything(self) -> None:
        for _ in range(len(self.switch.wire)):
            self.put(self.switch.wire.pop(0))

    @precondition(lambda self: self.switch.wire)
    @rule(which=st.integers(0, 2))
    def lose(self, which: int) -> None:
        self.switch.wire.pop(min(which, len(self.switch.wire) - 1))

    @precondition(lambda self: self.sent)
    @rule(refuse=st.sampled_from([False, False, False, True]))
    def carry_out(self, refuse: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        self.run_command(self.sent.pop(0)[1], refuse=refuse)

    @rule(seconds=st.sampled_from([0.01, 0.3, 3.0, 30.0]))
    def wait(self, seconds: Seconds) -> None:
        self.pass_time(seconds)

    # --- callers and phones ---

    @precondition(lambda self: len(self.switch.channels) < CALL_LIMIT)
    @rule(queue=st.sampled_from([CITIZENS, BUSINESS]), straight_on=st.booleans())
    def caller_arrives(self, queue: QueueName, straight_on: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        self.numbers += 1
        call = CallId(f"c{self.numbers:06d}")
        self.switch.arrive(call, queue)
        if straight_on:
            self.switch.hold(self.switch.channels[call])

    @precondition(lambda self: self.channels("announcement"))
    @rule(n=pick)
    def announcement_ends(self, n: int) -> None:
        found = self.channels("announcement")
        self.switch.hold(found[n % len(found)])

    @precondition(lambda self: self.switch.channels)
    @rule(n=pick, cause=st.sampled_from([16, 16, 34]))
    def caller_hangs_up(self, n: int, cause: int) -> None:
        found = list(self.switch.channels.values())
        self.switch.hang_up(found[n % len(found)], cause)

    def ringing(self) -> list[Channel]:
        return [c for c in self.channels("offering") if c.phone is not None and not c.talking]

    def talking(self) -> list[Channel]:
        return [c for c in self.switch.channels.values() if c.talking]

    @precondition(lambda self: self.ringing())
    @rule(n=pick)
    def agent_answers(self, n: int) -> None:
        found = self.ringing()
        channel = found[n % len(found)]
        assert channel.phone is not None
        self.switch.pick_up(channel, channel.phone)

    @precondition(lambda self: self.ringing())
    @rule(n=pick)
    def nobody_answers(self, n: int) -> None:
        found = self.ringing()
        self.switch.rings_out(found[n % len(found)])

    @precondition(lambda self: self.talking())
    @rule(n=pick)
    def agent_hangs_up(self, n: int) -> None:
        found = self.talking()
        self.switch.agent_hangs_up(found[n % len(found)])

    @precondition(lambda self: self.channels("waiting"))
    @rule(n=pick)
    def heartbeat_is_stale(self, n: int) -> None:
        found = self.channels("waiting")
        self.switch.fall_back(found[n % len(found)])

    @precondition(lambda self: self.channels("fallback"))
    @rule(n=pick, agent=st.sampled_from(AGENTS))
    def native_queue_connects(self, n: int, agent: int) -> None:
        found = self.channels("fallback")
        channel, phone = found[n % len(found)], phone_of(agent)
        if not channel.talking and phone in self.switch.registered - self.switch.busy():
            self.switch.pick_up(channel, phone)

    @rule(agent=st.sampled_from(AGENTS), there=st.sampled_from([True, True, False]))
    def phone_registers(self, agent: int, there: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        self.switch.register(phone_of(agent), there=there)

    # --- people ---

    @rule(agent=st.sampled_from(AGENTS), desk=st.sampled_from(AGENTS))
    def agent_logs_in(self, agent: int, desk: int) -> None:
        at = self.switch.tick()
        profile = (SKILLS[agent], {OFFICER: at + 20.0 if agent == LIMITED else None})
        self.put(AgentLogin(AgentId(agent), "", phone_of(desk), SERVED[agent], at, *profile))
        self.put(AgentStateAsked(AgentId(agent), AgentState.READY, "", "agent", at))

    @rule(agent=st.sampled_from(AGENTS), desk=st.sampled_from(AGENTS), in_charge=st.booleans())
    def agent_takes_over(self, agent: int, desk: int, in_charge: bool) -> None:  # noqa: FBT001 - drawn
        at, phone = self.switch.tick(), phone_of(desk)
        self.put(
            AgentLogin(
                AgentId(agent), "", phone, SERVED[agent], at, take_over=True, in_charge=in_charge, login="x"
            )
        )

    @rule(agent=st.sampled_from(AGENTS))
    def agent_leaves(self, agent: int) -> None:
        self.put(AgentLogout(AgentId(agent), "agent", self.switch.tick()))

    @rule(agent=st.sampled_from(AGENTS), wanted=st.sampled_from(AgentState))
    def agent_asks(self, agent: int, wanted: AgentState) -> None:
        self.put(AgentStateAsked(AgentId(agent), wanted, "", "agent", self.switch.tick()))

    @rule(
        agent=st.sampled_from(AGENTS),
        what=st.sampled_from(["take back", "more time", "finish", "rest"]),
        who=st.sampled_from(["agent", "supervisor:wang"]),
    )
    def agent_wants_something_else(self, agent: int, what: str, who: str) -> None:
        at, agent_id = self.switch.tick(), AgentId(agent)
        match what:
            case "take back":
                self.put(NextStateCancelled(agent_id, at))
            case "more time":
                self.put(WrapUpExtensionAsked(agent_id, who, at))
            case "finish":
                self.put(WrapUpFinished(agent_id, who, at))
            case _:
                self.put(AgentStateAsked(agent_id, AgentState.BREAK, "rest", who, at))

    @rule(each=st.sampled_from([None, 3.0, 60.0]), default=st.booleans())
    def break_reasons_change(self, each: Seconds | None, default: bool) -> None:  # noqa: FBT001 - drawn
        reason = BreakReason("rest", "小休", "Break", allowance=20.0, each=each, default=default)
        self.put(BreakReasonsChanged((reason,), self.switch.tick()))

    @rule(
        agent=st.sampled_from(AGENTS),
        queues=st.sampled_from([(), (CITIZENS,), (BUSINESS,)]),
        level=st.integers(0, 3),
        valid=st.sampled_from([None, 0.0, 5.0, 50.0]),
    )
    def profile_changes(
        self, agent: int, queues: tuple[QueueName, ...], level: int, valid: Seconds | None
    ) -> None:
        at = self.switch.tick()
        held = {OFFICER: None if valid is None else at + valid}
        self.put(AgentProfileChanged(AgentId(agent), queues, {ENGLISH: level}, held, at))

    @precondition(lambda self: self.switch.channels)
    @rule(n=pick, wanted=st.sampled_from(Priority))
    def supervisor_changes_priority(self, n: int, wanted: Priority) -> None:
        found = list(self.switch.channels)
        self.put(PriorityAsked(found[n % len(found)], wanted, "supervisor:boss", self.switch.tick()))

    @rule()
    def plan_changes(self) -> None:
        self.put(PlanChanged(plan(self.state.plan.version + 1), self.switch.tick()))

    @rule()
    def everybody_wants_calls(self) -> None:
        for agent in AGENTS:
            self.put(AgentStateAsked(AgentId(agent), AgentState.READY, "", "agent", self.switch.tick()))

    # --- the service and its connection ---

    @precondition(lambda self: len(self.pictures) < 3)
    @rule()
    def take_picture(self) -> None:
        self.pictures.append(self.switch.picture())

    @precondition(lambda self: self.pictures)
    @rule()
    def see_picture(self) -> None:
        """Perhaps an old one; but an order is never under way for longer than the engine allows for."""
        self.put(self.pictures.pop(0))

    @rule()
    def connection_is_lost(self) -> None:
        self.put(TelephonyLost(self.switch.tick()))
        self.pictures.clear()
        self.switch.wire.clear()
        for _, command in self.sent:
            self.run_command(command, refuse=True)
        self.sent.clear()

    @rule()
    def service_restarts(self) -> None:
        """All that is left is what the record has."""
        old, self.state = self.state, new_state(online=False)
        self.state.plan = old.plan
        self.runs += 1
        self.state.run_id, self.state.next_offer_id = f"run{self.runs}", old.next_offer_id + 1000
        offers = [
            (offer, call, old.calls[call].agent_id, old.calls[call].phone)
            for offer, call in old.offers.items()
        ]
        restore(
            self.state,
            [recorded_agent(agent) for agent in old.agents.values()],
            [recorded_call(call) for call in old.calls.values()],
            offers,  # type: ignore[arg-type] # a running offer has an agent and a phone; invariants() checks it
            list(old.finished),
        )
        for offer, call in old.offers.items():
            if offer not in self.state.offers and old.calls[call].answered_at is not None:
                # The offer of a second talk: not restored, its row is closed at the start.
                self.counts["OfferEnded", (offer, self.runs)] += 1
        self.switch.wire.clear()
        self.sent.clear()
        self.pictures.clear()
        if self.state.wake_at is None:
            self.state.wake_at = self.state.timers.next_at()

    @rule(lines=st.integers(1, JOURNAL_LINES))
    def journal_is_read(self, lines: int) -> None:
        """What is in it is true, but most of it is long known."""
        for event in self.switch.journal[-lines:]:
            self.put(event)

    @rule()
    def all_is_told_and_compared(self) -> None:
        """With nothing lost for a while, memory is the truth."""
        self.pictures.clear()
        for _ in range(5):
            self.deliver_all()
            self.pass_time(3.0)
            self.put(self.switch.picture())
        self.deliver_all()
        self.memory_is_the_truth()
        before = {call.call_id: (call.phase, call.agent_id) for call in self.state.calls.values()}
        self.journal_is_read(JOURNAL_LINES)
        assert before == {call.call_id: (call.phase, call.agent_id) for call in self.state.calls.values()}
        self.memory_is_the_truth()

    def memory_is_the_truth(self) -> None:
        assert self.state.calls.keys() == self.switch.channels.keys()
        assert self.state.reachable == self.switch.registered
        for channel in self.switch.channels.values():
            call = self.state.calls[channel.call]
            assert call.arrived_at == channel.entered_at
            if "HOTLINE_PRIORITY" in channel.marked:
                assert channel.marked["HOTLINE_PRIORITY"] == call.priority
                assert channel.marked["HOTLINE_PLACE"] == f"{call.place_at:.6f}"
            if channel.talking:
                assert (call.phase, call.phone) == (Phase.TALKING, channel.phone)
            elif channel.stage == "offering":
                # Taken over only if the agent is free; if not, his answer or the way back tells.
                elsewhere = (Phase.UNCERTAIN, Phase.FALLBACK)
                # An order that crossed the answer in the native queue tore the caller out of his talk.
                torn = call.answered_at is not None and call.phase is Phase.AFTER
                assert call.phase in elsewhere or torn or call.phone == channel.phone
                assert call.phase is Phase.OFFERING or call.phase in elsewhere or torn
            else:
                assert call.phase == channel.stage
                assert call.phase is not Phase.FALLBACK, "taken back"
        for agent in self.state.agents.values():
            if agent.state in IN_A_CALL:
                assert agent.phone in self.switch.busy()

    # --- promises ---

    @invariant()
    def agents_and_calls_know_each_other(self) -> None:
        online = self.state.online
        holders: Counter[CallId] = Counter()
        for agent in self.state.agents.values():
            call = self.state.calls.get(agent.call_id) if agent.call_id is not None else None
            if agent.state in IN_A_CALL and call is not None:
                holders[call.call_id] += 1
                assert call.agent_id == agent.agent_id
                assert HELD[call.phase] is agent.state
            elif agent.state in IN_A_CALL:
                assert not online or agent.phone in self.switch.busy(), "in a call that is not there"
        assert all(number == 1 for number in holders.values())
        for call in self.state.calls.values():
            holder = self.state.agents.get(call.agent_id) if call.agent_id is not None else None
            if call.phase is Phase.OFFERING:
                assert holder is not None
                assert self.state.offers[call.offer_id or 0] == call.call_id  # type: ignore[index] # 0 is none
            past = holder is not None and holder.since > call.talking_since  # told late, by the journal
            if call.phase in HELD and holder is not None and not (call.phase is Phase.TALKING and past):
                assert holder.call_id == call.call_id
                assert holder.state is HELD[call.phase]
        running = [call.offer_id for call in self.state.calls.values() if call.phase is Phase.OFFERING]
        assert sorted(self.state.offers) == sorted(offer for offer in running if offer is not None)

    @invariant()
    def the_line_is_who_waits_and_the_pool_is_who_is_ready(self) -> None:
        for line in self.state.waiting.lines.values():
            assert len(line.heap) <= COMPACT_ABOVE + 2 * (len(line.members) + 1)
        waiting = {call_id for line in self.state.waiting.places.values() for call_id in line.members}
        assert waiting == self.state.waiting.standing.keys()
        assert waiting == {c.call_id for c in self.state.calls.values() if c.phase is Phase.WAITING}
        idle = list(self.state.idle.where)
        assert sorted(idle) == sorted(
            agent.agent_id for agent in self.state.agents.values() if agent.state is AgentState.READY
        )

    @invariant()
    def nobody_waits_while_somebody_is_idle(self) -> None:
        if self.state.online:
            for agent in self.state.agents.values():
                if agent.state is AgentState.READY:
                    self.nobody_waits_for(agent)

    def nobody_waits_for(self, agent: Agent) -> None:
        assert agent.profile is not None
        for call_id, entry in self.state.waiting.standing.items():
            if entry.alone:
                assert entry.wanted != agent.agent_id, f"{call_id} waits for him alone"
            else:
                assert not may_take(agent.profile, entry.kind), f"{call_id} waits"

    @invariant()
    def everybody_stands_where_he_belongs(self) -> None:
        for call_id, entry in self.state.waiting.standing.items():
            call = self.state.calls[call_id]
            assert entry.place == (rank_of(call), call_id)
            assert entry.kind.queue == call.queue
            rules = self.state.rules(call.queue)
            assert (entry.kind.certificate, entry.kind.strategy) == (rules.certificate, rules.strategy)
            if call.relax_at is not None:
                assert self.waits_for(Deadline.NEEDS_RELAX, call.relax_at, call_id)
            if entry.alone:
                assert self.waits_for(Deadline.AGENT_HOLD, call.hold_until, call_id)
                assert entry.wanted is not None
                assert self.state.agents[entry.wanted].state in BACK_SOON
        for agent in self.state.agents.values():
            assert agent.profile is not None
            if agent.expires_at is not None:
                assert self.waits_for(Deadline.CERTIFICATE_OVER, agent.expires_at, agent.agent_id)

    def waits_for(self, what: Deadline, at: Seconds | None, ident: CallId | AgentId) -> bool:
        """A deadline is set, so what is to change by itself will."""
        return (at, what, ident) in self.state.timers.heap

    @invariant()
    def seats_and_phones_agree(self) -> None:
        assert self.state.by_phone == {agent.phone: agent.agent_id for agent in self.state.agents.values()}

    @invariant()
    def nothing_piles_up(self) -> None:
        assert len(self.state.timers.heap) <= 50 + sum(
            at <= self.switch.now + 60 for at, _, _ in self.state.timers.heap
        )
        assert len(self.state.phone_news) <= len(AGENTS)

    def teardown(self) -> None:
        """Everybody hangs up; then every call has exactly one outcome and nobody is in a call."""
        for channel in list(self.switch.channels.values()):
            self.switch.hang_up(channel)
        self.switch.wire = self.switch.wire[::2]  # half of it is never told
        self.pictures.clear()
        self.deliver_all()
        for _ in range(3):  # two must not show it, and an offer that failed between them is news of it
            self.pass_time(3.0)
            self.put(self.switch.picture())
        assert self.state.calls == {}
        assert self.state.offers == {}
        assert not any(agent.state in IN_A_CALL for agent in self.state.agents.values())
        told = Counter(kind for kind, _ in self.counts)
        assert told["CallOffered"] == told["CallFinished"]
        assert told["TalkStarted"] == told["TalkEnded"]
        started = {offer for kind, offer in self.counts if kind == "OfferStarted"}
        assert started == {
            key[0] for kind, key in self.counts if kind == "OfferEnded" and isinstance(key, tuple)
        }


def recorded_agent(agent: Agent) -> SeatedAgent:
    return SeatedAgent(
        agent_id=agent.agent_id,
        name=agent.name,
        phone=agent.phone,
        queues=agent.queues,
        state=agent.state,
        reason=agent.reason,
        cause=agent.cause,
        since=agent.since,
        until=agent.until,
        next_state=agent.next_state,
        next_reason=agent.next_reason,
        next_cause=agent.next_cause,
        extensions=agent.extensions,
        call_id=agent.call_id,
        skills=agent.skills,
        certificates=agent.certificates,
    )


def recorded_call(call: Call) -> Call:
    """As ``acd.store`` reads it back."""
    if call.talk_ended_at is not None:
        phase = Phase.AFTER
    elif call.answered_at is not None:
        phase = Phase.TALKING
    else:
        phase = Phase.ANNOUNCEMENT if call.queued_at is None else Phase.UNCERTAIN
    answered = call.answered_at is not None
    return Call(
        call_id=call.call_id,
        channel="",
        uniqueid=call.uniqueid,
        caller=call.caller,
        dialled=call.dialled,
        queue=call.queue,
        arrived_at=call.arrived_at,
        phase=phase,
        priority=call.priority,
        place_at=call.place_at,
        notice_at=call.notice_at,
        queued_at=call.queued_at,
        fallback_at=call.fallback_at,
        agent_id=call.agent_id if answered else None,
        phone=call.phone if answered else None,
        answered_at=call.answered_at,
        talk_ended_at=call.talk_ended_at,
    )


TestHotline = Hotline.TestCase
TestHotline.settings = settings(
    max_examples=int(os.environ.get("ENGINE_EXAMPLES", "40")),
    stateful_step_count=int(os.environ.get("ENGINE_STEPS", "60")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
