"""A version of the dataset as a page to look at and listen to: `reports/index.html` and its folder `reports/page`.

It opens from disk and from any server, and asks nothing of the network. All text is escaped, because the page is built
as a tree; what belongs to single tracks is loaded when they are opened (`details`).
"""

import json
import shutil
from collections.abc import Iterable
from importlib.resources import files
from itertools import groupby
from typing import cast
from xml.etree.ElementTree import Element, tostring

import numpy as np

from legato import shards
from legato.contract.facts import Facts
from legato.files import replacing, write_bytes
from legato.page.figures import counted, duration
from legato.page.html import Inside, element
from legato.report import sections
from legato.report.config import ReportParams
from legato.report.details import write_details
from legato.report.distributions import Distributions, distributions
from legato.report.previews import source_of, write_previews
from legato.report.samples import samples
from legato.report.track_list import Listing, listed, track_list
from legato.report.tracks import Found, find_tracks
from legato.workspace.layout import CODES, INDEX, PAGE, WEIGHTS

ASSETS, SHARED = files("legato.report") / "assets", files("legato.page") / "assets"


def write_report(params: ReportParams, title: str) -> None:
    """Write the page of what is built now.

    Raises:
        LegatoError: a file that is there cannot be read.
    """
    shutil.rmtree(PAGE.path, ignore_errors=True)
    PAGE.path.mkdir(parents=True)
    seen = Listing(), Distributions(), _Usage()
    with replacing(PAGE.path / "tracks.js") as temporary, temporary.open("w", encoding="ascii", newline="") as script:
        script.write("legato.list([")
        for category, tracks in groupby(find_tracks(params.previews), key=lambda track: track.category):
            of_category = list(tracks)
            _write_tracks(category, of_category, params.preview_seconds)
            for row in (cast(Facts, track.facts.read()) for track in of_category):
                script.write((", " if seen[0].n_tracks else "") + json.dumps(listed(row)))
                for one in seen:
                    one.add(row)
        script.write(f"], {json.dumps(seen[0].phrases)});\n")
    for kind in ("css", "js"):
        parts = (SHARED / f"page.{kind}", ASSETS / f"report.{kind}")
        write_bytes(PAGE.path / f"report.{kind}", b"".join(part.read_bytes() for part in parts))
    html = tostring(_document(title, *seen), encoding="utf-8", method="html")
    write_bytes(INDEX.path, b"<!doctype html>\n" + html)


def _write_tracks(category: str, tracks: list[Found], seconds: float) -> None:
    sides = write_previews(category, tracks, WEIGHTS.path if WEIGHTS.path.is_file() else None, seconds)
    players = {name: {side: source_of(category, name, side) for side in found} for name, found in sides.items()}
    write_details(category, tracks, players, seconds)


class _Usage:
    """How often each codebook uses each entry over the whole dataset, (18, 1024)."""

    def __init__(self) -> None:
        self.counts: np.ndarray | None = None

    def add(self, row: Facts) -> None:
        from legato.contract.codes import read_codes
        from legato.measure.metrics import usage

        path = CODES.file(row["category"], row["id"])
        if shards.exists(path):
            found = usage(read_codes(path).numpy())
            self.counts = found if self.counts is None else self.counts + found


def _document(title: str, listing: Listing, spread: Distributions, usage: _Usage) -> Element:
    parts: dict[str, Iterable[Inside]] = {
        "Samples": samples(),  # first: a newcomer wants to hear what comes out
        "Overview": sections.overview(),
        "Licences": sections.licenses(),
        "Tracks": track_list(listing),
        "Distributions": distributions(spread),
        "Codebooks": sections.codebooks(usage.counts),
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
        element("p", _summary(spread), class_="summary"),
        element(
            "nav", *(element("a", name, href=f"#{name.lower()}") for name in parts), aria_label="parts of the page"
        ),
    )
    main = (element("section", element("h2", name), *inside, id=name.lower()) for name, inside in parts.items())
    scripts = (element("script", src=f"page/{name}.js") for name in ("report", "tracks"))
    return element("html", element("head", *head), element("body", header, element("main", *main), *scripts), lang="en")


def _summary(spread: Distributions) -> str:
    """The size of the dataset in a line."""
    if not spread.categories:
        return "Nothing is built yet."
    n_categories = len(spread.categories)
    categories = "one category" if n_categories == 1 else f"{n_categories} categories"
    return f"{counted(spread.n_tracks, 'track')} in {categories}, {duration(sum(spread.values('seconds')))} of music"
