"""The hold music: soft synthesized chords, ours, the same samples every time.

Written in the codecs of the trunk, so that a waiting caller costs no transcoding.
"""

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

RATE = 8000
"""Samples per second."""
BEAT = 0.5
"""Seconds between two notes of the arpeggio."""
PEAK = 0.18
"""Loudest sample, of 1: clearly below speech."""

CHORDS: tuple[tuple[float, ...], ...] = (
    (261.63, 329.63, 392.00, 493.88),
    (220.00, 261.63, 329.63, 392.00),
    (174.61, 220.00, 261.63, 329.63),
    (196.00, 246.94, 293.66, 329.63),
    (164.81, 246.94, 293.66, 392.00),
    (220.00, 261.63, 329.63, 493.88),
    (146.83, 220.00, 261.63, 349.23),
    (196.00, 246.94, 293.66, 392.00),
)
"""Notes in hertz; each chord lasts eight beats."""
PATTERN = (0, 1, 2, 3, 2, 1, 2, 3)
"""Which note of the chord is plucked on which beat."""

Samples = npt.NDArray[np.float64]

ENCODINGS = {"ulaw": "ULAW", "alaw": "ALAW"}
"""File extension, as Asterisk names the codec, and the encoding as libsndfile names it."""


CLASS = re.compile(r"[A-Za-z0-9_-]{1,40}")
"""Names that a class of music may have."""


def music_classes(folder: Path) -> tuple[str, ...]:
    """The classes that queues may name: ours, and one for each usable folder of the operator."""
    own = {path.name for path in folder.glob("*") if path.is_dir() and CLASS.fullmatch(path.name)}
    return tuple(sorted(own | {"default"}))


def write_hold_music(folder: Path) -> None:
    """Write the music into ``folder``, unless it is there already."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [name for name in ENCODINGS if not (folder / f"hold.{name}").exists()]
    if not missing:
        return
    samples = hold_music()
    for name in missing:
        temporary = folder / f".hold.{name}"
        soundfile.write(temporary, samples, RATE, format="RAW", subtype=ENCODINGS[name])
        temporary.replace(folder / f"hold.{name}")


def hold_music() -> Samples:
    """The loop: mono, 8 kHz, within +-``PEAK``; notes at the end ring on into the beginning."""
    beats = len(PATTERN)
    total = np.zeros(int(len(CHORDS) * beats * BEAT * RATE))
    for number, chord in enumerate(CHORDS):
        start = number * beats
        for beat, note in enumerate(PATTERN):
            _add(total, _pluck(2 * chord[note]), start + beat)
        _add(total, np.sum([_pad(note) for note in chord], axis=0), start)
    loudest: float = np.abs(total).max()
    return total * (PEAK / loudest)


def _add(total: Samples, sound: Samples, beat: int) -> None:
    """Mix ``sound`` in from this beat on, around the end of the loop."""
    at = (int(beat * BEAT * RATE) + np.arange(len(sound))) % len(total)
    total[at] += sound


def _pluck(hertz: float) -> Samples:
    """A soft bell: two partials that die away within two seconds."""
    seconds = np.arange(2 * RATE) / RATE
    tone = np.sin(2 * np.pi * hertz * seconds) + 0.2 * np.sin(4 * np.pi * hertz * seconds)
    return np.asarray(0.5 * tone * np.exp(-2.2 * seconds) * np.minimum(1, seconds / 0.01))


def _pad(hertz: float) -> Samples:
    """A held note that swells and fades over its chord and half a chord more."""
    length = 1.5 * len(PATTERN) * BEAT
    seconds = np.arange(int(length * RATE)) / RATE
    swell = np.sin(np.pi * seconds / length) ** 2
    return np.asarray(0.25 * swell * np.sin(2 * np.pi * hertz * seconds))
