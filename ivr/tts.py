"""Speech made on this machine with espeak-ng, for prompts that nobody has recorded.

espeak-ng's own reading of Chinese characters is unusable in Debian 12; its voice for written pinyin is
sound. So Chinese is turned into pinyin with tone numbers first.
"""

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import soundfile

from core.errors import ConfigurationError
from core.vocabulary import Language
from ivr.sound import Samples, level, resample, trim
from ivr.texts import spoken

PROGRAM = "espeak-ng"
TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Voice:
    """What espeak-ng is asked for."""

    name: str
    words_per_minute: int
    pitch: int
    """0-99."""


VOICES = {
    Language.CHINESE: Voice("cmn-latn-pinyin", 165, 45),
    Language.ENGLISH: Voice("en-gb", 150, 45),
}

_PAUSES = str.maketrans("，、：；。！？", ",,,,.!?")


def speak(text: str, language: Language) -> Samples:
    """The text as speech at ``ivr.sound.RATE``, at the usual level of a telephone announcement.

    Raises:
        ConfigurationError: espeak-ng is not there or failed.
        ValueError: a Chinese text holds something that has no pinyin.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        raise ConfigurationError(
            f"{PROGRAM} is needed to generate prompts that nobody has recorded "
            f"(Debian: apt-get install {PROGRAM})"
        )
    with tempfile.TemporaryDirectory(prefix="hotline-tts-") as folder:
        return level(trim(_synthesise(program, written(text, language), VOICES[language], Path(folder))))


def written(text: str, language: Language) -> str:
    """What espeak-ng is given to read: Chinese as pinyin with tone numbers."""
    words = spoken(text, language)
    return pinyin(words) if language is Language.CHINESE else words


def pinyin(text: str) -> str:
    """Chinese text as pinyin with tone numbers; punctuation becomes pauses.

    Raises:
        ValueError: something in it is neither a Chinese character nor punctuation.
    """
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415 - loads 50,000 phrases that calls do not need

    syllables = lazy_pinyin(
        text, style=Style.TONE3, errors=_pauses, neutral_tone_with_five=True, tone_sandhi=True
    )
    return " ".join(syllables).replace(" ,", ",").replace(" .", ".")


def _pauses(rest: str) -> str:
    ascii_rest = rest.translate(_PAUSES)
    if ascii_rest.strip(",.!? "):
        raise ValueError(f"no pinyin for {rest!r}")
    return ascii_rest


def _synthesise(program: str, words: str, voice: Voice, folder: Path) -> Samples:
    wav = folder / "speech.wav"
    options = ["-v", voice.name, "-s", str(voice.words_per_minute), "-p", str(voice.pitch), "-w", str(wav)]
    try:
        done = subprocess.run(
            [program, *options, "--stdin"],
            input=words.encode(),
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigurationError(f"{PROGRAM} did not run: {error}") from error
    if done.returncode or not wav.is_file():
        raise ConfigurationError(f"{PROGRAM} failed: {done.stderr.decode(errors='replace').strip()[:300]}")
    samples, rate = soundfile.read(wav, dtype="float64")
    return resample(samples, rate)
