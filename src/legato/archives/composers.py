"""Composers whose works are out of copyright by their age: a table of names and years of death, in Git.

The rule: a composer who died at least 95 full years before `as_of`. What was published in a lifetime is then older
than the 95 years of United States law, and the 70 years after death of most other countries are over. A name counts
where it is one of the table's spellings as a whole, without regard to case, accents and spaces.
"""

import csv
import unicodedata
from datetime import date
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("composers.tsv")
YEARS = 95


def is_free(name: str, as_of: str) -> bool:
    """Whether a composer of that name died long enough before a date.

    >>> is_free("J. S. Bach", "2026-11-26"), is_free("Sergei Rachmaninoff", "2026-11-26"), is_free("Bach", "2026-11-26")
    (True, False, False)
    """
    died = year_of_death(name)
    return died is not None and died + YEARS < date.fromisoformat(as_of).year


def year_of_death(name: str) -> int | None:
    """The year by the table; None for a name that it does not have."""
    return _years().get(_plain(name))


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name)
    return " ".join("".join(letter for letter in letters if not unicodedata.combining(letter)).casefold().split())


@cache
def _years() -> dict[str, int]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader((line for line in file if not line.startswith("#")), delimiter="\t"))
    return {_plain(name): int(died) for died, *names in rows for name in names if name}
