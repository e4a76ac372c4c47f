"""``hotline asterisk ...``: what operators do with Asterisk."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from core.errors import ConfigurationError
from hotline.asterisk.layout import AsteriskSecrets, new_system_name, phone_password
from hotline.asterisk.provision import find_or_build
from hotline.asterisk.render import render
from hotline.asterisk.version import text
from hotline.runtime import AsteriskRuntime, path_of
from hotline.secrets import load_or_create
from hotline.settings import Settings

BAD_INPUT = 2
"""Exit status for a wrong setting or argument."""

asterisk_app = typer.Typer(no_args_is_help=True, help="Asterisk: configuration, program, phones.")


@asterisk_app.command("render")
def render_command(
    out: Annotated[Path, typer.Option(help="Folder that gets the files; becomes Asterisk's configuration.")],
    state: Annotated[
        Path | None,
        typer.Option(help="Folder for recordings, logs, registrations. Default: the data folder."),
    ] = None,
    prompts: Annotated[
        Path | None, typer.Option(help="Folder with LANGUAGE/NAME.wav. Default: the cache folder's.")
    ] = None,
) -> None:
    """Write every file that Asterisk reads; again before each start of it, for a fresh system name."""
    settings = _settings()
    try:
        rendered = render(
            settings,
            asterisk_secrets(settings),
            out,
            state_dir=state or settings.data_dir / "asterisk",
            prompts_dir=prompts or settings.cache_dir / "prompts",
            system_name=new_system_name(),
        )
        described = path_of(settings)
        described.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        AsteriskRuntime.of(rendered).save(described)
    except ConfigurationError as error:
        raise _refused(error) from error
    except OSError as error:
        raise _refused(ConfigurationError(f"{error.filename}: {error.strerror}")) from error
    typer.echo(f"Rendered into {rendered.config_dir}; recordings go to {rendered.spool_dir}.")
    typer.echo(f"The service finds this Asterisk through {described}.")
    typer.echo(f"Start: asterisk -C {rendered.config_dir / 'asterisk.conf'} -f")


@asterisk_app.command("provision")
def provision_command() -> None:
    """Find a suitable Asterisk or build one in the cache folder."""
    try:
        found = find_or_build(_settings(), typer.echo)
    except ConfigurationError as error:
        raise _refused(error) from error
    typer.echo(f"Asterisk {text(found.version)}: {found.origin}")


@asterisk_app.command("phones")
def phones_command() -> None:
    """List number and password of each agent's phone, for configuring it."""
    settings = _settings()
    try:
        master = asterisk_secrets(settings).phone_master
    except ConfigurationError as error:
        raise _refused(error) from error
    for phone in settings.phone_numbers:
        typer.echo(f"{phone}\t{phone_password(master, phone)}")


def asterisk_secrets(settings: Settings) -> AsteriskSecrets:
    """The passwords of the settings; where there is none, the kept one (made now if there is none yet)."""
    kept = settings.data_dir / "secrets"
    return AsteriskSecrets(
        ami_secret=settings.ami_secret.get_secret_value()
        if settings.ami_secret
        else load_or_create(kept / "ami"),
        phone_master=settings.phone_secret.get_secret_value()
        if settings.phone_secret
        else load_or_create(kept / "phones"),
    )


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        for problem in error.errors():
            name = "_".join(str(part) for part in problem["loc"])
            typer.echo(f"HOTLINE_{name.upper()}: {problem['msg']}", err=True)
        raise typer.Exit(BAD_INPUT) from error


def _refused(error: ConfigurationError) -> typer.Exit:
    typer.echo(error.message, err=True)
    return typer.Exit(BAD_INPUT)
