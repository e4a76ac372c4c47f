"""Small centres for the simulator's tests."""

import math
from typing import Any

from core.plan import QueueRules, RoutingPlan
from core.vocabulary import QueueName, Seconds
from hotline.simulate.distributions import Constant, Distribution, Exponential, Never
from hotline.simulate.scenario import HALF_HOUR, Callers, Demand, Habits, Scenario, Shift

CITIZENS = QueueName("citizens")


def plan(**rules: Any) -> RoutingPlan:  # noqa: ANN401 - any rule
    """One queue without wrap-up."""
    known: dict[str, Any] = {"wrap_up_seconds": 0.0, "ring_seconds": 15.0, "service_level_seconds": 20.0}
    return RoutingPlan({CITIZENS: QueueRules(CITIZENS, **{**known, **rules})}, CITIZENS)


def textbook(
    agents: int,
    rate: float,
    handle: Seconds,
    patience: Seconds = math.inf,
    *,
    calls: int,
    talk: Distribution | None = None,
    warm_up: Seconds = 4 * HALF_HOUR,
) -> Scenario:
    """M/M/n, or M/M/n+M: nobody rings, nobody writes, everybody is always there.

    ``rate`` in calls per second; at least ``calls`` are expected after the warm-up.
    """
    slots = math.ceil((calls / rate + warm_up) / HALF_HOUR)
    length = slots * HALF_HOUR
    callers = Callers(talk or Exponential(handle), Never() if math.isinf(patience) else Exponential(patience))
    return Scenario(
        title="textbook",
        plan=plan(),
        demand=(Demand("12345", (rate * HALF_HOUR,) * slots, callers),),
        shifts=(Shift("all", agents, 0.0, length, daily=False),),
        habits=Habits(ring=Constant(0.0)),
        end=length,
        warm_up=warm_up,
    )
