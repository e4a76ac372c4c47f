from collections.abc import Sequence

import pytest
from prometheus_client.parser import text_string_to_metric_families

from core.callers import DisconnectResult, Treatment
from core.facts import (
    AgentStateChanged,
    CallerTreated,
    CallFinished,
    CallOffered,
    CallUsedFallback,
    DisconnectEnded,
    Fact,
    NextStateSet,
    OfferEnded,
    TalkEnded,
    TalkStarted,
)
from core.ports import AgentView, QueueView
from core.vocabulary import (
    AbandonStage,
    AgentId,
    AgentState,
    CallId,
    OfferId,
    OfferResult,
    Outcome,
    Phone,
    QueueName,
    Seconds,
)
from hotline.metrics import CONTENT_TYPE, WAIT_BUCKETS, Metrics

CITIZENS = QueueName("citizens")
S = AgentState


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(["citizens", "business"])


def sample(metrics: Metrics, name: str, **labels: str) -> float | None:
    """One figure as a scrape shows it."""
    text, content_type = metrics.render()
    assert content_type == CONTENT_TYPE
    for family in text_string_to_metric_families(text.decode()):
        for found in family.samples:
            if found.name == name and found.labels == labels:
                return found.value
    return None


def started(at: Seconds, call: str = "x") -> TalkStarted:
    return TalkStarted(
        call_id=CallId(call),
        agent_id=AgentId(1),
        phone=Phone("1001"),
        caller="13800138000",
        dialled="12345",
        queue=CITIZENS,
        arrived_at=10.0,
        queued_at=11.0,
        at=at,
    )


def ended(outcome: Outcome, stage: AbandonStage | None, at: Seconds) -> CallFinished:
    return CallFinished(
        call_id=CallId("x"),
        queue=CITIZENS,
        caller="13800138000",
        dialled="12345",
        outcome=outcome,
        cause="caller_hangup",
        unreached_stage=stage,
        arrived_at=10.0,
        queued_at=11.0,
        answered_at=None,
        talk_ended_at=None,
        at=at,
    )


def moved(before: AgentState, after: AgentState, at: Seconds) -> AgentStateChanged:
    return AgentStateChanged("k", AgentId(1), before, after, "", "agent", CallId("x"), None, None, at)


def tell(metrics: Metrics, *facts: Fact) -> None:
    for fact in facts:
        metrics.record(fact)


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("hotline_calls_offered_total", {"queue": "business"}),
        ("hotline_calls_answered_total", {"queue": "business"}),
        ("hotline_calls_abandoned_total", {"queue": "business", "stage": "ringing"}),
        ("hotline_calls_finished_total", {"queue": "business", "outcome": "failed"}),
        ("hotline_call_wait_seconds_count", {"queue": "business"}),
        ("hotline_call_abandon_seconds_count", {"queue": "business"}),
        ("hotline_offers_total", {"result": "busy"}),
        ("hotline_call_ratings_total", {"rating": "3"}),
        ("hotline_calls_fallback_total", {}),
        ("hotline_call_talk_seconds_count", {}),
        ("hotline_call_wrap_up_seconds_count", {}),
        ("hotline_call_handle_seconds_count", {}),
    ],
)
def test_every_series_is_there_from_the_start(metrics: Metrics, name: str, labels: dict[str, str]) -> None:
    assert sample(metrics, name, **labels) == 0.0


def test_an_answered_call(metrics: Metrics) -> None:
    tell(
        metrics,
        CallOffered(CallId("x"), "u", "13800138000", "12345", CITIZENS, 10.0),
        OfferEnded(CallId("x"), OfferId(1), OfferResult.ANSWERED, 25.0),
        started(25.0),
        TalkEnded(CallId("x"), AgentId(1), 85.0),
        ended(Outcome.ANSWERED, None, 90.0),
    )
    assert sample(metrics, "hotline_calls_offered_total", queue="citizens") == 1
    assert sample(metrics, "hotline_calls_answered_total", queue="citizens") == 1
    assert sample(metrics, "hotline_calls_finished_total", queue="citizens", outcome="answered") == 1
    assert sample(metrics, "hotline_offers_total", result="answered") == 1
    assert sample(metrics, "hotline_call_wait_seconds_sum", queue="citizens") == 15.0
    assert sample(metrics, "hotline_call_talk_seconds_sum") == 60.0
    assert sample(metrics, "hotline_calls_abandoned_total", queue="citizens", stage="waiting") == 0
    assert metrics._talk_since == {}


