"""A look-ahead limiter: the gain reduction that keeps peaks under a ceiling, and moves without a click.

Its control is a value for each edge of a bin (see `legato.loudness`), between which the gain moves evenly in dB: a peak
lowers its whole bin of 2 ms. Gains and reductions are in dB, reductions positive.
"""

from dataclasses import dataclass

import numpy as np

ROUNDING_DB = 1e-8  # of slopes over hours
NEPERS_PER_DB = np.log(10) / 20


@dataclass(frozen=True, kw_only=True)
class Limiter:
    """`ceiling_dbtp` holds always; up to `max_reduction_db` is taken for the sake of loudness."""

    ceiling_dbtp: float
    max_reduction_db: float
    lookahead_s: float  # in which the gain may fall by max_reduction_db, but never faster than in a bin
    release_s: float  # in which it recovers by as much


def edge_reductions_db(peaks: np.ndarray, gain_db: float, headroom_db: float, bin_s: float, by: Limiter) -> np.ndarray:
    """The reduction at each edge of a bin, (n_bins + 1,), that keeps peaks behind a gain under the ceiling.

    Args:
        peaks: (n_bins,) true peaks, linear, before the gain.
        headroom_db: kept under the ceiling.
        bin_s: the length of a bin.
    """
    edges = np.maximum(np.append(peaks, 0), np.append(0, peaks))
    return reduction_db(
        edges,
        by.ceiling_dbtp - headroom_db - gain_db,
        attack_db=by.max_reduction_db / max(by.lookahead_s / bin_s, 1),
        release_db=by.max_reduction_db / max(by.release_s / bin_s, 1),
    )


def reduction_db(peaks: np.ndarray, ceiling_dbtp: float, attack_db: float, release_db: float) -> np.ndarray:
    """The gain reduction that keeps `peaks` under the ceiling, moving at most so many dB a place.

    It falls ahead of a peak by at most `attack_db` a place and recovers behind it by `release_db`: the upper envelope
    of a tent over every peak, which a running maximum of a sloped signal gives at once.

    Args:
        peaks: (n,) linear.
    """
    needed = np.log10(np.maximum(peaks, 1e-30), dtype=np.float64)
    needed *= 20
    needed -= ceiling_dbtp
    np.maximum(needed, 0, out=needed)
    slope = np.arange(len(peaks), dtype=np.float64)
    behind = np.maximum.accumulate(needed + release_db * slope) - release_db * slope
    ahead = np.maximum.accumulate((behind - attack_db * slope)[::-1])[::-1] + attack_db * slope
    ahead[ahead < ROUNDING_DB] = 0
    return ahead


def bin_weights(reductions_db: np.ndarray) -> np.ndarray:
    """What the reduction leaves of each bin's energy, (n_bins,): Simpson's rule, for edges (n_bins + 1,)."""
    left = np.exp(-NEPERS_PER_DB * reductions_db)
    return (left[:-1] ** 2 + 4 * left[:-1] * left[1:] + left[1:] ** 2) / 6


def sample_gains(gain_db: float, reductions_db: np.ndarray, n_bin: int) -> np.ndarray:
    """The linear gain of each sample behind the limiter, (n_bins * n_bin,) float32, for edges (n_bins + 1,)."""
    moves = (reductions_db[:-1] > 0) | (reductions_db[1:] > 0)
    gains = np.full((len(moves), n_bin), 10 ** (gain_db / 20), np.float32)
    first, last = reductions_db[:-1][moves, None], reductions_db[1:][moves, None]
    between = np.arange(n_bin, dtype=np.float32) / n_bin
    levels = (gain_db - first).astype(np.float32) - (last - first).astype(np.float32) * between
    gains[moves] = np.exp(np.float32(NEPERS_PER_DB) * levels)
    return gains.ravel()
