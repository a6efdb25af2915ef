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

from legato import shards
from legato.audio.features import WIDTH_FLOOR_DB
from legato.audio.mel import N_MELS, log_mel_db
from legato.audio.samples import read_audio
from legato.contract.facts import Facts, known_values
from legato.contract.tags import split_tags
from legato.errors import LegatoError
from legato.files import Json, write_text
from legato.midi.contents import read_contents
from legato.midi.gm import DRUM_BANK, KITS, MELODIC_BANK, PROGRAMS
from legato.page.figures import SPACE, clock, number
from legato.page.html import Inside, breakable, element, missing, with_code
from legato.page.roll import N_COLORS, Scale, roll, scale_of
from legato.report.track_list import DIGITS
from legato.report.tracks import AFTER, Found, Track, key_of
from legato.tokens import SAMPLE_RATE
from legato.truth.basis import STATED, Verdict
from legato.work import items
from legato.workspace.layout import PAGE

COLUMNS, BANDS = 240, 40  # of a spectrogram
TOP_DB, BOTTOM_DB = -10.0, -80.0
FACTS = {  # what is shown, in this order: (words, unit, digits), None of what is no measurement
    "form": ("form", "", None),
    "lufs": ("loudness", "LUFS", 1),
    "dbtp": ("true peak", "dBTP", 1),
    "gain_db": ("gain", "dB", 1),
    "limiter_db": ("limited by", "dB", 1),
    "width_db": ("width, side to mid", "dB", 1),
    "synth": ("synthesiser", "", None),
    "seed": ("seed", "", None),
}
PRESETS = {(MELODIC_BANK, program): name for name, program in PROGRAMS.items()} | {
    (DRUM_BANK, program): name for name, program in KITS.items()
}


def write_details(
    category: str, tracks: Sequence[Found], players: Mapping[str, Mapping[str, str]], preview_seconds: float
) -> None:
    """Write the files of a category's tracks, those that changed alone.

    Args:
        players: of each track that is heard its previews' addresses, by side of the codec.
        preview_seconds: of each preview, where the track is that long.

    Raises:
        LegatoError: a file cannot be read.
    """

    def work(found: Found, out: Path) -> dict[str, Any]:
        track, name = found.load(), found.name
        article = element("article", *_inside(track, players.get(name, {}), preview_seconds))
        html = tostring(article, encoding="unicode", method="html")
        write_text(out / f"{name}.js", f"legato.show({json.dumps(name)}, {json.dumps(html)});\n")
        return {}

    step = items.Step[Found](
        stage="report",
        category=category,
        work=work,
        name=lambda found: found.name,
        reads=lambda found: _content(found.load(), players.get(found.name)),
        settings={"preview_seconds": preview_seconds},
        outs=[PAGE.path / "tracks" / category],
    )
    items.build(step, tracks)


def _content(track: Track, players: Mapping[str, str] | None) -> list[Any]:
    """All that a track's file is made from."""
    files = (shards.sha256_of(path) if path else None for path in (track.audio, track.midi))
    return [dict(track.row), track.provenance, track.is_heard, players, *files]


def _inside(track: Track, players: Mapping[str, str], preview_seconds: float) -> Iterator[Inside]:
    yield element("a", "Back to the list", href="#tracks", class_="back")
    yield element("h3", *breakable(track.row["id"]), tabindex="-1")
    yield element("p", *_about(track.row), class_="about")
    yield from _players(track, players, preview_seconds)
    yield element("ul", *_tags(track.row), class_="tags", aria_label="the prompt's tags")
    yield element("details", element("summary", "How each tag was checked"), element("dl", *_checks(track.row)))
    if track.audio:
        audio = read_audio(track.audio, SAMPLE_RATE)
        yield _over_time("Spectrogram", spectrogram(audio), len(audio) / SAMPLE_RATE)
    if track.midi:
        yield from _music(track.midi, track.row)
    elif not track.row.get("is_audio"):  # a recording has no notes to show
        yield missing("The music of this track", "dvc repro")
    yield element("dl", *_facts(track.row), *_rights(track.row))
    if track.provenance:
        steps = (_step(step) for step in track.provenance["chain"])
        yield element("details", element("summary", "Where it comes from"), element("ol", *steps, class_="chain"))
    else:
        yield missing("Where it comes from", "dvc repro collect")


def _about(row: Facts) -> Iterator[Inside]:
    """What a listener wants to know first, in a line."""
    bpm = row.get("bpm")
    digits = 0 if bpm is None or float(bpm).is_integer() else DIGITS["bpm"]
    known = ["bpm not known" if bpm is None else f"{number(bpm, digits)} bpm"]
    known += [key_of(row) or "no key", clock(row["seconds"])]
    yield ", ".join(known) + ", "
    yield element("span", row.get("license") or "no licence", class_="whole")
    if "held_out" in row:
        yield ", held out of training" if row["held_out"] else ", for training"


