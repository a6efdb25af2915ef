"""Counts, lengths and signs as people read them, in a terminal of any encoding."""

import codecs
import os
import sys
import unicodedata
from pathlib import Path

HANDLER = "legato"  # of what an encoding lacks
PLAIN = {"×": "x", "–": "-", "—": "-", "−": "-", "…": "...", "·": "-", "→": "->", "≥": ">=", "≤": "<=", "±": "+-"}
MINUTE_S = 60


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """A number and its noun.

    >>> counted(1, "track"), counted(2, "track"), counted(0, "category", "categories")
    ('1 track', '2 tracks', '0 categories')
    """
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


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
