"""Sounds the way Asterisk plays them: 8 kHz, mono, signed 16-bit WAV.

Used by ``ivr.tts`` and ``ivr.prompts``. Samples are 64-bit floats, full scale = 1.0.
"""

import math
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from core.errors import ConfigurationError

RATE = 8000
"""Samples per second of everything that is played."""

Samples = NDArray[np.float64]

LOWEST_RATE, HIGHEST_RATE = 8000, 192_000
LONGEST_SECONDS = 180.0
SILENT_RMS = 0.002
"""-54 dBFS: below it a file holds no speech."""

_CUTOFF_HZ = 3700.0
_KAISER_BETA = 7.0
"""About 70 dB of stop band."""
_HALF_WIDTH_SECONDS = 0.005
_CHUNK = RATE
"""Output samples computed at once; bounds the memory of a long file."""


def rms(samples: Samples) -> float:
    """Root mean square, 0.0 for nothing."""
    return math.sqrt(float(np.mean(np.square(samples)))) if len(samples) else 0.0


def read(path: Path) -> Samples:
    """A sound file as mono samples at ``RATE``.

    Raises:
        ConfigurationError: not a readable WAV, of a strange rate, too long, or silent; names the file.
    """
    try:
        with soundfile.SoundFile(path) as file:
            rate, seconds, is_wav = file.samplerate, file.frames / file.samplerate, file.format in _WAV
            if not is_wav or not LOWEST_RATE <= rate <= HIGHEST_RATE or seconds > LONGEST_SECONDS:
                raise ConfigurationError(
                    f"{path}: a WAV file of {LOWEST_RATE} to {HIGHEST_RATE} Hz and at most "
                    f"{LONGEST_SECONDS:.0f} s is needed, this is {file.format}, {rate} Hz, {seconds:.1f} s"
                )
            data: Samples = file.read(dtype="float64", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise ConfigurationError(f"{path}: not a readable WAV file ({error})") from error
    mono: Samples = data.mean(axis=1)
    if rms(mono) < SILENT_RMS:
        raise ConfigurationError(f"{path}: the file is empty or silent")
    return resample(mono, rate)


_WAV = frozenset({"WAV", "WAVEX"})


def resample(samples: Samples, rate: int) -> Samples:
    """Convert from ``rate`` (>= ``RATE``) to ``RATE``; what a telephone can not carry is filtered out.

    A windowed sinc in polyphase form: each output sample is the weighted sum of the inputs around it.
    """
    if rate == RATE:
        return samples
    common = math.gcd(rate, RATE)
    up, down = RATE // common, rate // common
    half = math.ceil(_HALF_WIDTH_SECONDS * rate)
    phases = _phase_filters(up, half, rate)
    padded = np.concatenate([np.zeros(half), samples, np.zeros(half + 1)])
    length = len(samples) * up // down
    offsets = np.arange(2 * half + 1)
    parts = [np.zeros(0)]
    for start in range(0, length, _CHUNK):
        position = np.arange(start, min(start + _CHUNK, length)) * down
        windows = padded[(position // up)[:, None] + offsets]
        parts.append(np.einsum("ij,ij->i", windows, phases[position % up]))
    return np.concatenate(parts)


def _phase_filters(up: int, half: int, rate: int) -> Samples:
    """One low-pass filter per fraction of an input sample, each of gain 1 at 0 Hz."""
    distance = np.arange(-half, half + 1)[None, :] - np.arange(up)[:, None] / up
    inside = np.clip(1.0 - np.square(distance / (half + 1)), 0.0, 1.0)
    window = np.i0(_KAISER_BETA * np.sqrt(inside))
    filters = np.sinc(2 * _CUTOFF_HZ / rate * distance) * window
    return np.asarray(filters / filters.sum(axis=1, keepdims=True), dtype=np.float64)


def trim(samples: Samples, lead: float = 0.2, tail: float = 0.25) -> Samples:
    """Cut silence at both ends, leaving ``lead`` and ``tail`` seconds of it."""
    loud = np.flatnonzero(np.abs(samples) > SILENT_RMS)
    if not len(loud):
        return samples[:0]
    heard = samples[loud[0] : loud[-1] + 1]
    return np.concatenate([np.zeros(round(lead * RATE)), heard, np.zeros(round(tail * RATE))])


def level(samples: Samples, target_rms: float = 0.1, peak: float = 0.8) -> Samples:
    """Bring to a root mean square of ``target_rms`` (-20 dBFS), with no sample above ``peak``."""
    present = rms(samples)
    if not present:
        return samples
    return samples * min(target_rms / present, peak / float(np.abs(samples).max()))


def write(path: Path, samples: Samples) -> None:
    """Put a WAV file in place as a whole: a reader finds the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = np.clip(np.rint(samples * 32767), -32768, 32767).astype(np.int16)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.stem}-", delete=False) as file:
        scratch = Path(file.name)
    try:
        soundfile.write(scratch, whole, RATE, subtype="PCM_16", format="WAV")
        scratch.chmod(0o644)  # Asterisk may run as another user
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