@pytest.mark.parametrize(("answered_at", "within"), [(25.0, 1), (25.001, 0)])
def test_the_norm_of_fifteen_seconds_is_a_bucket(metrics: Metrics, answered_at: Seconds, within: int) -> None:
    assert 15 in WAIT_BUCKETS
    tell(metrics, started(answered_at))
    assert sample(metrics, "hotline_call_wait_seconds_bucket", queue="citizens", le="15.0") == within


def test_an_abandoned_call(metrics: Metrics) -> None:
    tell(metrics, ended(Outcome.ABANDONED, AbandonStage.RINGING, 40.0))
    assert sample(metrics, "hotline_calls_abandoned_total", queue="citizens", stage="ringing") == 1
    assert sample(metrics, "hotline_call_abandon_seconds_sum", queue="citizens") == 30.0
    assert sample(metrics, "hotline_call_wait_seconds_count", queue="citizens") == 0


def test_a_failed_call_is_not_an_abandoned_one(metrics: Metrics) -> None:
    tell(metrics, ended(Outcome.FAILED, None, 40.0), CallUsedFallback(CallId("x"), 20.0))
    assert sample(metrics, "hotline_calls_finished_total", queue="citizens", outcome="failed") == 1
    assert sample(metrics, "hotline_call_abandon_seconds_count", queue="citizens") == 0
    assert sample(metrics, "hotline_calls_fallback_total") == 1


def test_a_talk_that_began_before_the_restart_is_not_guessed(metrics: Metrics) -> None:
    tell(metrics, TalkEnded(CallId("old"), AgentId(1), 85.0))
    assert sample(metrics, "hotline_call_talk_seconds_count") == 0


def test_a_clock_that_went_back_does_not_make_negative_times(metrics: Metrics) -> None:
    tell(metrics, started(9.0), TalkEnded(CallId("x"), AgentId(1), 8.0))
    assert sample(metrics, "hotline_call_wait_seconds_sum", queue="citizens") == 0
    assert sample(metrics, "hotline_call_talk_seconds_sum") == 0


def test_wrap_up_after_a_talk_is_measured(metrics: Metrics) -> None:
    tell(metrics, moved(S.TALKING, S.WRAP_UP, 100.0), moved(S.WRAP_UP, S.BREAK, 112.0))
    assert sample(metrics, "hotline_call_wrap_up_seconds_sum") == 12.0


def test_wrap_up_prolonged_is_one_wrap_up(metrics: Metrics) -> None:
    tell(
        metrics,
        moved(S.TALKING, S.WRAP_UP, 100.0),
        moved(S.WRAP_UP, S.WRAP_UP, 105.0),
        moved(S.WRAP_UP, S.READY, 130.0),
    )
    assert sample(metrics, "hotline_call_wrap_up_seconds_count") == 1
    assert sample(metrics, "hotline_call_wrap_up_seconds_sum") == 30.0


def test_handle_time_is_talk_and_wrap_up(metrics: Metrics) -> None:
    tell(
        metrics,
        started(25.0),
        TalkEnded(CallId("x"), AgentId(1), 85.0),
        moved(S.TALKING, S.WRAP_UP, 85.0),
        ended(Outcome.ANSWERED, None, 86.0),
        moved(S.WRAP_UP, S.READY, 97.0),
    )
    assert sample(metrics, "hotline_call_handle_seconds_sum") == 72.0
    assert sample(metrics, "hotline_call_handle_seconds_count") == 1
    assert metrics._talked == {}


def test_a_talk_without_an_agent_has_no_handle_time(metrics: Metrics) -> None:
    tell(metrics, started(25.0), TalkEnded(CallId("x"), None, 85.0))
    assert sample(metrics, "hotline_call_talk_seconds_sum") == 60.0
    assert metrics._talked == {}


