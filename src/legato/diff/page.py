"""A difference between versions as one web page that needs nothing else: tracks side by side, to hear and to see.

The page is built as a tree, so that whatever a prompt or a name holds is escaped when it is written.
"""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from xml.etree.ElementTree import Element, tostring

from legato.diff import tracks
from legato.diff.card import card
from legato.diff.compare import Difference, ValueDiff
from legato.diff.notes import notes_of
from legato.diff.text import COLUMNS, chance, change, count_rows, group_in_words, groups_of, metrics_by_weight, shown
from legato.diff.tracks import Shown
from legato.files import write_bytes
from legato.page.html import Inside, breakable, element, table, with_code

ASSETS, SHARED = files("legato.diff") / "assets", files("legato.page") / "assets"


def write_page(path: Path, found: Difference, n_tracks: int) -> list[Shown]:
    """Write the page of a difference with at most `n_tracks` tracks, and return them.

    Raises:
        LegatoError: a file that was fetched cannot be read.
    """
    shown_tracks = tracks.load(found, n_tracks)
    html = tostring(_document(found, shown_tracks), encoding="utf-8", method="html")
    write_bytes(path, b"<!doctype html>\n" + html)
    return shown_tracks


def _document(found: Difference, shown_tracks: list[Shown]) -> Element:
    title = f"{found.old.name} → {found.new.name}"
    head = (
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"legato diff: {title}"),
        element("link", rel="icon", href="data:,"),
        element("style", (SHARED / "page.css").read_text(encoding="utf-8")),
    )
    notes = [element("li", *with_code(note)) for note in notes_of(found)]
    parts = _parts(found, shown_tracks)
    header = (
        element("h1", title),
        *(element("p", str(version), class_="version") for version in (found.old, found.new) if version.commit),
        element("p", _summary(found), class_="summary"),
        *([element("ul", *notes, class_="notes")] if notes else []),
        *([element("nav", *(element("a", name, href=f"#{_id(name)}") for name in parts))] if parts else []),
    )
    main = (element("section", element("h2", name), *inside, id=_id(name)) for name, inside in parts.items())
    scripts = (SHARED / "page.js", ASSETS / "diff.js")
    script = element("script", "".join(one.read_text(encoding="utf-8") for one in scripts))
    body = element("body", element("header", *header), element("main", *main), script)
    return element("html", element("head", *head), body, lang="en")


def _id(title: str) -> str:
    return title.lower().replace(" ", "-")


def _summary(found: Difference) -> str:
    """What changed, in a line: `24 tracks: 12 changed, 2 removed. 1 parameter changed.`"""
    if found.is_same:
        return "No difference."
    before, after, _, *differing = count_rows(found.categories)[-1][1] if found.categories else (0,) * len(COLUMNS)
    parts = [f"{n} {word}" for n, word in zip(differing, COLUMNS[3:], strict=True) if n]
    of = f"{before} tracks" if before == after else f"{before} tracks before, {after} after"
    n_params = sum(map(len, found.params.values()))
    params = f" {n_params} parameter{'s' if n_params > 1 else ''} changed." if n_params else ""
    return f"{of}: {', '.join(parts) or 'all the same'}.{params}"


def _parts(found: Difference, shown_tracks: list[Shown]) -> dict[str, list[Inside]]:
    """What the page says, by title; empty parts are left out."""
    parts: dict[str, list[Inside]] = {
        "What changed": [] if found.is_same else list(_counts(found)),
        "Parameters": list(_values(found.params, found)),
        "Code and other inputs": _paths(found.inputs),
        "Other outputs": _paths(found.outputs),
        "Metrics": list(_metrics(found)),
        "Tracks side by side": [*_left_out(found, shown_tracks), *(card(track, found) for track in shown_tracks)],
    }
    return {title: inside for title, inside in parts.items() if inside}


def _counts(found: Difference) -> Iterator[Element]:
    if found.categories:
        rows = [[name, *(str(n or "–") for n in counts)] for name, counts in count_rows(found.categories)]
        yield table(["category", *COLUMNS], rows)
    changed = [
        element("li", element("b", name), f": {group_in_words(group, category)}")
        for name, category in found.categories.items()
        for group in groups_of(category)
    ]
    if changed:
        yield element("ul", *changed)


def _values(values: ValueDiff, found: Difference) -> Iterator[Element]:
    tables = []
    for file, rows in values.items():
        head = [file, found.old.name, found.new.name, "change", "of few clips"]
        width = 5 if any(map(chance, rows.values())) else 4 if any(map(change, rows.values())) else 3
        cells = [
            [key, shown(row["old"]), shown(row["new"]), change(row), chance(row)][:width] for key, row in rows.items()
        ]
        tables.append(table(head[:width], cells, compared=(1, 2)))
    if tables:
        yield element("div", *tables, class_="tables")


def _metrics(found: Difference) -> Iterator[Element]:
    most, others = metrics_by_weight(found)
    yield from _values(most, found)
    if others:
        n_others = sum(map(len, others.values()))
        yield element("details", element("summary", f"{n_others} more, by category too"), *_values(others, found))


def _paths(paths: list[str]) -> list[Inside]:
    return [element("ul", *(element("li", element("code", *breakable(path))) for path in paths))] if paths else []


def _left_out(found: Difference, shown_tracks: list[Shown]) -> Iterator[Element]:
    n_all = sum(sum(map(len, (part.changed, part.added, part.removed))) for part in found.categories.values())
    if n_all > len(shown_tracks):
        yield element("p", f"{len(shown_tracks)} of {n_all}; ", element("code", "--tracks"), " shows more.")
