"""Making a PostgreSQL cluster: the data folder that a server runs on. Used by ``db.embedded``."""

import os
import secrets
import shutil
import subprocess
from pathlib import Path

from core.errors import ConfigurationError
from db.binaries import RunAs

SUPERUSER = "postgres"


def initialise(programs: Path, user: RunAs, target: Path, password: str) -> None:
    """Make the cluster under a temporary name, then rename: it is complete or absent.

    Args:
        programs: folder whose ``bin`` holds ``initdb``.
        user: who will own the cluster.
        target: the server's data folder, not there yet.
        password: of the superuser.

    Raises:
        ConfigurationError: it cannot be made; says why.
    """
    fresh = target.with_name(f"{target.name}.new")
    secret = target.with_name(f".{target.name}.password")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    secret.unlink(missing_ok=True)
    write_secret(secret, password)
    try:
        for path in (fresh, secret):
            os.chown(path, user.uid, user.gid)
        subprocess.run(
            [
                str(programs / "bin" / "initdb"),
                *("-D", str(fresh), "-U", SUPERUSER, "-A", "scram-sha-256", f"--pwfile={secret}"),
                *("-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            ],
            check=True,
            capture_output=True,
            text=True,
            cwd="/",
            env=environment(),
            timeout=300,
            user=user.user,
            group=user.group,
            extra_groups=user.extra_groups,
        )
        fresh.rename(target)
    except subprocess.CalledProcessError as error:
        raise ConfigurationError(f"initdb failed: {error.stderr.strip()}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigurationError(f"the database cannot be made in {target}: {error}") from error
    finally:
        secret.unlink(missing_ok=True)
        shutil.rmtree(fresh, ignore_errors=True)


def environment() -> dict[str, str]:
    """Nothing of ours (settings, secrets) goes into the server's environment."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def write_secret(path: Path, value: str) -> None:
    """Durable and only for us; written under a temporary name, so that it is complete or absent."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(value + "\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
