from pathlib import Path

from structlog.testing import capture_logs

from hotline.disks import Disks


def test_the_alarm_comes_once_and_ends_with_room_to_spare(tmp_path: Path) -> None:
    disks = Disks({"spool": tmp_path})
    with capture_logs() as logs:
        for ratio in (0.84, 0.85, 0.99, 0.84, 0.81, 0.79, 0.86):
            disks.look({"spool": ratio})
    assert [(one["event"], one["used"]) for one in logs] == [
        ("disk_nearly_full", 0.85),
        ("disk_has_room", 0.79),
        ("disk_nearly_full", 0.86),
    ]


def test_a_folder_that_is_not_made_yet_counts_with_its_parent(tmp_path: Path) -> None:
    used = Disks({"data": tmp_path, "spool": tmp_path / "spool", "gone": tmp_path / "a" / "b"}).used()
    assert set(used) == {"data", "spool"}
    assert 0.0 < used["spool"] <= 1.0
