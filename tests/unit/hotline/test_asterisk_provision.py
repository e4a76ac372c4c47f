"""Which Asterisk is taken, and what is said when none can be had. The commands are small scripts."""

import fcntl
import shutil
import threading
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from hotline.asterisk.provision import TREE, find_or_build
from hotline.asterisk.version import judge
from hotline.settings import Settings


@pytest.mark.parametrize(
    ("banner", "why"),
    [
        ("Asterisk 22.10.1", ""),
        ("Asterisk 22.10.1+dfsg+~cs6.17.60671434-1", ""),
        ("Asterisk 22.11.0", ""),
        ("Asterisk 20.20.1", ""),
        ("Asterisk 20.21.0", ""),
        ("Asterisk 23.4.1", ""),
        ("Asterisk 22.10.0", "is older than 22.10.1"),
        ("Asterisk 22.9.0", "is older than 22.10.1"),
        ("Asterisk 20.20.0", "is older than 20.20.1"),
        ("Asterisk 20.6.0~dfsg", "is older than 20.20.1"),
        ("Asterisk 23.4.0", "is older than 23.4.1"),
        ("Asterisk 21.12.2", "is of series 21"),
        ("Asterisk 16.28.0~dfsg-0+deb11u3", "is of series 16"),
        ("Asterisk 24.0.0", "is of series 24"),
        ("Asterisk certified/20.7-cert9", "is a certified release"),
        ("Asterisk GIT-master-1234", "does not say which version"),
        ("", "does not say which version"),
    ],
)
def test_version_rule(banner: str, why: str) -> None:
    verdict = judge(banner)
    assert verdict.why.startswith(why)
    assert verdict.suitable == (why == "")


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH, with the shell the scripts need."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def script(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def settings(tmp_path: Path, **overrides: object) -> Settings:
    return Settings(data_dir=tmp_path / "data", cache_dir=tmp_path / "cache", **overrides)  # type: ignore[arg-type]  # pydantic checks them


def test_the_operators_choice_is_taken(tmp_path: Path) -> None:
    binary = script(tmp_path / "asterisk", "echo Asterisk 22.10.1")
    found = find_or_build(settings(tmp_path, asterisk_binary=binary), print)
    assert (found.command, found.version, found.module_dir) == ((str(binary),), (22, 10, 1), None)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("echo Asterisk 18.1.0", "is of series 18"),
        ("echo broken >&2; exit 3", "ends with status 3: broken"),
        ("echo hello", "does not say"),
    ],
)
def test_the_operators_choice_is_never_replaced(tmp_path: Path, body: str, message: str) -> None:
    binary = script(tmp_path / "asterisk", body)
    with pytest.raises(ConfigurationError, match=message):
        find_or_build(settings(tmp_path, asterisk_binary=binary), print)


def test_a_missing_choice_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nowhere cannot be run"):
        find_or_build(settings(tmp_path, asterisk_binary=tmp_path / "nowhere"), print)


def test_a_suitable_one_on_path_is_taken(tmp_path: Path, commands: Path) -> None:
    script(commands / "asterisk", "echo Asterisk 20.20.1")
    assert find_or_build(settings(tmp_path), print).version == (20, 20, 1)


def test_an_old_one_on_path_is_left_alone_aloud(tmp_path: Path, commands: Path) -> None:
    script(commands / "asterisk", "echo Asterisk 16.2.0")
    make_tree(tmp_path / "cache" / TREE)
    lines: list[str] = []
    found = find_or_build(settings(tmp_path), lines.append)
    assert found.module_dir is not None
    assert lines == [
        f"{commands / 'asterisk'} is left alone: it is of series 16, which is not one of 20, 22, 23"
    ]


def make_tree(tree: Path) -> None:
    """What an unpacked tree looks like; its loader is a script that runs the program it is given."""
    library = tree / "usr" / "lib" / "x86_64-linux-gnu"
    script(library / "ld-linux-x86-64.so.2", 'shift 2; exec "$@"')
    (library / "asterisk" / "modules").mkdir(parents=True)
    script(tree / "usr" / "sbin" / "asterisk", "echo Asterisk 22.10.1")


@pytest.mark.usefixtures("commands")
def test_a_cached_tree_is_run_through_its_own_loader(tmp_path: Path) -> None:
    tree = tmp_path / "cache" / TREE
    make_tree(tree)
    found = find_or_build(settings(tmp_path), print)
    library = tree / "usr" / "lib" / "x86_64-linux-gnu"
    assert found.command == (
        str(library / "ld-linux-x86-64.so.2"),
        "--library-path",
        str(library),
        str(tree / "usr" / "sbin" / "asterisk"),
    )
    assert found.module_dir == library / "asterisk" / "modules"
    assert found.data_dir == tree / "usr" / "share" / "asterisk"


@pytest.fixture
def no_debootstrap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)


@pytest.mark.usefixtures("no_debootstrap")
def test_missing_debootstrap_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="needs debootstrap"):
        find_or_build(settings(tmp_path), print)


def fake_debootstrap(commands: Path, body: str) -> None:
    """The target folder is the last argument."""
    script(commands / "debootstrap", f"for target; do :; done\nPATH=/usr/bin:/bin\n{body}")


def test_failed_download_shows_the_end_of_the_log(tmp_path: Path, commands: Path) -> None:
    fake_debootstrap(commands, "for n in 1 2 3 4 5 6 7 8 9 a b c d e f g; do echo line $n; done; exit 1")
    with pytest.raises(
        ConfigurationError, match=r"(?s)debootstrap ended with status 1.*line c.*line g"
    ) as info:
        find_or_build(settings(tmp_path), print)
    assert "line 1\n" not in info.value.message
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [f"{TREE}.lock"]


def test_failed_unpacking_leaves_nothing_behind(tmp_path: Path, commands: Path) -> None:
    fake_debootstrap(
        commands, 'mkdir -p "$target/var/cache/apt/archives"; touch "$target/var/cache/apt/archives/a.deb"'
    )
    script(commands / "dpkg-deb", "echo damaged archive; exit 2")
    with pytest.raises(ConfigurationError, match=r"(?s)dpkg-deb ended with status 2.*damaged archive"):
        find_or_build(settings(tmp_path), print)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [f"{TREE}.lock"]


def test_a_second_builder_waits_for_the_first(tmp_path: Path, commands: Path) -> None:
    fake_debootstrap(commands, "echo must not be called; exit 1")
    cache = tmp_path / "cache"
    cache.mkdir()
    waits = threading.Event()
    result: list[object] = []

    def second() -> None:
        def progress(line: str) -> None:
            if "waiting" in line:
                waits.set()

        result.append(find_or_build(settings(tmp_path), progress))

    with (cache / f"{TREE}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(10)
        make_tree(cache / TREE)
    thread.join(10)
    assert len(result) == 1
