"""Where the database of a running hotline is, for commands beside it."""

from core.errors import ConfigurationError
from db.embedded import SERVICE, running_dsn
from hotline.settings import Settings


def of_running(settings: Settings) -> str:
    """The DSN of the service's role. Holds a password.

    Raises:
        ConfigurationError: no external database is set and the embedded one does not run.
    """
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    found = running_dsn(settings.data_dir, SERVICE)
    if found is None:
        raise ConfigurationError(
            f"the database in {settings.data_dir} does not run: start `hotline run` first, "
            "or set HOTLINE_DATABASE_URL",
        )
    return found
