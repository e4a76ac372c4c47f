"""What is to be heard in a stored recording."""

import io
from dataclasses import dataclass

import soundfile

from hotline.demo.tones import tone_level

RATE = 8000
WINDOW = 4000
HEARD = 0.05
"""Level (1 = full scale) from which a tone counts as there; SIPp plays at 0.25."""
ABSENT = 0.005


@dataclass(frozen=True, slots=True)
class Stereo:
    """Two channels as floats, and the length in seconds."""

    left: list[float]
    right: list[float]
    seconds: float


def read(data: bytes) -> Stereo:
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        assert file.channels == 2
        assert file.samplerate == RATE
        raw = memoryview(file.buffer_read(dtype="int16")).cast("h")
    left = [sample / 32768 for sample in raw[0::2]]
    right = [sample / 32768 for sample in raw[1::2]]
    return Stereo(left, right, len(left) / RATE)


def middle(samples: list[float]) -> list[float]:
    """Half a second from the middle."""
    start = max(0, len(samples) // 2 - WINDOW // 2)
    return samples[start : start + WINDOW]


def level(samples: list[float], frequency: float) -> float:
    return tone_level(middle(samples), frequency, RATE)
