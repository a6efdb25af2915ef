"""The categories of params.yaml, by name."""

import re
from typing import Any

import yaml

from legato.errors import LegatoError
from legato.workspace import params
from legato.workspace.params import PARAMS
from legato.workspace.sources import track_ids
from legato.workspace.track import SourceCount, TrackCount

NAME = re.compile(r"[a-z0-9_]+")
NUMBER = re.compile(r"[0-9][0-9_]*(e[0-9_]+)?|0[xob][0-9a-f_]+")  # by any version of YAML
ARCHIVE = "archive"  # what `music.source` says of what an archive gave
MAX_NAME = 64  # letters: a name is part of those of files, which have limits


def names() -> list[str]:
    """The categories in params.yaml, in its order.

    Raises:
        LegatoError: there is none, or a name is not made of `a-z`, `0-9` and `_`, or too long, or is no text to YAML.
    """
    section = params.read().get("categories")
    if not isinstance(section, dict) or not section:
        raise LegatoError(f"{PARAMS}: categories: must name at least one category")
    for name in params.plain_keys("categories"):
        if NAME.fullmatch(name) and (NUMBER.fullmatch(name) or not isinstance(yaml.safe_load(name), str)):
            raise LegatoError(f"{PARAMS}: categories: {name}: to YAML this is no text: write it in quotes, '{name}'")
    for name in section:
        if not (isinstance(name, str) and NAME.fullmatch(name)):
            raise LegatoError(f"{PARAMS}: categories: {name!r}: a category's name is made of a-z, 0-9 and _")
        if len(name) > MAX_NAME:
            raise LegatoError(f"{PARAMS}: categories: {name!r}: a category's name has at most {MAX_NAME} letters")
    return list(section)


def is_source(name: str) -> bool:
    """Whether a category is not composed but made of the user's own MIDI files or of an archive's records."""
    return _source(name) is not None


def is_archive(name: str) -> bool:
    """Whether a category is made of what `archives.<name>` gave."""
    return _source(name) == ARCHIVE


def _source(name: str) -> Any:
    section = params.read().get("categories", {}).get(name)
    music = section.get("music") if isinstance(section, dict) else None
    return music.get("source") if isinstance(music, dict) else None


def track_count(name: str) -> int | str:
    """How many tracks a category has, or "all" of the user's own files."""
    return params.load(f"categories.{name}.tracks", SourceCount if is_source(name) else TrackCount)


def all_track_ids() -> dict[str, list[str]]:
    """The ids of every category's tracks.

    Raises:
        LegatoError: the manifest of a category of the user's own files is missing.
    """
    return {
        name: track_ids(name, track_count(name), is_source=is_source(name), is_archive=is_archive(name))
        for name in names()
    }
