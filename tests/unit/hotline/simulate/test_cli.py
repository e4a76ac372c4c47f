"""``hotline simulate``: what it prints and writes, and how it refuses."""

import csv
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from core.errors import InvalidInput
from hotline.simulate.cli import simulate
from hotline.simulate.figures import FIGURES
from hotline.simulate.replicate import Effort, replicate
from tests.unit.hotline.simulate.small import textbook
from tests.unit.hotline.simulate.test_scenario_file import GOOD

APP = Typer(pretty_exceptions_enable=False)
APP.command()(simulate)


@pytest.fixture
def scenario(tmp_path: Path) -> str:
    path = tmp_path / "morning.toml"
    path.write_text(GOOD, encoding="utf-8")
    return str(path)


def run(*words: str) -> Result:
    return CliRunner().invoke(APP, [*words, "--jobs", "1"])


def test_tables_for_people(scenario: str) -> None:
    shown = run(scenario, "--replications", "3")
    assert shown.exit_code == 0
    assert "A morning: 3 replications" in shown.output
    for figure in FIGURES:
        assert figure.title in shown.output
    for moment in ("08:00", "08:30", "09:00"):
        assert moment in shown.output


def test_json_csv_and_plot_say_the_same(scenario: str, tmp_path: Path) -> None:
    table, picture = tmp_path / "day.csv", tmp_path / "day.svg"
    shown = run(scenario, "--replications", "3", "--json", "--csv", str(table), "--plot", str(picture))
    told = json.loads(shown.output)
    assert told["replications"] == 3
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    assert [row["from"] for row in rows] == ["08:00", "08:30", "09:00", "total"]
    for figure in FIGURES:
        mean = told["total"][figure.name]
        assert rows[-1][figure.name] == ("" if mean is None else str(mean["mean"]))
    assert sum(half["offered"]["mean"] for half in told["half_hours"]) == pytest.approx(
        told["total"]["offered"]["mean"]
    )
    root = ET.fromstring(picture.read_text(encoding="utf-8"))  # noqa: S314 - our own file
    kinds = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert kinds.count("polyline") >= 9
    assert "service level and abandonment" in "".join(root.itertext())


def test_the_command_line_overrules_the_file(scenario: str) -> None:
    plain = json.loads(run(scenario, "--replications", "2", "--json").output)
    double = json.loads(run(scenario, "--replications", "2", "--json", "--volume", "2").output)
    patient = json.loads(run(scenario, "--replications", "2", "--json", "--target", "80/300").output)
    assert double["half_hours"][0]["expected"] == 2 * plain["half_hours"][0]["expected"]
    level = "service_level_of_answered"
    assert patient["total"][level]["mean"] >= plain["total"][level]["mean"]


def test_staffing(scenario: str) -> None:
    shown = run(scenario, "--staff", "--replications", "3", "--abandoned", "0.1")
    assert shown.exit_code == 0
    assert "90% within 20 s, at most 10.0% give up" in shown.output
    assert "No shift covers: 09:00." in shown.output
    (pool,) = json.loads(run(scenario, "--staff", "--replications", "2", "--json").output)["pools"]
    assert [half["from"] for half in pool["half_hours"]] == ["08:00", "08:30", "09:00"]
    assert pool["shifts"][0]["rostered"] == 3
    assert pool["half_hours"][2]["required"] >= pool["half_hours"][0]["required"] > 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--target", "high"], "must be PERCENT/SECONDS"),
        (["--staff", "--plot", "day.svg"], "is for a simulation without --staff"),
        (["--replications", "0"], "--replications"),
        (["--confidence", "1.5"], "--confidence"),
    ],
)
def test_options_are_checked(scenario: str, words: list[str], said: str) -> None:
    refused = run(scenario, *words)
    assert refused.exit_code == 2
    assert said in refused.output


def test_files_that_cannot_be_written_are_said(scenario: str, tmp_path: Path) -> None:
    refused = run(scenario, "--replications", "1", "--csv", str(tmp_path / "no" / "day.csv"))
    assert isinstance(refused.exception, InvalidInput)
    assert "--csv" in refused.exception.message


def test_a_target_that_cannot_be_is_said(scenario: str) -> None:
    refused = run(scenario, "--staff", "--target", "80/1")
    assert isinstance(refused.exception, InvalidInput)
    assert "announcement and ringing alone" in refused.exception.message


def test_replications_end_when_the_level_is_known_well_enough() -> None:
    scenario = textbook(5, 1 / 30, 60.0, 120.0, calls=300, warm_up=0.0)
    results = replicate(scenario, Effort(replications=40, half_width=0.02))
    level = results.total["service_level"]
    assert level is not None
    assert level.half_width is not None
    assert 5 <= len(results.runs) < 40
    assert level.half_width <= 0.02


def test_processes_change_nothing_but_the_time() -> None:
    scenario = textbook(5, 1 / 30, 60.0, 120.0, calls=100, warm_up=0.0)
    alone, shared = (replicate(scenario, Effort(replications=3, jobs=jobs)).runs for jobs in (1, 2))
    assert list(alone) == list(shared)
