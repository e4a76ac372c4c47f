"""What the demo shows: how it stands while it runs, and at the end every call and how to look at it."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from core.vocabulary import Outcome
from hotline.demo.run import Guest, Scene, moment
from hotline.demo.target import Target

NOTHING = "-"


def progress(scene: Scene) -> RenderableType:
    """How it stands: a bar of finished calls and the counts in one line."""
    counts = stages(scene)
    total = len(scene.play.guests)
    line = Text(
        f"{len(scene.placed)} of {total} callers have called: {counts['arriving']} hear the notice, "
        f"{counts['waiting']} wait, {counts['talking']} talk, {counts['after']} have talked; "
        f"{counts['answered']} answered, {counts['abandoned']} abandoned"
    )
    return Group(ProgressBar(total=total, completed=_finished(scene)), line)


def stages(scene: Scene) -> Counter[str]:
    """How many calls are where."""
    return Counter(_stage(row) for row in scene.rows)


def _stage(row: Mapping[str, Any]) -> str:
    if row["outcome"] is not None:
        return str(row["outcome"])
    if row["talk_ended_at"] is not None:
        return "after"
    if row["answered_at"] is not None:
        return "talking"
    return "waiting" if row["queued_at"] is not None else "arriving"


def _finished(scene: Scene) -> int:
    return sum(row["outcome"] is not None for row in scene.rows)


def calls_table(scene: Scene) -> Table:
    """Every caller with what became of the call; seconds of waiting and talking."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for column in ("caller", "outcome"):
        table.add_column(column, no_wrap=True)
    for column in ("wait", "talk", "rated", "agent", "ticket"):
        table.add_column(column, no_wrap=True, justify="right")
    table.add_column("recording", overflow="fold")
    for guest in scene.play.guests:
        table.add_row(*_cells(guest, scene.row_of(guest)))
    return table


def _cells(guest: Guest, row: Mapping[str, Any] | None) -> tuple[str, ...]:
    if row is None:
        return (guest.number, "did not arrive", *(NOTHING,) * 6)
    answered = row["outcome"] == Outcome.ANSWERED
    return (
        guest.number,
        str(row["outcome"] or "still open"),
        _seconds(row["arrived_at"], row["answered_at"] or row["ended_at"]),
        _seconds(row["answered_at"], row["talk_ended_at"]) if answered else NOTHING,
        _text(row["rating"]),
        _text(row["agent_id"]),
        _text(row["ticket_id"]),
        _text(row["recording_id"]),
    )


def _seconds(start: str | None, end: str | None) -> str:
    return NOTHING if start is None or end is None else f"{moment(end) - moment(start):.1f}"


def _text(value: object) -> str:
    return NOTHING if value is None else str(value)


def how_to_look(scene: Scene, target: Target) -> str:
    """Commands that open what was made: all calls, and one ticket and one recording as examples."""
    api = f"{target.base_url}/api/v1"
    answered = next((row for row in scene.rows if row["ticket_id"] and row["recording_id"]), None)
    lines = ["Open them (the first line logs in as administrator):", *_log_in(api, target)]
    lines.append(f'  curl -s -H "Authorization: Bearer $TOKEN" {api}/calls')
    lines.append(f'  curl -s -H "Authorization: Bearer $TOKEN" {api}/abandoned-calls')
    if answered is not None:
        lines.append(f'  curl -s -H "Authorization: Bearer $TOKEN" {api}/tickets/{answered["ticket_id"]}')
        audio = f"{api}/recordings/{answered['recording_id']}/audio"
        lines.append(f'  curl -s -H "Authorization: Bearer $TOKEN" -o call.flac {audio}')
        lines.append("The same with the number of any ticket and the id of any recording in the table.")
    return "\n".join(lines)


def _log_in(api: str, target: Target) -> list[str]:
    """The command that fetches a token without showing the password."""
    code = "import json; print(json.dumps(json.load(open(0))['administrator']))"
    token = "import json; print(json.load(open(0))['token'])"  # noqa: S105 - code, not a token
    post = f"curl -s -d @- -H 'Content-Type: application/json' {api}/sessions"
    return [
        f'  TOKEN=$(python3 -c "{code}" < {target.credentials} | {post} | python3 -c "{token}")',
    ]


def show(console: Console, scene: Scene, target: Target) -> None:
    """The end of the demo."""
    console.print(calls_table(scene))
    counts = stages(scene)
    tickets = sum(row["ticket_id"] is not None for row in scene.rows)
    recordings = sum(row["recording_state"] == "ready" for row in scene.rows)
    console.print(
        f"{len(scene.rows)} calls: {counts['answered']} answered, {counts['abandoned']} abandoned, "
        f"{counts['failed']} failed; {tickets} tickets, {recordings} recordings."
    )
    console.print(how_to_look(scene, target), soft_wrap=True, highlight=False, markup=False)
