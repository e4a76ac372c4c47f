"""What a simulation found, as tables, JSON and CSV."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from hotline.simulate.figures import BY_NAME, FIGURES, Unit
from hotline.simulate.replicate import BoundsRow, Results
from hotline.simulate.scenario import HALF_HOUR, Scenario, rostered
from hotline.simulate.scenario_file import label
from hotline.simulate.staffing import Staffing
from hotline.simulate.student import Bounds

NOTHING = "-"

COLUMNS: tuple[tuple[str, str], ...] = (
    ("offered", "offered"),
    ("answered", "answered"),
    ("abandoned", "abandoned"),
    ("overflowed", "overflowed"),
    ("called_back", "called back"),
    ("service_level", "level"),
    ("abandonment", "given up"),
    ("asa", "ASA"),
    ("wait_p95", "95 %"),
    ("aht", "AHT"),
    ("occupancy", "occupied"),
    ("agents", "agents"),
)
"""Figures per half hour and their short titles; those that are always 0 are left out."""

RARE = frozenset({"overflowed", "called_back"})
BOUNDED = frozenset({"service_level", "asa"})
"""Shown with their confidence bounds also in the table of half hours."""


def cell(name: str, bounds: Bounds | None, *, bounded: bool) -> str:
    """A figure as text."""
    if bounds is None:
        return NOTHING
    unit = BY_NAME[name].unit
    value = _text(unit, bounds.mean)
    if not bounded or bounds.half_width is None:
        return value
    return f"{value} ±{_text(unit, bounds.half_width)}"


def _text(unit: Unit, value: float) -> str:
    match unit:
        case Unit.SHARE:
            return f"{value * 100:.1f}%"
        case Unit.SECONDS:
            return f"{value:.1f}s"
        case Unit.NUMBER:
            return f"{value:.1f}"


def _columns(rows: Sequence[BoundsRow]) -> list[tuple[str, str]]:
    return [
        (name, title)
        for name, title in COLUMNS
        if name not in RARE or any(bounds.mean for row in rows if (bounds := row[name]) is not None)
    ]


def half_hours(results: Results) -> Table:
    """One line for each half hour."""
    rows, scenario = results.slots, results.scenario
    first = int(scenario.warm_up // HALF_HOUR)
    columns = _columns(rows)
    table = _table(["from", *(title for _, title in columns), "roster"])
    for slot, row in enumerate(rows, start=first):
        table.add_row(
            label(scenario, slot),
            *(cell(name, row[name], bounded=name in BOUNDED) for name, _ in columns),
            f"{rostered(scenario, slot):.1f}",
        )
    return table


def totals(results: Results) -> Table:
    """Every figure over the whole time, and by queue where there are several."""
    queues = results.queues
    named = list(queues.items()) if len(queues) > 1 else []
    table = _table(["figure", "in all", *(name for name, _ in named)])
    total = results.total
    for figure in FIGURES:
        name = figure.name
        table.add_row(
            figure.title,
            cell(name, total[name], bounded=True),
            *(NOTHING if name == "agents" else cell(name, row[name], bounded=True) for _, row in named),
        )
    return table


def _table(titles: Sequence[str]) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for number, title in enumerate(titles):
        table.add_column(title, justify="left" if number == 0 else "right", no_wrap=number > 0)
    return table


def show(console: Console, results: Results) -> None:
    """Everything on the terminal."""
    console.print(f"{results.scenario.title}: {_made(results)}")
    console.print(half_hours(results))
    console.print(totals(results))
    console.print(
        f"± is the {results.confidence:.0%} confidence interval of the mean over the replications "
        "(Student's t)."
    )


def _made(results: Results) -> str:
    return (
        f"{len(results.runs)} replications in {results.seconds:.1f} s, "
        f"{results.calls_per_second:,.0f} calls simulated per second, seed {results.seed}."
    )


def show_staffing(console: Console, scenario: Scenario, found: Sequence[Staffing]) -> None:
    """What every pool needs, beside what the roster has."""
    for pool in found:
        console.print(f"Queues {', '.join(pool.queues)}: service level {_target(scenario)}")
        console.print(_needs(scenario, pool))
        if pool.shifts:
            console.print(_shifts(pool))
        console.print("\n".join(_remarks(scenario, pool)))


def _target(scenario: Scenario) -> str:
    target = scenario.target
    return f"{target.level:.0%} within {target.within:g} s, at most {target.abandoned:.1%} give up."


def _needs(scenario: Scenario, pool: Staffing) -> Table:
    table = _table(["from", "calls", "Erlang A", "required", "roster", "missing", "level", "given up"])
    for need in pool.needs:
        table.add_row(
            label(scenario, need.slot),
            f"{need.calls:.0f}",
            str(need.erlang_a),
            str(need.required),
            f"{need.rostered:.1f}",
            f"{need.missing:.1f}" if need.missing > 0 else NOTHING,
            NOTHING if need.level is None else f"{need.level:.1%}",
            NOTHING if need.abandoned is None else f"{need.abandoned:.1%}",
        )
    return table


def _shifts(pool: Staffing) -> Table:
    table = _table(["shift", "from", "to", "roster", "needed"])
    for shift, number in pool.shifts:
        table.add_row(shift.name, _clock(shift.start), _clock(shift.end), str(shift.agents), str(number))
    return table


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 3600:02d}:{int(seconds) % 3600 // 60:02d}"


def _remarks(scenario: Scenario, pool: Staffing) -> list[str]:
    lines = []
    if not pool.reached:
        lines.append(f"Some half hours miss the target even so, after {pool.rounds} rounds of adding agents.")
    if pool.uncovered:
        times = ", ".join(label(scenario, slot) for slot in pool.uncovered)
        lines.append(f"No shift covers: {times}.")
    if pool.verified is not None:
        total = pool.verified.total
        level, gone = (cell(name, total[name], bounded=True) for name in ("service_level", "abandonment"))
        lines.append(f"With the shifts so filled, simulated: service level {level}, given up {gone}.")
    return lines


def as_json(results: Results) -> dict[str, Any]:
    """Everything, for a program."""
    scenario = results.scenario
    first = int(scenario.warm_up // HALF_HOUR)
    return {
        "scenario": scenario.title,
        "seed": results.seed,
        "replications": len(results.runs),
        "confidence": results.confidence,
        "seconds": round(results.seconds, 3),
        "calls_per_second": round(results.calls_per_second, 1),
        "figures": {figure.name: figure.title for figure in FIGURES},
        "total": _values(results.total),
        "queues": {name: _values(row) for name, row in results.queues.items()},
        "half_hours": [
            {
                "from": label(scenario, slot),
                "expected": scenario.expected_calls(slot),
                "rostered": round(rostered(scenario, slot), 3),
                **_values(row),
            }
            for slot, row in enumerate(results.slots, start=first)
        ],
    }


def _values(row: BoundsRow) -> dict[str, Any]:
    return {
        name: None if bounds is None else {"mean": bounds.mean, "half_width": bounds.half_width}
        for name, bounds in row.items()
    }


def staffing_as_json(scenario: Scenario, found: Sequence[Staffing]) -> dict[str, Any]:
    """What every pool needs, for a program."""
    target = scenario.target
    return {
        "scenario": scenario.title,
        "target": {"level": target.level, "within": target.within, "abandoned": target.abandoned},
        "pools": [
            {
                "queues": list(pool.queues),
                "reached": pool.reached,
                "rounds": pool.rounds,
                "half_hours": [
                    {
                        "from": label(scenario, need.slot),
                        "calls": need.calls,
                        "erlang_a": need.erlang_a,
                        "required": need.required,
                        "rostered": round(need.rostered, 3),
                        "service_level": need.level,
                        "abandonment": need.abandoned,
                    }
                    for need in pool.needs
                ],
                "shifts": [
                    {"name": shift.name, "rostered": shift.agents, "needed": number}
                    for shift, number in pool.shifts
                ],
                "uncovered": [label(scenario, slot) for slot in pool.uncovered],
                "verified": None if pool.verified is None else _values(pool.verified.total),
            }
            for pool in found
        ],
    }


def as_csv(results: Results) -> str:
    """One line for each half hour and one for the total: every figure, and its half width."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [figure.name for figure in FIGURES]
    writer.writerow(["from", *names, *(f"{name}_half_width" for name in names)])
    first = int(results.scenario.warm_up // HALF_HOUR)
    for slot, row in enumerate(results.slots, start=first):
        writer.writerow([label(results.scenario, slot), *_line(row)])
    writer.writerow(["total", *_line(results.total)])
    return text.getvalue()


def _line(row: BoundsRow) -> list[float | str]:
    means = [bounds.mean if bounds else "" for bounds in row.values()]
    widths = [
        bounds.half_width if bounds and bounds.half_width is not None else "" for bounds in row.values()
    ]
    return [*means, *widths]
