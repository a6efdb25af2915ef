"""How a few facts are spread over each category's tracks."""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import NamedTuple
from xml.etree.ElementTree import Element

from legato.contract.facts import Facts, known_values
from legato.page.chart import MOST_BINS, Scale, histogram, scale_over
from legato.page.figures import counted, number
from legato.page.html import UNKNOWN, Inside, breakable, element, missing, table
from legato.report.tracks import key_of


class Fact(NamedTuple):
    """A fact that pictures are drawn of."""

    words: str
    unit: str
    least: float  # span of all values: less is no difference to speak of, and is said in words
    digits: int


FACTS = {
    "bpm": Fact("Tempo", "bpm", 2, 0),
    "seconds": Fact("Length", "s", 1, 1),
    "lufs": Fact("Loudness", "LUFS", 0.5, 1),
    "dbtp": Fact("True peak", "dBTP", 0.5, 1),
}
AXES = {"seconds": "seconds"}  # what an axis says in place of a short unit


def distributions(rows: Sequence[Facts]) -> Iterator[Inside]:
    """Each fact as a picture of each category, on one scale, and how often each key occurs."""
    if not rows:
        yield missing("The dataset", "dvc repro collect")
        return
    yield element("p", "How many tracks of each category are where; a bar has its number of tracks above it.")
    for name, fact in FACTS.items():
        known = known_values(rows, name)
        yield element("h3", fact.words)
        if not known:
            yield element("p", "Not known of any track.", class_="absent")
        elif max(known) - min(known) < fact.least:
            yield element("p", f"{_who(known, rows)}: {_range(known, fact)}.")
        else:
            scale = scale_over(min(known), max(known), MOST_BINS)
            yield element("div", *_pictures(rows, name, fact, scale), class_="charts")
    yield from _keys(rows)


def _who(known: Sequence[float], rows: Sequence[Facts]) -> str:
    return "Every track" if len(known) == len(rows) else f"{len(known)} of {counted(len(rows), 'track')}"


def _pictures(rows: Sequence[Facts], name: str, fact: Fact, scale: Scale) -> Iterator[Element]:
    for category in _categories(rows):
        of_category = [row for row in rows if row["category"] == category]
        values = known_values(of_category, name)
        head = element("b", *breakable(category))
        if not values:
            words = f"{counted(len(of_category), 'track')}, not known of any"
            yield element("figure", element("figcaption", head, element("span", words)))
            continue
        unknown = f", {len(of_category) - len(values)} not known" if len(values) < len(of_category) else ""
        middle = "" if len(set(values)) == 1 else f", median {number(median(values), fact.digits)}"
        words = f"{counted(len(values), 'track')}, {_range(values, fact)}{middle}{unknown}"
        chart = histogram(values, f"{category}, {fact.words}: {words}", AXES.get(name, fact.unit), scale)
        yield element("figure", element("figcaption", head, element("span", words)), chart)


def _range(values: Sequence[float], fact: Fact) -> str:
    """The least and the greatest value with their unit, one of them where they are shown alike."""
    ends = list(dict.fromkeys(number(end, fact.digits) for end in (min(values), max(values))))
    return f"{' to '.join(ends)} {fact.unit}"


def _keys(rows: Sequence[Facts]) -> Iterator[Inside]:
    categories = _categories(rows)
    keys = sorted({key for row in rows if (key := key_of(row))})
    if not keys:
        return
    counts = {
        key: [sum(key_of(row) == key for row in rows if row["category"] == name) for name in categories] for key in keys
    }
    cells = [[key, *(str(n or UNKNOWN) for n in found)] for key, found in counts.items()]
    yield element("details", element("summary", "Tracks by key"), table(["key", *categories], cells))


def _categories(rows: Sequence[Facts]) -> list[str]:
    return sorted({row["category"] for row in rows})
