"""What the page shows of a track: its audio, music, prompt and facts in one version."""

import tempfile
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

from joblib import cpu_count

from legato.diff.compare import WORDS, Category, Difference
from legato.diff.version import Version
from legato.errors import LegatoError
from legato.files import read_jsonl, sha256_of
from legato.midi.contents import Contents, read_contents
from legato.page.preview import preview
from legato.work import items
from legato.work.pool import Place
from legato.workspace.layout import CHAIN, facts_path

FACTS_OF = ("compose", "normalize")  # stages that report what the page shows of a track


@dataclass(kw_only=True)
class Side:
    """A track in one version; None is what the version lacks."""

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
    """A track of the page; None if the version lacks it."""

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
    with tempfile.TemporaryDirectory() as folder:
        old, new = _Source(found.old, Path(folder) / "old"), _Source(found.new, Path(folder) / "new")
        shown = [
            Shown(
                name=name,
                category=category,
                steps=found.categories[category].changed.get(name, []),
                old=None if name in found.categories[category].added else old.side(category, name),
                new=None if name in found.categories[category].removed else new.side(category, name),
            )
            for category, name in choose(found.categories, n_tracks)
        ]
        _compress(old.audio + new.audio)
    return shown


class _Source:
    """Fetches tracks of one version; what belongs to a whole category is fetched once."""

    def __init__(self, version: Version, folder: Path) -> None:
        self.audio: list[tuple[Side, Path]] = []  # not yet compressed
        self._version = version
        self._folder = folder
        self._fetched: dict[str, Path | LegatoError] = {}
        self._facts: dict[Path, dict[str, dict[str, Any]]] = {}  # by file and track

    def side(self, category: str, name: str) -> Side:
        """A track without its audio, which waits in `audio`."""
        side = Side()
        if path := self._file(side, "prompt", category, name):
            side.prompt = path.read_text(encoding="utf-8", errors="replace")
        if path := self._file(side, "music", category, name):
            side.music_sha256 = sha256_of(path)
            if path.suffix == ".mid":  # not a recording
                side.music = read_contents(path)
        for stage in FACTS_OF:
            if path := self._fetch(side, str(facts_path(category, stage))):
                side.facts |= self._rows(path).get(name, {})
        path, step = next(
            ((path, step) for step in ("normalized", "rendered") if (path := self._file(side, step, category, name))),
            (None, ""),
        )
        if path:
            side.audio_words, side.audio_sha256 = WORDS[step], sha256_of(path)
            self.audio.append((side, path))
        return side

    def _file(self, side: Side, step_name: str, category: str, name: str) -> Path | None:
        """A track's file at a step; None where there is none."""
        step = next(step for step in CHAIN if step.name == step_name)
        folder = step.folder(category).as_posix()
        files = self._version.files(folder) if self._version.has(folder) else {}
        file = next((file for suffix in step.suffixes if (file := f"{name}{step.ending}{suffix}") in files), None)
        return self._fetch(side, f"{folder}/{file}", folder) if file else None

    def _rows(self, path: Path) -> dict[str, dict[str, Any]]:
        if path not in self._facts:
            self._facts[path] = {row["id"]: row for row in read_jsonl(path)}
        return self._facts[path]

    def _fetch(self, side: Side, path: str, out: str | None = None) -> Path | None:
        """A file of the version, where it has it; `side` says why where it cannot be had."""
        if not self._version.has(out or path):
            return None
        if path not in self._fetched:
            target = self._folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._version.fetch(path, target)
                self._fetched[path] = target
            except LegatoError as error:
                self._fetched[path] = error
        found = self._fetched[path]
        if isinstance(found, LegatoError):
            side.nowhere.append(str(found))
            return None
        return found


def _compress(audio: list[tuple[Side, Path]]) -> None:
    """Give each side what its file sounds like."""
    if not audio:
        return

    def work(item: tuple[Side, Path]) -> dict[str, Any]:
        side, path = item
        side.audio = preview(path)
        return {}

    items.run(work, audio, stage="diff", name=lambda item: item[1].stem, place=Place(cpu_count(), "threads"))
