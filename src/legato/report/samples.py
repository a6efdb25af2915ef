"""What the model plays, by prompt, beside music that it has never heard, with what the checks on it say."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from xml.etree.ElementTree import Element

import soundfile

from legato.contract.folder import METADATA
from legato.contract.tags import split_tags
from legato.dia.dataset import AnyTrack, read_held_out
from legato.files import read_json, read_jsonl, write_bytes
from legato.measure.evaluation.clips import FACTS, Decode, excerpts, of_phrase
from legato.measure.intervals import HIGH, LOW
from legato.page.figures import duration, percent
from legato.page.html import Inside, element, missing
from legato.page.preview import compressed, preview
from legato.report.details import player
from legato.tokens import HOP_LENGTH, SAMPLE_RATE
from legato.workspace.layout import EVALUATION, HELD_OUT, PAGE, SAMPLES, WEIGHTS

LIST = SAMPLES.path / FACTS
LONGEST_S = 30
ALL = "all"  # kinds of checks together
WHAT_IT_IS = (
    "What the trained model plays for each prompt, and a piece of held-out music of the same phrase, decoded from its "
    "codes as the clips are: the model has never heard it, and it is how a perfect clip would sound."
)
INTRODUCTION = (
    "Each clip is judged by what can be heard of its prompt. So is held-out music: that of the same phrase should "
    "pass, that of the other prompts should not. A check that does not tell the two apart says nothing about the clips."
)
Shares = Mapping[str, float | None]


def samples() -> Iterator[Inside]:
    """Each prompt's clips, held-out music and verdicts."""
    if not LIST.is_file():
        yield missing("Samples of the model", "dvc repro sample")
        return
    judged = read_json(EVALUATION.path).get("prompts", {}) if EVALUATION.path.is_file() else {}
    by_prompt: dict[str, list[str]] = {}
    for row in read_jsonl(LIST):
        by_prompt.setdefault(row["prompt"], []).append(row["id"])
    held_out = read_held_out(HELD_OUT.path) if (HELD_OUT.path / METADATA).is_file() else []
    yield element("p", WHAT_IT_IS)
    if judged:
        yield element("p", INTRODUCTION)
    for index, (prompt, names) in enumerate(by_prompt.items()):
        clips = [_clip(LIST.with_name(f"{name}.wav"), nth) for nth, name in enumerate(names, start=1)]
        clips += _real(index, prompt, held_out, LIST.with_name(f"{names[0]}.wav"))
        found = judged.get(prompt, {})
        yield element(
            "article",
            element("h3", prompt),
            element("div", *clips, class_="players"),
            *_verdicts(found.get("passed", {}), found.get("not_told", {}), is_judged=prompt in judged),
        )
    if not judged:
        yield missing("What the checks say of the samples", "dvc repro evaluate")


def _clip(path: Path, number: int) -> Element:
    write_bytes(PAGE.path / "samples" / f"{path.stem}.mp3", preview(path, LONGEST_S))
    source, seconds = f"page/samples/{path.stem}.mp3", min(soundfile.info(path).duration, LONGEST_S)
    return player(f"clip {number}", source, duration(seconds))


def _real(index: int, prompt: str, held_out: Sequence[AnyTrack], clip: Path) -> Iterator[Element]:
    """An excerpt of the held-out track of a prompt's phrase that shares most of its tags, as long as a clip of it."""
    tags = split_tags(prompt)
    tracks = of_phrase(held_out, tags)
    if not tracks:
        yield element("p", "No held-out music has this phrase.", class_="absent")
        return
    if not WEIGHTS.path.is_file():
        yield missing("The codec", "dvc repro codec")
        return
    nearest = max(tracks, key=lambda track: len({*tags} & {*track.tags}))
    n_frames = max(1, round(min(soundfile.info(clip).duration, LONGEST_S) * SAMPLE_RATE / HOP_LENGTH))
    (found,) = excerpts([nearest], 1, n_frames, _decode())
    path = f"held_out_{index:02d}.mp3"
    write_bytes(PAGE.path / "samples" / path, compressed(found.audio, SAMPLE_RATE))
    seconds = len(found.audio) / SAMPLE_RATE
    yield player(f"held out: {nearest.id}", f"page/samples/{path}", duration(seconds))


def _decode() -> Decode:
    from legato.codec import model as codec  # here, so that a page without samples does not pay for it

    return partial(codec.decode, codec.loaded(WEIGHTS.path))


def _verdicts(passed: Mapping[str, Shares], not_told: Mapping[str, str], *, is_judged: bool) -> Iterator[Element]:
    """Each check that the prompt calls for, with what it says in words."""
    if not is_judged:
        return
    kinds = {kind: shares for kind, shares in passed.items() if kind != ALL}
    if not (kinds or not_told):
        yield element("p", "Nothing that this prompt asks for can be checked by ear alone.", class_="absent")
        return
    cells = []
    for kind, shares in kinds.items():
        words, is_telling = verdict(shares)
        cells += [
            element("dt", kind.replace("_", " ")),
            element("dd", words, **({} if is_telling else {"class_": "absent"})),
        ]
    for kind, why in not_told.items():
        cells += [element("dt", kind.replace("_", " ")), element("dd", f"not told: {why}", class_="absent")]
    yield element("dl", *cells, class_="verdicts")


def verdict(shares: Shares) -> tuple[str, bool]:
    """What a check says of a prompt's clips, in words, and whether that means anything.

    >>> verdict({"generated": 0.5, "held_out": 1.0, "others": 0.25})[1]
    True
    >>> verdict({"generated": 0.0, "held_out": 0.0, "others": None})
    ('says nothing here: not even held-out music of this phrase passes', False)
    """
    generated, held_out, others = (shares.get(side) for side in ("generated", "held_out", "others"))
    clips = "no clip can be judged" if generated is None else f"{percent(generated)} of the clips pass{_sure(shares)}"
    if held_out is None:
        return f"{clips}; there is no held-out music of this phrase to compare with", generated is not None
    if held_out == 0:
        return "says nothing here: not even held-out music of this phrase passes", False
    own = f"{clips}; of held-out music {percent(held_out)} of this phrase"
    if others is None:
        return f"{own}, and there is none of other prompts", generated is not None
    if held_out <= others:
        of = f"{percent(held_out)} of this phrase, {percent(others)} of the others"
        return f"says nothing here: held-out music passes whatever its prompt, {of}", False
    return f"{own}, {percent(others)} of the others", generated is not None


def _sure(shares: Shares) -> str:
    """Within what a share of clips is sure, where that is known."""
    low, high = (shares.get(f"generated{end}") for end in (LOW, HIGH))
    return "" if low is None or high is None else f" (sure within {percent(low)} and {percent(high)})"
