from pathlib import Path

from hotline.witness import Witness


def test_only_one_process_holds_it_and_both_name_it_alike(tmp_path: Path) -> None:
    first, second = Witness(tmp_path / "leader.lock"), Witness(tmp_path / "leader.lock")
    name = first.hold()
    assert name
    assert first.hold() == name
    assert second.hold() == ""
    first.release()
    assert second.hold() == name
    second.release()


def test_a_file_that_cannot_be_made_is_no_witness(tmp_path: Path) -> None:
    assert Witness(tmp_path / "missing" / "leader.lock").hold() == ""
