"""What can be measured of a sound: how fast it begins, how wide it is."""

import numpy as np

from legato.audio.samples import loudest_channel

ATTACK_WINDOW_S = 1.5
ENVELOPE_S = 0.03  # a period of the lowest notes, 33 Hz
HOP_S = 0.002
ATTACK_FROM, ATTACK_TO, HALF = 0.1, 0.9, 0.5
SAMPLES_AT_A_TIME = 2**20  # in double precision
WIDTH_FLOOR_DB = -100.0  # mono


def attack_s(audio: np.ndarray, sample_rate: int, *, to: float = ATTACK_TO) -> float | None:
    """The time in which the envelope climbs from 10 % to 90 % of its maximum within the first 1.5 s; None for silence.

    The envelope is the peak of the louder channel over the last 30 ms, every 2 ms. Detuned voices that start together
    can beat up to a maximum long after they are there: what begins slowly takes its time to `HALF` as well.

    Args:
        audio: (n_samples, 2), one note.
        to: the share of the maximum that it climbs to.
    """
    level = loudest_channel(audio[: round(ATTACK_WINDOW_S * sample_rate)])
    n_hop = round(HOP_S * sample_rate)
    peaks = level[: len(level) // n_hop * n_hop].reshape(-1, n_hop).max(axis=1)
    n_window = round(ENVELOPE_S / HOP_S)
    if len(peaks) < n_window or not peaks.max() > 0:
        return None
    # Looking back: the level at a moment is the highest of the 30 ms before it, so that a step begins and ends at once.
    held = np.lib.stride_tricks.sliding_window_view(np.concatenate([np.zeros(n_window - 1), peaks]), n_window)
    envelope = held.max(axis=1) / peaks.max()
    return float((np.argmax(envelope >= to) - np.argmax(envelope >= ATTACK_FROM)) * HOP_S)


def width_db(audio: np.ndarray) -> float:
    """The energy of side over mid in dB: -100 for mono, 0 for two unrelated channels.

    Args:
        audio: (n_samples, 2).
    """
    return width_of(mid_and_side(audio))


def mid_and_side(audio: np.ndarray) -> np.ndarray:
    """The energies of the channels' sum and difference, (2,); those of a track's parts add up to its own."""
    energies = np.zeros(2)
    for start in range(0, len(audio), SAMPLES_AT_A_TIME):
        left, right = audio[start : start + SAMPLES_AT_A_TIME].T.astype(np.float64)
        energies += np.sum((left + right) ** 2), np.sum((left - right) ** 2)
    return energies


def width_of(energies: np.ndarray) -> float:
    """`width_db` of a track with these energies of mid and side."""
    mid, side = energies
    if not side > 0:
        return WIDTH_FLOOR_DB
    return max(WIDTH_FLOOR_DB, 10 * float(np.log10(side / mid)) if mid > 0 else -WIDTH_FLOOR_DB)
