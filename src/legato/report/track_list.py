"""The list of all tracks: its filters, its frame, and the rows that the page's script fills it with.

What is the same of every track is no column: it is said once, above the list.
"""

from collections.abc import Iterator, Sequence
from typing import Any, cast
from xml.etree.ElementTree import Element

from legato.contract.facts import Facts, known_values
from legato.contract.tags import SEPARATOR
from legato.files import Json
from legato.page.figures import number
from legato.page.html import Inside, element, missing
from legato.report.tracks import key_of

COLUMNS = {  # (fact of tracks.jsonl, head)
    "id": "track",
    "category": "category",
    "prompt": "prompt, after its phrase",
    "bpm": "bpm",
    "key": "key",
    "lufs": "LUFS",
    "seconds": "length",
    "license": "licence",
}
HEADS = {"prompt": "the prompt without the phrase that all prompts of its category begin with"}  # at more length
DIGITS = {"bpm": 1, "lufs": 1}  # at most, where a column's values need them
NEVER = {"category"}  # a column: ids begin with it
TOLD = {"license": "{}", "lufs": "{} LUFS", "bpm": "{} bpm", "key": "{}", "seconds": "{} s", "category": "{}"}
SPARE_CH = 1  # beside the longest id


def listed(row: Facts) -> list[Any]:
    """What the script fills a line of the list with: the facts of a track, None where one is not known."""
    return [key_of(row) if name == "key" else row.get(name) for name in COLUMNS]


class Listing:
    """What the list's frame says of all tracks, gathered of one after another."""

    def __init__(self) -> None:
        self.n_tracks = self.longest = 0
        self.phrases: dict[str, str] = {}  # that all prompts of a category begin with, as the checks on them found it
        self.choices: dict[str, set[str]] = {"category": set(), "license": set()}
        self._is_whole = dict.fromkeys(DIGITS, True)
        # As a list without digits would show it, and with: two values are as good as more.
        self._shown: dict[tuple[str, int | None], set[str]] = {
            (name, digits): set() for name in TOLD for digits in ((0, DIGITS[name]) if name in DIGITS else (None,))
        }

    def add(self, row: Facts) -> None:
        """Look at a track."""
        self.n_tracks += 1
        self.longest = max(self.longest, len(row["id"]))
        phrase = next((tag for tag, kind, *_ in row.get("verdicts") or () if kind == "phrase"), None)
        if phrase and row["prompt"].startswith(phrase + SEPARATOR):
            self.phrases.setdefault(row["category"], phrase)
        for name, values in self.choices.items():
            values.add(str(cast(Json, row).get(name) or ""))
        for name in DIGITS:
            self._is_whole[name] &= all(float(value).is_integer() for value in known_values([row], name))
        for (name, digits), shown in self._shown.items():
            if len(shown) < 2:
                shown.add(_shown(key_of(row) if name == "key" else cast(Json, row).get(name), digits))

    def digits_of(self, name: str) -> int:
        """How many digits a column's figures have: none where all are whole."""
        return 0 if self._is_whole[name] else DIGITS[name]

    def alike(self) -> dict[str, str]:
        """The facts that are the same of every track as the list would show them, and how to say them once."""
        found = {}
        for name, words in TOLD.items() if self.n_tracks > 1 else ():
            shown = self._shown[name, self.digits_of(name) if name in DIGITS else None]
            if len(shown) == 1:
                (value,) = shown
                found[name] = words.format(value) if value else ""
        return found


def track_list(listing: Listing) -> Iterator[Inside]:
    """The frame of the list."""
    if not listing.n_tracks:
        yield missing("The dataset", "dvc repro collect")
        return
    alike = listing.alike()
    yield _filters(listing, alike)
    if told := ", ".join(words for words in alike.values() if words):
        yield element("p", f"Every track: {told}", class_="alike")
    yield element("div", _frame(listing, alike), _panel(), class_="browser")
    yield element("noscript", "The list of tracks needs JavaScript.")


def digits_of(rows: Sequence[Facts], name: str) -> int:
    """How many digits a column's figures have: none where all are whole."""
    values = known_values(rows, name)
    return 0 if all(float(value).is_integer() for value in values) else DIGITS[name]


def _shown(value: Any, digits: int | None) -> str:
    if value is None:
        return ""
    return str(value) if digits is None else number(value, digits)


def _filters(listing: Listing, alike: dict[str, str]) -> Element:
    def choice(words: str, name: str, every: str) -> Element:
        options = [
            element("option", every, value=""),
            *(element("option", one) for one in sorted(listing.choices[name])),
        ]
        hidden = {"hidden": ""} if name in alike else {}
        return element("label", words, element("select", *options, name=name), **hidden)

    def bound(words: str, name: str) -> Element:
        return element("label", words, element("input", type="number", name=name, inputmode="numeric"))

    find = element("input", type="search", name="words", placeholder="words of id, prompt, key")
    return element(
        "form",
        element("label", "Find ", find),
        choice("Category ", "category", "all categories"),
        choice("Licence ", "license", "all licences"),
        element(
            "span",
            element("label", "Sort by ", for_="order"),
            element("select", *_orders(alike), name="order", id="order"),
        ),
        element("span", bound("bpm from ", "low"), bound("to ", "high"), class_="range"),
        element("output", aria_live="polite"),
        role="search",
        class_="filters",
    )


def _orders(alike: dict[str, str]) -> Iterator[Element]:
    """Each column up and down: a small screen has no heads to choose, and the category has none anywhere."""
    for at, (name, words) in enumerate(COLUMNS.items()):
        if name not in alike:
            short = words.partition(",")[0]
            yield element("option", f"{short} ↑", value=f"{at} 1")
            yield element("option", f"{short} ↓", value=f"{at} -1")


def _frame(listing: Listing, alike: dict[str, str]) -> Element:
    heads = (
        element(
            "div",
            element("button", words, type="button", title=HEADS.get(name, words), data_column=str(at)),
            role="columnheader",
            aria_colindex=str(at + 1),
            class_=name,
            **({"data_digits": str(listing.digits_of(name))} if name in DIGITS else {}),
            **({"hidden": ""} if name in NEVER or name in alike else {}),
        )
        for at, (name, words) in enumerate(COLUMNS.items())
    )
    return element(
        "div",
        element("div", element("div", *heads, role="row", aria_rowindex="1"), role="rowgroup", class_="head"),
        element("div", role="rowgroup", class_="rows"),
        role="grid",
        aria_label="tracks",
        aria_colcount=str(len(COLUMNS)),
        class_="list",
        style=f"--id: {listing.longest + SPARE_CH}ch; --n: {listing.n_tracks}",
    )


def _panel() -> Element:
    return element("div", element("p", "Choose a track to see and hear it.", class_="absent"), class_="track")
