"""Library of Congress: the data package of the National Jukebox (metadata.json, manifest.json and MP3s).

Nothing there is dedicated by anyone. A recording is free in the United States 100 years after the year in which it was
published (Music Modernization Act, for what was published from 1923 to 1946; the older ones are free), a composition 95
years after. The package has the day of the recording; `release_years` says by when a disc was published at the latest.
The rights text is kept as evidence, and a restriction in it wins over any date.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from legato.archives.config import LocParams
from legato.archives.packs import Pack, UnusableError
from legato.archives.records import Layer, Reason, Record, fact_text, shown
from legato.errors import LegatoError
from legato.licenses.known import PD_COMPOSITION, US_PD_RECORDING

SOURCE = "loc"
METADATA, MANIFEST = "metadata.json", "manifest.json"
MOST_BYTES = 2**28  # of either; of 5,882 discs they are some 10 MB
RECORDING_YEARS, COMPOSITION_YEARS = 100, 95
LAST_OF_RULE = 1946  # recordings of 1947 and later have other terms
PLAIN_DATE = re.compile(r"(\d{4})(-\d{2}-\d{2})?")
FORBIDS = re.compile(r"not permitted|prohibited|all rights reserved|\brestricted\b|permission|protected", re.IGNORECASE)
CHALLENGE = "this is a page that asks whether a person reads it, in place of data: download the package with a browser"


def packed(asked: LocParams, pack: Pack) -> Iterator[Record]:
    """The records of the data package.

    Raises:
        LegatoError: one of its two lists is missing, or is not what it should be.
    """
    listed, manifest = _json(pack, METADATA), _json(pack, MANIFEST)
    if not (isinstance(listed, list) and all(isinstance(row, dict) for row in listed)):
        raise LegatoError(f"{pack.path}: {METADATA}: must be a list of records")
    files = _files(pack, manifest)
    for row in listed:
        yield of_row(asked, row, files)


def _json(pack: Pack, name: str) -> Any:
    found = [each for each in pack.names() if each.rpartition("/")[2] == name]
    if len(found) != 1:
        raise LegatoError(f"{pack.path}: {len(found)} files {name}: the data package has one")
    try:
        with pack.open(found[0]) as file:
            content = file.read(MOST_BYTES + 1)
    except UnusableError as error:
        raise LegatoError(f"{pack.path}: {name}: {error}") from None
    if len(content) > MOST_BYTES:
        raise LegatoError(f"{pack.path}: {name}: is larger than {MOST_BYTES // 2**20} MiB")
    if content.lstrip()[:1] == b"<":
        raise LegatoError(f"{pack.path}: {name}: {CHALLENGE}")
    try:
        return json.loads(content, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise LegatoError(f"{pack.path}: {name}: is not JSON") from None


def _no_number(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def _files(pack: Pack, manifest: Any) -> dict[str, list[str]]:
    """The file names of each item by the manifest."""
    rows = manifest.get("rows") if isinstance(manifest, dict) else None
    columns = manifest.get("cols") if isinstance(manifest, dict) else None
    if not (
        isinstance(rows, list) and isinstance(columns, list) and {"item_id", "object_key"} <= set(map(str, columns))
    ):
        raise LegatoError(f"{pack.path}: {MANIFEST}: must have cols with item_id and object_key, and rows")
    item, key = columns.index("item_id"), columns.index("object_key")
    found: dict[str, list[str]] = {}
    for row in rows:
        if isinstance(row, list) and len(row) == len(columns) and str(row[key]).lower().endswith(".mp3"):
            found.setdefault(_id(row[item]), []).append("/".join(str(row[key]).split("/")[-2:]))
    return found


def of_row(asked: LocParams, row: Mapping[str, Any], files: Mapping[str, list[str]]) -> Record:
    """An entry of metadata.json."""
    item, stated = _id(row.get("Id")), str(row.get("Date") or "")
    year = _latest_publication(stated, asked.release_years)
    age = date.fromisoformat(asked.as_of).year
    subjects = _texts(row.get("Subjects"))
    return Record(
        source=SOURCE,
        id=item,
        raw=dict(row),
        recording=Layer(
            license=US_PD_RECORDING if year and year <= LAST_OF_RULE and year + RECORDING_YEARS < age else None,
            rule=f"published {asked.release_years} years after its recording at the latest, and that {RECORDING_YEARS} "
            f"full years before {asked.as_of}",
            field="Date",
            stated=stated,
        ),
        composition=Layer(
            license=PD_COMPOSITION if year and year + COMPOSITION_YEARS < age else None,
            rule=f"as old as its recording at least, {COMPOSITION_YEARS} full years before {asked.as_of}",
            field="Date",
            stated=stated,
        ),
        file=files[item][0] if len(files.get(item, [])) == 1 else "",
        groups=tuple(f"{SOURCE}:contributor:{name}" for name in _texts(row.get("Contributors")))
        or (f"{SOURCE}:{item}",),
        refusals=(*_by_form(row, item, year, files), *_by_rights(row), *_by_choice(asked, subjects)),
        title=fact_text(str(row.get("Title") or "")),
        creator=fact_text(", ".join(_texts(row.get("Contributors")))),
        url=f"https://www.loc.gov/item/{item}/",
        words=tuple(subject.casefold() for subject in subjects),
    )


def _by_form(row: Mapping[str, Any], item: str, year: int | None, files: Mapping[str, list[str]]) -> Iterator[Reason]:
    if not item:
        yield Reason("no id", shown(row.get("Id")))
    elif len(files.get(item, [])) != 1:
        yield Reason("no audio", f"{len(files.get(item, []))} files in the manifest")
    if year is None:
        yield Reason("no plain date", shown(row.get("Date")))


def _by_rights(row: Mapping[str, Any]) -> Iterator[Reason]:
    texts = [text for key in ("Rights", "Access_restricted", "access_restricted") for text in _texts(row.get(key))]
    if any(FORBIDS.search(text) or text == "True" for text in texts):
        yield Reason("rights text restricts", shown(" ".join(texts)))


def _by_choice(asked: LocParams, subjects: list[str]) -> Iterator[Reason]:
    left_out = {subject.casefold() for subject in asked.without_subjects}
    if excluded := [subject for subject in subjects if subject.casefold() in left_out]:
        yield Reason("excluded subject", shown(excluded[0]))
    if asked.subjects and not set(asked.subjects) & set(subjects):
        yield Reason("not asked for", "subject")


def _latest_publication(stated: str, release_years: int) -> int | None:
    """The year by which a disc was published; None for a range, for "circa" and for nothing."""
    found = PLAIN_DATE.fullmatch(stated)
    return int(found[1]) + release_years if found else None


def _id(value: Any) -> str:
    """The last part of an item's address, or the id itself.

    >>> _id("http://www.loc.gov/item/jukebox-1234/"), _id("jukebox-1234"), _id("../x y")
    ('jukebox-1234', 'jukebox-1234', '')
    """
    last = str(value or "").rstrip("/").rpartition("/")[2]
    return last if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", last) else ""


def _texts(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [] if value in (None, "") else [str(value)]
