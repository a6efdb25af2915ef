"""The licence audit: whether every track of a dataset is made of nothing but what `policy` allows.

It judges the facts of what was built (`tracks.jsonl`), not what params.yaml asks for.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from legato import shards
from legato.contract.facts import Facts, facts_in
from legato.contract.folder import CODES_FOLDER, FACTS
from legato.errors import LegatoError
from legato.files import Json
from legato.licenses.known import NONE, canonical
from legato.licenses.policy import LAYERS, OF_TRACKS, RECORDING, Input, PolicyParams, refusal
from legato.words import counted
from legato.work.spilled import Names, digest

MOST_NAMES = 3  # tracks named in one line, of each reason
MOST_REASONS = 3
SECONDS_PER_HOUR = 3600

OF_RIGHTS = (  # facts that tell what a track is made of, beside those that are checked
    *("license", "soundfont_license", "soundfont_sha256", "codec_license", "codec_sha256"),
    *("renderers", "effects", "archive", "rights", "is_audio", "source"),
)
Hours = dict[str, dict[str, float]]  # by kind of input, by licence


def read_tracks(folders: Iterable[Path]) -> Iterator[Facts]:
    """The facts of every track in datasets of the trainer's format, those alone that an audit looks at.

    Raises:
        LegatoError: a folder has codes without facts, which nobody can judge, or facts are missing altogether.
    """
    for folder in folders:
        asked = ("id", "category", "seconds"), ("soundfont", "codec")
        known = bytearray()
        for row in facts_in(folder / FACTS, *asked, also=OF_RIGHTS, only=True):
            known += digest(row["id"])
            yield row
        codes = folder / CODES_FOLDER
        packed = (entry["name"] for entry in shards.index_of(codes) or ())
        names = Names.of(known)
        unknown = [name for name in chain((path.name for path in codes.glob("*.pt")), packed) if _id(name) not in names]
        if unknown:
            listed = _some(sorted(unknown))
            raise LegatoError(f"audit: {folder}: no facts of {listed}, so no licence; run `dvc repro collect`")


def _id(name: str) -> str:
    return Path(name).stem


def inputs_of(row: Facts) -> list[Input]:
    """What a track was made of, by its facts: no SoundFont where it is a recording."""
    font, codec = row.get("soundfont") or "", row.get("codec") or ""
    played = Input(
        kind="soundfont", name=font, license=row.get("soundfont_license"), sha256=row.get("soundfont_sha256")
    )
    return [
        Input(kind="music", name=row.get("category", ""), license=row.get("license")),
        *([] if row.get("is_audio") is True else [played]),
        *_instruments(row),
        Input(kind="codec", name=codec, license=row.get("codec_license"), sha256=row.get("codec_sha256")),
    ]


def _instruments(row: Facts) -> list[Input]:
    """The synthesizers and effects in a track, each once."""
    played = [
        (one.get("instrument"), one.get("instrument_license"), one.get("instrument_sha256"))
        for one in row.get("renderers", {}).values()
    ]
    chains = row.get("effects", {}).values()
    played += [(one.get("effect"), one.get("license"), one.get("sha256")) for chain in chains for one in chain]
    return [
        Input(kind="instrument", name=name or "", license=license_id, sha256=sha256)
        for name, license_id, sha256 in dict.fromkeys(played)
    ]


def layers_of(row: Facts) -> dict[str, Any]:
    """The licence of a track's recording and of its composition; what is not of an archive has one for both."""
    if not is_of_archive(row):
        return dict.fromkeys(LAYERS, row.get("license"))
    rights = row.get("rights")
    facts = rights if isinstance(rights, dict) else {}
    return {layer: facts[layer].get("license") if isinstance(facts.get(layer), dict) else None for layer in LAYERS}


def is_of_archive(row: Facts) -> bool:
    """Whether a track claims to come from an archive, by any of the facts that only those have."""
    return any(key in row for key in ("archive", "rights", "is_audio"))


def source_of(row: Facts) -> str:
    """Where a track's music comes from: an archive's name, `midi` for the user's own files, else `composed`."""
    archive = row.get("archive")
    if isinstance(archive, dict):
        return str(archive.get("source"))
    return "midi" if "source" in row else "composed"


def layer_refusals(row: Facts, policy: PolicyParams) -> Iterator[str]:
    """What is wrong with the rights of a track of an archive: a layer, its licence or its evidence."""
    if not is_of_archive(row):
        return
    rights, archive = row.get("rights"), row.get("archive")
    record = archive.get("record") if isinstance(archive, dict) else None
    for layer, stated in layers_of(row).items():
        facts = rights.get(layer) if isinstance(rights, dict) else None
        why = refusal(Input(kind="music", name=row.get("category", ""), license=stated), policy)
        if not isinstance(facts, dict):
            yield f"{layer}: nothing is known of its rights"
        elif why:
            yield f"{layer}: {stated!r}: {why}"
        elif not (_is_sha256(record) and facts.get("evidence") == record and facts.get("retrieved")):
            yield f"{layer}: there is no evidence of its rights"
    if layers_of(row)[RECORDING] != row.get("license"):
        yield f"{RECORDING}: its licence is not that of the music"