def test_wrap_up_after_a_talk_from_before_the_restart_is_measured_alone(metrics: Metrics) -> None:
    tell(metrics, moved(S.TALKING, S.WRAP_UP, 100.0), moved(S.WRAP_UP, S.READY, 110.0))
    assert sample(metrics, "hotline_call_wrap_up_seconds_sum") == 10.0
    assert sample(metrics, "hotline_call_handle_seconds_count") == 0


def test_wrap_up_without_a_call_is_not_handle_time(metrics: Metrics) -> None:
    tell(metrics, moved(S.READY, S.WRAP_UP, 100.0), moved(S.WRAP_UP, S.READY, 112.0))
    assert sample(metrics, "hotline_call_wrap_up_seconds_count") == 0
    assert metrics._wrap_since == {}


def test_ratings_and_facts_that_are_not_counted(metrics: Metrics) -> None:
    metrics.rated(3)
    before = metrics.render()
    tell(metrics, NextStateSet(AgentId(1), S.BREAK, "", 5.0))
    assert metrics.render() == before
    assert sample(metrics, "hotline_call_ratings_total", rating="3") == 1


class FakeLive:
    """A live view that can be changed."""

    def __init__(self) -> None:
        self.states: list[AgentState] = []
        self.waiting = 0

    def agent(self, agent_id: AgentId) -> AgentView | None:
        return next((view for view in self.agents() if view.agent_id == agent_id), None)

    def agents(self) -> Sequence[AgentView]:
        return [
            AgentView(
                agent_id=AgentId(number),
                name="",
                phone=Phone(str(1000 + number)),
                queues=(CITIZENS,),
                state=state,
                reason="",
                cause="",
                since=0.0,
                until=None,
                next_state=None,
                call_id=None,
                caller="",
                dialled="",
                queue="",
                answered_at=None,
            )
            for number, state in enumerate(self.states)
        ]

    def queues(self) -> Sequence[QueueView]:
        return [QueueView(CITIZENS, self.waiting, 12.5, 0, 0)]


def test_live_figures_are_read_at_the_scrape(metrics: Metrics) -> None:
    live, reconnects = FakeLive(), [0]
    metrics.watch(
        live,
        {"hotline_ami_connected": ("AMI is connected", lambda: 1.0)},
        {"hotline_ami_reconnects": ("Reconnects", lambda: float(reconnects[0]))},
    )
    assert sample(metrics, "hotline_agents", state="READY") == 0
    live.states, live.waiting, reconnects[0] = [S.READY, S.READY, S.STRESS_ROOM], 7, 4
    assert sample(metrics, "hotline_agents", state="READY") == 2
    assert sample(metrics, "hotline_agents", state="STRESS_ROOM") == 1
    assert sample(metrics, "hotline_agents", state="OFFLINE") is None
    assert sample(metrics, "hotline_queue_calls", queue="citizens") == 7
    assert sample(metrics, "hotline_queue_longest_wait_seconds", queue="citizens") == 12.5
    assert sample(metrics, "hotline_ami_connected") == 1
    assert sample(metrics, "hotline_ami_reconnects_total") == 4


def test_no_personal_data_in_the_text(metrics: Metrics) -> None:
    tell(
        metrics,
        CallOffered(CallId("some-call"), "u", "13800138000", "12345", CITIZENS, 10.0),
        started(25.0),
        ended(Outcome.ABANDONED, AbandonStage.WAITING, 40.0),
    )
    text = metrics.render()[0].decode()
    for secret in ("13800138000", "12345", "some-call", "1001"):
        assert secret not in text


def test_treatments_and_disconnects_are_counted_from_nought(metrics: Metrics) -> None:
    call = CallId("c1")
    metrics.record(CallerTreated(call, Treatment.SENIOR, "list:1", 1.0))
    metrics.record(DisconnectEnded(call, AgentId(1), 1.0, DisconnectResult.STOPPED, 2.0))
    assert sample(metrics, "hotline_calls_treated_total", treatment="senior") == 1
    assert sample(metrics, "hotline_calls_treated_total", treatment="block") == 0
    assert sample(metrics, "hotline_disconnects_total", result="stopped") == 1
    assert sample(metrics, "hotline_disconnects_total", result="disconnected") == 0
