"""A message in the voicemail box becomes a recording like any other.

Called by ``tickets.archive``; it all blocks. Asterisk records the message beside the call's own raw file, in
one channel: nobody is at the other end. From it the raw file is made with the layout that all recordings
have, left the caller, right silence, and takes the ordinary way into the archive. Each step can be repeated
after a crash.
"""

from pathlib import Path

import numpy as np

SUFFIX = ".voicemail.sln"
"""Headerless signed 16-bit, 8 kHz, one channel."""

SAMPLE_BYTES = 2


def message(raw: Path) -> Path:
    """Where the message of a call is, by its raw file."""
    return raw.with_name(raw.stem + SUFFIX)


def into_raw(raw: Path) -> None:
    """Make the raw file of the message, if there is one; the message stays until ``remove``.

    Raises:
        OSError: the disk is full...
    """
    try:
        data = message(raw).read_bytes()
    except FileNotFoundError:
        return
    samples = np.frombuffer(data[: len(data) // SAMPLE_BYTES * SAMPLE_BYTES], dtype="<i2")
    if not len(samples):
        return
    stereo = np.zeros((len(samples), 2), dtype="<i2")
    stereo[:, 0] = samples
    part = raw.with_name(f".{raw.name}.part")
    part.write_bytes(stereo.tobytes())
    part.replace(raw)


def remove(raw: Path) -> None:
    """Remove the message: it is archived, or too short to hold words."""
    message(raw).unlink(missing_ok=True)
