"""The same audio under two records: by a fingerprint that other encodings and levels leave as it is.

Conventions: a fingerprint is a word of 32 bits for every 46 ms: whether the energy of a band rises against the band
above it and against the frame before (Haitsma and Kalker, 2002). Two of the same audio differ in few bits, two of
unrelated audio in about half. The two must begin within half a second of one another: a clip from the middle of another
record is not found.
"""

from collections.abc import Sequence

import numpy as np

from legato.tokens import SAMPLE_RATE

N_FFT, HOP = 8192, 2048
N_BANDS = 33
LOW_HZ, HIGH_HZ = 200.0, 4000.0
MOST_FRAMES = 640  # 30 s
SHIFT = 11  # frames, half a second
SAME_BITS = 0.25  # of the bits that differ; Haitsma and Kalker take 0.35, of a fixed length of 3.3 s
LEAST_FRAMES = 64  # that overlap: 3 s


def fingerprint(audio: np.ndarray) -> np.ndarray:
    """The first 30 s of (n_samples, 2) as words, (n_frames,) uint32."""
    mono = np.asarray(audio[: (MOST_FRAMES + 1) * HOP + N_FFT]).mean(axis=1)
    mono = np.pad(mono, (0, max(0, N_FFT + HOP - len(mono))))
    frames = np.lib.stride_tricks.sliding_window_view(mono, N_FFT)[::HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(N_FFT).astype(np.float32))) ** 2
    edges = np.searchsorted(np.fft.rfftfreq(N_FFT, 1 / SAMPLE_RATE), np.geomspace(LOW_HZ, HIGH_HZ, N_BANDS + 1))
    energy = np.add.reduceat(power, edges[:-1], axis=1)
    slope = np.diff(energy, axis=1)
    bits = (np.diff(slope, axis=0) > 0).astype(np.uint32)
    return (bits << np.arange(N_BANDS - 1, dtype=np.uint32)).sum(axis=1, dtype=np.uint32)


def first_of_each(words: Sequence[np.ndarray]) -> list[int]:
    """For each fingerprint the first that is of the same audio: itself, where there is none before it.

    All pairs are compared at a glance, frame by frame over the shifts; the time grows with their number squared.
    """
    found = list(range(len(words)))
    if len(words) < 2:
        return found
    n_frames = max(len(one) for one in words)
    table = np.zeros((len(words), n_frames), np.uint32)
    for at, one in enumerate(words):
        table[at, : len(one)] = one
    lengths = np.array([len(one) for one in words])
    for at in range(1, len(words)):
        nearest = _nearest(table[:at], lengths[:at], words[at])
        if nearest is not None:
            found[at] = found[nearest]
    return found


def _nearest(table_NF: np.ndarray, lengths_N: np.ndarray, word: np.ndarray) -> int | None:
    """The first row that is of the same audio as `word`, None where none is."""
    best = np.ones(len(table_NF))
    for shift in range(-SHIFT, SHIFT + 1):
        rows, own = table_NF[:, max(-shift, 0) :], word[max(shift, 0) :]
        n = min(rows.shape[1], len(own), MOST_FRAMES)
        if n < LEAST_FRAMES:
            continue
        bits = np.bitwise_count(rows[:, :n:4] ^ own[:n:4])  # every fourth frame tells as much: neighbours overlap
        overlap = np.minimum(lengths_N - max(-shift, 0), n)
        is_inside = np.arange(0, n, 4) < overlap[:, None]
        shares = (bits * is_inside).sum(axis=1) / np.maximum(is_inside.sum(axis=1), 1) / (N_BANDS - 1)
        best = np.minimum(best, np.where(overlap >= LEAST_FRAMES, shares, 1.0))
    same = np.flatnonzero(best < SAME_BITS)
    return int(same[0]) if len(same) else None
