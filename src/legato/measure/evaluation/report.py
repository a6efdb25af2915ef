"""The report on generated clips, each figure beside that of held-out music of the same kind and length.

Conventions: a figure is `{"generated": x, "held_out": y}`, None where there is nothing to measure; what is heard has
`others` too, what held-out music of the other prompts scores: where that is the same, the check means nothing. Shares
are 0 to 1. Shares of clips have their interval beside them, `generated_low` to `generated_high`: see `intervals`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np

from legato.audio.loudness import MIN_SECONDS
from legato.audio.samples import silence_share
from legato.audio.second_opinion import integrated_lufs
from legato.contract.tags import split_tags
from legato.dia.dataset import AnyTrack
from legato.files import Json
from legato.measure.evaluation.adherence import Heard, Judged, judge, judge_other, judge_own
from legato.measure.evaluation.clips import Clip, Decode, Samples, excerpts, of_phrase
from legato.measure.evaluation.codebooks import codebook_use, perplexities
from legato.measure.evaluation.frechet import frechet_log_mel_db
from legato.measure.intervals import Estimate, flat, share_of
from legato.measure.metrics import TOTAL, usage
from legato.tokens import CODEBOOK_NAMES, CODEBOOK_SIZE, N_CHANNELS, SAMPLE_RATE
from legato.truth.by_ear import BPM_HEARD, asked_by
from legato.truth.clips import not_told

GENERATED, HELD_OUT, OTHERS = "generated", "held_out", "others"
ALL = "all"
DIGITS = {"perplexity": 1, "lufs": 2, "frechet_log_mel_db": 2, "hiss_share": 6}  # 4 of the others

Figures = dict[str, float | None]


@dataclass(frozen=True)
class Group:
    """The clips of one prompt, or of all, as judged by their prompts."""

    generated: list[Judged]
    held_out: list[Judged]  # excerpts of the tracks that begin with one of the prompt's tags
    others: list[Judged]  # excerpts of other prompts' tracks, judged by this one in what they are not
    data_counts: np.ndarray  # of all codes of these tracks
    recognised: dict[str, list[bool]]  # of generated and of held-out clips

    def __add__(self, other: "Group") -> "Group":
        return Group(
            self.generated + other.generated,
            self.held_out + other.held_out,
            self.others + other.others,
            self.data_counts + other.data_counts,
            {side: self.recognised[side] + other.recognised[side] for side in self.recognised},
        )


def evaluate(samples: Samples, held_out: Sequence[AnyTrack], n_excerpts: int, decode: Decode) -> Json:
    """Figures of each prompt's clips, under `prompts`, and of all clips, under `total`.

    A prompt's clips are compared with `n_excerpts` excerpts of the held-out tracks that begin with one of its tags,
    decoded by `decode`, and their codes with all codes of these tracks; all clips with all of those.

    Returns:
        Under `prompts` and `total`, what `row` returns, and what `codebooks` returns for the total.
    """
    tags = {prompt: split_tags(prompt) for prompt in samples.clips}
    tracks = {prompt: of_phrase(held_out, tags[prompt]) for prompt in tags}
    cut: dict[tuple[str, ...], list[Clip]] = {}  # prompts may ask for the same tracks
    for chosen in tracks.values():
        key = tuple(track.id for track in chosen)
        if key not in cut:
            cut[key] = excerpts(chosen, n_excerpts, samples.n_frames, decode)
    real = [clip for clips in cut.values() for clip in clips]
    groups = {
        prompt: make_group(clips, tags[prompt], real, sum(map(_counts_of, tracks[prompt]), no_counts()))
        for prompt, clips in samples.clips.items()
    }
    total = reduce(add, groups.values())
    rows = {prompt: row(group) | said(group, tags[prompt]) for prompt, group in groups.items()}
    return {"prompts": rows, TOTAL: row(total) | codebooks(total)}


def make_group(clips: Sequence[Clip], tags: Sequence[str], real: Sequence[Clip], data_counts: np.ndarray) -> Group:
    """Judge a prompt's clips, and held-out excerpts of its own tracks and of others, by its tags."""
    own, others = ([clip for clip in real if (clip.tags[0] in tags) == is_own] for is_own in (True, False))
    return Group(
        generated=[judge(clip, tags) for clip in clips],
        held_out=[judge_own(clip, tags) for clip in own],
        others=[judge_other(clip, tags) for clip in others],
        data_counts=data_counts,
        recognised={GENERATED: recognise(clips, own, others), HELD_OUT: recognise(own, own, others)},
    )


