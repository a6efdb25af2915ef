"""Counts, lengths, lists and signs as people read them, in a terminal of any encoding; and text of any origin."""

import codecs
import json
import os
import sys
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HANDLER = "legato"  # of what an encoding lacks
PLAIN = {"×": "x", "–": "-", "—": "-", "−": "-", "…": "...", "·": "-", "→": "->", "≥": ">=", "≤": "<=", "±": "+-"}
MINUTE_S = 60
MOST_CHARACTERS, LAST_CHARACTERS, NOTE_CHARACTERS = 2000, 500, 100  # of a line; of its end; of what is said of the rest
MOST_OF_A_VALUE, END_OF_A_VALUE = 150, 46
MOST_LISTED = 10


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """A number and its noun.

    >>> counted(1, "track"), counted(2, "track"), counted(0, "category", "categories")
    ('1 track', '2 tracks', '0 categories')
    """
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def printable(text: str, most: int | None = MOST_CHARACTERS) -> str:
    """Text of any origin as one line that moves no cursor: control characters and lone surrogates are escaped.

    >>> printable("a\\nb\\x1b[2J"), printable("ä × 音"), len(printable("x" * 10**6))
    ('a\\\\nb\\\\x1b[2J', 'ä × 音', 2000)

    Args:
        most: characters of the line; of a longer one the begin and the end are there. None is no limit.
    """
    if not text.isprintable():
        text = "".join(letter if letter.isprintable() else _escaped(letter) for letter in text)
    if most is None or len(text) <= most:
        return text
    n_first = most - LAST_CHARACTERS - NOTE_CHARACTERS
    n_left_out = len(text) - n_first - LAST_CHARACTERS
    note = f" [{n_left_out} characters are left out: at most {most} are shown] "
    return text[:n_first] + note.center(NOTE_CHARACTERS, ".") + text[-LAST_CHARACTERS:]


def shown(value: Any) -> str:
    """A value as Python writes it, of a long one the begin and the end.

    >>> shown("a"), shown("x" * 1000)[100:]
    ("'a'", "xxxx[852 characters more]xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'")
    """
    text = repr(value)
    n_more = len(text) - MOST_OF_A_VALUE
    if n_more <= 0:
        return text
    return f"{text[: -END_OF_A_VALUE - n_more]}[{n_more} characters more]{text[-END_OF_A_VALUE:]}"


def some(texts: Sequence[str], most: int = MOST_LISTED, separator: str = "; ") -> str:
    """The first few of many, and how many others there are.

    >>> some(["a", "b"]), some(["a", "b", "c"], most=1)
    ('a; b', 'a; and 2 more of 3')
    """
    more = [f"and {len(texts) - most} more of {len(texts)}"] if len(texts) > most else []
    return separator.join([*texts[:most], *more])


def say(*lines: str, most: int | None = None) -> None:
    """Print lines, each as one line whatever is in it, at most so many characters of it."""
    for line in lines:
        print(printable(line, most), flush=True)


def json_line(value: Any, *, sort_keys: bool = False) -> str:
    """A value as JSON of ASCII that can be printed: Python's own leaves one control character as it is."""
    return json.dumps(value, sort_keys=sort_keys).replace("\x7f", "\\u007f")


def minutes(seconds: float) -> str:
    """A length of audio in minutes.

    >>> minutes(31.7), minutes(3600)
    ('0.5', '60.0')
    """
    return f"{seconds / MINUTE_S:.1f}"


def real_time(audio_s: float, took_s: float) -> str:
    """How fast audio is made: 2 × real time is two seconds of it per second.

    >>> real_time(30, 2), real_time(1, 8), real_time(1000, 1)
    ('15 × real time', '0.12 × real time', '1000 × real time')
    """
    rate = audio_s / took_s if took_s else 0.0
    return f"{rate:.{0 if rate >= 10 else 1 if rate >= 1 else 2}f} × real time"


def make_printable() -> None:
    """Have stdout and stderr print any text, whatever the terminal's encoding: what it lacks is written plainly."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # which a test's stand-in lacks
            stream.reconfigure(errors=HANDLER)


def from_here(path: Path, here: Path) -> Path:
    """A path that was written in the folder `here`, as it is called from the current one."""
    if path.is_absolute() or here == Path.cwd():
        return path
    return Path(os.path.relpath(here / path))


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")


def _plainly(error: UnicodeError) -> tuple[str, int]:
    """The nearest ASCII of what cannot be encoded: a letter without its accents, a sign in words, else "?"."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    return "".join(PLAIN.get(letter) or _base(letter) for letter in letters), error.end


def _base(letter: str) -> str:
    base = "".join(part for part in unicodedata.normalize("NFKD", letter) if part.isascii())
    return base or "?"


codecs.register_error(HANDLER, _plainly)
