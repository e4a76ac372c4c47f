"""Tones that callers and agents play, and how loud a tone is in a recording.

A tone lasts a whole number of periods in one second, so that it can be looped without a click.
"""

import math
from collections.abc import Sequence
from pathlib import Path

from core.vocabulary import Seconds

SAMPLE_RATE = 8000
"""Samples per second of telephone audio."""

_FULL_SCALE = 32767
_BIAS = 132
_CLIP = 32635
_MANTISSA_BITS = 4


def mu_law(sample: int) -> int:
    """One linear 16-bit sample as a G.711 mu-law byte."""
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), _CLIP) + _BIAS
    segment = magnitude.bit_length() - 8
    mantissa = (magnitude >> (segment + 3)) & ((1 << _MANTISSA_BITS) - 1)
    return ~(sign | segment << _MANTISSA_BITS | mantissa) & 0xFF


def sine(frequency: int, seconds: Seconds = 1.0, level: float = 0.25) -> list[int]:
    """A tone as linear 16-bit samples.

    Args:
        frequency: in hertz, below half the sample rate.
        seconds: length.
        level: amplitude as a part of full scale, 0 to 1.
    """
    step = 2 * math.pi * frequency / SAMPLE_RATE
    return [
        round(_FULL_SCALE * level * math.sin(step * index)) for index in range(int(seconds * SAMPLE_RATE))
    ]


def write_tone(path: Path, frequency: int, seconds: Seconds = 1.0) -> Path:
    """So much of a tone as raw mu-law, as SIPp streams it; returns ``path``."""
    path.write_bytes(bytes(mu_law(sample) for sample in sine(frequency, seconds)))
    return path


def write_silence(path: Path) -> Path:
    """One packet of silence (20 ms) as raw mu-law; returns ``path``."""
    path.write_bytes(bytes([mu_law(0)]) * (SAMPLE_RATE // 50))
    return path


def tone_level(samples: Sequence[float], frequency: float, sample_rate: int = SAMPLE_RATE) -> float:
    """Amplitude of one frequency (Goertzel), in the unit of ``samples``; 0.0 for no samples.

    Args:
        samples: one channel; a second of it is plenty, and other tones are then told apart to about 2 Hz.
        frequency: in hertz.
        sample_rate: samples per second.
    """
    if not samples:
        return 0.0
    coefficient = 2 * math.cos(2 * math.pi * frequency / sample_rate)
    before = last = 0.0
    for sample in samples:
        before, last = last, sample + coefficient * last - before
    power = before * before + last * last - coefficient * before * last
    return 2 * math.sqrt(max(power, 0.0)) / len(samples)
