"""A version of the dataset as a page to look at and listen to: `reports/index.html` and its folder `reports/page`.

It opens from disk and from any server, and asks nothing of the network. All text is escaped, because the page is built
as a tree; what belongs to single tracks is loaded when they are opened (`details`).
"""

import json
import shutil
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, tostring

import numpy as np

from legato.codec.weights import WEIGHTS
from legato.files import write_bytes, write_text
from legato.page.html import Inside, element, missing
from legato.report import sections
from legato.report.config import ReportParams
from legato.report.details import write_details
from legato.report.previews import source_of, write_previews
from legato.report.tracks import FOLDER, Track, find_tracks

INDEX = Path("reports/index.html")
ASSETS, STYLE = files("legato.report") / "assets", files("legato.page") / "assets"
COLUMNS = {  # of the list: (fact, words); facts are those of tracks.jsonl
    "id": "track",
    "category": "category",
    "prompt": "prompt",
    "bpm": "bpm",
    "key": "key",
    "lufs": "LUFS",
    "seconds": "seconds",
    "license": "licence",
}
Row = dict[str, Any]


def write_report(params: ReportParams, title: str) -> None:
    """Write the page of what is built now.

    Raises:
        LegatoError: a file that is there cannot be read.
    """
    tracks = list(find_tracks(params.previews))
    rows = [dict(track.row) for track in tracks]
    by_category: dict[str, list[Track]] = {}
    for track in tracks:
        by_category.setdefault(track.row["category"], []).append(track)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    for category, of_category in by_category.items():
        _write_tracks(category, of_category, params.preview_seconds)
    listed = [[_cell(row, name) for name in COLUMNS] for row in rows]
    write_text(FOLDER / "tracks.js", f"legato.list({json.dumps(listed)});\n")
    write_bytes(FOLDER / "report.css", (STYLE / "page.css").read_bytes() + (ASSETS / "report.css").read_bytes())
    write_bytes(FOLDER / "report.js", (ASSETS / "report.js").read_bytes())
    html = tostring(_document(title, rows, _usage(rows)), encoding="utf-8", method="html")
    write_bytes(INDEX, b"<!doctype html>\n" + html)


def _write_tracks(category: str, tracks: list[Track], seconds: float) -> None:
    sides = write_previews(category, tracks, WEIGHTS if WEIGHTS.is_file() else None, seconds)
    players = {name: {side: source_of(category, name, side) for side in found} for name, found in sides.items()}
    write_details(category, tracks, players)


def _cell(row: Row, name: str) -> Any:
    if name == "key":
        return f"{row['key']} {row['scale']}".replace("_", " ") if row.get("key") else ""
    value = row.get(name)
    return "" if value is None else value


def _usage(rows: Iterable[Row]) -> np.ndarray | None:
    """How often each codebook uses each entry over the whole dataset, (18, 1024)."""
    from legato.codes import read_codes
    from legato.metrics import usage

    paths = [Path("dataset/encoded") / row["category"] / f"{row['id']}.pt" for row in rows]
    counts = [usage(read_codes(path).numpy()) for path in paths if path.is_file()]
    return np.sum(counts, axis=0) if counts else None


def _document(title: str, rows: list[Row], usage: np.ndarray | None) -> Element:
    parts: dict[str, Iterable[Inside]] = {
        "Overview": sections.overview(),
        "Licences": sections.licences(),
        "Tracks": _track_list(rows),
        "Distributions": sections.distributions(rows),
        "Codebooks": sections.codebooks(usage),
        "Training": sections.training(),
        "Samples": sections.samples(),
    }
    head = (
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{title}: report"),
        element("link", rel="icon", href="data:,"),
        element("link", rel="stylesheet", href="page/report.css"),
    )
    n_categories = len({row["category"] for row in rows})
    minutes = sum(row["seconds"] for row in rows) / 60
    header = element(
        "header",
        element("a", "Skip to the tracks", href="#tracks", class_="skip"),
        element("h1", title),
        element("p", f"{len(rows)} tracks in {n_categories} categories, {minutes:.1f} minutes", class_="summary"),
        element(
            "nav", *(element("a", name, href=f"#{name.lower()}") for name in parts), aria_label="parts of the page"
        ),
    )
    main = (element("section", element("h2", name), *inside, id=name.lower()) for name, inside in parts.items())
    scripts = (element("script", src=f"page/{name}.js") for name in ("report", "tracks"))
    return element("html", element("head", *head), element("body", header, element("main", *main), *scripts), lang="en")


def _orders() -> Iterator[Element]:
    """Every column up and down: some have no head to choose on a small screen, and the category has none anywhere."""
    for at, words in enumerate(COLUMNS.values()):
        yield element("option", f"{words} ↑", value=f"{at} 1")
        yield element("option", f"{words} ↓", value=f"{at} -1")


def _track_list(rows: list[Row]) -> Iterator[Inside]:
    """The frame of the list, which the page's script fills."""
    if not rows:
        yield missing("The dataset", "dvc repro collect")
        return
    options = [element("option", "all categories", value="")]
    options += [element("option", name) for name in sorted({row["category"] for row in rows})]
    licences = [element("option", "all licences", value="")]
    licences += [element("option", name) for name in sorted({str(row.get("license", "")) for row in rows})]
    yield element(
        "form",
        element(
            "label", "Find ", element("input", type="search", name="words", placeholder="words of id, prompt, key")
        ),
        element("label", "Category ", element("select", *options, name="category")),
        element("label", "Licence ", element("select", *licences, name="license")),
        element("label", "bpm from ", element("input", type="number", name="low", inputmode="numeric")),
        element("label", "to ", element("input", type="number", name="high", inputmode="numeric")),
        element(
            "span",
            element("label", "Sort by ", for_="order"),
            element("select", *_orders(), name="order", id="order"),
        ),
        element("output", aria_live="polite"),
        role="search",
        class_="filters",
    )
    heads = (
        element(
            "div",
            element("button", words, type="button", data_column=str(at)),
            role="columnheader",
            aria_colindex=str(at + 1),
            class_=name,
        )
        for at, (name, words) in enumerate(COLUMNS.items())
    )
    yield element(
        "div",
        element(
            "div",
            element("div", element("div", *heads, role="row", aria_rowindex="1"), role="rowgroup", class_="head"),
            element("div", element("div", class_="rows"), role="rowgroup", class_="body", tabindex="-1"),
            role="grid",
            aria_label="tracks",
            aria_colcount=str(len(COLUMNS)),
            class_="list",
        ),
        element(
            "div",
            element("p", "Choose a track to see and hear it.", class_="absent"),
            class_="track",
        ),
        class_="browser",
    )
    yield element("noscript", "The list of tracks needs JavaScript.")
