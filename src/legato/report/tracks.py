"""The tracks that the page shows, with those of their files that are there."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from legato import shards
from legato.contract.facts import Facts
from legato.contract.folder import FACTS
from legato.dataset import provenance
from legato.files import Json, read_jsonl
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


def find_tracks(previews: int) -> Iterator[Track]:
    """Every track that has been collected, held-out ones too, with those of its files that are there."""
    heard: dict[str, int] = {}
    chains = {row["id"]: row for row in _rows(provenance.FILE)}
    for row in sorted(_rows(FACTS), key=lambda row: (row["category"], row["id"])):
        name, category = row["id"], row["category"]
        heard[category] = heard.get(category, 0) + 1
        yield Track(
            row=cast(Facts, row),
            provenance=chains.get(name),
            audio=_if_there(AUDIO.file(category, name)),
            midi=None if row.get("is_audio") else _if_there(MIDI.file(category, name)),
            codes=_if_there(CODES.file(category, name)),
            is_heard=heard[category] <= previews,
        )


def key_of(row: Facts) -> str | None:
    """A track's key in words, None where it has none.

    >>> key_of({"key": "A flat", "scale": "harmonic_minor"})
    'A flat harmonic minor'
    """
    return f"{row['key']} {row.get('scale') or ''}".replace("_", " ").strip() if row.get("key") else None


def _rows(file: str) -> Iterator[Json]:
    for folder in (TRAIN.path, HELD_OUT.path):
        if (folder / file).exists():
            yield from read_jsonl(folder / file)


def _if_there(path: Path) -> Path | None:
    return path if shards.exists(path) else None
