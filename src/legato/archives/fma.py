"""Free Music Archive: `raw_tracks.csv` of the user's fma_metadata.zip, and audio in the zips beside it.

`tracks.csv` lacks the addresses of the licences, so it is not read; nor are pickles. A licence's title decides nothing,
but one that contradicts the address does: then nobody knows.
"""

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from legato.archives.config import FmaParams
from legato.archives.freesound import length_reasons
from legato.archives.packs import Pack
from legato.archives.records import Layer, Reason, Record, fact_text, shown
from legato.archives.tables import BROKEN, Row, read_rows
from legato.errors import LegatoError
from legato.licenses.known import by_address

SOURCE = "fma"
TABLE = "raw_tracks.csv"
NEEDED = (
    *("track_id", "artist_id", "album_id", "artist_name", "track_title", "license_url", "license_title"),
    *("track_duration", "track_genres", "track_composer", "track_copyright_c", "track_copyright_p"),
    "track_instrumental",
)
CC0_TITLES = ("", "CC0 1.0 Universal", "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication")
MOST_LITERAL = 10_000  # letters of a list of genres
ATTRIBUTION = "metadata of the Free Music Archive as published by M. Defferrard et al. (FMA: a dataset), CC BY 4.0"


def packed(asked: FmaParams, pack: Pack) -> Iterator[Record]:
    """The records of the dump.

    Raises:
        LegatoError: it has no `raw_tracks.csv`, or that lacks a column.
    """
    found = [name for name in pack.names() if name.rpartition("/")[2] == TABLE]
    if len(found) != 1:
        raise LegatoError(f"{pack.path}: {len(found)} files {TABLE}: put fma_metadata.zip there, once")
    with pack.open(found[0]) as file:
        hint = f"it is {TABLE} that has the addresses of licences, tracks.csv has not"
        for row in read_rows(file, f"{pack.path}: {found[0]}", NEEDED, hint):
            yield of_row(asked, row)


def of_row(asked: FmaParams, row: Row) -> Record:
    """A row of `raw_tracks.csv`."""
    track, artist = row.get("track_id", ""), row.get("artist_id", "")
    is_id = track.isascii() and track.isdecimal() and len(track) <= 9
    stated, composer = row.get("license_url", ""), row.get("track_composer", "").strip()
    layer = Layer(
        license=by_address(stated), rule="a licence's address, letter by letter", field="license_url", stated=stated
    )
    name = f"{int(track):06d}" if is_id else ""
    owners = (("artist", artist), ("album", row.get("album_id", "")))
    return Record(
        source=SOURCE,
        id=str(int(track)) if is_id else "",
        raw=row,
        recording=layer,
        composition=layer,  # the artist's, where no other composer is named: `_doubts`
        file=f"{name[:3]}/{name}.mp3",
        groups=tuple(f"{SOURCE}:{what}:{number}" for what, number in owners if number),
        refusals=(*_by_form(row, is_id, artist), *_by_choice(asked, row)),
        doubts=tuple(_doubts(row, composer)),
        title=fact_text(row.get("track_title", "")),
        creator=fact_text(row.get("artist_name", "")),
        url=f"https://freemusicarchive.org/track/{track}" if is_id else "",
        attribution=ATTRIBUTION,
        words=tuple(title.casefold() for title in _genres(row.get("track_genres", "")) or ()),
    )


def _by_form(row: Mapping[str, Any], is_id: bool, artist: str) -> Iterator[Reason]:
    if BROKEN in row:
        yield Reason("broken row", row[BROKEN])
    if not is_id:
        yield Reason("no id", shown(row.get("track_id", "")))
    if not artist.strip():
        yield Reason("no artist")
    if by_address(row.get("license_url", "")) == "CC0-1.0" and row.get("license_title", "") not in CC0_TITLES:
        yield Reason("title contradicts address", shown(row.get("license_title", "")))


def _doubts(row: Mapping[str, Any], composer: str) -> Iterator[Reason]:
    for column in ("track_copyright_c", "track_copyright_p"):
        if row.get(column, "").strip():
            yield Reason(column, shown(row[column]))
    if composer and composer.casefold() != row.get("artist_name", "").strip().casefold():
        yield Reason("track_composer", shown(composer))


def _by_choice(asked: FmaParams, row: Mapping[str, Any]) -> Iterator[Reason]:
    genres = _genres(row.get("track_genres", ""))
    if asked.genres and genres is None:
        yield Reason("no list of genres", shown(row.get("track_genres", "")))
    elif asked.genres and not set(asked.genres) & set(genres or ()):
        yield Reason("not asked for", "genre")
    if asked.instrumental and row.get("track_instrumental", "") not in ("1", "1.0"):
        yield Reason("not asked for", "instrumental")
    yield from length_reasons(_seconds(row.get("track_duration", "")), asked.seconds)


def _genres(text: str) -> list[str] | None:
    """The titles in a Python list of dicts, which is read and never run; None where it is none."""
    if not text:
        return []
    try:
        found = ast.literal_eval(text) if len(text) <= MOST_LITERAL else None
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None
    if not (isinstance(found, list) and all(isinstance(one, dict) for one in found)):
        return None
    return [one["genre_title"] for one in found if isinstance(one.get("genre_title"), str)]


def _seconds(text: str) -> float | None:
    """`mm:ss` or `h:mm:ss` in seconds.

    >>> _seconds("02:48"), _seconds("1:00:01"), _seconds("5h")
    (168, 3601, None)
    """
    parts = text.split(":")
    if not (len(parts) in (2, 3) and all(part.isascii() and part.isdecimal() for part in parts)):
        return None
    return sum(int(part) * 60**at for at, part in enumerate(reversed(parts)))
