"""Every track at one loudness: trim, level, round to 16 bits, and measure what was written.

A track is read and written in blocks: memory does not grow with its length, but for some bytes every 2 ms.
"""

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from legato.audio.leveling import Target, level
from legato.audio.limiter import Limiter
from legato.audio.loudness import MIN_SECONDS, Bins, blocks_of, measured
from legato.audio.samples import SILENCE_BLOCK_S, SILENCE_DBFS, Source, Write, create_audio, in_memory, open_audio
from legato.audio.trimming import Trim, bins_within, lengthened, span_of, trimmed
from legato.workspace.params import Strict

AT_TARGET_LU = 0.1


class SilenceParams(Strict):
    """What is cut at both ends of a track."""

    threshold_db: Annotated[float, Field(ge=-120, le=-20)]  # relative to the track's peak
    hold_s: Annotated[float, Field(ge=0, le=30)]  # kept after the last sample above it
    fade_s: Annotated[float, Field(ge=0, le=10)]


class LimiterParams(Strict):
    """How fast and how far the limiter may go."""

    max_reduction_db: Annotated[float, Field(gt=0, le=24)]
    lookahead_ms: Annotated[float, Field(gt=0, le=100)]
    release_ms: Annotated[float, Field(gt=0, le=5000)]


class NormalizeParams(Strict):
    """`normalize` in params.yaml."""

    target_lufs: Annotated[float, Field(ge=-40, le=-5)]
    ceiling_dbtp: Annotated[float, Field(ge=-20, le=-0.1)]
    format: Literal["wav", "flac"]
    silence: SilenceParams
    limiter: LimiterParams


class InFile:
    """A file that normalized audio is written to."""

    def __init__(self, path: Path, sample_rate: int) -> None:
        self._path, self._sample_rate = path, sample_rate

    def create(self) -> AbstractContextManager[Write]:
        return create_audio(self._path, self._sample_rate, "PCM_16")


class InMemory:
    """An array that normalized audio is written to."""

    audio = np.zeros((0, 2), np.float32)

    @contextmanager
    def create(self) -> Iterator[Write]:
        blocks: list[np.ndarray] = []
        yield blocks.append
        self.audio = np.concatenate(blocks)


def normalize_file(source: Path, target: Path, sample_rate: int, params: NormalizeParams) -> dict[str, Any]:
    """Normalize a file into another, .wav or .flac, and return facts measured on what was written.

    Raises:
        LegatoError: as `normalize`; or the file cannot be read as audio.
    """
    with open_audio(source, sample_rate) as audio:
        return _normalize(audio, sample_rate, params, InFile(target, sample_rate))


def normalize(audio: np.ndarray, sample_rate: int, params: NormalizeParams) -> tuple[np.ndarray, dict[str, Any]]:
    """Trim a track and bring it to the target loudness under the true-peak ceiling.

    A track too short to be measured is made longer by silence.

    Args:
        audio: (n_samples, 2) float32.

    Returns:
        The audio, rounded to 16 bits, and facts measured on it.

    Raises:
        LegatoError: the audio is silent, not finite, or cannot be made loud enough to be measured.
    """
    target = InMemory()
    facts = _normalize(in_memory(audio), sample_rate, params, target)
    return target.audio, facts


def _normalize(source: Source, sample_rate: int, params: NormalizeParams, target: Target) -> dict[str, Any]:
    bins = measured(blocks_of(source, sample_rate), sample_rate)
    span = span_of(bins, Trim(**params.silence.model_dump()), source.step)
    kept = trimmed(source, span)
    track = lengthened(kept, math.ceil(MIN_SECONDS * sample_rate))
    bins = bins_within(bins, span, track.n_samples)
    limiter = Limiter(
        ceiling_dbtp=params.ceiling_dbtp,
        max_reduction_db=params.limiter.max_reduction_db,
        lookahead_s=params.limiter.lookahead_ms / 1000,
        release_s=params.limiter.release_ms / 1000,
    )
    leveled = level(track, bins, params.target_lufs, limiter, target)
    return {
        "seconds": round(track.n_samples / sample_rate, 3),
        "trimmed_s": round((source.n_samples - kept.n_samples) / sample_rate, 3),
        "padded_s": round((track.n_samples - kept.n_samples) / sample_rate, 3),
        "lufs": round(leveled.lufs, 3),
        "dbtp": round(leveled.dbtp, 3),
        "gain_db": round(leveled.gain_db, 3),
        "limiter_db": round(leveled.reduction_db, 3),
        "at_target": abs(leveled.lufs - params.target_lufs) <= AT_TARGET_LU,
        "silence": round(_silence_share(leveled.bins), 4),
    }


def _silence_share(bins: Bins) -> float:
    """The share of 50 ms blocks whose peak is under -60 dBFS."""
    per_block = round(SILENCE_BLOCK_S / bins.seconds)
    peaks = np.pad(bins.peaks, (0, -len(bins.peaks) % per_block)).reshape(-1, per_block).max(axis=1)
    return float(np.mean(peaks < 10 ** (SILENCE_DBFS / 20)))
