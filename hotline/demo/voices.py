"""Who is heard in a recording: the caller's tone must be in the left channel, the agent's in the right."""

import array
import io
from collections.abc import Sequence
from dataclasses import dataclass

import soundfile

from core.vocabulary import Seconds
from hotline.demo.tones import tone_level

AUDIBLE = 0.02
"""Part of full scale from which on a tone counts as there; demo tones are played at 0.25."""
APART = 10.0
"""How many times louder than the other tone the own one must be in its channel."""

_WINDOW_SECONDS: Seconds = 0.25
_FULL_SCALE = 32768
_STEREO = 2


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel: the loudest that each tone gets, as part of full scale."""

    caller: float
    agent: float


@dataclass(frozen=True, slots=True)
class Voices:
    """What was measured in a recording."""

    seconds: Seconds
    left: Channel
    right: Channel

    @property
    def both_in_their_places(self) -> bool:
        """The caller is heard left, the agent right, neither in the other's channel."""
        return _clear(self.left.caller, self.left.agent) and _clear(self.right.agent, self.right.caller)


def listen(audio: bytes, caller_tone: int, agent_tone: int) -> Voices:
    """Measure a stereo recording (any format that libsndfile reads).

    Args:
        audio: the file.
        caller_tone: frequency in hertz.
        agent_tone: the same.

    Raises:
        ValueError: it is not a stereo recording.
    """
    try:
        with soundfile.SoundFile(io.BytesIO(audio)) as file:
            if file.channels != _STEREO:
                raise ValueError(f"the recording has {file.channels} channels, not two")
            rate, frames = int(file.samplerate), int(file.frames)
            # Without NumPy: a buffer of interleaved samples.
            samples = array.array("h", bytes(file.buffer_read(frames, dtype="int16")))
    except soundfile.LibsndfileError as error:
        raise ValueError(f"the recording cannot be read: {error}") from error
    return Voices(
        seconds=frames / rate,
        left=_channel(samples[0::2], rate, caller_tone, agent_tone),
        right=_channel(samples[1::2], rate, caller_tone, agent_tone),
    )


def _channel(samples: Sequence[int], rate: int, caller_tone: int, agent_tone: int) -> Channel:
    return Channel(
        caller=loudest(samples, caller_tone, rate) / _FULL_SCALE,
        agent=loudest(samples, agent_tone, rate) / _FULL_SCALE,
    )


def loudest(samples: Sequence[int], frequency: int, rate: int) -> float:
    """The highest level of a tone in any quarter of a second: a tone may pause, as when a key is pressed."""
    window = int(rate * _WINDOW_SECONDS)
    starts = range(0, max(len(samples) - window, 0) + 1, window)
    return max(
        (tone_level(samples[start : start + window], frequency, rate) for start in starts), default=0.0
    )


def _clear(own: float, other: float) -> bool:
    return own >= AUDIBLE and own >= APART * other
