"""The prompts as sound files: where they are, and how they are made.

Asterisk plays ``FOLDER/LANGUAGE/NAME`` (a path without extension). ``build`` takes an operator's recordings
where there are any and generates the rest; a manifest tells what is up to date.
"""

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from core.errors import ConfigurationError
from core.vocabulary import Language
from ivr import sound, tts
from ivr.texts import CATALOGUE, NAMES, PromptText

RECIPE = 1
"""Raised when prompts made from the same text should be made anew."""

GREETING = re.compile(r"greeting_[a-z0-9_]{1,31}")
"""Names that an operator may give to recordings of his own: greetings of lines and queues."""

MANIFEST = "manifest.json"

COUNT = len(CATALOGUE) * len(Language)
"""How many sounds a complete folder holds."""

FOLDER = "prompts"
"""Where the hotline keeps them, below its cache folder."""

Progress = Callable[[int, int, str], None]
"""Called after each prompt: how many are done, of how many, and what was done with this one."""


class Origin(StrEnum):
    """Where a sound comes from."""

    RECORDED = "recorded"
    GENERATED = "generated"


@dataclass(frozen=True, slots=True)
class Prompts:
    """The folder of built prompts, for those who play them."""

    folder: Path

    def sound(self, name: str, language: Language) -> str:
        """What Asterisk is told to play: the absolute path without extension."""
        self.check_name(name)
        return str(self.folder.absolute() / language / name)

    def greeting(self, name: str, language: Language) -> str | None:
        """What Asterisk is told to play for a line's greeting; ``None`` when there is no such prompt."""
        path = self.folder.absolute() / language / name
        there = name in NAMES or (GREETING.fullmatch(name) and path.with_suffix(".wav").is_file())
        return str(path) if there else None

    def check_name(self, name: str) -> None:
        """Raise ``ConfigurationError`` when there is no such prompt."""
        if name not in NAMES:
            raise ConfigurationError(f"no prompt is named {name!r}; there are: {', '.join(NAMES)}")


