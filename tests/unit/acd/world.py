"""Builders for the engine's tests: a small centre, and events with what does not matter filled in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from acd.engine import decide
from acd.model import Agent, Call, Decision, State
from core.commands import Command, OfferCall
from core.events import (
    AgentLegEnded,
    AgentLogin,
    AgentLogout,
    AgentStateAsked,
    CallAnswered,
    CallArrived,
    CallFellBack,
    CallHungUp,
    CallWaiting,
    Event,
    LiveCall,
    OfferFailed,
    PhoneReachability,
    PlanChanged,
    Reconciled,
    TelephonyLost,
)
from core.facts import Fact
from core.plan import QueueRules, RoutingPlan
from core.vocabulary import (
    AgentId,
    AgentState,
    CallId,
    CertificateName,
    OfferId,
    Phone,
    QueueName,
    Seconds,
    SkillName,
)

CITIZENS, BUSINESS = QueueName("citizens"), QueueName("business")
WRAP_UP, RING = 10.0, 15.0
FIRST_OFFER = 1000

F = TypeVar("F")
C = TypeVar("C")


def new_state(*, wrap_up: Seconds = WRAP_UP, online: bool = True) -> State:
    """Two queues, nobody there."""
    return State(
        plan=RoutingPlan({name: QueueRules(name, wrap_up, RING) for name in (CITIZENS, BUSINESS)}, CITIZENS),
        next_offer_id=FIRST_OFFER,
        run_id="run",
        online=online,
    )


def phone_of(agent: int) -> Phone:
    return Phone(str(1000 + agent))


def channel_of(call: str) -> str:
    return f"PJSIP/trunk-{call}"


@dataclass(slots=True)
class World:
    """A state that remembers what was decided; ``now`` follows the events."""

    state: State = field(default_factory=new_state)
    now: Seconds = 0.0
    facts: list[Fact] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)

    def apply(self, event: Event) -> Decision:
        self.now = max(self.now, event.at)
        decision = decide(self.state, event, self.now)
        self.facts += decision.facts
        self.commands += decision.commands
        return decision

    def told(self, kind: type[F]) -> list[F]:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def ordered(self, kind: type[C]) -> list[C]:
        return [command for command in self.commands if isinstance(command, kind)]

    def configure(self, queue: QueueName, **changes: Any) -> None:  # noqa: ANN401 - any rule
        """Give a queue other rules."""
        plan = self.state.plan
        rules = replace(plan.rules(queue), name=queue, **changes)
        self.apply(PlanChanged(replace(plan, queues={**plan.queues, queue: rules}), 0.0))

    @property
    def offers(self) -> list[tuple[str, int]]:
        """Every offer so far as (call, agent)."""
        return [(offer.call_id, offer.agent_id) for offer in self.ordered(OfferCall)]

    def last_offer(self) -> OfferCall:
        return self.ordered(OfferCall)[-1]

    def call(self, call: str) -> Call:
        return self.state.calls[CallId(call)]

    def agent(self, agent: int) -> Agent:
        return self.state.agents[AgentId(agent)]

    # --- what happens ---

    def seat(
        self,
        agent: int,
        at: Seconds = 0.0,
        *,
        queues: Iterable[QueueName] = (),
        ready: bool = True,
        skills: Mapping[str, int] | None = None,
        certificates: Mapping[str, Seconds | None] | None = None,
        wrap_up: Seconds | None = None,
    ) -> None:
        """An agent logs in at a registered phone and, unless told otherwise, is ready."""
        self.apply(PhoneReachability(phone_of(agent), reachable=True, at=at))
        self.apply(
            AgentLogin(
                AgentId(agent),
                f"agent {agent}",
                phone_of(agent),
                tuple(queues),
                at,
                {SkillName(name): level for name, level in (skills or {}).items()},
                {CertificateName(name): until for name, until in (certificates or {}).items()},
                wrap_up,
            )
        )
        if ready:
            self.ask(agent, AgentState.READY, at)

    def ask(self, agent: int, state: AgentState, at: Seconds, reason: str = "") -> Decision:
        return self.apply(AgentStateAsked(AgentId(agent), state, reason, "agent", at))

    def leave(self, agent: int, at: Seconds) -> Decision:
        return self.apply(AgentLogout(AgentId(agent), "agent", at))

    def arrive(self, call: str, at: Seconds, queue: QueueName = CITIZENS) -> Decision:
        return self.apply(arrived(call, at, queue))

    def wait(self, call: str, at: Seconds, queue: QueueName = CITIZENS) -> Decision:
        """The call arrives and is in the hold loop at once."""
        self.arrive(call, at, queue)
        return self.apply(waiting(call, at, queue=queue))

    def back(self, call: str, status: str, at: Seconds) -> Decision:
        """The call comes back from its running offer."""
        held = self.call(call)
        return self.apply(
            waiting(
                call,
                at,
                queue=held.queue,
                entered_at=held.arrived_at,
                offer_id=held.offer_id,
                dial_status=status,
            )
        )

    def answer(self, call: str, agent: int, at: Seconds) -> Decision:
        return self.apply(CallAnswered(CallId(call), phone_of(agent), f"PJSIP/{phone_of(agent)}-{call}", at))

    def leg_ends(self, call: str, agent: int, at: Seconds) -> Decision:
        return self.apply(AgentLegEnded(CallId(call), phone_of(agent), f"PJSIP/{phone_of(agent)}-{call}", at))

    def hang_up(self, call: str, at: Seconds, cause: int = 16, *, agent_left: bool = False) -> Decision:
        return self.apply(CallHungUp(CallId(call), channel_of(call), cause, at, agent_left))

    def fail_offer(self, call: str, at: Seconds) -> Decision:
        held = self.call(call)
        assert held.offer_id is not None
        return self.apply(OfferFailed(CallId(call), held.offer_id, "No such channel", at))

    def fall_back(self, call: str, at: Seconds) -> Decision:
        return self.apply(CallFellBack(CallId(call), at))

    def phone(self, agent: int, at: Seconds, *, reachable: bool) -> Decision:
        return self.apply(PhoneReachability(phone_of(agent), reachable, at))

    def lose_connection(self, at: Seconds) -> Decision:
        return self.apply(TelephonyLost(at))

    def picture(
        self,
        at: Seconds,
        *calls: LiveCall,
        phones: Iterable[int] | None = None,
        busy: Iterable[int] = (),
    ) -> Decision:
        """A complete picture; without ``phones`` those of everybody seated are reachable."""
        reachable = [a.phone for a in self.state.agents.values()] if phones is None else map(phone_of, phones)
        return self.apply(
            Reconciled(
                calls=calls,
                reachable_phones=frozenset(reachable),
                busy_phones=frozenset(map(phone_of, busy)),
                at=at,
            )
        )


def arrived(call: str, at: Seconds, queue: QueueName = CITIZENS) -> CallArrived:
    return CallArrived(CallId(call), channel_of(call), f"u-{call}", "13800138000", "12345", queue, at)


def waiting(
    call: str,
    at: Seconds,
    *,
    queue: QueueName = CITIZENS,
    entered_at: Seconds | None = None,
    offer_id: OfferId | None = None,
    dial_status: str = "",
    notice_at: Seconds | None = None,
) -> CallWaiting:
    return CallWaiting(
        call_id=CallId(call),
        channel=channel_of(call),
        uniqueid=f"u-{call}",
        caller="13800138000",
        dialled="12345",
        queue=queue,
        entered_at=at if entered_at is None else entered_at,
        notice_at=notice_at,
        offer_id=offer_id,
        dial_status=dial_status,
        at=at,
    )


def live(
    call: str,
    stage: str,
    *,
    entered_at: Seconds = 0.0,
    agent: int | None = None,
    talking: bool = False,
    offer_id: int | None = None,
    queue: QueueName = CITIZENS,
    notice_at: Seconds | None = None,
) -> LiveCall:
    return LiveCall(
        call_id=CallId(call),
        channel=channel_of(call),
        uniqueid=f"u-{call}",
        caller="13800138000",
        dialled="12345",
        queue=queue,
        entered_at=entered_at,
        notice_at=notice_at,
        stage=stage,
        offer_id=None if offer_id is None else OfferId(offer_id),
        agent_phone=None if agent is None else phone_of(agent),
        agent_channel="" if agent is None else f"PJSIP/{phone_of(agent)}-{call}",
        talking=talking,
    )