def _players(track: Track, players: Mapping[str, str], preview_seconds: float) -> Iterator[Element]:
    """What can be heard of a track, and why the rest cannot."""
    if not track.is_heard:
        yield element(
            "p", "No preview: ", element("code", "report.previews"), " in params.yaml says how many tracks have one.",
            class_="absent",
        )  # fmt: skip
        return
    if players:
        whole = track.row["seconds"] <= preview_seconds
        long = clock(track.row["seconds"]) if whole else f"first {preview_seconds:g}{SPACE}s"
        yield element("div", *(player(f"{side} the codec", at, long) for side, at in players.items()), class_="players")
    if not track.audio:
        yield missing("The audio of this track", "dvc repro")
    if AFTER not in players:
        what, command = ("Its codes", "dvc repro") if not track.codes else ("The codec", "dvc repro codec")
        yield missing(what, command)


def player(words: str, source: str, long: str) -> Element:
    """A player that says how long it plays before it does."""
    audio = element("audio", src=source, controls="", preload="metadata", aria_label=f"{words}, {long}")
    return element("figure", element("figcaption", words, element("span", long, class_="long")), audio)


def _tags(row: Facts) -> Iterator[Element]:
    """Each tag, with whether it is true by the checks on it; what is only stated has a mark of its own."""
    for tag in split_tags(row["prompt"]):
        verdicts = _verdicts(row, tag)
        wrong = [one.kind for one in verdicts if not one.is_true]
        checked = [one.kind for one in verdicts if one.basis != STATED]
        if not verdicts:
            mark, words = "·", "not checked"
        elif wrong:
            mark, words = "✗", f"not true: {', '.join(wrong)}"
        elif checked:
            mark, words = "✓", f"true: {', '.join(checked)}"
        else:
            mark, words = "○", f"stated, not checked: {', '.join(one.kind for one in verdicts)}"
        state = {"✓": "true", "✗": "false", "○": "stated", "·": "unknown"}[mark]
        sign = element("span", mark, aria_label=words, role="img")
        yield element("li", sign, " ", *breakable(tag), class_=state, title=words)


def _checks(row: Facts) -> Iterator[Element]:
    """Each tag with the checks on it in words, for where there is no mouse to show a tooltip."""
    for tag in split_tags(row["prompt"]):
        checks = [
            f"{one.kind.replace('_', ' ')} ({one.basis})" + ("" if one.is_true else " – not true")
            for one in _verdicts(row, tag)
        ]
        yield element("dt", *breakable(tag))
        yield element("dd", ", ".join(checks) or "not checked")


def _verdicts(row: Facts, tag: str) -> list[Verdict]:
    return [verdict for verdict in (Verdict(*one) for one in row.get("verdicts", ())) if verdict.tag == tag]


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


def _over_time(words: str, picture: Element, seconds: float) -> Element:
    """A picture whose width is a track's time."""
    ends = (element("span", clock(at)) for at in (0, seconds))
    return element(
        "figure", element("figcaption", words), picture, element("div", *ends, class_="times"), class_="time"
    )


def _music(midi: Path, row: Facts) -> Iterator[Element]:
    try:
        music = read_contents(midi)
    except LegatoError as error:
        yield element("p", *with_code(str(error)), class_="absent")
        return
    scale = Scale(max(row["seconds"], music.seconds), scale_of(music).presets)
    yield _over_time("Notes", roll(music, scale), scale.seconds)
    parts = (
        element(
            "li",
            element("span", class_=f"swatch back{at % N_COLORS}"),
            PRESETS.get(preset, str(preset)).replace("_", " "),
        )
        for at, preset in enumerate(scale.presets)
    )
    yield element("ul", *parts, class_="legend", aria_label="instruments")


def _facts(row: Facts) -> Iterator[Element]:
    for name, (words, unit, digits) in FACTS.items():
        value = next(iter(known_values([row], name)), None)
        if name == "width_db" and value == WIDTH_FLOOR_DB:
            yield element("dt", words)
            yield element("dd", "mono")
        elif value is not None:
            shown = str(value) if digits is None else number(value, digits) + (f"{SPACE}{unit}" if unit else "")
            yield element("dt", words)
            yield element("dd", shown)


def _rights(row: Facts) -> Iterator[Element]:
    """Of what an archive gave: whose it is, and by which rule each layer of rights is known."""
    archive = row.get("archive") or {}
    known = {"from": archive.get("source"), "title": archive.get("title"), "creator": archive.get("creator")}
    for layer, facts in (row.get("rights") or {}).items():
        known[layer] = f"{facts['license']}: {facts['rule']} ({facts['field']})"
    for words, value in known.items():
        if value:
            yield element("dt", words)
            yield element("dd", *breakable(value))


def _step(step: Json) -> Element:
    made = step["generated"]
    used = [element("li", "from ", *breakable(one["entity"]), *_hash(one)) for one in step["used"]]
    return element(
        "li",
        element("b", step["activity"]),
        f" by code {step['code'][:12]}" + (f", {step['agent']}" if "agent" in step else ""),
        element("ul", *used, element("li", "made ", *breakable(made["entity"]), *_hash(made))),
    )


def _hash(entity: Json) -> list[Inside]:
    terms = f", {entity['license']}" if entity.get("license") else ""
    return [" ", element("code", entity["sha256"][:16], title=entity["sha256"]), terms]
