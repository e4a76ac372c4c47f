import io
from datetime import datetime

import pytest
from rich.console import Console

from core.vocabulary import AgentState
from hotline.status import (
    Display,
    Figures,
    Status,
    StatusSource,
    Today,
    describe,
    midnight,
    read_figures,
    read_today,
)
from hotline.supervisor import PartState

RUNNING = {"postgresql": PartState.RUNNING, "asterisk": PartState.RUNNING, "service": PartState.RUNNING}

METRICS = """\
# HELP hotline_queue_calls Callers who wait
# TYPE hotline_queue_calls gauge
hotline_queue_calls{queue="citizens"} 2.0
hotline_queue_calls{queue="urgent"} 1.0
# HELP hotline_queue_longest_wait_seconds How long the first in the queue has waited
# TYPE hotline_queue_longest_wait_seconds gauge
hotline_queue_longest_wait_seconds{queue="citizens"} 75.4
hotline_queue_longest_wait_seconds{queue="urgent"} 3.0
# HELP hotline_agents Agents by state
# TYPE hotline_agents gauge
hotline_agents{state="READY"} 0.0
hotline_agents{state="TALKING"} 4.0
hotline_agents{state="STRESS_ROOM"} 1.0
"""


def test_figures_are_summed_over_the_queues() -> None:
    assert read_figures(METRICS) == Figures(3, 75.4, {"TALKING": 4, "STRESS_ROOM": 1})


def test_every_state_an_agent_can_be_shown_in_has_a_word() -> None:
    for state in set(AgentState) - {AgentState.OFFLINE}:
        assert "none" not in describe(Status(figures=Figures(agents={state.value: 1})))


def test_the_line() -> None:
    status = Status(read_figures(METRICS), Today(17, 2), RUNNING)
    assert describe(status) == (
        "3 waiting, longest 1:15 | agents: 4 talking, 1 in the stress room | today 17 answered, 2 abandoned"
        " | all parts running"
    )


def test_the_line_of_a_quiet_hotline() -> None:
    assert describe(Status(Figures(), Today(), RUNNING)) == (
        "nobody waits | agents: none logged in | today 0 answered, 0 abandoned | all parts running"
    )


def test_what_is_not_known_is_not_made_up() -> None:
    parts = RUNNING | {"service": PartState.RESTARTING}
    assert describe(Status(None, None, parts)) == "callers ? | agents ? | today ? | service restarting"


def _plain() -> tuple[Display, io.StringIO]:
    sink = io.StringIO()
    return Display(Console(file=sink, force_terminal=False, width=400)), sink


def test_without_a_terminal_only_news_is_written() -> None:
    display, sink = _plain()
    with display.shown():
        for longest in (1.0, 2.0, 3.0):
            display.update(Status(Figures(1, longest), Today(), RUNNING))
        display.update(Status(Figures(2, 4.0), Today(), RUNNING))
    lines = sink.getvalue().splitlines()
    assert [line.split("  ", 1)[1].split(" | ")[0] for line in lines] == [
        "1 waiting, longest 0:01",
        "2 waiting, longest 0:04",
    ]


def test_on_a_terminal_the_line_changes_in_place() -> None:
    sink = io.StringIO()
    display = Display(Console(file=sink, force_terminal=True, width=400))
    with display.shown():
        display.update(Status(Figures(1, 1.0), Today(), RUNNING))
        display.update(Status(Figures(1, 2.0), Today(), RUNNING))
    assert "longest 0:01" in sink.getvalue()
    assert "longest 0:02" in sink.getvalue()
    assert "\x1b[2K" in sink.getvalue()


def test_midnight_is_the_local_one() -> None:
    now = datetime(2026, 11, 23, 15, 4, 5).astimezone()
    assert datetime.fromtimestamp(midnight(now.timestamp())).astimezone() == now.replace(
        hour=0, minute=0, second=0
    )


async def test_sources_that_are_away_leave_their_part_unknown(unused_tcp_port: int) -> None:
    source = StatusSource(
        f"http://127.0.0.1:{unused_tcp_port}/metrics",
        f"postgresql://nobody@127.0.0.1:{unused_tcp_port}/none",
        lambda: RUNNING,
    )
    assert await source.gather() == Status(None, None, RUNNING)
    assert await read_today(f"postgresql://nobody@127.0.0.1:{unused_tcp_port}/none") is None


@pytest.mark.parametrize(("seconds", "said"), [(0.9, "0:00"), (59.9, "0:59"), (60, "1:00"), (3725, "62:05")])
def test_waits_are_minutes_and_seconds(seconds: float, said: str) -> None:
    assert describe(Status(Figures(1, seconds))).startswith(f"1 waiting, longest {said} |")
