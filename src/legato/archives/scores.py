"""Scores under CC0 as MIDI: PDMX (MuseScore's users) and OpenScore; legato's own renderer plays them.

A dedication is of the transcription, never of the work that was transcribed. That one is free where the uploader says
that it is their own and names nobody else, or where its composer is of `legato.archives.composers`. All else waits.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from legato.archives import composers
from legato.archives.config import OpenScoreParams, PdmxParams
from legato.archives.packs import Pack, UnusableError
from legato.archives.records import Layer, Reason, Record, fact_text, shown
from legato.archives.tables import BROKEN, Row, read_rows
from legato.errors import LegatoError
from legato.licenses.known import PD_COMPOSITION, by_address

PDMX, OPENSCORE = "pdmx", "openscore"
TABLE = "PDMX.csv"
NEEDED = ("path", "mid", "license_url", "license_conflict", "is_original", "composer_name", "artist_name")
OLD = "license_conflict came with record 15571083 at Zenodo: older ones cannot be used"
ABSENT = ("", "NA", "N/A", "nan", "None")
CC0_TEXT = Path(__file__).parents[1].joinpath("dataset", "card", "CC0-1.0.txt")
SCORE = re.compile(r"(?P<composer>[^/]+)/(?:[^/]+/)*(?P<id>[A-Za-z0-9][A-Za-z0-9._-]*)\.mid")
MOST_LICENSE = 100_000  # bytes of a licence's text


def of_pdmx(asked: PdmxParams, pack: Pack) -> Iterator[Record]:
    """The records of PDMX.csv.

    Raises:
        LegatoError: there is none, or it lacks a column.
    """
    found = [name for name in pack.names() if name.rpartition("/")[2] == TABLE]
    if len(found) != 1:
        raise LegatoError(f"{pack.path}: {len(found)} files {TABLE}: put the one of Zenodo there")
    with pack.open(found[0]) as file:
        for row in read_rows(file, f"{pack.path}: {found[0]}", (*NEEDED, *asked.subsets), OLD):
            yield of_pdmx_row(asked, row)


def of_pdmx_row(asked: PdmxParams, row: Row) -> Record:
    """A row of PDMX.csv."""
    path, stated = row.get("path", ""), row.get("license_url", "")
    name = path.rpartition("/")[2].removesuffix(".json")
    score = name if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name) else ""
    named = [row[key].strip() for key in ("composer_name", "artist_name") if row.get(key, "").strip() not in ABSENT]
    composition, doubts = _composition(row, stated, named, asked.as_of)
    return Record(
        source=PDMX,
        id=score,
        raw=row,
        recording=Layer(
            license=by_address(stated),
            rule="a licence's address, letter by letter",
            field="license_url",
            stated=stated,
        ),
        composition=composition,
        file=row.get("mid", "").removeprefix("./"),
        groups=(f"{PDMX}:{score}", *(f"{PDMX}:by:{who.casefold()}" for who in named)),
        refusals=tuple(_refusals(asked, row, score)),
        doubts=tuple(doubts),
        title=fact_text(row.get("title", "") or row.get("song_name", "")),
        creator=fact_text(", ".join(named)),
        url="https://zenodo.org/records/15571083",
    )


def _composition(row: Row, stated: str, named: list[str], as_of: str) -> tuple[Layer, list[Reason]]:
    """The work's layer; where no rule gives one, the transcription's own, in doubt."""
    by_table = bool(named) and all(composers.is_free(who, as_of) for who in named)
    if by_table:
        rule = f"its composer died {composers.YEARS} full years before {as_of}, by the table"
        return Layer(license=PD_COMPOSITION, rule=rule, field="composer_name", stated="; ".join(named)), []
    own = Layer(
        license=by_address(stated),
        rule="the uploader's own work",
        field="is_original",
        stated=row.get("is_original", ""),
    )
    if row.get("is_original") == "True" and not named:
        return own, []
    said = Reason(
        "composer", shown("; ".join(named)) if named else "nobody is named, and it is not said to be original"
    )
    return own, [said]


def _refusals(asked: PdmxParams, row: Row, score: str) -> Iterator[Reason]:
    if BROKEN in row:
        yield Reason("broken row", row[BROKEN])
    if not score:
        yield Reason("no id", shown(row.get("path", "")))
    if row.get("license_conflict") != "False":
        yield Reason("licence conflict", shown(row.get("license_conflict", "")))
    if row.get("mid", "") in ABSENT:
        yield Reason("no MIDI")
    if missing := [name for name in asked.subsets if row.get(name) != "True"]:
        yield Reason("not asked for", missing[0])


def of_openscore(asked: OpenScoreParams, pack: Pack) -> Iterator[Record]:
    """The scores of an OpenScore repository: <composer>/<set>/<song>/<id>.mid, under one LICENSE.

    Raises:
        LegatoError: there is no such licence, or no MIDI file.
    """
    stated, license_sha256 = _license_of(pack)
    scores = [name for name in pack.names() if name.endswith(".mid")]
    if not scores:
        raise LegatoError(f"{pack.path}: holds no .mid file: docs/archives.md says how to make them of the scores")
    root = _root_of(pack, scores)
    for name in scores:
        yield of_score(asked, name.removeprefix(root), name, stated, license_sha256)


def of_score(asked: OpenScoreParams, path: str, file: str, stated: str | None, license_sha256: str) -> Record:
    """A MIDI file, its composer by its folder."""
    found = SCORE.fullmatch(path)
    composer = found["composer"].replace("_", " ").strip() if found else ""
    name = re.sub(r"\s*,\s*", ", ", composer)
    score = found["id"] if found and len(found["id"]) <= 64 else ""
    raw = {"path": path, "composer": composer, "license_sha256": license_sha256}
    rule = f"its composer died {composers.YEARS} full years before {asked.as_of}, by the table"
    return Record(
        source=OPENSCORE,
        id=score,
        raw=raw,
        recording=Layer(
            license=stated,
            rule="the LICENSE file is the legal code of CC0",
            field="license_sha256",
            stated=license_sha256,
        ),
        composition=Layer(license=PD_COMPOSITION, rule=rule, field="composer", stated=composer),
        file=file,
        groups=(f"{OPENSCORE}:{score}", f"{OPENSCORE}:by:{name.casefold()}"),
        refusals=() if score else (Reason("no id", shown(path)),),
        doubts=() if _is_free(name, asked.as_of) else (Reason("composer", shown(name)),),
        title=fact_text(path),
        creator=fact_text(name),
        url="https://github.com/OpenScore",
    )


def _is_free(name: str, as_of: str) -> bool:
    """Also of a folder's `Surname, Given names`."""
    last, _, first = name.partition(", ")
    return composers.is_free(name, as_of) or composers.is_free(f"{first} {last}", as_of)