def recognise(clips: Sequence[Clip], own: Sequence[Clip], others: Sequence[Clip]) -> list[bool]:
    """Of each clip whether it is nearer to its own prompt's excerpts than to any other's, in mel levels.

    What cannot be heard is near to nothing. A clip is not compared with itself; where there is nothing to compare it
    with, nothing is said.
    """
    phrases = dict.fromkeys(clip.tags[0] for clip in others)
    groups = [[other for other in others if other.tags[0] == phrase] for phrase in phrases]
    found = []
    for clip in clips:
        rest = [other for other in own if other is not clip]
        if rest and groups:
            nearest_other = min(_distance([clip], group) for group in groups)
            found.append(clip.sound is not None and _distance([clip], rest) < nearest_other)
    return found


def row(group: Group) -> Json:
    """Every figure of generated clips beside that of held-out ones.

    Held-out excerpts are compared with the codes of the rest of their tracks, and one half of them with the other.

    Returns:
        `clips`, how many; `seconds`, their length in all; `ended`, how many the model ended. Then, of each side:
        `passed`, by kind of check, the share of clips in which it holds; the fields of `Heard`; what `figures` returns;
        `frechet_log_mel_db`, a distance in dB; and `recognised`, the share of clips that are nearest
        to their own prompt's music.
    """
    generated, held_out = ([one.clip for one in side] for side in (group.generated, group.held_out))
    rest_counts = group.data_counts - sum((usage(clip.codes_TK) for clip in held_out), no_counts())
    sides = {GENERATED: figures(group.generated, group.data_counts), HELD_OUT: figures(group.held_out, rest_counts)}
    pairs = {GENERATED: (generated, held_out), HELD_OUT: (held_out[0::2], held_out[1::2])}
    for side, found in sides.items():
        found["frechet_log_mel_db"] = _distance(*pairs[side]) if all(pairs[side]) else None
    recognised = {side: share_of(sum(found), len(found)) for side, found in group.recognised.items()}
    passed = {side: passes(getattr(group, side)) for side in (GENERATED, HELD_OUT, OTHERS)}
    heard = {side: heard_means(getattr(group, side)) for side in (GENERATED, HELD_OUT, OTHERS)}
    heard_names = [name for name in Heard._fields if name != "bpm_error" or BPM_HEARD in passed[GENERATED]]
    return {
        "clips": len(generated),
        "seconds": round(sum(len(clip.audio) for clip in generated) / SAMPLE_RATE, 3),
        "ended": sum(clip.ended for clip in generated),
        "passed": {kind: _shares({side: of[kind] for side, of in passed.items()}) for kind in passed[GENERATED]},
        "recognised": _shares(recognised),
        **{name: _beside(name, heard) for name in heard_names},
        **{name: _beside(name, sides) for name in sides[GENERATED]},
    }


def codebooks(group: Group) -> Json:
    """The perplexity of each codebook, 1 to 1024, by name and side."""
    sides = {
        side: perplexities([one.clip.codes_TK for one in getattr(group, side)]) if getattr(group, side) else {}
        for side in (GENERATED, HELD_OUT)
    }
    return {"codebook_perplexity": {name: _beside(name, sides, digits=1) for name in CODEBOOK_NAMES}}


