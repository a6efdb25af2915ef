"""Every track at one loudness: trim, level, round to 16 bits, and measure what was written."""

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from legato.audio import quantize, silence_share, trim_silence
from legato.errors import LegatoError
from legato.loudness import MIN_SECONDS, Limiter, integrated_lufs, level, true_peak_dbtp
from legato.params import Strict

AT_TARGET_LU = 0.1


class SilenceParams(Strict):
    """What is cut at both ends of a track."""

    threshold_db: Annotated[float, Field(ge=-120, le=-20)]  # relative to the track's peak
    hold_s: Annotated[float, Field(ge=0, le=30)]  # kept behind the last sample above it
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


def normalize(audio: np.ndarray, sample_rate: int, params: NormalizeParams) -> tuple[np.ndarray, dict[str, Any]]:
    """Trim a track and bring it to the target loudness under the true-peak ceiling.

    Args:
        audio: (n_samples, 2) float32.

    Returns:
        The audio, rounded to 16 bits, and facts measured on it.

    Raises:
        LegatoError: the audio is silent, not finite, or too short to be measured.
    """
    if not np.isfinite(audio).all():
        raise LegatoError("the audio holds NaN or infinite samples")
    trimmed = trim_silence(audio, sample_rate, **params.silence.model_dump())
    if not len(trimmed):
        raise LegatoError("the audio is silent")
    if len(trimmed) < MIN_SECONDS * sample_rate:
        seconds = len(trimmed) / sample_rate
        raise LegatoError(f"the audio lasts {seconds:.2f} s: loudness takes at least {MIN_SECONDS} s")
    limiter = Limiter(
        ceiling_dbtp=params.ceiling_dbtp,
        max_reduction_db=params.limiter.max_reduction_db,
        lookahead_s=params.limiter.lookahead_ms / 1000,
        release_s=params.limiter.release_ms / 1000,
    )
    leveled = level(trimmed, sample_rate, params.target_lufs, limiter)
    written = quantize(leveled.audio)
    lufs = integrated_lufs(written, sample_rate)
    if not np.isfinite(lufs):
        raise LegatoError("the audio is too quiet to be measured: BS.1770 gates all of it")
    return written, {
        "seconds": round(len(written) / sample_rate, 3),
        "trimmed_s": round((len(audio) - len(trimmed)) / sample_rate, 3),
        "lufs": round(lufs, 3),
        "dbtp": round(true_peak_dbtp(written), 3),
        "gain_db": round(leveled.gain_db, 3),
        "limiter_db": round(leveled.reduction_db, 3),
        "at_target": abs(lufs - params.target_lufs) <= AT_TARGET_LU,
        "silence": round(silence_share(written, sample_rate), 4),
    }
