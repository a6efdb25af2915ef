"""What is compared: the clips that a model played, and excerpts of the held-out tracks, as long as they are.

Excerpts are decoded from codes as the clips are, so that what the codec loses is not counted against the model.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from torch import Tensor

from legato.audio.samples import SILENCE_DBFS, read_audio, write_audio
from legato.contract.codes import read_codes, write_codes
from legato.contract.tags import split_tags
from legato.dia import sampling
from legato.dia.config import SampleParams
from legato.dia.dataset import AnyTrack
from legato.errors import LegatoError
from legato.files import read_jsonl, write_jsonl
from legato.measure.evaluation.frechet import levels_of
from legato.tokens import SAMPLE_RATE
from legato.truth.by_ear import Sound
from legato.truth.clips import Measured, measure

FACTS = "samples.jsonl"
MIN_SECONDS = 1.0  # a shorter clip cannot be heard

Decode = Callable[[Tensor], np.ndarray]  # codes, (T, 18), to audio, (n_samples, 2)


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A piece of music, generated or held out."""

    tags: tuple[str, ...]  # of its own prompt
    codes_TK: np.ndarray
    audio: np.ndarray  # (n_samples, 2)
    ended: bool = False  # whether the model ended it, rather than the time it was given

    @cached_property
    def sound(self) -> Sound | None:
        """What can be heard of it; None where it is silent or shorter than a second."""
        is_heard = len(self.audio) >= MIN_SECONDS * SAMPLE_RATE and np.abs(self.audio).max() > 10 ** (SILENCE_DBFS / 20)
        return Sound(audio=self.audio, sample_rate=SAMPLE_RATE) if is_heard else None

    @cached_property
    def measured(self) -> Measured | None:
        """What is measured of it; None where it cannot be heard."""
        return None if self.sound is None else measure(self.sound)

    @cached_property
    def levels(self) -> np.ndarray:
        """Its mel bands' levels, (n, 80)."""
        return levels_of(self.audio)


@dataclass(frozen=True)
class Samples:
    """What the `sample` stage wrote."""

    n_frames: int  # that were asked for
    clips: dict[str, list[Clip]]  # of each prompt


def write_samples(folder: Path, settings: SampleParams, codes: Sequence[Tensor], decode: Decode) -> None:
    """Write what a model played, in place of what is in `folder`: codes, audio of 16 bits, and facts of each clip."""
    shutil.rmtree(folder, ignore_errors=True)
    rows = []
    for clip, codes_TK in zip(sampling.clips_of(settings), codes, strict=True):
        write_codes(folder / f"{clip.id}.pt", codes_TK)
        write_audio(folder / f"{clip.id}.wav", sampling.below_ceiling(decode(codes_TK)), SAMPLE_RATE, "PCM_16")
        rows.append(sampling.facts(settings, clip, codes_TK))
    write_jsonl(folder / FACTS, rows)


def read_samples(folder: Path) -> Samples:
    """The clips that the `sample` stage wrote, by prompt in their order.

    Raises:
        LegatoError: there are none, or a file is missing or cannot be read.
    """
    rows = read_jsonl(folder / FACTS)
    if not rows:
        raise LegatoError(f"{folder / FACTS}: must name at least one sample")
    clips: dict[str, list[Clip]] = {}
    for row in rows:
        clip = Clip(
            tags=split_tags(row["prompt"]),
            codes_TK=read_codes(folder / f"{row['id']}.pt").numpy(),
            audio=read_audio(folder / f"{row['id']}.wav", SAMPLE_RATE),
            ended=row["ended"],
        )
        clips.setdefault(row["prompt"], []).append(clip)
    return Samples(max(row["frames_asked"] for row in rows), clips)


def of_phrase(tracks: Sequence[AnyTrack], tags: Sequence[str]) -> list[AnyTrack]:
    """The tracks whose phrase, the first tag of theirs, is among a prompt's tags."""
    return [track for track in tracks if track.tags[0] in tags]


def excerpts(tracks: Sequence[AnyTrack], count: int, n_frames: int, decode: Decode) -> list[Clip]:
    """`count` excerpts of `n_frames` frames (a shorter track's all), spread over the tracks; none of no tracks."""
    found = []
    for index, start in excerpt_starts([len(track.codes_TK) for track in tracks], count, n_frames):
        codes_TK = tracks[index].codes_TK[start : start + n_frames].clone()
        found.append(Clip(tags=tracks[index].tags, codes_TK=codes_TK.numpy(), audio=decode(codes_TK)))
    return found


def excerpt_starts(lengths: Sequence[int], count: int, n_frames: int) -> list[tuple[int, int]]:
    """The track and the first frame of each excerpt: of different tracks while there are more, then evenly spaced.

    >>> excerpt_starts([100, 100], 4, 20), excerpt_starts([100] * 9, 3, 100)
    ([(0, 20), (0, 60), (1, 20), (1, 60)], [(0, 0), (3, 0), (6, 0)])
    """
    of_track = [place * len(lengths) // count for place in range(count)] if lengths else []
    found = []
    for index in dict.fromkeys(of_track):
        room, n_here = max(0, lengths[index] - n_frames), of_track.count(index)
        found += [(index, round(room * (place + 0.5) / n_here)) for place in range(n_here)]
    return found
