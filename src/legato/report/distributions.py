"""How a few facts are spread over each category's tracks."""

from array import array
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element

import numpy as np

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


class Distributions:
    """The values of each category's tracks, gathered of one after another: eight bytes of each."""

    def __init__(self) -> None:
        self.n_tracks = 0
        self.categories: dict[str, int] = {}  # tracks of each
        self.keys: dict[str, Counter[str]] = {}
        self._values: dict[tuple[str, str], array[float]] = {}

    def add(self, row: Facts) -> None:
        """Count a track."""
        category = row["category"]
        self.n_tracks += 1
        self.categories[category] = self.categories.get(category, 0) + 1
        for name in FACTS:
            self._values.setdefault((category, name), array("d")).extend(known_values([row], name))
        if key := key_of(row):
            self.keys.setdefault(key, Counter())[category] += 1

    def values(self, name: str, category: str | None = None) -> np.ndarray:
        """A fact of all tracks, or of a category's, where it is known."""
        found = [self._values[one, name] for one in ([category] if category else self.categories)]
        return np.concatenate([np.frombuffer(one) for one in found]) if found else np.zeros(0)


def distributions(spread: Distributions) -> Iterator[Inside]:
    """Each fact as a picture of each category, on one scale, and how often each key occurs."""
    if not spread.n_tracks:
        yield missing("The dataset", "dvc repro collect")
        return
    yield element("p", "How many tracks of each category are where; a bar has its number of tracks above it.")
    for name, fact in FACTS.items():
        known = spread.values(name)
        yield element("h3", fact.words)
        if not len(known):
            yield element("p", "Not known of any track.", class_="absent")
        elif known.max() - known.min() < fact.least:
            who = "Every track" if len(known) == spread.n_tracks else f"{len(known)} of {_tracks(spread.n_tracks)}"
            yield element("p", f"{who}: {_range(known, fact)}.")
        else:
            scale = scale_over(float(known.min()), float(known.max()), MOST_BINS)
            yield element("div", *_pictures(spread, name, fact, scale), class_="charts")
    yield from _keys(spread)


def _tracks(n: int) -> str:
    return counted(n, "track")


def _pictures(spread: Distributions, name: str, fact: Fact, scale: Scale) -> Iterator[Element]:
    for category in sorted(spread.categories):
        n_tracks, values = spread.categories[category], spread.values(name, category)
        head = element("b", *breakable(category))
        if not len(values):
            words = f"{_tracks(n_tracks)}, not known of any"
            yield element("figure", element("figcaption", head, element("span", words)))
            continue
        unknown = f", {n_tracks - len(values)} not known" if len(values) < n_tracks else ""
        is_one = values.min() == values.max()
        middle = "" if is_one else f", median {number(float(np.median(values)), fact.digits)}"
        words = f"{_tracks(len(values))}, {_range(values, fact)}{middle}{unknown}"
        chart = histogram(values, f"{category}, {fact.words}: {words}", AXES.get(name, fact.unit), scale)
        yield element("figure", element("figcaption", head, element("span", words)), chart)


def _range(values: np.ndarray, fact: Fact) -> str:
    """The least and the greatest value with their unit, one of them where they are shown alike."""
    ends = list(dict.fromkeys(number(float(end), fact.digits) for end in (values.min(), values.max())))
    return f"{' to '.join(ends)} {fact.unit}"


def _keys(spread: Distributions) -> Iterator[Inside]:
    categories = sorted(spread.categories)
    if not spread.keys:
        return
    cells = [[key, *(str(found[name] or UNKNOWN) for name in categories)] for key, found in sorted(spread.keys.items())]
    yield element("details", element("summary", "Tracks by key"), table(["key", *categories], cells))
