"""Whether a sound is in what was heard."""

import numpy as np

from ivr.sound import Samples


def decode_ulaw(data: bytes | bytearray) -> Samples:
    """G.711 mu-law as samples, full scale 1.0."""
    code = ~np.frombuffer(bytes(data), dtype=np.uint8).astype(np.int64) & 0xFF
    magnitude = (((code & 0x0F) << 3) + 132 << ((code & 0x70) >> 4)) - 132
    return np.asarray(np.where(code & 0x80, -magnitude, magnitude) / 32768.0)


def likeness(sound: Samples, heard: Samples) -> float:
    """Highest correlation of a sound's words with any place of what was heard; 1.0: all were played."""
    loud = np.flatnonzero(sound)
    words = sound[loud[0] : loud[-1] + 1]
    if len(heard) < len(words):
        return 0.0
    size = len(words) + len(heard)
    product = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(words, size)), size)
    energy = np.concatenate([[0.0], np.cumsum(heard**2)])
    places = np.arange(len(heard) - len(words) + 1)
    local = np.sqrt(np.maximum(energy[places + len(words)] - energy[places], 1e-9))
    return float(np.max(product[places] / (local * np.sqrt(np.sum(words**2)))))
