"""A difference between versions as one web page that needs nothing else: tracks side by side, to hear and to see.

The page is built as a tree, so that whatever a prompt or a name holds is escaped when it is written.
"""

import base64
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, tostring

from legato.diff import tracks
from legato.diff.compare import Difference, ValueDiff
from legato.diff.preview import MIME_TYPE
from legato.diff.prompts import marked
from legato.diff.roll import roll
from legato.diff.text import COLUMNS, change, counts_of, groups_of, notes_of, shown, steps_in_words
from legato.diff.tracks import Shown, Side
from legato.diff.version import Version
from legato.files import write_bytes

ASSETS = files("legato.diff") / "assets"
Inside = Element | str | None


def write_page(path: Path, found: Difference, n_tracks: int) -> list[Shown]:
    """Write the page of a difference with at most `n_tracks` tracks, and return them.

    Raises:
        LegatoError: a file that was fetched cannot be read.
    """
    shown_tracks = tracks.load(found, n_tracks)
    html = b"<!doctype html>\n" + tostring(_document(found, shown_tracks), encoding="utf-8", method="html")
    write_bytes(path, html)
    return shown_tracks


def element(tag: str, *inside: Inside, **attributes: str) -> Element:
    """An element with text and elements in it; `class_` is the attribute `class`, `_` in a name is `-`.

    >>> tostring(element("p", "a < b ", element("b", "c"), class_="note"), encoding="unicode")
    '<p class="note">a &lt; b <b>c</b></p>'
    """
    made = Element(tag, {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()})
    for part in inside:
        if isinstance(part, Element):
            made.append(part)
        elif part and len(made):
            made[-1].tail = (made[-1].tail or "") + part
        elif part:
            made.text = (made.text or "") + part
    return made


def _document(found: Difference, shown_tracks: list[Shown]) -> Element:
    title = f"{found.old.name} → {found.new.name}"
    return element(
        "html",
        element(
            "head",
            element("meta", charset="utf-8"),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("title", f"legato diff: {title}"),
            element("link", rel="icon", href="data:,"),
            element("style", (ASSETS / "diff.css").read_text(encoding="utf-8")),
        ),
        element(
            "body",
            element("header", element("h1", title), element("p", _summary(found), class_="summary")),
            element("main", *_sections(found, shown_tracks)),
            element("script", (ASSETS / "diff.js").read_text(encoding="utf-8")),
        ),
        lang="en",
    )


def _summary(found: Difference) -> str:
    """One sentence that says what changed."""
    if found.is_same:
        return "No difference."
    counts = [counts_of(category) for category in found.categories.values()]
    before, after, _, changed, added, removed = (
        (sum(column) for column in zip(*counts, strict=True)) if counts else (0,) * 6
    )
    parts = [f"{n} {word}" for n, word in ((changed, "changed"), (added, "added"), (removed, "removed")) if n]
    tracks_words = f"{before} tracks" if before == after else f"{before} tracks before, {after} after"
    return f"{tracks_words}: {', '.join(parts) or 'all the same'}."


def _sections(found: Difference, shown_tracks: list[Shown]) -> Iterator[Element]:
    if notes := notes_of(found):
        yield element("ul", *(element("li", note) for note in notes), class_="notes")
    if found.is_same:
        return
    yield _section("What changed", _counts(found), *_why(found))
    if found.params:
        yield _section("Parameters", *_values(found.params, found))
    if found.inputs:
        yield _section(
            "Code and other inputs", element("ul", *(element("li", element("code", path)) for path in found.inputs))
        )
    if found.outputs:
        yield _section(
            "Other outputs", element("ul", *(element("li", element("code", path)) for path in found.outputs))
        )
    if found.metrics:
        yield _section("Metrics", *_metrics(found))
    if shown_tracks:
        yield _section(
            "Tracks, side by side", _left_out(found, shown_tracks), *(_track(track, found) for track in shown_tracks)
        )


def _section(title: str, *inside: Inside) -> Element:
    return element("section", element("h2", title), *inside)


def _table(head: list[str], rows: list[list[Inside]]) -> Element:
    first = element("thead", element("tr", *(element("th", cell, scope="col") for cell in head)))
    body = [
        element("tr", element("th", row[0], scope="row"), *(element("td", cell) for cell in row[1:])) for row in rows
    ]
    return element("div", element("table", first, element("tbody", *body)), class_="scroll", tabindex="0")


