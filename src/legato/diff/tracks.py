"""What the page shows of a track: its audio, music, prompt and facts in one version."""

import tempfile
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path, PurePosixPath
from typing import Any

from joblib import cpu_count

from legato import items
from legato.diff.compare import STEPS, Category, Difference
from legato.diff.preview import preview
from legato.diff.version import Version
from legato.errors import LegatoError
from legato.files import read_jsonl, sha256_of
from legato.midi_reader import Contents, read_contents
from legato.track import facts_path

FACTS_OF = ("compose", "normalize")  # stages that tell of a track what the page shows
STEP = {step.name: step for step in STEPS}


@dataclass(kw_only=True)
class Side:
    """A track in one version; None is what the version has not."""

    prompt: str | None = None
    music: Contents | None = None
    music_sha256: str | None = None
    audio: bytes | None = None  # compressed
    audio_sha256: str | None = None  # before it was compressed
    audio_words: str = ""  # what kind of audio it is
    facts: dict[str, Any] = field(default_factory=dict)
    nowhere: list[str] = field(default_factory=list)  # why something that the version has cannot be shown

    def has_audio_of(self, other: "Side") -> bool:
        """Whether both have the same audio."""
        return self.audio_sha256 is not None and self.audio_sha256 == other.audio_sha256

    def has_music_of(self, other: "Side") -> bool:
        """Whether both have the same MIDI file."""
        return self.music_sha256 is not None and self.music_sha256 == other.music_sha256


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A track of the page; None is a version that has it not."""

    name: str
    category: str
    steps: list[str]  # at which it differs
    old: Side | None
    new: Side | None


def choose(categories: dict[str, Category], n_tracks: int) -> list[tuple[str, str]]:
    """At most `n_tracks` (category, id) that differ, so that each category and each way of differing has its share.

    They are in the categories' order, and of one category changed ones come first.
    """
    kinds = []
    for name, category in categories.items():
        ways: dict[Any, list[str]] = {}
        for track, steps in category.changed.items():
            ways.setdefault(tuple(steps), []).append(track)
        kinds += [[(name, track) for track in tracks] for tracks in (*ways.values(), category.added, category.removed)]
    in_turn = [track for turn in zip_longest(*kinds) for track in turn if track]
    chosen = set(in_turn[:n_tracks])
    return [track for kind in kinds for track in kind if track in chosen]


def load(found: Difference, n_tracks: int) -> list[Shown]:
    """Fetch what is shown of the tracks that differ, at most `n_tracks` of them."""
    chosen = choose(found.categories, n_tracks)
    audio: list[tuple[Side, Path]] = []
    with tempfile.TemporaryDirectory() as folder:

        def side_of(version: Version, category: str, name: str) -> Side:
            place = Path(tempfile.mkdtemp(dir=folder))
            side, path = _fetch(version, category, name, place)
            audio.extend([(side, path)] if path else [])
            return side

        shown = [
            Shown(
                name=name,
                category=category,
                steps=found.categories[category].changed.get(name, []),
                old=None if name in found.categories[category].added else side_of(found.old, category, name),
                new=None if name in found.categories[category].removed else side_of(found.new, category, name),
            )
            for category, name in chosen
        ]
        _compress(audio)
    return shown


def _compress(audio: list[tuple[Side, Path]]) -> None:
    """Give each side what its file sounds like."""
    if not audio:
        return

    def work(item: tuple[Side, Path]) -> dict[str, Any]:
        side, path = item
        side.audio = preview(path)
        return {}

    items.run(work, audio, stage="diff", name=lambda item: item[1].stem, threads=cpu_count())


def _fetch(version: Version, category: str, name: str, folder: Path) -> tuple[Side, Path | None]:
    """A track of one version without its audio, whose file is returned beside it."""
    side = Side()
    if path := _file(side, version, "prompt", category, name, folder):
        side.prompt = path.read_text(encoding="utf-8", errors="replace")
    if path := _file(side, version, "music", category, name, folder):
        side.music, side.music_sha256 = read_contents(path), sha256_of(path)
    for stage in FACTS_OF:
        side.facts |= _facts(side, version, str(facts_path(category, stage)), name, folder)
    for step in ("normalized", "rendered"):
        if path := _file(side, version, step, category, name, folder):
            side.audio_words, side.audio_sha256 = STEP[step].words, sha256_of(path)
            return side, path
    return side, None


def _file(side: Side, version: Version, step_name: str, category: str, name: str, folder: Path) -> Path | None:
    step = STEP[step_name]
    place = f"{step.folder}/{category}"
    if not version.has(place):
        return None
    for file in version.listing(place):
        if PurePosixPath(file).stem.removesuffix(step.ending) == name:
            return _fetched(side, version, f"{place}/{file}", folder)
    return None


def _facts(side: Side, version: Version, path: str, name: str, folder: Path) -> dict[str, Any]:
    if not version.has(path):
        return {}
    here = _fetched(side, version, path, folder)
    return next((row for row in read_jsonl(here) if row["id"] == name), {}) if here else {}


def _fetched(side: Side, version: Version, path: str, folder: Path) -> Path | None:
    target = folder / PurePosixPath(path).name
    try:
        version.fetch(path, target)
    except LegatoError as error:
        side.nowhere.append(str(error))
        return None
    return target
