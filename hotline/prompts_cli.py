"""``hotline prompts``: make the sounds that callers hear, and see what there is."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from core.vocabulary import Language
from hotline.settings import Settings
from ivr import prompts
from ivr.texts import CATALOGUE

prompts_app = typer.Typer(
    help="What callers hear: texts, recordings and generated speech.", no_args_is_help=True
)

Out = Annotated[
    Path | None,
    typer.Option("--out", help="Folder of the built prompts; default: prompts in HOTLINE_CACHE_DIR."),
]
Pack = Annotated[
    Path | None,
    typer.Option("--pack", help="Folder with recordings LANGUAGE/NAME.wav; default: HOTLINE_PROMPT_PACK."),
]


@prompts_app.command("build")
def build_command(out: Out = None, pack: Pack = None) -> None:
    """Make every prompt that is missing or out of date: from the pack if it is there, else generated."""
    settings = Settings()
    report = prompts.build(_folder(out, settings), pack or settings.prompt_pack, _say)
    recorded = sum(prompt.origin is prompts.Origin.RECORDED for prompt in report.prompts)
    typer.echo(
        f"{len(report.prompts)} prompts in {report.folder}: {recorded} recorded, "
        f"{len(report.prompts) - recorded} generated; {report.made} made now"
    )


@prompts_app.command("list")
def list_command(out: Out = None) -> None:
    """Show every prompt: name, language, origin, length and text."""
    there = prompts.built(_folder(out, Settings()))
    table = Table("name", "language", "origin", "seconds", "text")
    for prompt in CATALOGUE:
        for language in Language:
            found = there.get((prompt.name, language))
            origin, seconds = (found.origin.value, f"{found.seconds:.1f}") if found else ("not built", "")
            table.add_row(prompt.name, language.value, origin, seconds, prompt.text(language))
    Console().print(table)


def _folder(out: Path | None, settings: Settings) -> Path:
    return (out or settings.cache_dir / prompts.FOLDER).absolute()


def _say(done: int, count: int, what: str) -> None:
    typer.echo(f"[{done}/{count}] {what}")
