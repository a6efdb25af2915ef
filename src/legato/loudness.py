"""Loudness, true peak, and a look-ahead limiter that leaves both where they are asked to be.

Conventions: audio is float32 (n_samples, 2); `lufs` is integrated loudness after ITU-R BS.1770-4;
`dbtp` is the peak of the signal oversampled four times; gains and reductions are in dB, reductions positive.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyloudnorm
import soxr

from legato.audio import decibels, loudest_channel

OVERSAMPLING = 4
MIN_SECONDS = 0.4  # one gating block of BS.1770-4
HEADROOM_DB = 0.05  # kept under the ceiling for rounding and for the interpolation of a moving gain
TOLERANCE_LU = 0.02
MAX_STEPS = 12


@dataclass(frozen=True, kw_only=True)
class Limiter:
    """`ceiling_dbtp` holds always; up to `max_reduction_db` is taken for the sake of loudness."""

    ceiling_dbtp: float
    max_reduction_db: float
    lookahead_s: float  # in which the gain may fall by max_reduction_db
    release_s: float  # in which it recovers by as much


@dataclass(frozen=True, kw_only=True)
class Leveled:
    """What `level` did."""

    audio: np.ndarray
    gain_db: float
    reduction_db: float  # the most that the limiter took, 0 where it did not act


def integrated_lufs(audio: np.ndarray, sample_rate: int) -> float:
    """Integrated loudness; -inf for silence. At least `MIN_SECONDS` long."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # log10 of silent blocks
        return float(pyloudnorm.Meter(sample_rate).integrated_loudness(audio.astype(np.float64)))


def true_peaks(audio: np.ndarray) -> np.ndarray:
    """The highest of each sample's oversampled neighbourhood over both channels, (n_samples,).

    Its maximum is the true peak. Four times oversampling reads at most 0.7 dB low (BS.1770-4, annex 2).
    """
    oversampled = soxr.resample(audio, 1, OVERSAMPLING, quality="VHQ")[: len(audio) * OVERSAMPLING]
    between = np.zeros(len(audio) * OVERSAMPLING, dtype=np.float32)
    between[: len(oversampled)] = loudest_channel(oversampled)
    return np.maximum.reduce(
        [loudest_channel(audio), *(between[offset::OVERSAMPLING] for offset in range(OVERSAMPLING))]
    )


def true_peak_dbtp(audio: np.ndarray) -> float:
    """True peak, the highest over both channels; -inf for silence."""
    return decibels(float(true_peaks(audio).max(initial=0)))


def reduction_db(peaks: np.ndarray, ceiling_dbtp: float, attack_db: float, release_db: float) -> np.ndarray:
    """The gain reduction that keeps `peaks` under the ceiling, moving at most so many dB a sample.

    It falls ahead of a peak by at most `attack_db` a sample and recovers behind it by `release_db`: the
    upper envelope of a tent over every peak, which a running maximum of a sloped signal gives at once.

    Args:
        peaks: (n_samples,) linear.
    """
    with np.errstate(divide="ignore"):
        needed = np.maximum(20 * np.log10(peaks.astype(np.float64)) - ceiling_dbtp, 0)
    slope = np.arange(len(peaks), dtype=np.float64)
    behind = np.maximum.accumulate(needed + release_db * slope) - release_db * slope
    ahead = np.maximum.accumulate((behind - attack_db * slope)[::-1])[::-1] + attack_db * slope
    return np.maximum(ahead, 0)


def level(audio: np.ndarray, sample_rate: int, target_lufs: float, limiter: Limiter) -> Leveled:
    """Bring a track to `target_lufs` with its true peak under the ceiling.

    Plain gain where that suffices. Else the gain into the limiter is solved for, so that the result is at
    the target, unless more than `max_reduction_db` would be taken: then the ceiling wins and the track
    stays quieter.
    """
    peaks = true_peaks(audio)
    plain_db = target_lufs - integrated_lufs(audio, sample_rate)
    most_db = limiter.ceiling_dbtp - HEADROOM_DB - decibels(float(peaks.max())) + limiter.max_reduction_db
    if plain_db <= most_db - limiter.max_reduction_db:
        return Leveled(audio=apply_gain(audio, plain_db), gain_db=plain_db, reduction_db=0.0)

    def error_lu(gain_db: float) -> float:
        reduction = _reduction_db(peaks, gain_db, HEADROOM_DB, sample_rate, limiter)
        return integrated_lufs(apply_gain(audio, gain_db - reduction[:, None]), sample_rate) - target_lufs

    gain_db = _solve(error_lu, min(plain_db, most_db), most_db)
    return _limit(audio, peaks, gain_db, sample_rate, limiter)


def apply_gain(audio: np.ndarray, gain_db: float | np.ndarray) -> np.ndarray:
    """Scale by a gain in dB: one number, or (n_samples, 1)."""
    return (audio * np.power(10.0, np.asarray(gain_db) / 20)).astype(np.float32)


def _limit(audio: np.ndarray, peaks: np.ndarray, gain_db: float, sample_rate: int, limiter: Limiter) -> Leveled:
    """Gain, then the limiter; its inner ceiling is lowered until the true peak of the result obeys."""
    headroom_db = HEADROOM_DB
    for _ in range(MAX_STEPS):
        reduction = _reduction_db(peaks, gain_db, headroom_db, sample_rate, limiter)
        limited = apply_gain(audio, gain_db - reduction[:, None])
        excess_db = true_peak_dbtp(limited) - (limiter.ceiling_dbtp - HEADROOM_DB / 2)
        if excess_db <= 0:
            break
        headroom_db += excess_db + HEADROOM_DB / 2
    return Leveled(audio=limited, gain_db=gain_db, reduction_db=float(reduction.max()))


def _reduction_db(
    peaks: np.ndarray, gain_db: float, headroom_db: float, sample_rate: int, limiter: Limiter
) -> np.ndarray:
    return reduction_db(
        peaks,
        limiter.ceiling_dbtp - headroom_db - gain_db,
        attack_db=limiter.max_reduction_db / (limiter.lookahead_s * sample_rate),
        release_db=limiter.max_reduction_db / (limiter.release_s * sample_rate),
    )


def _solve(error: Callable[[float], float], low: float, high: float) -> float:
    """The gain at which an increasing `error` vanishes within tolerance, or `high` if it stays negative."""
    at_high = error(high)
    if at_high <= TOLERANCE_LU:
        return high
    at_low = error(low)
    for _ in range(MAX_STEPS):
        middle = low - at_low * (high - low) / (at_high - at_low) if at_low < 0 else low
        at_middle = error(middle)
        if abs(at_middle) <= TOLERANCE_LU:
            break
        if at_middle < 0:
            low, at_low = middle, at_middle
        else:
            high, at_high = middle, at_middle
    return middle