@dataclass(frozen=True, slots=True)
class BuiltPrompt:
    """One sound as it stands in the folder after a build."""

    name: str
    language: Language
    origin: Origin
    seconds: float
    recipe: str
    """Checksum of all that it was made from."""
    sha256: str
    """Checksum of the file."""


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build left behind."""

    folder: Path
    prompts: tuple[BuiltPrompt, ...]
    made: int
    """How many were made now; the others were up to date."""


def build(out: Path, pack: Path | None, progress: Progress) -> BuildReport:
    """Make every prompt that is missing or no longer what its text or recording says.

    Args:
        out: the folder to fill; each file is put in place as a whole.
        pack: folder with recordings ``LANGUAGE/NAME.wav``, any part of the catalogue; ``None`` for none.
        progress: told about each prompt.

    Raises:
        ConfigurationError: a recording is unusable or belongs to no prompt, espeak-ng is missing, or the
            folder can not be written.
    """
    before = dict(_read_manifest(out))
    now: dict[str, BuiltPrompt] = {}
    try:
        sources = _sources(pack)
        for source in sources:
            now[source.key] = _current(out, before.get(source.key), source) or _make(out, source)
            is_new = now[source.key] is not before.get(source.key)
            progress(len(now), len(sources), _told(now[source.key], is_new=is_new))
    except OSError as error:
        raise ConfigurationError(f"prompts can not be built in {out}: {error}") from error
    finally:
        # Also after a failure: what is made need not be made again.
        _write_manifest(out, {**before, **now})
    made = sum(prompt is not before.get(key) for key, prompt in now.items())
    return BuildReport(out, tuple(now.values()), made)


def built(out: Path) -> dict[tuple[str, Language], BuiltPrompt]:
    """What the folder holds according to its manifest, by name and language."""
    return {(prompt.name, prompt.language): prompt for _, prompt in _read_manifest(out)}


def _key(name: str, language: Language) -> str:
    return f"{language.value}/{name}"


@dataclass(frozen=True, slots=True)
class _Source:
    """What one sound is to be made from."""

    prompt: PromptText
    language: Language
    recording: Path | None

    @property
    def key(self) -> str:
        return _key(self.prompt.name, self.language)

    @property
    def text(self) -> str:
        return self.prompt.text(self.language)

    @property
    def recipe(self) -> str:
        if self.recording is not None:
            return _checksum(f"{RECIPE} recorded".encode() + self.recording.read_bytes())
        return _checksum(json.dumps([RECIPE, self.text, asdict(tts.VOICES[self.language])]).encode())


def _sources(pack: Path | None) -> list[_Source]:
    recordings = _recordings(pack)
    return [
        _Source(prompt, language, recordings.get(_key(prompt.name, language)))
        for language in Language
        for prompt in CATALOGUE
    ] + [
        _Source(PromptText(path.stem, "", ""), Language(path.parent.name), path)
        for path in recordings.values()
        if path.stem not in NAMES
    ]


def _told(prompt: BuiltPrompt, *, is_new: bool) -> str:
    label = _key(prompt.name, prompt.language)
    return f"{label}: {prompt.origin}, {prompt.seconds:.1f} s" if is_new else f"{label}: up to date"


def _recordings(pack: Path | None) -> dict[str, Path]:
    """The pack's files by prompt; a file that no prompt would ever use is a mistake worth an error."""
    if pack is None:
        return {}
    if not pack.is_dir():
        raise ConfigurationError(f"prompt pack {pack}: no such folder")
    found = {f"{path.parent.name}/{path.stem}": path for path in sorted(pack.glob("*/*.wav"))}
    own = {path.stem for path in found.values() if GREETING.fullmatch(path.stem)}
    known = {_key(name, language) for language in Language for name in {*NAMES, *own}}
    if unknown := sorted(set(found) - known):
        raise ConfigurationError(
            f"prompt pack {pack}: no prompt is named {', '.join(unknown)}; "
            f"there are LANGUAGE/NAME.wav with {', '.join(Language)} and {', '.join(NAMES)}, "
            "and greeting_... for greetings of your own"
        )
    return found


def _current(out: Path, before: BuiltPrompt | None, source: _Source) -> BuiltPrompt | None:
    """What an earlier build made, if it is still what it should be."""
    if before is None or before.recipe != source.recipe:
        return None
    path = out / f"{source.key}.wav"
    return before if path.is_file() and _checksum(path.read_bytes()) == before.sha256 else None


def _make(out: Path, source: _Source) -> BuiltPrompt:
    recipe = source.recipe
    if source.recording is None:
        origin, samples = Origin.GENERATED, tts.speak(source.text, source.language)
    else:
        origin, samples = Origin.RECORDED, sound.read(source.recording)
    path = out / f"{source.key}.wav"
    sound.write(path, samples)
    seconds = round(len(samples) / sound.RATE, 3)
    return BuiltPrompt(
        source.prompt.name, source.language, origin, seconds, recipe, _checksum(path.read_bytes())
    )


def _checksum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _read_manifest(out: Path) -> Iterator[tuple[str, BuiltPrompt]]:
    """What an earlier build noted; nothing when there was none or the note is damaged."""
    try:
        entries: list[dict[str, Any]] = json.loads((out / MANIFEST).read_text())
        prompts = [
            BuiltPrompt(**{**e, "language": Language(e["language"]), "origin": Origin(e["origin"])})
            for e in entries
        ]
    except (OSError, ValueError, TypeError, KeyError):
        return
    for prompt in prompts:
        yield _key(prompt.name, prompt.language), prompt


def _write_manifest(out: Path, prompts: dict[str, BuiltPrompt]) -> None:
    if not out.is_dir():
        return  # nothing could be made, and why is on its way to the caller
    text = json.dumps([asdict(prompts[key]) for key in sorted(prompts)], ensure_ascii=False, indent=1)
    descriptor, scratch = tempfile.mkstemp(dir=out, prefix=".manifest-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text + "\n")
    Path(scratch).replace(out / MANIFEST)
