"""The parts of the page that are of the whole dataset and its model.

A part whose data is not there says so in words, and by which command it comes.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from legato.files import Json, read_json
from legato.measure.metrics import TOTAL
from legato.page.chart import curves
from legato.page.figures import UNITS, counted, number, percent, unit_of
from legato.page.html import UNKNOWN, Inside, breakable, element, missing, table
from legato.report.details import heat_map
from legato.tokens import CODEBOOK_NAMES, CODEBOOK_SIZE
from legato.workspace import layout


class Figure(NamedTuple):
    """How a figure of summary.json is shown."""

    head: str
    digits: int
    words: str
    is_share: bool = False


SUMMARY = {
    "tracks": Figure("tracks", 0, "held-out ones too"),
    "minutes": Figure("length", 1, "of all tracks together"),
    "lufs": Figure("loudness, LUFS", 1, "mean integrated loudness (BS.1770)"),
    "peak_dbtp": Figure("peak, dBTP", 1, "the highest true peak"),
    "silence": Figure("silence", 1, "share of time in which nothing is heard", is_share=True),
    "tags": Figure("tags per prompt", 1, "mean number of tags"),
    "tag_accuracy": Figure("true tags", 1, "share of the verdicts on checked tags that are true", is_share=True),
    "stated": Figure("stated tags", 0, "verdicts that only repeat the record a tag came from: they are in no share"),
    "vendi": Figure("timbres", 1, "how many different timbres the tracks amount to (Vendi score)"),
    "near_duplicates": Figure("near copies", 0, "tracks that have the notes or the opening of another"),
    "perplexity": Figure("codebook use", 0, "perplexity of the codes, mean of the codebooks, at most 1024"),
    "si_sdr_db": Figure(
        "codec SI\N{NON-BREAKING HYPHEN}SDR, dB", 1, "what the codes keep of the audio; more is better"
    ),
    "loss": Figure("held-out loss, nats", 2, "the model's on held-out tracks; less is better"),
}
MODEL = {
    "passed": Figure("samples in which all that was asked for is heard", 0, "", is_share=True),
    "recognised": Figure("samples nearer to their prompt's music than to any other's", 0, "", is_share=True),
    "frechet_db": Figure("Fréchet distance to held-out music, dB", 1, ""),
}
USAGE_COLUMNS = 128
MOST_USED = 7  # times an even share: the brightest
USAGE_WORDS = (
    f"How often each of a codebook's {CODEBOOK_SIZE} entries is used, from left to right: a row for each codebook of "
    f"the left channel (L) and of the right (R). The number is its perplexity, {CODEBOOK_SIZE} if all are used alike."
)


def overview() -> Iterator[Inside]:
    """Each category in a line."""
    found = _read(layout.SUMMARY)
    if found is None:
        yield missing("The summary", "dvc repro summary")
        return
    names = [*sorted(found.keys() - {TOTAL}), TOTAL]
    unit = unit_of(60 * (found[name].get("minutes") or 0) for name in names)
    heads = {name: figure.head + (f", {unit}" if name == "minutes" else "") for name, figure in SUMMARY.items()}
    rows = [[name, *_figures(found[name], unit)] for name in names]
    yield table(["category", *heads.values()], rows, class_="totalled")
    words = (
        element(tag, text)
        for name, figure in SUMMARY.items()
        for tag, text in (("dt", heads[name]), ("dd", figure.words))
    )
    unknown = [element("p", f"{UNKNOWN} is a figure that is not known: there is nothing to measure it on.")]
    has_unknown = any(UNKNOWN in cells for cells in rows)
    yield element(
        "details", element("summary", "What the columns say"), element("dl", *words), *(unknown if has_unknown else [])
    )


def _figures(found: Json, unit: str) -> Iterator[str]:
    for name, figure in SUMMARY.items():
        value = found.get(name)
        if name == "minutes" and value is not None:
            value *= UNITS["min"] / UNITS[unit]
        yield _shown(value, figure)


def licenses() -> Iterator[Inside]:
    """What the audit found: how much music by licence, and what was refused."""
    found = _read(layout.AUDIT)
    if found is None:
        yield missing("The licence audit", "dvc repro audit")
        return
    if found["passed"]:
        yield element(
            "p",
            f"✓ Audit passed: {counted(found['tracks'], 'track')}, all made of what the policy allows.",
            class_="good",
        )
    else:
        refused = "is" if found["refused"] == 1 else "are"
        words = f"✗ Audit failed: {found['refused']} of {counted(found['tracks'], 'track')} {refused} refused."
        yield element("p", words, class_="bad")
        yield element("ul", *(element("li", *_refusal(one)) for one in found["refusals"]))
    hours = {(kind, name): hours for kind, licenses in found["hours"].items() for name, hours in licenses.items()}
    unit = unit_of(UNITS["h"] * value for value in hours.values())
    rows = [[*key, number(value * UNITS["h"] / UNITS[unit], 1)] for key, value in hours.items()]
    yield table(["made with", "licence", f"length, {unit}"], rows)
    layers = [
        [layer, name, number(value * UNITS["h"] / UNITS[unit], 1)]
        for layer, licenses in found.get("layers", {}).items()
        for name, value in licenses.items()
    ]
    sources = [[name, number(value * UNITS["h"] / UNITS[unit], 1)] for name, value in found.get("sources", {}).items()]
    if set(found.get("sources", {})) - {"composed", "midi"}:
        yield table(["rights in the", "licence", f"length, {unit}"], layers)
        yield table(["music from", f"length, {unit}"], sources)


def _refusal(one: Json) -> Iterator[Inside]:
    yield one["why"]
    yield ": "
    for nth, name in enumerate(one["tracks"]):
        yield from (", " if nth else "", *breakable(name))


def codebooks(usage: np.ndarray | None) -> Iterator[Inside]:
    """How often each codebook uses each of its entries, over the whole dataset.

    Args:
        usage: counts, (18, 1024).
    """
    if usage is None:
        yield missing("The codes", "dvc repro collect")
        return
    binned = usage.reshape(len(usage), USAGE_COLUMNS, -1).sum(axis=2)
    shares = binned / np.maximum(binned.sum(axis=1, keepdims=True), 1) * USAGE_COLUMNS  # 1 is even use
    found = (_read(layout.CODEBOOK_FIGURES) or {}).get(TOTAL, {})
    rows = (
        element("li", element("span", name), element("span", number(found.get(name), 0), class_="number"))
        for name in CODEBOOK_NAMES
    )
    yield element("p", USAGE_WORDS)
    picture = heat_map(np.log2(1 + shares) / np.log2(1 + MOST_USED), "usage of the entries of each of 18 codebooks")
    yield element("div", element("ul", *rows), picture, class_="usage")
    marks = (element("span", words) for words in ("not used", "evenly", f"{MOST_USED} times as much"))
    yield element("div", element("div", class_="ramp"), element("div", *marks, class_="times"), class_="scale")


def training() -> Iterator[Inside]:
    """The model's loss while it was trained."""
    folder = layout.TRAINING_PLOTS.path
    lines = {
        words: _points(folder / name / "loss.tsv") for name, words in (("train", "training"), ("held_out", "held out"))
    }
    lines = {words: points for words, points in lines.items() if points}
    if not lines:
        yield missing("The model", "dvc repro train")
        return
    total = (_read(layout.SUMMARY) or {}).get(TOTAL, {})
    told = {figure.head: _shown(total[name], figure) for name, figure in MODEL.items() if total.get(name) is not None}
    cells = (element(tag, text) for words, value in told.items() for tag, text in (("dt", words), ("dd", value)))
    parts = [curves(lines, "loss in nats", "step"), *([element("dl", *cells)] if told else [])]
    yield element("div", *parts, class_="curves")


def _read(made: layout.Artifact) -> Any:
    return read_json(made.path) if made.path.is_file() else None


def _points(path: Path) -> list[tuple[float, float]]:
    if not path.is_file():
        return []
    rows = [line.split("\t") for line in path.read_text().splitlines()[1:]]
    return [(float(step), float(value)) for step, value in rows]


def _shown(value: float | None, figure: Figure) -> str:
    return percent(value, figure.digits) if figure.is_share else number(value, figure.digits)
