import array
import io

import pytest
import soundfile

from hotline.demo import voices
from hotline.demo.tones import SAMPLE_RATE, sine


def recording(left: list[int], right: list[int], channels: int = 2) -> bytes:
    samples = array.array("h")
    for pair in zip(left, right, strict=True):
        samples.extend(pair[:channels])
    sink = io.BytesIO()
    with soundfile.SoundFile(sink, "w", SAMPLE_RATE, channels, format="FLAC", subtype="PCM_16") as file:
        file.buffer_write(samples.tobytes(), dtype="int16")
    return sink.getvalue()


CALLER, AGENT, SILENCE = sine(440), sine(620), [0] * SAMPLE_RATE


def test_both_voices_in_their_places() -> None:
    heard = voices.listen(recording(CALLER, AGENT), 440, 620)
    assert heard.seconds == 1.0
    assert heard.left.caller == pytest.approx(0.25, abs=0.01)
    assert heard.right.agent == pytest.approx(0.25, abs=0.01)
    assert heard.both_in_their_places


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (AGENT, CALLER),
        (CALLER, SILENCE),
        (SILENCE, AGENT),
        (CALLER, CALLER),
        ([a + b for a, b in zip(CALLER, AGENT, strict=True)], AGENT),
        ([value // 50 for value in CALLER], AGENT),
    ],
    ids=["swapped", "no agent", "no caller", "caller twice", "agent in both", "too soft"],
)
def test_anything_else_is_found(left: list[int], right: list[int]) -> None:
    assert not voices.listen(recording(left, right), 440, 620).both_in_their_places


def test_a_tone_may_pause() -> None:
    pausing = [*CALLER[:4000], *SILENCE[:4000]]
    assert voices.listen(recording(pausing, AGENT), 440, 620).both_in_their_places


def test_a_recording_of_a_moment_has_no_voices() -> None:
    heard = voices.listen(recording(SILENCE[:80], SILENCE[:80]), 440, 620)
    assert heard.seconds == 0.01
    assert not heard.both_in_their_places


def test_what_is_no_stereo_recording_is_refused() -> None:
    with pytest.raises(ValueError, match="1 channels"):
        voices.listen(recording(CALLER, CALLER, channels=1), 440, 620)
    with pytest.raises(ValueError, match="cannot be read"):
        voices.listen(b"no audio", 440, 620)
