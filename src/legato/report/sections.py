"""The parts of the page that are of the whole dataset and its model.

A part whose data is not there says so in words, and by which command it comes.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np

from legato.files import read_jsonl, write_bytes
from legato.metrics import TOTAL
from legato.page.chart import curves, histogram
from legato.page.html import Inside, element, missing, table
from legato.page.preview import preview
from legato.report.details import heat_map
from legato.report.tracks import FOLDER
from legato.tokens import CODEBOOK_NAMES, CODEBOOK_SIZE

REPORTS = Path("reports")
SUMMARY = {  # of each category: (column, its figure in summary.json)
    "tracks": "tracks",
    "minutes": "minutes",
    "LUFS": "lufs",
    "peak dBTP": "peak_dbtp",
    "silence": "silence",
    "tags": "tags",
    "true": "true",
    "timbres (Vendi)": "vendi",
    "near-duplicates": "near_duplicates",
    "perplexity": "perplexity",
    "SI-SDR dB": "si_sdr_db",
    "held-out loss": "loss",
}
SHARES = {"silence", "true"}
MODEL = {
    "loss": "held-out loss, nats",
    "train_loss": "training loss, nats",
    "passed": "samples that pass",
    "frechet_db": "Fréchet distance, dB",
}
DISTRIBUTIONS = {  # (words, the least span of a picture: less is no difference to speak of)
    "bpm": ("bpm", 10.0),
    "seconds": ("length, s", 1.0),
    "lufs": ("loudness, LUFS", 1.0),
    "dbtp": ("true peak, dBTP", 1.0),
}
SAMPLE_S = 30
PASSED, HELDOUT_PASSED = "{:.0%} pass the checks of this prompt", ", {:.0%} of held-out music"
NO_HELDOUT = "; there is no held-out music of this prompt to compare them with"
USAGE_COLUMNS = 128
USAGE_WORDS = (
    f"A row for each codebook, the left channel's and then the right's; {CODEBOOK_SIZE} entries from left to right, "
    f"brighter where they are used more. Beside it the perplexity, {CODEBOOK_SIZE} at most."
)
Row = dict[str, Any]


def overview() -> Iterator[Inside]:
    """Each category in a line."""
    found = _read("summary.json")
    if found is None:
        yield missing("The summary", "dvc repro summary")
        return
    names = [*sorted(found.keys() - {TOTAL}), TOTAL]
    rows = [[name, *(_figure(figure, found[name].get(figure)) for figure in SUMMARY.values())] for name in names]
    yield table(["category", *SUMMARY], rows)


def licences() -> Iterator[Inside]:
    """What the audit found: hours by licence, and what was refused."""
    found = _read("audit.json")
    if found is None:
        yield missing("The licence audit", "dvc repro audit")
        return
    if found["passed"]:
        yield element(
            "p", f"✓ Audit passed: each of {found['tracks']} tracks is made of what policy allows.", class_="good"
        )
    else:
        yield element("p", f"✗ Audit failed: {found['refused']} of {found['tracks']} tracks are refused.", class_="bad")
        yield element("ul", *(element("li", f"{one['why']}: {', '.join(one['tracks'])}") for one in found["refusals"]))
    rows = [
        [kind, name, f"{hours:.4g}"] for kind, licences in found["hours"].items() for name, hours in licences.items()
    ]
    yield table(["made of", "licence", "hours"], rows)


def distributions(rows: list[Row]) -> Iterator[Inside]:
    """How a few facts are spread over each category's tracks, and how often each key occurs."""
    if not rows:
        yield missing("The dataset", "dvc repro collect")
        return
    categories = sorted({row["category"] for row in rows})
    for fact, (words, least) in DISTRIBUTIONS.items():
        known = [row[fact] for row in rows if row.get(fact) is not None]
        if not known:
            continue
        low, high = _bounds(known, least)
        pictures = []
        for category in categories:
            values = [row[fact] for row in rows if row["category"] == category and row.get(fact) is not None]
            if values:
                chart = histogram(values, f"{category}, {words}", low, high)
                pictures.append(element("figure", element("figcaption", category), chart))
        yield element("h3", words)
        yield element("div", *pictures, class_="charts")
    keys = sorted({f"{row['key']} {row['scale']}".replace("_", " ") for row in rows if row.get("key")})
    if keys:
        count = {
            key: [sum(_key(row) == key for row in rows if row["category"] == name) for name in categories]
            for key in keys
        }
        yield element(
            "details",
            element("summary", "Tracks by key"),
            table(["key", *categories], [[key, *(str(n or "–") for n in counts)] for key, counts in count.items()]),
        )


