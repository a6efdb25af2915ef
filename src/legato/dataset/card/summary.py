"""What the facts of a dataset's tracks add up to, for its card, its Croissant description and its LICENSE."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from legato.contract.facts import Facts, known_values
from legato.licenses.audit import (
    OF_RIGHTS,
    SECONDS_PER_HOUR,
    hours_by_layer,
    hours_by_license,
    hours_by_source,
    inputs_of,
    layers_of,
)
from legato.licenses.known import LICENSES, NONE, License, canonical, page_of
from legato.truth.rates import Accuracy, accuracy, rates

SUMMED = (  # the facts that a summary is made of
    *("id", "category", "prompt", "frames", "seconds", "lufs", "dbtp", "seed", "synth", "verdicts"),
    *("soundfont", "codec", *OF_RIGHTS),
)
COVERING = ("music", "soundfont", "instrument")  # what is heard in the audio, so whose licences hold for the codes


@dataclass(frozen=True, kw_only=True)
class Terms:
    """A licence, resolved: all that a card says of it."""

    id: str  # SPDX, or what was stated
    name: str  # empty where legato knows none
    page: str  # an address; empty where there is none
    hub_id: str  # what cards of the Hugging Face hub call it

    @property
    def address(self) -> str:
        """Its page, or else its id."""
        return self.page or self.id


@dataclass(frozen=True, kw_only=True)
class Part:
    """The tracks of one category."""

    category: str
    n_tracks: int
    n_sources: int  # of the user's own files
    hours: float
    example: str  # the prompt of its first track
    licenses: list[Terms]  # of its music


@dataclass(frozen=True, kw_only=True)
class Material:
    """A SoundFont or codec weights, and what it was known by when it was used."""

    kind: str
    name: str
    sha256: str
    license: Terms
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
    licenses: list[Terms]  # that hold for the codes
    hours_by_license: dict[str, list[tuple[Terms, float]]]  # of each kind of input
    hours_by_layer: dict[str, list[tuple[Terms, float]]]  # of the rights in music
    hours_by_source: dict[str, float]
    attributions: list[str]  # that the metadata of archives ask for
    n_sources: int  # tracks of the user's own files and of archives' scores
    n_recordings: int  # tracks of archives' recordings
    seeds: list[int]
    synths: list[str]
    lufs: tuple[float, float]  # lowest and highest
    dbtp: float  # highest
    tags: Accuracy


def summarize(rows: Sequence[Facts], n_held_out: int) -> Summary:
    """The figures of a dataset with at least one track."""
    by_category: dict[str, list[Facts]] = {}
    for row in rows:
        by_category.setdefault(row["category"], []).append(row)
    return Summary(
        n_tracks=len(rows),
        n_held_out=n_held_out,
        hours=_hours(rows),
        frames=sum(row["frames"] for row in rows),
        parts=[_part(name, own) for name, own in sorted(by_category.items())],
        materials=_materials(rows),
        licenses=_resolved(
            stated
            for row in rows
            for stated in (
                *(given.license for given in inputs_of(row) if given.kind in COVERING),
                *layers_of(row).values(),
            )
        ),
        hours_by_license={
            kind: [(terms_of(name), hours) for name, hours in found.items()]
            for kind, found in hours_by_license(rows).items()
        },
        hours_by_layer={
            layer: [(terms_of(name), hours) for name, hours in found.items()]
            for layer, found in hours_by_layer(rows).items()
        },
        hours_by_source=hours_by_source(rows),
        attributions=sorted({row["archive"]["attribution"] for row in rows if "archive" in row} - {""}),
        n_sources=_n_sources(rows),
        n_recordings=sum(bool(row.get("is_audio")) for row in rows),
        seeds=_distinct(rows, "seed"),
        synths=_distinct(rows, "synth"),
        lufs=(min(row["lufs"] for row in rows), max(row["lufs"] for row in rows)),
        dbtp=max(row["dbtp"] for row in rows),
        tags=accuracy(rates(rows)),
    )


def _part(category: str, rows: Sequence[Facts]) -> Part:
    return Part(
        category=category,
        n_tracks=len(rows),
        n_sources=_n_sources(rows),
        hours=_hours(rows),
        example=rows[0]["prompt"],
        licenses=_resolved(stated for row in rows for stated in layers_of(row).values()),
    )


def _materials(rows: Sequence[Facts]) -> list[Material]:
    """Each SoundFont and each codec once, by its file's name: where it was is nobody's business."""
    found: dict[tuple[str, str, str, str], int] = {}
    for row in rows:
        for given in inputs_of(row):
            if given.kind != "music":
                known = given.kind, Path(given.name).name, given.sha256 or "unknown", _stated(given.license)
                found[known] = found.get(known, 0) + 1
    return [
        Material(kind=kind, name=name, sha256=sha256, license=terms_of(stated), n_tracks=count)
        for (kind, name, sha256, stated), count in sorted(found.items(), reverse=True)
    ]


def terms_of(stated: str) -> Terms:
    """A licence by its id or by whatever was stated.

    >>> terms_of("MIT").name, terms_of("MPL-2.0").address, terms_of("my own").address, terms_of("my own").hub_id
    ('MIT License', 'https://spdx.org/licenses/MPL-2.0.html', 'my own', 'other')
    """
    known = LICENSES.get(stated, License(name=""))
    return Terms(id=stated, name=known.name, page=page_of(stated), hub_id=known.hub_id)


def _resolved(stated: Iterable[Any]) -> list[Terms]:
    return [terms_of(name) for name in sorted(set(map(_stated, stated)))]


def _stated(license_: Any) -> str:
    return canonical(license_) if isinstance(license_, str) else NONE


def _hours(rows: Sequence[Facts]) -> float:
    return round(sum(row["seconds"] for row in rows) / SECONDS_PER_HOUR, 4)


def _n_sources(rows: Sequence[Facts]) -> int:
    return sum("source" in row and not row.get("is_audio") for row in rows)


def length_of(hours: float) -> str:
    """A duration, human-readable.

    >>> length_of(0.18), length_of(12.345)
    ('10.8 minutes', '12.3 hours')
    """
    return f"{hours:.1f} hours" if hours >= 1 else f"{hours * 60:.1f} minutes"


def _distinct(rows: Sequence[Facts], key: str) -> list[Any]:
    return sorted(set(known_values(rows, key)))
