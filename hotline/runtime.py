"""What the service must know about the running Asterisk, in one file that whoever starts Asterisk writes.

``hotline run`` writes it at every start of Asterisk (``DATA/run/asterisk.json``); ``hotline asterisk render``
writes it beside the configuration for an Asterisk of one's own. The service reads it at every connect, since
the system name is a new one after each start of Asterisk.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from core.errors import ConfigurationError
from hotline.asterisk.layout import RenderedAsterisk
from hotline.settings import Settings


@dataclass(frozen=True, slots=True)
class AsteriskRuntime:
    """One running Asterisk as the service sees it."""

    systemname: str
    """Unguessable tag of every genuine event; internal, never shown."""
    ami_host: str
    ami_port: int
    ami_user: str
    ami_secret: str
    spool: str
    """Folder of the raw recordings."""
    journal: str
    """The CEL journal file; empty when it cannot be read from here."""
    config: str = ""
    """Asterisk's configuration folder, where the files of the plan belong; empty when it is elsewhere."""
    music: Sequence[str] = ("default",)
    """The classes of music on hold that it was started with."""

    @classmethod
    def of(cls, rendered: RenderedAsterisk) -> Self:
        """What the service must know about a configuration that has just been written."""
        return cls(
            systemname=rendered.system_name,
            ami_host=rendered.ami_host,
            ami_port=rendered.ami_port,
            ami_user=rendered.ami_user,
            ami_secret=rendered.ami_secret,
            spool=str(rendered.spool_dir),
            journal=str(rendered.journal),
            config=str(rendered.config_dir),
            music=rendered.music_classes,
        )

    def save(self, path: Path) -> None:
        """Write it, readable by the owner only, as a whole or not at all."""
        temporary = path.with_name(path.name + ".new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(self), file, indent=1)
        temporary.replace(path)


def path_of(settings: Settings) -> Path:
    """Where the file is."""
    return settings.asterisk_runtime or settings.data_dir / "run" / "asterisk.json"


def load(settings: Settings) -> AsteriskRuntime:
    """Read the file.

    Raises:
        ConfigurationError: it is not there or not complete.
    """
    path = path_of(settings)
    try:
        return AsteriskRuntime(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise ConfigurationError(f"{path} is missing: has Asterisk been started or rendered?") from error
    except (ValueError, TypeError) as error:
        raise ConfigurationError(f"{path} is not a complete description of Asterisk: {error}") from error
