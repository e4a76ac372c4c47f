import pytest

from hotline.demo.siplog import SipCall
from tests.bench import acd, gaps, rig


def waiting(count: int, at: float = 0.0) -> list[SipCall]:
    return [SipCall(f"c{index}", "12345", at, answered_at=at) for index in range(count)]


def talk(phone: str, start: float, end: float | None) -> SipCall:
    return SipCall(f"{phone}@{start}", phone, start, answered_at=start, hung_up_at=end)


def test_gap_is_from_bye_to_the_next_invite_of_the_same_phone() -> None:
    phones = [talk("1", 1.0, 2.0), talk("2", 1.1, 2.5), talk("1", 2.25, 3.0), talk("2", 2.75, None)]
    assert gaps.reseize_gaps(waiting(30), phones) == [0.25, 0.25]


def test_no_gap_counts_when_few_are_waiting() -> None:
    phones = [talk("1", 1.0, 2.0), talk("1", 2.25, 3.0)]
    assert gaps.reseize_gaps(waiting(gaps.BACKLOG), phones) == []
    assert gaps.reseize_gaps(waiting(gaps.BACKLOG + 1), phones) == [0.25]
    assert gaps.reseize_gaps(waiting(50, at=2.1), phones) == []


def test_a_phone_that_never_hung_up_has_no_gap() -> None:
    assert gaps.reseize_gaps(waiting(50), [talk("1", 1.0, None), talk("1", 2.0, 3.0)]) == []


def test_idle_latency_belongs_to_its_own_caller() -> None:
    callers = [SipCall("a", "12345", 1.0), SipCall("b", "12345", 2.0), SipCall("c", "12345", 3.0)]
    phones = [talk("1", 1.5, 1.6), talk("2", 3.25, 3.5)]
    assert gaps.idle_latencies(callers, phones) == [0.5, 0.25]


def test_percentile_by_nearest_rank() -> None:
    values = [float(value) for value in range(1, 101)]
    assert gaps.percentile(values, 0.5) == 51.0
    assert gaps.percentile(values, 0.99) == 100.0
    assert gaps.percentile([3.0], 0.99) == 3.0
    with pytest.raises(ValueError, match="nothing was measured"):
        gaps.percentile([], 0.5)


def test_the_line_has_the_keys_of_the_contract() -> None:
    sides = {
        rig.ACD: acd.Side(gaps=[0.005], idle=[0.004], answered=1),
        rig.APP_QUEUE: acd.Side(gaps=[0.5], idle=[0.003], answered=1),
    }
    line = acd.result(sides)
    assert line["reseize_ms"] == {"acd": {"p50": 5.0, "p99": 5.0}, "app_queue": {"p50": 500.0, "p99": 500.0}}
    assert line["idle_ms"] == {"acd": {"p50": 4.0}, "app_queue": {"p50": 3.0}}
    assert line["ratio_reseize_p50"] == 100.0
    assert line["calls"] == {"acd": 1, "app_queue": 1}
