"""Where a listener taps: beats from the energy that sets in (Ellis, "Beat tracking by dynamic programming", 2007).

Conventions: waves are mono, float32 (n_samples,) at `RATE`; a frame of the spectrogram comes every `HOP` samples.

librosa (0.11) has the same tracker, and `tests/truth/test_estimators.py` holds ours to its answers. But numba, which
compiles librosa's at its first import, keeps what it compiled in a folder that all processes share, and two that fill
it at once break it for good (numba#10128). Nothing of ours is compiled at run time.
"""

from collections.abc import Iterator
from functools import cache

import numpy as np
import scipy.fft

RATE = 22050  # Hz
HOP = 256
FRAMES_PER_S = RATE / HOP
WINDOW = 2048  # samples
N_BANDS = 128
RANGE_DB = 80.0  # under the loudest band of all frames
SHORTEST_BEAT_BPM = 320.0
USUAL_BPM = 90  # which of several regular pulses is the beat: the one nearest to this, other things being equal
MEMORY_S = 8.0  # over which a pulse must be regular
TIGHTNESS = 100.0  # what a beat off the pulse costs
BLOCK = 1024  # frames that are in memory at a time


def beats(wave: np.ndarray) -> np.ndarray:
    """The frames of all beats, ascending; none where nothing sets in."""
    strength = onset_strength(wave)
    return _path(strength, _frames_per_beat(strength)) if strength.any() else np.zeros(0, dtype=int)


