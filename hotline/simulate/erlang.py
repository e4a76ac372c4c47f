"""Erlang B, C and A: what theory says about callers who are lost, who wait, and who lose patience. Pure.

Calls arrive at random at a constant rate (Poisson), last exponentially, and ``agents`` serve them in order of
arrival. The load ``a`` is rate times mean duration, in erlangs.

Sources:
    B, C: A. K. Erlang, "Solution of some problems in the theory of probabilities of significance in automatic
        telephone exchanges", 1917.
    A: C. Palm, "Research on telephone traffic carried by full availability groups", 1957; O. Garnett,
        A. Mandelbaum, M. Reiman, "Designing a call center with impatient customers", 2002; the integrals as
        in A. Mandelbaum, S. Zeltyn, "The Palm/Erlang-A queue, with applications to call centers", 2005.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray

from core.vocabulary import Seconds

NODES, WEIGHTS = leggauss(16)
PANELS = 48
NEGLIGIBLE = 45.0
"""Where the integrand has fallen by this many powers of e, what follows is below the precision of a float."""

MOST_EXPONENT = 700.0
"""Above this exp() overflows; so rarely does anybody wait then that it is never."""

MOST_AGENTS = 100_000


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a formula says about a stationary queue. Shares are 0..1, times seconds."""

    p_wait: float
    """Share of callers who do not find an idle agent."""
    service_level: float
    """Share of all callers who are answered within the threshold."""
    asa: Seconds
    """Mean wait of those who are answered."""
    mean_wait: Seconds
    """Mean wait of all, answered or not."""
    abandoned: float
    """Share of callers who give up."""
    occupancy: float
    """Share of the agents' time that is spent on calls."""


@dataclass(frozen=True, slots=True)
class Load:
    """What comes in: one line of a forecast.

    Raises:
        ValueError: a rate or duration that cannot be.
    """

    rate: float
    """Calls per second."""
    handle: Seconds
    """Mean time that a call keeps an agent busy."""
    patience: Seconds = math.inf
    """Mean time until a waiting caller gives up; infinite: never (Erlang C)."""

    def __post_init__(self) -> None:
        if not (0 <= self.rate < math.inf and 0 < self.handle < math.inf and self.patience > 0):
            raise ValueError("rate must be 0 or more, handle time and patience above 0")

    @property
    def erlangs(self) -> float:
        """The load offered."""
        return self.rate * self.handle


def erlang_b(agents: int, erlangs: float) -> float:
    """Share of calls lost when nobody can wait; by the recursion B(n) = aB(n-1) / (n + aB(n-1)).

    Raises:
        ValueError: negative arguments.
    """
    if agents < 0 or erlangs < 0:
        raise ValueError("agents and load must not be negative")
    blocked = 1.0
    for n in range(1, agents + 1):
        blocked = erlangs * blocked / (n + erlangs * blocked)
    return blocked


def erlang_c(agents: int, erlangs: float) -> float:
    """Share of callers who wait when nobody gives up; 1 where the load is too much for the agents."""
    if agents <= erlangs:
        return 1.0
    blocked = erlang_b(agents, erlangs)
    return blocked / (1 - erlangs / agents * (1 - blocked))


def forecast(agents: int, load: Load, within: Seconds) -> Forecast:
    """Erlang A, or Erlang C where patience is infinite.

    Args:
        agents: how many serve.
        load: what comes in.
        within: threshold of the service level in seconds.
    """
    if within < 0:
        return _shifted(forecast(agents, load, 0.0))
    if load.rate == 0:
        return Forecast(0.0, 1.0, 0.0, 0.0, 0.0, 0.0)
    if agents == 0:
        return _nobody(load)
    return (
        _forecast_c(agents, load, within) if math.isinf(load.patience) else _forecast_a(agents, load, within)
    )


def _shifted(known: Forecast) -> Forecast:
    """Nobody is answered before he rings."""
    return Forecast(known.p_wait, 0.0, known.asa, known.mean_wait, known.abandoned, known.occupancy)


def _nobody(load: Load) -> Forecast:
    gone = 0.0 if math.isinf(load.patience) else 1.0
    return Forecast(1.0, 0.0, math.inf, load.patience, gone, 0.0)


def _forecast_c(agents: int, load: Load, within: Seconds) -> Forecast:
    p_wait = erlang_c(agents, load.erlangs)
    if agents <= load.erlangs:
        return Forecast(1.0, 0.0, math.inf, math.inf, 0.0, 1.0)
    drain = (agents - load.erlangs) / load.handle
    """Rate of the exponential wait of those who wait."""
    level = 1 - p_wait * math.exp(-drain * within)
    return Forecast(p_wait, level, p_wait / drain, p_wait / drain, 0.0, load.erlangs / agents)


