"""Finds a suitable Asterisk on this machine or builds one in the cache folder.

The tree is Debian's packages, downloaded and checked by debootstrap and unpacked: nothing in it is installed,
configured or run as root, and Asterisk is started through the tree's own dynamic loader at its ordinary path.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from core.errors import ConfigurationError
from hotline.asterisk.install import AsteriskInstall
from hotline.asterisk.version import Verdict, judge, text
from hotline.settings import Settings

Progress = Callable[[str], None]
"""Gets one line for the operator, now and then."""

SUITE = "sid"
"""Debian's suite that has Asterisk; debootstrap knows where to get it."""
PACKAGES = "asterisk"
TREE = f"asterisk-{SUITE}"
LAST_LINES = 15
DOWNLOAD_SECONDS = 1800.0
UNPACK_SECONDS = 120.0
VERSION_SECONDS = 20.0
TICK_PACKAGES = 40
"""One line of progress for so many packages."""


def find_or_build(settings: Settings, progress: Progress) -> AsteriskInstall:
    """The Asterisk to run: the one that the settings name, one on PATH, the cached tree, or a new tree.

    Raises:
        ConfigurationError: the named one will not do, or no tree could be built; says why.
    """
    if settings.asterisk_binary:
        return _named(settings.asterisk_binary)
    return _on_path(progress) or _cached(_tree(settings)) or _build(settings, progress)


def _named(binary: Path) -> AsteriskInstall:
    """The operator's choice: taken or refused, never replaced."""
    verdict = _ask((str(binary),))
    if not verdict.suitable or verdict.version is None:
        raise ConfigurationError(f"{binary} {verdict.why}", field="asterisk_binary")
    return AsteriskInstall((str(binary),), verdict.version, None, None, f"{binary} (setting)")


def _on_path(progress: Progress) -> AsteriskInstall | None:
    found = shutil.which("asterisk")
    if not found:
        return None
    verdict = _ask((found,))
    if verdict.suitable and verdict.version:
        return AsteriskInstall((found,), verdict.version, None, None, f"{found} (PATH)")
    progress(f"{found} is left alone: it {verdict.why}")
    return None


def _tree(settings: Settings) -> Path:
    return settings.cache_dir.absolute() / TREE


def _cached(tree: Path) -> AsteriskInstall | None:
    """The tree, if there is a complete one with a suitable Asterisk."""
    if not tree.is_dir():
        return None
    try:
        loader = _one(tree, "usr/lib/*-linux-gnu*/ld-linux*.so.*")
        modules = _one(tree, "usr/lib/*-linux-gnu*/asterisk/modules")
    except ConfigurationError:
        return None
    libraries = modules.parent.parent
    binary = tree / "usr" / "sbin" / "asterisk"
    command = (str(loader), "--library-path", str(libraries), str(binary))
    verdict = _ask(command)
    if not verdict.suitable or verdict.version is None:
        return None
    return AsteriskInstall(
        command, verdict.version, modules, tree / "usr" / "share" / "asterisk", f"{tree} (cached tree)"
    )


def _one(tree: Path, pattern: str) -> Path:
    found = sorted(tree.glob(pattern))
    if not found:
        raise ConfigurationError(f"{tree} has no {pattern}")
    return found[0]


def _ask(command: Sequence[str]) -> Verdict:
    """Have it say its version, and judge that."""
    try:
        done = subprocess.run(
            [*command, "-V"], capture_output=True, text=True, timeout=VERSION_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Verdict(None, f"cannot be run: {error}")
    if done.returncode:
        return Verdict(None, f"ends with status {done.returncode}: {done.stderr.strip()[-200:]}")
    return judge(done.stdout)


def _build(settings: Settings, progress: Progress) -> AsteriskInstall:
    """Build the tree beside its place and move it there when it is complete; one builder at a time."""
    tree = _tree(settings)
    debootstrap = shutil.which("debootstrap", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if not debootstrap:
        raise ConfigurationError(
            "no suitable Asterisk is installed, and building one needs debootstrap "
            "(Debian: apt-get install debootstrap; `make system` does it)"
        )
    with _alone(tree.with_name(f"{TREE}.lock"), progress):
        found = _cached(tree)
        if found:
            return found
        with tempfile.TemporaryDirectory(prefix=f"{TREE}.", dir=tree.parent) as folder:
            complete = _download_and_unpack(debootstrap, Path(folder), progress)
            if tree.exists():
                tree.rename(Path(folder) / "replaced")
            complete.rename(tree)
    found = _cached(tree)
    if not found:
        why = _ask((str(tree / "usr" / "sbin" / "asterisk"),)).why
        raise ConfigurationError(f"the Asterisk that was built in {tree} will not do: it {why}")
    progress(f"Asterisk {text(found.version)} is ready in {tree}")
    return found


def _download_and_unpack(debootstrap: str, folder: Path, progress: Progress) -> Path:
    """The complete tree, below ``folder``."""
    download, tree, log = folder / "download", folder / "tree", folder / "log"
    progress(f"Downloading Asterisk and what it needs (Debian {SUITE}, about 100 MB) ...")
    options = ["--download-only", "--variant=minbase", f"--include={PACKAGES}", "--force-check-gpg"]
    _run([debootstrap, *options, SUITE, str(download)], log, DOWNLOAD_SECONDS)
    packages = sorted((download / "var" / "cache" / "apt" / "archives").glob("*.deb"))
    for number, package in enumerate(packages, start=1):
        _run(["dpkg-deb", "--extract", str(package), str(tree)], log, UNPACK_SECONDS)
        if number % TICK_PACKAGES == 0 or number == len(packages):
            progress(f"Unpacked {number} of {len(packages)} packages")
    tree.chmod(0o755)
    return tree


def _run(command: Sequence[str], log: Path, timeout: float) -> None:
    """Run a command with its output in ``log``.

    Raises:
        ConfigurationError: it failed; with the last lines of the log.
    """
    with log.open("a") as output:
        output.write(f"$ {' '.join(command)}\n")
        output.flush()
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, timeout=timeout, check=False
            )
            problem = f"ended with status {done.returncode}" if done.returncode else ""
        except (OSError, subprocess.TimeoutExpired) as error:
            problem = str(error)
    if problem:
        lines = log.read_text(errors="replace").splitlines()[-LAST_LINES:]
        shown = "\n".join(f"    {line}" for line in lines)
        raise ConfigurationError(f"Asterisk cannot be built: {Path(command[0]).name} {problem}\n{shown}")


@contextmanager
def _alone(lock: Path, progress: Progress) -> Iterator[None]:
    """Hold a lock that the kernel releases when this process ends; a second builder waits for it."""
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        file = lock.open("w")
    except OSError as error:
        raise ConfigurationError(f"the cache folder cannot be used: {error}", field="cache_dir") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("Another process is building Asterisk; waiting for it ...")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
