"""What the page shows of a single track, in files of its own that the page loads when the track is opened.

`<id>.js` hands a piece of HTML to the page.
"""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, tostring

import numpy as np

from legato import items
from legato.audio import read_audio
from legato.errors import LegatoError
from legato.files import sha256_of, write_text
from legato.mel import N_MELS, log_mel_db
from legato.midi_reader import read_contents
from legato.page.html import Inside, element, missing
from legato.page.roll import roll, scale_of
from legato.prompt import tags_of
from legato.report.tracks import AFTER, FOLDER, Row, Track
from legato.tokens import SAMPLE_RATE

COLUMNS, BANDS = 240, 40  # of a spectrogram
TOP_DB, BOTTOM_DB = -10.0, -80.0
FACTS = {  # what is shown, in this order
    "category": "category",
    "bpm": "bpm",
    "form": "form",
    "seconds": "seconds",
    "lufs": "loudness, LUFS",
    "dbtp": "true peak, dBTP",
    "gain_db": "gain, dB",
    "limiter_db": "limited by, dB",
    "width_db": "width, dB",
    "license": "licence",
    "synth": "synthesiser",
    "seed": "seed",
}


def write_details(category: str, tracks: Sequence[Track], players: Mapping[str, Mapping[str, str]]) -> None:
    """Write the files of a category's tracks, those that changed alone.

    Args:
        players: of each track that is heard its previews' addresses, by side of the codec.

    Raises:
        LegatoError: a file cannot be read.
    """

    def work(track: Track, out: Path) -> dict[str, Any]:
        name = track.row["id"]
        article = element("article", *_inside(track, players.get(name, {})))
        html = tostring(article, encoding="unicode", method="html")
        write_text(out / f"{name}.js", f"legato.show({json.dumps(name)}, {json.dumps(html)});\n")
        return {}

    step = items.Step(
        stage="report",
        category=category,
        work=work,
        name=lambda track: track.row["id"],
        reads=lambda track: [
            dict(track.row),
            track.provenance,
            track.is_heard,
            players.get(track.row["id"]),
            *(sha256_of(path) if path else None for path in (track.audio, track.midi)),
        ],
        settings={},
        outs=[FOLDER / "tracks" / category],
    )
    items.build(step, tracks)


def _inside(track: Track, players: Mapping[str, str]) -> Iterator[Inside]:
    yield element("a", "Back to the list", href="#tracks", class_="back")
    yield element("h3", track.row["id"], tabindex="-1")
    yield from _players(track, players)
    yield element("ul", *_tags(track.row), class_="tags", aria_label="the prompt's tags")
    yield element("details", element("summary", "How each tag was checked"), element("dl", *_checks(track.row)))
    if track.audio:
        yield spectrogram(read_audio(track.audio, SAMPLE_RATE))
    if track.midi:
        yield from _music(track.midi, track.row)
    else:
        yield missing("The music of this track", "dvc repro")
    yield element("dl", *_facts(track.row))
    if track.provenance:
        steps = (_step(step) for step in track.provenance["chain"])
        yield element("details", element("summary", "Where it comes from"), element("ol", *steps, class_="chain"))
    else:
        yield missing("Where it comes from", "dvc repro collect")


def _players(track: Track, players: Mapping[str, str]) -> Iterator[Element]:
    """What can be heard of a track, and why the rest cannot."""
    if not track.is_heard:
        yield element("p", "No preview: report.previews in params.yaml says how many tracks have one.", class_="absent")
        return
    if players:
        yield element("div", *(_player(f"{side} the codec", at) for side, at in players.items()), class_="players")
    if not track.audio:
        yield missing("The audio of this track", "dvc repro")
    if AFTER not in players:
        what, command = ("Its codes", "dvc repro") if not track.codes else ("The codec", "dvc repro codec")
        yield missing(what, command)


def _player(words: str, source: str) -> Element:
    player = element("audio", src=source, controls="", preload="none", aria_label=words)
    return element("figure", element("figcaption", words), player)


def _tags(row: Row) -> Iterator[Element]:
    """Each tag, with whether it is true by the checks on it."""
    for tag in tags_of(row["prompt"]):
        verdicts = [(kind, is_true) for found, kind, is_true in row.get("verdicts", ()) if found == tag]
        wrong = [kind for kind, is_true in verdicts if not is_true]
        if not verdicts:
            mark, words = "·", "not checked"
        elif wrong:
            mark, words = "✗", f"not true: {', '.join(wrong)}"
        else:
            mark, words = "✓", f"true: {', '.join(kind for kind, _ in verdicts)}"
        state = {"✓": "true", "✗": "false", "·": "unknown"}[mark]
        yield element("li", element("span", mark, aria_label=words, role="img"), f" {tag}", class_=state, title=words)


def _checks(row: Row) -> Iterator[Element]:
    """Each tag with the checks on it in words, for where there is no mouse to show a tooltip."""
    for tag in tags_of(row["prompt"]):
        checks = [
            kind.replace("_", " ") + ("" if is_true else " – not true")
            for found, kind, is_true in row.get("verdicts", ())
            if found == tag
        ]
        yield element("dt", tag)
        yield element("dd", ", ".join(checks) or "not checked")


def spectrogram(audio: np.ndarray) -> Element:
    """Levels of mel bands over time as a canvas that the page's script paints."""
    levels_FB = log_mel_db(audio).mean(axis=0)
    n = max(1, len(levels_FB) // COLUMNS)
    columns = levels_FB[: len(levels_FB) // n * n].reshape(-1, n, BANDS, N_MELS // BANDS).mean(axis=(1, 3))
    return heat_map((columns.T[::-1] - BOTTOM_DB) / (TOP_DB - BOTTOM_DB), "spectrogram: time to the right, pitch up")


def heat_map(values: np.ndarray, words: str) -> Element:
    """A picture of (rows, columns), 0 to 1, as a canvas that the page's script paints."""
    rows, columns = values.shape
    pixels = base64.b64encode((values.clip(0, 1) * 255).astype(np.uint8).tobytes()).decode()
    return element(
        "canvas", width=str(columns), height=str(rows), data_pixels=pixels, role="img", aria_label=words, class_="heat"
    )


def _music(midi: Path, row: Row) -> Iterator[Element]:
    try:
        music = read_contents(midi)
    except LegatoError as error:
        yield element("p", str(error), class_="absent")
        return
    yield roll(music, scale_of(music))
    names = list(dict.fromkeys((row.get("instruments") or {}).values()))
    if names:
        parts = (element("li", str(name).replace("_", " ")) for name in names)
        yield element("ul", *parts, class_="instruments", aria_label="instruments")


def _facts(row: Row) -> Iterator[Element]:
    told = {words: row[name] for name, words in FACTS.items() if row.get(name) is not None}
    if row.get("key"):
        told["key"] = f"{row['key']} {row['scale']}".replace("_", " ")
    for words, value in told.items():
        yield element("dt", words)
        yield element("dd", str(value))


def _step(step: Row) -> Element:
    made = step["generated"]
    used = [element("li", f"from {one['entity']}", *_hash(one)) for one in step["used"]]
    return element(
        "li",
        element("b", step["activity"]),
        f" by code {step['code'][:12]}" + (f", {step['agent']}" if "agent" in step else ""),
        element("ul", *used, element("li", f"made {made['entity']}", *_hash(made))),
    )


def _hash(entity: Row) -> list[Inside]:
    licence = f", {entity['license']}" if entity.get("license") else ""
    return [" ", element("code", entity["sha256"][:16], title=entity["sha256"]), licence]
