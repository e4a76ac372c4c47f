"""Resampling and levels, measured on tones."""

import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.errors import ConfigurationError
from ivr import sound
from ivr.sound import RATE, Samples


def _tone(hertz: float, rate: int, seconds: float = 1.0, amplitude: float = 0.5) -> Samples:
    return amplitude * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)


def _middle(samples: Samples) -> Samples:
    return samples[len(samples) // 4 : -len(samples) // 4]


@pytest.mark.parametrize("rate", [11025, 16000, 22050, 24000, 44100, 48000])
@pytest.mark.parametrize("hertz", [100, 1000, 3300])
def test_a_tone_that_a_telephone_carries_comes_through_unchanged(rate: int, hertz: int) -> None:
    out = sound.resample(_tone(hertz, rate), rate)
    assert len(out) == RATE
    difference = _middle(out) - _middle(_tone(hertz, RATE))
    assert sound.rms(difference) < 0.005 * sound.rms(_tone(hertz, RATE))


@pytest.mark.parametrize("rate", [11025, 22050, 44100, 48000])
@pytest.mark.parametrize("hertz", [4300, 5000])
def test_what_would_fold_back_is_filtered_out(rate: int, hertz: int) -> None:
    out = sound.resample(_tone(hertz, rate), rate)
    assert sound.rms(_middle(out)) < 0.001 * sound.rms(_tone(hertz, rate))


def test_a_chunk_border_leaves_no_mark() -> None:
    out = sound.resample(_tone(1000, 22050, seconds=2.5), 22050)
    assert np.abs(out - _tone(1000, RATE, seconds=2.5))[100:-100].max() < 0.005


def test_resampling_nothing_gives_nothing() -> None:
    assert len(sound.resample(np.zeros(0), 22050)) == 0


def test_trim_leaves_the_given_silence() -> None:
    quiet = np.zeros(RATE)
    out = sound.trim(np.concatenate([quiet, _tone(500, RATE), quiet]), lead=0.1, tail=0.2)
    assert len(out) == pytest.approx(1.3 * RATE, abs=4)
    assert not out[: RATE // 10].any()
    assert not out[-RATE // 5 :].any()
    assert len(sound.trim(quiet)) == 0


@pytest.mark.parametrize("amplitude", [0.01, 0.9])
def test_level_reaches_the_target(amplitude: float) -> None:
    out = sound.level(_tone(500, RATE, amplitude=amplitude), target_rms=0.1)
    assert sound.rms(out) == pytest.approx(0.1, rel=1e-6)


def test_level_keeps_below_the_peak() -> None:
    click = np.zeros(RATE)
    click[4000] = 0.5
    out = sound.level(click, peak=0.8)
    assert out.max() == pytest.approx(0.8)
    assert not sound.level(np.zeros(10)).any()


def test_what_is_written_is_what_asterisk_plays(tmp_path: Path) -> None:
    path = tmp_path / "zh" / "a.wav"
    sound.write(path, _tone(1000, RATE, amplitude=1.5))
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        data = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    assert (data.max(), data.min()) == (32767, -32768)
    assert path.stat().st_mode & 0o777 == 0o644
    assert [entry.name for entry in path.parent.iterdir()] == ["a.wav"]


def test_a_stereo_recording_becomes_mono_at_the_rate_of_a_telephone(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    left, right = _tone(400, 48000), _tone(400, 48000, amplitude=0.3)
    soundfile.write(path, np.stack([left, right], axis=1), 48000, subtype="PCM_24")
    out = sound.read(path)
    assert len(out) == RATE
    assert _middle(out).max() == pytest.approx(0.4, rel=0.01)


def _silent(path: Path) -> None:
    soundfile.write(path, np.zeros(RATE), RATE)


def _slow(path: Path) -> None:
    soundfile.write(path, _tone(200, 4000), 4000)


def _flac(path: Path) -> None:
    soundfile.write(path, _tone(200, RATE), RATE, format="FLAC")


def _long(path: Path) -> None:
    soundfile.write(path, np.tile(_tone(200, RATE), 181), RATE)


def _text(path: Path) -> None:
    path.write_text("not a sound")


def _empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (_silent, "empty or silent"),
        (_slow, "this is WAV, 4000 Hz"),
        (_flac, "this is FLAC"),
        (_long, "181.0 s"),
        (_text, "not a readable WAV file"),
        (_empty, "not a readable WAV file"),
        (Path.mkdir, "not a readable WAV file"),
    ],
)
def test_an_unusable_recording_is_refused_by_name(tmp_path: Path, make: object, why: str) -> None:
    path = tmp_path / "goodbye.wav"
    assert callable(make)
    make(path)
    with pytest.raises(ConfigurationError, match=why) as caught:
        sound.read(path)
    assert str(path) in caught.value.message
