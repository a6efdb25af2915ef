"""A category of the user's own MIDI files, all under `sources/<category>`: which files, and under which ids.

Conventions: `file` is a file's path from the category's folder on, with `/` between its parts.

`check` writes a manifest of each category's files and of the SoundFont's drum kits, on which `compose` depends: so a
category is composed again when its own files or these kits change, and no other. That of a composed one is empty.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator

from legato.errors import LegatoError
from legato.files import rows_of
from legato.words import counted
from legato.workspace.layout import MANIFESTS, SOURCES, facts_path
from legato.workspace.params import PARAMS, Strict
from legato.workspace.track import ALL, track_id

SUFFIXES = (".mid", ".midi", ".kar", ".rmi")
MAX_SLUG = 80
CONTROL_OR_BROKEN = ("Cc", "Cs")  # Unicode's categories of line breaks and the like, and of bytes that are not UTF-8
SPDX_OR_ADDRESS = re.compile(r"[A-Za-z0-9.+-]+(?: (?:AND|OR|WITH) [A-Za-z0-9.+-]+)*|https?://\S+")


def _check_license(text: str) -> str:
    if not SPDX_OR_ADDRESS.fullmatch(text):
        raise ValueError("must be an SPDX licence, as in CC0-1.0 or CC-BY-4.0, or a licence's address")
    return text


class MidiSourceParams(Strict):
    """`categories.<name>.music` in params.yaml for a category of the user's own files."""

    source: Literal["midi"]
    license: Annotated[str, AfterValidator(_check_license)]  # of the music, as its owner states it


def manifest_path(category: str) -> Path:
    """Where `check` writes a category's manifest."""
    return MANIFESTS.path / f"{category}.json"


def manifest(files: dict[str, str], kits: Iterable[int]) -> dict[str, Any]:
    """What a category's manifest holds: {file: SHA-256}, and the programs of the SoundFont's drum kits."""
    return {"files": files, "kits": sorted(kits)}


def read_manifest(category: str) -> dict[str, str]:
    """A category's {file: SHA-256}; empty for a composed one.

    Raises:
        LegatoError: there is none.
    """
    return _read(category).get("files", {})


def read_kits(category: str) -> list[int]:
    """The programs of the SoundFont's drum kits, by a category's manifest.

    Raises:
        LegatoError: there is none.
    """
    return _read(category).get("kits", [])


def read_presets(category: str) -> list[tuple[int, int]]:
    """The (bank, program) pairs of the SoundFont, by the manifest of a category that comes from an archive.

    Raises:
        LegatoError: there is no manifest.
    """
    return [(bank, program) for bank, program in _read(category).get("presets", [])]


def archive_manifest(list_sha256: str, presets: Iterable[tuple[int, int]], kits: Iterable[int]) -> dict[str, Any]:
    """What the manifest of a category holds that comes from an archive: which list, and what can be played."""
    return {"list": list_sha256, "presets": sorted(map(list, presets)), "kits": sorted(kits)}


def _read(category: str) -> dict[str, Any]:
    path = manifest_path(category)
    if not path.is_file():
        raise LegatoError(f"{path}: no such file; run `dvc repro check`")
    return json.loads(path.read_text(encoding="ascii"))


def source_files(category: str, count: int | str) -> list[str]:
    """A category's MIDI files by name, or the first `count` of them.

    Those whose name, or whose folder's name, begins with a dot are none of the user's music.

    Raises:
        LegatoError: there is no such folder, too few files, a name that cannot be shown, or two whose ids would be the
            same.
    """
    folder = SOURCES / category
    if not folder.is_dir():
        raise LegatoError(f"{folder}: no such folder; put the category's MIDI files there")
    paths = (path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir())
    files = sorted(
        path for path in paths if path.suffix.lower() in SUFFIXES and not any(p[0] == "." for p in path.parts)
    )
    if not files:
        raise LegatoError(f"{folder}: holds no {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]} file")
    if count != ALL and int(count) > len(files):
        where = f"{PARAMS}: categories.{category}.tracks"
        raise LegatoError(f"{where}: {count}: {folder} holds {counted(len(files), 'MIDI file')}")
    chosen = [path.as_posix() for path in files]
    for file in chosen:
        if any(unicodedata.category(letter) in CONTROL_OR_BROKEN for letter in file):
            raise LegatoError(f"{folder}: {file!r}: a name must hold no line breaks and be UTF-8: rename it")
    ids: dict[str, str] = {}
    for file in chosen if count == ALL else chosen[: int(count)]:
        name = source_id(category, file)
        if name in ids:
            raise LegatoError(f"{folder / file}: would have the same id, {name}, as {folder / ids[name]}: rename one")
        ids[name] = file
    return list(ids.values())


def source_id(category: str, file: str) -> str:
    """The id of the track made from a file.

    >>> source_id("mine", "Für Elise (1810).mid"), source_id("mine", "Bach/Air.kar")
    ('mine_fur_elise_1810', 'mine_bach_air')
    """
    return f"{category}_{slug(str(PurePosixPath(file).with_suffix('')))}"


def slug(text: str) -> str:
    """Text as a-z, 0-9 and _; letters of other alphabets by their code points, what is long cut and hashed.

    >>> slug("Don't stop"), slug("Жук")
    ('don_t_stop', 'u0436_u0443_u043a')
    """
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    coded = (
        letter if letter.isascii() or not letter.isalnum() else f" u{ord(letter):04x} " for letter in plain.casefold()
    )
    found = re.sub(r"[^a-z0-9]+", "_", "".join(coded)).strip("_")
    if not found:
        found = "x"
    if len(found) <= MAX_SLUG:
        return found
    digest = hashlib.sha256(unicodedata.normalize("NFC", text).encode(errors="surrogateescape")).hexdigest()[:8]
    return f"{found[: MAX_SLUG - 9]}_{digest}"


def track_ids(category: str, count: int | str, *, is_source: bool, is_archive: bool = False) -> list[str]:
    """The ids of a category's tracks: of the user's files by its manifest, of an archive's by what was made of them."""
    if is_archive:
        return [row["id"] for row in rows_of(facts_path(category, "compose"))]
    if is_source:
        return [source_id(category, name) for name in read_manifest(category)]
    return [track_id(category, index) for index in range(int(count))]