def framed(wave: np.ndarray, length: int, hop: int) -> np.ndarray:
    """Frames centred on every `hop`-th sample, a view (frames, length); beyond the wave is silence."""
    return np.lib.stride_tricks.sliding_window_view(np.pad(wave, length // 2), length)[::hop]


def blocks(frames: np.ndarray) -> Iterator[np.ndarray]:
    """At most `BLOCK` of them at a time, so that a long wave needs no more memory than a short one."""
    return (frames[start : start + BLOCK] for start in range(0, len(frames), BLOCK))


def spectra(frames: np.ndarray) -> np.ndarray:
    """Magnitudes of frames seen through a Hann window, (frames, length) to (frames, length / 2 + 1)."""
    return np.abs(scipy.fft.rfft(frames * _hann(frames.shape[1])))


def onset_strength(wave: np.ndarray) -> np.ndarray:
    """How much each frame's bands rise over the frame before, in dB, mean of all bands, (frames,).

    A rise is dated to the middle of a window that begins with it.
    """
    frames = framed(wave, WINDOW, HOP)
    power = np.concatenate([spectra(block) ** 2 @ _bands() for block in blocks(frames)])
    level_db = 10 * np.log10(np.maximum(power, 1e-10))
    level_db = np.maximum(level_db, level_db.max() - RANGE_DB)
    rise = np.maximum(np.diff(level_db, axis=0), 0).mean(axis=1)
    return np.pad(rise, (1 + WINDOW // (2 * HOP), 0))[: len(frames)]


def _frames_per_beat(strength: np.ndarray) -> int:
    """The period of the strongest pulse: that of the mean autocorrelation, each excerpt's scaled to its energy.

    Periods are weighted by a normal distribution of their logarithm, an octave wide and centred on `USUAL_BPM`.
    """
    length = int(MEMORY_S * FRAMES_PER_S)
    padded = np.pad(strength, length // 2, mode="linear_ramp")
    excerpts = np.lib.stride_tricks.sliding_window_view(padded, length)[: len(strength)]
    pulse = sum(_autocorrelations(block * _hann(length)).sum(axis=0) for block in blocks(excerpts)) / len(excerpts)
    bpm = 60 * FRAMES_PER_S / np.arange(1, length)
    weighted = np.log1p(1e6 * pulse[1:]) - np.log2(bpm / USUAL_BPM) ** 2 / 2
    return 1 + int(np.argmax(np.where(bpm < SHORTEST_BEAT_BPM, weighted, -np.inf)))


def _autocorrelations(excerpts: np.ndarray) -> np.ndarray:
    """Each row's with itself for all lags, as shares of that at lag 0."""
    length = excerpts.shape[1]
    padded = scipy.fft.next_fast_len(2 * length - 1, real=True)
    found = scipy.fft.irfft(np.abs(scipy.fft.rfft(excerpts, padded)) ** 2, padded)[:, :length]
    return found / np.maximum(np.abs(found).max(axis=1, keepdims=True), np.finfo(found.dtype).tiny)


def _path(strength: np.ndarray, period: int) -> np.ndarray:
    """The frames with the largest sum of strengths, less what their distances' deviations from `period` cost."""
    score = _local_score(strength, period)
    nearest, farthest = round(period / 2), 2 * period
    cost = TIGHTNESS * np.log(np.arange(nearest, farthest + 1) / period) ** 2
    previous = np.full(len(score), -1)
    before = np.concatenate([np.full(farthest, -np.inf, score.dtype), score])  # totals, from `farthest` frames ahead on
    for start in range(nearest, len(score), nearest):  # none of so many frames can follow another of them
        stop = min(start + nearest, len(score))
        windows = np.lib.stride_tricks.sliding_window_view(before[start : stop + farthest - nearest], len(cost))
        sums = windows[:, ::-1] - cost  # the nearest first
        best = sums.argmax(axis=1)
        before[start + farthest : stop + farthest] += sums[np.arange(stop - start), best]
        previous[start:stop] = np.arange(start, stop) - nearest - best
    total = before[farthest:]
    is_heard = score >= 0.01 * score.max()  # before the first beat is only what is soft
    previous[: nearest + int(np.argmax(is_heard[nearest:]) if is_heard[nearest:].any() else len(score))] = -1
    found = np.array([*_followed(previous, _last(total))][::-1])
    sounding = np.flatnonzero(score > 0)
    return found[(found >= sounding[0]) & (found <= sounding[-1])]


def _local_score(strength: np.ndarray, period: int) -> np.ndarray:
    """Strengths in units of their deviation, smeared by a bell a 32nd of a beat wide."""
    unit = strength / (strength.std(ddof=1) + np.finfo(strength.dtype).tiny)
    bell = np.exp(-0.5 * (np.arange(-period, period + 1) * 32 / period) ** 2)
    return np.convolve(unit, bell)[period : period + len(strength)]


def _last(total: np.ndarray) -> int:
    """The last peak that reaches half of the peaks' median."""
    before, after = np.r_[np.inf, total[:-1]], np.r_[total[1:], -np.inf]
    peaks = np.flatnonzero((total > before) & (total >= after))
    high = peaks[total[peaks] >= np.median(total[peaks]) / 2] if len(peaks) else peaks
    return int(high[-1]) if len(high) else len(total) - 1


def _followed(previous: np.ndarray, at: int) -> Iterator[int]:
    while at >= 0:
        yield at
        at = int(previous[at])


@cache
def _hann(length: int) -> np.ndarray:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)).astype(np.float32)


@cache
def _bands() -> np.ndarray:
    """Triangles of equal area over the spectrum's bins, (WINDOW / 2 + 1, N_BANDS).

    Their middles are equal steps on Slaney's scale (Auditory Toolbox, 1998): linear to 1 kHz, 15 steps there, then 27
    steps per factor of 6.4.
    """
    top = 15 + 27 * np.log(RATE / 2 / 1000) / np.log(6.4)
    steps = np.linspace(0, top, N_BANDS + 2)
    hz = np.where(steps < 15, steps * 1000 / 15, 1000 * 6.4 ** ((steps - 15) / 27))
    bins = np.fft.rfftfreq(WINDOW, 1 / RATE)[:, None]
    rising, falling = (bins - hz[:-2]) / np.diff(hz)[:-1], (hz[2:] - bins) / np.diff(hz)[1:]
    return (np.maximum(np.minimum(rising, falling), 0) * 2 / (hz[2:] - hz[:-2])).astype(np.float32)
