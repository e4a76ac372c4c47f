"""One simulated centre: the engine's ``decide`` between a model of Asterisk and of the agents.

A run is one loop: the next thing on the agenda happens, becomes events, ``decide`` decides, its facts are
counted and its commands carried out by the models, who put down what follows from that.
"""

from itertools import count

from numpy.random import Generator

from acd.callout_model import OutRules
from acd.engine import decide
from acd.model import State
from core.commands import WakeAt
from core.errors import HotlineError
from core.events import Event, Tick
from core.facts import AgentStateChanged
from core.vocabulary import QueueName, Seconds
from hotline.simulate.agenda import Agenda
from hotline.simulate.arrivals import Caller, invent, streams
from hotline.simulate.figures import Measured, measure
from hotline.simulate.people import STREAMS, People
from hotline.simulate.scenario import HALF_HOUR, Scenario, duties
from hotline.simulate.switch import SwitchModel
from hotline.simulate.tally import Tally

AFTERMATH: Seconds = 4 * 3600.0
"""So long after the end those who still wait are served; then they give up."""


class SimulationError(HotlineError):
    """The engine did something that it must never do."""

    code = "simulation_failed"


class Centre:
    """A centre with an empty memory at the beginning of its scenario.

    Args:
        scenario: what is simulated.
        seed: the same seed gives the same callers and the same run.
        replication: which of several independent repetitions this is.
    """

    def __init__(self, scenario: Scenario, seed: int, replication: int) -> None:
        self.scenario = scenario
        self.events = 0
        callers, *habits = streams(seed, replication, STREAMS + 1)
        self.agenda = Agenda(scenario.midnight + scenario.start)
        self.state = State(plan=scenario.plan, next_offer_id=1, run_id="simulation")
        self.state.out.rules = OutRules(possible=True)
        self.tally = Tally(self.agenda.now, self._within)
        self.people = People(self.agenda, self.feed, self.state, scenario.habits, habits)
        self.switch = SwitchModel(
            agenda=self.agenda,
            feed=self.feed,
            plan=scenario.plan,
            notice=scenario.notice,
            rings=self.people.rings,
            phones=self.people.phones,
            gone=self._gone,
        )
        self._wakes = count()
        self._wake = 0
        self._callers: list[Caller] = []
        self._invent(callers)

    def _invent(self, generator: Generator) -> None:
        self.agenda.at(self.agenda.now, lambda: self.feed(self.switch.picture()))
        for duty in duties(self.scenario):
            self.people.expect(duty, self.scenario.midnight)
        self._callers = invent(self.scenario, generator)[::-1]
        self._next_caller()

    def _within(self, queue: QueueName) -> Seconds:
        return self.scenario.plan.rules(queue).service_level_seconds

    def _next_caller(self) -> None:
        """Only the next one is on the agenda, so that it stays short."""
        if self._callers:
            self.agenda.at(self._callers[-1].at, self._arrive)

    def _arrive(self) -> None:
        caller = self._callers.pop()
        self._next_caller()
        self.switch.arrive(caller)

    def _gone(self, caller: Caller, unheard: bool) -> None:  # noqa: FBT001 - as the switch says it
        if not (unheard and caller.redials):
            return
        caller.redials = False  # who does not get through twice gives up for the day
        at = self.agenda.now + caller.redial_after
        if at < self.scenario.midnight + self.scenario.end:
            self.agenda.at(at, self.switch.arrive, caller)

    def feed(self, event: Event) -> None:
        """Let the engine decide about one event, and carry out what it wants."""
        self.events += 1
        decision = decide(self.state, event, self.agenda.now)
        for fact in decision.facts:
            self.tally.record(fact)
            if type(fact) is AgentStateChanged:
                self.people.notice(fact)
        for command in decision.commands:
            if type(command) is WakeAt:
                self._wake_at(command.at)
            else:
                self.switch.carry_out(command)

    def _wake_at(self, at: Seconds | None) -> None:
        self._wake = next(self._wakes)
        if at is not None:
            self.agenda.at(at, self._tick, self._wake)

    def _tick(self, wake: int) -> None:
        if wake == self._wake:
            self.state.wake_at = None
            self.feed(Tick(self.agenda.now))

    def run(self) -> Measured:
        """Play it to the end.

        Raises:
            SimulationError: a call was lost, or has more than one outcome.
        """
        end = self.scenario.midnight + self.scenario.end
        self.agenda.run(end)
        self.tally.close(end)
        self.agenda.run(end + AFTERMATH, lambda: bool(self.switch.legs))
        for leg in list(self.switch.legs.values()):
            self.switch.hang_up(leg)
        return self._measured()

    def _measured(self) -> Measured:
        missing, twice = self.tally.open_calls, self.tally.unknown_ends
        if missing:
            raise SimulationError(f"{missing} calls have no outcome")
        if twice:
            raise SimulationError(f"{twice} outcomes belong to no call, or to one that has one already")
        first = int(self.scenario.warm_up // HALF_HOUR)
        return measure(self.tally.calls, self.tally.time, range(first, self.scenario.slots))
