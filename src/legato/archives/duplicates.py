"""The same audio under two records: by levels in time and frequency, which other encodings hardly change.

Conventions: a fingerprint is the level of each of 33 bands in each 93 ms of the first 30 s, in whole dB below the
loudest, (n_frames, 33) uint8; what is more than 50 dB below it counts as that. Two must begin within half a
second of one another: a clip from the middle of another record is not found.
"""

from collections.abc import Sequence

import numpy as np

from legato.tokens import SAMPLE_RATE

N_FFT, HOP = 8192, 4096
N_BANDS = 33
LOW_HZ, HIGH_HZ = 100.0, 8000.0
RANGE_DB = 50
MOST_FRAMES = 320  # 30 s
SHIFT = 6  # frames: half a second
LEAST_FRAMES = 32  # that overlap: 3 s
MEAN_DB = 4.0  # by which the means over time of the same audio differ at most: a first glance
SAME_DB = 3.0  # root mean square; the same audio as MP3, Ogg or 0.1 s later: up to 2.3; two beats of noise: 4.1


def fingerprint(audio: np.ndarray) -> np.ndarray:
    """The fingerprint of (n_samples, 2), (n_frames, 33) uint8."""
    mono = np.asarray(audio[: MOST_FRAMES * HOP + N_FFT - HOP]).mean(axis=1)
    mono = np.pad(mono, (0, max(0, N_FFT - len(mono))))
    frames = np.lib.stride_tricks.sliding_window_view(mono, N_FFT)[::HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(N_FFT).astype(np.float32))) ** 2
    edges = np.searchsorted(np.fft.rfftfreq(N_FFT, 1 / SAMPLE_RATE), np.geomspace(LOW_HZ, HIGH_HZ, N_BANDS + 1))
    energy = np.add.reduceat(power, edges[:-1], axis=1)
    under_db = -10 * np.log10(np.maximum(energy / max(energy.max(), 1e-20), 1e-20))
    return np.minimum(np.round(under_db), RANGE_DB).astype(np.uint8)


def distance_db(one: np.ndarray, other: np.ndarray) -> float:
    """How far two fingerprints are apart where they fit best; infinite where they overlap too little."""
    found = np.inf
    for shift in range(-SHIFT, SHIFT + 1):
        left, right = one[max(shift, 0) :], other[max(-shift, 0) :]
        n = min(len(left), len(right))
        if n >= LEAST_FRAMES:
            found = min(found, float(np.sqrt(np.mean((left[:n].astype(np.float32) - right[:n]) ** 2))))
    return found


def first_of_each(prints: Sequence[np.ndarray]) -> list[int]:
    """For each fingerprint the first that is of the same audio: itself, where there is none before it.

    All pairs are compared by their means over time alone, and those that are near in full.
    """
    found = list(range(len(prints)))
    means = np.array([one.mean(axis=0) for one in prints], np.float32).reshape(len(prints), N_BANDS)
    for at in range(1, len(prints)):
        apart = np.sqrt(np.mean((means[:at] - means[at]) ** 2, axis=1))
        near = (int(other) for other in np.flatnonzero(apart < MEAN_DB))
        same = next((other for other in near if distance_db(prints[other], prints[at]) < SAME_DB), None)
        if same is not None:
            found[at] = found[same]
    return found
