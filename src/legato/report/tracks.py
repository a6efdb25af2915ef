"""The tracks that the page shows, with those of their files that are there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from legato.dataset import provenance
from legato.dataset.collect import HELD_OUT, TRAIN
from legato.files import read_jsonl

FOLDER = Path("reports/page")
BEFORE, AFTER = "before", "after"  # the sides of the codec
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Track:
    """A track's files, where any may be missing, and what is known of it."""

    row: Row
    provenance: Row | None
    audio: Path | None
    midi: Path | None
    codes: Path | None
    is_heard: bool


def find_tracks(previews: int) -> Iterator[Track]:
    """Every track that has been collected, held-out ones too, with those of its files that are there."""
    heard: dict[str, int] = {}
    chains = {row["id"]: row for row in _rows(provenance.FILE)}
    for row in sorted(_rows("tracks.jsonl"), key=lambda row: (row["category"], row["id"])):
        name, category = row["id"], row["category"]
        heard[category] = heard.get(category, 0) + 1
        audio = sorted((Path("dataset/raw_audio") / category).glob(f"{name}.*"))
        yield Track(
            row=row,
            provenance=chains.get(name),
            audio=audio[0] if audio else None,
            midi=_if_there(Path("dataset/midi") / category / f"{name}.mid"),
            codes=_if_there(Path("dataset/encoded") / category / f"{name}.pt"),
            is_heard=heard[category] <= previews,
        )


def key_of(row: Row) -> str | None:
    """A track's key in words, None where it has none.

    >>> key_of({"key": "A flat", "scale": "harmonic_minor"})
    'A flat harmonic minor'
    """
    return f"{row['key']} {row.get('scale') or ''}".replace("_", " ").strip() if row.get("key") else None


def _rows(file: str) -> Iterator[Row]:
    for folder in (TRAIN, HELD_OUT):
        if (folder / file).is_file():
            yield from read_jsonl(folder / file)


def _if_there(path: Path) -> Path | None:
    return path if path.is_file() else None
