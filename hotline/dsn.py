"""Where the database of a running hotline is, for commands beside it."""

from core.errors import ConfigurationError
from db.embedded import DATABASE, SERVICE
from hotline.settings import Settings

PORT_LINE = 3
"""Which line (from 0) of ``postmaster.pid`` holds the port; documented by PostgreSQL."""


def of_running(settings: Settings) -> str:
    """The DSN of the service's role. Holds a password.

    Raises:
        ConfigurationError: no external database is set and the embedded one does not run.
    """
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    folder = settings.data_dir / "postgresql"
    try:
        port = int((folder / "postmaster.pid").read_text(encoding="utf-8").splitlines()[PORT_LINE])
        password = (settings.data_dir / "secrets" / f"postgresql-{SERVICE}").read_text(encoding="ascii")
    except (OSError, IndexError, ValueError) as error:
        raise ConfigurationError(
            f"the database in {folder} does not run: start `hotline run` first, or set HOTLINE_DATABASE_URL",
        ) from error
    return f"postgresql://{SERVICE}:{password.strip()}@127.0.0.1:{port}/{DATABASE}"
