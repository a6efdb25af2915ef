"""One gain, and a limiter where that is not enough, that bring a track to a loudness under a true-peak ceiling.

The gain is solved for on what was measured bin by bin; then the track is written, and what was written is measured:
where it is not what was asked for, the next attempt allows for the difference. Memory does not grow with the audio, but
for some bytes a bin.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from legato.audio import Source, Write, decibels, quantize
from legato.errors import LegatoError
from legato.limiter import Limiter, bin_weights, edge_reductions_db, sample_gains
from legato.loudness import (
    BINS_AT_A_TIME,
    Bins,
    Meter,
    block_powers,
    blocks_of,
    gated_lufs,
    lufs_of,
    measured,
    plain_gain_db,
)
from legato.peaks import highest_true_peak, true_peaks

HEADROOM_DB = 0.05  # kept under the ceiling, for the peaks between samples of a moving gain
ROUNDING_DB = 0.01  # of that, for 16 bits
TOLERANCE_LU = 0.01  # the aim lies as far under the target, so that no track is louder
PRECISION_LU = 1e-3  # of the gain that is solved for
MAX_STEPS, MAX_ATTEMPTS = 30, 8


class Target(Protocol):
    """Where a track is written, and read again; the last one that was created counts."""

    def create(self) -> AbstractContextManager[Write]: ...

    def open(self) -> AbstractContextManager[Source]: ...


@dataclass(frozen=True, kw_only=True)
class Leveled:
    """What was done to a track, and what was measured of what was written."""

    gain_db: float
    reduction_db: float  # the most that the limiter took, 0 where it did not act
    lufs: float
    dbtp: float
    bins: Bins


@dataclass(frozen=True, kw_only=True)
class Track:
    """A track as it was measured, and what is known by now of how it comes out. Make it with `measure`."""

    bins: Bins
    peaks: np.ndarray  # (n_bins,) true peaks, exact where the limiter may act
    limiter: Limiter
    aim_lufs: float
    headroom_db: float = HEADROOM_DB
    bias_lu: float = 0.0  # how much louder it comes out than its bins say

    @property
    def unlimited_db(self) -> float:
        """The most gain at which the limiter does nothing."""
        return self.limiter.ceiling_dbtp - self.headroom_db - decibels(float(self.peaks.max()))

    @property
    def most_db(self) -> float:
        """The gain at which the limiter takes as much as it may."""
        return self.unlimited_db + self.limiter.max_reduction_db

    def reductions_db(self, gain_db: float) -> np.ndarray:
        """What the limiter takes behind a gain, at the edges of bins, (n_bins + 1,)."""
        if gain_db <= self.unlimited_db:
            return np.zeros(len(self.peaks) + 1)
        return edge_reductions_db(self.peaks, gain_db, self.headroom_db, self.bins.seconds, self.limiter)

    def lufs(self, gain_db: float) -> float:
        """The loudness behind a gain and the limiter, as bins tell it."""
        powers = block_powers(self.bins, bin_weights(self.reductions_db(gain_db)))
        return gated_lufs(powers, gain_db) + self.bias_lu

    def gain_db(self) -> float:
        """The gain at which the aim is met, or the one that is nearest to it from below."""
        plain_db = plain_gain_db(block_powers(self.bins), self.aim_lufs - self.bias_lu)
        if plain_db <= self.unlimited_db:
            return plain_db
        low, high = min(plain_db, self.most_db), self.most_db
        at_low, at_high = self.lufs(low) - self.aim_lufs, self.lufs(high) - self.aim_lufs
        if at_high <= 0:
            return high
        for step in range(MAX_STEPS):
            if at_low >= -PRECISION_LU or high - low < PRECISION_LU:
                break
            share = 0.5 if step % 3 == 2 or np.isinf(at_low) else at_low / (at_low - at_high)
            middle = low + share * (high - low)
            at_middle = self.lufs(middle) - self.aim_lufs
            if at_middle <= 0:
                low, at_low = middle, at_middle
            else:
                high, at_high = middle, at_middle
        return low


def measure(source: Source, sample_rate: int, aim_lufs: float, limiter: Limiter) -> Track:
    """Measure a track, and its true peaks where the limiter may act on the way to the aim."""
    bins = measured(blocks_of(source, sample_rate), sample_rate)
    track = Track(bins=bins, peaks=bins.peaks, limiter=limiter, aim_lufs=aim_lufs)
    highest_db = min(track.most_db, plain_gain_db(block_powers(bins), aim_lufs) + limiter.max_reduction_db)
    floor = 10 ** ((limiter.ceiling_dbtp - HEADROOM_DB - highest_db) / 20)
    return replace(track, peaks=true_peaks(source, bins.n_bin, bins.peaks, floor))


def level(source: Source, sample_rate: int, target_lufs: float, limiter: Limiter, target: Target) -> Leveled:
    """Write a track at `target_lufs`, never louder, rounded to 16 bits and with its true peak under the ceiling.

    Plain gain where that suffices. Else the gain into the limiter is solved for, so that the result is at the target,
    unless more than `max_reduction_db` would be taken: then the ceiling wins and the track stays quieter.

    Args:
        source: at least `MIN_SECONDS` long, and not silent.

    Raises:
        LegatoError: with as much gain as there is room for, the absolute gate takes all of it. Nothing is written then.
    """
    track = measure(source, sample_rate, target_lufs - TOLERANCE_LU, limiter)
    if np.isinf(track.lufs(track.gain_db())):
        raise LegatoError("the audio is too quiet to be measured, however loud its peaks: BS.1770 gates all of it")
    best: Leveled | None = None
    of_best = track
    for _ in range(MAX_ATTEMPTS):
        leveled = write(source, track, track.gain_db(), target)
        excess_db = leveled.dbtp - limiter.ceiling_dbtp + ROUNDING_DB
        if excess_db > 0:
            track = replace(track, headroom_db=track.headroom_db + excess_db + ROUNDING_DB)
            continue
        error_lu = leveled.lufs - track.aim_lufs
        if abs(error_lu) <= TOLERANCE_LU or (error_lu < 0 and leveled.gain_db >= track.most_db):
            return leveled
        if error_lu < 0 and (best is None or leveled.lufs > best.lufs):
            best, of_best = leveled, track
        track = replace(track, bias_lu=leveled.lufs - track.lufs(leveled.gain_db) + track.bias_lu)
    # Loudness jumps where a gate opens: no gain may reach the target then. What comes nearest from below will do.
    quiet_db = min(track.unlimited_db, track.aim_lufs - lufs_of(float(block_powers(track.bins).max())))
    return write(source, of_best, best.gain_db if best else quiet_db, target)


def write(source: Source, track: Track, gain_db: float, target: Target) -> Leveled:
    """Write a track behind a gain and the limiter, and measure what was written."""
    reductions_db = track.reductions_db(gain_db)
    meter = Meter(track.bins.sample_rate)
    with target.create() as write_block:
        for at, block in enumerate(blocks_of(source, track.bins.sample_rate)):
            edges = reductions_db[at * BINS_AT_A_TIME : (at + 1) * BINS_AT_A_TIME + 1]
            gains = sample_gains(gain_db, edges, track.bins.n_bin)[: len(block)]
            written = quantize(block * gains[:, None])
            write_block(written)
            meter.add(written)
    bins = meter.bins()
    with target.open() as read:
        highest = highest_true_peak(read, bins.n_bin, bins.peaks)
    return Leveled(
        gain_db=gain_db,
        reduction_db=float(reductions_db.max()),
        lufs=gated_lufs(block_powers(bins)),
        dbtp=decibels(highest),
        bins=bins,
    )
