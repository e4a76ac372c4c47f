"""The hold music: level, band, repeatability."""

from pathlib import Path

import numpy as np

from hotline.asterisk.music import PEAK, RATE, hold_music, write_hold_music


def test_same_music_every_time_and_never_too_loud() -> None:
    music = hold_music()
    assert np.array_equal(music, hold_music())
    assert np.abs(music).max() <= PEAK * 1.0001
    assert len(music) / RATE == 32


def test_it_lies_within_the_telephone_band_and_never_falls_silent() -> None:
    music = hold_music()
    power = np.abs(np.fft.rfft(music)) ** 2
    hertz = np.fft.rfftfreq(len(music), 1 / RATE)
    assert power[(hertz > 140) & (hertz < 3400)].sum() > 0.99 * power.sum()
    seconds = music.reshape(-1, RATE)
    assert np.sqrt((seconds**2).mean(axis=1)).min() > 0.01


def test_files_are_raw_in_both_codecs_and_written_once(tmp_path: Path) -> None:
    write_hold_music(tmp_path)
    files = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert files == {"hold.alaw": 32 * RATE, "hold.ulaw": 32 * RATE}
    (tmp_path / "hold.alaw").write_bytes(b"the operator's own")
    write_hold_music(tmp_path)
    assert (tmp_path / "hold.alaw").read_bytes() == b"the operator's own"
