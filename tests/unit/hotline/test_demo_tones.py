import math
from pathlib import Path

import pytest

from hotline.demo import tones


def decoded(byte: int) -> int:
    """G.711 mu-law as the standard's decoder gives it."""
    value = ~byte & 0xFF
    magnitude = ((((value & 0x0F) << 3) + 132) << ((value & 0x70) >> 4)) - 132
    return -magnitude if value & 0x80 else magnitude


@pytest.mark.parametrize(
    ("sample", "byte"), [(0, 0xFF), (-1, 0x7F), (32767, 0x80), (-32768, 0x00), (8, 0xFE)]
)
def test_mu_law_gives_the_codes_of_the_standard(sample: int, byte: int) -> None:
    assert tones.mu_law(sample) == byte


def test_mu_law_error_stays_within_half_a_step() -> None:
    for sample in range(-32000, 32000, 37):
        assert abs(decoded(tones.mu_law(sample)) - sample) <= max(4, abs(sample) * 0.04)


def test_level_of_a_tone_is_its_amplitude_and_nothing_elsewhere() -> None:
    samples = [value / 32768 for value in tones.sine(440, level=0.25)]
    assert tones.tone_level(samples, 440) == pytest.approx(0.25, abs=0.001)
    assert tones.tone_level(samples, 620) < 0.001


def test_two_tones_are_told_apart() -> None:
    mixed = [a + b for a, b in zip(tones.sine(440, level=0.3), tones.sine(620, level=0.1), strict=True)]
    assert tones.tone_level(mixed, 440) == pytest.approx(0.3 * 32767, rel=0.01)
    assert tones.tone_level(mixed, 620) == pytest.approx(0.1 * 32767, rel=0.01)


def test_silence_and_nothing_have_no_level() -> None:
    assert tones.tone_level([0.0] * 8000, 440) == 0.0
    assert tones.tone_level([], 440) == 0.0


def test_written_tone_loops_without_a_click(tmp_path: Path) -> None:
    data = tones.write_tone(tmp_path / "tone.ulaw", 620).read_bytes()
    assert len(data) == tones.SAMPLE_RATE
    samples = [decoded(byte) for byte in data]
    step = 2 * math.pi * 620 / 8000 * 8192
    assert abs(samples[0] - samples[-1]) <= step * 1.05
    assert tones.tone_level(samples, 620) == pytest.approx(8192, rel=0.01)


def test_written_silence_is_one_packet_of_nothing(tmp_path: Path) -> None:
    data = tones.write_silence(tmp_path / "silence.ulaw").read_bytes()
    assert [decoded(byte) for byte in data] == [0] * 160