def _bounds(values: list[float], least: float) -> tuple[float, float]:
    """The least and the greatest value, moved apart where they are nearer to each other than `least`.

    >>> _bounds([-14.0, -13.9], 1.0), _bounds([80, 120], 10.0)
    ((-14.45, -13.45), (80, 120))
    """
    low, high = min(values), max(values)
    spare = max(0.0, least - (high - low)) / 2
    return (low - spare, high + spare) if spare else (low, high)


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
    found = (_read("codebooks.json") or {}).get(TOTAL, {})
    rows = (
        element("li", element("span", name), element("span", _shown(found.get(name)), class_="number"))
        for name in CODEBOOK_NAMES
    )
    yield element("p", USAGE_WORDS)
    picture = heat_map(np.log2(1 + shares) / 3, "usage of the entries of each of 18 codebooks")
    yield element("div", element("ul", *rows), picture, class_="usage")


def training() -> Iterator[Inside]:
    """The model's loss while it was trained."""
    folder = REPORTS / "train/plots/metrics"
    lines = {
        words: _points(folder / name / "loss.tsv") for name, words in (("train", "training"), ("heldout", "held out"))
    }
    lines = {words: points for words, points in lines.items() if points}
    if not lines:
        yield missing("The model", "dvc repro train")
        return
    yield element("div", curves(lines, "loss in nats, by step"), class_="charts wide")
    total = (_read("summary.json") or {}).get(TOTAL, {})
    told = {words: total[name] for name, words in MODEL.items() if total.get(name) is not None}
    if told:
        cells = (
            element(tag, text) for words, value in told.items() for tag, text in (("dt", words), ("dd", str(value)))
        )
        yield element("dl", *cells)


def samples() -> Iterator[Inside]:
    """What the model plays, by prompt."""
    path = REPORTS / "samples/samples.jsonl"
    if not path.is_file():
        yield missing("Samples of the model", "dvc repro sample")
        return
    judged = (_read("evaluate.json") or {}).get("prompts", {})
    by_prompt: dict[str, list[str]] = {}
    for row in read_jsonl(path):
        by_prompt.setdefault(row["prompt"], []).append(row["id"])
    for prompt, names in by_prompt.items():
        players = (_clip(path.with_name(f"{name}.wav"), prompt, nth) for nth, name in enumerate(names, start=1))
        verdict = [element("p", words) for words in _verdict(judged.get(prompt, {}))]
        yield element("article", element("h3", prompt), element("div", *players, class_="players"), *verdict)


def _verdict(judged: Row) -> Iterator[str]:
    """How many of a prompt's clips pass, in words, beside held-out music; nothing where nothing can be checked."""
    passed = judged.get("passed", {}).get("all", {})
    if passed.get("generated") is not None:
        heldout = passed.get("heldout")
        yield PASSED.format(passed["generated"]) + (NO_HELDOUT if heldout is None else HELDOUT_PASSED.format(heldout))


def _clip(path: Path, prompt: str, number: int) -> Element:
    write_bytes(FOLDER / "samples" / f"{path.stem}.mp3", preview(path, SAMPLE_S))
    source, words = f"page/samples/{path.stem}.mp3", f"clip {number} of {prompt}"
    player = element("audio", src=source, controls="", preload="none", aria_label=words)
    return element("figure", element("figcaption", f"clip {number}"), player)


def _key(row: Row) -> str:
    return f"{row['key']} {row['scale']}".replace("_", " ") if row.get("key") else ""


def _read(name: str) -> Any:
    path = REPORTS / name
    return json.loads(path.read_text()) if path.is_file() else None


def _points(path: Path) -> list[tuple[float, float]]:
    if not path.is_file():
        return []
    rows = [line.split("\t") for line in path.read_text().splitlines()[1:]]
    return [(float(step), float(value)) for step, value in rows]


def _figure(name: str, value: Any) -> str:
    return f"{value:.1%}" if name in SHARES and value is not None else _shown(value)


def _shown(value: Any) -> str:
    return "–" if value is None else f"{value:g}" if isinstance(value, int | float) else str(value)
