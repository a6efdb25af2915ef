"""Freesound: a sound as a data pack's CSV has it, and as its API has it; both are judged by the same rules.

A pack names licences, the API gives addresses. Both tables are exact, and no filter or variant is trusted: each row is
judged by itself.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from legato.archives.config import FreesoundParams
from legato.archives.packs import Pack
from legato.archives.records import RECORD_ID, Layer, Reason, Record, fact_text, shown
from legato.archives.tables import BROKEN, read_rows
from legato.errors import LegatoError
from legato.licenses.known import by_address

SOURCE = "freesound"
TABLE = re.compile(r"(.*/)?metadata/metadata_\d+\.csv")
NEEDED = (
    *("filepath", "id", "username", "title", "tags", "pack_name", "bst_category", "license"),
    *("generative_ai_preference", "type", "duration"),
)
NAMES = {  # what a pack calls the licences; a name of the site's own table, not a rule about names
    "Creative Commons 0": "CC0-1.0",
    "Attribution": "CC-BY-4.0",  # or 3.0: the name does not say; neither is allowed by default
    "Attribution NonCommercial": "CC-BY-NC-4.0",
}
TYPES = ("wav", "aif", "aiff", "ogg", "mp3", "flac")  # m4a is refused: libsndfile does not read it
GENERATED = "genai"  # a tag that uploaders are asked to set


def packed(asked: FreesoundParams, pack: Pack) -> Iterator[Record]:
    """The records of a data pack.

    Raises:
        LegatoError: it has no metadata, or lacks a column.
    """
    tables = [name for name in pack.names() if TABLE.fullmatch(name)]
    if not tables:
        raise LegatoError(f"{pack.path}: no data pack of Freesound: it has no metadata/metadata_NNNN.csv")
    for name in tables:
        with pack.open(name) as file:
            for row in read_rows(file, f"{pack.path}: {name}", NEEDED):
                yield of_pack(asked, row)


def of_pack(asked: FreesoundParams, row: Mapping[str, str]) -> Record:
    """A row of a pack's CSV."""
    stated = row.get("license", "")
    layer = Layer(license=NAMES.get(stated), rule="a name of Freesound's table", field="license", stated=stated)
    return _record(
        asked,
        row,
        layer,
        tags=row.get("tags", "").split(),
        category=row.get("bst_category", ""),
        preference=row.get("generative_ai_preference", ""),
        remix="unknown",
        pack=row.get("pack_name", ""),
        title=row.get("title", ""),
    )


def of_api(asked: FreesoundParams, row: Mapping[str, Any]) -> Record:
    """A result of the API."""
    stated = row.get("license")
    layer = Layer(
        license=by_address(stated) if isinstance(stated, str) else None,
        rule="a licence's address, letter by letter",
        field="license",
        stated=str(stated),
    )
    tags = row.get("tags")
    stated_remix = row.get("is_remix")
    remix = ("yes" if stated_remix else "no") if isinstance(stated_remix, bool) else "unknown"
    return _record(
        asked,
        row,
        layer,
        tags=[tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else [],
        category=str(row.get("category_code") or ""),
        preference=str(row.get("gen_ai_preference") or ""),
        remix=remix,
        pack=str(row.get("pack") or ""),
        title=str(row.get("name") or ""),
    )


def _record(
    asked: FreesoundParams,
    row: Mapping[str, Any],
    layer: Layer,
    *,
    tags: list[str],
    category: str,
    preference: str,
    remix: str,
    pack: str,
    title: str,
) -> Record:
    sound, user, kind = str(row.get("id", "")), str(row.get("username") or ""), str(row.get("type") or "")
    refusals = [*_by_form(row, sound, user, kind), *_by_will(asked, tags, preference, remix)]
    refusals += _by_choice(asked, tags, category, row.get("duration"))
    words = tuple(tag.casefold() for tag in tags)
    return Record(
        source=SOURCE,
        id=sound,
        raw=dict(row),
        recording=layer,
        composition=layer,  # the uploader's one dedication is of all that is theirs in the sound
        file=f"{int(sound) // 1000}/{sound}.{kind}" if sound.isdecimal() and sound.isascii() else "",
        groups=tuple(f"{SOURCE}:{what}:{name}" for what, name in (("user", user), ("pack", pack)) if name),
        refusals=tuple(refusals),
        checks={"md5": str(row["md5"])} if row.get("md5") else {},
        title=fact_text(title),
        creator=fact_text(user),
        url=f"https://freesound.org/s/{sound}/",
        words=(*words, category.casefold()) if category else words,
    )


def _by_form(row: Mapping[str, Any], sound: str, user: str, kind: str) -> Iterator[Reason]:
    if BROKEN in row:
        yield Reason("broken row", row[BROKEN])
    if not (sound.isdecimal() and RECORD_ID.fullmatch(sound)):
        yield Reason("no id", shown(sound))
    if not user:
        yield Reason("no uploader")
    if kind not in TYPES:
        yield Reason("type", shown(kind))


def _by_will(asked: FreesoundParams, tags: list[str], preference: str, remix: str) -> Iterator[Reason]:
    """What the uploader says of generative models, and whose work it is."""
    if preference not in asked.gen_ai:
        yield Reason("gen-AI preference", shown(preference))
    if any(tag.casefold() == GENERATED for tag in tags):
        yield Reason("made by a generative model")
    if remix not in asked.remix:
        yield Reason("remix", remix)


def _by_choice(asked: FreesoundParams, tags: list[str], category: str, duration: Any) -> Iterator[Reason]:
    """What nobody asked for; lawful as it may be."""
    if asked.categories and category not in asked.categories:
        yield Reason("not asked for", "category")
    if missing := [tag for tag in asked.tags if tag not in tags]:
        yield Reason("not asked for", f"tag {missing[0]}")
    if set(asked.without_tags) & set(tags):
        yield Reason("not asked for", "without_tags")
    yield from length_reasons(duration, asked.seconds)


def length_reasons(duration: Any, seconds: list[float]) -> Iterator[Reason]:
    """Where a stated length is none, or out of the range asked for."""
    try:
        length = float(duration)
    except (TypeError, ValueError):
        length = float("nan")
    if not length >= 0:
        yield Reason("no length", shown(duration))
    elif not seconds[0] <= length <= seconds[1]:
        yield Reason("not asked for", "seconds")
