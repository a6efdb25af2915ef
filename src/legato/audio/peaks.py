"""True peaks after ITU-R BS.1770-4, annex 2: of the signal oversampled four times, where they can matter.

Four times oversampling reads at most 0.7 dB low. Conventions: audio is float32 (n_samples, 2); `dbtp` is a true peak
in dB relative to full scale; bins are those of `legato.audio.loudness`.
"""

from dataclasses import dataclass

import numpy as np
import soxr

from legato.audio.loudness import BINS_AT_A_TIME, LONGEST_BIN, bends_of, largest_per_bin
from legato.audio.samples import Source, decibels, in_memory

OVERSAMPLING = 4
LIKELIEST = 20  # bins: those to look at first for the highest peak of all
REACH = 160  # samples to each side that soxr's filter hears; 15 of them are spare
OVERSHOOT = 2.9  # times the highest sample within reach: no phase of the filter sums to more
OVERBEND = 0.56  # times the sharpest bend within reach: see `peaks_of`
RIPPLE = 1e-4  # of the filter, times the highest sample within reach
BOUNDED_AT_A_TIME = 2**16  # bins: bounds memory
WANTED_AT_A_TIME = 600  # bins to oversample: fewer take longer, for the filter is designed for each time


@dataclass(frozen=True, kw_only=True)
class Peaks:
    """What is known of the true peak of each bin, linear; it is known exactly where both are equal."""

    at_least: np.ndarray  # (n_bins,) float32
    at_most: np.ndarray  # (n_bins,) float32

    def open_over(self, floor: float) -> np.ndarray:
        """The bins whose true peak is not known and may be over a floor, (n_bins,) bool."""
        return (self.at_most > floor) & (self.at_most > self.at_least)


# Key idea: between two samples the oversampled signal is the line through them, and what the filter adds to that line.
# A filter that leaves straight lines as they are adds a weighted sum of the bends around: of second differences. For
# soxr's, the weights of the worst phase sum to 0.555. So a bin whose samples lie low, and in whose surroundings nothing
# bends sharply, needs no oversampling; and music bends little, for most of it is under 2 kHz.
def peaks_of(peaks: np.ndarray, bends: np.ndarray, n_bin: int) -> Peaks:
    """What samples tell of true peaks: they are no lower than samples, and no higher than samples and bends allow.

    Args:
        peaks: (n_bins,) the highest sample of each bin.
        bends: (n_bins,) the largest second difference of each bin.
        n_bin: samples of a bin.
    """
    n_near, at_most = -(-REACH // n_bin), np.empty_like(peaks)
    for start in range(0, len(peaks), BOUNDED_AT_A_TIME):
        part, stop = slice(start, start + BOUNDED_AT_A_TIME), start + BOUNDED_AT_A_TIME
        before = min(n_near, start)
        reached = slice(start - before, stop + n_near)
        near, bend = (_largest_near(values[reached], n_near, n_near) for values in (peaks, bends))
        line = _largest_near(peaks[reached], 0, 1)  # its end may be in the next bin
        bound = np.minimum(OVERSHOOT * near, line + OVERBEND * bend + RIPPLE * near)
        at_most[part] = bound[before : before + len(at_most[part])]
    return Peaks(at_least=peaks, at_most=np.maximum(at_most, peaks))


def found(source: Source, n_bin: int, peaks: Peaks, floor: float) -> Peaks:
    """The same, with each true peak known that may be over a floor."""
    wanted = peaks.open_over(floor)
    if not wanted.any():
        return peaks
    at_least = np.maximum(peaks.at_least, _oversampled(source, wanted, n_bin))
    return Peaks(at_least=at_least, at_most=np.where(wanted, at_least, peaks.at_most))


def highest_true_peak(source: Source, n_bin: int, peaks: Peaks) -> float:
    """The true peak of all, linear: looked for where it may be highest, and then where it may be higher than there."""
    highest = float(peaks.at_least.max(initial=0))
    likeliest = np.zeros(len(peaks.at_most), bool)
    likeliest[np.argsort(peaks.at_most)[-LIKELIEST:]] = True
    for bins in (likeliest, np.ones_like(likeliest)):
        wanted = bins & peaks.open_over(highest)
        highest = max(highest, float(_oversampled(source, wanted, n_bin).max(initial=0)))
    return highest


def true_peak_dbtp(audio: np.ndarray) -> float:
    """True peak, the highest over both channels; -inf for silence."""
    ended = np.pad(audio, ((0, 2), (0, 0)))  # the end itself may be sharp
    peaks, bends = (largest_per_bin(values, LONGEST_BIN) for values in (ended, bends_of(ended)))
    return decibels(highest_true_peak(in_memory(audio), LONGEST_BIN, peaks_of(peaks, bends, LONGEST_BIN)))


def _largest_near(values: np.ndarray, n_before: int, n_after: int) -> np.ndarray:
    """The largest of each value and its neighbours, (n,)."""
    padded, largest = np.pad(values, (n_before, n_after)), values
    for off in range(n_before + n_after + 1):
        largest = np.maximum(largest, padded[off : off + len(values)])
    return largest


def _oversampled(source: Source, wanted: np.ndarray, n_bin: int) -> np.ndarray:
    """The true peak of each wanted bin, and 0 for the others, (n_bins,) float32.

    Wanted bins and all that the filter hears around them are resampled in one go, whatever is left out between them.
    """
    peaks, numbers, n_near = np.zeros(len(wanted), np.float32), np.flatnonzero(wanted), -(-REACH // n_bin)
    around = np.arange(-n_near, n_near + 1)
    for start in range(0, len(numbers), WANTED_AT_A_TIME):
        some = numbers[start : start + WANTED_AT_A_TIME]
        heard = np.unique(some[:, None] + around)
        parts = np.split(heard, np.flatnonzero(np.diff(heard // BINS_AT_A_TIME)) + 1)  # memory holds one at a time
        audio = np.concatenate([_read_bins(source, part, n_bin) for part in parts])
        resampled = soxr.resample(audio, 1, OVERSAMPLING, quality="VHQ")
        highest = largest_per_bin(resampled, OVERSAMPLING * n_bin)
        peaks[some] = highest[np.searchsorted(heard, some)]
    return peaks


def _read_bins(source: Source, numbers: np.ndarray, n_bin: int) -> np.ndarray:
    """The samples of some bins, one after another, (n_samples, 2)."""
    first, last = numbers[[0, -1]].tolist()
    audio = source.around(first * n_bin, (last + 1) * n_bin)
    return audio.reshape(-1, n_bin, 2)[numbers - first].reshape(-1, 2)
