"""The facts of tracks as whoever reads `tracks.jsonl` finds them: each value of the kind that it should be."""

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from legato.errors import LegatoError
from legato.files import read_jsonl

Row = dict[str, Any]
Rule = tuple[Callable[[Any], bool], str]
MOST = 1e12  # of any number


def is_text(value: Any) -> bool:
    """Whether a value of JSON is a string that can be written: one without half of a surrogate pair.

    >>> is_text("a"), is_text("\\ud800"), is_text(1)
    (True, False, False)
    """
    return isinstance(value, str) and not any("\ud800" <= letter <= "\udfff" for letter in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and abs(value) < MOST


def _is_verdict(value: Any) -> bool:
    if not (isinstance(value, list) and len(value) == 4):
        return False
    tag, kind, is_true, basis = value
    return all(map(is_text, (tag, kind, basis))) and isinstance(is_true, bool)


TEXT: Rule = (is_text, "must be text")
TEXT_OR_NONE: Rule = (lambda value: value is None or is_text(value), "must be text or null")
NUMBER_OR_NONE: Rule = (lambda value: value is None or _is_number(value), f"must be a number, within {MOST:g}, or null")
NUMBER: Rule = (_is_number, f"must be a number, within {MOST:g}")
BOOLEAN: Rule = (lambda value: isinstance(value, bool), "must be true or false")
VERDICTS: Rule = (
    lambda value: isinstance(value, list) and all(map(_is_verdict, value)),
    "must be a list of [tag, kind, true or false, basis]",
)
RULES = {
    **dict.fromkeys(("id", "category", "prompt"), TEXT),
    **dict.fromkeys(("key", "scale", "soundfont", "codec"), TEXT_OR_NONE),
    **dict.fromkeys(("seconds", "lufs", "dbtp", "limiter_db", "silence"), NUMBER),
    "bpm": NUMBER_OR_NONE,
    **dict.fromkeys(("held_out", "at_target"), BOOLEAN),
    "verdicts": VERDICTS,
}


def read_facts(path: Path, needed: Iterable[str], allowed: Iterable[str] = ()) -> list[Row]:
    """Read JSON Lines of tracks' facts, of which some are asked for; the others may be anything.

    Args:
        needed: keys of `RULES` that every track must have.
        allowed: keys of `RULES` that it may have.

    Raises:
        LegatoError: as `read_jsonl`; or a fact that is asked for is missing, or of another kind.
    """
    rows, needed = read_jsonl(path), set(needed)
    for number, row in enumerate(rows, start=1):
        for key in sorted({*needed, *allowed}):
            if key in row and not RULES[key][0](row[key]):
                raise LegatoError(f"{path}: line {number}: {key}: {RULES[key][1]}")
            if key in needed - row.keys():
                raise LegatoError(f"{path}: line {number}: {key}: this key is missing")
    return rows
