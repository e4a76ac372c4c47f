"""What is made, what is kept, and what is refused; speech is replaced by tones here."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.errors import ConfigurationError
from core.vocabulary import Language
from ivr import prompts, tts
from ivr.prompts import COUNT, BuildReport, Origin, Prompts
from ivr.sound import RATE, Samples
from ivr.texts import CATALOGUE, NAMES

ZH, EN = Language.CHINESE, Language.ENGLISH


class Speaker:
    """Stands in for espeak-ng: a tone, a tenth of a second for each character; notes what it was asked."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def __call__(self, text: str, language: Language) -> Samples:
        self.said.append(text)
        return _tone(300 if language is ZH else 500, len(text) / 10)


def _tone(hertz: float, seconds: float, rate: int = RATE) -> Samples:
    return 0.3 * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)


@pytest.fixture
def speaker(monkeypatch: pytest.MonkeyPatch) -> Speaker:
    speaker = Speaker()
    monkeypatch.setattr(tts, "speak", speaker)
    return speaker


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "built" / "prompts"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "pack"
    (folder / "zh").mkdir(parents=True)
    soundfile.write(folder / "zh" / "goodbye.wav", _tone(700, 2.0, rate=44100), 44100)
    return folder


def _build(out: Path, pack: Path | None = None) -> BuildReport:
    return prompts.build(out, pack, lambda _done, _count, _what: None)


def test_a_first_build_makes_everything_and_tells_of_each(speaker: Speaker, out: Path) -> None:
    told: list[tuple[int, int, str]] = []
    report = prompts.build(out, None, lambda *told_now: told.append(told_now))
    assert report.made == len(report.prompts) == COUNT == 2 * len(CATALOGUE)
    assert len(speaker.said) == COUNT
    assert [(done, count) for done, count, _ in told] == [(n, COUNT) for n in range(1, COUNT + 1)]
    assert told[0][2].startswith("zh/recording_notice: generated, ")
    for prompt in report.prompts:
        info = soundfile.info(out / prompt.language / f"{prompt.name}.wav")
        assert (info.samplerate, info.channels, info.subtype) == (RATE, 1, "PCM_16")
        assert info.duration == pytest.approx(prompt.seconds, abs=0.001)


def test_a_second_build_makes_nothing_and_touches_nothing(speaker: Speaker, out: Path) -> None:
    first = _build(out)
    before = {path: path.stat().st_mtime_ns for path in out.glob("*/*.wav")}
    speaker.said.clear()
    second = _build(out)
    assert (second.made, speaker.said) == (0, [])
    assert second.prompts == first.prompts
    assert {path: path.stat().st_mtime_ns for path in out.glob("*/*.wav")} == before


def test_a_changed_text_is_made_anew_and_nothing_else(
    speaker: Speaker, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _build(out)
    speaker.said.clear()
    changed = tuple(
        replace(prompt, chinese="再见。") if prompt.name == "goodbye" else prompt for prompt in CATALOGUE
    )
    monkeypatch.setattr(prompts, "CATALOGUE", changed)
    assert _build(out).made == 1
    assert speaker.said == ["再见。"]


def test_a_changed_voice_makes_its_language_anew(
    speaker: Speaker, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _build(out)
    speaker.said.clear()
    monkeypatch.setitem(tts.VOICES, EN, replace(tts.VOICES[EN], pitch=60))
    assert _build(out).made == len(CATALOGUE)
    assert all(text.isascii() for text in speaker.said)


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:-100])])
def test_a_missing_or_damaged_file_is_made_anew(speaker: Speaker, out: Path, damage: object) -> None:
    _build(out)
    path = out / "en" / "thank_you.wav"
    whole = path.read_bytes()
    assert callable(damage)
    damage(path)
    assert _build(out).made == 1
    assert path.read_bytes() == whole
    assert len(speaker.said) == COUNT + 1


@pytest.mark.parametrize("manifest", ["", "{}", "[1]", '[{"name": "goodbye"}]', '[{"language": "xx"}]'])
def test_without_a_usable_manifest_everything_is_made_anew(
    speaker: Speaker, out: Path, manifest: str
) -> None:
    _build(out)
    (out / prompts.MANIFEST).write_text(manifest)
    assert _build(out).made == COUNT
    assert len(speaker.said) == 2 * COUNT


