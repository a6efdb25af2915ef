"""One gain, and a limiter where that is not enough, that bring a track to a loudness under a true-peak ceiling.

The gain is solved for on what was measured bin by bin; then the track is written, and what was written is measured:
where it is not what was asked for, the next attempt allows for the difference. Memory does not grow with the audio, but
for some bytes per bin.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np

from legato.audio.limiter import Limiter, bin_weights, edge_reductions_db, scaled
from legato.audio.loudness import Bins, Meter, block_powers, blocks_of, gated_lufs, lufs_of, plain_gain_db
from legato.audio.peaks import Peaks, found, highest_true_peak, peaks_of
from legato.audio.samples import Source, Write, decibels, quantize
from legato.errors import LegatoError

HEADROOM_DB = 0.05  # kept under the ceiling, for the peaks between samples of a moving gain
ROUNDING_DB = 0.01  # of that, for 16 bits
TOLERANCE_LU = 0.01  # the aim is this far under the target, so that no track is louder
PRECISION_LU = 1e-3  # of the gain that is solved for
BEYOND_DB = 0.05  # beyond a jump of loudness, where it is safely done
FURTHER_DB = 0.1  # more gain than is asked for, at which true peaks are known
STEPS_PER_DB = 1000  # a gain is a whole number of steps: what it is made from differs in its last bits by processor
MAX_STEPS, MAX_ATTEMPTS = 30, 8


class Target(Protocol):
    """Where a track is written; the last one that was created counts."""

    def create(self) -> AbstractContextManager[Write]: ...


class Setting(NamedTuple):
    """A gain, and how far under the ceiling the limiter holds what comes out of it."""

    gain_db: float
    headroom_db: float


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
    """A track as it was measured, and what is known by now of how it comes out."""

    source: Source
    bins: Bins
    peaks: Peaks
    limiter: Limiter
    aim_lufs: float
    headroom_db: float = HEADROOM_DB  # that true peaks need
    bias_lu: float = 0.0  # how much louder it comes out than its bins say

    @property
    def unlimited_db(self) -> float:
        """The most gain at which the limiter does nothing."""
        return self.limiter.ceiling_dbtp - self.headroom_db - decibels(float(self.peaks.at_least.max()))

    @property
    def most_db(self) -> float:
        """The gain at which the limiter takes as much as it may."""
        return self.unlimited_db + self.limiter.max_reduction_db

    def reductions_db(self, setting: Setting) -> np.ndarray:
        """What the limiter takes, at the edges of bins, (n_bins + 1,)."""
        return edge_reductions_db(self.peaks.at_least, *setting, self.bins.seconds, self.limiter)

    def lufs(self, setting: Setting) -> float:
        """The loudness after the limiter, by the bins."""
        powers = block_powers(self.bins, bin_weights(self.reductions_db(setting)))
        return gated_lufs(powers, setting.gain_db) + self.bias_lu

    # Key idea: more gain into the limiter is more loudness, so the gain is the root of an error that is negative at
    # `unlimited_db` and positive at `most_db`; each step measures between the two and keeps the half that holds the
    # root. The place is where a straight line between the two errors crosses zero (false position), which needs few
    # steps where the error is nearly straight. That may move one end only, so every third step halves instead: of
    # `MAX_STEPS` ten are halvings, and alone narrow the bracket a thousandfold. `low` is returned, not the middle: its
    # error is never positive, so no track is louder than asked. The error may jump, because BS.1770's relative gate
    # drops blocks 10 LU under the rest; then no gain meets the aim, and what follows the loop applies.
    def setting(self) -> Setting:
        """What meets the aim: plain gain, or else gain into the limiter; or as much of it as there may be."""
        plain_db = plain_gain_db(block_powers(self.bins), self.aim_lufs - self.bias_lu)
        if plain_db <= self.unlimited_db:
            return Setting(_stepped(plain_db), self.headroom_db)
        low, high = self.unlimited_db, self.most_db
        at_low, at_high = self._error_lu(low), self._error_lu(high)
        if at_high <= 0:
            return Setting(_stepped(high), self.headroom_db)
        for step in range(MAX_STEPS):
            if at_low >= -PRECISION_LU or high - low < PRECISION_LU:
                break
            share = 0.5 if step % 3 == 2 or np.isinf(at_low) else at_low / (at_low - at_high)
            middle = low + share * (high - low)
            at_middle = self._error_lu(middle)
            if at_middle <= 0:
                low, at_low = middle, at_middle
            else:
                high, at_high = middle, at_middle
        if at_low >= -TOLERANCE_LU:
            return Setting(_stepped(low), self.headroom_db)
        # What is limited gets quieter than the rest and is gated away: loudness jumps over the aim. Limit as much, and
        # then turn all of it down: gates are relative.
        beyond = min(high + BEYOND_DB, self.most_db)
        excess_lu = self._error_lu(beyond)
        gain_db = _stepped(beyond - excess_lu)
        return Setting(gain_db, self.headroom_db + beyond - gain_db)

    def _error_lu(self, gain_db: float) -> float:
        return self.lufs(Setting(gain_db, self.headroom_db)) - self.aim_lufs


def _stepped(gain_db: float) -> float:
    """The next gain below that is a whole number of steps."""
    return float(np.floor(gain_db * STEPS_PER_DB) / STEPS_PER_DB)


def solved(track: Track) -> tuple[Track, Setting]:
    """What meets the aim, and the track with all true peaks known that the limiter meets then.

    With true peaks unknown the setting is too high by little; where it is, more of them are looked for.
    """
    while True:
        setting = track.setting()
        floor_db = track.limiter.ceiling_dbtp - setting.headroom_db - setting.gain_db
        if not track.peaks.open_over(10 ** (floor_db / 20)).any():
            return track, setting
        floor = 10 ** ((floor_db - FURTHER_DB) / 20)
        track = replace(track, peaks=found(track.source, track.bins.n_bin, track.peaks, floor))


def level(source: Source, bins: Bins, target_lufs: float, limiter: Limiter, target: Target) -> Leveled:
    """Write a track at `target_lufs`, never louder, rounded to 16 bits and with its true peak under the ceiling.

    Plain gain where that suffices. Else the gain into the limiter is solved for, so that the result is at the target,
    unless more than `max_reduction_db` would be taken: then the ceiling wins and the track stays quieter.

    Args:
        source: at least `MIN_SECONDS` long, and not silent.
        bins: measured of it.

    Raises:
        LegatoError: with as much gain as there is room for, the absolute gate takes all of it. Nothing is written then.
    """
    peaks = peaks_of(bins.peaks, bins.bends, bins.n_bin)
    aim_lufs = target_lufs - TOLERANCE_LU
    track, setting = solved(Track(source=source, bins=bins, peaks=peaks, limiter=limiter, aim_lufs=aim_lufs))
    if np.isinf(track.lufs(setting)):
        raise LegatoError("the audio is too quiet to be measured, however loud its peaks: BS.1770 gates all of it")
    best: tuple[float, Setting] | None = None
    for _ in range(MAX_ATTEMPTS):
        leveled = write(track, setting, target)
        excess_db = leveled.dbtp - limiter.ceiling_dbtp + ROUNDING_DB
        error_lu = leveled.lufs - track.aim_lufs
        if excess_db > 0:
            track = replace(track, headroom_db=track.headroom_db + excess_db + ROUNDING_DB)
        elif abs(error_lu) <= TOLERANCE_LU or (error_lu < 0 and setting.gain_db >= track.most_db - 1 / STEPS_PER_DB):
            return leveled
        else:
            if error_lu < 0:
                best = max(best or (-np.inf, setting), (leveled.lufs, setting))
            track = replace(track, bias_lu=leveled.lufs - track.lufs(setting) + track.bias_lu)
        track, setting = solved(track)
    quiet_db = min(track.unlimited_db, track.aim_lufs - lufs_of(float(block_powers(track.bins).max())))
    return write(track, best[1] if best else Setting(quiet_db, track.headroom_db), target)


def write(track: Track, setting: Setting, target: Target) -> Leveled:
    """Write a track through a gain and the limiter, and measure what was written."""
    reductions_db = track.reductions_db(setting)
    written = through(track.source, track.bins.n_bin, setting.gain_db, reductions_db)
    meter = Meter(track.bins.sample_rate)
    with target.create() as write_block:
        for block in blocks_of(written, track.bins.sample_rate):
            write_block(block)
            meter.add(block)
    bins = meter.bins()
    return Leveled(
        gain_db=setting.gain_db,
        reduction_db=float(reductions_db.max()),
        lufs=gated_lufs(block_powers(bins)),
        dbtp=decibels(highest_true_peak(written, bins.n_bin, peaks_of(bins.peaks, bins.bends, bins.n_bin))),
        bins=bins,
    )


def through(source: Source, n_bin: int, gain_db: float, reductions_db: np.ndarray) -> Source:
    """A source through a gain and the limiter, rounded to 16 bits: any part of it is made when it is read.

    Args:
        reductions_db: at the edges of its bins, (n_bins + 1,).
    """

    def read(start: int, stop: int) -> np.ndarray:
        first, last = start // n_bin, -(-stop // n_bin)
        audio = source.read(start, stop)
        return quantize(scaled(audio, gain_db, reductions_db[first : last + 1], n_bin, start - first * n_bin))

    return Source(n_samples=source.n_samples, read=read)
