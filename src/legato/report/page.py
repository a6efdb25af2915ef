"""A version of the dataset as a page to look at and listen to: `reports/index.html` and its folder `reports/page`.

It opens from disk and from any server, and asks nothing of the network. All text is escaped, because the page is built
as a tree; what belongs to single tracks is loaded when they are opened (`details`).
"""

import json
import shutil
from collections.abc import Iterable, Sequence
from importlib.resources import files
from xml.etree.ElementTree import Element, tostring

import numpy as np

from legato import shards
from legato.contract.facts import Facts
from legato.files import write_bytes, write_text
from legato.page.figures import counted, duration
from legato.page.html import Inside, element
from legato.report import sections
from legato.report.config import ReportParams
from legato.report.details import write_details
from legato.report.distributions import distributions
from legato.report.previews import source_of, write_previews
from legato.report.samples import samples
from legato.report.track_list import listed, phrases, track_list
from legato.report.tracks import Track, find_tracks
from legato.workspace.layout import CODES, INDEX, PAGE, WEIGHTS

ASSETS, SHARED = files("legato.report") / "assets", files("legato.page") / "assets"


def write_report(params: ReportParams, title: str) -> None:
    """Write the page of what is built now.

    Raises:
        LegatoError: a file that is there cannot be read.
    """
    tracks = list(find_tracks(params.previews))
    rows = [track.row for track in tracks]
    by_category: dict[str, list[Track]] = {}
    for track in tracks:
        by_category.setdefault(track.row["category"], []).append(track)
    shutil.rmtree(PAGE.path, ignore_errors=True)
    PAGE.path.mkdir(parents=True)
    for category, of_category in by_category.items():
        _write_tracks(category, of_category, params.preview_seconds)
    write_text(PAGE.path / "tracks.js", f"legato.list({json.dumps(listed(rows))}, {json.dumps(phrases(rows))});\n")
    for kind in ("css", "js"):
        parts = (SHARED / f"page.{kind}", ASSETS / f"report.{kind}")
        write_bytes(PAGE.path / f"report.{kind}", b"".join(part.read_bytes() for part in parts))
    html = tostring(_document(title, rows, _usage(rows)), encoding="utf-8", method="html")
    write_bytes(INDEX.path, b"<!doctype html>\n" + html)


def _write_tracks(category: str, tracks: list[Track], seconds: float) -> None:
    sides = write_previews(category, tracks, WEIGHTS.path if WEIGHTS.path.is_file() else None, seconds)
    players = {name: {side: source_of(category, name, side) for side in found} for name, found in sides.items()}
    write_details(category, tracks, players, seconds)


def _usage(rows: Iterable[Facts]) -> np.ndarray | None:
    """How often each codebook uses each entry over the whole dataset, (18, 1024)."""
    from legato.contract.codes import read_codes
    from legato.measure.metrics import usage

    counts = None
    for path in (CODES.file(row["category"], row["id"]) for row in rows):
        if shards.exists(path):
            found = usage(read_codes(path).numpy())
            counts = found if counts is None else counts + found
    return counts


def _document(title: str, rows: list[Facts], usage: np.ndarray | None) -> Element:
    parts: dict[str, Iterable[Inside]] = {
        "Samples": samples(),  # first: a newcomer wants to hear what comes out
        "Overview": sections.overview(),
        "Licences": sections.licenses(),
        "Tracks": track_list(rows),
        "Distributions": distributions(rows),
        "Codebooks": sections.codebooks(usage),
        "Training": sections.training(),
    }
    head = (
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{title}: report"),
        element("link", rel="icon", href="data:,"),
        element("link", rel="stylesheet", href="page/report.css"),
    )
    header = element(
        "header",
        element("a", "Skip to the tracks", href="#tracks", class_="skip"),
        element("h1", title),
        element("p", _summary(rows), class_="summary"),
        element(
            "nav", *(element("a", name, href=f"#{name.lower()}") for name in parts), aria_label="parts of the page"
        ),
    )
    main = (element("section", element("h2", name), *inside, id=name.lower()) for name, inside in parts.items())
    scripts = (element("script", src=f"page/{name}.js") for name in ("report", "tracks"))
    return element("html", element("head", *head), element("body", header, element("main", *main), *scripts), lang="en")


def _summary(rows: Sequence[Facts]) -> str:
    """The size of the dataset in a line."""
    if not rows:
        return "Nothing is built yet."
    n_categories = len({row["category"] for row in rows})
    categories = "one category" if n_categories == 1 else f"{n_categories} categories"
    return f"{counted(len(rows), 'track')} in {categories}, {duration(sum(row['seconds'] for row in rows))} of music"