def test_a_recording_takes_the_place_of_speech(speaker: Speaker, out: Path, pack: Path) -> None:
    report = _build(out, pack)
    recorded = [prompt for prompt in report.prompts if prompt.origin is Origin.RECORDED]
    assert [(prompt.name, prompt.language, prompt.seconds) for prompt in recorded] == [("goodbye", ZH, 2.0)]
    assert len(speaker.said) == COUNT - 1
    data, rate = soundfile.read(out / "zh" / "goodbye.wav")
    assert (rate, len(data)) == (RATE, 2 * RATE)
    assert _loudest_hertz(data) == pytest.approx(700, abs=1)


def _loudest_hertz(samples: Samples) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * RATE / len(samples))


def test_a_new_recording_replaces_the_old_and_its_removal_brings_speech_back(
    speaker: Speaker, out: Path, pack: Path
) -> None:
    _build(out, pack)
    soundfile.write(pack / "zh" / "goodbye.wav", _tone(900, 1.0), RATE)
    assert _build(out, pack).made == 1
    assert soundfile.info(out / "zh" / "goodbye.wav").duration == 1.0
    assert _build(out, pack).made == 0
    (pack / "zh" / "goodbye.wav").unlink()
    speaker.said.clear()
    report = _build(out, pack)
    assert (report.made, len(speaker.said)) == (1, 1)


def test_an_unusable_recording_is_named_and_what_was_made_before_is_kept(
    speaker: Speaker, out: Path, pack: Path
) -> None:
    (pack / "zh" / "goodbye.wav").write_text("noise")
    with pytest.raises(ConfigurationError, match=r"pack/zh/goodbye\.wav: not a readable WAV file"):
        _build(out, pack)
    made = len(speaker.said)
    assert made == NAMES.index("goodbye")
    speaker.said.clear()
    assert _build(out).made == COUNT - made


@pytest.mark.parametrize("name", ["zh/good_bye.wav", "fr/goodbye.wav"])
def test_a_recording_of_no_prompt_is_an_error_that_lists_the_names(out: Path, pack: Path, name: str) -> None:
    (pack / name).parent.mkdir(exist_ok=True)
    soundfile.write(pack / name, _tone(500, 1.0), RATE)
    with pytest.raises(ConfigurationError, match=f"no prompt is named {name[:-4]}; .*recording_notice"):
        _build(out, pack)
    assert not out.exists()


def test_a_pack_that_is_not_there_is_an_error(out: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nowhere: no such folder"):
        _build(out, tmp_path / "nowhere")


def test_a_folder_that_can_not_be_written_is_an_error(speaker: Speaker, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="prompts can not be built in"):
        _build(tmp_path / "file" / "prompts")
    assert speaker.said


def test_every_file_can_be_read_by_another_user(speaker: Speaker, out: Path) -> None:
    _build(out)
    assert len(speaker.said) == COUNT
    assert all(path.stat().st_mode & 0o044 == 0o044 for path in out.rglob("*.wav"))
    assert all(path.stat().st_mode & 0o055 == 0o055 for path in [out, out / "zh", out / "en"])


def test_built_tells_what_is_there(speaker: Speaker, out: Path) -> None:
    assert prompts.built(out) == {}
    report = _build(out)
    assert len(speaker.said) == COUNT
    assert prompts.built(out) == {(prompt.name, prompt.language): prompt for prompt in report.prompts}


def test_what_asterisk_is_told_to_play(tmp_path: Path) -> None:
    assert Prompts(tmp_path).sound("goodbye", EN) == f"{tmp_path}/en/goodbye"
    with pytest.raises(ConfigurationError, match=r"no prompt is named '\.\./x'"):
        Prompts(tmp_path).sound("../x", EN)


@pytest.mark.usefixtures("speaker")
def test_greetings_of_the_operators_own_are_built_from_the_pack(out: Path, pack: Path) -> None:
    soundfile.write(pack / "zh" / "greeting_river_office.wav", _tone(700, 1.5), RATE)
    report = _build(out, pack)
    (own,) = [prompt for prompt in report.prompts if prompt.name == "greeting_river_office"]
    assert (own.language, own.origin, own.seconds) == (ZH, Origin.RECORDED, 1.5)
    assert len(report.prompts) == COUNT + 1
    there = Prompts(out)
    assert there.greeting("greeting_river_office", ZH) == str(out.absolute() / "zh" / "greeting_river_office")
    assert there.greeting("greeting_river_office", EN) is None
