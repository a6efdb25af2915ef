"""A category of the user's own MIDI files, `sources/<category>/*.mid`: which files, and under which ids.

`check` writes a manifest of each category's files, on which `compose` depends: so a category is composed anew when its
own files change, and no other. A composed category's manifest is empty.
"""

import hashlib
import json
import re
import unicodedata
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator

from legato.errors import LegatoError
from legato.params import PARAMS, Strict
from legato.track import ALL, track_id
from legato.words import counted

SOURCES = Path("sources")
MANIFESTS = Path("dataset/sources")
SUFFIXES = (".mid", ".midi")
MAX_SLUG = 80
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
    """Where `check` writes a category's {file name: SHA-256}."""
    return MANIFESTS / f"{category}.json"


def read_manifest(category: str) -> dict[str, str]:
    """A category's {file name: SHA-256}; empty for a composed one.

    Raises:
        LegatoError: there is none.
    """
    path = manifest_path(category)
    if not path.is_file():
        raise LegatoError(f"{path}: no such file; run `dvc repro check`")
    return json.loads(path.read_text(encoding="ascii"))


def source_files(category: str, count: int | str) -> list[Path]:
    """A category's MIDI files by name, or the first `count` of them.

    Raises:
        LegatoError: there is no such folder, too few files, or two whose ids would be the same.
    """
    folder = SOURCES / category
    if not folder.is_dir():
        raise LegatoError(f"{folder}: no such folder; put the category's MIDI files there")
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.name[0] != ".")
    if not files:
        raise LegatoError(f"{folder}: holds no .mid or .midi file")
    if count != ALL and int(count) > len(files):
        where = f"{PARAMS}: categories.{category}.tracks"
        raise LegatoError(f"{where}: {count}: {folder} holds {counted(len(files), 'MIDI file')}")
    files = files if count == ALL else files[: int(count)]
    ids: dict[str, Path] = {}
    for path in files:
        name = source_id(category, path.name)
        if name in ids:
            raise LegatoError(f"{path}: would have the same id, {name}, as {ids[name]}: rename one")
        ids[name] = path
    return files


def source_id(category: str, file_name: str) -> str:
    """The id of the track made from a file.

    >>> source_id("mine", "Für Elise (1810).mid")
    'mine_fur_elise_1810'
    """
    return f"{category}_{slug(Path(file_name).stem)}"


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


def track_ids(category: str, count: int | str, *, is_source: bool) -> list[str]:
    """The ids of a category's tracks, for one of the user's files those of its manifest."""
    if is_source:
        return [source_id(category, name) for name in read_manifest(category)]
    return [track_id(category, index) for index in range(int(count))]
