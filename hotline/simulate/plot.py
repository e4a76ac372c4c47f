"""Draws a day as SVG: calls, service level, waits, and how busy the agents are, one below the other.

Written by hand, because four line charts are no reason for a plotting library.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from hotline.simulate.replicate import BoundsRow, Results
from hotline.simulate.scenario import HALF_HOUR, rostered
from hotline.simulate.scenario_file import label
from hotline.simulate.student import Bounds

WIDTH, PANEL, LEFT, RIGHT, TOP, GAP = 960, 170, 64, 180, 56, 40
FONT = 'font-family="sans-serif" font-size="11"'
GRID = 4
LABEL_EVERY = 4
"""Half hours between two labels of the time axis."""
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)

BLUE, GREEN, RED, GREY = "#1f5fa8", "#2a8a4a", "#c23b30", "#777777"


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a panel; ``None`` leaves a gap."""

    title: str
    colour: str
    values: Sequence[float | None]
    band: Sequence[tuple[float, float] | None] = ()
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart."""

    title: str
    curves: Sequence[Curve]
    top: float | None = None
    """Upper end of the axis; ``None``: as the values need."""
    text: Callable[[float], str] = "{:g}".format


def draw(results: Results) -> str:
    """The whole picture as SVG text."""
    panels = _panels(results)
    first = len(_times(results)) - len(results.slots)
    times = _times(results)[first:]
    height = TOP + len(panels) * (PANEL + GAP)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {FONT}>',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        f'<text x="{LEFT}" y="24" font-size="16">{escape(results.scenario.title)}</text>',
        f'<text x="{LEFT}" y="40" fill="{GREY}">{_made(results)}</text>',
    ]
    for number, panel in enumerate(panels):
        lines += _panel(panel, times, TOP + number * (PANEL + GAP))
    return "\n".join([*lines, "</svg>"]) + "\n"


def _made(results: Results) -> str:
    return f"{len(results.runs)} replications; bands: {results.confidence:.0%} confidence"


def _times(results: Results) -> list[str]:
    return [label(results.scenario, slot) for slot in range(results.scenario.slots)]


def _panels(results: Results) -> list[Panel]:
    rows, scenario = results.slots, results.scenario
    first = int(scenario.warm_up // HALF_HOUR)
    roster = [rostered(scenario, slot) for slot in range(first, scenario.slots)]
    target: list[float | None] = [scenario.target.level] * len(rows)
    return [
        Panel(
            "calls per half hour",
            [
                _curve("offered", BLUE, rows, "offered"),
                _curve("answered", GREEN, rows, "answered"),
                _curve("abandoned", RED, rows, "abandoned"),
            ],
        ),
        Panel(
            "service level and abandonment",
            [
                _curve("answered in time", BLUE, rows, "service_level"),
                Curve("target", GREY, target, dashed=True),
                _curve("abandoned", RED, rows, "abandonment"),
            ],
            top=1.0,
            text="{:.0%}".format,
        ),
        Panel(
            "wait in seconds",
            [
                _curve("mean of answered", BLUE, rows, "asa"),
                _curve("95 % stay below", GREY, rows, "wait_p95"),
            ],
        ),
        Panel("occupancy", [_curve("occupancy", BLUE, rows, "occupancy")], top=1.0, text="{:.0%}".format),
        Panel(
            "agents",
            [_curve("at work", BLUE, rows, "agents"), Curve("on the roster", GREY, roster, dashed=True)],
        ),
    ]


def _curve(title: str, colour: str, rows: Sequence[BoundsRow], name: str) -> Curve:
    bounds = [row[name] for row in rows]
    return Curve(title, colour, [b.mean if b else None for b in bounds], [_band(b) for b in bounds])


def _band(bounds: Bounds | None) -> tuple[float, float] | None:
    return (max(0.0, bounds.low), bounds.high) if bounds else None


def _top(panel: Panel) -> float:
    """The end of the axis: a round number that nothing exceeds."""
    if panel.top is not None:
        return panel.top
    highest = max(
        [value for curve in panel.curves for value in curve.values if value is not None]
        + [band[1] for curve in panel.curves for band in curve.band if band is not None],
        default=0.0,
    )
    size = 1.0
    while size * 10 <= highest:
        size *= 10
    return next((size * step for step in STEPS if size * step >= highest), size * 10)


def _panel(panel: Panel, times: Sequence[str], y: int) -> list[str]:
    top = _top(panel)
    wide = WIDTH - LEFT - RIGHT

    def place(slot: int, value: float) -> tuple[float, float]:
        return LEFT + (slot + 0.5) * wide / len(times), y + PANEL - min(value, top) / top * PANEL

    lines = [f'<text x="{LEFT}" y="{y - 6}" font-weight="bold">{escape(panel.title)}</text>']
    for step in range(GRID + 1):
        height = y + PANEL - step * PANEL / GRID
        lines.append(
            f'<line x1="{LEFT}" y1="{height:.1f}" x2="{LEFT + wide}" y2="{height:.1f}" stroke="#dddddd"/>'
            f'<text x="{LEFT - 6}" y="{height + 4:.1f}" text-anchor="end">'
            f"{escape(panel.text(top * step / GRID))}</text>"
        )
    for slot in range(0, len(times), LABEL_EVERY):
        x = LEFT + slot * wide / len(times)
        lines.append(f'<text x="{x:.1f}" y="{y + PANEL + 14}" fill="{GREY}">{times[slot]}</text>')
    for number, curve in enumerate(panel.curves):
        lines += _draw_curve(curve, place)
        height = y + 12 + number * 16
        lines.append(
            f'<text x="{LEFT + wide + 12}" y="{height}" fill="{curve.colour}">{escape(curve.title)}</text>'
        )
    return lines


def _draw_curve(curve: Curve, place: Callable[[int, float], tuple[float, float]]) -> list[str]:
    lines = []
    for stretch in _stretches(curve.values):
        banded = [(slot, band) for slot in stretch if curve.band and (band := curve.band[slot]) is not None]
        if banded:
            around = [place(slot, band[1]) for slot, band in banded]
            around += [place(slot, band[0]) for slot, band in reversed(banded)]
            lines.append(f'<polygon points="{_points(around)}" fill="{curve.colour}" fill-opacity="0.15"/>')
        path = [place(slot, value) for slot in stretch if (value := curve.values[slot]) is not None]
        dashes = ' stroke-dasharray="4 3"' if curve.dashed else ""
        lines.append(
            f'<polyline points="{_points(path)}" fill="none" stroke="{curve.colour}" '
            f'stroke-width="1.6"{dashes}/>'
        )
    return lines


def _stretches(values: Sequence[float | None]) -> list[list[int]]:
    """Runs of half hours that have a value."""
    runs: list[list[int]] = []
    for slot, value in enumerate(values):
        if value is None:
            continue
        if runs and runs[-1][-1] == slot - 1:
            runs[-1].append(slot)
        else:
            runs.append([slot])
    return runs


def _points(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