def _counts(found: Difference) -> Element:
    rows = [[name, *(str(n or "–") for n in counts_of(category))] for name, category in found.categories.items()]
    return _table(["category", *COLUMNS], rows)


def _why(found: Difference) -> Iterator[Element]:
    lines = []
    for name, category in found.categories.items():
        for steps, names in groups_of(category).items():
            lines.append(element("li", element("b", name), f": {len(names)} changed, {steps_in_words(steps)}"))
    if lines:
        yield element("ul", *lines)


def _values(values: ValueDiff, found: Difference) -> Iterator[Element]:
    head = ["", found.old.name, found.new.name]
    for file, rows in values.items():
        has_change = any(change(row) for row in rows.values())
        cells = [
            [key, shown(row["old"]), shown(row["new"]), *([change(row)] if has_change else [])]
            for key, row in rows.items()
        ]
        yield _table([file, *head[1:], *(["change"] if has_change else [])], cells)


def _metrics(found: Difference) -> Iterator[Element]:
    whole, others = ({}, {})
    for file, rows in found.metrics.items():
        for key, row in rows.items():
            part = others if key.split(".")[0] in found.categories else whole
            part.setdefault(file, {})[key] = row
    yield from _values(whole, found)
    if others:
        yield element("details", element("summary", "By category"), *_values(others, found))


def _left_out(found: Difference, shown_tracks: list[Shown]) -> Element | None:
    n_all = sum(sum(counts_of(category)[3:]) for category in found.categories.values())
    if n_all == len(shown_tracks):
        return None
    return element("p", f"{len(shown_tracks)} of {n_all} tracks; ", element("code", "--tracks"), " shows more.")


def _track(track: Shown, found: Difference) -> Element:
    how = (
        steps_in_words(tuple(track.steps)) if track.steps else f"only in {(found.new if track.new else found.old).name}"
    )
    span = max((side.music.seconds for side in (track.old, track.new) if side and side.music), default=0.0)
    sides = [
        _side(found.old, track.old, track.new, span),
        _side(found.new, track.new, track.old, span),
    ]
    title = element("h3", track.name, element("span", f" {how}", class_="how"))
    return element("article", title, element("div", *sides, class_="sides"), id=track.name)


def _side(version: Version, side: Side | None, other: Side | None, span: float) -> Element:
    head = element("h4", version.name)
    if side is None:
        return element("div", head, element("p", f"not in {version.name}", class_="absent"), class_="side")
    return element(
        "div", head, *_player(version, side, other), *_picture(side, span), *_told(side, other), class_="side"
    )


def _player(version: Version, side: Side, other: Side | None) -> Iterator[Element]:
    yield from (element("p", reason, class_="absent") for reason in side.nowhere)
    if side.audio is None:
        if not side.nowhere:
            yield element("p", f"no audio in {version.name}", class_="absent")
        return
    source = f"data:{MIME_TYPE};base64,{base64.b64encode(side.audio).decode()}"
    yield element("audio", src=source, controls="", preload="none", aria_label=f"{version.name}: {side.audio_words}")
    if other and other.audio_sha256 == side.audio_sha256:
        yield element("p", "the same audio", class_="same")


def _picture(side: Side, span: float) -> Iterator[Element]:
    if side.music:
        yield roll(side.music, span)


def _told(side: Side, other: Side | None) -> Iterator[Element]:
    """The prompt, its words marked that differ, and the facts."""
    if side.prompt is not None:
        other_prompt = other.prompt if other and other.prompt is not None else side.prompt
        words = marked(side.prompt, other_prompt)
        yield element(
            "p", *(element("mark", word.text) if word.differ else word.text for word in words), class_="prompt"
        )
    facts = facts_of(side.facts)
    others = facts_of(other.facts) if other else facts
    cells = []
    for name, value in facts.items():
        cells += [element("dt", name), element("dd", element("mark", value) if others.get(name) != value else value)]
    if cells:
        yield element("dl", *cells)


def facts_of(facts: dict[str, Any]) -> dict[str, str]:
    """What is shown of a track's facts, by the words for it."""
    key = f"{facts['key']} {facts['scale']}" if facts.get("key") and facts.get("scale") else None
    instruments = ", ".join(str(name) for name in (facts.get("instruments") or {}).values())
    told = {
        "bpm": facts.get("bpm"),
        "key": key,
        "seconds": facts.get("seconds"),
        "loudness": f"{facts['lufs']} LUFS" if "lufs" in facts else None,
        "instruments": instruments or None,
    }
    return {name: str(value) for name, value in told.items() if value is not None}
