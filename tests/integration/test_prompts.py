"""Real speech: every prompt made with espeak-ng, and measured."""

import time

import numpy as np
import pytest
import soundfile

from core.vocabulary import Language
from ivr import prompts, sound, tts
from ivr.prompts import BuildReport, BuiltPrompt, Origin
from ivr.sound import RATE, Samples
from ivr.texts import CATALOGUE, NAMES, spoken

pytestmark = pytest.mark.integration

ALL = [(name, language) for language in Language for name in NAMES]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[BuildReport, float]:
    started = time.perf_counter()
    report = prompts.build(tmp_path_factory.mktemp("prompts"), None, lambda _done, _count, _what: None)
    return report, time.perf_counter() - started


@pytest.fixture(scope="module")
def report(built: tuple[BuildReport, float]) -> BuildReport:
    return built[0]


def _units(name: str, language: Language) -> float:
    """How much there is to say: syllables of Chinese, groups of five letters of English."""
    words = spoken(next(prompt for prompt in CATALOGUE if prompt.name == name).text(language), language)
    return sum("一" <= char <= "鿿" for char in words) if language is Language.CHINESE else len(words) / 5


SENTENCES = [(name, language) for name, language in ALL if _units(name, language) >= 8]
"""What is long enough to have a rate; single words and numbers are mostly the silence around them."""


def _find(report: BuildReport, name: str, language: Language) -> BuiltPrompt:
    return next(prompt for prompt in report.prompts if (prompt.name, prompt.language) == (name, language))


def _samples(report: BuildReport, name: str, language: Language) -> Samples:
    data, rate = soundfile.read(report.folder / language / f"{name}.wav", dtype="float64")
    assert rate == RATE
    return np.asarray(data)


def test_all_prompts_are_made_within_twenty_seconds(built: tuple[BuildReport, float]) -> None:
    report, seconds = built
    assert report.made == len(ALL)
    assert all(prompt.origin is Origin.GENERATED for prompt in report.prompts)
    assert seconds < 20


@pytest.mark.parametrize(("name", "language"), ALL)
def test_each_is_loud_enough_and_not_clipped(report: BuildReport, name: str, language: Language) -> None:
    samples = _samples(report, name, language)
    assert 0.05 < sound.rms(samples) < 0.2
    assert 0.3 < np.abs(samples).max() <= 0.81
    assert abs(samples.mean()) < 0.005


@pytest.mark.parametrize(("name", "language"), SENTENCES)
def test_each_lasts_as_long_as_its_text_takes_to_say(
    report: BuildReport, name: str, language: Language
) -> None:
    a_second = _units(name, language) / _find(report, name, language).seconds
    # Mandarin announcements: 3 to 5 syllables a second; English: 2 to 4 groups of five letters.
    assert 2.2 < a_second < 5.0


@pytest.mark.parametrize(("name", "language"), ALL)
def test_each_has_the_rhythm_and_the_spectrum_of_speech(
    report: BuildReport, name: str, language: Language
) -> None:
    samples = _samples(report, name, language)
    frames = samples[: len(samples) // 160 * 160].reshape(-1, 160)  # 20 ms
    loudness = np.sqrt((frames**2).mean(axis=1))
    # Syllables: loudness swings; a tone or a hum would not.
    assert np.std(loudness) > 0.4 * np.mean(loudness)
    power = np.abs(np.fft.rfft(samples)) ** 2
    hertz = np.fft.rfftfreq(len(samples), 1 / RATE)
    # Vowels: most of the energy; consonants above 1.5 kHz are there as well.
    assert power[(hertz > 80) & (hertz < 1500)].sum() > 0.6 * power.sum()
    assert power[hertz >= 1500].sum() > 0.002 * power.sum()


@pytest.mark.parametrize(("name", "language"), ALL)
def test_each_begins_and_ends_in_silence(report: BuildReport, name: str, language: Language) -> None:
    samples = _samples(report, name, language)
    assert not samples[: RATE // 10].any()
    assert not samples[-RATE // 10 :].any()
    assert np.abs(samples[RATE // 10 : RATE]).max() > 0.1


def test_the_tones_of_mandarin_are_heard() -> None:
    rising, falling = (_pitches(tts.speak(text, Language.CHINESE)) for text in ("麻", "骂"))
    assert np.median(rising[-5:]) - np.median(rising[:5]) > 5
    assert np.median(falling[-5:]) - np.median(falling[:5]) < -5


def _pitches(samples: Samples) -> list[float]:
    """Pitch in hertz every 20 ms of what is voiced, by autocorrelation; between 65 and 130 Hz."""
    shortest, longest = RATE // 130, RATE // 65
    pitches = []
    for start in range(0, len(samples) - 400, 160):
        frame = samples[start : start + 400]
        if sound.rms(frame) > 0.05:
            likeness = np.correlate(frame, frame, "full")[len(frame) - 1 :]
            pitches.append(RATE / (shortest + int(np.argmax(likeness[shortest:longest]))))
    return pitches