def _forecast_a(agents: int, load: Load, within: Seconds) -> Forecast:
    """Palm's model by the integrals over the offered wait x, all of them of positive functions.

    With theta the rate of losing patience and H(x) = (1 - exp(-theta x)) / theta, the density of the offered
    wait is rate * g(x) / (e + rate * J), with g(x) = exp(rate * H(x) - agents * x / handle), J the integral
    of g, and e = 1 / B(agents - 1, load). Everything is scaled by exp(-peak) so that nothing overflows.
    """
    theta = 1 / load.patience
    wait = _OfferedWait(load.rate, agents / load.handle, theta)
    blocked = erlang_b(agents - 1, load.erlangs)
    if blocked == 0 or -math.log(blocked) - wait.peak > MOST_EXPONENT:
        return Forecast(0.0, 1.0, 0.0, 0.0, 0.0, load.erlangs / agents)
    empty = math.exp(-math.log(blocked) - wait.peak)
    busy = load.rate * wait.integral(lambda _: 1.0)
    everything = empty + busy
    scale = load.rate / everything
    mean_wait = scale * wait.integral(wait.patience_so_far)
    abandoned = theta * mean_wait
    answered = 1 - abandoned
    waited_and_answered = scale * wait.integral(lambda x: x * np.exp(-theta * x))
    in_time = scale * wait.integral(lambda x: np.exp(-theta * x), within)
    return Forecast(
        p_wait=busy / everything,
        service_level=min(1.0, empty / everything + in_time),
        asa=waited_and_answered / answered if answered > 0 else math.inf,
        mean_wait=mean_wait,
        abandoned=abandoned,
        occupancy=min(1.0, load.erlangs * answered / agents),
    )


Curve = Callable[[NDArray[np.float64]], "NDArray[np.float64] | float"]


class _OfferedWait:
    """The function g of Palm's model on a grid that covers all of it."""

    def __init__(self, rate: float, service: float, theta: float) -> None:
        self._rate, self._service, self._theta = rate, service, theta
        top = math.log(rate / service) / theta if rate > service else 0.0
        self.peak = float(self._exponent(np.array([top]))[0])
        self._end = self._where_negligible(top)

    def _exponent(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return self._rate * self.patience_so_far(x) - self._service * x

    def patience_so_far(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """H(x): mean of the smaller of x and the patience."""
        return -np.expm1(-self._theta * x) / self._theta

    def _where_negligible(self, top: Seconds) -> Seconds:
        """From ``top`` on g only falls; doubling finds where it has fallen enough."""
        span = 1 / self._service
        while self._exponent(np.array([top + span]))[0] > self.peak - NEGLIGIBLE:
            span *= 2
        return top + span

    def integral(self, curve: Curve, until: Seconds = math.inf) -> float:
        """Integral of g times ``curve`` from 0 to ``until``, times exp(-peak)."""
        end = min(until, self._end)
        bend = min(end, 10 / self._theta)
        return self._piece(curve, 0.0, bend) + (self._piece(curve, bend, end) if end > bend else 0.0)

    def _piece(self, curve: Curve, start: Seconds, end: Seconds) -> float:
        edges = np.linspace(start, end, PANELS + 1)
        half = (edges[1:] - edges[:-1])[:, None] / 2
        x = (edges[1:] + edges[:-1])[:, None] / 2 + half * NODES
        return float(np.sum(half * WEIGHTS * np.exp(self._exponent(x) - self.peak) * curve(x)))


@dataclass(frozen=True, slots=True)
class Target:
    """What a centre wants to reach."""

    level: float = 0.80
    """Least share of all callers who are answered within ``within`` seconds."""
    within: Seconds = 15.0
    abandoned: float = 0.03
    """Greatest share of callers who give up."""

    def met(self, level: float, abandoned: float) -> bool:
        """Whether both are reached."""
        return level >= self.level and abandoned <= self.abandoned


def required_agents(load: Load, target: Target, within: Seconds | None = None) -> int:
    """The fewest agents who meet the target, by Erlang A (or C).

    Args:
        load: what comes in.
        target: what is wanted.
        within: replaces the target's threshold (where a part of the wait does not depend on the agents).

    Raises:
        ValueError: no number of agents can meet it.
    """
    threshold = target.within if within is None else within
    if load.rate == 0:
        return 0

    def meets(agents: int) -> bool:
        seen = forecast(agents, load, threshold)
        return target.met(seen.service_level, seen.abandoned)

    enough = max(1, math.ceil(load.erlangs))
    while not meets(enough):
        enough *= 2
        if enough > MOST_AGENTS:
            raise ValueError("no number of agents can meet this target")
    return _least(meets, enough)


def _least(meets: Callable[[int], bool], enough: int) -> int:
    """The smallest number that meets, between 1 and one that does; more agents are never worse."""
    low, high = 0, enough
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if meets(middle) else (middle, high)
    return high
