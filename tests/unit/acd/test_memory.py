import pytest

from acd import memory as module
from acd.memory import CallerMemory
from core.vocabulary import AgentId, QueueName

A, B = QueueName("a"), QueueName("b")
ONE = AgentId(1)


def test_the_place_is_kept_for_a_while_and_given_back_once() -> None:
    memory = CallerMemory()
    memory.note_gave_up("138", A, 10.0, 50.0)
    assert memory.kept_place("138", A, 60.1, within=10.0) is None
    assert memory.kept_place("138", A, 60.0, within=10.0) == 10.0
    assert memory.kept_place("138", A, 60.0, within=10.0) is None


@pytest.mark.parametrize(
    ("caller", "queue", "at", "within"),
    [("139", A, 60.0, 10.0), ("138", B, 60.0, 10.0), ("138", A, 49.9, 10.0), ("138", A, 50.0, 0.0)],
)
def test_another_caller_queue_or_time_has_no_place(
    caller: str, queue: QueueName, at: float, within: float
) -> None:
    memory = CallerMemory()
    memory.note_gave_up("138", A, 10.0, 50.0)
    assert memory.kept_place(caller, queue, at, within) is None
    assert memory.kept_place("138", A, 55.0, 10.0) == 10.0


def test_who_reached_somebody_keeps_no_place() -> None:
    memory = CallerMemory()
    memory.note_gave_up("138", A, 10.0, 50.0)
    memory.note_talked("138", ONE, 52.0)
    assert memory.kept_place("138", A, 53.0, 10.0) is None


def test_the_last_agent_for_a_while() -> None:
    memory = CallerMemory()
    memory.note_talked("138", ONE, 50.0)
    memory.note_talked("138", AgentId(2), 60.0)
    assert memory.last_agent("138", 70.0, within=10.0) == 2
    assert memory.last_agent("138", 70.1, within=10.0) is None
    assert memory.last_agent("138", 60.0, within=0.0) is None
    assert memory.last_agent("139", 60.0, within=10.0) is None


def test_anonymous_callers_are_not_one_person() -> None:
    memory = CallerMemory()
    memory.note_gave_up("", A, 10.0, 50.0)
    memory.note_talked("", ONE, 50.0)
    assert memory.kept_place("", A, 51.0, 10.0) is None
    assert memory.last_agent("", 51.0, 10.0) is None
    assert not memory.gave_up


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 3)
    memory = CallerMemory()
    for number in range(5):
        memory.note_gave_up(str(number), A, 0.0, 1.0)
        memory.note_talked(f"t{number}", ONE, 1.0)
    memory.note_talked("t2", ONE, 2.0)
    memory.note_talked("t5", ONE, 3.0)
    assert list(memory.gave_up) == ["2", "3", "4"]
    assert list(memory.talked) == ["t4", "t2", "t5"]
