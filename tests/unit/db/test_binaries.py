import os
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from db.binaries import RunAs, require_enterable

STRANGER = RunAs(uid=65534, gid=65534, switch=True)


def test_a_closed_parent_is_named(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    inner = closed / "inner"
    inner.mkdir(parents=True)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.getuid() and folder != folder.parent:
            folder.chmod(folder.stat().st_mode | 0o001)
    closed.chmod(0o700)
    with pytest.raises(ConfigurationError, match=f"cannot enter {closed}: choose another folder"):
        require_enterable(inner, STRANGER)
    closed.chmod(0o711)
    require_enterable(inner, STRANGER)


def test_nothing_is_checked_when_we_stay_who_we_are(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    ourselves = RunAs(uid=os.getuid(), gid=os.getgid(), switch=False)
    require_enterable(tmp_path, ourselves)
    assert (ourselves.user, ourselves.group, ourselves.extra_groups) == (None, None, None)


def test_another_user_gets_none_of_our_groups() -> None:
    assert (STRANGER.user, STRANGER.group, STRANGER.extra_groups) == (65534, 65534, [])
