"""``hotline demo``: real SIP callers and agents on the running hotline, shown while they talk."""

import asyncio
import shutil
import signal
import tempfile
from pathlib import Path
from typing import Annotated

import structlog
import typer
from rich.console import Console
from rich.live import Live

from core.errors import ConfigurationError
from core.vocabulary import Phone, Seconds
from hotline.demo import report
from hotline.demo.crew import Agent
from hotline.demo.phones import EXPIRES_SECONDS, Answers
from hotline.demo.run import Play, Scene, guests, perform
from hotline.demo.sip import SipServer
from hotline.demo.target import Login, Target, find_target
from hotline.settings import Settings

INTERRUPTED = 130
MOST = 200
"""Callers and agents that one demo plays at most."""
WRAP_UP_SECONDS: Seconds = 1.0
"""Demo agents write short notes."""
OVERHEAD_SECONDS: Seconds = 30.0
"""Of a call beside waiting and talking: ringing, notice, rating."""


def demo(  # noqa: PLR0913 - one argument per option
    *,
    callers: Annotated[int, typer.Option(min=1, max=MOST, help="How many people call.")] = 10,
    agents: Annotated[int, typer.Option(min=1, max=MOST, help="How many agents answer.")] = 3,
    rate: Annotated[float, typer.Option(min=0.05, max=50, help="Calls begun per second.")] = 1.0,
    talk: Annotated[tuple[float, float], typer.Option(help="Shortest and longest talk in seconds.")] = (
        5.0,
        12.0,
    ),
    give_up_every: Annotated[
        int, typer.Option(min=0, help="Every so-manieth caller gives up while waiting; 0: nobody.")
    ] = 5,
    rate_every: Annotated[
        int, typer.Option(min=0, help="Every so-manieth caller rates the call; 0: nobody.")
    ] = 2,
    dialled: Annotated[str, typer.Option(help="The number that they dial.")] = "12345",
    base_url: Annotated[
        str | None, typer.Option(help="The API; default: as the hotline last started.")
    ] = None,
    sip: Annotated[str | None, typer.Option(help="HOST:PORT of the SIP side; default: the same.")] = None,
    login: Annotated[str | None, typer.Option(help="An administrator; default: the try-out one.")] = None,
    password: Annotated[
        str | None, typer.Option(envvar="HOTLINE_DEMO_PASSWORD", help="Better given in the environment.")
    ] = None,
) -> None:
    """Play callers and agents on the running hotline: real calls, tickets and recordings."""
    settings = Settings()
    _check(talk, dialled, agents, len(settings.phone_numbers))
    _check_duration(max(callers / rate, callers / agents * (sum(talk) / 2 + WRAP_UP_SECONDS)))
    target = find_target(
        settings,
        base_url=base_url,
        sip=_server(sip),
        administrator=_administrator(login, password),
    )
    play = Play(
        guests=guests(callers, dialled=dialled, give_up_every=give_up_every, rate_every=rate_every),
        agents=demo_agents(settings.phone_numbers, agents, Answers(1.0, talk)),
        rate=rate,
        wrap_up_seconds=WRAP_UP_SECONDS,
    )
    raise typer.Exit(asyncio.run(_show(target, play, Console(), _longest(play, talk[1]))))


async def _show(target: Target, play: Play, console: Console, seconds: Seconds) -> int:
    """Play it; 0 when every call is accounted for."""
    # What the demo does is on the screen; the log would tear the display apart.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    _end_on_sigterm()
    folder = Path(tempfile.mkdtemp(prefix="hotline-demo-"))
    try:
        console.print(f"{len(play.agents)} agents log in and pick up their phones ...")
        async with perform(target, play, folder) as performance:
            with Live(console=console, refresh_per_second=4, transient=True) as live:
                scene = await performance.run(lambda now: live.update(report.progress(now)), seconds)
    except asyncio.CancelledError:
        console.print("Stopped: callers have hung up, agents are logged out, phones unregistered.")
        return INTERRUPTED
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report.show(console, scene, target)
    return _judge(scene, console)


def _judge(scene: Scene, console: Console) -> int:
    missing = len(scene.play.guests) - len(scene.rows)
    if missing:
        console.print(f"{missing} callers did not get through; SIPp placed {len(scene.placed)} calls.")
    return 1 if missing else 0


def demo_agents(phones: list[str], count: int, answers: Answers) -> list[Agent]:
    """Agents at the last phones of the range: the first ones are for people who try it out by hand."""
    return [
        Agent(f"demo-{number:03}", f"Demo agent {number}", Phone(phone), answers)
        for number, phone in enumerate(phones[-count:], start=1)
    ]


def _longest(play: Play, longest_talk: Seconds) -> Seconds:
    """How long it may take, with agents that are busy all the time."""
    rounds = -(-len(play.guests) // len(play.agents))
    return len(play.guests) / play.rate + rounds * (longest_talk + OVERHEAD_SECONDS) + OVERHEAD_SECONDS


def _check(talk: tuple[float, float], dialled: str, agents: int, phones: int) -> None:
    if not 0 < talk[0] <= talk[1] < EXPIRES_SECONDS:
        raise typer.BadParameter(
            f"must go upwards, within 0 and {EXPIRES_SECONDS} seconds", param_hint="--talk"
        )
    if not (dialled.isascii() and dialled.isdigit() and 2 <= len(dialled) <= 20):  # noqa: PLR2004 - the rule
        raise typer.BadParameter("must be 2 to 20 digits", param_hint="--dialled")
    if agents > phones:
        raise typer.BadParameter(f"there are only {phones} phones (HOTLINE_PHONES)", param_hint="--agents")


def _check_duration(seconds: Seconds) -> None:
    if seconds > EXPIRES_SECONDS - 2 * OVERHEAD_SECONDS:
        raise typer.BadParameter(
            f"that would take about {seconds / 60:.0f} minutes, and the phones stay registered for "
            f"{EXPIRES_SECONDS // 60}: fewer callers, more agents, shorter talks or a higher rate",
            param_hint="--callers",
        )


def _server(text: str | None) -> SipServer | None:
    if text is None:
        return None
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:  # noqa: PLR2004 - UDP's own limit
        raise typer.BadParameter("must be HOST:PORT", param_hint="--sip")
    return SipServer(host, int(port))


def _administrator(login: str | None, password: str | None) -> Login | None:
    if login is None:
        return None
    if password is None:
        raise ConfigurationError("--login needs the password in HOTLINE_DEMO_PASSWORD")
    return Login(login, password)


def _end_on_sigterm() -> None:
    """SIGTERM ends the demo as Ctrl-C does: in order."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
