"""Which pitch classes sound, by the peaks of the spectrum.

Conventions: waves are mono, float32 (n_samples,) at `beats.RATE`; pitch class 0 is C.
"""

import numpy as np

from legato.audio.beats import RATE, framed, spectra

WINDOW, HOP = 8192, 2048  # samples: bins of 2.7 Hz
LOWEST_HZ, HIGHEST_HZ = 55.0, 2000.0
IN_TUNE = 0.35  # semitones from the nearest key: what is farther off is no note
AUDIBLE = 1e-3  # of the strongest peak's power
TINY = 1e-9


def pitch_classes(wave: np.ndarray) -> np.ndarray:
    """How much of each pitch class sounds, (12,): the sum of the spectrum's peaks, by the root of their power.

    A peak's frequency is the top of a parabola through the logarithms of three bins.
    """
    power = spectra(framed(wave, WINDOW, HOP))[:, : round(HIGHEST_HZ * WINDOW / RATE) + 2] ** 2
    left, middle, right = power[:, :-2], power[:, 1:-1], power[:, 2:]
    is_peak = (middle > left) & (middle >= right) & (middle > AUDIBLE * power.max())
    below, at, above = (np.log(side[is_peak] + TINY) for side in (left, middle, right))
    bins = 1 + np.nonzero(is_peak)[1] + np.clip((below - above) / (below - 2 * at + above - TINY) / 2, -0.5, 0.5)
    hz = bins * RATE / WINDOW
    keys = 69 + 12 * np.log2(hz / 440)
    is_note = (hz > LOWEST_HZ) & (np.abs(keys - np.round(keys)) < IN_TUNE)
    weights = np.sqrt(middle[is_peak][is_note])
    return np.bincount(np.round(keys[is_note]).astype(int) % 12, weights=weights, minlength=12)
