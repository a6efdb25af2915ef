"""What the model plays, by prompt, with what the checks on it say."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree.ElementTree import Element

import soundfile

from legato.files import read_json, read_jsonl, write_bytes
from legato.measure.evaluation.clips import FACTS
from legato.page.figures import duration, percent
from legato.page.html import Inside, element, missing
from legato.page.preview import preview
from legato.report.details import player
from legato.workspace.layout import EVALUATION, PAGE, SAMPLES

LIST = SAMPLES.path / FACTS
LONGEST_S = 30
ALL = "all"  # kinds of checks together
INTRODUCTION = (
    "Each clip is judged by what can be heard of its prompt. So is held-out music: that of the same phrase should "
    "pass, that of the other prompts should not. A check that does not tell the two apart says nothing about the clips."
)
Shares = Mapping[str, float | None]


def samples() -> Iterator[Inside]:
    """Each prompt's clips and verdicts."""
    if not LIST.is_file():
        yield missing("Samples of the model", "dvc repro sample")
        return
    judged = read_json(EVALUATION.path).get("prompts", {}) if EVALUATION.path.is_file() else {}
    by_prompt: dict[str, list[str]] = {}
    for row in read_jsonl(LIST):
        by_prompt.setdefault(row["prompt"], []).append(row["id"])
    if judged:
        yield element("p", INTRODUCTION)
    for prompt, names in by_prompt.items():
        clips = (_clip(LIST.with_name(f"{name}.wav"), nth) for nth, name in enumerate(names, start=1))
        passed = judged.get(prompt, {}).get("passed", {})
        yield element(
            "article",
            element("h3", prompt),
            element("div", *clips, class_="players"),
            *_verdicts(passed, is_judged=prompt in judged),
        )
    if not judged:
        yield missing("What the checks say of the samples", "dvc repro evaluate")


def _clip(path: Path, number: int) -> Element:
    write_bytes(PAGE.path / "samples" / f"{path.stem}.mp3", preview(path, LONGEST_S))
    source, seconds = f"page/samples/{path.stem}.mp3", min(soundfile.info(path).duration, LONGEST_S)
    return player(f"clip {number}", source, duration(seconds))


def _verdicts(passed: Mapping[str, Shares], *, is_judged: bool) -> Iterator[Element]:
    """Each check that the prompt calls for, with what it says in words."""
    if not is_judged:
        return
    kinds = {kind: shares for kind, shares in passed.items() if kind != ALL}
    if not kinds:
        yield element("p", "Nothing that this prompt asks for can be checked by ear alone.", class_="absent")
        return
    cells = []
    for kind, shares in kinds.items():
        words, is_telling = verdict(shares)
        cells += [
            element("dt", kind.replace("_", " ")),
            element("dd", words, **({} if is_telling else {"class_": "absent"})),
        ]
    yield element("dl", *cells, class_="verdicts")


def verdict(shares: Shares) -> tuple[str, bool]:
    """What a check says of a prompt's clips, in words, and whether that means anything.

    >>> verdict({"generated": 0.5, "held_out": 1.0, "others": 0.25})[1]
    True
    >>> verdict({"generated": 0.0, "held_out": 0.0, "others": None})
    ('says nothing here: not even held-out music of this phrase passes', False)
    """
    generated, held_out, others = (shares.get(side) for side in ("generated", "held_out", "others"))
    clips = "no clip can be judged" if generated is None else f"{percent(generated)} of the clips pass"
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
