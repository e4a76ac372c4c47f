"""``hotline accounts ...``: people who may log in; the first administrator comes from here."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar

import typer
from pydantic import TypeAdapter, ValidationError

from acd.plan_store import PlanStore
from agents import passwords
from agents.qualifications import (
    Qualification,
    QualificationChange,
    with_certificate,
    with_skill,
    without_certificate,
)
from agents.service import AccountChange, AgentService, NewAccount, StoredAccount
from agents.views import DisplayName, Login
from core.errors import ConfigurationError, InvalidInput
from core.identity import Role
from core.vocabulary import QueueName
from db.pool import Database
from hotline import dsn
from hotline.initial_plan import initial_plan
from hotline.settings import Settings

T = TypeVar("T")

ACTOR = "command line"

accounts_app = typer.Typer(no_args_is_help=True, help="People who may log in.")

LoginArgument = Annotated[str, typer.Argument(help="Lower-case letters, digits, . _ -")]
PasswordOption = Annotated[
    str | None,
    typer.Option(envvar="HOTLINE_NEW_PASSWORD", help="Left out: one is generated and shown once."),
]


@accounts_app.command("create")
def create(
    login: LoginArgument,
    name: Annotated[str, typer.Option(help="The name others see.")] = "",
    role: Annotated[Role, typer.Option(help="What the person may do.")] = Role.AGENT,
    queue: Annotated[list[str] | None, typer.Option(help="A queue to serve; left out: all.")] = None,
    password: PasswordOption = None,
) -> None:
    """Make an account."""
    new = NewAccount(
        login=_checked(login, Login, "login"),
        display_name=_checked(name or login, DisplayName, "name"),
        role=role,
        password=passwords.generate() if password is None else password,
        queues=tuple(QueueName(name) for name in queue or ()),
    )
    account = _with_service(lambda service: service.create_account(new, ACTOR))
    typer.echo(f"Account {account.login} ({account.role}) is there, number {account.id}.")
    if password is None:
        typer.echo(f"Password, shown this once: {new.password}")


@accounts_app.command("list")
def list_accounts() -> None:
    """Show every account."""
    for account in _with_service(_all):
        activity = "active" if account.active else "inactive"
        queues = ",".join(account.queues) or "all queues"
        typer.echo(f"{account.id:>6}  {account.login:<20} {account.role:<14} {activity:<9} {queues}")


@accounts_app.command("password")
def set_password(login: LoginArgument, password: PasswordOption = None) -> None:
    """Set a new password; the person's sessions end."""
    given = passwords.generate() if password is None else password
    _change(login, AccountChange(password=given))
    typer.echo(f"The password of {login} is changed; its sessions have ended.")
    if password is None:
        typer.echo(f"Password, shown this once: {given}")


@accounts_app.command("deactivate")
def deactivate(login: LoginArgument) -> None:
    """Let nobody log in with this account any more; its history stays."""
    _change(login, AccountChange(active=False))
    typer.echo(f"{login} can no longer log in; its sessions have ended.")
    typer.echo("An agent who sits at a phone stays there until a supervisor ends it.")


@accounts_app.command("activate")
def activate(login: LoginArgument) -> None:
    """Let the person log in again."""
    _change(login, AccountChange(active=True))
    typer.echo(f"{login} can log in again.")


@accounts_app.command("skill")
def set_skill(
    login: LoginArgument,
    skill: Annotated[str, typer.Argument(help="A skill of the plan.")],
    level: Annotated[int, typer.Argument(min=0, max=5, help="1 to 5; 0 takes the skill away.")],
) -> None:
    """Set one skill; it counts from the next time the person sits down."""
    _qualify(login, lambda held: with_skill(held, skill, level or None))
    typer.echo(f"{login}: {skill} {level}" if level else f"{login}: without {skill}")


@accounts_app.command("certificate")
def set_certificate(
    login: LoginArgument,
    name: Annotated[str, typer.Argument(help="A certificate of the plan.")],
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day, UTC; left out: without end.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take it away.")] = False,  # noqa: FBT002 - typer's way
) -> None:
    """Give or take one certificate; it counts from the next time the person sits down."""
    end = None if until is None else (until.replace(tzinfo=UTC) + timedelta(days=1)).timestamp()
    _qualify(
        login,
        lambda held: without_certificate(held, name) if remove else with_certificate(held, name, end),
    )
    typer.echo(f"{login}: {'without' if remove else 'with'} {name}")


def _qualify(login: str, make: Callable[[Qualification], QualificationChange]) -> None:
    async def work(service: AgentService) -> Qualification:
        account = await service.find_by_login(login)
        held = await service.qualifications.of(account.id)
        return await service.qualifications.change(account.id, held.version, make(held), ACTOR)

    _with_service(work)


def _change(login: str, change: AccountChange) -> StoredAccount:
    async def work(service: AgentService) -> StoredAccount:
        account = await service.find_by_login(login)
        return await service.change_account(account.id, account.version, replace(change), ACTOR)

    return _with_service(work)


async def _all(service: AgentService) -> list[StoredAccount]:
    found: list[StoredAccount] = []
    while page := await service.accounts(found[-1].id if found else 0, 100):
        found += page
    return found


def _checked(value: str, rule: Any, field: str) -> str:  # noqa: ANN401 - an annotated type
    """The value, if it keeps the rules that the API has for it."""
    if passwords.has_control_characters(value):
        raise InvalidInput(f"{field}: must not contain control characters", field=field)
    try:
        return str(TypeAdapter(rule).validate_python(value.strip()))
    except ValidationError as error:
        raise InvalidInput(f"{field}: {error.errors()[0]['msg']}", field=field) from error


def _with_service(work: Callable[[AgentService], Awaitable[T]]) -> T:
    return asyncio.run(_run(work))


async def _run(work: Callable[[AgentService], Awaitable[T]]) -> T:
    settings = Settings()
    database = Database(dsn.of_running(settings), max_size=2)
    try:
        await database.connect()
        stored = await PlanStore(database).load()
        names = list((stored.document if stored else initial_plan(settings)).queues)
        return await work(AgentService(database, names, settings.session_hours * 3600))
    except OSError as error:
        raise ConfigurationError(f"the database does not answer: {error.strerror}") from error
    finally:
        await database.close()
