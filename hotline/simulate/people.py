"""The agents of a simulation: they come, take breaks, answer or do not, write, and go home."""

from collections.abc import Callable
from dataclasses import dataclass

from numpy.random import Generator

from acd.model import State
from agents.rules import IN_A_CALL
from core.events import AgentLogin, AgentLogout, AgentStateAsked, Event, PhoneReachability
from core.facts import AgentStateChanged
from core.vocabulary import AgentId, AgentState, Phone, Seconds
from hotline.simulate.agenda import Agenda
from hotline.simulate.distributions import Coin, Stream
from hotline.simulate.scenario import Duty, Habits

FIRST_PHONE = 10_000
BUSY = IN_A_CALL | {AgentState.WRAP_UP}
JUST_BEFORE: Seconds = 1e-3
"""So much before wrap-up ends by itself an agent who wants a break asks for it."""

STREAMS = 6
"""Generators that the habits need."""


@dataclass(slots=True)
class Worker:
    """One agent on one duty."""

    agent_id: AgentId
    phone: Phone
    duty: Duty
    leaving: bool = False
    pause: Seconds | None = None
    """Length of the break that is due or on."""


class People:
    """Everybody on the roster.

    Args:
        agenda: virtual time.
        feed: tells the engine an event.
        state: the engine's memory, to see what an agent is doing.
        habits: how they behave.
        generators: ``STREAMS`` of them.
    """

    def __init__(
        self,
        agenda: Agenda,
        feed: Callable[[Event], None],
        state: State,
        habits: Habits,
        generators: list[Generator],
    ) -> None:
        self._agenda, self._feed, self._state = agenda, feed, state
        ring, absent, back, writing, stress, stay = generators
        self._ring = Stream(habits.ring, ring)
        self._absent = Coin(habits.no_answer, absent)
        self._back = Stream(habits.return_after, back)
        self._wrap_up = Stream(habits.wrap_up, writing) if habits.wrap_up is not None else None
        self._stress = Coin(habits.stress_share, stress) if habits.stress_share > 0 else None
        self._stay = Stream(habits.stress_stay, stay)
        self._workers: dict[AgentId, Worker] = {}

    def phones(self) -> frozenset[Phone]:
        """Those that are registered: of everybody who is there."""
        return frozenset(worker.phone for worker in self._workers.values())

    def rings(self) -> Seconds | None:
        """How long the next phone rings; ``None``: nobody picks up."""
        return None if self._absent.toss() else self._ring.next()

    def expect(self, duty: Duty, midnight: Seconds) -> None:
        """Put an agent's day on the agenda."""
        agent_id = AgentId(duty.number)
        worker = Worker(agent_id, Phone(str(FIRST_PHONE + duty.number)), duty)
        self._agenda.at(midnight + duty.begins, self._come, worker)
        self._agenda.at(midnight + duty.ends, self._go_home, worker)
        for begins, length in duty.breaks:
            if begins >= duty.begins:
                self._agenda.at(midnight + begins, self._take_break, worker, length)

    def _come(self, worker: Worker) -> None:
        now, shift = self._agenda.now, worker.duty.shift
        self._workers[worker.agent_id] = worker
        self._feed(PhoneReachability(worker.phone, reachable=True, at=now))
        self._feed(
            AgentLogin(
                agent_id=worker.agent_id,
                name=shift.name,
                phone=worker.phone,
                queues=shift.queues,
                at=now,
                skills=dict(shift.skills),
                certificates=dict.fromkeys(shift.certificates),
            )
        )
        self._ask(worker, AgentState.READY, "")

    def _go_home(self, worker: Worker) -> None:
        worker.leaving = True
        self._act(worker)

    def _take_break(self, worker: Worker, length: Seconds) -> None:
        if not worker.leaving:
            worker.pause = length
            self._pause_when_done(worker)

    def _act(self, worker: Worker) -> None:
        """Go home as soon as the call and what is to be written are done."""
        agent = self._state.agents.get(worker.agent_id)
        if agent is None or not worker.leaving:
            return
        if agent.state in BUSY:
            self._pause_when_done(worker)
        else:
            self._log_out(worker)

    def _pause_when_done(self, worker: Worker) -> None:
        """Ask for a break: noted during a call; who writes still finishes that."""
        agent = self._state.agents.get(worker.agent_id)
        until = agent.until if agent is not None and agent.state is AgentState.WRAP_UP else None
        if until is None:
            self._ask(worker, AgentState.BREAK, "break")
        else:
            self._agenda.at(until - JUST_BEFORE, self._pause_now, worker)

    def _pause_now(self, worker: Worker) -> None:
        if worker.leaving or worker.pause is not None:
            self._ask(worker, AgentState.BREAK, "break")

    def _log_out(self, worker: Worker) -> None:
        self._feed(AgentLogout(worker.agent_id, "agent", self._agenda.now))
        self._workers.pop(worker.agent_id, None)
        self._feed(PhoneReachability(worker.phone, reachable=False, at=self._agenda.now))

    def _ask(self, worker: Worker, state: AgentState, reason: str) -> None:
        if worker.agent_id in self._state.agents:
            self._feed(AgentStateAsked(worker.agent_id, state, reason, "agent", self._agenda.now))

    def notice(self, fact: AgentStateChanged) -> None:
        """An agent's state has changed: put down what the agent will do about it."""
        worker = self._workers.get(fact.agent_id)
        if worker is None:
            return
        if worker.leaving and fact.to_state not in BUSY:
            self._agenda.after(0.0, self._act, worker)
            return
        delay = self._stays(worker, fact)
        if delay is not None:
            self._agenda.after(delay, self._ready_again, worker, fact.to_state, fact.at)

    def _stays(self, worker: Worker, fact: AgentStateChanged) -> Seconds | None:
        """How long the agent stays in a state that he ends himself; ``None``: it ends otherwise."""
        match fact.to_state:
            case AgentState.WRAP_UP if self._wrap_up is not None:
                return self._wrap_up.next()
            case AgentState.NOT_RESPONDING:
                return self._back.next()
            case AgentState.STRESS_ROOM:
                return self._stay.next()
            case AgentState.BREAK if worker.pause is not None:
                length, worker.pause = worker.pause, None
                return length
            case AgentState.TALKING if self._stress is not None and self._stress.toss():
                self._agenda.after(0.0, self._ask, worker, AgentState.STRESS_ROOM, "")
        return None

    def _ready_again(self, worker: Worker, state: AgentState, since: Seconds) -> None:
        agent = self._state.agents.get(worker.agent_id)
        if agent is None or agent.state is not state or agent.since != since:
            return
        pausing = state is AgentState.WRAP_UP and (worker.leaving or worker.pause is not None)
        self._ask(worker, AgentState.BREAK if pausing else AgentState.READY, "break" if pausing else "")
