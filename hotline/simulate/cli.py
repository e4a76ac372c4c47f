"""``hotline simulate``: a day that has not come yet, and how many agents it takes."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from core.errors import InvalidInput
from core.plan import RoutingPlan
from core.vocabulary import Seconds
from hotline.simulate import plot, report
from hotline.simulate.erlang import Target
from hotline.simulate.replicate import Effort, replicate
from hotline.simulate.scenario import Scenario
from hotline.simulate.scenario_file import find, load
from hotline.simulate.staffing import staff

TARGET = re.compile(r"([0-9]{1,2}(?:\.[0-9]+)?)/([0-9]{1,3}(?:\.[0-9]+)?)")
MOST_JOBS = 64
REPLICATIONS = 20
STAFF_REPLICATIONS = 5
"""Of each of the several simulations that staffing takes."""


def simulate(  # noqa: PLR0913 - one argument per option
    scenario: Annotated[
        str,
        typer.Argument(help="A scenario's file, or the name of an example: first_heating_day, ordinary_day."),
    ],
    *,
    staffing: Annotated[
        bool, typer.Option("--staff", help="Find out how many agents each half hour and shift needs.")
    ] = False,
    target: Annotated[
        str | None,
        typer.Option(help="PERCENT/SECONDS of the service level, as 80/15; default: the scenario's."),
    ] = None,
    abandoned: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Greatest share that may give up, as 0.03.")
    ] = None,
    volume: Annotated[float, typer.Option(min=0.01, max=100, help="Times so many calls.")] = 1.0,
    replications: Annotated[
        int | None,
        typer.Option(min=1, max=10_000, help="At most so many repetitions; default: 20, with --staff 5."),
    ] = None,
    half_width: Annotated[
        float | None,
        typer.Option(min=0.0001, max=0.5, help="Stop when the service level is known to ± this share."),
    ] = None,
    confidence: Annotated[float, typer.Option(min=0.5, max=0.999, help="Of the intervals.")] = 0.95,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same callers.")] = 1,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=MOST_JOBS, help="Processes; default: one per processor.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON instead of tables.")] = False,
    csv: Annotated[Path | None, typer.Option(help="Write the half hours as CSV into this file.")] = None,
    picture: Annotated[
        Path | None, typer.Option("--plot", help="Draw the half hours into this SVG file.")
    ] = None,
) -> None:
    """Play a day with invented callers and a roster through the routing engine, many times over."""
    chosen = _adapt(load(find(scenario)), target, abandoned, volume)
    effort = Effort(
        replications or (STAFF_REPLICATIONS if staffing else REPLICATIONS),
        seed,
        confidence,
        half_width,
        jobs or min(MOST_JOBS, os.cpu_count() or 1),
    )
    if staffing:
        if csv is not None or picture is not None:
            raise typer.BadParameter("is for a simulation without --staff", param_hint="--csv, --plot")
        _staff(chosen, effort, as_json=as_json)
    else:
        _simulate(chosen, effort, csv, picture, as_json=as_json)


def _adapt(scenario: Scenario, target: str | None, abandoned: float | None, volume: float) -> Scenario:
    """The scenario with what the command line says otherwise."""
    wanted = scenario.target
    if target is not None:
        match = TARGET.fullmatch(target)
        if match is None:
            raise typer.BadParameter("must be PERCENT/SECONDS, as 80/15", param_hint="--target")
        wanted = Target(float(match[1]) / 100, float(match[2]), wanted.abandoned)
        scenario = replace(scenario, plan=_with_threshold(scenario, wanted.within))
    if abandoned is not None:
        wanted = replace(wanted, abandoned=abandoned)
    demand = tuple(
        replace(one, calls=tuple(calls * volume for calls in one.calls)) for one in scenario.demand
    )
    return replace(scenario, target=wanted, demand=demand)


def _with_threshold(scenario: Scenario, within: Seconds) -> RoutingPlan:
    queues = {
        name: replace(rules, service_level_seconds=within) for name, rules in scenario.plan.queues.items()
    }
    return replace(scenario.plan, queues=queues)


def _progress() -> Progress:
    """On the terminal only; what is piped stays clean."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _simulate(
    scenario: Scenario, effort: Effort, csv: Path | None, picture: Path | None, *, as_json: bool
) -> None:
    with _progress() as progress:
        task = progress.add_task("replications", total=effort.replications)
        results = replicate(scenario, effort, lambda done: progress.update(task, completed=done))
    if csv is not None:
        _write(csv, report.as_csv(results), "--csv")
    if picture is not None:
        _write(picture, plot.draw(results), "--plot")
    if as_json:
        typer.echo(json.dumps(report.as_json(results), ensure_ascii=False))
    else:
        report.show(_console(), results)


def _staff(scenario: Scenario, effort: Effort, *, as_json: bool) -> None:
    try:
        with _progress() as progress:
            task = progress.add_task("simulating", total=effort.replications)
            found = staff(
                scenario,
                scenario.target,
                effort,
                lambda what, done: progress.update(task, description=what, completed=done),
            )
    except ValueError as error:
        raise InvalidInput(f"this target cannot be reached: {error}", field="target") from error
    if as_json:
        typer.echo(json.dumps(report.staffing_as_json(scenario, found), ensure_ascii=False))
    else:
        report.show_staffing(_console(), scenario, found)


def _console() -> Console:
    """As wide as the tables need where the output goes into a file."""
    console = Console()
    return console if console.is_terminal else Console(width=160)


def _write(path: Path, text: str, option: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"{option} {path}: cannot be written: {error.strerror}", field=option) from error
