"""What the facts of a dataset's tracks add up to, for its card, its Croissant description and its LICENSE."""

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from legato.contract.facts import Facts, known_values
from legato.licenses.audit import (
    OF_RIGHTS,
    SECONDS_PER_HOUR,
    inputs_of,
    layers_of,
)
from legato.licenses.audit import Tally as HoursTally
from legato.licenses.known import LICENSES, NONE, License, canonical, page_of
from legato.truth.rates import Accuracy, accuracy
from legato.truth.rates import Tally as Verdicts

SUMMED = (  # the facts that a summary is made of
    *("id", "category", "prompt", "frames", "seconds", "lufs", "dbtp", "seed", "synth", "verdicts"),
    *("soundfont", "codec", *OF_RIGHTS),
)
OURS = ("composed", "midi")  # where music is from that no archive had
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

    @property
    def has_archives(self) -> bool:
        """Whether anything comes from an archive: scores or recordings of others."""
        return any(name not in OURS for name in self.hours_by_source)

    @property
    def loudness(self) -> str:
        """The tracks' loudness as a text: a figure, or the lowest and the highest, and the highest true peak."""
        low, high = (f"{lufs:.1f}" for lufs in self.lufs)
        return f"{low if low == high else f'{low} to {high}'} LUFS, true peaks to {self.dbtp:.1f} dBTP"


def summarize(rows: Iterable[Facts], n_held_out: int) -> Summary:
    """The figures of a dataset with at least one track; its rows are gone through once."""
    total, hours, verdicts = _Part(), HoursTally(), Verdicts()
    by_category: dict[str, _Part] = {}
    heard: set[str] = set()  # the licences that are stated of what is heard
    attributions: set[str] = set()
    known: dict[str, set[Any]] = {"seed": set(), "synth": set()}
    materials: Counter[tuple[str, str, str, str]] = Counter()
    frames, n_recordings = 0, 0
    levels: list[tuple[float, float, float]] = []  # least and most LUFS and most dBTP so far
    for row in rows:
        for part in (total, by_category.setdefault(row["category"], _Part())):
            part.add(row)
        hours.add(row)
        verdicts.add(row)
        for given in inputs_of(row):
            if given.kind in COVERING:
                heard.add(_stated(given.license))
            if given.kind != "music":  # by its file's name: where it was is nobody's business
                materials[given.kind, Path(given.name).name, given.sha256 or "unknown", _stated(given.license)] += 1
        if "archive" in row:
            attributions.add(row["archive"]["attribution"])
        for key, values in known.items():
            values.update(known_values([row], key))
        frames += row["frames"]
        n_recordings += bool(row.get("is_audio"))
        low, high, peak = levels.pop() if levels else (row["lufs"], row["lufs"], row["dbtp"])
        levels.append((min(low, row["lufs"]), max(high, row["lufs"]), max(peak, row["dbtp"])))
    ((low, high, peak),) = levels
    return Summary(
        n_tracks=total.n_tracks,
        n_held_out=n_held_out,
        hours=total.hours(),
        frames=frames,
        parts=[part.found(name) for name, part in sorted(by_category.items())],
        materials=_materials(materials),
        licenses=_resolved(heard | total.stated),
        hours_by_license={kind: _with_terms(found) for kind, found in hours.by_license().items()},
        hours_by_layer={layer: _with_terms(found) for layer, found in hours.by_layer().items()},
        hours_by_source=hours.by_source(),
        attributions=sorted(attributions - {""}),
        n_sources=total.n_sources,
        n_recordings=n_recordings,
        seeds=sorted(known["seed"]),
        synths=sorted(known["synth"]),
        lufs=(low, high),
        dbtp=peak,
        tags=accuracy(verdicts.rates()),
    )


class _Part:
    """Adds up the tracks of a category, or all: eight bytes of each."""

    def __init__(self) -> None:
        self.n_tracks = self.n_sources = 0
        self.example = ""
        self.stated: set[str] = set()  # licences of the music
        self._seconds = array("d")  # the order of a sum decides its last digit

    def add(self, row: Facts) -> None:
        self.n_tracks += 1
        self.n_sources += "source" in row and not row.get("is_audio")
        self.example = self.example or row["prompt"]
        self.stated.update(map(_stated, layers_of(row).values()))
        self._seconds.append(row["seconds"])

    def hours(self) -> float:
        return round(sum(self._seconds) / SECONDS_PER_HOUR, 4)

    def found(self, category: str) -> Part:
        return Part(
            category=category,
            n_tracks=self.n_tracks,
            n_sources=self.n_sources,
            hours=self.hours(),
            example=self.example,
            licenses=_resolved(self.stated),
        )


def _with_terms(hours: Mapping[str, float]) -> list[tuple[Terms, float]]:
    return [(terms_of(name), value) for name, value in hours.items()]


def _materials(found: Mapping[tuple[str, str, str, str], int]) -> list[Material]:
    """Each SoundFont and each codec once."""
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


def _resolved(stated: Iterable[str]) -> list[Terms]:
    return [terms_of(name) for name in sorted(set(stated))]


def _stated(license_: Any) -> str:
    return canonical(license_) if isinstance(license_, str) else NONE


def length_of(hours: float) -> str:
    """A duration, human-readable.

    >>> length_of(0.18), length_of(12.345)
    ('10.8 minutes', '12.3 hours')
    """
    return f"{hours:.1f} hours" if hours >= 1 else f"{hours * 60:.1f} minutes"