def _license_of(pack: Pack) -> tuple[str | None, str]:
    """CC0-1.0 where LICENSE or LICENSE.txt is its legal code, but for spaces and line breaks; and its SHA-256."""
    found = [name for name in pack.names() if name.rpartition("/")[2] in ("LICENSE", "LICENSE.txt")]
    if len(found) != 1:
        raise LegatoError(f"{pack.path}: {len(found)} files LICENSE: a copy of the repository has one")
    try:
        with pack.open(found[0]) as file:
            content = file.read(MOST_LICENSE)
    except UnusableError as error:
        raise LegatoError(f"{pack.path}: {found[0]}: {error}") from None
    is_cc0 = _plain(content) == _plain(CC0_TEXT.read_bytes())
    return ("CC0-1.0" if is_cc0 else None), hashlib.sha256(content).hexdigest()


def _plain(content: bytes) -> list[bytes]:
    return content.split()


def _root_of(pack: Pack, scores: list[str]) -> str:
    """The folder that a zip of GitHub puts around a repository, and `scores/` in it."""
    license_at = next(name for name in pack.names() if name.rpartition("/")[2] in ("LICENSE", "LICENSE.txt"))
    root = license_at[: license_at.rindex("/") + 1] if "/" in license_at else ""
    inner = f"{root}scores/"
    return inner if all(name.startswith(inner) for name in scores) else root


def music_reasons(seconds: float, n_notes: int, length: list[float], notes: list[int]) -> Iterator[Reason]:
    """What a MIDI file is refused for, when it has been read."""
    if not length[0] <= seconds <= length[1]:
        yield Reason("not asked for", "seconds")
    if not notes[0] <= n_notes <= notes[1]:
        yield Reason("not asked for", "notes")