def figures(judged: Sequence[Judged], data_counts: np.ndarray) -> Figures:
    """Mean loudness and silence, and the use of the codebooks by all clips.

    Returns:
        Nothing of no clips. Else `lufs`; `silence`, the share of time that is silent; and of the codes `perplexity`
        (1 to 1024), `unigram_js_bits` (0 to 1 bit), `repeats` and `sides_agree` (shares of codes), see `codebooks`.
    """
    if not judged:
        return {}
    audio = [one.clip.audio for one in judged]
    return {
        "lufs": _mean(map(_lufs, audio)),
        "silence": _mean(silence_share(one, SAMPLE_RATE) for one in audio),
        **codebook_use([one.clip.codes_TK for one in judged], data_counts),
    }


def heard_means(judged: Sequence[Judged]) -> Figures:
    """The mean of each measure over the clips that it is known of."""
    return {name: _mean(getattr(one.heard, name) for one in judged) for name in Heard._fields}


def said(group: Group, tags: Sequence[str]) -> Json:
    """What was asked for against what is heard, pair by pair, and what cannot be told of clips.

    Returns:
        `bpm` and `key`, where the prompt states one: of each side `[asked, heard]` for each clip; a bpm is heard up to
        a factor of two. `not_told`, by kind of check why it is left out.
    """
    found: Json = {}
    for name in ("bpm", "key"):
        if getattr(group.generated[0].asked, name) is not None:
            sides = {GENERATED: group.generated, HELD_OUT: group.held_out}
            pairs = {side: [getattr(one, f"{name}s") for one in judged] for side, judged in sides.items()}
            found[name] = {side: [[*pair] for pair in each if pair is not None] for side, each in pairs.items()}
    return found | {"not_told": not_told(asked_by(tags))}


def passes(judged: Sequence[Judged]) -> defaultdict[str, Estimate | None]:
    """The share of clips in which each kind of what is asked for is heard, and under `all` all of it."""
    kinds = sorted({kind for one in judged for kind in one.verdicts})
    found = {kind: [one.verdicts[kind] for one in judged if kind in one.verdicts] for kind in kinds}
    if kinds:
        found[ALL] = [one.is_as_asked for one in judged if one.is_as_asked is not None]
    return defaultdict(lambda: None, {kind: share_of(sum(each), len(each)) for kind, each in found.items()})


def no_counts() -> np.ndarray:
    """The usage of no codes, (18, 1024)."""
    return np.zeros((N_CHANNELS, CODEBOOK_SIZE), int)


def _counts_of(track: AnyTrack) -> np.ndarray:
    return usage(track.codes_TK.numpy())


def _shares(sides: Mapping[str, Estimate | None]) -> Figures:
    """Shares of clips, each with its interval."""
    return {name: value for side, found in sides.items() for name, value in flat(side, found).items()}


def _beside(name: str, sides: Mapping[str, Mapping[str, float | None]], digits: int | None = None) -> Figures:
    """A figure of each side, rounded so that noise does not show as a change."""
    found = {side: values.get(name) for side, values in sides.items()}
    digits = DIGITS.get(name, 4) if digits is None else digits
    return {side: None if value is None else round(value, digits) for side, value in found.items()}


def _distance(clips: Sequence[Clip], others: Sequence[Clip]) -> float:
    return frechet_log_mel_db([clip.levels for clip in clips], [clip.levels for clip in others])


def _mean(values: Iterable[float | None]) -> float | None:
    """The mean of those values that there are, or None."""
    found = [value for value in values if value is not None]
    return float(np.mean(found)) if found else None


def _lufs(audio: np.ndarray) -> float | None:
    """Integrated loudness, or None where it has no number: silence, and less than one gating block."""
    if len(audio) < MIN_SECONDS * SAMPLE_RATE:
        return None
    lufs = integrated_lufs(audio, SAMPLE_RATE)
    return lufs if np.isfinite(lufs) else None
