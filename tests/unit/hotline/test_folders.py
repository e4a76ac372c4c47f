import os
import subprocess
import sys
from pathlib import Path

import pytest

from hotline.folders import AlreadyRunning, DataFolderLock, FolderProblem, Folders, prepare


def test_folders_are_made_with_the_rights_they_need(tmp_path: Path) -> None:
    folders = prepare(tmp_path / "data", tmp_path / "cache")
    assert [path.stat().st_mode & 0o777 for path in (folders.data, folders.run, folders.secrets)] == [
        0o711,
        0o700,
        0o700,
    ]
    assert (tmp_path / "cache").is_dir()
    prepare(tmp_path / "data", tmp_path / "cache")


def test_a_file_in_the_way_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("", encoding="ascii")
    with pytest.raises(FolderProblem, match=r".*/data cannot be made: File exists"):
        prepare(tmp_path / "data", tmp_path / "cache")


def test_a_second_hotline_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    folders = prepare(tmp_path, tmp_path / "cache")
    first, second = DataFolderLock(folders), DataFolderLock(folders)
    first.take()
    with pytest.raises(AlreadyRunning, match=rf"another hotline runs in {tmp_path} \(pid {os.getpid()}\)"):
        second.take()
    first.release()
    second.take()
    second.release()


def test_a_killed_holder_lets_go(tmp_path: Path) -> None:
    folders = prepare(tmp_path, tmp_path / "cache")
    code = (
        "import sys, time; from pathlib import Path; from hotline.folders import *; "
        "lock = DataFolderLock(Folders(Path(sys.argv[1]))); lock.take(); "
        "print('held', flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(AlreadyRunning, match=rf"pid {holder.pid}"):
            DataFolderLock(folders).take()
        holder.kill()
        holder.wait()
    lock = DataFolderLock(folders)
    lock.take()
    lock.release()


def test_where_things_are() -> None:
    folders = Folders(Path("/d"))
    assert [str(path) for path in (folders.run, folders.log, folders.postgresql, folders.asterisk)] == [
        "/d/run",
        "/d/log",
        "/d/postgresql",
        "/d/asterisk",
    ]
