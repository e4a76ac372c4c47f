"""What provisioning hands to rendering and running: an Asterisk on this machine."""

from dataclasses import dataclass
from pathlib import Path

from hotline.asterisk.version import Version


@dataclass(frozen=True, slots=True)
class AsteriskInstall:
    """A suitable Asterisk."""

    command: tuple[str, ...]
    """What to put before Asterisk's own arguments."""
    version: Version
    module_dir: Path | None
    """``None``: where it was compiled to look."""
    data_dir: Path | None
    """Its documentation and static data; ``None``: where it was compiled to look."""
    origin: str
    """Where it comes from, for people."""