def _is_sha256(text: Any) -> bool:
    return isinstance(text, str) and len(text) == 64 and set(text) <= set("0123456789abcdef")


def refusals(rows: Iterable[Facts], policy: PolicyParams) -> dict[str, list[str]]:
    """The ids of the tracks that may not be used, by what is wrong with them; empty where all may."""
    found: dict[str, list[str]] = {}
    for _ in judged(rows, policy, found):
        pass
    return found


def judged(rows: Iterable[Facts], policy: PolicyParams, refused: dict[str, list[str]]) -> Iterator[Facts]:
    """The rows as they come, when what is wrong with each is in `refused`, as `refusals` has it."""
    for row in rows:
        for given in inputs_of(row):
            if why := refusal(given, policy):
                stated = f"{given.license!r}: " if given.license else ""
                refused.setdefault(f"{given.kind} {given.name}: {stated}{why}", []).append(row["id"])
        for why in layer_refusals(row, policy):
            refused.setdefault(f"music {row.get('category', '')}: {why}", []).append(row["id"])
        yield row


def report(
    rows: Iterable[Facts], refused: dict[str, list[str]], start: Input | None = None, why_not: str | None = None
) -> Json:
    """The audit as metrics: hours by kind of input and licence; per category by the licence of its music alone.

    Args:
        rows: of all tracks; they are gone through once.
        refused: what `refusals` gives, or what `judged` fills while the rows are gone through.
        start: the model that training begins with.
        why_not: why it may not, if it may not.
    """
    begins = {"name": start.name, "license": start.license, "refused": why_not} if start else None
    tally = Tally()
    by_category: dict[str, Tally] = {}
    for row in rows:
        tally.add(row)
        by_category.setdefault(row["category"], Tally()).add(row)
    return {
        "passed": not refused and why_not is None,
        "tracks": tally.n_tracks,
        "refused": len({name for names in refused.values() for name in names}),
        "refusals": [{"why": why, "tracks": names} for why, names in sorted(refused.items())],
        "start": begins,
        "hours": tally.by_license(),
        "layers": tally.by_layer(),
        "sources": tally.by_source(),
        "categories": {name: own.by_license()["music"] for name, own in sorted(by_category.items())},
    }


class Tally:
    """Adds up hours of audio, of one track after another."""

    def __init__(self) -> None:
        self.n_tracks = 0
        self._licenses: dict[str, dict[str, float]] = {kind: defaultdict(float) for kind in OF_TRACKS}
        self._layers: dict[str, dict[str, float]] = {layer: defaultdict(float) for layer in LAYERS}
        self._sources: dict[str, float] = defaultdict(float)

    def add(self, row: Facts) -> None:
        """Count a track."""
        self.n_tracks += 1
        for kind, stated in {(one.kind, _named(one.license)) for one in inputs_of(row)}:
            self._licenses[kind][stated] += row["seconds"]
        for layer, stated in layers_of(row).items():
            self._layers[layer][_named(stated)] += row["seconds"]
        self._sources[source_of(row)] += row["seconds"]

    def by_license(self) -> Hours:
        """Hours of audio whose input of each kind has each licence."""
        return {kind: _in_hours(found) for kind, found in self._licenses.items()}

    def by_layer(self) -> Hours:
        """Hours of audio whose recording, and whose composition, has each licence."""
        return {layer: _in_hours(found) for layer, found in self._layers.items()}

    def by_source(self) -> dict[str, float]:
        """Hours of audio from each archive, of the user's own files and composed."""
        return _in_hours(self._sources)


def _in_hours(seconds: Mapping[str, float]) -> dict[str, float]:
    return {name: round(total / SECONDS_PER_HOUR, 4) for name, total in sorted(seconds.items())}


def _named(license_id: str | None) -> str:
    return canonical(license_id) if isinstance(license_id, str) else NONE


def line_of(report: Json) -> str:
    """A failed audit in one line: how many tracks, why, and the first of them."""
    if not report["refusals"]:
        start = report["start"]
        return f"audit: train.start {start['name']}: {start['license']!r}: {start['refused']}; see docs/licences.md"
    reasons = [f"{one['why']} ({_some(one['tracks'])})" for one in report["refusals"]]
    more = len(reasons) - MOST_REASONS
    listed = "; ".join(reasons[:MOST_REASONS]) + (f"; and {more} more" if more > 0 else "")
    return f"audit: {report['refused']} of {counted(report['tracks'], 'track')} refused: {listed}; see docs/licences.md"


def _some(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
