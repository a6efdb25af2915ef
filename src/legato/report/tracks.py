"""The tracks that the page shows, with those of their files that are there."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple, cast

from legato import shards
from legato.contract.facts import Facts
from legato.contract.folder import FACTS
from legato.dataset import provenance
from legato.files import Json, located_rows, parts_of
from legato.work.spilled import Line, Lines, sorted_on_disk
from legato.workspace.layout import AUDIO, CODES, HELD_OUT, MIDI, TRAIN

BEFORE, AFTER = "before", "after"  # the sides of the codec


@dataclass(frozen=True)
class Track:
    """A track's files, where any may be missing, and what is known of it."""

    row: Facts
    provenance: Json | None
    audio: Path | None
    midi: Path | None
    codes: Path | None
    is_heard: bool


class Found(NamedTuple):
    """Where what is known of a track is: some hundred bytes."""

    category: str
    name: str
    facts: Line
    chain: Line | None
    is_heard: bool

    def load(self) -> Track:
        """The track, read again."""
        row = cast(Facts, self.facts.read())
        return Track(
            row=row,
            provenance=self.chain.read() if self.chain else None,
            audio=_if_there(AUDIO.file(self.category, self.name)),
            midi=None if row.get("is_audio") else _if_there(MIDI.file(self.category, self.name)),
            codes=_if_there(CODES.file(self.category, self.name)),
            is_heard=self.is_heard,
        )


def find_tracks(previews: int) -> Iterator[Found]:
    """Every track that has been collected, held-out ones too, by category and id. They are sorted on the disk."""
    folders = (TRAIN.path, HELD_OUT.path)
    chains = [Lines(folder / provenance.FILE) for folder in folders if (folder / provenance.FILE).exists()]
    parts = [part for folder in folders if (folder / FACTS).exists() for part in parts_of(folder / FACTS)]
    with sorted_on_disk(
        (row["category"], row["id"], at, offset) for at, part in enumerate(parts) for offset, row in located_rows(part)
    ) as rows:
        for category, of_category in groupby(rows, key=itemgetter(0)):
            for nth, (_, name, at, offset) in enumerate(of_category):
                chain = next((line for one in reversed(chains) if (line := one.find(name))), None)
                yield Found(category, name, Line(parts[at], offset), chain, nth < previews)


def key_of(row: Facts) -> str | None:
    """A track's key in words, None where it has none.

    >>> key_of({"key": "A flat", "scale": "harmonic_minor"})
    'A flat harmonic minor'
    """
    return f"{row['key']} {row.get('scale') or ''}".replace("_", " ").strip() if row.get("key") else None


def _if_there(path: Path) -> Path | None:
    return path if shards.exists(path) else None
