"""What generated samples are like, as numbers: how long, how loud, how silent, and how their codes are used.

Conventions: audio is float32 (n_samples, 2); counts are a codebook's usage, (18, 1024); perplexity is
2 ** entropy, 1 to 1024; divergences are in bits, 0 to 1. Short samples use few codes, so that both figures
say more of samples together than of one, and compare only between samples of like length.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from legato.audio import read_audio, silence_share
from legato.codes import read_codes
from legato.dia.batches import Track
from legato.errors import LegatoError
from legato.files import read_jsonl
from legato.loudness import MIN_SECONDS, integrated_lufs
from legato.metrics import TOTAL, perplexity, usage
from legato.tokens import SAMPLE_RATE

FACTS = "samples.jsonl"


@dataclass(frozen=True)
class Sample:
    """A generated sample."""

    id: str
    ended: bool  # whether the model ended it, rather than the time it was given
    audio: np.ndarray
    counts: np.ndarray


def read_samples(folder: Path) -> list[Sample]:
    """The samples that the `sample` stage wrote.

    Raises:
        LegatoError: there are none, or a file is missing or cannot be read.
    """
    rows = read_jsonl(folder / FACTS)
    if not rows:
        raise LegatoError(f"{folder / FACTS}: must name at least one sample")
    return [
        Sample(
            id=row["id"],
            ended=row["ended"],
            audio=read_audio(folder / f"{row['id']}.wav", SAMPLE_RATE),
            counts=usage(read_codes(folder / f"{row['id']}.pt").numpy()),
        )
        for row in rows
    ]


def evaluate(samples: Sequence[Sample], heldout: Sequence[Track]) -> dict[str, dict[str, Any]]:
    """Figures of each sample by its id, and of all under `total`.

    `seconds` and `ended` are sums, `lufs` and `silence` means; `perplexity` and `unigram_js_bits` are
    those of all samples' codes taken together.
    """
    heldout_counts = np.sum([usage(track.codes_TK.numpy()) for track in heldout], axis=0)
    found = {sample.id: _figures(sample, heldout_counts) for sample in samples}
    all_counts = np.sum([sample.counts for sample in samples], axis=0)
    levels = [row["lufs"] for row in found.values() if row["lufs"] is not None]
    total = {
        "samples": len(samples),
        "seconds": round(sum(row["seconds"] for row in found.values()), 3),
        "ended": sum(row["ended"] for row in found.values()),
        "lufs": round(float(np.mean(levels)), 2) if levels else None,
        "silence": round(float(np.mean([row["silence"] for row in found.values()])), 4),
        **_code_figures(all_counts, heldout_counts),
    }
    return found | {TOTAL: total}


def jensen_shannon_bits(counts: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Jensen-Shannon divergence of two usages, (..., V) and (..., V) to (...): 0 if alike, 1 if they share nothing.

    It is the entropy of the mixture less the mean entropy of its halves, in bits.

    >>> jensen_shannon_bits(np.array([[1, 1], [3, 0]]), np.array([[2, 2], [0, 5]])).tolist()
    [0.0, 1.0]
    """
    shares, others = (values / values.sum(axis=-1, keepdims=True) for values in (counts, other))
    mixture, half, other_half = (np.log2(perplexity(values)) for values in (shares + others, shares, others))
    return mixture - (half + other_half) / 2


def _figures(sample: Sample, heldout_counts: np.ndarray) -> dict[str, Any]:
    return {
        "seconds": round(len(sample.audio) / SAMPLE_RATE, 3),
        "ended": int(sample.ended),
        "lufs": _lufs(sample.audio),
        "silence": round(silence_share(sample.audio, SAMPLE_RATE), 4),
        **_code_figures(sample.counts, heldout_counts),
    }


def _code_figures(counts: np.ndarray, heldout_counts: np.ndarray) -> dict[str, float]:
    return {
        "perplexity": round(float(perplexity(counts).mean()), 1),
        "unigram_js_bits": round(float(jensen_shannon_bits(counts, heldout_counts).mean()), 4),
    }


def _lufs(audio: np.ndarray) -> float | None:
    """Integrated loudness, or None where it has no number: silence, and less than one gating block."""
    if len(audio) < MIN_SECONDS * SAMPLE_RATE:
        return None
    lufs = integrated_lufs(audio, SAMPLE_RATE)
    return round(lufs, 2) if np.isfinite(lufs) else None
