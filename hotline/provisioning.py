"""What must be there before the parts can start: Asterisk and the prompts, kept in the cache folder."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from core import clock
from core.vocabulary import Seconds
from hotline.asterisk.install import AsteriskInstall
from hotline.asterisk.provision import find_or_build
from hotline.asterisk.version import text
from hotline.settings import Settings
from ivr import prompts as sounds

TELL_EVERY: Seconds = 1.0
"""One line of progress at most this often; nothing when all of it is quicker."""

Progress = Callable[[str], None]


async def asterisk(settings: Settings, progress: Progress) -> AsteriskInstall:
    """The Asterisk to run; built at the first time, which takes some minutes.

    Raises:
        ConfigurationError: there is none and none can be built; says why.
    """
    install = await asyncio.to_thread(find_or_build, settings, progress)
    progress(f"Asterisk {text(install.version)}: {install.origin}")
    return install


async def prompts(settings: Settings, progress: Progress) -> Path:
    """The folder with what callers hear; missing prompts are made.

    Raises:
        ConfigurationError: a recording is unusable, or speech cannot be generated.
    """
    folder = settings.cache_dir.absolute() / sounds.FOLDER
    report = await asyncio.to_thread(sounds.build, folder, settings.prompt_pack, _every_second(progress))
    if report.made:
        progress(f"Prompts: {report.made} made, {len(report.prompts)} in {folder}")
    return folder


def _every_second(progress: Progress) -> sounds.Progress:
    last = clock.monotonic()

    def tell(done: int, count: int, what: str) -> None:
        nonlocal last
        if clock.monotonic() - last >= TELL_EVERY:
            last = clock.monotonic()
            progress(f"Prompts: {done} of {count}: {what}")

    return tell
