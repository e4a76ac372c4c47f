"""Surge notices: what a supervisor has everybody told on days when many people call. Pure.

``acd.relief`` tells those who wait, ``ivr.session`` those who arrive; both ask ``applying``.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from core.vocabulary import QueueName, Seconds

EVERYBODY = "all"
"""The scope of a notice for every caller; others are ``queue:NAME`` and ``line:NUMBER``."""


@dataclass(frozen=True, slots=True)
class SurgeNotice:
    """One notice. A scope has at most one at a time."""

    notice_id: int
    scope: str
    sound: str
    """What Asterisk is told to play: an absolute path without extension."""
    since: Seconds
    until: Seconds


def scopes(queue: QueueName, dialled: str) -> tuple[str, ...]:
    """The scopes a caller is in, the narrowest first."""
    return (f"line:{dialled}", f"queue:{queue}", EVERYBODY)


def applying(
    notices: Iterable[SurgeNotice], queue: QueueName, dialled: str, at: Seconds
) -> SurgeNotice | None:
    """The one notice that a caller hears at this moment: that of the narrowest scope; ``None``: none."""
    now = {notice.scope: notice for notice in notices if notice.since <= at < notice.until}
    return next((now[scope] for scope in scopes(queue, dialled) if scope in now), None)
