"""Which versions of Asterisk the hotline runs on. Pure."""

import re
from dataclasses import dataclass

Version = tuple[int, int, int]

OLDEST: dict[int, Version] = {
    20: (20, 20, 1),
    22: (22, 10, 1),
    23: (23, 4, 1),
}
"""Oldest release of each series that has the security fixes of June 2026 and never loses a Redirect.

Series 21 ended before those fixes; series that are not named here were never tried.
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a version will do; ``why`` is a clause for the operator, ``""`` when it will."""

    version: Version | None
    why: str = ""

    @property
    def suitable(self) -> bool:
        """Whether it will do."""
        return not self.why


def judge(banner: str) -> Verdict:
    """Judge what ``asterisk -V`` printed, such as ``Asterisk 22.10.1~dfsg``."""
    found = re.search(r"Asterisk (?:certified[/-])?(\d+)\.(\d+)(?:\.(\d+))?", banner)
    if not found:
        return Verdict(None, "does not say which version it is")
    version = (int(found[1]), int(found[2]), int(found[3] or 0))
    if "certified" in found[0]:
        return Verdict(version, "is a certified release, which was never tried")
    oldest = OLDEST.get(version[0])
    if oldest is None:
        return Verdict(version, f"is of series {version[0]}, which is not one of {_series()}")
    return Verdict(version, "" if version >= oldest else f"is older than {text(oldest)}")


def text(version: Version) -> str:
    """In the usual notation."""
    return ".".join(str(part) for part in version)


def _series() -> str:
    return ", ".join(str(series) for series in OLDEST)
