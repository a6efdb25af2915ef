"""What the facts of a dataset's tracks add up to, for its card, its Croissant description and its LICENSE."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from legato.licenses.audit import SECONDS_PER_HOUR, Row, hours_by_licence, inputs_of
from legato.licenses.known import NONE, canonical
from legato.truth.rates import Accuracy, accuracy, rates

COVERING = ("music", "soundfont")  # what is heard in the audio, so whose licences hold for the codes


@dataclass(frozen=True, kw_only=True)
class Part:
    """The tracks of one category."""

    category: str
    n_tracks: int
    n_sources: int  # of the user's own files
    hours: float
    example: str  # the prompt of its first track
    licences: list[str]  # of its music


@dataclass(frozen=True, kw_only=True)
class Material:
    """A SoundFont or codec weights, and what it was known by when it was used."""

    kind: str
    name: str
    sha256: str
    licence: str
    n_tracks: int


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A dataset folder in a few figures."""

    n_tracks: int
    n_held_out: int  # in the folder beside it
    hours: float
    frames: int
    parts: list[Part]
    materials: list[Material]
    licences: list[str]  # that hold for the codes
    hours_by_licence: dict[str, dict[str, float]]
    n_sources: int  # tracks of the user's own files
    seeds: list[int]
    synths: list[str]
    lufs: tuple[float, float]  # lowest and highest
    dbtp: float  # highest
    tags: Accuracy


def summarize(rows: Sequence[Row], n_held_out: int) -> Summary:
    """The figures of a dataset with at least one track."""
    by_category = {name: [row for row in rows if row["category"] == name] for name in _distinct(rows, "category")}
    return Summary(
        n_tracks=len(rows),
        n_held_out=n_held_out,
        hours=_hours(rows),
        frames=sum(row["frames"] for row in rows),
        parts=[_part(name, own) for name, own in by_category.items()],
        materials=_materials(rows),
        licences=sorted(
            {_licence(given.license) for row in rows for given in inputs_of(row) if given.kind in COVERING}
        ),
        hours_by_licence=hours_by_licence(rows),
        n_sources=_n_sources(rows),
        seeds=_distinct(rows, "seed"),
        synths=_distinct(rows, "synth"),
        lufs=(min(row["lufs"] for row in rows), max(row["lufs"] for row in rows)),
        dbtp=max(row["dbtp"] for row in rows),
        tags=accuracy(rates(rows)),
    )


def _part(category: str, rows: Sequence[Row]) -> Part:
    return Part(
        category=category,
        n_tracks=len(rows),
        n_sources=_n_sources(rows),
        hours=_hours(rows),
        example=rows[0]["prompt"],
        licences=sorted({_licence(row.get("license")) for row in rows}),
    )


def _materials(rows: Sequence[Row]) -> list[Material]:
    """Each SoundFont and each codec once, by its file's name: where it lay is no one's business."""
    found: dict[tuple[str, str, str, str], int] = {}
    for row in rows:
        for given in inputs_of(row):
            if given.kind != "music":
                known = given.kind, Path(given.name).name, given.sha256 or "unknown", _licence(given.license)
                found[known] = found.get(known, 0) + 1
    return [
        Material(kind=kind, name=name, sha256=sha256, licence=licence, n_tracks=count)
        for (kind, name, sha256, licence), count in sorted(found.items(), reverse=True)
    ]


def _licence(stated: Any) -> str:
    return canonical(stated) if isinstance(stated, str) else NONE


def _hours(rows: Sequence[Row]) -> float:
    return round(sum(row["seconds"] for row in rows) / SECONDS_PER_HOUR, 4)


def _n_sources(rows: Sequence[Row]) -> int:
    return sum("source" in row for row in rows)


def length_of(hours: float) -> str:
    """A duration for people.

    >>> length_of(0.18), length_of(12.345)
    ('10.8 minutes', '12.3 hours')
    """
    return f"{hours:.1f} hours" if hours >= 1 else f"{hours * 60:.1f} minutes"


def _distinct(rows: Sequence[Row], key: str) -> list[Any]:
    return sorted({row[key] for row in rows if key in row})
