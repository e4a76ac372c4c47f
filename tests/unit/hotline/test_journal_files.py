import gzip
import os
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from hotline import journal_files


def test_rotated_and_compressed_parts_are_read_oldest_first(tmp_path: Path) -> None:
    journal = tmp_path / "hotline.csv"
    (tmp_path / "hotline.csv.2.gz").write_bytes(gzip.compress(b"a\n"))
    (tmp_path / "hotline.csv.1").write_text("b\n", encoding="utf-8")
    journal.write_text("c\nd", encoding="utf-8")
    for age, name in enumerate(("hotline.csv", "hotline.csv.1", "hotline.csv.2.gz")):
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    assert list(journal_files.lines_of(journal)) == ["a", "b", "c", "d"]


def test_without_a_journal_the_command_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no journal"):
        list(journal_files.lines_of(tmp_path / "hotline.csv"))


def test_a_broken_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "hotline.csv.1.gz").write_bytes(b"no archive")
    with pytest.raises(ConfigurationError, match=r"hotline\.csv\.1\.gz cannot be read"):
        list(journal_files.lines_of(tmp_path / "hotline.csv"))
