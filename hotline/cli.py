"""The command ``hotline``: bad input and a machine that is not as needed end in one clear line and exit 2."""

import asyncio
import sys
from typing import NoReturn

import typer
from pydantic import ValidationError

from core.errors import HotlineError
from hotline.accounts_cli import accounts_app
from hotline.asterisk.cli import asterisk_app
from hotline.audit_calls import audit_app
from hotline.audit_chain import verify as verify_audit
from hotline.demo.cli import demo
from hotline.plan_cli import plan_app
from hotline.prompts_cli import prompts_app
from hotline.recordings_cli import recordings_app
from hotline.retention_cli import retention_app
from hotline.run import run as run_hotline
from hotline.serve import serve as serve_service
from hotline.settings import Settings
from hotline.simulate.cli import simulate
from hotline.smoke import smoke as smoke_test

BAD_INPUT = 2

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The system a city's 12345 hotline runs on.",
)
app.add_typer(asterisk_app, name="asterisk", help="Asterisk: provision, render its configuration, phones.")
app.add_typer(audit_app, name="audit", help="Comparisons that must come out even.")
app.add_typer(accounts_app, name="accounts", help="People who may log in.")
app.add_typer(prompts_app, name="prompts", help="What callers hear.")
app.add_typer(plan_app, name="plan", help="Queues, lines and their rules.")
app.add_typer(recordings_app, name="recordings", help="The archive of recordings.")
app.add_typer(retention_app, name="retention", help="How long what is kept.")
audit_app.command("verify")(verify_audit)
app.command("demo")(demo)
app.command("simulate")(simulate)


@app.command()
def run() -> None:
    """Bring up the whole hotline and keep it up until Ctrl-C."""
    raise typer.Exit(asyncio.run(run_hotline(Settings())))


@app.command()
def serve() -> None:
    """Run the service alone; PostgreSQL and Asterisk are there already."""
    asyncio.run(serve_service(Settings()))


@app.command()
def smoke() -> None:
    """Play 20 calls through a whole hotline in a scratch folder; ends in one line of JSON."""
    raise typer.Exit(asyncio.run(smoke_test()))


def _fail(message: str) -> NoReturn:
    sys.stderr.write(f"hotline: {message}\n")
    raise SystemExit(BAD_INPUT)


def main() -> None:
    """Entry point of the command."""
    try:
        app()
    except ValidationError as error:
        for problem in error.errors():
            name = "_".join(str(part) for part in problem["loc"]) or "settings"
            sys.stderr.write(f"hotline: HOTLINE_{name.upper()}: {problem['msg']}\n")
        raise SystemExit(BAD_INPUT) from None
    except HotlineError as error:
        _fail(error.message)
    except KeyboardInterrupt:
        raise SystemExit(130) from None
