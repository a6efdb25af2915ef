"""A look-ahead limiter: the gain reduction that keeps peaks under a ceiling, and moves without a click.

Its control is a value for each edge of a bin (see `legato.audio.loudness`), between which the gain moves evenly in dB:
a peak lowers its whole bin of 2 ms. Gains and reductions are in dB, reductions positive.
"""

from dataclasses import dataclass

import numpy as np

ROUNDING_DB = 1e-9  # of a slope
AT_A_TIME = 2**16  # places: bounds memory, and changes nothing else
NEPERS_PER_DB = np.float32(np.log(10) / 20)


@dataclass(frozen=True, kw_only=True)
class Limiter:
    """`ceiling_dbtp` holds always; up to `max_reduction_db` is taken for the sake of loudness."""

    ceiling_dbtp: float
    max_reduction_db: float
    lookahead_s: float  # in which the gain may fall by max_reduction_db, but never faster than in a bin
    release_s: float  # in which it recovers by as much


def edge_reductions_db(peaks: np.ndarray, gain_db: float, headroom_db: float, bin_s: float, by: Limiter) -> np.ndarray:
    """The reduction at each edge of a bin, (n_bins + 1,), that keeps peaks under the ceiling after a gain.

    Args:
        peaks: (n_bins,) true peaks, linear, before the gain.
        headroom_db: kept under the ceiling.
        bin_s: the length of a bin.
    """
    edges = np.append(peaks, np.float32(0))
    np.maximum(edges[1:], peaks, out=edges[1:])
    return reduction_db(
        edges,
        by.ceiling_dbtp - headroom_db - gain_db,
        attack_db=by.max_reduction_db / max(by.lookahead_s / bin_s, 1),
        release_db=by.max_reduction_db / max(by.release_s / bin_s, 1),
    )


# Key idea: a gain that obeys each peak only while it lasts would click. So the reduction of each peak is widened to a
# tent: before the peak it rises by `attack_db` per place, after it it falls by `release_db`, and the highest tent
# counts at each place. That maximum needs two passes and no list of peaks. The first lets values fall no faster than
# `release_db` from left to right, the second no faster than `attack_db` from right to left: a place left of a peak gets
# its tent from the second pass, a place right of it from the first, and a peak keeps its own reduction in both. 1e-30
# is for silence, which has no logarithm: -600 dB is under every ceiling.
def reduction_db(peaks: np.ndarray, ceiling_dbtp: float, attack_db: float, release_db: float) -> np.ndarray:
    """The gain reduction that keeps `peaks` under the ceiling, moving by a limited amount per place, (n,) float32.

    The gain falls before a peak by at most `attack_db` per place and recovers after it by `release_db`: the upper
    envelope of a tent over every peak.

    Args:
        peaks: (n,) linear.
    """
    reduction = np.empty(len(peaks), np.float32)
    for start in range(0, len(peaks), AT_A_TIME):
        part = slice(start, start + AT_A_TIME)
        level_db = 20 * np.log10(np.maximum(peaks[part], 1e-30), dtype=np.float64)
        reduction[part] = np.maximum(level_db - ceiling_dbtp, 0)
    _slow_falls(reduction, release_db)
    _slow_falls(reduction[::-1], attack_db)
    return reduction


def _slow_falls(values: np.ndarray, step: float) -> None:
    """Let each value fall by no more than `step` from the one before it, in place.

    That is a running maximum of the values on a rising slope. In parts, so that neither slope nor memory grow.
    """
    slope, carried = step * np.arange(AT_A_TIME, dtype=np.float64), 0.0
    for start in range(0, len(values), AT_A_TIME):
        part = values[start : start + AT_A_TIME]
        risen = part + slope[: len(part)]
        risen[0] = max(risen[0], carried - step)
        fallen = np.maximum.accumulate(risen) - slope[: len(part)]
        part[:] = np.where(fallen > ROUNDING_DB, fallen, 0)
        carried = float(fallen[-1])


def bin_weights(reductions_db: np.ndarray) -> np.ndarray:
    """What the reduction leaves of each bin's energy, (n_bins,) float32: Simpson's rule, for edges (n_bins + 1,)."""
    weights = np.empty(len(reductions_db) - 1, np.float32)
    for start in range(0, len(weights), AT_A_TIME):
        left = np.exp(-NEPERS_PER_DB * reductions_db[start : start + AT_A_TIME + 1])
        weights[start : start + AT_A_TIME] = (left[:-1] ** 2 + 4 * left[:-1] * left[1:] + left[1:] ** 2) / 6
    return weights


def sample_gains(gain_db: float, reductions_db: np.ndarray, n_bin: int) -> np.ndarray:
    """The linear gain of each sample after the limiter, (n_bins * n_bin,) float32, for edges (n_bins + 1,)."""
    moves = (reductions_db[:-1] > 0) | (reductions_db[1:] > 0)
    gains = np.full((len(moves), n_bin), 10 ** (gain_db / 20), np.float32)
    first, last = reductions_db[:-1][moves, None], reductions_db[1:][moves, None]
    between = np.arange(n_bin, dtype=np.float32) / n_bin
    levels = (gain_db - first).astype(np.float32) - (last - first).astype(np.float32) * between
    gains[moves] = np.exp(NEPERS_PER_DB * levels)
    return gains.ravel()


def scaled(audio: np.ndarray, gain_db: float, reductions_db: np.ndarray, n_bin: int, offset: int = 0) -> np.ndarray:
    """Audio after the limiter, (n_samples, 2), for the edges of its bins, the first of which began `offset` earlier."""
    if not reductions_db.any():
        return audio * np.float32(10 ** (gain_db / 20))
    gains = sample_gains(gain_db, reductions_db, n_bin)[offset : offset + len(audio)]
    return np.stack([audio[:, 0] * gains, audio[:, 1] * gains], axis=1)
